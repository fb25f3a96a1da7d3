"""The most that any scan can find: one that knows where the city's events happen, and the form."""

from __future__ import annotations

import numpy as np

from agents.evaluate.simulated_city import SIDE_KM, City, Points
from streams.warning.hotspots.ground import Field, Ground
from streams.warning.hotspots.rules import HotspotRules, Shape
from streams.warning.hotspots.scan import RecentEvents

_PARTS = 4
"""Into so many parts along each side a cell is cut to add a disc up."""

_KNOWN = 1e12
"""As if so many past events had been learned from."""


class KnownDensity:
    """A scan told the city's true density, and a cluster's radius, length and strength."""

    def __init__(self, city: City, radius_km: float, days: float, extra: float) -> None:
        self._rules = HotspotRules(shapes=(Shape(radius_km, days, extra, 1.0),))
        rules = self._rules
        self._ground = Ground(0.0, 0.0, rules)
        # The last cell ends at the city's edge.
        self._ground.reach(SIDE_KM - rules.cell_km / 2, SIDE_KM - rules.cell_km / 2)
        many = self._ground.size[0]
        at = (np.arange(many * _PARTS) + 0.5) * SIDE_KM / (many * _PARTS)
        fine = city.density(at) * (SIDE_KM / (many * _PARTS)) ** 2
        shares = _discs(fine, radius_km / rules.cell_km * _PARTS)
        self._ground.shares = shares[None]
        self._ground.people = (
            rules.of_people * shares / shares.sum() + (1 - rules.of_people) / shares.size
        )
        self._ground.learned = _KNOWN

    def alarms(
        self, times: Points, places: Points, starts: float, recurrence_days: float
    ) -> list[Points]:
        """Centres of what it would tell from a day on."""
        recent = RecentEvents(self._ground, self._rules)
        recent.lay(self._ground)
        least = self._rules.scale * recurrence_days
        found = []
        for day, (x_km, y_km) in zip(times.tolist(), places.tolist(), strict=True):
            recent.drop(len(recent.add(self._ground, day, x_km, y_km)))
            if day < starts:
                continue
            seen = recent.sight(self._ground, x_km, y_km)
            if seen.evidence >= least:
                found.append(np.array([seen.x_km, seen.y_km]))
        return found


def _discs(fine: Field, radius: float) -> Field:
    """What lies within a radius, in parts of a cell, of the middle of each cell."""
    reach = int(radius) + 1
    off = np.arange(-reach, reach) + 0.5
    disc = (off[:, None] ** 2 + off[None, :] ** 2 <= radius**2).astype(float)
    long = len(fine) + len(disc)
    whole = np.fft.irfft2(
        np.fft.rfft2(fine, (long, long)) * np.fft.rfft2(disc, (long, long)), (long, long)
    )
    # The kernel's middle lies between two parts, and so does the middle of a cell.
    middle = np.arange(0, len(fine), _PARTS) + _PARTS // 2 + reach - 1
    return np.asarray(np.maximum(whole[np.ix_(middle, middle)], 1e-12))
