"""Time to threshold: will this gauge rise to its threshold within the next hours?

Three damped-trend filters, a quick, a middle and a slow one, follow the level and its slope.
From them the highest level of the horizon is foretold, by weights that all gauges of a class
learn together. How far such forecasts were off is remembered too, so the chance that is told
is the share of like forecasts that came true. Every rise of every gauge teaches both, whether
or not it came near the threshold.

Source: damped trend, Gardner and McKenzie 1985, Management Science 31:1237; recursive least
squares with forgetting; predictive distribution from past errors, Gneiting et al. 2007,
JRSS B 69:243.
"""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass
from itertools import chain
from math import erfc, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SchemaError
from streams.warning.packing import pack, unpack

ROW_MINUTES = 5
TELL_FROM = 0.88
"""Chance of a crossing from which on it is worth telling: of warnings that begin there about
nine in ten are right on simulated rivers, and waiting for more costs minutes of lead."""
_FEATURES = 8
_TRACKS = 3
_HEAD = 7 + 2 * _TRACKS
_OUTLOOK = _FEATURES + 6
_WARM_ROWS = 12
"""Rows until the filters have forgotten how they began."""

_BINS = 161
_REACH = 8.0
"""Errors are remembered from -8 to 8 times their scale, in bins of a tenth."""


@dataclass(frozen=True, slots=True)
class LevelRules:
    """How levels are foretold.

    Attributes:
        horizon_rows: rows ahead, of five minutes each.
        damping: of a slope from row to row.
        unsure: error of a forecast as a part of the climb that it carries forward.
        young: the same for a rise that has only begun, as a part of what it carries beyond
            what has risen already.
        quickness: of the three filters: variance of the slope's steps over the noise's.
        settle: part of the way that the remembered low moves towards the level each row.
        standing_rows: a rising level stays at least so long about where it is.
        longest_gap: so many missing rows are drawn through; after more the gauge begins anew.
        steep: rises above so many noises are one class of forecasts, above three times as
            many another.
        prior: how many independent forecasts the errors assumed at first are worth.
        weight: of a row in learning; the rows of two horizons count as one forecast.
        forget_rows: half-life of what was learned, in rows of all gauges together.
    """

    horizon_rows: int = 24
    damping: float = 0.97
    unsure: float = 0.15
    young: float = 0.3
    quickness: tuple[float, float, float] = (0.3, 0.04, 0.005)
    settle: float = 1 / 288
    standing_rows: int = 16
    longest_gap: int = 3
    steep: float = 12.0
    prior: float = 4.0
    weight: float = 1 / 48
    forget_rows: float = 500_000.0

    @property
    def carry(self) -> float:
        """Rows that a damped slope is worth over the horizon."""
        return self.damping * (1 - self.damping**self.horizon_rows) / (1 - self.damping)


class Forecast(NamedTuple):
    """What a reading says about the threshold.

    Attributes:
        p: chance of an upward crossing within the horizon.
        eta_minutes: until the crossing, if the middle forecast holds.
        low, middle, high: highest level within the horizon, with an interval of 90 %.
    """

    p: float
    eta_minutes: float
    low: float
    middle: float
    high: float


class _Outlook(NamedTuple):
    """A forecast before it is held against a threshold; rises from the present level."""

    features: tuple[float, ...]
    present: float
    rise: float
    scale: float
    steepness: int
    climbs: bool
    sigma: float


class Gauge:
    """What is remembered of one gauge.

    Attributes:
        row: of the newest level; -1: none yet.
        rows: since the filters began, at most a thousand.
        level: the newest one.
        noise: variance of a reading around the water, from how levels bend.
        tracks: level and slope per row of each filter, the quickest first.
        low: where the water stood before it rose: falls at once, rises within a day.
        waiting: forecasts that are not yet held against what came, oldest first.
        levels: the newest ones, one a waiting forecast.
    """

    __slots__ = ("bends", "level", "levels", "low", "noise", "row", "rows", "tracks", "waiting")

    def __init__(self) -> None:
        self.row = -1
        self.rows = 0
        self.level = 0.0
        self.bends = (0.0, 0.0)
        self.noise = 0.0
        self.tracks = [0.0] * (2 * _TRACKS)
        self.low = 0.0
        self.waiting: deque[_Outlook] = deque()
        self.levels: deque[float] = deque()

    def begin(self, level: float) -> None:
        """Follow the water anew, after nothing was heard for long."""
        self.rows = 0
        self.bends = (level, level)
        self.tracks = [level, 0.0] * _TRACKS
        self.low = level
        self.waiting.clear()
        self.levels.clear()

    def encode(self) -> bytes:
        """At most 3 kB, most of it the forecasts that wait."""
        head = (self.row, self.rows, self.level, *self.bends, self.noise, self.low, *self.tracks)
        waiting = [(*one.features, *one[1:]) for one in self.waiting]
        return array("d", (*head, *self.levels, *chain.from_iterable(waiting))).tobytes()

    @classmethod
    def decode(cls, stored: bytes) -> Gauge:
        """Read what ``encode`` wrote.

        Raises:
            SchemaError: it is not a gauge's.
        """
        wide = 1 + _OUTLOOK
        if len(stored) % 8 or len(stored) < 8 * _HEAD or (len(stored) // 8 - _HEAD) % wide:
            raise SchemaError(
                f"gauge: got {len(stored)} bytes, wanted {8 * _HEAD} and {8 * wide} a forecast"
            )
        found = array("d")
        found.frombytes(stored)
        gauge = cls()
        gauge.row, gauge.rows, gauge.level = int(found[0]), int(found[1]), found[2]
        gauge.bends = (found[3], found[4])
        gauge.noise, gauge.low = found[5], found[6]
        gauge.tracks = list(found[7:_HEAD])
        many = (len(found) - _HEAD) // wide
        gauge.levels.extend(found[_HEAD : _HEAD + many])
        for at in range(_HEAD + many, len(found), _OUTLOOK):
            present, rise, scale, steepness, climbs, sigma = found[at + _FEATURES : at + _OUTLOOK]
            gauge.waiting.append(
                _Outlook(
                    tuple(found[at : at + _FEATURES]),
                    present,
                    rise,
                    scale,
                    int(steepness),
                    bool(climbs),
                    sigma,
                )
            )
        return gauge


class LevelForecasts:
    """What the gauges of one class have learned together; fixed size.

    Attributes:
        weights: of the features in the foretold rise.
        errors: per class of steepness a histogram of past errors, in units of their scale.
    """

    def __init__(self, rules: LevelRules | None = None) -> None:
        self.rules = rules or LevelRules()
        # Before learning: mostly the slope of half an hour.
        # Before learning: the slope of the middle filter.
        self.weights: NDArray[np.float64] = np.array([0.5, 0.1, 0.8, 0.1, 0.0, 0.0, 0.0, 0.0])
        self._spread: NDArray[np.float64] = np.diag([1.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.05]) ** 2
        self._gains = [_gains(quick, self.rules.damping) for quick in self.rules.quickness]
        middles = (np.arange(_BINS) - _BINS // 2) * (2 * _REACH / (_BINS - 1))
        bell = np.exp(-0.5 * (middles / 0.7) ** 2) + 0.05 * np.exp(-0.5 * (middles / 3) ** 2)
        self.errors: NDArray[np.float64] = np.tile(self.rules.prior * bell / bell.sum(), (3, 1))
        self._middles = middles

    def encode(self) -> bytes:
        """About 5 kB, for all gauges of the class together."""
        return pack(None, self.weights, self._spread, self.errors)

    @classmethod
    def decode(cls, stored: bytes, rules: LevelRules | None = None) -> LevelForecasts:
        """Read what ``encode`` wrote.

        Raises:
            SchemaError: it is not what gauges have learned.
        """
        found = cls(rules)
        _, arrays = unpack(stored, "level forecasts")
        wanted = [one.shape for one in (found.weights, found._spread, found.errors)]
        if [one.shape for one in arrays] != wanted:
            raise SchemaError(f"level forecasts: got other arrays, wanted {wanted}")
        found.weights, found._spread, found.errors = arrays
        return found

    def observe(self, gauge: Gauge, row: int, level: float, threshold: float) -> Forecast | None:
        """Take a reading in and say whether the gauge will cross the threshold upwards.

        Returns:
            None while it stands above, was heard of for too short, or cannot reach it.

        Raises:
            SchemaError: the row is not after the newest one.
        """
        if row <= gauge.row:
            raise SchemaError(f"reading of a level: got row {row} after {gauge.row}")
        missing = row - gauge.row - 1
        if gauge.row < 0 or missing > self.rules.longest_gap:
            gauge.begin(level)
        else:
            step = (level - gauge.level) / (missing + 1)
            for at in range(missing):
                self._add(gauge, gauge.level + step * (at + 1))
        self._add(gauge, level)
        gauge.row, gauge.level = row, level
        if level >= threshold or gauge.rows < _WARM_ROWS:
            return None
        return self._forecast(gauge.waiting[-1], threshold)

    def _add(self, gauge: Gauge, level: float) -> None:
        """Move the filters on by a row, and learn from the forecast that is now over."""
        rules = self.rules
        tracks = gauge.tracks
        for at, (of_level, of_slope) in enumerate(self._gains):
            slope = tracks[2 * at + 1] * rules.damping
            ahead = tracks[2 * at] + slope
            off = level - ahead
            tracks[2 * at] = ahead + of_level * off
            tracks[2 * at + 1] = slope + of_slope * off
        before, last = gauge.bends
        bend = (level - 2 * last + before) ** 2 / 6
        gauge.bends = (last, level)
        gauge.rows = min(gauge.rows + 1, 1000)
        # A jump says little about the noise.
        limit = 25 * gauge.noise if gauge.rows > 20 else float("inf")
        gauge.noise += (min(bend, limit) - gauge.noise) / min(gauge.rows, 500)
        slow = tracks[2 * _TRACKS - 2]
        gauge.low = min(slow, gauge.low + (slow - gauge.low) * rules.settle)
        gauge.levels.append(level)
        gauge.waiting.append(self._outlook(gauge))
        if len(gauge.waiting) > rules.horizon_rows:
            outlook = gauge.waiting.popleft()
            gauge.levels.popleft()
            self._learn(outlook, max(gauge.levels) - outlook.present)

    def _forecast(self, outlook: _Outlook, threshold: float) -> Forecast | None:
        need = threshold - outlook.present
        off = (need - outlook.rise) / outlook.scale
        if off > _REACH:
            return None
        errors = self.errors[outlook.steepness]
        whole = float(errors.sum())
        low, high = (self._quantile(errors, share * whole) for share in (0.05, 0.95))
        p = min(_above(errors, off) / whole, 1.0)
        if outlook.climbs:
            # So near the threshold the noise of the next readings takes a standing level over.
            stays = 0.5 * erfc(-need / outlook.sigma / sqrt(2))
            p = max(p, 1 - stays**self.rules.standing_rows)
        return Forecast(
            p=p,
            eta_minutes=self._eta(need, outlook.rise),
            low=outlook.present + outlook.rise + low * outlook.scale,
            middle=outlook.present + outlook.rise,
            high=outlook.present + outlook.rise + high * outlook.scale,
        )

    def _learn(self, outlook: _Outlook, came: float) -> None:
        """Hold a forecast against the highest rise that came."""
        rules = self.rules
        error = (came - outlook.rise) / outlook.scale
        errors = self.errors[outlook.steepness]
        at = round((error + _REACH) / (2 * _REACH) * (_BINS - 1))
        errors *= 1 - log(2) / rules.forget_rows
        errors[min(max(at, 0), _BINS - 1)] += rules.weight
        # Quiet water would drown what few rises teach.
        weight = rules.weight * (1.0 if outlook.steepness else 0.02)
        scaled = np.array(outlook.features) / outlook.scale
        gain = self._spread @ scaled
        share = weight / (1 + weight * float(scaled @ gain))
        self.weights += share * gain * min(max(error, -3.0), 3.0)
        self._spread -= share * np.outer(gain, gain)
        self._spread += np.diag(np.full(_FEATURES, 1e-8))

    def _outlook(self, gauge: Gauge) -> _Outlook:
        """Features of the present, the rise that they foretell, and its scale."""
        carry = self.rules.carry
        quick, quick_slope, middle, middle_slope, slow, slow_slope = gauge.tracks
        sigma = max(sqrt(gauge.noise), 1e-9 * (abs(quick) + 1))
        climb = max(middle_slope * carry, 0.0)
        features = (
            sigma,
            quick_slope * carry,
            middle_slope * carry,
            slow_slope * carry,
            climb,
            quick - slow,
            climb * climb / (climb + max(middle - gauge.low, sigma)),
            max(middle - gauge.low, 0.0) * min(climb / (4 * sigma), 1.0),
        )
        rise = sum(w * x for w, x in zip(self.weights.tolist(), features, strict=True))
        unsure, young = self.rules.unsure * climb, self.rules.young * features[6]
        scale = sqrt(9 * sigma**2 + unsure * unsure + young * young)
        steep = climb / sigma / self.rules.steep
        steepness = 0 if steep < 1 else 1 if steep < 3 else 2
        return _Outlook(features, middle, rise, scale, steepness, climb > 0, sigma)

    def _eta(self, need: float, rise: float) -> float:
        """Minutes until the damped rise has brought what is needed."""
        damping, rows = self.rules.damping, self.rules.horizon_rows
        if need <= 0 or rise <= 0:
            return float(ROW_MINUTES)
        left = 1 - need / rise * (1 - damping**rows)
        taken = log(left) / log(damping) if left > damping**rows else float(rows)
        return ROW_MINUTES * min(max(taken, 1.0), float(rows))

    def _quantile(self, errors: NDArray[np.float64], below: float) -> float:
        at = int(np.searchsorted(np.cumsum(errors), below))
        return float(self._middles[min(at, _BINS - 1)])


def _above(errors: NDArray[np.float64], off: float) -> float:
    """The part of the errors that is at least so large; within a bin evenly."""
    at = (off + _REACH) / (2 * _REACH) * (_BINS - 1) + 0.5
    if at <= 0:
        return float(errors.sum())
    first = int(at)
    if first >= _BINS:
        return 0.0
    return float(errors[first + 1 :].sum() + errors[first] * (first + 1 - at))


def _gains(quickness: float, damping: float) -> tuple[float, float]:
    """Gains of level and slope of a damped-trend Kalman filter that has settled.

    Args:
        quickness: variance of the slope's steps over that of a reading's noise.
    """
    level, cross, slope = 1.0, 0.0, 1.0
    of_level = of_slope = 0.0
    for _ in range(2_000):
        level, cross, slope = (
            level + 2 * damping * cross + damping**2 * slope + 1 / 15,
            damping * cross + damping**2 * slope,
            damping**2 * slope + quickness,
        )
        of_level, of_slope = level / (level + 1), cross / (level + 1)
        level, cross, slope = (
            level * (1 - of_level),
            cross * (1 - of_level),
            slope - of_slope * cross,
        )
    return of_level, of_slope
