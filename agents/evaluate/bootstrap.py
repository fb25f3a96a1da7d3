"""How sure a figure is: resampling of what was drawn independently.

What is resampled are whole units (a simulated series, an outbreak, a file), never bins
within one, because those depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from agents.evaluate.report import Figure

RESAMPLES = 500
SHARE = 0.90
"""Share of the resamples that the interval covers."""

Unit = TypeVar("Unit")


def of_mean(values: Sequence[float], seed: int, form: str = ".3f") -> Figure:
    """The mean of one value per unit; NaN where there is no unit."""
    return of_ratio(values, [1.0] * len(values), seed, form)


def of_ratio(
    above: Sequence[float], below: Sequence[float], seed: int, form: str = ".3f"
) -> Figure:
    """Sum over sum, each unit giving a part of both: a share of bins, days per outbreak."""
    over, under = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    if not under.sum():
        return Figure(float("nan"), float("nan"), float("nan"), form)
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES):
        drawn = chance.integers(0, len(over), len(over))
        whole = under[drawn].sum()
        if whole:
            found.append(over[drawn].sum() / whole)
    return _figure(float(over.sum() / under.sum()), found, form)


def of_units(
    units: Sequence[Unit],
    measure: Callable[[Sequence[Unit]], float],
    seed: int,
    form: str = ".3f",
    resamples: int = RESAMPLES,
) -> Figure:
    """Any figure of a set of units, measured again on each resample."""
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        drawn = chance.integers(0, len(units), len(units))
        found.append(measure([units[at] for at in drawn]))
    return _figure(measure(units), found, form)


def _figure(value: float, found: Sequence[float], form: str) -> Figure:
    tail = (1 - SHARE) / 2
    low, high = np.nanquantile(np.asarray(found, dtype=float), [tail, 1 - tail])
    return Figure(value, float(low), float(high), form)
