"""What one run of the city is: its name, its input, its clock, where its files lie."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agents.settings import PREFIX, Settings
from schemas.errors import ConfigurationError
from streams.topics import Sizing, StageName

STAGES: tuple[StageName, ...] = ("city", "district", "street", "intake", "sensing")
"""Top tier first: the order in which people look at a city."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    Attributes:
        settings: with the run's prefix, zone, policy and clock in it.
        bootstrap: where the broker listens.
        embedded: whether it is the one that we run; started_broker: whether this run did.
        source: what feeds the city, in words for the board.
        begins, until: event time of a replay's first event, and when it is through every
            tier; None without an end.
        run_s: real seconds to run from the moment that the stages are ready; None = until told.
        until_done: end when every lane has reached `until`.
    """

    settings: Settings
    bootstrap: str
    embedded: bool
    sizing: Sizing
    source: str
    begins: datetime | None = None
    until: datetime | None = None
    run_s: float | None = None
    until_done: bool = False

    @property
    def event_time(self) -> bool:
        """Whether the city's time is that of the events."""
        return self.settings.time == "event"

    @property
    def home(self) -> Path:
        """Files of this run: logs and addresses of its workers."""
        return run_home(self.settings.data_dir, self.settings.prefix)

    @property
    def logs(self) -> Path:
        """Where the workers write their logs."""
        return self.home / "logs"

    @property
    def workers(self) -> tuple[str, ...]:
        """The workers of this run by name: one for each stage, ``street-2`` where it helps.

        History is replayed as fast as its busiest stage decides, and most is decided at the
        street: a second worker takes half of its lanes. A live city is far from that.
        """
        helps = self.event_time and self.sizing.street > 1 and (os.cpu_count() or 1) > 1
        return (*STAGES, "street-2") if helps else STAGES

    def log_of(self, worker: str) -> Path:
        """The log of one worker."""
        return self.logs / f"{worker}.log"

    def address_file(self, worker: str) -> Path:
        """Where a worker writes the address of its probes."""
        return self.home / f"{worker}.address"

    def environment(self, worker: str, inherited: Mapping[str, str]) -> dict[str, str]:
        """What a worker of this run is told: everything that is not the default, by name.

        The embedded broker is not named but found in the data directory, so that the
        workers know that it is ours.
        """
        settings = self.settings
        told: dict[str, object] = {
            "prefix": settings.prefix,
            "timezone": settings.timezone,
            "lang": settings.lang,
            "data_dir": settings.data_dir.absolute(),
            "time": settings.time,
            "speed": settings.speed,
            "clock_real_origin": settings.clock_real_origin,
            "clock_simulated_origin": settings.clock_simulated_origin,
            "policy_dir": settings.policy_dir.absolute() if settings.policy_dir else None,
            "instance_id": (settings.instance_id or "up") + worker[len(stage_of(worker)) :],
            "metrics_host": "127.0.0.1",
            "metrics_port": 0,
            "metrics_file": self.address_file(worker).absolute(),
            "log_format": "text" if settings.log_format == "auto" else settings.log_format,
        }
        environment = dict(inherited)
        for name, value in told.items():
            if value is not None:
                text = value.isoformat() if isinstance(value, datetime) else str(value)
                environment[PREFIX + name.upper()] = text
        environment["PYTHONUNBUFFERED"] = "1"
        # A worker's memory is a million small things: in large pages the processor finds them
        # with fewer misses. Other systems than glibc's do not read this.
        environment.setdefault("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
        return environment


def stage_of(worker: str) -> str:
    """The stage that a worker serves: ``street-2`` is a street's."""
    return worker.partition("-")[0]


def run_home(data_dir: Path, prefix: str) -> Path:
    """The directory of a run's files."""
    return data_dir / "up" / (prefix.rstrip(".") or "plain")


def fresh_prefix(now: datetime) -> str:
    """A name for a new city, told apart by the second of its founding: ``up-1122-083012.``"""
    return f"up-{now:%m%d-%H%M%S}."


def checked_prefix(prefix: str) -> str:
    """A prefix as given, with the dot that sets it off from the topic's name.

    Raises:
        ConfigurationError: it holds letters that topics may not have.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,99}", prefix):
        raise ConfigurationError(
            f"--prefix {prefix!r}: wanted letters, digits, dot, dash or underscore"
        )
    return prefix if prefix[-1] in "._-" else prefix + "."
