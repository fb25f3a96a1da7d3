"""What can be odd about a value: the time of day or week, its range, the shape of its path."""

from __future__ import annotations

from array import array
from math import nan, sqrt
from struct import Struct

import numpy as np
from numpy.typing import NDArray

SPANS = (1, 6, 24)
"""Readings over which a residual is averaged: a spike, a bump, a shift."""
LEARN_RATE = 0.03
"""How fast a slot of the week or day moves: about thirty readings of that slot back."""
MOST_SEEN = 255
"""How often a slot was met matters only while it is met rarely; this fits into a byte."""
DRIFT_RATE = 0.05
"""How fast the level moves that stands in for a slot never seen."""
RANGE_WARM = 50
"""Readings before leaving the range means anything."""
SHRINK = 2e-5
"""The forgetting range narrows by this share with each reading: by a tenth in 5,000."""

_LONGEST = SPANS[-1]
_SEASONAL = Struct("<dqdd")


class Seasonal:
    """How far a value is from what this time of the day or week usually shows.

    Attributes:
        usual, seen: for each slot, its usual value and how often it was met.
    """

    __slots__ = ("at", "level", "long", "recent", "seen", "short", "usual")

    def __init__(self, slots: int) -> None:
        self.usual = array("d", bytes(8 * slots))
        self.seen = bytearray(slots)
        self.level = nan
        self.recent = array("d", bytes(8 * _LONGEST))
        self.at = 0
        self.short = 0.0
        self.long = 0.0

    def distances(self, value: float, slot: int, n: int) -> tuple[float, float, float]:
        """The residual averaged over each of the `SPANS`, without sign.

        Args:
            value: the reading, in its own unit.
            slot: of the day or week.
            n: readings before this one.
        """
        seen = self.seen[slot]
        level = self.level if n else value
        residual = value - self.usual[slot] if seen else value - level
        self.level = level + DRIFT_RATE * (value - level)
        if seen < MOST_SEEN:
            self.seen[slot] = seen = seen + 1
        rate = 1.0 / seen
        self.usual[slot] += (max(LEARN_RATE, rate)) * (value - self.usual[slot])

        recent, at = self.recent, self.at
        self.long += residual - recent[at]
        self.short += residual - recent[at - SPANS[1]]
        recent[at] = residual
        at += 1
        if at == _LONGEST:
            # Running sums drift; once around the ring they are taken anew.
            at = 0
            self.long = sum(recent)
            self.short = sum(recent[-SPANS[1] :])
        self.at = at
        if n >= _LONGEST:
            return abs(residual), abs(self.short) / SPANS[1], abs(self.long) / _LONGEST
        n += 1
        return abs(residual), abs(self.short) / min(n, SPANS[1]), abs(self.long) / n

    def encode(self) -> bytes:
        """All that must be kept, `Seasonal.size` bytes."""
        rest = _SEASONAL.pack(self.level, self.at, self.short, self.long)
        return b"".join((self.usual.tobytes(), self.recent.tobytes(), rest, self.seen))

    @classmethod
    def decode(cls, stored: bytes) -> Seasonal:
        """The part as it was stored."""
        slots = (len(stored) - 8 * _LONGEST - _SEASONAL.size) // 9
        part = cls(slots)
        recent = 8 * slots
        rest = recent + 8 * _LONGEST
        part.usual = array("d", stored[:recent])
        part.recent = array("d", stored[recent:rest])
        part.level, part.at, part.short, part.long = _SEASONAL.unpack_from(stored, rest)
        part.seen = bytearray(stored[rest + _SEASONAL.size :])
        return part

    @staticmethod
    def size(slots: int) -> int:
        """Bytes of a stored part."""
        return 9 * slots + 8 * _LONGEST + _SEASONAL.size


class Span:
    """The range of a device, which may narrow again, and how far a value leaves it."""

    __slots__ = ("high", "low", "shrink")

    def __init__(self, shrink: float) -> None:
        self.low = self.high = float("nan")
        self.shrink = shrink

    def excess(self, value: float, n: int) -> float:
        """By how many widths of the range the value lies outside of it, 0 inside."""
        low, high = self.low, self.high
        if not n:
            low = high = value
        width = high - low + 1e-9 * abs(high) + 1e-12
        excess = 0.0
        if value > high:
            excess, high = (value - high) / width, value
        elif value < low:
            excess, low = (low - value) / width, value
        narrower = self.shrink * width
        self.low, self.high = low + narrower, high - narrower
        return excess if n >= RANGE_WARM else 0.0


WINDOW = 20
POINTS = 10
"""The path is described by ten means of two readings."""
PATHS = 50
PATH_RATE = 0.05
NOVEL_RATE = 0.02
FADE = 0.999
NOVEL = 2.0
"""A path this many usual distances away from all known ones is a new one."""

_SHAPE = Struct(f"<q{4 + WINDOW - 1}d")

Array = NDArray[np.float64]


class Shape:
    """How unlike the path of the last twenty readings is to every path seen before.

    Known paths are the prototypes of an online clustering; the least used one gives way.
    Distances are in widths of the range seen so far.
    """

    __slots__ = ("high", "known", "low", "pairs", "paths", "previous", "uses", "usual")

    def __init__(self) -> None:
        self.paths: Array = np.zeros((PATHS, POINTS))
        self.uses: Array = np.zeros(PATHS)
        self.known = 0
        self.low = float("inf")
        self.high = float("-inf")
        self.previous = 0.0
        self.pairs = [0.0] * (WINDOW - 1)
        self.usual = 1e-3

    def novelty(self, value: float, n: int) -> float:
        """The distance to the nearest known path, 0 while there is no path yet."""
        if value < self.low:
            self.low = value
        if value > self.high:
            self.high = value
        pairs = self.pairs
        del pairs[0]
        pairs.append((self.previous + value) * 0.5)
        self.previous = value
        if n < WINDOW - 1:
            return 0.0
        path = np.array(pairs[::2])
        known = self.known
        if not known:
            self._learn(0, path)
            self.known = 1
            return 0.0
        away = self.paths[:known] - path
        squares = np.einsum("ij,ij->i", away, away)
        nearest = int(squares.argmin())
        width = self.high - self.low + 1e-12
        distance = sqrt(float(squares[nearest]) / POINTS) / width
        uses = self.uses
        if distance > NOVEL * self.usual:
            if known < PATHS:
                self._learn(known, path)
                self.known = known + 1
            else:
                self._learn(int(uses.argmin()), path)
        else:
            self.paths[nearest] -= PATH_RATE * away[nearest]
            uses[nearest] += 1.0
        uses *= FADE
        self.usual += NOVEL_RATE * (distance - self.usual)
        return distance

    def _learn(self, at: int, path: Array) -> None:
        self.paths[at] = path
        self.uses[at] = 1.0

    def encode(self) -> bytes:
        """All that must be kept, `Shape.SIZE` bytes."""
        rest = (self.known, self.low, self.high, self.previous, self.usual)
        head = _SHAPE.pack(*rest, *self.pairs)
        return b"".join((head, self.uses.tobytes(), self.paths.tobytes()))

    @classmethod
    def decode(cls, stored: bytes) -> Shape:
        """The part as it was stored."""
        part = cls()
        part.known, part.low, part.high, part.previous, part.usual, *part.pairs = (
            _SHAPE.unpack_from(stored)
        )
        numbers = np.frombuffer(stored, dtype=np.float64, offset=_SHAPE.size)
        part.uses = numbers[:PATHS].copy()
        part.paths = numbers[PATHS:].reshape(PATHS, POINTS).copy()
        return part

    SIZE = _SHAPE.size + 8 * PATHS * (1 + POINTS)
