"""A made-up city whose events bring each other about, under rain that two kinds share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

KINDS, AREAS = 20, 60
CHAINS = ((0, 1), (1, 2), (3, 4))
"""Cause and effect; the second chain goes on where the first ends."""

RAINY = (5, 6)
"""The two kinds that the same rain multiplies."""


class Weather(NamedTuple):
    """Rain: about every fifth day, 3 to 9 hours.

    Attributes:
        times: the kinds are at most so many times as frequent.
        later_h: the second kind follows the rain so much later.
        districts: rain falls on one of so many parts of the city; 1: on all of it.
    """

    times: float = 9.0
    later_h: int = 0
    districts: int = 1


def simulate(
    seed: int,
    days: int,
    per_day: float,
    brings: float,
    weather: Weather,
    lag_h: float = 3.0,
) -> list[tuple[float, int, int]]:
    """Events (hour, area, kind), rising in time.

    Args:
        per_day: events of the whole city without those that others bring.
        brings: chance that a cause brings its effect.
        lag_h: mean of the gamma (shape 2) that the effect comes later.
    """
    chance = np.random.default_rng(seed)
    hours = 24 * days
    shares = chance.lognormal(0, 0.6, (AREAS, 1)) * chance.lognormal(0, 0.4, (AREAS, KINDS))
    shares /= shares.sum(axis=0)
    rates = chance.lognormal(0, 0.5, KINDS)
    rates *= per_day / 24 / rates.sum()
    by_hour = 1 + 0.6 * np.sin(2 * np.pi * (np.arange(24) - 9) / 24)
    rain = _rain(chance, hours, weather)
    when: list[NDArray[np.float64]] = []
    where: list[NDArray[np.int64]] = []
    for kind in range(KINDS):
        usual = np.outer(by_hour[np.arange(hours) % 24], shares[:, kind]) * rates[kind]
        if kind in RAINY:
            usual *= rain[RAINY.index(kind)]
        hour, area = np.nonzero(many := chance.poisson(usual))
        hour, area = np.repeat(hour, many[hour, area]), np.repeat(area, many[hour, area])
        when.append(hour + chance.random(len(hour)))
        where.append(area)
    for cause, effect in CHAINS:
        brought = chance.random(len(when[cause])) < brings
        later = when[cause][brought] + chance.gamma(2, lag_h / 2, int(brought.sum()))
        inside = later < hours
        when[effect] = np.concatenate((when[effect], later[inside]))
        where[effect] = np.concatenate((where[effect], where[cause][brought][inside]))
    events = [
        (float(hour), int(area), kind)
        for kind in range(KINDS)
        for hour, area in zip(when[kind], where[kind], strict=True)
    ]
    events.sort()
    return events


def _rain(chance: np.random.Generator, hours: int, weather: Weather) -> NDArray[np.float64]:
    """Factor per rainy kind, hour and area."""
    found = np.ones((2, hours, AREAS))
    for _ in range(max(2, hours // 120)):
        begins, lasts = int(chance.integers(hours)), int(chance.integers(3, 10))
        times = chance.uniform(3, weather.times)
        part = np.arange(AREAS) % weather.districts == chance.integers(weather.districts)
        for at, later in enumerate((0, weather.later_h)):
            found[at, begins + later : begins + later + lasts, part] = times
    return found
