"""The compact detector: five ways to be odd in 416 bytes, for cities with millions of devices.

Like the full one it weighs each figure against the extremes of the device's own past. It
knows the half hour of the day and no week, fading means instead of windows, and no paths.
All that is remembered of a device is one row of single-precision numbers, rounded at each
step, so that what is decided does not depend on how often it is stored.
"""

from __future__ import annotations

from array import array
from math import isnan, log, log10, nan

from streams.policy.sensors import SensorProfile
from streams.warning.sensors.budget import NEVER, Budget
from streams.warning.sensors.detector import Reason
from streams.warning.sensors.parts import RANGE_WARM, SHRINK
from streams.warning.sensors.tails import APART, ENOUGH, slope

PARTS = ("now", "short", "long", "range", "recent_range")
"""What can be odd: against the half hour of the day, this reading and its fading means over a
short and a long span; against the range ever and lately."""
SHARES = (0.16, 0.21, 0.21, 0.21, 0.21)
"""One reading alone counts less, because spikes are common."""

SHORT_RATE, LONG_RATE = 1 / 4, 1 / 16
"""Fading means about as long as the last seven and the last thirty-one readings."""
SLOTS = 48
SLOT_RATE = 0.03
SLOT_WARM = 8.0
"""At first a slot's usual value moves faster: by 8 in the number of readings so far."""
LEVEL_RATE = 0.005
"""How fast the level moves that stands in for a slot never seen."""

EXTREMES = 7
"""Extremes remembered; as good as the full detector's eight, and a device stays below 450
bytes with what its other checks need."""

HUGE = 1e30
MOST_EXCESS = 1e6
COUNT_END = 1 << 24
"""Single precision counts no further; then the count and all that refers to it is halved."""

_LN10 = log(10)
_N, _BASE, _LEVEL, _SHORT, _LONG, _LOW, _HIGH, _LOW2, _HIGH2, _LOAD, _LAST = range(11)
_SLOTS = 11
_TAILS = _SLOTS + SLOTS
_TAIL = 2 + EXTREMES
"""A tail: with which reading its latest extreme came, its least one, then the extremes,
the latest first; -1 where there is none."""
_SIZE = _TAILS + len(PARTS) * _TAIL
_AT = range(_TAILS, _SIZE, _TAIL)

SIZE = 4 * _SIZE
"""Bytes of a device."""


def begin() -> array[float]:
    """A device of which nothing is known."""
    state = array("f", [0.0] * _TAILS)
    state[_LAST] = NEVER
    for slot in range(SLOTS):
        state[_SLOTS + slot] = nan
    for _ in PARTS:
        state.extend([-1.0 - APART, *[-1.0] * (1 + EXTREMES)])
    return state


def decode(stored: bytes) -> array[float]:
    """The device as it was stored with `encode`.

    Raises:
        ValueError: the bytes are not those of a device.
    """
    if len(stored) != SIZE:
        raise ValueError(f"compact state of a sensor: got {len(stored)} bytes, wanted {SIZE}")
    state = array("f")
    state.frombytes(stored)
    return state


def encode(state: array[float]) -> bytes:
    """All that must be kept of the device."""
    return state.tobytes()


class CompactDetector:
    """Judges readings of any number of devices under one profile; each brings its state.

    Attributes:
        surprise: of the last reading judged; 0 while too little is known.
        usual: what that half hour of the day usually showed before it.
    """

    __slots__ = ("_cap", "_said", "_warm", "budget", "surprise", "usual")

    def __init__(self, profile: SensorProfile, learn: int | None = None) -> None:
        """Ready the profile; `learn` readings come before the first alert, None = as it says."""
        self.budget = Budget(profile, learn)
        self.surprise = 0.0
        self.usual = 0.0
        self._cap = profile.most_surprise
        self._warm = self.budget.least // 3
        self._said: list[float] = []

    def judge(self, state: array[float], value: float, minute: int, ease: float = 0.0) -> float:
        """The score of a device's next reading, 0 to 1; from ``budget.ALERT`` on it alerts.

        Args:
            state: of the device, changed in place.
            value: the reading, finite.
            minute: local minute of the week or day, 0 = 00:00.
            ease: surprise by which operators' answers have lowered what an alert needs.
        """
        if not -HUGE < value < HUGE:
            value = HUGE if value > 0 else -HUGE
        n = int(state[_N])
        if n >= COUNT_END - 1:
            n = _halve(state)
        if not n:
            state[_BASE] = value
        # Relative to the first reading single precision is precise enough.
        value -= state[_BASE]
        state[_N] = n + 1

        level = state[_LEVEL]
        state[_LEVEL] = level + LEVEL_RATE * (value - level)
        slot = _SLOTS + minute // 30 % SLOTS
        usual = state[slot]
        if isnan(usual):
            usual = level
            residual = value - level
            state[slot] = value
        else:
            residual = value - usual
            rate = SLOT_WARM / (n + SLOT_WARM)
            state[slot] = usual + (max(SLOT_RATE, rate)) * residual
        self.usual = state[_BASE] + usual
        short = state[_SHORT]
        state[_SHORT] = short = short + SHORT_RATE * (residual - short)
        long = state[_LONG]
        state[_LONG] = long = long + LONG_RATE * (residual - long)
        figures = (
            abs(residual),
            abs(short),
            abs(long),
            _excess(state, _LOW, value, n, 0.0),
            _excess(state, _LOW2, value, n, SHRINK),
        )
        rarity = log10((n + 1) / EXTREMES)
        cap = self._cap
        surprise = 0.0
        said = self._said = []
        for at, figure, share in zip(_AT, figures, SHARES, strict=True):
            least = state[at + 1]
            # The common case: not among the extremes, so nothing is remembered.
            if figure <= least:
                one = rarity * figure / least if least else 0.0
            else:
                one = _rare(state, at, figure, n, rarity)
            if one > cap:
                one = cap
            said.append(one)
            surprise += share * one
        if n < self._warm or rarity <= 0.0:
            return 0.0
        self.surprise = surprise
        if ease:
            surprise = max(0.0, surprise + ease)
        score, state[_LOAD], last = self.budget.score(surprise, n, state[_LOAD], int(state[_LAST]))
        state[_LAST] = last
        return score

    @staticmethod
    def load_of(state: array[float]) -> float:
        """The past alerts of a device, each counting 1 at first and fading."""
        return state[_LOAD]

    def reasons(self, most: int = 3) -> list[Reason]:
        """What made the last reading judged surprising, the strongest part first."""
        adds = [
            Reason(part, share * one)
            for part, share, one in zip(PARTS, SHARES, self._said, strict=False)
            if one > 0.0
        ]
        return sorted(adds, key=lambda reason: -reason.adds)[:most]


class CompactSensor:
    """One device with its state, judged as the full detector is."""

    __slots__ = ("detector", "state")

    def __init__(self, profile: SensorProfile, learn: int | None = None) -> None:
        self.detector = CompactDetector(profile, learn)
        self.state = begin()

    @property
    def surprise(self) -> float:
        """Of the last reading; 0 while learning what is usual."""
        return self.detector.surprise

    def judge(self, value: float, minute: int) -> float:
        """The score of the next reading, 0 to 1."""
        return self.detector.judge(self.state, value, minute)

    def reasons(self, most: int = 3) -> list[Reason]:
        """What made the last reading surprising, the strongest part first."""
        return self.detector.reasons(most)


def _excess(state: array[float], at: int, value: float, n: int, shrink: float) -> float:
    """By how many widths a value lies outside of the range at `at`, which takes it in."""
    low, high = state[at], state[at + 1]
    width = high - low + 1e-7 * abs(high) + 1e-12
    excess = 0.0
    if value > high:
        excess, high = (value - high) / width, value
    elif value < low:
        excess, low = (low - value) / width, value
    elif not shrink:
        return 0.0
    state[at] = low + shrink * width
    state[at + 1] = high - shrink * width
    if n < RANGE_WARM:
        return 0.0
    return min(MOST_EXCESS, excess)


def _rare(state: array[float], at: int, figure: float, n: int, rarity: float) -> float:
    """The surprise of a figure that may belong to the extremes, which it then joins."""
    first = at + 2
    extremes = [extreme for extreme in state[first : at + _TAIL] if extreme >= 0.0]
    known = len(extremes)
    least = state[at + 1] if known == EXTREMES else min(extremes, default=0.0)
    said = 0.0
    if known >= ENOUGH and least > 0.0:
        said = rarity if known == EXTREMES else log10((n + 1) / known)
        if figure <= least:
            said *= figure / least
        else:
            said += log(figure / least) / slope(extremes, least) / _LN10
    if known and n - state[at] <= APART:
        if figure <= state[first]:
            return said
    else:
        # The new extreme takes the first place, the one before it that of the least.
        lowest = first + (extremes.index(least) if known == EXTREMES else known)
        if known == EXTREMES and figure <= least:
            return said
        state[lowest] = state[first]
    state[first] = figure
    state[at] = n
    # The least stays -1 until there are enough extremes to leave any out.
    state[at + 1] = min(state[first : at + _TAIL])
    return said


def _halve(state: array[float]) -> int:
    half = COUNT_END >> 1
    state[_LAST] = max(state[_LAST] - half, NEVER)
    for at in _AT:
        state[at] = max(state[at] - half, -1.0 - APART)
    n = int(state[_N]) - half
    state[_N] = n
    return n
