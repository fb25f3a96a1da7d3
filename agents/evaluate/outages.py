"""Power outages that come in numbers: warned of before their cause was known, and at their peak.

The utility's own later finding of the cause is the label: nobody here made it. Outages are
counted when they were first seen, as a desk would have counted them.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import floor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.evaluate import alarms
from agents.evaluate.alarms import Counts, Event, Heard, Said, Watched
from agents.evaluate.bootstrap import of_ratio
from agents.evaluate.report import Cell, Evaluation, Goal, Plan, Table
from schemas.errors import InputError

FOLDER = "pge_outages"
PARTS = ("2019-06_2019-12", "2020-09_2020-12")
WEATHER = frozenset({"psps", "weather"})
"""Causes that a desk would want to be warned of: shut-offs in fire weather, and storms."""
ZONE = timedelta(hours=-8)
"""Hours and days are those of the utility's clock without summer time."""
LEARN_DAYS = 14
STRUCK = {"the whole area": 100, "a tile": 15}
"""Outages of one day with such a cause in the end that make the day an emergency."""
TILE_LEAST = 1_000
"""Outages that a tile of one degree must have in the first part to be watched."""
KNOWN = {"the whole area": 20, "a tile": 5}
"""The cause is known when so many outages of the emergency have been given it."""
APART = 1
FALSE_A_MONTH = {"the whole area": (1.0, 2.0), "a tile": (0.3, 1.0)}


class Outage(NamedTuple):
    """First seen at, and when and as what its cause was named; hours since the part began."""

    seen: float
    lat: float
    lon: float
    named: float | None
    weather: bool


class Part(NamedTuple):
    """One unbroken stretch of the log.

    Attributes:
        hours: number of hours; hour 0 begins a Monday at 00:00.
        looked: whether anybody looked at the list in an hour.
        open: how many outages were open at most in an hour.
    """

    begins: datetime
    hours: int
    outages: list[Outage]
    looked: NDArray[np.bool_]
    open: Counts


def read(path: Path, part: str) -> Part:
    """One part of the log.

    Raises:
        InputError: a file is not that of the recording.
    """
    try:
        times, numbers = [], []
        with gzip.open(path / f"snapshots_{part}.csv.gz", "rt", encoding="utf-8") as lines:
            for line in csv.reader(lines):
                if line[0][:1].isdigit():
                    times.append(_moment(line[0]))
                    numbers.append(int(line[1]))
        midnight = times[0].replace(hour=0, minute=0, second=0, microsecond=0)
        begins = midnight - timedelta(days=midnight.weekday())
        hours = int((times[-1] - begins).total_seconds() // 3600) + 1
        looked, most = np.zeros(hours, dtype=bool), np.zeros(hours, dtype=np.int64)
        for moment, number in zip(times, numbers, strict=True):
            at = int(_since(begins, moment))
            looked[at] = True
            most[at] = max(most[at], number)
        return Part(begins, hours, _outages(path, part, begins, times[0]), looked, most)
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise InputError(
            f"{path}: got {type(error).__name__} ({error}), wanted events_{part}.csv.gz and "
            f"snapshots_{part}.csv.gz. Operator action: name the recording after --data."
        ) from error


def _outages(path: Path, part: str, begins: datetime, start: datetime) -> list[Outage]:
    seen: dict[str, Outage] = {}
    with gzip.open(path / f"events_{part}.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            moment = _moment(row["observed_at"])
            known = seen.get(row["outage_id"])
            if known is None:
                if row["event"] != "reported" or moment <= start or not row["lat"]:
                    continue
                at = _since(begins, moment)
                known = Outage(at, float(row["lat"]), float(row["lon"]), None, False)
                seen[row["outage_id"]] = known
            if row["cause"]:
                weather = row["cause"] in WEATHER
                named = known.named
                if weather and not known.weather:
                    named = _since(begins, moment)
                seen[row["outage_id"]] = known._replace(named=named, weather=weather)
    return list(seen.values())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) + ZONE


def _since(begins: datetime, moment: datetime) -> float:
    return (moment - begins).total_seconds() / 3600


def areas(part: Part, tiles: Sequence[tuple[int, int]]) -> dict[tuple[int, int], list[Outage]]:
    """The outages of each tile of one degree."""
    found: dict[tuple[int, int], list[Outage]] = {tile: [] for tile in tiles}
    for outage in part.outages:
        tile = (floor(outage.lat), floor(outage.lon))
        if tile in found:
            found[tile].append(outage)
    return found


def emergencies(
    part: Part, outages: Sequence[Outage], size: int, known: int, peak_of: Counts
) -> list[Event]:
    """Days on which so many outages were in the end due to weather; neighbours are one.

    Args:
        peak_of: what peaks, per hour: lead counts to its highest hour of these days.
    """
    days = np.zeros(part.hours // 24 + 1, dtype=np.int64)
    for outage in outages:
        days[int(outage.seen // 24)] += outage.weather
    spans: list[tuple[int, int]] = []
    for day in np.flatnonzero(days >= size).tolist():
        if spans and day - spans[-1][1] <= APART:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    found = []
    for first, last in spans:
        if first < LEARN_DAYS:
            continue
        begin, end = first * 24 - 12.0, (last + 1) * 24.0
        named = sorted(
            one.named
            for one in outages
            if one.weather and one.named is not None and begin <= one.seen < end
        )
        course = peak_of[int(begin) : int(end)]
        peak = begin + float(np.argmax(course)) + 1.0
        when = named[known - 1] if len(named) >= known else None
        found.append(Event(begin, peak, end + 48.0, when))
    return found


def counted(outages: Sequence[Outage], hours: int) -> Counts:
    """Outages first seen in each hour."""
    counts = np.zeros(hours, dtype=np.int64)
    np.add.at(counts, [int(one.seen) for one in outages], 1)
    return counts


def evaluate(plan: Plan) -> Evaluation:
    """Share of emergencies warned of, hours before the peak and before the cause was known."""
    path = plan.recording(FOLDER)
    series: dict[str, list[tuple[Watched, dict[str, Said]]]] = defaultdict(list)
    tiles: list[tuple[int, int]] = []
    for name in PARTS:
        plan.tell(f"outages: {name}")
        part = read(path, name)
        if not tiles:
            tiles = _busiest(part, plan.share)
        everywhere = {"the whole area": part.outages}
        tier_of = {"the whole area": "the whole area"}
        for tile, outages in areas(part, tiles).items():
            everywhere[f"{tile}"] = outages
            tier_of[f"{tile}"] = "a tile"
        for area, outages in everywhere.items():
            tier = tier_of[area]
            counts = counted(outages, part.hours)
            course = part.open if tier == "the whole area" else counts
            events = emergencies(part, outages, STRUCK[tier], KNOWN[tier], course)
            watched = Watched(f"{area} {name}", tuple(events), LEARN_DAYS * 24.0, part.hours)
            series[tier].append((watched, alarms.contestants(counts, part.looked)))
    tables: list[Table] = []
    goals: list[Goal] = []
    for tier, known in series.items():
        everyone = [one for one, _ in known]
        said = {name: [told[name] for _, told in known] for name in known[0][1]}
        for rate in FALSE_A_MONTH[tier]:
            table, found = _compared(tier, everyone, said, rate, plan.seed)
            tables.append(table)
            goals += alarms.goals(f"outages in {tier}, {rate:g} false alarms a month", table)
            if tier == "the whole area" and rate == FALSE_A_MONTH[tier][0]:
                tables.insert(0, _each(everyone, found))
    return Evaluation(
        "Power outages in numbers: warned of before the cause was known",
        "Outages of northern and central California, June to December 2019 and September to "
        f"December 2020, each counted in the hour in which the utility's list first showed it. "
        f"The first {LEARN_DAYS} days of each part are learned from; hours in which nobody looked "
        "at the list are unknown. An emergency is a day, or days that follow each other, on which "
        f"at least {STRUCK['the whole area']} outages ({STRUCK['a tile']} in a tile of one degree) "
        "were in the end put down to weather or to a shut-off in fire weather by the utility "
        "itself. Its cause is known when the list has named it for "
        f"{KNOWN['the whole area']} ({KNOWN['a tile']}) of them. An alarm is in time from 12 "
        "hours before the first such day until the peak: of the outages open at once in the "
        "whole area, of those first seen in an hour in a tile. Other large days, such as the "
        "storm of 26 and 27 November 2019 for which the utility named other causes, count as "
        "false. Goals take the best of the three anchors in each row, chosen after the fact.",
        tuple(tables),
        tuple(goals),
    )


def _busiest(part: Part, share: float) -> list[tuple[int, int]]:
    numbers: dict[tuple[int, int], int] = defaultdict(int)
    for one in part.outages:
        numbers[floor(one.lat), floor(one.lon)] += 1
    chosen = sorted(tile for tile, number in numbers.items() if number >= TILE_LEAST)
    return chosen[:: max(1, round(1 / share))]


def _compared(
    tier: str, watched: Sequence[Watched], said: Mapping[str, list[Said]], rate: float, seed: int
) -> tuple[Table, dict[str, Heard]]:
    found = {
        name: alarms.at_most(watched, told, rate * alarms.months(watched))
        for name, told in said.items()
    }
    events = [event for one in watched for event in one.events]
    rows: list[tuple[Cell, ...]] = []
    for name, one in found.items():
        before, wait = [], []
        for event, at in zip(events, one.called, strict=True):
            if event.known is not None:
                before.append(float(at is not None and at < event.known))
                wait.append(event.known - at if at is not None and at < event.known else 0.0)
        rows.append(
            (
                name,
                *alarms.row(watched, one, seed),
                of_ratio(before, [1.0] * len(before), seed, ".2f"),
                of_ratio(wait, before, seed, ".1f"),
            )
        )
    where = "The whole area" if tier == "the whole area" else f"{len(watched) // 2} tiles"
    return (
        Table(
            f"{where}: {len(events)} emergencies, {rate:g} false alarms a month",
            (*alarms.COLUMNS, "share before the cause was known", "hours before it"),
            tuple(rows),
        ),
        found,
    )


def _each(watched: Sequence[Watched], found: Mapping[str, Heard]) -> Table:
    """Each emergency of the whole area: hours before its peak."""
    names = (*alarms.ANCHORS, *alarms.OURS[:2])
    rows: list[tuple[Cell, ...]] = []
    number = 0
    for one in watched:
        for event in one.events:
            cells: list[Cell] = []
            for name in names:
                at = found[name].called[number]
                cells.append(None if at is None else f"{event.peak - at:.0f}")
            day = f"day {int(event.begin + 12) // 24}"
            known = None if event.known is None else f"{event.peak - event.known:.0f}"
            rows.append((f"{one.name}, {day}", known, *cells))
            number += 1
    return Table(
        "Each emergency of the whole area: hours before the peak of open outages",
        ("part and day since its first Monday", "cause known", *names),
        tuple(rows),
        (
            (
                f"At {FALSE_A_MONTH['the whole area'][0]:g} false alarm a month. Empty: not before "
                "the peak. A negative number in the second column: the cause was known after it."
            ),
        ),
    )
