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
        ended_at: real time; None while it runs.
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
    pid: int
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None

    def now(self) -> datetime | None:
        """The time of day in the city; where it has ended, the last it had. None in event time."""
        if self.time == "event":
            return None
        real = self.ended_at or datetime.now(UTC)
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


def write_city(data_dir: Path, record: CityRecord) -> None:
    """Keep the record, whole or not at all."""
    data_dir.mkdir(parents=True, exist_ok=True)
    fresh = data_dir / f"{FILE}.{os.getpid()}"
    fresh.write_text(record.model_dump_json(indent=1) + "\n")
    fresh.replace(data_dir / FILE)


def read_city(data_dir: Path) -> CityRecord | None:
    """The last city of this data directory; None if there was none that can be read."""
    try:
        return CityRecord.model_validate_json((data_dir / FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
