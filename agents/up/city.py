"""The city that runs (or last ran) on this machine, so that other commands find it.

Written by `chengyun up` to ``<data_dir>/city.json``.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ValidationError

FILE = "city.json"


class CityRecord(BaseModel):
    """What one needs to read a city's topics and to know its time.

    Attributes:
        embedded: whether its broker is the one that we run ourselves.
        time: wall or event, as the workers were told.
        real_origin, city_origin, speed: the city's clock; city_origin None is real time.
        seed: of a made-up city.
        seen_at: when its `up` last said that it runs; ended_at: None while it runs. Real time.
    """

    prefix: str
    bootstrap: str
    embedded: bool
    timezone: str
    policy_dir: Path | None = None
    time: Literal["wall", "event"] = "wall"
    real_origin: AwareDatetime | None = None
    city_origin: AwareDatetime | None = None
    speed: float = 1.0
    seed: int | None = None
    pid: int
    started_at: AwareDatetime
    seen_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None

    def now(self) -> datetime | None:
        """The time of day in the city; where it has ended, the last it had. None in event time."""
        if self.time == "event":
            return None
        real = datetime.now(UTC)
        if not self.runs():
            real = self.ended_at or self.seen_at or self.started_at
        if self.city_origin is None or self.real_origin is None:
            return real
        return self.city_origin + (real - self.real_origin) * self.speed

    def runs(self) -> bool:
        """Whether the `up` that wrote it still runs."""
        if self.ended_at is not None:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def write_city(data_dir: Path, home: Path, record: CityRecord) -> None:
    """Keep the record as the last city of the machine, and with the files of its own run."""
    for place in (data_dir, home):
        place.mkdir(parents=True, exist_ok=True)
        fresh = place / f"{FILE}.{os.getpid()}"
        fresh.write_text(record.model_dump_json(indent=1) + "\n")
        fresh.replace(place / FILE)


def read_city(place: Path) -> CityRecord | None:
    """The last city of a data directory or of a run; None if none can be read there."""
    try:
        return CityRecord.model_validate_json((place / FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
