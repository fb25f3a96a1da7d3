"""Rain over the made-up city: when, how hard, and the bureau's signals for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from agents.replay.feed import Entry
from agents.simulate.acts import weather
from agents.simulate.city import SimulatedCity
from schemas.terms import Colour

DAYS_BETWEEN = 6.0
"""Days between rains that are worth a signal, on average (D)."""

PEAKS: tuple[tuple[Colour, float, int], ...] = (
    ("blue", 8.0, 6),
    ("yellow", 14.0, 4),
    ("orange", 24.0, 1),
)
"""Colour of the signal, millimetres an hour at the peak, and how often (D)."""


@dataclass(frozen=True, slots=True)
class Rain:
    """One rain: it swells to its peak in the middle and dies away.

    ``mm_per_h`` is the peak; ``districts`` lie under it.
    """

    begins: datetime
    lasts: timedelta
    mm_per_h: float
    colour: Colour
    districts: frozenset[str]

    @property
    def ends(self) -> datetime:
        """When the last drop falls."""
        return self.begins + self.lasts

    def intensity(self, at: datetime, district: str) -> float:
        """Millimetres an hour over a district at that moment."""
        if district not in self.districts:
            return 0.0
        share = (at - self.begins) / self.lasts
        if not 0 <= share <= 1:
            return 0.0
        return self.mm_per_h * (1 - abs(2 * share - 1))


class Sky:
    """All rains of a simulation: the scripted one, then those that chance brings.

    Args:
        first: the rain of the scripted day; alone: there is no other.
    """

    def __init__(self, city: SimulatedCity, seed: int, first: Rain, *, alone: bool = False) -> None:
        self._city = city
        self._rng = Random(f"{seed}/weather")
        self._alone = alone
        self.rains: list[Rain] = [first]

    def until(self, at: datetime) -> None:
        """Decide all rains that begin up to `at`; the order of asking changes nothing."""
        while not self._alone and self.rains[-1].begins <= at:
            rng = self._rng
            gap = timedelta(days=1 + rng.expovariate(1 / (DAYS_BETWEEN - 1)))
            colour, peak, _ = rng.choices(PEAKS, weights=[often for *_, often in PEAKS])[0]
            count = rng.randrange(2, max(3, len(self._city.districts) // 2))
            self.rains.append(
                Rain(
                    self.rains[-1].begins + gap,
                    timedelta(minutes=rng.randrange(120, 420)),
                    peak,
                    colour,
                    frozenset(rng.sample(self._city.districts, count)),
                )
            )

    def intensity(self, at: datetime, district: str) -> float:
        """Millimetres an hour over a district at that moment."""
        self.until(at)
        return max((rain.intensity(at, district) for rain in self.rains[-6:]), default=0.0)

    def heaviest(self, at: datetime) -> Rain | None:
        """The heaviest rain that falls at that moment, anywhere in the city."""
        self.until(at)
        falling = [rain for rain in self.rains[-6:] if rain.begins <= at <= rain.ends]
        return max(falling, key=lambda rain: rain.mm_per_h, default=None)

    def signals(self) -> Iterator[Entry]:
        """What the bureau says of the rains after the scripted one, which has its own words."""
        number = 1
        while not self._alone:
            while len(self.rains) <= number:
                self.until(self.rains[-1].begins)
            rain = self.rains[number]
            areas = sorted(rain.districts)
            name = f"rain-{number:04}"
            city = self._city.code
            before = rain.begins - timedelta(minutes=20)
            yield weather(
                before, city, f"{name}/1", "Alert", rain.colour, areas, lasts=rain.lasts * 2
            )
            yield weather(
                rain.ends,
                city,
                f"{name}/2",
                "Cancel",
                rain.colour,
                areas,
                references=[f"{name}/1"],
            )
            number += 1
