"""How detectors of counts are compared: the same false alarms, then what is found and when."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.evaluate.bootstrap import of_mean, of_ratio
from agents.evaluate.report import Figure
from agents.evaluate.simulated_counts import Scenario

Floats = NDArray[np.float64]


class Scores(NamedTuple):
    """One detector on one scenario: its score of each bin after learning, higher is odder.

    Attributes:
        quiet: without the outbreak.
        struck: with it.
    """

    quiet: Floats
    struck: Floats


class Found(NamedTuple):
    """What a detector finds at a matched share of false alarms.

    Attributes:
        detected: share of outbreaks with at least one alarm in a bin with extra cases.
        first: share of outbreaks with an alarm in the first such bin.
        sensitivity: share of the bins with extra cases that have an alarm.
        delay: bins from the first case to the first alarm, of the detected.
        by_strength: share detected, per strength.
    """

    detected: Figure
    first: Figure
    sensitivity: Figure
    delay: Figure
    by_strength: dict[float, float]


def threshold(scores: Sequence[Scores], false_share: float) -> float:
    """The score that this share of quiet bins exceeds."""
    quiet = np.sort(np.concatenate([one.quiet for one in scores]))
    return float(quiet[max(ceil(len(quiet) * (1.0 - false_share)) - 1, 0)])


def found_at(
    scenarios: Sequence[Scenario], scores: Sequence[Scores], limit: float, seed: int
) -> Found:
    """What is found of the outbreaks by scores above a limit."""
    detected, first, hit, bins, delay, seen = [], [], [], [], [], []
    by_strength: dict[float, list[float]] = {}
    for scenario, one in zip(scenarios, scores, strict=True):
        struck = [at - scenario.learn for at in scenario.bins]
        if not struck:
            continue
        alarms = one.struck[struck] > limit
        detected.append(float(alarms.any()))
        first.append(float(alarms[0]))
        hit.append(float(alarms.sum()))
        bins.append(float(len(struck)))
        seen.append(float(alarms.any()))
        delay.append(float(struck[int(np.argmax(alarms))] - struck[0]) if alarms.any() else 0.0)
        by_strength.setdefault(scenario.strength, []).append(detected[-1])
    return Found(
        of_mean(detected, seed),
        of_mean(first, seed),
        of_ratio(hit, bins, seed),
        of_ratio(delay, seen, seed, ".2f"),
        {strength: float(np.mean(by_strength[strength])) for strength in sorted(by_strength)},
    )


class Episodes(NamedTuple):
    """What a city's duty desk is told: alarms of one series at most `GAP` bins apart are one."""

    a_day: Figure
    false_share: Figure
    detected: Figure
    strongest: Figure
    delay: Figure


GAP = 3


def episodes(
    scenarios: Sequence[Scenario], alarms: Sequence[NDArray[np.bool_]], seed: int
) -> Episodes:
    """Episodes a day, the share that touches no outbreak, and what is detected.

    Args:
        alarms: per scenario, whether each day after learning has an alarm.
    """
    total, false, detected, strongest, delay, seen = [], [], [], [], [], []
    top = max(scenario.strength for scenario in scenarios)
    days = len(alarms[0])
    for scenario, days_called in zip(scenarios, alarms, strict=True):
        struck = [at - scenario.learn for at in scenario.bins]
        told, in_vain = _told(struck, days_called)
        total.append(float(told))
        false.append(float(in_vain))
        if struck:
            within = days_called[struck[0] : struck[-1] + 1]
            detected.append(float(within.any()))
            seen.append(float(within.any()))
            delay.append(float(np.argmax(within)))
            if scenario.strength == top:
                strongest.append(float(within.any()))
    whole = [days / len(total)] * len(total)
    return Episodes(
        of_ratio(total, whole, seed, ".2f"),
        of_ratio(false, total, seed, ".2f"),
        of_mean(detected, seed, ".2f"),
        of_mean(strongest, seed, ".2f"),
        of_ratio(delay, seen, seed, ".1f"),
    )


def limit_of_false_share(
    scenarios: Sequence[Scenario], scores: Floats, most: float, most_a_day: float
) -> float:
    """The lowest limit above which at most this share of the episodes is false.

    Args:
        scores: per scenario and day after learning.
        most_a_day: as many episodes at most, too.
    """
    ranked = np.sort(scores, axis=None)[::-1]
    struck = [[at - one.learn for at in one.bins] for one in scenarios]
    low, high = 0, len(ranked) // 20
    while high - low > 1:
        middle = (low + high) // 2
        called = scores > ranked[middle]
        counted = [_told(days, row) for days, row in zip(struck, called, strict=True)]
        told, false = (sum(each) for each in zip(*counted, strict=True))
        if false <= most * told and told <= most_a_day * scores.shape[1]:
            low = middle
        else:
            high = middle
    return float(ranked[low])


def _told(struck: Sequence[int], called: NDArray[np.bool_]) -> tuple[int, int]:
    """Episodes of one series, and those that touch no outbreak."""
    spans = _spans([int(at) for at in np.nonzero(called)[0]])
    hits = sum(
        bool(struck) and begin <= struck[-1] + GAP and end >= struck[0] for begin, end in spans
    )
    return len(spans), len(spans) - hits


def _spans(called: Sequence[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for at in called:
        if spans and at - spans[-1][1] <= GAP:
            spans[-1] = (spans[-1][0], at)
        else:
            spans.append((at, at))
    return spans
