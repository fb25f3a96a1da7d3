"""How counts of one bin width ebb and flow, and how fast that may change.

A series of weeks has a year and a trend, one of days a year and a week, one of hours a
day and a week. The constants are those of the method, the same in every city; what a city
decides (levels, budgets, holidays) is not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import cos, pi, sin
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Width = Literal["week", "day", "hour"]
Array = NDArray[np.float64]
Singles = NDArray[np.float32]
"""Single precision, in which states are stored."""

WEEKS_A_YEAR = 52.0
"""A year of numbered bins, which have no calendar; real ones have 365.25 / 7."""

_TABLE = 4_096
_CONTRASTS = [[float(day == i) - (day == 6) for i in range(6)] for day in range(7)]
"""Of each weekday: 1 for its own, all -1 on Sunday."""
_RIPENING = 3.0
"""A third of the age: earlier bins weigh as the square of it."""


@dataclass(frozen=True)
class Rhythm:
    """What is learned of a series of one bin width.

    Attributes:
        weeks_a_year: length of the year in weeks.
        extras: further regressors that the caller gives for each bin, such as a holiday (0 or
            1) or rain (log of 1 + mm); their effect on the logarithm of the expected count is
            learned.
        year, day: harmonics of the year and of the day.
        weekdays: six contrasts between weekdays.
        trend: the level may drift by a learned slope.
        level_memory, season_memory: what is kept of the knowledge of level and of the rest
            from bin to bin.
        season_sd, year_sd: prior standard deviation of a seasonal term, and of one of the year,
            on the log scale.
        learn: bins that are learned from before the first is judged.
        shift: the rise that evidence is gathered for, in standard deviations of a bin.
        hold: what is kept of earlier evidence from bin to bin.
        lull: probability that a bin within a rise shows nothing of it.
        calm_most: evidence that is kept at most once a bin brings no more than expected: the
            higher, the longer a rise is said to last.
        carry_most: evidence of earlier bins that counts at most with a bin: what came after a
            great outbreak must be a rise of its own to be told as gravely.
        alone, alone_shift: share of a score that is the evidence of the bin alone, and the
            rise that it is weighed for: a rise of a bin or two is told at once.
        scatter_memory: what is kept of the dispersion sums.
        scatter_ripens: the dispersion of a young series is remembered for a third of its age and
            of so many bins: what it erred by before it knew its seasons is not held against it
            for years. 0: as long as `scatter_memory` says from the first bin on.
        scatter_counts, scatter_bins: so many counts, and in busy series at least so many bins,
            is the dispersion worth that is assumed at first: a bin of a busy series says no
            more about it than one of a middling series.
        drift_pace: how fast old normal scores fade from the mean that shows a moved level.
        moved: that mean, beyond which the level has plainly moved and is learned anew.
        tail: c and κ of P(evidence ≥ x) ≈ c·x^-κ when nothing happens.
    """

    width: Width
    weeks_a_year: float = WEEKS_A_YEAR
    extras: tuple[str, ...] = ()
    year: int = 0
    day: int = 0
    weekdays: bool = False
    trend: bool = False
    level_memory: float = 0.999
    season_memory: float = 0.9999
    season_sd: float = 0.32
    year_sd: float = 0.32
    learn: int = 56
    shift: float = 2.0
    hold: float = 0.9
    lull: float = 0.0
    calm_most: float = 1e3
    carry_most: float = 1e15
    alone: float = 0.0
    alone_shift: float = 3.5
    scatter_memory: float = 0.998
    scatter_ripens: float = 0.0
    scatter_counts: float = 20.0
    scatter_bins: float = 0.0
    drift_pace: float = 0.05
    moved: float = 1.2
    tail: tuple[float, float] = (1.0, 1.0)
    _cache: dict[int, Array] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def bins_a_day(self) -> int:
        """Bins in a day; 0 for bins longer than a day."""
        return {"hour": 24, "day": 1, "week": 0}[self.width]

    @cached_property
    def bins_a_week(self) -> int:
        """Bins in a week."""
        return {"hour": 168, "day": 7, "week": 1}[self.width]

    @cached_property
    def bins_a_year(self) -> float:
        """Bins in a year."""
        return self.weeks_a_year * self.bins_a_week

    @cached_property
    def size(self) -> int:
        """Number of terms: level, slope, seasons, extras."""
        seasons = 2 * self.year + 2 * self.day + 6 * self.weekdays
        return 1 + self.trend + seasons + len(self.extras)

    @cached_property
    def first_season(self) -> int:
        """Index of the first term behind level and slope."""
        return 1 + self.trend

    @cached_property
    def first_extra(self) -> int:
        """Index of the first of the caller's regressors."""
        return self.size - len(self.extras)

    @cached_property
    def prior_sd(self) -> Array:
        """Standard deviation of each term before anything is known."""
        sd = np.full(self.size, self.season_sd)
        sd[0] = 1.4
        if self.trend:
            # A trend of 0.7 over ten years, per bin.
            sd[1] = 0.07 / self.bins_a_year
        sd[self.first_season : self.first_season + 2 * self.year] = self.year_sd
        sd[self.first_extra :] = 1.0
        return sd

    @cached_property
    def most_sd(self) -> Array:
        """Standard deviation that a term has at most, however long it is not seen."""
        return 2.0 * self.prior_sd

    @cached_property
    def forgetting(self) -> Array:
        """Factor on each standard deviation for one bin of forgetting."""
        keep = np.full(self.size, self.season_memory)
        keep[: self.first_season] = self.level_memory
        factor: Array = 1.0 / np.sqrt(keep)
        return factor

    def scatter_kept(self, seen: int) -> float:
        """What is kept of the dispersion sums when a bin is learned after so many others."""
        if not self.scatter_ripens:
            return self.scatter_memory
        return min(self.scatter_memory, 1.0 - _RIPENING / (seen + self.scatter_ripens))

    def regressors(self, at: int, extra: tuple[float, ...] = ()) -> Array:
        """The row of the design for a bin; do not change it.

        Args:
            at: number of the bin; bin 0 begins on a Monday at 00:00.
            extra: one value for each of `extras`.

        Raises:
            ValueError: as many values as `extras` were wanted.
        """
        if len(extra) != len(self.extras):
            raise ValueError(f"extra: got {len(extra)} values, wanted {len(self.extras)}")
        known = at if self.year else at % self.bins_a_week
        row = self._cache.get(known)
        if row is None:
            row = np.array(self._row(at))
            if len(self._cache) >= _TABLE:
                self._cache.clear()
            self._cache[known] = row
        if extra:
            row = row.copy()
            row[self.first_extra :] = extra
        return row

    def _row(self, at: int) -> list[float]:
        row = [1.0]
        if self.trend:
            row.append(0.0)
        around = 2.0 * pi * at / self.bins_a_year
        for order in range(1, self.year + 1):
            row += [cos(order * around), sin(order * around)]
        if self.bins_a_day:
            clock = 2.0 * pi * (at % self.bins_a_day) / self.bins_a_day
            for order in range(1, self.day + 1):
                row += [cos(order * clock), sin(order * clock)]
            weekday = at // self.bins_a_day % 7
            if self.weekdays:
                row += _CONTRASTS[weekday]
        return row + [0.0] * len(self.extras)


def weekly(weeks_a_year: float = WEEKS_A_YEAR, extras: tuple[str, ...] = ()) -> Rhythm:
    """Weeks: two harmonics of the year, a trend."""
    return Rhythm(
        width="week",
        weeks_a_year=weeks_a_year,
        extras=extras,
        year=2,
        trend=True,
        level_memory=0.998,
        season_memory=0.9995,
        learn=52,
        shift=2.0,
        hold=0.6,
        lull=0.07,
        calm_most=500.0,
        carry_most=1e3,
        drift_pace=0.1,
        moved=1.6,
        tail=(1.5, 1.43),
    )


def daily(weeks_a_year: float = WEEKS_A_YEAR, extras: tuple[str, ...] = ()) -> Rhythm:
    """Days: one harmonic of the year, weekdays."""
    return Rhythm(
        width="day",
        weeks_a_year=weeks_a_year,
        extras=extras,
        year=1,
        weekdays=True,
        level_memory=0.994,
        season_memory=0.9995,
        season_sd=0.25,
        year_sd=0.2,
        learn=56,
        scatter_memory=0.9995,
        scatter_ripens=800.0,
        scatter_counts=40.0,
        scatter_bins=20.0,
        shift=2.2,
        hold=0.9,
        lull=0.07,
        calm_most=1e10,
        alone=0.6,
        tail=(0.65, 1.15),
    )


def hourly(weeks_a_year: float = WEEKS_A_YEAR, extras: tuple[str, ...] = ()) -> Rhythm:
    """Hours: three harmonics of the day, weekdays."""
    return Rhythm(
        width="hour",
        weeks_a_year=weeks_a_year,
        extras=extras,
        day=3,
        weekdays=True,
        level_memory=0.998,
        season_memory=0.9999,
        scatter_memory=0.9995,
        learn=336,
        shift=1.0,
        hold=0.97,
        calm_most=300.0,
        carry_most=1e4,
        drift_pace=0.03,
        tail=(20.0, 1.5),
    )


RHYTHMS = {"week": weekly, "day": daily, "hour": hourly}
