"""How rare a value is among the extremes of its own past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log, log10

_LN10 = log(10)

EXTREMES = 8
"""Extremes remembered. Fewer make the tail's slope a guess, more look into its body."""
APART = 8
"""Readings within which two extremes are one event and count once."""
LEAST_SPREAD = 0.02
"""Added to the tail's slope, so that eight equal extremes do not make the ninth impossible."""
ENOUGH = 5
"""Extremes needed before anything is said."""

Stored = tuple[float, ...]


def slope(extremes: Sequence[float], least: float) -> float:
    """How slowly the tail falls: mean log distance of the extremes from the smallest, > 0.

    Source: Hill 1975, Annals of Statistics 3(5).
    """
    over = sum(log(extreme / least) for extreme in extremes)
    return over / max(len(extremes) - 1, 1) + LEAST_SPREAD


class Tail:
    """The upper tail of a never negative figure: its largest separate values so far.

    Below the smallest extreme the surprise rises in proportion; above it the tail is a
    power law through the extremes.

    Attributes:
        extremes: in no order.
        latest, at: which of them came last, and with which figure.
        least: the smallest.
        slope: of the tail, 0 = not computed since the extremes changed.
    """

    __slots__ = ("apart", "at", "extremes", "latest", "least", "size", "slope")

    def __init__(self, size: int = EXTREMES, apart: int = APART) -> None:
        """Begin with nothing known; `size` extremes, `apart` figures from one another."""
        self.size = size
        self.apart = apart
        self.extremes: list[float] = []
        self.latest = 0
        self.at = -apart - 1
        self.least = 0.0
        self.slope = 0.0

    def surprise(self, value: float, n: int, rarity: float) -> float:
        """How surprising a value is, before it is remembered itself.

        Args:
            value: the figure now, >= 0.
            n: figures seen before.
            rarity: log10 of (n + 1) / `size`: what an extreme of the past is worth.

        Returns:
            -log10 of the probability that such a value or more is seen; 0 while too little
            is known.
        """
        extremes = self.extremes
        least = self.least
        if value <= least and len(extremes) == self.size:
            # The common case: not among the extremes, so nothing is remembered.
            return rarity * value / least if least > 0.0 else 0.0
        said = 0.0
        known = len(extremes)
        if known >= ENOUGH and least > 0.0:
            said = rarity if known == self.size else log10((n + 1) / known)
            if value <= least:
                said *= value / least
            else:
                self.slope = self.slope or slope(extremes, least)
                said += log(value / least) / self.slope / _LN10
        self._remember(value, n)
        return said

    def _remember(self, value: float, n: int) -> None:
        extremes = self.extremes
        if n - self.at <= self.apart and extremes:
            if value <= extremes[self.latest]:
                return
            extremes[self.latest] = value
        elif len(extremes) < self.size:
            self.latest = len(extremes)
            extremes.append(value)
        else:
            lowest = extremes.index(self.least)
            if value <= extremes[lowest]:
                return
            extremes[lowest] = value
            self.latest = lowest
        self.at = n
        self.least = min(extremes)
        self.slope = 0.0

    def stored(self) -> Stored:
        """All that must be kept: `size` + 2 numbers; -1 where there is no extreme yet."""
        empty = [-1.0] * (self.size - len(self.extremes))
        return (float(self.at), float(self.latest), *self.extremes, *empty)

    @classmethod
    def restored(cls, stored: Iterable[float], apart: int = APART) -> Tail:
        """The tail as it was stored."""
        at, latest, *extremes = stored
        tail = cls(len(extremes), apart)
        tail.at, tail.latest = int(at), int(latest)
        tail.extremes = [value for value in extremes if value >= 0.0]
        if tail.extremes:
            tail.least = min(tail.extremes)
        return tail


STORED = EXTREMES + 2
"""Numbers that a stored tail has."""
