"""Measured series as a replay: all files side by side, in the order of their time."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

from agents.replay.accounting import (
    Account,
    Part,
    dead_part,
    flow,
    flow_figures,
    gather,
    times_part,
)
from agents.replay.feed import Entry, microseconds, moment_of
from agents.replay.sensors.mapping import reading_of
from agents.replay.sensors.policy import CITY, write_policy
from agents.replay.sensors.series import Measured, Shape, files_at
from agents.replay.source import Slice, digest_of
from agents.settings import Settings
from schemas.errors import ConfigurationError
from streams.topics import SENSING_READINGS

Placed = tuple[int, Measured]


class Sensors:
    """One or many measured series, ready to be replayed."""

    name = "sensors"
    time_mode: Literal["event", "wall"] = "event"
    zone = "UTC"

    def __init__(self, path: Path, part: Slice) -> None:
        self.files = files_at(path)
        self.part = part
        self.streets: dict[str, set[str]] = defaultdict(set)
        self.properties: dict[str, dict[str, str]] = defaultdict(dict)
        self.devices: set[str] = set()
        self.rows = self.empty = 0
        first = last = None
        for at, value in self._values():
            first = at if first is None else first
            last = at
            self.rows += 1
            self.empty += not value.value
            if value.observed_property not in self.properties[value.device_class]:
                self.properties[value.device_class][value.observed_property] = value.unit
            if value.device_id not in self.devices:
                self.devices.add(value.device_id)
                self.streets[value.district].add(value.street)
        if first is None or last is None:
            raise ConfigurationError(f"{path} has no values in the part that was asked for.")
        self.events = self.rows
        self.begins: datetime = moment_of(first)
        self.stops: datetime = moment_of(last)

    def entries(self) -> Iterator[Entry]:
        """Readings in the order of their time."""
        dumps = orjson.dumps
        for at, value in self._values():
            key = value.device_id.encode()
            yield Entry(SENSING_READINGS, key, dumps(reading_of(at, value)), at)

    def fingerprint(self) -> str:
        """A short name for exactly this part of these series."""
        return digest_of(tuple(file for _, file in self.files), self.name, self.part.words())

    def write_policy(self, directory: Path) -> Path:
        """Write places, devices and limits as policy files."""
        return write_policy(directory, self.streets, self.properties)

    async def account(self, settings: Settings, bootstrap: str, workdir: Path) -> Account:
        """Say what became of the readings: findings, alerts, dead letters."""
        found = await gather(settings, bootstrap)
        refused = sum(found.dead_reasons.values())
        figures: dict[str, Any] = {
            "readings": {
                "total": self.rows,
                "without_a_value": self.empty,
                "devices": len(self.devices),
                "dead_letters": refused,
            },
            **flow_figures(found, CITY),
        }
        lines = (
            ("readings", f"{self.rows:,}"),
            ("without a value in the recording", f"{self.empty:,}"),
            ("devices", f"{len(self.devices):,}"),
            ("dead letters", f"{refused:,}"),
        )
        parts = (
            Part("Every reading", lines),
            flow(found, CITY),
            dead_part(found),
            times_part(found),
        )
        return Account(self.name, refused == 0, parts, figures)

    def _values(self) -> Iterator[Placed]:
        merged = heapq.merge(
            *(_placed(shape, file) for shape, file in self.files), key=lambda placed: placed[0]
        )
        since = microseconds(self.part.since) if self.part.since else None
        until = microseconds(self.part.until) if self.part.until else None
        chosen = (
            placed
            for placed in merged
            if (since is None or placed[0] >= since) and (until is None or placed[0] < until)
        )
        return islice(chosen, self.part.limit)


def _placed(shape: Shape, file: Path) -> Iterator[Placed]:
    """The values of one file with their time in microseconds; a text of time is read once."""
    last, at = "", 0
    for value in shape.read(file):
        if value.time != last:
            last, at = value.time, microseconds(datetime.fromisoformat(value.time))
        yield at, value
