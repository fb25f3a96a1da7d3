"""Alarms held against events of a recording: hits, hours of lead, false alarms a month.

A detector gives each of its bins a score and says when it could have said so: when the bin
was over. Detectors of different bins are so compared by the clock. All are held against each
other at the same number of false alarms, each at the threshold that this takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.evaluate import ears
from agents.evaluate.bootstrap import of_mean, of_ratio
from agents.evaluate.report import Cell, Figure, Goal, Table
from streams.warning.counts.rhythm import RHYTHMS
from streams.warning.counts.series import Series

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

MONTH_H = 365.25 * 24 / 12
WEEKS_A_YEAR = 365.25 / 7.0
GAP_H = 24.0
"""Alarms of one series at most so many hours apart are one."""
DAY_H = 24
_STEPS = 400

ANCHORS = ("EARS C2 by day", "EARS C2 by hour", "EARS C2 of 24 hours, each hour")
OURS = ("ours by hour, score", "ours by hour, p", "ours by day, score", "ours by day, p")


class Event(NamedTuple):
    """What should be warned of; hours since the recording's first.

    Attributes:
        begin: from then on an alarm is a warning of it.
        peak: until then; lead counts to it.
        end: what is called between peak and end is neither right nor wrong.
        known: when its cause was known; None where nobody says.
    """

    begin: float
    peak: float
    end: float
    known: float | None = None


class Said(NamedTuple):
    """What a detector says of one series: how surprising, and at which hour."""

    hours: Floats
    scores: Floats


class Watched(NamedTuple):
    """One series: its events, and from when to when it is judged, in hours."""

    name: str
    events: tuple[Event, ...]
    first: float
    last: float


class Heard(NamedTuple):
    """A detector over all series at one threshold.

    Attributes:
        false: alarms that belong to no event, per series.
        called: per event of all series the hour of its first alarm; None for a miss.
    """

    limit: float
    false: tuple[int, ...]
    called: tuple[float | None, ...]


def heard(watched: Sequence[Watched], said: Sequence[Said], limit: float) -> Heard:
    """Judge one detector at a threshold; alarms need a score above it."""
    false: list[int] = []
    called: list[float | None] = []
    for one, told in zip(watched, said, strict=True):
        above = (told.scores > limit) & (told.hours > one.first) & (told.hours <= one.last)
        hours = told.hours[above]
        free = np.ones(len(hours), dtype=bool)
        for event in one.events:
            inside = (hours >= event.begin) & (hours <= event.end)
            free &= ~inside
            hits = hours[inside & (hours <= event.peak)]
            called.append(float(hits[0]) if len(hits) else None)
        # An alarm that begins within an event goes on after it as the same one.
        apart = np.diff(hours, prepend=-np.inf) > GAP_H
        false.append(int((apart & free).sum()))
    return Heard(limit, tuple(false), tuple(called))


def at_most(watched: Sequence[Watched], said: Sequence[Said], most: float) -> Heard:
    """The detector at its lowest threshold with at most so many false alarms in all."""
    everything = np.concatenate([told.scores for told in said])
    levels = np.unique(np.quantile(everything, 1 - np.geomspace(1e-6, 0.5, _STEPS)))
    best = heard(watched, said, float(everything.max()))
    for limit in levels[::-1].tolist():
        found = heard(watched, said, limit)
        if sum(found.false) > most:
            break
        best = found
    return best


def months(watched: Sequence[Watched]) -> float:
    """How long all series together are judged."""
    return sum(one.last - one.first for one in watched) / MONTH_H


def row(watched: Sequence[Watched], found: Heard, seed: int) -> tuple[Cell, ...]:
    """False alarms a month and series, share of the events warned of, hours of lead."""
    events = [event for one in watched for event in one.events]
    hits = [float(at is not None) for at in found.called]
    leads = [
        event.peak - at if at is not None else 0.0
        for event, at in zip(events, found.called, strict=True)
    ]
    spans = [(one.last - one.first) / MONTH_H for one in watched]
    return (
        of_ratio([float(n) for n in found.false], spans, seed, ".2f"),
        int(sum(hits)),
        of_mean(hits, seed, ".2f"),
        of_ratio(leads, hits, seed, ".0f"),
        of_mean(leads, seed, ".1f"),
    )


COLUMNS = (
    "detector", "false alarms a month and series", "events warned of", "share",
    "lead of these, hours",
    "lead of all, a miss as 0",
)  # fmt: skip


def goals(measure: str, table: Table, ours: str = OURS[0]) -> list[Goal]:
    """At equal false alarms: at least the share that the best anchor warns of, and its lead."""
    found = []
    for at, what in ((3, "share warned of"), (5, "hours of lead, a miss as 0")):
        cells = {str(row[0]): row[at] for row in table.rows}
        mine = cells[ours]
        assert isinstance(mine, Figure), "the table holds figures there"
        name, best = max(
            ((name, cells[name]) for name in ANCHORS), key=lambda each: _value(each[1])
        )
        wanted = float(format(_value(best), mine.form))
        found.append(Goal(f"{measure}: {what}", mine, wanted, f"{name} {best}"))
    return found


def _value(cell: Cell) -> float:
    return cell.value if isinstance(cell, Figure) else 0.0


# --- detectors --------------------------------------------------------------------------------


def by_hour(
    counts: Counts, learn: int | None = None, seen: NDArray[np.bool_] | None = None
) -> tuple[Said, Said]:
    """The score of each hour and the surprise of the hour alone, as a desk judges by the hour.

    Args:
        counts: per hour; hour 0 begins a Monday at 00:00 local.
        seen: false where nobody looked: such hours are unknown, not silent.
    """
    return _ours("hour", counts, 1.0, learn, seen)


def by_day(
    counts: Counts, learn: int | None = None, seen: NDArray[np.bool_] | None = None
) -> tuple[Said, Said]:
    """The same by days, said when a day is over; `counts` per day, from a Monday on."""
    return _ours("day", counts, float(DAY_H), learn, seen)


def _ours(
    width: str, counts: Counts, hours: float, learn: int | None, seen: NDArray[np.bool_] | None
) -> tuple[Said, Said]:
    rhythm = RHYTHMS[width](WEEKS_A_YEAR)
    series = Series(rhythm if learn is None else replace(rhythm, learn=learn))
    score, p = np.zeros(len(counts)), np.full(len(counts), -1.0)
    for at, count in enumerate(counts.tolist()):
        if seen is not None and not seen[at]:
            continue
        answer = series.close(at, count)
        if answer is not None:
            score[at], p[at] = answer.score, -answer.p
    when = _after(len(counts), hours)
    return Said(when, score), Said(when, p)


def _after(bins: int, hours: float = 1.0) -> Floats:
    """The hour at which each bin is over."""
    found: Floats = np.arange(1, bins + 1, dtype=np.float64) * hours
    return found


def ears_by_day(counts: Counts) -> Said:
    """EARS C2 of each day, said when the day is over."""
    return Said(_after(len(counts), float(DAY_H)), ears.c2(counts))


def ears_by_hour(counts: Counts) -> Said:
    """EARS C2 of each hour against the seven hours before."""
    return Said(_after(len(counts)), ears.c2(counts))


def ears_each_hour(counts: Counts) -> Said:
    """EARS C2 of the last 24 hours against such sums of seven days before, each hour."""
    whole = np.concatenate(([0], np.cumsum(counts)))
    sums = whole[DAY_H:] - whole[:-DAY_H]
    scores = np.zeros(len(counts))
    first = (ears.LAG + ears.BASELINE) * DAY_H
    if len(sums) > first:
        back = np.stack(
            [sums[first - lag * DAY_H : len(sums) - lag * DAY_H]
             for lag in range(ears.LAG + 1, ears.LAG + ears.BASELINE + 1)]
        )  # fmt: skip
        sd = np.maximum(back.std(axis=0, ddof=1), ears.LEAST_SD)
        scores[first + DAY_H - 1 :] = (sums[first:] - back.mean(axis=0)) / sd
    return Said(_after(len(counts)), scores)


def days_of(counts: Counts) -> Counts:
    """Sums of whole days of hourly counts."""
    whole = len(counts) // DAY_H * DAY_H
    found: Counts = counts[:whole].reshape(-1, DAY_H).sum(axis=1)
    return found


def contestants(counts: Counts, seen: NDArray[np.bool_] | None = None) -> dict[str, Said]:
    """All detectors on one series of hourly counts; a fortnight is learned from."""
    days = days_of(counts)
    hour_score, hour_p = by_hour(counts, seen=seen)
    day_score, day_p = by_day(days, learn=14)
    told = (ears_by_day(days), ears_by_hour(counts), ears_each_hour(counts))
    ours = (hour_score, hour_p, day_score, day_p)
    return dict(zip((*ANCHORS, *OURS), (*told, *ours), strict=True))
