"""A city's hotspots as its events arrive: one alert each, raised again when it grows."""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np

from schemas.errors import SchemaError
from streams.warning.hotspots.clumping import Clumping
from streams.warning.hotspots.ground import Ground
from streams.warning.hotspots.rules import HotspotRules
from streams.warning.hotspots.scan import RecentEvents, Sighting
from streams.warning.packing import pack, unpack

_SMOOTHED_DAYS = 7
"""How smooth the city is, is measured again after so many days."""

_GROWN = 10.0
"""An alert is raised again when its p has fallen by this factor."""


class Hotspot(NamedTuple):
    """More events around a place than the city's day explains.

    Attributes:
        day: of the event that made it plain.
        x_km, y_km, radius_km: the disc.
        p: about the chance of such an alert in a day without any hotspot, all places, forms
            and moments of the day included; its inverse is the recurrence interval in days.
        since: day from when the events are counted.
        observed: events in the disc since then.
        expected, low, high: what the city's level of these days brings to it, with the
            interval that holds at least 90 %.
        members: days of the newest of these events, at most 50.
        raised: whether it is an alert of before that has grown.
    """

    day: float
    x_km: float
    y_km: float
    radius_km: float
    p: float
    since: float
    observed: int
    expected: float
    low: int
    high: int
    members: tuple[float, ...]
    raised: bool


class _Open:
    """A hotspot that goes on: where, until when, and how grave its alert was."""

    __slots__ = ("p", "until", "x_km", "y_km")

    def __init__(self, x_km: float, y_km: float, p: float, until: float) -> None:
        self.x_km = x_km
        self.y_km = y_km
        self.p = p
        self.until = until


class Hotspots:
    """The scan of one city or district.

    Args:
        learn_days: from the first event on nothing is told for so long.
        recurrence_days: one false alarm in so many days is accepted.
    """

    def __init__(
        self, learn_days: float, recurrence_days: float, rules: HotspotRules | None = None
    ) -> None:
        self.rules = rules or HotspotRules()
        self.learn_days = learn_days
        self.p_max = 1 / recurrence_days
        self._ground: Ground | None = None
        self._recent: RecentEvents | None = None
        self._began = 0.0
        self._newest = 0.0
        self._judging = False
        self._clumping = Clumping(self.rules)
        self._spread = 1.0
        self._open: list[_Open] = []

    def observe(
        self, day: float, x_km: float, y_km: float, p_max: float | None = None
    ) -> Hotspot | None:
        """Take an event in, not before the last one; an alert if it makes a hotspot plain.

        Args:
            p_max: the largest p that is told now, where that is not once in
                `recurrence_days`: operators' answers move it.

        Raises:
            SchemaError: the event is before the last one, or beyond any city.
        """
        if self._ground is None or self._recent is None:
            self._ground = Ground(x_km, y_km, self.rules)
            self._recent = RecentEvents(self._ground, self.rules)
            self._began = self._newest = day
        ground, recent = self._ground, self._recent
        self._check(ground, day, x_km, y_km)
        turned = int(day) - int(self._newest)
        anew = int(day) // _SMOOTHED_DAYS > int(self._newest) // _SMOOTHED_DAYS
        self._newest = day
        if turned:
            ground.forget(turned)
        grown = ground.reach(x_km, y_km)
        judging = day - self._began >= self.learn_days
        if not judging:
            self._clumping.observe(day, x_km, y_km)
        elif not self._judging:
            self._clumping.rest()
            self._spread = self._clumping.spread()
        if judging and (turned or grown or not self._judging):
            ground.refresh(anew=anew or grown or not self._judging)
        if judging and (grown or not self._judging):
            recent.lay(ground)
        self._judging = judging
        left = recent.add(ground, day, x_km, y_km)
        for at in left:
            ground.learn(recent.xs[at], recent.ys[at], int(recent.days[at]))
        recent.drop(len(left))
        if not judging:
            return None
        return self._told(
            day,
            recent.sight(ground, x_km, y_km, self._spread),
            self.p_max if p_max is None else p_max,
        )

    def encode(self) -> bytes:
        """About 70 kB for a city of 20 km and 200 events a day, compressed; a district has less."""
        ground, recent = self._ground, self._recent
        if ground is None or recent is None:
            return pack(None)
        head = [
            [self._began, self._newest, self._judging],
            self._clumping.encode(),
            [[one.x_km, one.y_km, one.p, one.until] for one in self._open],
            [ground.west, ground.south, ground.cell_km],
            [ground.bandwidth_km, ground.strength, ground.learned],
        ]
        events = np.array([recent.days, recent.xs, recent.ys])
        return pack(head, ground.halves, ground.shares, events)

    @classmethod
    def decode(
        cls,
        stored: bytes,
        learn_days: float,
        recurrence_days: float,
        rules: HotspotRules | None = None,
    ) -> Hotspots:
        """Read what ``encode`` wrote.

        Raises:
            SchemaError: it is not a scan's.
        """
        scan = cls(learn_days, recurrence_days, rules)
        head, arrays = unpack(stored, "hotspot scan")
        if head is None:
            return scan
        (scan._began, scan._newest, scan._judging), clumping, opened, where, learned = head
        scan._clumping.take(clumping)
        scan._spread = scan._clumping.spread() if scan._judging else 1.0
        scan._open = [_Open(x_km, y_km, p, until) for x_km, y_km, p, until in opened]
        halves, shares, events = arrays
        ground = Ground(where[0], where[1], scan.rules)
        ground.west, ground.south, ground.cell_km = where
        ground.bandwidth_km, ground.strength, ground.learned = learned
        ground.halves, ground.shares = halves, shares
        ground.follow()
        recent = RecentEvents(ground, scan.rules)
        recent.take(ground, *events.tolist(), count=scan._judging)
        scan._ground, scan._recent = ground, recent
        return scan

    @property
    def spread(self) -> float:
        """Variance of the city's counts against that of chance; 1 while it is learned."""
        return self._spread

    def _check(self, ground: Ground, day: float, x_km: float, y_km: float) -> None:
        if day < self._newest:
            raise SchemaError(f"event of a hotspot scan: got day {day:g} after {self._newest:g}")
        apart = max(abs(x_km - ground.west), abs(y_km - ground.south))
        if apart > self.rules.widest_km:
            raise SchemaError(
                f"event of a hotspot scan: got a place {apart:.0f} km from the first ones, "
                f"wanted at most {self.rules.widest_km:g} km"
            )

    def _told(self, day: float, found: Sighting, p_max: float) -> Hotspot | None:
        p = min(1.0, self.rules.scale / max(found.evidence, 1e-300))
        if p > p_max:
            return None
        self._open = [one for one in self._open if one.until > day]
        apart = self.rules.apart_km**2
        known = None
        for one in self._open:
            if (one.x_km - found.x_km) ** 2 + (one.y_km - found.y_km) ** 2 <= apart:
                known = one
                one.until = max(one.until, day + found.shape.days)
                break
        if known is not None:
            if p > known.p / _GROWN:
                return None
            known.p = p
        else:
            self._open.append(_Open(found.x_km, found.y_km, p, day + found.shape.days))
        return self._alert(day, found, p, raised=known is not None)

    def _alert(self, day: float, found: Sighting, p: float, *, raised: bool) -> Hotspot:
        recent = self._recent
        assert recent is not None
        members = [recent.days[at] for at in recent.members(found)]
        low, high = _interval(found.expected)
        return Hotspot(
            day=day,
            x_km=found.x_km,
            y_km=found.y_km,
            radius_km=found.shape.radius_km,
            p=p,
            since=day - found.shape.days,
            observed=found.observed,
            expected=found.expected,
            low=low,
            high=high,
            members=tuple(members[-50:]),
            raised=raised,
        )


def _interval(expected: float) -> tuple[int, int]:
    """Counts between which at least 90 % of a Poisson lies."""
    if expected > 500:
        half = 1.645 * expected**0.5
        return int(expected - half), int(expected + half) + 1
    chance = exp(-expected)
    below, count, low = chance, 0, -1
    while True:
        if low < 0 and below > 0.05:
            low = count
        if below >= 0.95:
            return low, count
        count += 1
        chance *= expected / count
        below += chance
