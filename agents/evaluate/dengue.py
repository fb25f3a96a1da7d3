"""A city-wide emergency as counts: dengue in Taiwan, 2015, by village, district and city.

The recording has no labels, so the event to be warned of is defined by its own later course:
an area is struck on the first day on which its cases of two weeks reach a size. What counts
is how many days before that day an alarm stands, at the same number of false alarms.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.evaluate import ears
from agents.evaluate.bootstrap import of_mean, of_ratio
from agents.evaluate.report import Cell, Evaluation, Figure, Goal, Plan, Table
from schemas.errors import InputError
from streams.warning.counts.rhythm import RHYTHMS
from streams.warning.counts.series import Series

Floats = NDArray[np.float64]

FILE = "dengue_2015_daily_village.csv.gz"
LEARN = 56
WINDOW = 14
BEFORE = 28
"""Days before the event in which an alarm is a warning of it."""
STRUCK = {"village": 5, "district": 20, "city": 50}
"""Cases within two weeks that make an area struck."""
FALSE_PER_YEAR = {"village": 0.1, "district": 1.0, "city": 1.0}
"""False alarms per area and year at which the detectors are compared."""


class Area(NamedTuple):
    """One area's cases, each day of the year, and the first day on which it is struck."""

    code: str
    counts: NDArray[np.int64]
    event: int | None


def read(path: Path) -> dict[str, list[Area]]:
    """The areas of each tier.

    Raises:
        InputError: the file is not that of the recording.
    """
    file = path / FILE if path.is_dir() else path
    days: dict[str, dict[str, NDArray[np.int64]]] = {tier: {} for tier in STRUCK}
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                day = date.fromisoformat(row["onset_date"]).timetuple().tm_yday - 1
                codes = {
                    "village": row["village_code"],
                    "district": row["village_code"].partition("-")[0],
                    "city": row["city"],
                }
                for tier, code in codes.items():
                    known = days[tier].setdefault(code, np.zeros(365, dtype=np.int64))
                    known[day] += int(row["cases"])
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{file}: got {type(error).__name__} ({error}), wanted a gzip CSV with onset_date, "
            "village_code, city and cases. Operator action: name the recording after --data."
        ) from error
    return {
        tier: [
            Area(code, counts, _event(counts, STRUCK[tier]))
            for code, counts in known.items()
            if code
        ]
        for tier, known in days.items()
    }


def _event(counts: NDArray[np.int64], size: int) -> int | None:
    sums = np.convolve(counts, np.ones(WINDOW, dtype=np.int64))[: len(counts)]
    reached = np.nonzero(sums >= size)[0]
    return int(reached[0]) if len(reached) else None


def ours(counts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Score and -p of each day."""
    series = Series(RHYTHMS["day"](365.25 / 7.0))
    score, p = np.zeros(len(counts)), np.full(len(counts), -1.0)
    for at, count in enumerate(counts):
        answer = series.close(at, int(count))
        if answer is not None:
            score[at], p[at] = answer.score, -answer.p
    return score, p


class Warned(NamedTuple):
    """What a detector says of one area at a threshold: false episodes, hit, and lead in days."""

    false: int
    event: bool
    lead: int | None


def warned(area: Area, score: Floats, limit: float) -> Warned:
    """Judge the alarms of one area up to its event.

    Alarms more than `BEFORE` days before the event, or in an area without one, are false;
    those less than `WINDOW` days apart are one episode.
    """
    end = len(area.counts) if area.event is None else area.event + 1
    called = [int(at) for at in np.nonzero(score[LEARN:end] > limit)[0] + LEARN]
    start = end if area.event is None else max(area.event - BEFORE, LEARN)
    false, last = 0, -WINDOW
    for at in called:
        if at < start and at - last >= WINDOW:
            false += 1
        last = at
    struck = area.event is not None and area.event >= LEARN
    hits = [at for at in called if at >= start] if struck else []
    lead = area.event - hits[0] if hits and area.event is not None else None
    return Warned(false, struck, lead)


def _limit(areas: Sequence[Area], scores: Sequence[Floats], most: float) -> float:
    """The smallest score above which at most so many false episodes are called."""
    levels = np.unique(np.concatenate([score[LEARN:] for score in scores]))
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        limit = float(levels[middle])
        false = sum(warned(a, s, limit).false for a, s in zip(areas, scores, strict=True))
        if false <= most:
            high = middle
        else:
            low = middle + 1
    return float(levels[high])


def evaluate(plan: Plan) -> Evaluation:
    """Hits and lead of each tier at equal false alarms."""
    tiers = read(plan.recording("dengue_taiwan"))
    tables: list[Table] = []
    goals: list[Goal] = []
    for tier, areas in tiers.items():
        plan.tell(f"{tier}: {len(areas)} areas")
        table = _table(tier, areas, plan.seed)
        tables.append(table)
        hits = {str(row[0]): row[2] for row in table.rows}
        best, mine = (
            max(_value(hits[name]) for name in hits if name.startswith("EARS")),
            hits["ours, score"],
        )
        assert isinstance(mine, Figure), "the table holds figures there"
        goals.append(Goal(f"{tier}, struck areas warned", mine, round(best, 2), f"EARS {best:.2f}"))
    return Evaluation(
        "Dengue in Taiwan, 2015: days of warning by tier, at equal false alarms",
        f"An area is struck on the first day on which its cases of {WINDOW} days reach a size. A "
        f"hit is an alarm within the {BEFORE} days before, or on that day; lead counts from the "
        "first such alarm of the hits. Alarms earlier, and in areas never struck, are false.",
        tuple(tables),
        tuple(goals),
    )


def _value(cell: Cell) -> float:
    return cell.value if isinstance(cell, Figure) else 0.0


def _table(tier: str, areas: Sequence[Area], seed: int) -> Table:
    of_ours = [ours(area.counts) for area in areas]
    rows: dict[str, list[Floats]] = {
        "EARS C1": [ears.c1(area.counts) for area in areas],
        "EARS C2": [ears.c2(area.counts) for area in areas],
        "EARS C3": [ears.c3(area.counts) for area in areas],
        "ours, p of the day": [p for _, p in of_ours],
        "ours, score": [score for score, _ in of_ours],
    }
    wanted = max(FALSE_PER_YEAR[tier] * len(areas) * (365 - LEARN) / 365, 1.0)
    anchor = rows["EARS C2"]
    at_wanted = _limit(areas, anchor, wanted)
    # Scores of EARS have few values in sparse series: what C2 reaches is what all are held to.
    most = sum(warned(a, s, at_wanted).false for a, s in zip(areas, anchor, strict=True))
    lines: list[tuple[Cell, ...]] = []
    for name, scores in rows.items():
        limit = _limit(areas, scores, most)
        found = [warned(a, s, limit) for a, s in zip(areas, scores, strict=True)]
        struck = [one for one in found if one.event]
        hits = [float(one.lead is not None) for one in struck]
        leads = [float(one.lead or 0) for one in struck]
        week = [float(one.lead is not None and one.lead >= 7) for one in struck]
        lines.append(
            (
                name,
                sum(one.false for one in found),
                of_mean(hits, seed, ".2f"),
                of_mean(week, seed, ".2f"),
                of_ratio(leads, hits, seed, ".1f"),
            )
        )
    struck_areas = sum(area.event is not None and area.event >= LEARN for area in areas)
    return Table(
        f"{tier.capitalize()}: {len(areas)} areas, {struck_areas} struck (at {STRUCK[tier]} cases)",
        ("detector", "false episodes", "hits", "hits 7 days before", "lead, days"),
        tuple(lines),
        ("Each detector at the lowest threshold with at most as many false episodes as EARS C2.",),
    )
