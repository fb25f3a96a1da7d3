"""Time to threshold: will this gauge rise to its threshold within the next hours?

How the water has climbed is turned into features by a small network that simulated floods
have taught (``rises``). Their weights go on learning at the gauges, all of a class together:
besides its threshold each gauge watches two marks of its own between low water and a little
above the threshold, so that every rise that comes near teaches what comes of such a rise.

A warning is judged by whether it was right when it began. So the chance that is told is the
share of right ones among the warnings that began at it, at these marks, less a little for
what is not yet known of this share.

Source: Bayesian logistic regression, step by step, Spiegelhalter and Lauritzen 1990, Networks
20:579; scores as chances, Platt 1999; thresholds as classes of one distribution, Foresi and
Peracchi 1995, JASA 90:451.
"""

from __future__ import annotations

from math import cos, exp, log, pi, sin, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SchemaError
from streams.warning.climbs import Climb, looks, missing
from streams.warning.gauges import MARKS, ROW_MINUTES, Gauge, LevelRules
from streams.warning.packing import pack, unpack
from streams.warning.rises import FEATURES, learned

Floats = NDArray[np.float64]

TELL_FROM = 0.9
"""Chance of a crossing from which on it is worth telling."""
_WARM_ROWS = 12
"""Rows until the filters have forgotten how they began."""

_RHYTHM = 4
_WIDTH = FEATURES + 1 + _RHYTHM
_GOLDEN = 0.618033988749895
_SHARES: Floats = np.geomspace(0.02, 3.0, 13)
"""Heights at which the distribution of the highest level is looked at, in parts of the climb."""


class Forecast(NamedTuple):
    """What a reading says about the threshold.

    Attributes:
        p: chance of an upward crossing within the horizon; of warnings that begin at it so
            many are right.
        eta_minutes: until the crossing, if the middle forecast holds.
        low, middle, high: highest level within the horizon, with an interval of 90 %.
    """

    p: float
    eta_minutes: float
    low: float
    middle: float
    high: float


class LevelForecasts:
    """What the gauges of one class have learned together; fixed size.

    Attributes:
        weights: of the features in the score of a crossing.
        told: from a score to that of a warning which begins at it: offset, slope, and what
            a mark's height against the threshold changes.
    """

    def __init__(self, rules: LevelRules | None = None) -> None:
        self.rules = rules or LevelRules()
        self._network = learned()
        self.weights: Floats = np.append(self._network.last, np.zeros(_RHYTHM))
        self._spread: Floats = np.eye(_WIDTH) * self.rules.doubt**2
        self.told: Floats = np.array([0.2, 1.0, 0.0])
        self._told_spread: Floats = np.diag([0.4, 0.15, 2.0]) ** 2

    def encode(self) -> bytes:
        """About 2.5 kB, for all gauges of the class together."""
        return pack(None, self.weights, self._spread, self.told, self._told_spread)

    @classmethod
    def decode(cls, stored: bytes, rules: LevelRules | None = None) -> LevelForecasts:
        """Read what ``encode`` wrote.

        Raises:
            SchemaError: it is not what gauges have learned.
        """
        found = cls(rules)
        _, arrays = unpack(stored, "level forecasts")
        mine = (found.weights, found._spread, found.told, found._told_spread)
        wanted = [one.shape for one in mine]
        if [one.shape for one in arrays] != wanted:
            raise SchemaError(f"level forecasts: got other arrays, wanted {wanted}")
        found.weights, found._spread, found.told, found._told_spread = arrays
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
        gap = row - gauge.row - 1
        if gauge.row < 0 or gap > self.rules.longest_gap:
            gauge.begin(level, self.rules)
        else:
            step = (level - gauge.level) / (gap + 1)
            for at in range(gap):
                between = gauge.level + step * (at + 1)
                self._add(gauge, gauge.row + at + 1, between, threshold)
        climb = self._add(gauge, row, level, threshold)
        gauge.row, gauge.level = row, level
        if climb is None or level >= threshold:
            return None
        return self._forecast(gauge, climb, threshold)

    def _add(self, gauge: Gauge, row: int, level: float, threshold: float) -> Climb | None:
        """Move on by a row, learn from what is now over, and note what is said of the marks."""
        gauge.add(level, self.rules)
        self._learn(gauge, row - self.rules.horizon_rows, threshold)
        gauge.trail[gauge.turn] = np.nan
        look = looks(self.rules.horizon_rows)
        seen = look.weights @ gauge.levels
        smooth = float(seen[look.smooth])
        gauge.low = min(smooth, gauge.low + (smooth - gauge.low) * self.rules.settle)
        if gauge.rows < _WARM_ROWS:
            return None
        self._draw(gauge, threshold)
        climb = look.climb(seen, gauge.low, gauge.sigma)
        self._note(gauge, row, climb, level)
        return climb

    def _draw(self, gauge: Gauge, threshold: float) -> None:
        """Choose new marks now and then, so that they lie everywhere between their bounds."""
        if gauge.drawn % self.rules.mark_rows == 0:
            lowest, highest = self.rules.marks
            for at in range(MARKS):
                turn = gauge.drawn // self.rules.mark_rows * MARKS + at + 1
                part = lowest * (highest / lowest) ** (turn * _GOLDEN % 1.0)
                mark = gauge.low + (threshold - gauge.low) * part
                gauge.marks[at] = float(np.float32(mark)) if threshold > gauge.low else float("nan")
            gauge.trail[:] = np.nan
        gauge.drawn = (gauge.drawn + 1) % (self.rules.mark_rows * 1_000)

    def _note(self, gauge: Gauge, row: int, climb: Climb, level: float) -> None:
        """Keep what is said of the marks in reach until the horizon is over."""
        for at, mark in enumerate(gauge.marks):
            need = mark - climb.level
            if not (mark > level and need < self.rules.teaches * climb.scale):
                continue
            found = self._features(gauge, row, climb, np.array([max(need, 0.0)]))
            score = float(self._scores(found)[0])
            highest = gauge.trail[:, at, 1]
            before = float(np.fmax.reduce(highest, initial=-20.0))
            gauge.trail[gauge.turn, at] = (mark, score, before)
            gauge.features[gauge.turn, at] = found[0, :FEATURES]

    def _features(self, gauge: Gauge, row: int, climb: Climb, needs: Floats) -> Floats:
        """What is looked at: the network's features, a one, and the time of day."""
        found = np.zeros((len(needs), _WIDTH))
        rest = missing(climb, needs, gauge.sigma)
        found[:, : FEATURES + 1] = self._network.features(climb.body, rest)
        found[:, FEATURES + 1 :] = self._rhythm(row)
        return found

    def _rhythm(self, row: int) -> tuple[float, ...]:
        if not self.rules.day_rows:
            return (0.0,) * _RHYTHM
        at = 2 * pi * row / self.rules.day_rows
        return (sin(at), cos(at), sin(2 * at), cos(2 * at))

    def _scores(self, features: Floats) -> Floats:
        """Log odds, drawn to even by what is not known of the weights."""
        unsure = np.einsum("ij,jk,ik->i", features, self._spread, features)
        found: Floats = (features @ self.weights) / np.sqrt(1 + pi / 8 * unsure)
        return found

    def _learn(self, gauge: Gauge, row: int, threshold: float) -> None:
        """Hold what was said a horizon ago against the highest level since."""
        trail = gauge.trail[gauge.turn]
        if np.isnan(trail[:, 0]).all():
            return
        highest = float(gauge.levels[-self.rules.horizon_rows :].max())
        for at, (mark, score, before) in enumerate(trail.tolist()):
            if mark != mark:
                continue
            came = float(highest >= mark)
            features = np.ones(_WIDTH)
            features[:FEATURES] = gauge.features[gauge.turn, at]
            features[FEATURES + 1 :] = self._rhythm(row)
            self._teach(features, came)
            self._judge(score, before, _part(gauge, mark, threshold), came)

    def _teach(self, features: Floats, came: float) -> None:
        rules = self.rules
        chance = _chance(float(features @ self.weights))
        gain = self._spread @ features
        worth = rules.weight * max(chance * (1 - chance), 0.01)
        share = gain / (1 / worth + float(features @ gain))
        self._spread -= np.outer(share, gain)
        _forget(self._spread, rules.doubt**2, rules.forget_rows)
        self.weights += (self._spread @ features) * rules.weight * (came - chance)

    def _judge(self, score: float, before: float, part: float, came: float) -> None:
        """Count a warning that began: at the scores that were passed for the first time."""
        low, high = max(before, -0.5), min(score, 4.0)
        if high <= low:
            return
        rules = self.rules
        given = np.array([1.0, (low + high) / 2, part])
        chance = _chance(float(given @ self.told))
        gain = self._told_spread @ given
        weight = rules.begun_weight * (high - low)
        worth = weight * max(chance * (1 - chance), 0.01)
        self._told_spread -= np.outer(gain, gain) / (1 / worth + float(given @ gain))
        _forget(self._told_spread, 0.1, rules.forget_rows)
        self.told += (self._told_spread @ given) * weight * (came - chance)

    def _say(self, score: float) -> float:
        given = np.array([1.0, min(max(score, -20.0), 20.0), 0.0])
        unsure = sqrt(max(float(given @ self._told_spread @ given), 0.0))
        return _chance(float(given @ self.told) - self.rules.caution * unsure)

    def _forecast(self, gauge: Gauge, climb: Climb, threshold: float) -> Forecast | None:
        need = threshold - climb.level
        if need > self.rules.reach * climb.scale:
            return None
        needs = np.append(_SHARES * climb.scale, max(need, 0.0))
        features = self._features(gauge, gauge.row, climb, needs)
        scores = self._scores(features)
        # What is further is less likely, whatever the network thinks of it.
        falls = np.minimum.accumulate(scores[:-1]) + 1e-9 * np.arange(len(_SHARES))[::-1]
        low, middle, high = np.interp((-2.944, 0.0, 2.944), -falls, needs[:-1]).tolist()
        return Forecast(
            p=self._say(float(scores[-1])),
            eta_minutes=self._eta(climb, need, middle),
            low=climb.level + low,
            middle=climb.level + middle,
            high=climb.level + high,
        )

    def _eta(self, climb: Climb, need: float, middle: float) -> float:
        """Minutes until the level has risen so far, from its slope now to what is foretold.

        Args:
            middle: rise foretold for the end of the horizon.
        """
        rows = self.rules.horizon_rows
        slope = max(climb.slope, 0.0)
        bend = (middle - slope * rows) / rows**2
        for at in range(1, rows):
            if slope * at + bend * at * at >= need:
                return float(ROW_MINUTES * at)
        return float(ROW_MINUTES * rows)


def _part(gauge: Gauge, mark: float, threshold: float) -> float:
    """How high a mark lies against the threshold, from low water; 0: as high."""
    if not gauge.low < threshold:
        return 0.0
    return min(max((mark - gauge.low) / (threshold - gauge.low) - 1, -1.0), 1.0)


def _forget(spread: Floats, most: float, rows: float) -> None:
    """Let what is known become less sure, at most as unsure as `most`."""
    at = np.arange(len(spread))
    spread[at, at] += log(2) / rows * np.maximum(most - spread[at, at], 0.0)


def _chance(odds: float) -> float:
    return 1 / (1 + exp(-min(max(odds, -40.0), 40.0)))
