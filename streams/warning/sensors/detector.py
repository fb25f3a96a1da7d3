"""The full detector: nine ways to be odd, each weighed against the device's own past.

A device that repeats its days and weeks, stays within its range and follows paths it has
followed before is calm. Each part says how rare its figure is among the extremes that the
same device has shown; the weighted mean of what they say is the surprise.
"""

from __future__ import annotations

import struct
from math import log10
from typing import NamedTuple

from streams.policy.sensors import SensorProfile
from streams.warning.sensors.budget import NEVER, Budget
from streams.warning.sensors.parts import SHRINK, Seasonal, Shape, Span
from streams.warning.sensors.tails import EXTREMES, STORED, Tail

HUGE = 1e100
"""Values beyond are taken as this: a broken device must not break the arithmetic."""

WEEK, DAY = 168, 48
MINUTES_OF_WEEK = 7 * 24 * 60

PARTS = (
    "week_now", "week_short", "week_long",
    "day_now", "day_short", "day_long",
    "range", "recent_range",
    "shape",
)  # fmt: skip
"""What can be odd: against the hour of the week and the half hour of the day (this reading,
the last six, the last twenty-four), against the range ever and lately, and the path."""

WEIGHTS = (0.75, 1.0, 1.0, 0.75, 1.0, 1.0, 1.0, 1.0, 1.5)
"""One reading alone counts less, because spikes are common; the path alone stands for many."""

_TOTAL = sum(WEIGHTS)
_SHARES = tuple(weight / _TOTAL for weight in WEIGHTS)


class Reason(NamedTuple):
    """How much one part adds to the surprise."""

    part: str
    adds: float


class SensorDetector:
    """Judges the readings of one device in the order of their time.

    Attributes:
        n: readings judged so far.
        surprise: of the last reading; 0 while learning what is usual.
        load, last: what the budget remembers.
    """

    __slots__ = (
        "_cap", "_said", "_warm", "budget", "day", "ever", "last", "lately", "load", "n", "shape",
        "surprise", "tails", "week",
    )  # fmt: skip

    def __init__(self, profile: SensorProfile, learn: int | None = None) -> None:
        """Begin with a device of which nothing is known.

        Args:
            profile: thresholds and budget.
            learn: readings to learn from before the first alert; None = by the profile.
        """
        self.budget = Budget(profile, learn)
        self.week, self.day = Seasonal(WEEK), Seasonal(DAY)
        self.ever, self.lately = Span(0.0), Span(SHRINK)
        self.shape = Shape()
        self.tails = [Tail() for _ in PARTS]
        self.load = 0.0
        self.last = NEVER
        self.n = 0
        self.surprise = 0.0
        self._cap = profile.most_surprise
        self._warm = self.budget.least // 3
        self._said: list[float] = []

    def judge(self, value: float, minute: int, ease: float = 0.0) -> float:
        """The score of the next reading, 0 to 1; from ``budget.ALERT`` on it is an alert.

        Args:
            value: the reading, finite.
            minute: local minute of the week, 0 = Monday 00:00, below `MINUTES_OF_WEEK`.
            ease: surprise by which operators' answers have lowered what an alert needs.
        """
        if not -HUGE < value < HUGE:
            value = HUGE if value > 0 else -HUGE
        n = self.n
        self.n = n + 1
        figures = (
            *self.week.distances(value, minute // 60, n),
            *self.day.distances(value, minute % 1440 // 30, n),
            self.ever.excess(value, n),
            self.lately.excess(value, n),
            self.shape.novelty(value, n),
        )
        rarity = log10((n + 1) / EXTREMES)
        cap = self._cap
        said = [
            surprise if (surprise := tail.surprise(figure, n, rarity)) < cap else cap
            for tail, figure in zip(self.tails, figures, strict=True)
        ]
        if n < self._warm:
            return 0.0
        self._said = said
        surprise = 0.0
        for share, one in zip(_SHARES, said, strict=True):
            surprise += share * one
        self.surprise = surprise
        if ease:
            surprise = max(0.0, surprise + ease)
        score, self.load, self.last = self.budget.score(surprise, n, self.load, self.last)
        return score

    def usual(self, value: float) -> float:
        """What the hour of the week usually showed before the last reading, which was `value`."""
        return value - self.week.recent[self.week.at - 1]

    def reasons(self, most: int = 3) -> list[Reason]:
        """What made the last reading surprising, the strongest part first."""
        adds = [
            Reason(part, share * one)
            for part, share, one in zip(PARTS, _SHARES, self._said, strict=False)
            if one > 0.0
        ]
        return sorted(adds, key=lambda reason: -reason.adds)[:most]

    def encode(self) -> bytes:
        """All that must be kept of the device; `decode` goes on as if nothing had been."""
        numbers = [
            self.surprise, self.load,
            self.ever.low, self.ever.high, self.lately.low, self.lately.high,
        ]  # fmt: skip
        for tail in self.tails:
            numbers += tail.stored()
        head = _HEAD.pack(self.n, self.last, *numbers)
        return b"".join((head, self.week.encode(), self.day.encode(), self.shape.encode()))

    @classmethod
    def decode(
        cls, stored: bytes, profile: SensorProfile, learn: int | None = None
    ) -> SensorDetector:
        """The detector as it was stored, under the profile of now.

        Raises:
            ValueError: the bytes are not those of a detector.
        """
        if len(stored) != _SIZE:
            raise ValueError(f"state of a sensor: got {len(stored)} bytes, wanted {_SIZE}")
        detector = cls(profile, learn)
        detector.n, detector.last, *numbers = _HEAD.unpack_from(stored)
        detector.surprise, detector.load = numbers[:2]
        ever, lately = detector.ever, detector.lately
        ever.low, ever.high, lately.low, lately.high = numbers[2:6]
        detector.tails = [
            Tail.restored(numbers[begin : begin + STORED])
            for begin in range(6, len(numbers), STORED)
        ]
        detector.week = Seasonal.decode(stored[_HEAD.size : _DAY_AT])
        detector.day = Seasonal.decode(stored[_DAY_AT:_SHAPE_AT])
        detector.shape = Shape.decode(stored[_SHAPE_AT:])
        return detector


_HEAD = struct.Struct(f"<qq{6 + len(PARTS) * STORED}d")
_DAY_AT = _HEAD.size + Seasonal.size(WEEK)
_SHAPE_AT = _DAY_AT + Seasonal.size(DAY)
_SIZE = _SHAPE_AT + Shape.SIZE
