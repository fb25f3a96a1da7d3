"""How much more a city's events clump than chance has it: families, twins, several callers."""

from __future__ import annotations

from math import floor, sqrt
from typing import Any

from streams.warning.hotspots.rules import HotspotRules

_DOUBT = 1.0
"""Standard errors by which the city must clump more than chance to be believed."""


class Clumping:
    """Compares, while a city is learned, each stretch of days with the next, block by block.

    Neighbouring stretches have the same places, so what differs beyond the level of the whole
    city is chance; its spread against that of single, independent events is measured. Only
    learning is asked: afterwards hotspots themselves would speak for clumping, and each would
    hide the next.

    Attributes:
        stretch: number of the stretch of days that goes on, if any.
    """

    def __init__(self, rules: HotspotRules) -> None:
        self.stretch: int | None = None
        self._rules = rules
        self._now: dict[tuple[int, int], int] = {}
        self._before: dict[tuple[int, int], int] = {}
        self._apart = self._events = self._doubt = 0.0

    def observe(self, day: float, x_km: float, y_km: float) -> None:
        """Count an event, not before the last one."""
        stretch = floor(day / self._rules.stretch_days)
        if self.stretch is not None and stretch > self.stretch:
            self._compare()
            self._before = self._now if stretch == self.stretch + 1 else {}
            self._now = {}
        self.stretch = stretch
        block = (floor(x_km / self._rules.block_km), floor(y_km / self._rules.block_km))
        if block in self._now or len(self._now) < self._rules.most_cells:
            self._now[block] = self._now.get(block, 0) + 1

    def spread(self) -> float:
        """Variance of counts against that of chance, as far as it is plain; at least 1."""
        plain = self._apart - _DOUBT * sqrt(self._doubt)
        return max(1.0, plain / max(self._events, 1.0))

    def _compare(self) -> None:
        now, before = sum(self._now.values()), sum(self._before.values())
        blocks = self._now.keys() | self._before.keys()
        if not now or not before or len(blocks) < 2:
            return
        share = now / (now + before)
        pq = share * (1 - share)
        # The share comes from the same events; that takes one block's freedom away.
        free = len(blocks) / (len(blocks) - 1)
        for block in sorted(blocks):
            here = self._now.get(block, 0)
            both = here + self._before.get(block, 0)
            self._apart += free * (here - both * share) ** 2 / pq
            self._events += both
            self._doubt += max(0.0, 2 * both * both + both * (1 / pq - 6))

    def encode(self) -> list[Any]:
        """For the changelog."""
        blocks = [[[*block, many] for block, many in part.items()] for part in self._parts]
        return [self.stretch, self._apart, self._events, self._doubt, *blocks]

    def take(self, stored: list[Any]) -> None:
        """Take over what ``encode`` wrote."""
        self.stretch, self._apart, self._events, self._doubt, *blocks = stored
        for part, rows in zip(self._parts, blocks, strict=True):
            part.update(((east, north), many) for east, north, many in rows)

    def rest(self) -> None:
        """Learning is over: only what was found is kept."""
        self._now, self._before, self.stretch = {}, {}, None

    @property
    def _parts(self) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int]]:
        return self._now, self._before
