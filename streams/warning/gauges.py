"""A gauge: what is remembered of its water, and of what was said of it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SchemaError
from streams.warning.climbs import looks
from streams.warning.rises import FEATURES

Floats = NDArray[np.float64]

ROW_MINUTES = 5
MARKS = 2
_BEGIN_ROWS = 24
"""Rows that the noise assumed at the beginning counts for."""
_HEAD = 9 + MARKS
_TRAIL = 3


@dataclass(frozen=True, slots=True)
class LevelRules:
    """How levels are foretold.

    Attributes:
        horizon_rows: rows ahead, of five minutes each.
        day_rows: rows of a day whose rhythm is learned too; 0: none.
        settle: part of the way that the remembered low moves towards the level each row.
        longest_gap: so many missing rows are drawn through; after more the gauge begins anew.
        begin_noise: of a reading of a gauge that has begun, until its own is known.
        reach: what is further than so many climbs is out of reach.
        teaches: a mark that is nearer than so many climbs teaches.
        marks: the lowest and highest mark, in parts of the way from low water to the threshold.
        mark_rows: so long a mark stays.
        doubt: standard deviation of the features' weights before any gauge has learned.
        weight: of a row in learning; rows of one rise say nearly the same.
        begun_weight: of a warning at a mark in learning how often such are right.
        caution: standard deviations of that share that are taken off.
        forget_rows: what was learned is forgotten within some so many rows of all gauges.
    """

    horizon_rows: int = 24
    day_rows: int = 0
    settle: float = 1 / 288
    longest_gap: int = 3
    begin_noise: float = 0.0
    reach: float = 2.0
    teaches: float = 1.6
    marks: tuple[float, float] = (0.75, 1.1)
    mark_rows: int = 576
    doubt: float = 0.5
    weight: float = 1 / 18
    begun_weight: float = 0.3
    caution: float = 1.0
    forget_rows: float = 500_000.0


class Gauge:
    """What is remembered of one gauge.

    Attributes:
        row: of the newest level; -1: none yet.
        rows: since the filters began, at most a thousand.
        level: the newest one.
        noise: variance of a reading around the water, from how levels bend.
        low: where the water stood before it rose: falls at once, rises within a day.
        marks: levels that are watched beside the threshold, to learn from.
        levels: the newest ones, the oldest first.
        features, trail: per row of the last horizon and mark what was said of it and waits for
            its outcome: features; the mark, NaN if nothing was said; the score, and the
            highest of the horizon before.
    """

    __slots__ = (
        "bends", "drawn", "features", "level", "levels", "low", "marks", "noise", "row", "rows",
        "trail", "turn",
    )  # fmt: skip

    def __init__(self) -> None:
        self.row = -1
        self.rows = 0
        self.turn = 0
        self.drawn = 0
        self.level = 0.0
        self.bends = (0.0, 0.0)
        self.noise = 0.0
        self.low = 0.0
        self.marks = [float("nan")] * MARKS
        self.levels: Floats = np.zeros(0)
        self.features: NDArray[np.float16] = np.zeros((0, MARKS, FEATURES), np.float16)
        self.trail: NDArray[np.float32] = np.zeros((0, MARKS, _TRAIL), np.float32)

    def begin(self, level: float, rules: LevelRules) -> None:
        """Follow the water anew, after nothing was heard for long."""
        horizon = rules.horizon_rows
        self.rows = self.turn = self.drawn = 0
        self.bends = (level, level)
        self.low = level
        self.noise = max(self.noise, rules.begin_noise**2)
        self.marks = [float("nan")] * MARKS
        self.levels = np.full(looks(horizon).rows, level)
        self.features = np.zeros((horizon, MARKS, FEATURES), np.float16)
        self.trail = np.full((horizon, MARKS, _TRAIL), np.nan, np.float32)

    def add(self, level: float, rules: LevelRules) -> None:
        """Move on by a row."""
        before, last = self.bends
        bend = (level - 2 * last + before) ** 2 / 6
        self.bends = (last, level)
        self.rows = min(self.rows + 1, 1000)
        # A jump says little about the noise.
        limit = 25 * self.noise if self.rows > 20 else float("inf")
        known = _BEGIN_ROWS if rules.begin_noise else 0
        self.noise += (min(bend, limit) - self.noise) / min(self.rows + known, 500)
        self.levels[:-1] = self.levels[1:]
        self.levels[-1] = level
        self.turn = (self.turn + 1) % rules.horizon_rows

    @property
    def sigma(self) -> float:
        """The noise of a reading; never nought."""
        return max(sqrt(self.noise), 1e-9 * (abs(self.bends[1]) + 1))

    def encode(self) -> bytes:
        """About 3 kB at a horizon of two hours, most of it what waits for its outcome."""
        head = array(
            "d",
            (
                self.row, self.rows, self.turn, self.drawn, self.level, *self.bends, self.noise,
                self.low, *self.marks,
            ),
        )  # fmt: skip
        parts = (self.levels.astype("<f8"), self.trail.astype("<f4"), self.features.astype("<f2"))
        horizon = len(self.trail).to_bytes(2, "little")
        return horizon + head.tobytes() + b"".join(one.tobytes() for one in parts)

    @classmethod
    def decode(cls, stored: bytes) -> Gauge:
        """Read what ``encode`` wrote.

        Raises:
            SchemaError: it is not a gauge's.
        """
        gauge = cls()
        horizon = int.from_bytes(stored[:2], "little")
        many = looks(horizon).rows if horizon else 0
        sizes = (2, 8 * _HEAD, 8 * many, 4 * horizon * MARKS * _TRAIL)
        wanted = sum(sizes) + 2 * horizon * MARKS * FEATURES
        if len(stored) != wanted:
            raise SchemaError(f"gauge: got {len(stored)} bytes, wanted {wanted}")
        ends = np.cumsum(sizes).tolist()
        head = np.frombuffer(stored[ends[0] : ends[1]], "<f8").tolist()
        gauge.row, gauge.rows, gauge.turn, gauge.drawn = (int(one) for one in head[:4])
        gauge.level, gauge.bends = head[4], (head[5], head[6])
        gauge.noise, gauge.low = head[7], head[8]
        gauge.marks = head[9:]
        gauge.levels = np.frombuffer(stored[ends[1] : ends[2]], "<f8").copy()
        trail = np.frombuffer(stored[ends[2] : ends[3]], "<f4").copy()
        gauge.trail = trail.reshape(horizon, MARKS, _TRAIL)
        features = np.frombuffer(stored[ends[3] :], "<f2").copy()
        gauge.features = features.reshape(horizon, MARKS, FEATURES)
        return gauge
