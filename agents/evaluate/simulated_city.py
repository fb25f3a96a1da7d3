"""Made-up cities for measuring: where things happen, and how many a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

SIDE_KM = 20.0


class Centre(NamedTuple):
    """A part of the city that people crowd in: a Gaussian around a point."""

    x_km: float
    y_km: float
    spread_km: float
    weight: float


@dataclass(frozen=True, slots=True)
class City:
    """Where events happen in a square city: around centres, and anywhere.

    Attributes:
        centres: with weights; ``anywhere`` is the weight of the even rest.
        day_spread: spread of the day level around its weekday, as a share.
    """

    centres: tuple[Centre, ...]
    anywhere: float
    day_spread: float

    def places(self, many: int, chance: np.random.Generator) -> Points:
        """Points of events, km, one a row."""
        weights = np.array([*(one.weight for one in self.centres), self.anywhere])
        of = chance.choice(len(weights), many, p=weights / weights.sum())
        found = chance.uniform(0, SIDE_KM, (many, 2))
        for at, centre in enumerate(self.centres):
            mine = np.flatnonzero(of == at)
            while mine.size:
                found[mine] = chance.normal(
                    (centre.x_km, centre.y_km), centre.spread_km, (mine.size, 2)
                )
                beyond = ((found[mine] < 0) | (found[mine] > SIDE_KM)).any(axis=1)
                mine = mine[beyond]
        return found

    def density(self, at: Points) -> NDArray[np.float64]:
        """Share of the events per km² on a square grid.

        Args:
            at: where along both axes, km.
        """
        step = SIDE_KM / len(at)
        whole = sum(one.weight for one in self.centres) + self.anywhere
        found = np.full((len(at), len(at)), self.anywhere / whole / SIDE_KM**2)
        for one in self.centres:
            across = np.exp(-0.5 * ((at - one.x_km) / one.spread_km) ** 2)
            along = np.exp(-0.5 * ((at - one.y_km) / one.spread_km) ** 2)
            within = across.sum() * along.sum() * step**2
            found += one.weight / whole * np.outer(across, along) / within
        return found

    def days(
        self, many: int, per_day: float, chance: np.random.Generator
    ) -> tuple[NDArray[np.float64], Points]:
        """Events of so many days: fractional days, rising, and points."""
        weekday = np.array([1.1, 1.05, 1.05, 1.0, 1.05, 0.85, 0.9])
        shape = 1 / self.day_spread**2
        level = chance.gamma(shape, 1 / shape, many) * weekday[np.arange(many) % 7]
        times = np.sort(np.repeat(np.arange(many), chance.poisson(per_day * level)).astype(float))
        times = np.sort(times + chance.random(len(times)))
        return times, self.places(len(times), chance)


def sub_centres(
    seed: int,
    many: int,
    anywhere: float,
    day_spread: float,
    spread_km: tuple[float, float] = (0.5, 2.0),
) -> City:
    """A city of several centres of random place and of a width within bounds."""
    chance = np.random.default_rng(seed)
    centres = tuple(
        Centre(
            float(chance.uniform(1, SIDE_KM - 1)),
            float(chance.uniform(1, SIDE_KM - 1)),
            float(chance.uniform(*spread_km)),
            (1 - anywhere) / many,
        )
        for _ in range(many)
    )
    return City(centres, anywhere, day_spread)
