"""Floods of many forms, and what a network learns from them before it meets a gauge.

``python -m agents.evaluate.rises`` learns the network of ``streams.warning.rises`` anew and
prints the lines of ``LEARNED``; the same seed gives the same network up to rounding.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from streams.warning.climbs import INPUTS, looks, missing
from streams.warning.gauges import ROW_MINUTES, Gauge, LevelRules
from streams.warning.levels import LevelForecasts
from streams.warning.rises import FEATURES, FIRST, Network

Floats = NDArray[np.float64]
Chance = np.random.Generator
Form = Callable[[Chance, int], Floats]

HOUR = 60 // ROW_MINUTES
DAY = 24 * HOUR
HORIZON = 24


def swell(
    chance: Chance, rows: int, hours: tuple[float, float], power: tuple[float, float]
) -> Floats:
    """Up and down as a gamma density, to its peak within so many hours."""
    since = np.arange(rows) / (chance.uniform(*hours) * HOUR)
    found: Floats = (since * np.exp(1 - since)) ** chance.uniform(*power)
    return found


def _drains(peak: int, rows: int, hours: float) -> Floats:
    found: Floats = np.exp(-np.maximum(np.arange(rows) - peak, 0) / (hours * HOUR))
    return found


def wave(chance: Chance, rows: int) -> Floats:
    """Half a cosine up, then slowly down."""
    peak = int(chance.uniform(2.5, 9) * HOUR)
    up = 0.5 - 0.5 * np.cos(np.pi * np.minimum(np.arange(rows) / peak, 1))
    found: Floats = up * _drains(peak, rows, chance.uniform(5, 18))
    return found


def ramp(chance: Chance, rows: int) -> Floats:
    """Straight up, then slowly down."""
    peak = int(chance.uniform(2.5, 9) * HOUR)
    found: Floats = np.minimum(np.arange(rows) / peak, 1) * _drains(
        peak, rows, chance.uniform(5, 18)
    )
    return found


def growth(chance: Chance, rows: int) -> Floats:
    """Ever faster, then ever slower up to a stand, then slowly down."""
    pace = chance.uniform(0.35, 1.4) * HOUR
    up = 1 / (1 + np.exp(5 - np.arange(rows) / pace))
    found: Floats = up * _drains(int(10 * pace), rows, chance.uniform(5, 18))
    return found


def runoff(chance: Chance, rows: int) -> Floats:
    """Bursts of rain through two reservoirs one after the other."""
    rows = min(rows, 3 * DAY)
    water = np.zeros(rows)
    begins = 0
    for _ in range(int(chance.integers(1, 4))):
        water[begins : begins + int(chance.uniform(1, 5) * HOUR)] += chance.lognormal(0, 0.5)
        begins += int(chance.uniform(0.3, 5) * HOUR)
    share = 1 / (chance.uniform(1, 3) * HOUR)
    for _ in range(2):
        held, out = 0.0, np.zeros(rows)
        for at, comes in enumerate(water.tolist()):
            held += (comes - held) * share
            out[at] = held
        water = out
    found: Floats = water / 0.6
    return found


FORMS: tuple[Form, ...] = (
    lambda chance, rows: swell(chance, rows, (2.5, 6), (2, 4)),
    lambda chance, rows: swell(chance, rows, (4, 12), (2, 4)),
    lambda chance, rows: swell(chance, rows, (2.5, 9), (1, 2.5)),
    wave,
    ramp,
    growth,
)
"""What is learned from; ``runoff`` is kept for judging."""


def gauge_levels(
    chance: Chance,
    days: int,
    form: Form,
    noise: tuple[float, float] = (0.3, 0.8),
    height: float = 55.0,
) -> Floats:
    """One gauge's levels by row: a daily swing, rises, wandering and noise.

    Args:
        height: the middle of the rises' heights.
    """
    rows = days * DAY
    level = chance.uniform(15, 25) + chance.uniform(0, 4) * np.sin(
        2 * np.pi * np.arange(rows) / DAY + chance.uniform(0, 6)
    )
    begins = 0
    while (begins := begins + int(chance.exponential(1.5 * DAY))) < rows:
        rise = form(chance, rows - begins) * chance.lognormal(np.log(height), 0.35)
        level[begins : begins + len(rise)] += rise
    steps = chance.normal(0, 0.15, rows)
    wandering = np.zeros(rows)
    for row in range(1, rows):
        wandering[row] = 0.97 * wandering[row - 1] + steps[row]
    found: Floats = level + wandering + chance.normal(0, chance.uniform(*noise), rows)
    return found


def examples(chance: Chance, levels: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Inputs of the network at some rows and heights of one gauge, and whether it rose so far."""
    rules = LevelRules(horizon_rows=HORIZON)
    known, gauge = LevelForecasts(rules), Gauge()
    inputs, came = [], []
    for row, level in enumerate(levels[:-HORIZON].tolist()):
        # Without a threshold there are no marks, and nothing is learned here.
        known.observe(gauge, row, level, float("-inf"))
        if row < 12 or chance.random() < 0.5:
            continue
        sigma = gauge.sigma
        climb = looks(HORIZON).climb(looks(HORIZON).weights @ gauge.levels, gauge.low, sigma)
        if not climb.rises and chance.random() < 0.95:
            continue
        needs = climb.scale * np.exp(chance.uniform(np.log(0.01), np.log(1.7), 3))
        needs = needs[climb.level + needs > level]
        if not needs.size:
            continue
        rest = missing(climb, needs, sigma)
        inputs.append(np.hstack([np.tile(climb.body, (len(rest), 1)), rest]))
        came.append(levels[row + 1 : row + 1 + HORIZON].max() >= climb.level + needs)
    return np.vstack(inputs), np.concatenate(came)


def learn(chance: Chance, inputs: Floats, came: NDArray[np.bool_], rounds: int = 16) -> Network:
    """Fit the network by Adam; on logistic loss with a little weight decay."""
    mean, wide = inputs.mean(axis=0), inputs.std(axis=0)
    scaled, wanted = (inputs - mean) / wide, came.astype(float)
    sizes = (INPUTS, FIRST, FEATURES, 1)
    weights: list[Floats] = []
    for before, after in itertools.pairwise(sizes):
        weights.append(chance.normal(0, np.sqrt(1 / before), (before, after)))
        weights.append(np.zeros(after))
    means = [np.zeros_like(one) for one in weights]
    squares = [np.zeros_like(one) for one in weights]
    step = 0
    for turn in range(rounds):
        pace = 4e-3 * 0.5 * (1 + np.cos(np.pi * turn / rounds))
        order = chance.permutation(len(scaled))
        for begin in range(0, len(order), 512):
            step += 1
            rows = order[begin : begin + 512]
            slopes = _slopes(weights, scaled[rows], wanted[rows])
            for at, drawn in enumerate(slopes):
                slope = drawn + 2e-6 * weights[at]
                means[at] += 0.1 * (slope - means[at])
                squares[at] += 0.001 * (slope**2 - squares[at])
                fair = means[at] / (1 - 0.9**step)
                weights[at] -= pace * fair / (np.sqrt(squares[at] / (1 - 0.999**step)) + 1e-8)
    first, first_offset, second, second_offset, last, last_offset = weights
    return Network(
        first / wide[:, None],
        first_offset - (mean / wide) @ first,
        second,
        second_offset,
        np.append(last[:, 0], last_offset),
    )


def _slopes(weights: list[Floats], inputs: Floats, wanted: Floats) -> list[Floats]:
    first = np.tanh(inputs @ weights[0] + weights[1])
    second = np.tanh(first @ weights[2] + weights[3])
    odds = np.clip(second @ weights[4] + weights[5], -30, 30)
    off = (1 / (1 + np.exp(-odds)) - wanted[:, None]) / len(wanted)
    back = (off @ weights[4].T) * (1 - second**2)
    further = (back @ weights[2].T) * (1 - first**2)
    return [
        inputs.T @ further, further.sum(axis=0), first.T @ back, back.sum(axis=0),
        second.T @ off, off.sum(axis=0),
    ]  # fmt: skip


def main(seed: int = 20_000, gauges: int = 40, days: int = 40) -> None:
    """Learn anew and print the lines of ``LEARNED``."""
    chance = np.random.default_rng(seed)
    inputs, came = [], []
    for number, form in enumerate(FORMS):
        sys.stderr.write(f"form {number + 1} of {len(FORMS)}\n")
        for _ in range(gauges):
            found = examples(chance, gauge_levels(chance, days, form, (0.2, 1.0)))
            inputs.append(found[0])
            came.append(found[1])
    network = learn(chance, np.vstack(inputs), np.concatenate(came))
    lines = "".join(f"    {line!r}\n" for line in network.text())
    sys.stdout.write(f"LEARNED = (\n{lines})\n")


if __name__ == "__main__":
    main()
