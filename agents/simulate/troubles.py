"""What goes wrong in the made-up city with a cause of its own, and can be seen coming.

Places where something has begun to be wrong and is complained of until it is cured; weeks in
which one corner has more of a matter than its share; burst mains, after which the water is
off and sometimes the road gives way. All of it is what early warning is for: without these
the city would have nothing to find.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from agents.replay.feed import Entry, microseconds
from agents.simulate.acts import Spot, report, said
from agents.simulate.city import SimulatedCity

TROUBLES_A_DAY: Final = 2.5
TROUBLE_DAYS: Final = (5.0, 14.0)
COMPLAINTS_A_DAY: Final = 0.9
"""Places that begin to be complained of, for how long, and how often (D)."""

CORNERS_A_DAY: Final = 0.4
CORNER_DAYS: Final = 3.0
CORNER_CASES: Final = 18
CORNER_M: Final = 550.0
"""Corners with more than their share: how often, how long, how many cases, how wide (D)."""

MAINS_A_DAY: Final = 6.0
WATER_OFF: Final = 0.55
ROAD_GIVES: Final = 0.2
"""Burst mains, and the shares after which the water is off and the road gives way (D)."""

TROUBLE_KINDS: Final = ("200501", "200504", "200102", "900103", "200301")
CORNER_KINDS: Final = ("200102", "200501", "200104")
MAIN, OFF, COLLAPSE = "200402", "900600", "200401"

WORDS: Final = {
    "200501": "{place}流动摊贩每天占道",
    "200504": "{place}餐馆天天出店经营",
    "200102": "{place}垃圾堆放无人清运",
    "200104": "{place}路面脏乱",
    "200301": "{place}工地夜间施工",
    "900103": "{place}广场舞扰民",
    MAIN: "{place}水管爆裂",
    OFF: "{place}突然停水",
    COLLAPSE: "{place}路面下沉塌陷",
}

HANDLED_H: Final = {MAIN: 5.0, OFF: 4.0, COLLAPSE: 6.0}


class _Act(NamedTuple):
    """One report to come."""

    at: datetime
    code: str
    spot: Spot


_Course = Callable[[Random, datetime], Iterator[_Act]]


class Troubles:
    """Troubles for ever, in the order of their time; they follow from the seed alone."""

    def __init__(self, city: SimulatedCity, seed: int, begins: datetime) -> None:
        self._city = city
        self._seed = seed
        self._begins = begins.astimezone(UTC)
        self._number = 0

    def entries(self) -> Iterator[Entry]:
        """Reports of troubles, and what the units answer."""
        waiting: list[tuple[int, int, Entry]] = []
        rng = Random(f"{self._seed}/answers")
        order = 0
        for act in heapq.merge(
            self._acts("places", TROUBLES_A_DAY, self._place),
            self._acts("corners", CORNERS_A_DAY, self._corner),
            self._acts("mains", MAINS_A_DAY, self._main),
        ):
            now = microseconds(act.at)
            while waiting and waiting[0][0] <= now:
                yield heapq.heappop(waiting)[2]
            for entry in self._reported(act, rng):
                order += 1
                heapq.heappush(waiting, (entry.at, order, entry))

    def _acts(self, name: str, a_day: float, course: _Course) -> Iterator[_Act]:
        """Acts of troubles that begin so often a day, each with its own course."""
        rng = Random(f"{self._seed}/{name}")
        waiting: list[_Act] = []
        at = self._begins
        while True:
            at += timedelta(days=rng.expovariate(a_day))
            while waiting and waiting[0].at <= at:
                yield heapq.heappop(waiting)
            for act in course(rng, at):
                if self._city.policy.category(None, act.code) is not None:
                    heapq.heappush(waiting, act)

    def _place(self, rng: Random, at: datetime) -> Iterator[_Act]:
        """Something has begun to be wrong at a place: complained of until it is cured."""
        spot, code = self._city.spot(rng), rng.choice(TROUBLE_KINDS)
        until = at + timedelta(days=rng.uniform(*TROUBLE_DAYS))
        while at < until:
            yield _Act(at, code, spot.beside(rng.uniform(-12, 12), rng.uniform(-12, 12)))
            at += timedelta(days=rng.expovariate(COMPLAINTS_A_DAY))

    def _corner(self, rng: Random, at: datetime) -> Iterator[_Act]:
        """A corner of the city has more of a matter than its share, for some days."""
        spot, code = self._city.spot(rng), rng.choice(CORNER_KINDS)
        for _ in range(CORNER_CASES):
            north, east = rng.gauss(0, CORNER_M / 2), rng.gauss(0, CORNER_M / 2)
            moment = at + timedelta(days=rng.uniform(0, CORNER_DAYS))
            yield _Act(moment, code, self._near(spot, north, east))

    def _near(self, spot: Spot, north_m: float, east_m: float) -> Spot:
        """A point beside a place, with the street that it lies in; the place if in none."""
        there = spot.beside(north_m, east_m)
        street = self._city.policy.areas.locate(there.lat, there.lon)
        if street is None:
            return spot
        return Spot(street, there.lat, there.lon, f"{self._city.policy.areas.name(street)}一带")

    def _main(self, rng: Random, at: datetime) -> Iterator[_Act]:
        """A main bursts; after it the water is off, or the road gives way."""
        spot = self._city.spot(rng)
        yield _Act(at, MAIN, spot)
        if rng.random() < WATER_OFF:
            later = timedelta(minutes=rng.uniform(20, 150))
            yield _Act(at + later, OFF, spot.beside(rng.uniform(60, 400), rng.uniform(60, 400)))
        if rng.random() < ROAD_GIVES:
            later = timedelta(minutes=rng.uniform(60, 210))
            yield _Act(at + later, COLLAPSE, spot.beside(rng.uniform(-25, 25)))

    def _reported(self, act: _Act, rng: Random) -> Iterator[Entry]:
        """One report of it, and the unit's answers."""
        rule = self._city.policy.category(None, act.code)
        assert rule is not None
        self._number += 1
        local = act.at.astimezone(self._city.policy.tz)
        source, number = "/apps/yunchuan", f"{local:%y%m%d}-t{self._number:06}"
        words = WORDS[act.code].format(place=act.spot.address)
        yield report(local, source, number, act.code, act.spot, channel="app", description=words)
        hours = HANDLED_H.get(act.code, 1.0) * rng.uniform(0.5, 1.5)
        report_id = f"{source}/{number}"
        done = local + timedelta(hours=hours)
        yield said(local + timedelta(minutes=4), report_id, "accepted", unit=rule.unit)
        yield said(done, report_id, "resolved", unit=rule.unit, resolution="done")
        yield said(done + timedelta(minutes=30), report_id, "closed", unit=rule.unit)
