"""What is happening lately: events of each window around each centre, and the evidence in them.

The usual count of a disc is itself only known as well as its past tells, so the evidence is a
ratio of Gamma-Poisson chances: a city of few days is judged no more boldly than one of many.
"""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.warning.hotspots.ground import Field, Ground
from streams.warning.hotspots.rules import HotspotRules, Shape

_MOST_LOG = 300.0
"""Logarithms of likelihood ratios are cut here, so that sums stay finite."""


_Print = tuple[slice, slice, NDArray[np.bool_]]
"""The cells of which an event is within a radius."""


class Sighting(NamedTuple):
    """The best explanation of an event by a hotspot.

    Attributes:
        evidence: likelihood ratio of a hotspot around the event against none, averaged over
            centres and forms by how likely each is beforehand. Without hotspots it exceeds
            any x at a given moment with a chance of at most 1/x.
        x_km, y_km: the centre that explains best.
        shape: the form that explains best.
        observed, expected: events within it.
    """

    evidence: float
    x_km: float
    y_km: float
    shape: Shape
    observed: int
    expected: float


class RecentEvents:
    """The events of the longest window, counted per centre for each radius and window.

    Attributes:
        days, xs, ys: the events, rising in time.
        counts: per pair of radius and window and per cell, the window's events within the
            radius; forms that differ only in strength share one.
        inside: per pair, events of the whole city within its window.
    """

    def __init__(self, ground: Ground, rules: HotspotRules) -> None:
        self.days: list[float] = []
        self.xs: list[float] = []
        self.ys: list[float] = []
        self._prints: list[list[_Print] | None] = []
        self._rules = rules
        pairs = sorted({(shape.days, shape.radius_km) for shape in rules.shapes})
        self._pair = [pairs.index((shape.days, shape.radius_km)) for shape in rules.shapes]
        self._radius_at = [ground.radii.index(shape.radius_km) for shape in rules.shapes]
        self._weights = np.array([shape.weight for shape in rules.shapes])[:, None, None]
        self._extra = np.array([shape.extra for shape in rules.shapes])[:, None, None]
        self._by_days: dict[float, list[tuple[int, int]]] = {}
        for at, (days, radius) in enumerate(pairs):
            self._by_days.setdefault(days, []).append((at, ground.radii.index(radius)))
        self._first = dict.fromkeys(self._by_days, 0)
        self._middles = _middles(ground)
        self.counts = np.zeros((len(pairs), 0, 0))
        self.inside = np.zeros(len(pairs))

    def lay(self, ground: Ground) -> None:
        """Count all again, on a first or on another extent; before, nothing is counted."""
        self._middles = _middles(ground)
        self.counts = np.zeros((len(self.inside), *ground.size))
        self.inside = np.zeros(len(self.inside))
        self._prints = [None] * len(self.days)
        for days, first in self._first.items():
            for at in range(first, len(self.days)):
                self._count(ground, at, days, np.add)

    def take(
        self,
        ground: Ground,
        days: list[float],
        xs: list[float],
        ys: list[float],
        *,
        count: bool,
    ) -> None:
        """Take over the events of a stored scan; counted only if they were."""
        self.days, self.xs, self.ys = days, xs, ys
        self._prints = [None] * len(days)
        if count:
            self.lay(ground)
        if days:
            self.pass_time(ground, days[-1])

    def add(self, ground: Ground, day: float, x_km: float, y_km: float) -> list[int]:
        """Take an event in; those that have left the longest window are handed back once.

        Returns:
            Positions of the events that left; ``drop`` them when they have been learned.
        """
        self.days.append(day)
        self.xs.append(x_km)
        self.ys.append(y_km)
        self._prints.append(None)
        for days in self._first:
            self._count(ground, len(self.days) - 1, days, np.add)
        self.pass_time(ground, day)
        return list(range(self._first[self._rules.longest_days]))

    def pass_time(self, ground: Ground, day: float) -> None:
        """Let events leave the windows that end at `day`."""
        full = len(self.days) > self._rules.most_events
        for days in self._first:
            first = self._first[days]
            least = 1 if full else 0
            while first < len(self.days) and (self.days[first] <= day - days or first < least):
                self._count(ground, first, days, np.subtract)
                first += 1
            self._first[days] = first

    def drop(self, many: int) -> None:
        """Forget the first events, which have left all windows."""
        del self.days[:many], self.xs[:many], self.ys[:many], self._prints[:many]
        for days in self._first:
            self._first[days] -= many

    def sight(self, ground: Ground, x_km: float, y_km: float, spread: float = 1.0) -> Sighting:
        """How well a hotspot around a point explains the present counts there.

        Args:
            spread: variance of the city's counts against that of chance, at least 1. So many
                events that come together say no more than one that comes alone.
        """
        rules = self._rules
        east, north = _window(ground, x_km, y_km, rules.reach_km)
        counts = self.counts[self._pair, east, north]
        shares = ground.shares[self._radius_at, east, north]
        usual = np.maximum(shares * self.inside[self._pair][:, None, None], 1e-9)
        # As many past events is the usual count known from.
        known = ground.strength + ground.learned * shares
        ratio = counts * np.log1p(self._extra / usual)
        ratio -= (known + counts) * np.log1p(self._extra / (known + usual))
        forms = np.exp(np.minimum(ratio / spread, _MOST_LOG)) * self._weights
        cells = forms.sum(axis=0) * ground.people[east, north]
        evidence = float(cells.sum())
        best = np.unravel_index(int(cells.argmax()), cells.shape)
        form = int(forms[:, best[0], best[1]].argmax())
        return Sighting(
            evidence=evidence,
            x_km=ground.west + (east.start + int(best[0]) + 0.5) * ground.cell_km,
            y_km=ground.south + (north.start + int(best[1]) + 0.5) * ground.cell_km,
            shape=rules.shapes[form],
            observed=int(counts[form, best[0], best[1]]),
            expected=float(usual[form, best[0], best[1]]),
        )

    def members(self, found: Sighting) -> list[int]:
        """Positions of the events that a sighting counts, rising in time."""
        first = self._first[found.shape.days]
        reach = found.shape.radius_km**2
        return [
            at
            for at in range(first, len(self.days))
            if (self.xs[at] - found.x_km) ** 2 + (self.ys[at] - found.y_km) ** 2 <= reach
        ]

    def _count(self, ground: Ground, at: int, days: float, change: np.ufunc) -> None:
        """Add an event to one window's counts, or take it away."""
        if not self.counts.size:
            return
        prints = self._prints[at] or self._print(ground, at)
        for pair, radius in self._by_days[days]:
            east, north, inside = prints[radius]
            there = self.counts[pair, east, north]
            change(there, inside, out=there)
            self.inside[pair] = change(self.inside[pair], 1.0)

    def _print(self, ground: Ground, at: int) -> list[_Print]:
        """The centres within each radius of an event, worked out once."""
        x_km, y_km = self.xs[at], self.ys[at]
        found = []
        for radius in ground.radii:
            east, north = _window(ground, x_km, y_km, radius)
            across = (self._middles[0][east] - x_km) ** 2
            along = (self._middles[1][north] - y_km) ** 2
            inside = across[:, None] + along[None, :] <= radius**2
            found.append((east, north, inside))
        self._prints[at] = found
        return found


def _window(ground: Ground, x_km: float, y_km: float, reach_km: float) -> tuple[slice, slice]:
    """The cells whose centres may lie within reach of a point."""
    found = []
    for at, corner, many in (
        (x_km, ground.west, ground.size[0]),
        (y_km, ground.south, ground.size[1]),
    ):
        low = ceil((at - reach_km - corner) / ground.cell_km - 0.5)
        high = floor((at + reach_km - corner) / ground.cell_km - 0.5)
        start = min(max(low, 0), many - 1)
        found.append(slice(start, min(max(high, start), many - 1) + 1))
    return found[0], found[1]


def _middles(ground: Ground) -> tuple[Field, Field]:
    """Where the middles of the cells are along both axes, km."""
    east, north = ground.size
    return (
        np.asarray(ground.west + (np.arange(east) + 0.5) * ground.cell_km),
        np.asarray(ground.south + (np.arange(north) + 0.5) * ground.cell_km),
    )
