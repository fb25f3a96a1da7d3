"""Counts of cities that never were, with outbreaks whose begin and size are known.

The weekly scenarios and the daily signals are the published ones; the hourly and the daily
fleet are our own: levels, rhythms and scatter vary from series to series as they do from
street to street. The same seed gives the same counts.

Sources: Noufaily et al. 2013, Statist. Med. 32:1206 (42 weekly scenarios, outbreak shape);
Noufaily et al. 2019, Bioinformatics 35:3110 (16 daily signals).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Chance = np.random.Generator


class Scenario(NamedTuple):
    """One series: what is usual, and an outbreak on top of it.

    Attributes:
        name: scenario or signal.
        mean: the usual mean of each bin.
        scatter: ratio of variance to mean.
        usual: counts without the outbreak.
        extra: the outbreak's counts; zero where there is none.
        learn: bins before any outbreak that is judged.
        strength: size of the outbreak, in standard deviations (per bin, or of its sum).
    """

    name: str
    mean: Floats
    scatter: float
    usual: Ints
    extra: Ints
    learn: int
    strength: float

    @property
    def bins(self) -> list[int]:
        """The bins in which the outbreak adds counts."""
        return [int(at) for at in np.nonzero(self.extra)[0]]


def scattered(chance: Chance, mean: Floats, scatter: float) -> Ints:
    """Negative-binomial counts with this mean and ratio of variance to mean."""
    if scatter > 1.0:
        mean = chance.gamma(mean / (scatter - 1.0)) * (scatter - 1.0)
    return chance.poisson(mean).astype(np.int64)


def lognormal_outbreak(
    chance: Chance, bins: int, start: int, size: float, interval: float = 1.0
) -> Ints:
    """At least two cases, Poisson in number, spread over time by a lognormal (0, 0.5).

    Args:
        size: expected cases, above 0.
        interval: length of a bin in units of the lognormal.
    """
    cases = 0
    while cases < 2:
        cases = int(chance.poisson(size))
    at = start + np.floor(chance.lognormal(0.0, 0.5, cases) / interval).astype(np.int64)
    return np.bincount(at[at < bins], minlength=bins).astype(np.int64)


# Level, scatter, trend, and the two coefficients of each harmonic of the year.
_WEEKLY = (
    (0.1, 1.5, 0.0025, 0.6, 0.6),
    (-2.0, 2.0, 0.005, 0.1, 0.3),
    (1.5, 1.0, 0.003, 0.2, -0.4),
    (0.5, 5.0, 0.002, 0.5, 0.5),
    (2.5, 3.0, 0.001, 1.0, 0.1),
    (3.75, 1.1, 0.001, 0.1, -0.1),
    (5.0, 1.2, 0.0001, 0.05, 0.01),
)
WEEKS = 624
_PAST_OUTBREAKS_FROM = 312
_NOW_FROM = 575


def weekly(seed: int, repeats: int) -> Iterator[Scenario]:
    """The 42 scenarios, each so often: 624 weeks, the outbreak within the last 49.

    Four outbreaks of 2, 3, 5 or 10 standard deviations lie in the past, unmarked.
    """
    chance = np.random.default_rng(seed)
    t = np.arange(1, WEEKS + 1)
    for number, (level, scatter, trend, first, second) in enumerate(_WEEKLY):
        for harmonics in range(3):
            for rising in range(2):
                angles = [2.0 * np.pi * j * t / 52.0 for j in range(1, harmonics + 1)]
                log_mean = level + rising * trend * t
                for angle in angles:
                    log_mean = log_mean + first * np.cos(angle) + second * np.sin(angle)
                mean = np.exp(log_mean)
                name = f"{6 * number + 2 * harmonics + rising + 1}"
                for _ in range(repeats):
                    yield _one_weekly(chance, name, mean, scatter)


def _one_weekly(chance: Chance, name: str, mean: Floats, scatter: float) -> Scenario:
    usual = scattered(chance, mean, scatter)
    past = chance.choice(np.arange(_PAST_OUTBREAKS_FROM, _NOW_FROM), 4, replace=False)
    for start in past:
        size = float(chance.choice([2, 3, 5, 10])) * np.sqrt(mean[start] * scatter)
        usual = usual + lognormal_outbreak(chance, WEEKS, int(start), size)
    start = _NOW_FROM + int(chance.integers(WEEKS - _NOW_FROM))
    strength = float(chance.integers(1, 11))
    size = strength * np.sqrt(mean[start] * scatter)
    extra = lognormal_outbreak(chance, WEEKS, start, size)
    return Scenario(name, mean, scatter, usual, extra, _NOW_FROM, strength)


class _Signal(NamedTuple):
    """A daily signal: days a week, level, trend, harmonics of year and week, and their size."""

    days: int
    level: float
    trend: float
    year: tuple[int, float, float]
    week: tuple[int, float, float]
    scatter: float
    shift: int
    divided: int = 1
    wave: float = 0.0


_SIGNALS = {
    "1": _Signal(7, 6.0, 0.0, (1, 0.2, 0.2), (2, 0.5, 0.4), 2.0, 29),
    "2": _Signal(7, 0.5, 0.0, (1, 1.5, 1.4), (2, 0.5, 0.4), 1.0, -167),
    "3": _Signal(7, 5.5, 0.0, (0, 0.0, 0.0), (2, 0.3, 0.25), 1.0, 1),
    "4": _Signal(7, 2.0, 0.0, (0, 0.0, 0.0), (2, 0.3, 0.25), 1.0, 1),
    "5": _Signal(5, 6.0, 0.0, (1, 0.3, 2.0), (1, 0.3, 0.5), 1.5, -50, 10, 1_200.0),
    "6": _Signal(5, 1.0, 0.0, (1, 0.1, 2.0), (1, 0.05, 0.05), 1.0, -50, 1, 750.0),
    "7": _Signal(5, 6.0, 0.0001, (0, 0.0, 0.0), (1, 0.6, 0.9), 1.5, 0, 10),
    "8": _Signal(5, 3.0, 0.0, (1, 1.5, 0.1), (1, 0.2, 0.3), 1.0, -150),
    "9": _Signal(5, 3.0, 0.0, (1, 0.2, 0.1), (1, 0.05, 0.15), 1.0, -200),
    "10": _Signal(5, 5.0, 0.0, (1, 0.2, 0.1), (1, 0.05, 0.1), 1.0, 0),
    "11": _Signal(5, 0.5, 0.0, (2, 0.4, 0.0), (1, 0.05, 0.15), 1.0, 0),
    "12": _Signal(5, 9.0, 0.0, (1, 0.5, 0.2), (1, 0.2, 0.5), 1.0, 0, 100),
    "13": _Signal(7, 2.0, 0.0005, (1, 0.8, 0.8), (2, 0.8, 0.4), 4.0, 57),
    "14": _Signal(7, 0.05, 0.0, (4, 0.01, 0.01), (1, 1.8, 0.1), 1.0, -85),
    "15": _Signal(7, 3.0, 0.0, (1, 0.8, 0.6), (2, 0.8, 0.4), 4.0, 29, 1, 3_150.0),
    "16": _Signal(7, 6.0, 0.0, (0, 0.0, 0.0), (2, 0.8, 0.4), 4.0, 1),
}
SEVEN_DAYS = tuple(name for name, signal in _SIGNALS.items() if signal.days == 7)
FIVE_DAYS = tuple(name for name, signal in _SIGNALS.items() if signal.days == 5)
YEARS = 7
_WEEKEND_WEIGHT = 2.0


def daily(
    seed: int, repeats: int, names: tuple[str, ...], waves: bool = True
) -> Iterator[Scenario]:
    """The daily signals, each so often: seven years of 364 days, the outbreak in the last 49 weeks.

    Args:
        waves: three signals have a wave each year that is no outbreak, as published.
    """
    chance = np.random.default_rng(seed)
    for name in names:
        for repeat in range(repeats):
            yield _one_daily(chance, name, (2.0, 3.0, 5.0, 10.0)[repeat % 4], waves)


def _one_daily(chance: Chance, name: str, strength: float, waves: bool) -> Scenario:
    signal = _SIGNALS[name]
    bins = 52 * signal.days * YEARS
    t = np.arange(1, bins + 1) + signal.shift
    log_mean = signal.level + signal.trend * t
    for (harmonics, first, second), period in (
        (signal.year, 52 * signal.days),
        (signal.week, signal.days),
    ):
        for order in range(1, harmonics + 1):
            angle = 2.0 * np.pi * order * t / period
            log_mean = log_mean + first * np.cos(angle) + second * np.sin(angle)
    mean = np.exp(log_mean)
    usual: Floats = scattered(chance, mean, signal.scatter) / signal.divided
    if waves and signal.wave:
        for year in range(YEARS):
            # The waves of the five-day signals begin in the first weeks, the other's in autumn.
            first_day = 210 if signal.days == 7 else 1
            start = year * 52 * signal.days + first_day + int(chance.integers(20))
            size = signal.wave * np.sqrt(mean[start] * signal.scatter)
            usual = usual + lognormal_outbreak(chance, bins, start, size, interval=0.02)
    learn = bins - 49 * signal.days
    start = learn + int(chance.integers(49 * signal.days))
    size = strength * signal.days * np.sqrt(mean[start] * signal.scatter)
    cases = lognormal_outbreak(chance, bins, start, size, interval=0.25)
    weights = np.ones(bins)
    if signal.days == 7:
        weights[(np.arange(1, bins + 1) % 7 == 0) | (np.arange(1, bins + 1) % 7 == 6)] = (
            _WEEKEND_WEIGHT
        )
    extra = np.rint(cases * weights)
    columns = [mean / signal.divided, np.rint(usual), extra]
    if signal.days == 5:
        columns = [_with_weekends(column) for column in columns]
        learn = learn // 5 * 7
    full_mean, counts, outbreak = columns
    return Scenario(
        name,
        full_mean,
        signal.scatter,
        counts.astype(np.int64),
        outbreak.astype(np.int64),
        learn,
        strength,
    )


def _with_weekends(column: Floats) -> Floats:
    """Five days a week made seven: nothing comes at weekends."""
    return np.pad(column.reshape(-1, 5), ((0, 0), (0, 2))).reshape(-1)


def _street(chance: Chance, low: float = 0.05, high: float = 30.0) -> tuple[float, float, Floats]:
    """Level, scatter and weekdays of one street's kind of report."""
    level = float(np.exp(chance.uniform(np.log(low), np.log(high))))
    weekdays = chance.normal(0.0, 0.15, 7)
    return level, float(chance.uniform(1.0, 3.0)), weekdays - weekdays.mean()


def _block(
    chance: Chance, mean: Floats, scatter: float, from_: int, longest: int
) -> tuple[Ints, float]:
    """A rise of constant height somewhere: 2, 3, 5 or 8 standard deviations of its sum."""
    shortest = 3
    length = int(chance.integers(shortest, longest + 1))
    start = from_ + int(chance.integers(len(mean) - from_ - length))
    strength = float(chance.choice([2.0, 3.0, 5.0, 8.0]))
    size = strength * np.sqrt(scatter * mean[start : start + length].sum())
    extra = np.zeros(len(mean), dtype=np.int64)
    extra[start : start + length] = chance.poisson(size / length, length)
    return extra, strength


def hourly(seed: int, series: int, weeks: int = 12, learn_weeks: int = 8) -> Iterator[Scenario]:
    """Streets with 0.05 to 30 reports an hour and one rise each of 3 to 48 hours."""
    chance = np.random.default_rng(seed)
    hours = np.arange(24 * 7 * weeks)
    learn = 24 * 7 * learn_weeks
    for _ in range(series):
        level, scatter, weekdays = _street(chance)
        log_mean = np.log(level) + weekdays[hours // 24 % 7]
        for order in (1, 2):
            angle = 2.0 * np.pi * order * hours / 24.0
            first, second = chance.normal(0.0, 0.6 / order, 2)
            log_mean = log_mean + first * np.cos(angle) + second * np.sin(angle)
        mean = np.exp(log_mean)
        usual = scattered(chance, mean, scatter)
        extra, strength = _block(chance, mean, scatter, learn, 48)
        yield Scenario("hour", mean, scatter, usual, extra, learn, strength)


def _swell(chance: Chance, mean: Floats, scatter: float, from_: int) -> tuple[Ints, float]:
    """A rise of 3 to 14 bins that swells and fades: 3, 5 or 8 standard deviations of its sum."""
    length = int(chance.integers(3, 15))
    start = from_ + int(chance.integers(len(mean) - from_ - length))
    strength = float(chance.choice([3.0, 5.0, 8.0]))
    at = (np.arange(length) + 0.5) / length
    form = at * np.exp(-3.0 * at)
    size = strength * np.sqrt(scatter * mean[start : start + length].sum())
    extra = np.zeros(len(mean), dtype=np.int64)
    extra[start : start + length] = chance.poisson(size * form / form.sum())
    return extra, strength


def fleet(
    seed: int, series: int, outbreaks: int, learn: int, days: int, swelling: bool = False
) -> list[Scenario]:
    """A city's streets and kinds, by day: few of them have one rise of 3 to 14 days.

    Args:
        swelling: rises swell and fade, and are of 3, 5 or 8 standard deviations; otherwise they
            are of constant height and 2, 3, 5 or 8.
    """
    chance = np.random.default_rng(seed)
    t = np.arange(learn + days)
    with_one = set(chance.choice(series, outbreaks, replace=False).tolist())
    found = []
    for number in range(series):
        level, scatter, weekdays = _street(chance)
        swing, phase = chance.uniform(0.0, 0.3), chance.uniform(0.0, 2.0 * np.pi)
        log_mean = np.log(level) + weekdays[t % 7] + swing * np.cos(2.0 * np.pi * t / 364 + phase)
        mean = np.exp(log_mean)
        usual = scattered(chance, mean, scatter)
        extra, strength = np.zeros(len(t), dtype=np.int64), 0.0
        if number in with_one and swelling:
            extra, strength = _swell(chance, mean, scatter, learn)
        elif number in with_one:
            extra, strength = _block(chance, mean, scatter, learn, 14)
        found.append(Scenario("fleet", mean, scatter, usual, extra, learn, strength))
    return found
