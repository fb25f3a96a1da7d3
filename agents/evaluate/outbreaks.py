"""Recorded outbreaks that experts have labelled: what is seen of them, and when, beside EARS."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import replace
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

FILE = "outbreak_series.csv.gz"
LEARN = 13
"""Weeks of learning: a quarter, because most labels lie in the first of four years."""
FALSE_SHARES = (0.01, 0.03)
NEARS = (4, 12)
"""Weeks before and after a label that count neither as quiet nor as struck. Where an outbreak
begins and ends is a judgement and counts stay raised behind it, so figures depend on this
choice: both are shown, the narrow one first."""
WIDTH_MATTERS = (
    "The narrow width was tried first; the wide one was added when weeks just behind a label, "
    "with counts still raised, made up most of what the score was blamed for. Read both."
)


class Labelled(NamedTuple):
    """One series with its labelled weeks."""

    name: str
    counts: NDArray[np.int64]
    struck: NDArray[np.bool_]

    def outbreaks(self) -> list[tuple[int, int]]:
        """First and last week of each outbreak that begins after learning."""
        weeks = [int(at) for at in np.nonzero(self.struck)[0]]
        found: list[tuple[int, int]] = []
        for at in weeks:
            if found and at == found[-1][1] + 1:
                found[-1] = (found[-1][0], at)
            else:
                found.append((at, at))
        return [(first, last) for first, last in found if first >= LEARN]

    def quiet(self, near: int) -> NDArray[np.bool_]:
        """Weeks after learning that are more than so many weeks away from a label."""
        calm = ~(np.convolve(self.struck, np.ones(2 * near + 1), "same") > 0)
        calm[:LEARN] = False
        return calm


def read(path: Path) -> list[Labelled]:
    """The labelled series of the recording.

    Raises:
        InputError: the file is not that of the recording.
    """
    file = path / FILE if path.is_dir() else path
    rows: dict[tuple[str, str], list[tuple[int, str]]] = {}
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                known = rows.setdefault((row["series"], row["unit"]), [])
                known.append((int(row["cases"] or 0), row["outbreak"]))
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{file}: got {type(error).__name__} ({error}), wanted a gzip CSV with series, unit, "
            "cases and outbreak. Operator action: name the recording after --data."
        ) from error
    labelled = {name for (name, _), known in rows.items() if any(flag == "1" for _, flag in known)}
    # Deaths of eight age groups have labels of another meaning: expected heat and flu.
    labelled.discard("momo")
    series: dict[str, Labelled] = {}
    for (name, _), known in rows.items():
        if name not in labelled:
            continue
        counts = np.array([cases for cases, _ in known], dtype=np.int64)
        if name in series:
            # One outbreak of the whole city, labelled in each of its districts.
            counts = counts + series[name].counts
        series[name] = Labelled(name, counts, np.array([flag == "1" for _, flag in known]))
    return list(series.values())


def ours(counts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Score and -p of each week; nothing in the weeks of learning."""
    series = Series(replace(RHYTHMS["week"](), learn=LEARN))
    score, p = np.zeros(len(counts)), np.full(len(counts), -1.0)
    for at, count in enumerate(counts):
        answer = series.close(at, int(count))
        if answer is not None:
            score[at], p[at] = answer.score, -answer.p
    return score, p


def evaluate(plan: Plan) -> Evaluation:
    """Hits, delay and sensitivity at equal false alarms."""
    known = read(plan.recording("outbreaks_surveillance"))
    plan.tell(f"{len(known)} labelled series")
    of_ours = [ours(one.counts) for one in known]
    rows: dict[str, list[Floats]] = {
        "EARS C1": [ears.c1(one.counts) for one in known],
        "EARS C2": [ears.c2(one.counts) for one in known],
        "EARS C3": [ears.c3(one.counts) for one in known],
        "ours, p of the week": [p for _, p in of_ours],
        "ours, score": [score for score, _ in of_ours],
    }
    tables = [
        _table(known, rows, share, near, plan.seed) for near in NEARS for share in FALSE_SHARES
    ]
    outbreaks = sum(len(one.outbreaks()) for one in known)
    return Evaluation(
        "Recorded outbreaks: what is seen of what experts have labelled",
        f"{len(known)} weekly series with labels, {outbreaks} outbreaks that begin after "
        f"{LEARN} weeks of learning. Delay is that of the outbreaks a detector finds.",
        (*tables, *(_each(known, rows, FALSE_SHARES[0], near) for near in NEARS)),
        tuple(_goals(tables)),
    )


def _goals(tables: Sequence[Table]) -> list[Goal]:
    """At each level of false alarms the score should find at least what EARS finds."""
    goals = []
    for table in tables:
        found = {str(row[0]): row[1] for row in table.rows}
        anchors = [v.value for k, v in found.items() if "EARS" in k and isinstance(v, Figure)]
        mine = found["ours, score"]
        assert isinstance(mine, Figure), "the table holds figures there"
        anchor = max(anchors)
        measure = f"outbreaks found, {table.title[0].lower()}{table.title[1:]}"
        goals.append(Goal(measure, mine, round(anchor, 2), f"EARS {anchor:.2f}"))
    return goals


def _limit(known: Sequence[Labelled], scores: Sequence[Floats], share: float, near: int) -> float:
    calm = [score[one.quiet(near)] for one, score in zip(known, scores, strict=True)]
    quiet = np.sort(np.concatenate(calm))
    return float(quiet[int(np.ceil(len(quiet) * (1.0 - share))) - 1])


def _table(
    known: Sequence[Labelled], rows: dict[str, list[Floats]], share: float, near: int, seed: int
) -> Table:
    lines: list[tuple[Cell, ...]] = []
    for name, scores in rows.items():
        limit = _limit(known, scores, share, near)
        hits, delays, found, alarms, weeks = [], [], [], [], []
        for one, score in zip(known, scores, strict=True):
            for first, last in one.outbreaks():
                called = score[first : last + 1] > limit
                hits.append(float(called.any()))
                found.append(float(called.any()))
                delays.append(float(np.argmax(called)) if called.any() else 0.0)
                alarms.append(float(called.sum()))
                weeks.append(float(last + 1 - first))
        lines.append(
            (
                name,
                of_mean(hits, seed, ".2f"),
                of_ratio(delays, found, seed, ".1f"),
                of_ratio(alarms, weeks, seed, ".2f"),
            )
        )
    return Table(
        f"At {share:.0%} false alarms, in weeks more than {near} from a label",
        ("detector", "outbreaks found", "delay, weeks", "labelled weeks found"),
        tuple(lines),
        (WIDTH_MATTERS,) if near != NEARS[0] else (),
    )


def _each(
    known: Sequence[Labelled], rows: dict[str, list[Floats]], share: float, near: int
) -> Table:
    lines: list[tuple[Cell, ...]] = []
    limits = {name: _limit(known, scores, share, near) for name, scores in rows.items()}
    for number, one in enumerate(known):
        for first, last in one.outbreaks():
            cells: list[Cell] = []
            for name, scores in rows.items():
                called = scores[number][first : last + 1] > limits[name]
                cells.append(int(np.argmax(called)) if called.any() else None)
            cases = int(one.counts[first : last + 1].sum())
            lines.append((one.name, first, last + 1 - first, cases, *cells))
    return Table(
        f"Each outbreak at {share:.0%} false alarms (more than {near} weeks from a label): "
        "weeks until the first alarm",
        ("series", "begins in week", "weeks", "cases", *rows),
        tuple(lines),
        ("Empty: not found. `ha` is the sum of twelve districts, which share their labels.",),
    )
