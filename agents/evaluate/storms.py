"""Storms and other rises in a year of a city's service requests, kind by kind and by ward.

Boston's winter of early 2015 is public record: the days of its storms are labels nobody here
made. Of the other rises of the year there is no record; they are defined by the recording's
own later course, which no detector sees.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from agents.evaluate import alarms
from agents.evaluate.alarms import Counts, Event, Heard, Said, Watched
from agents.evaluate.report import Cell, Evaluation, Goal, Plan, Table
from schemas.errors import InputError

FOLDER = "boston311_2015"
MAIN = "boston311_2015.csv.gz"
MORE = "open311_supplement_2015.csv.gz"

MONDAY = date(2014, 12, 29)
"""Hour 0 of the recording: the Monday before its first day."""
FIRST, LAST = date(2015, 1, 15), date(2016, 1, 1)
"""A fortnight is learned from; then it is judged to the year's end."""
LEAST = 100
"""Requests a year that a kind must have to be watched."""
STORM_DAYS = (
    (date(2015, 1, 26), date(2015, 1, 28)),
    (date(2015, 2, 2), date(2015, 2, 2)),
    (date(2015, 2, 7), date(2015, 2, 10)),
    (date(2015, 2, 14), date(2015, 2, 15)),
)
"""First and last day of the storms on public record."""
STORM_KINDS = (
    "Misc. Snow Complaint",
    "Request for Snow Plowing (Emergency Responder)",
    "Sidewalk Not Shoveled",
    "Heat - Excessive  Insufficient",
)
"""Kinds that storms are said to show in."""
RISE_TIMES, AROUND = 3.0, 28
RISE_LEAST = {"city": 12, "ward": 5}
"""A rise is a day with so many times the median of the days around it, and so many requests."""
FROM_WITHIN = "Employee Generated"
"""Requests that the city's own people file, often many at a time: no sign from outside."""
APART = 3
"""Days of rise so near each other are one."""
FALSE_A_MONTH = (0.1, 0.3)
"""False alarms a month and series at which detectors are compared."""


def read(path: Path) -> dict[str, dict[str, Counts]]:
    """Hourly counts per area and kind; the area "" is the whole city, the others are wards.

    Raises:
        InputError: a file is not that of the recording.
    """
    hours = (LAST - MONDAY).days * alarms.DAY_H
    found: dict[str, dict[str, Counts]] = defaultdict(dict)
    for name, opened, kind, ward in _rows(path):
        try:
            moment = datetime.fromisoformat(opened).replace(tzinfo=None)
        except ValueError as error:
            raise InputError(
                f"{name}: got opened_at {opened!r}, wanted an ISO 8601 time. "
                "Operator action: name the recording after --data."
            ) from error
        at = int((moment - datetime.combine(MONDAY, datetime.min.time())).total_seconds() // 3600)
        if not 0 <= at < hours:
            continue
        for area in ("", ward) if ward else ("",):
            counts = found[area].get(kind)
            if counts is None:
                counts = found[area][kind] = np.zeros(hours, dtype=np.int64)
            counts[at] += 1
    return found


def _rows(path: Path) -> Iterable[tuple[str, str, str, str]]:
    files = [path / MAIN, path / MORE] if path.is_dir() else [path]
    for file in files:
        try:
            with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
                for row in csv.DictReader(lines):
                    if row.get("channel") != FROM_WITHIN:
                        yield file.name, row["opened_at"], row["type"], row.get("ward") or ""
        except (OSError, KeyError) as error:
            raise InputError(
                f"{file}: got {type(error).__name__} ({error}), wanted a gzip CSV with opened_at "
                "and type. Operator action: name the recording after --data."
            ) from error


def _hour(day: date) -> float:
    return float((day - MONDAY).days * alarms.DAY_H)


def rises(counts: Counts, least: int) -> list[tuple[int, int, int]]:
    """First, busiest and last day of each rise, by what is known when the year is over."""
    days = alarms.days_of(counts)
    found: list[tuple[int, int, int]] = []
    for at, number in enumerate(days.tolist()):
        around = days[max(0, at - AROUND) : at + AROUND + 1]
        if number < max(least, RISE_TIMES * float(np.median(around))):
            continue
        if found and at - found[-1][2] <= APART:
            first, busiest, _ = found[-1]
            found[-1] = (first, busiest if days[busiest] >= number else at, at)
        else:
            found.append((at, at, at))
    return found


def of_rises(name: str, counts: Counts, least: int) -> Watched:
    """A series with its rises as events: a warning is in time until the busiest day is over."""
    events = [
        Event(
            (first - 1.0) * alarms.DAY_H,
            (busiest + 1.0) * alarms.DAY_H,
            (last + 1.0 + APART) * alarms.DAY_H,
        )
        for first, busiest, last in rises(counts, least)
        if first * alarms.DAY_H >= _hour(FIRST)
    ]
    return Watched(name, tuple(events), _hour(FIRST), _hour(LAST))


def evaluate(plan: Plan) -> Evaluation:
    """Rises of all kinds, and the storms on record, at equal false alarms."""
    areas = read(plan.recording(FOLDER))
    city = {kind: counts for kind, counts in sorted(areas[""].items()) if counts.sum() >= LEAST}
    few = dict(list(city.items())[:: max(1, round(1 / plan.share))])
    city = {**few, **{kind: city[kind] for kind in STORM_KINDS if kind in city}}
    plan.tell(f"storms: {len(city)} kinds of the whole city")
    by_city = _all_said(city)
    wards = {
        f"{ward} {kind}": counts
        for ward, kinds in sorted(areas.items())
        for kind, counts in kinds.items()
        if ward and kind in STORM_KINDS and counts.sum() >= LEAST // 4
    }
    plan.tell(f"storms: {len(wards)} kinds of wards")
    by_ward = _all_said(wards)
    tables: list[Table] = []
    goals: list[Goal] = []
    for title, tier, counts, said in (
        ("Rises of a kind in the whole city", "city", city, by_city),
        ("Rises of storm kinds in a ward", "ward", wards, by_ward),
    ):
        watched = [of_rises(name, one, RISE_LEAST[tier]) for name, one in counts.items()]
        for rate in FALSE_A_MONTH:
            table, found = _compared(title, watched, said, rate, plan.seed)
            tables.append(table)
            goals += alarms.goals(f"{title.lower()}, {rate:g} false alarms a month", table)
            if tier == "city" and rate == FALSE_A_MONTH[1]:
                chosen = found
    tables.insert(0, _storms(city, by_city, chosen, plan.seed))
    return Evaluation(
        "A city's year of service requests: storms and other rises, at equal false alarms",
        f"{len(city)} kinds with at least {LEAST} requests of citizens in 2015, each counted by "
        "the hour for the whole city; kinds that storms show in also for each ward. The first "
        "fortnight is learned from. "
        "Requests that the city's own people filed are left out, since they come in batches; a "
        "first look with them had EARS C2 by hour ahead (0.53 of the rises against 0.44 at 0.3 "
        "false alarms a month), because a batch is a burst of one hour. "
        f"A rise is a day with at least {RISE_LEAST['city']} requests "
        f"({RISE_LEAST['ward']} in a ward) and {RISE_TIMES:g} times the median "
        f"of the {AROUND} days before and after it; days at most {APART} apart are one rise. That "
        "is the recording's own later course, not a record of what happened in the city: alarms "
        "that are called false may have had a cause. A warning is in time from the day before "
        "until the busiest day is over, and lead counts to that moment. Goals take the best of the "
        "three anchors in each row, chosen after the fact.",
        tuple(tables),
        tuple(goals),
    )


def _all_said(series: Mapping[str, Counts]) -> dict[str, list[Said]]:
    found: dict[str, list[Said]] = {}
    for counts in series.values():
        for name, said in alarms.contestants(counts).items():
            found.setdefault(name, []).append(said)
    return found


def _compared(
    title: str,
    watched: Sequence[Watched],
    said: Mapping[str, list[Said]],
    rate: float,
    seed: int,
) -> tuple[Table, dict[str, Heard]]:
    most = rate * alarms.months(watched)
    found = {name: alarms.at_most(watched, told, most) for name, told in said.items()}
    events = sum(len(one.events) for one in watched)
    return (
        Table(
            f"{title}: {len(watched)} series, {events} rises, {rate:g} false alarms a month",
            alarms.COLUMNS,
            tuple((name, *alarms.row(watched, one, seed)) for name, one in found.items()),
        ),
        found,
    )


def _storms(
    city: Mapping[str, Counts],
    said: Mapping[str, list[Said]],
    found: Mapping[str, Heard],
    seed: int,
) -> Table:
    """Each storm in each kind: hours from the alarm to the end of its busiest day."""
    names = (*alarms.ANCHORS, *alarms.OURS[:2])
    rows: list[tuple[Cell, ...]] = []
    at = {kind: number for number, kind in enumerate(city)}
    for first, last in STORM_DAYS:
        for kind in STORM_KINDS:
            if kind not in city:
                continue
            days = alarms.days_of(city[kind])
            begin, end = (first - MONDAY).days, (last - MONDAY).days + APART
            busiest = begin + int(np.argmax(days[begin : end + 1]))
            event = Event(_hour(first), (busiest + 1.0) * alarms.DAY_H, 0.0)
            cells: list[Cell] = []
            for name in names:
                told = said[name][at[kind]]
                inside = (told.hours > event.begin) & (told.hours <= event.peak)
                hits = told.hours[inside & (told.scores > found[name].limit)]
                cells.append(f"{event.peak - hits[0]:.0f}" if len(hits) else None)
            day = MONDAY + timedelta(days=busiest)
            storm = f"{first.isoformat()} to {last.isoformat()}"
            rows.append((storm, kind, day.isoformat(), int(days[busiest]), *cells))
    return Table(
        "Storms on public record: hours from the first alarm to the end of the busiest day",
        ("storm", "kind", "busiest day", "requests that day", *names),
        tuple(rows),
        (
            (
                f"Thresholds of {FALSE_A_MONTH[1]:g} false alarms a month over all kinds of the "
                f"city. The busiest day is sought until {APART} days after the storm. Empty: not "
                "warned of. Storms of this winter follow each other so fast that the later ones "
                "begin while counts are still raised by the one before."
            ),
        ),
    )
