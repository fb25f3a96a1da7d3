"""The worst day of the year in the made-up city: a red rainstorm over every district.

Streets flood, hundreds call within an hour, gauges fall silent without power, and units take
longer than on other days. It is there to see whether the desks can still take in what they
are told; all its figures are our own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final, Literal

from agents.replay.feed import Entry, microseconds
from agents.simulate.acts import Device, Spot, reading, weather
from agents.simulate.city import SimulatedCity
from agents.simulate.devices import Window
from agents.simulate.people import People
from agents.simulate.weather import Rain
from schemas.terms import Colour

LASTS: Final = timedelta(hours=5)
PEAK_MM_PER_H: Final = 60.0
FLOODED: Final = 40
"""Gauges that the water reaches, of two hundred."""

CALLS_AT_PEAK: Final = 900.0
"""Calls an hour about the storm when it rains hardest; a usual busy hour has two hundred."""

AT_THE_WATER: Final = 0.45
"""Share of the calls that come from one of the flooded places."""

DARK: Final = 12
"""Gauges without power for the rest of the storm."""

SLOWER: Final = 3.0

SIGNALS: Final[tuple[tuple[int, Literal["Alert", "Update", "Cancel"], Colour], ...]] = (
    (-90, "Alert", "yellow"),
    (-20, "Update", "orange"),
    (60, "Update", "red"),
    (210, "Update", "orange"),
    (300, "Cancel", "orange"),
)
"""Minutes after the first drop: what the bureau says."""

BRINGS: Final = (
    ("200111", 45.0),
    ("200192", 16.0),
    ("200404", 10.0),
    ("100402", 12.0),
    ("200406", 5.0),
    ("100118", 4.0),
    ("100103", 4.0),
    ("901500", 3.0),
    ("200401", 1.0),
)
"""What people call about in a storm, and how often."""

_EVERY_MIN = 5


class Storm:
    """One rainstorm: its rain, the bureau's words, the water and the calls.

    Args:
        begins: when the first drop falls.
    """

    def __init__(self, city: SimulatedCity, seed: int, begins: datetime) -> None:
        self._city = city
        self._begins = begins
        self._rng = Random(f"{seed}/storm")
        self.rain = Rain(begins, LASTS, PEAK_MM_PER_H, "red", frozenset(city.districts))
        gauges = [each for each in city.devices if each.device_class == "road_water"]
        chosen = self._rng.sample(gauges, min(FLOODED + DARK, len(gauges)))
        self._wet, self._dark = chosen[:FLOODED], chosen[FLOODED:]

    @property
    def devices(self) -> list[tuple[Device, Window]]:
        """The gauges that the storm speaks for, or that say nothing, and how long."""
        window = self._begins, self._begins + LASTS + timedelta(hours=3)
        return [(device, window) for device in (*self._wet, *self._dark)]

    def entries(self, people: People) -> Iterator[Entry]:
        """All that the storm brings, in the order of its time."""
        key = _time_of
        return heapq.merge(
            self._signals(), sorted(self._water(), key=key), self._calls(people), key=key
        )

    def _signals(self) -> Iterator[Entry]:
        areas = sorted(self.rain.districts)
        before: list[str] = []
        for number, (minutes, kind, colour) in enumerate(SIGNALS, start=1):
            name = f"storm-{self._begins:%y%m%d}/{number}"
            yield weather(
                self._begins + timedelta(minutes=minutes),
                self._city.code,
                name,
                kind,
                colour,
                areas,
                lasts=2 * LASTS,
                references=before,
            )
            before = [name]

    def _water(self) -> Iterator[Entry]:
        """Each flooded gauge rises with the rain to a depth of its own and runs dry after it."""
        rng = self._rng
        zone = self._city.policy.tz
        for device in self._wet:
            deepest = rng.uniform(4.0, 45.0)
            starts = rng.uniform(20, 120)
            lasts = rng.uniform(60, 240)
            for minutes in range(0, int(LASTS.total_seconds() / 60) + 180, _EVERY_MIN):
                share = (minutes - starts) / lasts
                depth = deepest * (1 - abs(2 * share - 1)) if 0 <= share <= 1 else 0.0
                at = self._begins + timedelta(minutes=minutes, seconds=rng.uniform(0, 59))
                yield reading(at.astimezone(zone), device, round(depth + rng.uniform(0, 0.4), 1))

    def _calls(self, people: People) -> Iterator[Entry]:
        rng = self._rng
        kinds = [(people.by_code[code], often) for code, often in BRINGS if code in people.by_code]
        weights = list(accumulate(often for _, often in kinds))
        waiting: list[tuple[int, int, Entry]] = []
        order = 0
        at = self._begins
        end = self.rain.ends + timedelta(hours=1)
        while True:
            at += timedelta(hours=rng.expovariate(CALLS_AT_PEAK))
            now = microseconds(min(at, end))
            while waiting and waiting[0][0] <= now:
                yield heapq.heappop(waiting)[2]
            if at >= end:
                break
            if rng.random() >= self._urge(at):
                continue
            kind = rng.choices([kind for kind, _ in kinds], cum_weights=weights)[0]
            first, *later = people.case(at, kind, self._place(rng), rng, slower=SLOWER)
            yield first
            for entry in later:
                order += 1
                heapq.heappush(waiting, (entry.at, order, entry))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _urge(self, at: datetime) -> float:
        """How much of the highest rate of calls there is: half an hour after the rain."""
        rain = self.rain
        share = (at - timedelta(minutes=30) - rain.begins) / rain.lasts
        return max(0.0, 1 - abs(2 * share - 1)) if 0 <= share <= 1 else 0.02

    def _place(self, rng: Random) -> Spot:
        if rng.random() < AT_THE_WATER:
            wet = rng.choice(self._wet).spot
            return wet.beside(rng.uniform(-60, 60), rng.uniform(-60, 60))
        return self._city.spot(rng)


def _time_of(entry: Entry) -> int:
    return entry.at
