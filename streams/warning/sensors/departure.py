"""Sensors that stand together and leave their course together.

One sensor that jumps is often only that sensor: a bubble, a cleaning, a bad contact. Two
at one place that leave their course within minutes, each further than it is used to, are
two witnesses. Used for stations with several sensors, such as those of a water main.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log10, sqrt

from streams.warning.sensors.tails import Tail

COURSE = 30
"""Readings before this one whose mean is the course."""
EXTREMES = 20
"""Departures remembered. More than for a single verdict: the tail's slope must be sure,
because two sensors are held against one threshold."""
WARM = 500
"""Readings before a departure means anything."""
MOST_SURPRISE = 4.0
"""What one sensor can say at most, so that its witness is always needed."""
TOGETHER_AT = 3.2
"""From here on two witnesses are believed: for each it is about one reading in 1,600."""


class Departure:
    """How far one sensor has left the course of its last readings, by its own standards."""

    __slots__ = ("_at", "_recent", "_sum", "_tail", "n")

    def __init__(self) -> None:
        self.n = 0
        self._recent = [0.0] * COURSE
        self._at = 0
        self._sum = 0.0
        self._tail = Tail(EXTREMES, COURSE)

    def surprise(self, value: float) -> float:
        """-log10 of how rare such a departure is, 0 to `MOST_SURPRISE`; 0 while learning.

        Args:
            value: the next reading in the order of time, finite.
        """
        n = self.n
        self.n = n + 1
        recent, at = self._recent, self._at
        known = min(COURSE, n)
        away = abs(value - self._sum / known) if known else 0.0
        self._sum += value - recent[at]
        recent[at] = value
        at += 1
        if at == COURSE:
            # Running sums drift; once around the ring they are taken anew.
            at, self._sum = 0, sum(recent)
        self._at = at
        said = self._tail.surprise(away, n, log10((n + 1) / EXTREMES))
        return min(said, MOST_SURPRISE) if n >= WARM else 0.0

    def stored(self) -> tuple[float, ...]:
        """All that must be kept, `STORED` numbers."""
        return (float(self.n), float(self._at), self._sum, *self._recent, *self._tail.stored())

    @classmethod
    def restored(cls, stored: Sequence[float]) -> Departure:
        """The sensor as it was stored."""
        departure = cls()
        n, at, departure._sum = stored[:3]
        departure.n, departure._at = int(n), int(at)
        departure._recent = list(stored[3 : 3 + COURSE])
        departure._tail = Tail.restored(stored[3 + COURSE :], COURSE)
        return departure


STORED = 3 + COURSE + EXTREMES + 2
"""Numbers that a stored departure has."""


def together(surprises: Iterable[float]) -> float:
    """What the two most surprised sensors of a place say together, 0 for one alone.

    Returns:
        Their geometric mean: however sure one is, without the other it is not believed.
    """
    first = second = 0.0
    for surprise in surprises:
        if surprise > first:
            first, second = surprise, first
        elif surprise > second:
            second = surprise
    return sqrt(first * second)
