"""The scoreboard of 源头治理: how far a city has come from treating incidents to removing causes.

Every figure says of how many it is and between which values it lies; a share of too few is
unknown, never zero and never all. What cannot be known from what the city writes down is not
guessed: an incident that a warning prevented, one that nobody reported.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt

from schemas.score import Line, Share
from streams.summaries.tally import LAST_BUCKET, PER_OCTAVE, Counts, Rows, time_counter

ALL = "*"
"""The line that sums over all kinds."""

WEEK_MIN = 7 * 24 * 60
_AT = "@"
MOST_MINUTES = 2_000
"""First reports of a kind in a week that are held against warnings; more are not judged."""

MOST_WARNINGS = 300
"""Warnings of a kind in a week that are remembered; more change nothing."""

_Z = 1.6449


def share(part: float, whole: int, told_from: int = 1) -> Share:
    """A share with Wilson's score interval, 90 %; of fewer than `told_from` it is unknown.

    Source: Wilson 1927, JASA 22:209.
    """
    if whole < max(1, told_from):
        return Share(n=whole)
    p, n = part / whole, float(whole)
    centre = p + _Z * _Z / (2 * n)
    reach = _Z * sqrt(max(0.0, p * (1 - p) / n) + _Z * _Z / (4 * n * n))
    down = 1 + _Z * _Z / n
    low, high = max(0.0, (centre - reach) / down), min(1.0, (centre + reach) / down)
    return Share(value=round(p, 4), low=round(low, 4), high=round(high, 4), n=whole)


def hold_against(
    minutes: Sequence[int], warned: Sequence[int], within_min: int
) -> tuple[list[int], list[int]]:
    """Which first reports a warning came before, within so many minutes.

    Args:
        minutes: of the week, of first reports. warned: of warnings, in order; those of
            the week before are negative.

    Returns:
        How long before, for each that was warned of (the earliest warning that reaches it),
        and the minutes of the others.
    """
    leads: list[int] = []
    others: list[int] = []
    for minute in minutes:
        first = bisect_left(warned, minute - within_min)
        if first < len(warned) and warned[first] < minute:
            leads.append(minute - warned[first])
        else:
            others.append(minute)
    return leads, others


def covered(warned: Sequence[int], within_min: int, until_min: int = WEEK_MIN) -> float:
    """Share of the week, up to a minute, in which a report would count as warned of.

    What warnings at random times would reach: the yardstick of the share that they do reach.
    """
    end, total = 0, 0
    for begin in warned:
        start = max(end, begin, 0)
        end = max(end, min(begin + within_min, until_min))
        total += max(0, end - start)
    return min(1.0, total / until_min) if until_min > 0 else 0.0


def by_chance(
    minutes: Sequence[int], warned: Sequence[int], within_min: int, until_min: int = WEEK_MIN
) -> float:
    """How many reports would count as warned of, had they come at random times.

    Only those after the first warning of the week: many warnings are caused by reports, and
    these cannot come after what they caused.
    """
    if not warned:
        return 0.0
    first = max(0, warned[0])
    later = sum(minute > first for minute in minutes)
    if not later or until_min <= first:
        return 0.0
    reached = covered(warned, within_min, until_min) * until_min / (until_min - first)
    return min(1.0, reached) * later


@dataclass(slots=True)
class Judged:
    """A week's rows with the warnings of one desk held against them.

    Attributes:
        rows: as given, with ``preceded``, leads and ``chance`` (thousandths) of the reports
            that this desk's warnings came before. unforeseen: what is left for the desk above.
    """

    rows: Rows
    unforeseen: dict[str, list[int]]


def at_place(kind: str, place: str) -> str:
    """What a warning about one place is held against: reports of the kind there, no others."""
    return f"{kind}{_AT}{place}"


def kind_of(name: str) -> str:
    """The kind, of a kind or of a kind at one place."""
    return name.partition(_AT)[0]


def judge(
    rows: Rows,
    unforeseen: Mapping[str, Sequence[int]],
    warned: Mapping[str, Sequence[int]],
    within_min: int,
    until_min: int = WEEK_MIN,
) -> Judged:
    """Hold a desk's warnings against the reports that nobody below was warned of.

    Args:
        unforeseen, warned: minutes by kind, or by kind and place (`at_place`). What no
            warning about its place came before is then held against those about its kind.
    """
    judged = Judged({kind: dict(counts) for kind, counts in rows.items()}, {})
    left: dict[str, list[int]] = {}
    for name, minutes in unforeseen.items():
        kind = kind_of(name)
        others: Sequence[int] = minutes
        if kind != name and name in warned and minutes:
            counts = judged.rows.setdefault(kind, {})
            others = _hold(counts, sorted(minutes), sorted(warned[name]), within_min, until_min)
        left.setdefault(kind, []).extend(others)
    for kind, minutes in left.items():
        others = sorted(minutes)
        if kind in warned and others:
            counts = judged.rows.setdefault(kind, {})
            others = _hold(counts, others, sorted(warned[kind]), within_min, until_min)
        if others or kind in warned:
            judged.unforeseen[kind] = list(others)
    return judged


def _hold(
    counts: Counts, minutes: Sequence[int], warned: Sequence[int], within_min: int, until_min: int
) -> list[int]:
    """Count what was warned of, and what would have been by chance; answers the others."""
    leads, others = hold_against(minutes, warned, within_min)
    _raise(counts, "chance", round(1_000 * by_chance(minutes, warned, within_min, until_min)))
    _raise(counts, "preceded", len(leads))
    for lead in leads:
        _raise(counts, time_counter(lead), 1)
    return others


def _raise(counts: Counts, name: str, number: int) -> None:
    if number:
        counts[name] = counts.get(name, 0) + number


def quantile_min(counts: Mapping[str, int], wanted: float) -> float | None:
    """A quantile of the times in a row, minutes: the geometric middle of its bucket."""
    buckets = sorted(
        (int(name[1:]), number)
        for name, number in counts.items()
        if name[0] == "t" and name[1:].isdigit()
    )
    number = sum(n for _, n in buckets)
    below = 0
    for bucket, n in buckets:
        below += n
        if below >= wanted * number:
            middle = min(bucket, LAST_BUCKET) - 0.5
            return 0.5 if bucket == 0 else round(2 ** (middle / PER_OCTAVE), 1)
    return None


def line(counts: Counts, tier: str, told_from: int) -> Line:
    """The figures that follow from one row of counts."""
    get = counts.get
    reported, preceded = get("reported", 0), get("preceded", 0)
    right, wrong = get("confirmed", 0), get("false", 0) + get("no_finding", 0)
    opened = max(0, get("opened", 0) - get("rejected", 0))
    ended = get("closed", 0) + get(f"lifted_from_{tier}", 0)
    warned_of = share(preceded, reported, told_from)
    known = warned_of.value is not None
    answered = right + wrong + get("duplicate", 0)
    return Line(
        counts={name: counts[name] for name in sorted(counts)},
        preceded=warned_of,
        preceded_by_chance=round(get("chance", 0) / 1_000 / reported, 4) if known else None,
        lead_p50_min=quantile_min(counts, 0.5),
        lead_p90_min=quantile_min(counts, 0.9),
        precision=share(right, right + wrong, told_from),
        unanswered=max(0, get("warnings", 0) - answered),
        recurrent=share(min(opened, get("recurrent", 0)), opened, told_from),
        settled_low=share(min(ended, get("low", 0)), ended, told_from),
        calls=get("calls", 0),
    )


def whole(rows: Rows) -> Counts:
    """All kinds together."""
    total: Counts = {}
    for counts in rows.values():
        for name, number in counts.items():
            total[name] = total.get(name, 0) + number
    return total


@dataclass(frozen=True, slots=True)
class Effect:
    """A place before and after its measure: cases and days of each, and the ratio of the rates.

    ``low`` and ``high`` bound the ratio, 90 %: above 1 the place became worse.
    """

    before: int
    before_days: int
    after: int
    after_days: int
    ratio: float | None
    low: float
    high: float


def effect(cases: Sequence[int], since: int, measured: int, today: int) -> Effect | None:
    """How often a place had cases after a measure, against before; None on the day itself.

    Of all cases before and after, the share after is binomial; its Wilson interval gives
    that of the ratio of the two rates.

    Args:
        cases: days (ordinals) of its cases. since: the first day that is known.
    """
    before_days, after_days = measured - since, today - measured
    if before_days < 1 or after_days < 1:
        return None
    before = sum(since <= day < measured for day in cases)
    after = sum(measured <= day < today for day in cases)
    if not before + after:
        return None
    part = share(after, before + after)
    scale = before_days / after_days

    def odds(p: float | None) -> float:
        p = 0.0 if p is None else p
        return scale * p / (1 - p) if p < 1 else inf

    ratio = odds(part.value) if before else None
    return Effect(before, before_days, after, after_days, ratio, odds(part.low), odds(part.high))
