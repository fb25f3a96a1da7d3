"""The expectation-based scan over fixed cells, once a day: what hotspots are measured against.

Source: Neill 2009, Int J Forecasting 25:498; tail by Abrams 2010, Int J Health Geogr 9:61.
"""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from agents.evaluate.simulated_city import SIDE_KM, Points

CELL_KM = 0.5
RADII_KM = (0.0, 0.5, 0.75, 1.15, 1.5, 2.1)
WINDOWS_DAYS = (1, 2, 3, 5, 7)
_SIDE = int(SIDE_KM / CELL_KM)

Field = NDArray[np.float64]


class CellScan:
    """The scan of a city whose usual density was learned; the city's level is divided out."""

    def __init__(self, learned: Points) -> None:
        usual = _cells(learned) + 0.5
        usual /= usual.sum()
        self._usual = {radius: _discs(usual, radius) for radius in RADII_KM}
        self._threshold = float("inf")

    def set_threshold(self, times: Points, places: Points, recurrence_days: float) -> None:
        """One alarm in so many days, by a Gumbel fit to the highest scores of quiet days."""
        last = int(times[-1]) + 1
        highest = np.array([score for score, _ in self._scan(times, places, 7, last)])
        spread = float(highest.std()) * sqrt(6) / pi
        middle = float(highest.mean()) - 0.5772 * spread
        self._threshold = middle - spread * log(-log(1 - 1 / recurrence_days))

    def alarms(self, times: Points, places: Points, first: int, end: int) -> list[Points]:
        """Centres of the best discs of the days that alarm."""
        found = self._scan(times, places, first, min(end, int(times[-1]) + 1))
        return [centre for score, centre in found if score > self._threshold]

    def _scan(
        self, times: Points, places: Points, first: int, end: int
    ) -> list[tuple[float, Points]]:
        days = times.astype(int)
        by_day = {day: _cells(places[days == day]) for day in range(first - 7, end)}
        found = []
        for day in range(first, end):
            best = (-1.0, np.zeros(2))
            for window in WINDOWS_DAYS:
                seen = sum((by_day[day - back] for back in range(window)), np.zeros((_SIDE, _SIDE)))
                whole = seen.sum()
                for radius in RADII_KM:
                    count, usual = _discs(seen, radius), self._usual[radius] * whole
                    gain = count * np.log(np.maximum(count, 1e-9) / usual) - (count - usual)
                    gain[count <= usual] = 0
                    at = int(gain.argmax())
                    if gain.flat[at] > best[0]:
                        centre = (np.array(divmod(at, _SIDE)) + 0.5) * CELL_KM
                        best = (float(gain.flat[at]), centre)
            found.append(best)
        return found


def _cells(places: Points) -> Field:
    """Events per cell."""
    at = np.minimum((places / CELL_KM).astype(int), _SIDE - 1)
    found: Field = np.zeros((_SIDE, _SIDE))
    np.add.at(found, (at[:, 0], at[:, 1]), 1.0)
    return found


def _discs(cells: Field, radius_km: float) -> Field:
    """Sums over the cells whose centres are within a radius of each cell's."""
    reach = int(radius_km / CELL_KM)
    wide = np.pad(cells, reach)
    found = np.zeros(cells.shape)
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            if (i * i + j * j) * CELL_KM**2 <= radius_km**2:
                found += wide[reach + i : reach + i + _SIDE, reach + j : reach + j + _SIDE]
    return found
