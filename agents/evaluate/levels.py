"""How early and how rightly crossings are foretold: simulated gauges in many rains."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.evaluate.bootstrap import of_mean, of_ratio
from agents.evaluate.report import Cell, Evaluation, Figure, Goal, Plan, Table
from agents.evaluate.rises import Form, gauge_levels, runoff, swell, wave
from streams.warning.gauges import ROW_MINUTES, Gauge, LevelRules
from streams.warning.levels import TELL_FROM, LevelForecasts

Levels = NDArray[np.float64]

THRESHOLD = 100.0
HORIZON = 24
"""Rows of five minutes: two hours."""

SENSORS, DAYS = 24, 40
LIMITS = (0.7, 0.8, 0.85, TELL_FROM, 0.95)


class _Waters(NamedTuple):
    """A kind of gauges: the form of its rises, and how high they are in the middle."""

    name: str
    form: Form
    height: float = 55.0


WATERS = (
    _Waters("rises of 4 to 10 hours", lambda chance, rows: swell(chance, rows, (4, 10), (2, 4))),
    _Waters(
        "quick rises of 2.5 to 6 hours",
        lambda chance, rows: swell(chance, rows, (2.5, 6), (2, 4)),
    ),
    _Waters("waves of 2.5 to 9 hours", wave),
    _Waters("rain through two reservoirs", runoff, 50.0),
)


def evaluate(plan: Plan) -> Evaluation:
    """Crossings warned of, lead and precision of the forecast and of simple rules."""
    tables: list[Table] = []
    goals: list[Goal] = []
    for number, waters in enumerate(WATERS):
        plan.tell(f"levels: {waters.name}")
        chance = np.random.default_rng((plan.seed, number))
        levels = np.array(
            [
                gauge_levels(chance, DAYS, waters.form, height=waters.height)
                for _ in range(plan.times(SENSORS, 2))
            ]
        )
        rows: list[tuple[Cell, ...]] = []
        for name, told in _rules(levels):
            rows.append((name, *_judged(levels, told, plan)))
        chances = _chances(levels)
        for limit in LIMITS:
            told = [np.flatnonzero(one >= limit) for one in chances]
            rows.append((f"chance ≥ {limit:g}", *_judged(levels, told, plan)))
        tables.append(
            Table(
                waters.name,
                _COLUMNS,
                tuple(rows),
                (_ANCHOR,) if not number else (),
            )
        )
        tables.append(_calibration(waters, levels, chances, plan))
        at = len(rows) - len(LIMITS) + LIMITS.index(TELL_FROM)
        lead_anchor, right_anchor = _ANCHORS if not number else ("", "")
        for what, wanted, cell, anchor in (
            ("share warned", 0.97, rows[at][2], ""),
            (
                "lead, minutes",
                55,
                rows[at][3],
                lead_anchor,
            ),
            (
                "share of warnings that are right",
                0.90,
                rows[at][4],
                right_anchor,
            ),
        ):
            assert isinstance(cell, Figure), "the table holds figures there"
            goals.append(
                Goal(f"{waters.name}, chance ≥ {TELL_FROM:g}, {what}", cell, wanted, anchor)
            )
    return Evaluation(
        title="Levels",
        about=(
            f"Up to {SENSORS} gauges for {DAYS} days with a row every five minutes: a daily swing, "
            "rises of random height, length and form, wandering and noise. A crossing counts "
            "after two hours below. Warnings within two hours of each other are one; it is right "
            "if a crossing comes within two hours. Right runs: each run of rows that are told is a "
            "warning; right rows: each row is. All gauges learn from the first row on, "
            "beginning with what was learned from other floods; such as come of rain through two "
            "reservoirs were not among these."
        ),
        tables=tuple(tables),
        goals=tuple(goals),
    )


_ANCHORS = ("95 % of the threshold 25; damped trend 53", "0.54; damped trend 0.90")
_COLUMNS = (
    "warning at", "crossings", "warned", "lead, minutes", "right", "right runs", "right rows",
)  # fmt: skip
_ANCHOR = (
    "On record for such gauges: level at 95 % of the threshold 25 minutes ahead, right in 0.54; "
    "a straight line 101 to 105 minutes, 0.32 to 0.38; a damped-trend filter at chance > 0.9 "
    "0.97 warned, 53 minutes, 0.90."
)


def _rules(levels: Levels) -> list[tuple[str, list[NDArray[np.int64]]]]:
    """What simple rules tell: rows per gauge."""
    rows = np.arange(9) - 4
    weights = rows[::-1] / float((rows**2).sum())

    def line(one: Levels) -> NDArray[np.bool_]:
        slope = np.convolve(one, weights, "full")[: len(one)]
        slope[:9] = 0
        ahead = np.convolve(one, np.ones(9) / 9, "full")[: len(one)] + slope * (4 + HORIZON)
        return np.asarray((slope > 0) & (ahead >= THRESHOLD))

    found: list[tuple[str, Callable[[Levels], NDArray[np.bool_]]]] = [
        ("80 % of the threshold", lambda one: one >= 0.80 * THRESHOLD),
        ("95 % of the threshold", lambda one: one >= 0.95 * THRESHOLD),
        ("straight line over 40 minutes", line),
    ]
    return [
        (name, [np.flatnonzero(rule(one) & (one < THRESHOLD)) for one in levels])
        for name, rule in found
    ]


def _chances(levels: Levels) -> Levels:
    """The chance told for each row; 0 where nothing is told. Rows come as they would: by time."""
    forecasts = LevelForecasts(LevelRules(horizon_rows=HORIZON))
    gauges = [Gauge() for _ in levels]
    found = np.zeros(levels.shape)
    for row, values in enumerate(levels.T.tolist()):
        for at, value in enumerate(values):
            forecast = forecasts.observe(gauges[at], row, value, THRESHOLD)
            if forecast is not None:
                found[at, row] = forecast.p
    return found


def _upward(one: Levels) -> NDArray[np.int64]:
    return np.flatnonzero((one[1:] >= THRESHOLD) & (one[:-1] < THRESHOLD)) + 1


def _comes(one: Levels) -> NDArray[np.bool_]:
    """For each row whether a crossing comes within the horizon."""
    found = np.zeros(len(one), dtype=bool)
    for row in _upward(one):
        found[max(0, row - HORIZON) : row] = True
    return found


def _judged(levels: Levels, told: list[NDArray[np.int64]], plan: Plan) -> tuple[Cell, ...]:
    """Crossings, share warned, lead, share of warnings, runs and rows that were right."""
    warned, leads, right, runs, right_rows, rows = [], [], [], [], [], []
    for one, mine in zip(levels, told, strict=True):
        comes = _comes(one)
        for row in _upward(one):
            if (one[max(0, row - HORIZON) : row] >= THRESHOLD).any():
                continue
            before = mine[(mine < row) & (mine >= row - HORIZON)]
            warned.append(float(before.size > 0))
            if before.size:
                leads.append(float(row - before[0]) * ROW_MINUTES)
        first = mine[np.diff(mine, prepend=-10 * HORIZON) > HORIZON]
        right += comes[first].astype(float).tolist()
        runs += comes[mine[np.diff(mine, prepend=-2) > 1]].astype(float).tolist()
        right_rows.append(float(comes[mine].sum()))
        rows.append(float(mine.size))
    return (
        len(warned),
        of_mean(warned, plan.seed, ".2f"),
        of_mean(leads, plan.seed, ".0f"),
        of_mean(right, plan.seed, ".2f"),
        of_mean(runs, plan.seed, ".2f"),
        of_ratio(right_rows, rows, plan.seed, ".2f"),
    )


def _calibration(waters: _Waters, levels: Levels, chances: Levels, plan: Plan) -> Table:
    """How often a crossing came, by the chance told; resampled by gauge."""
    comes = np.array([_comes(one) for one in levels])
    rows: list[tuple[Cell, ...]] = []
    for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = (chances >= low) & (chances < high)
        rows.append(
            (
                f"{low:g} to {min(high, 1):g}",
                int(inside.sum()),
                of_ratio(
                    (inside & comes).sum(axis=1).astype(float).tolist(),
                    inside.sum(axis=1).astype(float).tolist(),
                    plan.seed,
                    ".2f",
                ),
            )
        )
    return Table(
        f"Chances told and what came: {waters.name}", ("chance", "rows", "came"), tuple(rows)
    )
