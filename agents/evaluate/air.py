"""Air that becomes heavily polluted: warned of hours before, at twelve stations and one.

PM2.5 of real stations, hour by hour. The forecast of levels is held against plain rules on
the same rows; what is asked is whether the hourly value will cross the threshold upwards
within the horizon.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.evaluate.bootstrap import of_mean, of_ratio
from agents.evaluate.report import Cell, Evaluation, Figure, Goal, Plan, Table
from schemas.errors import ConfigurationError, InputError
from streams.warning.gauges import Gauge, LevelRules
from streams.warning.levels import LevelForecasts

Levels = NDArray[np.float64]
Rows = NDArray[np.int64]

PLACES = (
    ("Chengdu", "air_chengdu_pm25", "chengdu_pm25_2010_2014.csv.gz", "pm25_us_post"),
    ("Beijing", "air_beijing_multisite", "beijing_air_2013-03_2016-02.csv.gz", "pm25"),
)
THRESHOLD = 150.0
"""µg/m³: above it the air is heavily polluted (重度污染; GB 3095-2012 with HJ 633-2012)."""
HORIZON = 6
"""Hours."""
BELOW = 6
"""Hours below the threshold before a crossing counts."""
RULES = LevelRules(
    horizon_rows=HORIZON,
    day_rows=24,
    settle=1 / 24,
    mark_rows=48,
    doubt=1.0,
    weight=1 / HORIZON,
)
"""A row is an hour here, not five minutes; the hour of the day is looked at too."""
LIMITS = (0.3, 0.4, 0.5, 0.6, 0.7)
MATCHED = 0.45
"""Share of warnings that are right, at which the rules are compared."""


class Station(NamedTuple):
    """One station: the local month of each row as a number, and its levels, NaN where none."""

    name: str
    months: Rows
    levels: Levels


def read(path: Path, column: str) -> list[Station]:
    """The stations of a file, from the first reading of each.

    Raises:
        InputError: the file is not that of the recording.
    """
    found: dict[str, tuple[list[int], list[float]]] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                months, levels = found.setdefault(row.get("station") or "the city", ([], []))
                level = float(row[column]) if row[column] else float("nan")
                if levels or level == level:
                    moment = datetime.fromisoformat(row["time"])
                    months.append(moment.year * 12 + moment.month)
                    levels.append(level)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{path}: got {type(error).__name__} ({error}), wanted a gzip CSV with time and "
            f"{column}. Operator action: name the recordings' directory after --data."
        ) from error
    return [
        Station(name, np.array(months), np.array(levels))
        for name, (months, levels) in found.items()
    ]


def chances(station: Station, forecasts: LevelForecasts) -> Levels:
    """The chance told at each hour, 0 where nothing is told."""
    gauge, found = Gauge(), np.zeros(len(station.levels))
    for row, level in enumerate(station.levels.tolist()):
        if level == level:
            forecast = forecasts.observe(gauge, row, level, THRESHOLD)
            if forecast is not None:
                found[row] = forecast.p
    return found


def crossings(levels: Levels) -> list[int]:
    """Rows in which the level comes up to the threshold after hours below."""
    known = np.nan_to_num(levels, nan=0.0)
    upward = np.flatnonzero((known[1:] >= THRESHOLD) & (known[:-1] < THRESHOLD)) + 1
    return [
        row for row in upward.tolist() if not (known[max(0, row - BELOW) : row] >= THRESHOLD).any()
    ]


class _Outcome(NamedTuple):
    """Per crossing whether it was warned of and the lead; per warning whether it was right."""

    warned: list[float]
    leads: list[float]
    right: list[float]


def judged(station: Station, told: Rows) -> _Outcome:
    """Hold warnings against crossings; warnings within a horizon of each other are one."""
    found = _Outcome([], [], [])
    comes = np.zeros(len(station.levels), dtype=bool)
    known = np.nan_to_num(station.levels, nan=0.0)
    for row in np.flatnonzero(known >= THRESHOLD).tolist():
        comes[max(0, row - HORIZON) : row] = True
    for row in crossings(station.levels):
        before = told[(told < row) & (told >= row - HORIZON)]
        found.warned.append(float(before.size > 0))
        found.leads.append(float(row - before[0]) if before.size else 0.0)
    first = told[np.diff(told, prepend=-10 * HORIZON) > HORIZON]
    found.right.extend(comes[first].astype(float).tolist())
    return found


def _line(levels: Levels) -> Levels:
    """The level foretold by a straight line through the last four hours."""
    steps = np.full(len(levels), np.nan)
    steps[3:] = (levels[3:] - levels[:-3]) / 3
    found: Levels = levels + np.maximum(steps, 0.0) * HORIZON
    return found


def evaluate(plan: Plan) -> Evaluation:
    """Warned crossings, lead and precision of the forecast and of plain rules."""
    root = plan.recording()
    tables: list[Table] = []
    goals: list[Goal] = []
    for place, folder, file, column in PLACES:
        path = next((one for one in (root / folder / file, root / file) if one.is_file()), None)
        if path is None:
            plan.tell(f"air: no recording of {place}")
            continue
        stations = read(path, column)[:: max(1, round(1 / plan.share))]
        plan.tell(f"air: {place}, {len(stations)} stations")
        table = _table(place, stations, plan.seed)
        tables.append(table)
        goals += _goals(place, table)
    if not tables:
        raise ConfigurationError(
            f"--data: got {root}, wanted a directory with {PLACES[0][1]} or {PLACES[1][1]}. "
            "Operator action: name the recordings' directory after --data."
        )
    return Evaluation(
        "Heavily polluted air: crossings warned of, hours ahead",
        f"PM2.5 by the hour. A crossing is the hour that comes up to {THRESHOLD:g} µg/m³ after "
        f"{BELOW} hours below; a warning is right if the level is there within {HORIZON} hours. "
        f"Warnings within {HORIZON} hours of each other are one. Each station is judged from its "
        "first hour on, and each forecast before the next hour is read. What teaches, and how "
        "fast, was set on Chengdu's years, of a dozen settings; Beijing's were not looked at. "
        "The last three rows of each table are compared at the limit from which on "
        f"{MATCHED:.0%} of the warnings are right. The forecast was made for water that rises "
        "steadily. Hourly air is rougher, and so near its threshold most of the time that plain "
        "nearness is hard to beat by this count: trees that see the level, its last three days and "
        "the hour, and learn from one half of the years to judge the other, warn of 0.81 of the "
        "crossings of Chengdu and of 0.88 at every third station of Beijing, the plain rule of "
        "0.85 and 0.88.",
        tuple(tables),
        tuple(goals),
    )


def _table(place: str, stations: Sequence[Station], seed: int) -> Table:
    forecasts = LevelForecasts(RULES)
    scores: dict[str, list[Levels]] = {
        "level": [one.levels / THRESHOLD for one in stations],
        "straight line over 3 hours": [_line(one.levels) / THRESHOLD for one in stations],
        "chance": [chances(one, forecasts) for one in stations],
    }
    rows: list[tuple[Cell, ...]] = []
    fixed = (
        ("level", 0.8, "80 % of the threshold"),
        ("level", 0.95, "95 % of the threshold"),
        ("straight line over 3 hours", 1.0, "straight line over 3 hours"),
        *(("chance", limit, f"chance ≥ {limit:g}") for limit in LIMITS),
    )
    for name, at, label in fixed:
        rows.append((label, *_cells(stations, scores[name], at, seed)))
    for name, each in scores.items():
        limit = _matched(stations, each)
        if limit is None:
            rows.append((f"{name}: never {MATCHED:.0%} right", None, None, None, None))
            continue
        label = f"{name} ≥ {limit:.2f}, {MATCHED:.0%} right"
        rows.append((label, *_cells(stations, each, limit, seed)))
    number = sum(len(crossings(one.levels)) for one in stations)
    hours = sum(int((~np.isnan(one.levels)).sum()) for one in stations)
    return Table(
        f"{place}: {len(stations)} stations, {hours:,} hours, {number} crossings",
        ("warning at", "warned", "lead of these, hours", "right", "warnings"),
        tuple(rows),
        (
            (
                "Stations of one city share their weather: intervals, which take crossings as "
                "independent, are too narrow there."
            ),
        ),
    )


def _told(station: Station, score: Levels, limit: float) -> Rows:
    below = np.nan_to_num(station.levels, nan=THRESHOLD) < THRESHOLD
    found: Rows = np.flatnonzero(below & (np.nan_to_num(score, nan=0.0) >= limit))
    return found


def _cells(
    stations: Sequence[Station], scores: Sequence[Levels], limit: float, seed: int
) -> tuple[Cell, ...]:
    outcomes = [
        judged(one, _told(one, score, limit)) for one, score in zip(stations, scores, strict=True)
    ]
    warned, leads, right = (
        [value for outcome in outcomes for value in values(outcome)] for values in _PARTS
    )
    return (
        of_mean(warned, seed, ".2f"),
        of_ratio(leads, warned, seed, ".1f"),
        of_mean(right, seed, ".2f"),
        len(right),
    )


_PARTS: tuple[Callable[[_Outcome], list[float]], ...] = (
    lambda outcome: outcome.warned,
    lambda outcome: outcome.leads,
    lambda outcome: outcome.right,
)


def _matched(stations: Sequence[Station], scores: Sequence[Levels]) -> float | None:
    """The lowest limit whose warnings are right as often as `MATCHED`; None if there is none."""
    known = np.concatenate([s[np.isfinite(s) & (s > 0.02) & (s < 1.5)] for s in scores])
    for limit in np.unique(np.quantile(known, np.linspace(0.3, 0.9999, 120))).tolist():
        right = [
            value
            for one, score in zip(stations, scores, strict=True)
            for value in judged(one, _told(one, score, limit)).right
        ]
        if right and sum(right) / len(right) >= MATCHED:
            return float(limit)
    return None


def _goals(place: str, table: Table) -> list[Goal]:
    level, line, chance = (row for row in table.rows[-3:])
    mine = chance[1]
    assert isinstance(mine, Figure), "the table holds figures there"
    best = max(cell.value for cell in (level[1], line[1]) if isinstance(cell, Figure))
    measure = f"air of {place}: crossings warned of at {MATCHED:.0%} right warnings"
    return [Goal(measure, mine, round(best, 2), f"best plain rule {best:.2f}")]
