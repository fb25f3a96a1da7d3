"""Who is heard: how readily the people of an area report, and when an area falls silent.

Few reports may mean that little happens, or that little is said. When several people report
the same case, the time from one report to the next tells how readily they do so, whatever
the number of cases: after the first report, further ones come at the area's own rate for as
long as the case is open. An area is compared with others kind by kind, and with its own past.

Source: Liu, Bhandaram, Garg 2022, Quantifying spatial under-reporting disparities in
resident crowdsourcing, arXiv 2204.08620 (the rate from duplicates after the first report).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt
from typing import NamedTuple

from schemas.score import Share
from streams.summaries.tally import Rows

_Z = 1.6449
WINDOWS = (1, 3, 7, 14)
"""Days over which the fewness of reports is judged."""

LEAST_EXPECTED = 4.0
"""Further reports that must be expected, or have come, before anything is told of them."""

WATCHED_DAYS = 10
"""A case is watched for further reports at most so long after its first."""


class Heard(NamedTuple):
    """Reports of known cases in an area: how many further ones came, in how long, at what rate.

    Attributes:
        again: further reports of cases that somebody had reported. expected: how many cases
            of the same kinds get elsewhere in the same time.
        watched_min: minutes in which the cases were open after their first report.
        cases: how many they are.
    """

    again: int = 0
    expected: float = 0.0
    watched_min: int = 0
    cases: int = 0

    def plus(self, other: Heard) -> Heard:
        """Both together."""
        return Heard(
            self.again + other.again,
            self.expected + other.expected,
            self.watched_min + other.watched_min,
            self.cases + other.cases,
        )


def heard(areas: Mapping[str, Rows]) -> dict[str, Heard]:
    """Hold every area against all of them together, kind by kind.

    Args:
        areas: area → kind → counter → number, with ``again`` and ``watched_min``.
    """
    pool: dict[str, tuple[int, int]] = {}
    for rows in areas.values():
        for kind, counts in rows.items():
            again, watched = pool.get(kind, (0, 0))
            pool[kind] = (
                again + counts.get("again", 0),
                watched + counts.get("watched_min", 0),
            )
    found: dict[str, Heard] = {}
    for area, rows in areas.items():
        total = Heard()
        for kind, counts in rows.items():
            again, watched = pool[kind]
            mine = counts.get("watched_min", 0)
            total = total.plus(
                Heard(
                    counts.get("again", 0),
                    mine * again / watched if watched else 0.0,
                    mine,
                    counts.get("cases", 0),
                )
            )
        found[area] = total
    return found


def rate(each: Heard) -> Share:
    """How readily an area reports, 1 as usual: observed over expected, with its interval.

    The limits are those of a Poisson count (Byar's approximation, 90 %).
    """
    if each.expected < LEAST_EXPECTED:
        return Share(n=each.cases)
    low, high = poisson_limits(each.again)
    return Share(
        value=round(each.again / each.expected, 3),
        low=round(low / each.expected, 3),
        high=round(high / each.expected, 3),
        n=each.cases,
    )


def poisson_limits(count: float) -> tuple[float, float]:
    """Between which means a Poisson count lies, 90 % (Byar's approximation)."""
    low = 0.0
    if count > 0:
        low = max(0.0, count * (1 - 1 / (9 * count) - _Z / (3 * sqrt(count))) ** 3)
    up = count + 1.0
    high = up * (1 - 1 / (9 * up) + _Z / (3 * sqrt(up))) ** 3
    return low, high


def unreported(each: Heard) -> Share:
    """Estimated share of matters that nobody has reported a day after they began.

    At the rate at which further reports of known cases come, a first one comes too: exp(-rate
    x one day). Counting cases with one report and with more (the zero-truncated Poisson) would
    mistake quick work for few witnesses; the rate in the time that cases were open does not.
    Matters that few can see are rarely among the known ones, so the true share is higher.
    """
    if each.again < LEAST_EXPECTED or each.watched_min < 1:
        return Share(n=each.cases)
    low, high = poisson_limits(each.again)
    days = each.watched_min / 1_440
    return Share(
        value=round(exp(-each.again / days), 4),
        low=round(exp(-high / days), 4),
        high=round(exp(-low / days), 4),
        n=each.cases,
    )


@dataclass(frozen=True, slots=True)
class Quiet:
    """How an area's reports of the last days compare with its past.

    Attributes:
        days: of the window that is the least probable; observed, expected: reports in it.
        p: of so few or fewer, multiplied over windows; 1 with nothing to compare.
    """

    days: int
    observed: int
    expected: float
    p: float


def silence(own: Sequence[int], others: Sequence[int], weeks: int, history: int) -> Quiet | None:
    """Whether an area reports less than its own past and the course of its neighbours explain.

    The last one, three, seven and fourteen days are held against the same weekdays of the weeks
    before. A drop that the neighbours share (a holiday, dry weather) is taken out. The
    tail is that of a negative binomial, as uncertain as the past is short.

    Args:
        own, others: reports of each day up to the last complete one, oldest first, of the
            area and of its neighbours together; equally long.
        weeks: of the past that are looked at. history: of them, how many there must be.

    Returns:
        None while too little is known.
    """
    best: Quiet | None = None
    for window in WINDOWS:
        # Longer windows lie further apart, or the silence itself would be part of the past.
        ends = [
            len(own) - 7 * back
            for back in range(max(1, window // 7), weeks + 1, max(1, window // 7))
            if len(own) >= 7 * back + window
        ]
        if len(ends) < history:
            continue
        past = [sum(own[end - window : end]) for end in ends]
        beside = [sum(others[end - window : end]) for end in ends]
        mean = sum(past) / len(past)
        usual = sum(beside) / len(beside)
        course = min(1.0, sum(others[-window:]) / usual) if usual else 1.0
        spread = _dispersion(past, mean)
        observed = sum(own[-window:])
        p = _tail(observed, sum(past), len(past), course, spread)
        found = Quiet(window, observed, mean * course, min(1.0, p * len(WINDOWS)))
        if best is None or found.p < best.p:
            best = found
    return best


def _dispersion(past: Sequence[int], mean: float) -> float:
    """Variance over mean of the past, at least 1, drawn towards 1.5 while weeks are few."""
    if len(past) < 2 or mean <= 0:
        return 1.5
    variance = sum((each - mean) ** 2 for each in past) / (len(past) - 1)
    believed = len(past) / (len(past) + 4)
    return max(1.0, believed * variance / mean + (1 - believed) * 1.5)


def _tail(observed: int, total: int, weeks: int, course: float, spread: float) -> float:
    """P(so few or fewer), given what the past weeks brought: gamma-Poisson, overdispersed."""
    if total <= 0 or course <= 0:
        return 1.0
    shape = total / spread + 0.5
    p = weeks / (weeks + course)
    most = int(observed / spread)
    chance = 0.0
    for n in range(most + 1):
        chance += exp(
            lgamma(shape + n) - lgamma(shape) - lgamma(n + 1) + shape * log(p) + n * log(1 - p)
        )
    return min(1.0, chance)
