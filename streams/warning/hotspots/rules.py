"""What a hotspot looks like before one is seen: sizes, lengths, strengths, and how likely each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Shape(NamedTuple):
    """One form that a hotspot may have.

    Attributes:
        radius_km, days: of the disc, and how long it has lasted.
        extra: events that it has added to its disc in these days.
        weight: how likely among the forms; the weights of all forms sum to 1.
    """

    radius_km: float
    days: float
    extra: float
    weight: float


@dataclass(frozen=True, slots=True)
class HotspotRules:
    """How hotspots are looked for.

    Attributes:
        shapes: the forms; many forms cost power, because each may deceive.
        of_people: how far a hotspot follows people; the rest may be anywhere in the city.
        cell_km: spacing of the centres that are tried.
        most_cells: cells of the city's extent; a larger city has wider cells.
        bandwidths_km: smoothing of the usual density that is tried.
        forget_days: half-life of the usual density.
        block_km, stretch_days: of what is compared to see how a city clumps.
        scale: false alarms a day at evidence 1 (see ``Hotspot.p``).
        apart_km: a new alert so near to one that goes on is the same hotspot.
        most_events: events of the longest window that are remembered.
        widest_km: an event farther from the first ones belongs to no city.
    """

    shapes: tuple[Shape, ...] = (
        Shape(0.75, 2.0, 10.0, 0.1),
        Shape(0.75, 3.0, 10.0, 0.2),
        Shape(0.75, 3.0, 14.0, 0.2),
        Shape(1.5, 4.0, 18.0, 0.2),
        Shape(1.5, 5.0, 20.0, 0.3),
    )
    of_people: float = 0.8
    cell_km: float = 0.25
    most_cells: int = 250_000
    bandwidths_km: tuple[float, ...] = (0.5, 0.8, 1.3, 2.0)
    forget_days: float = 365.0
    block_km: float = 1.5
    stretch_days: float = 3.0
    scale: float = 0.15
    apart_km: float = 2.5
    most_events: int = 50_000
    widest_km: float = 500.0

    @property
    def reach_km(self) -> float:
        """The largest radius."""
        return max(shape.radius_km for shape in self.shapes)

    @property
    def longest_days(self) -> float:
        """The longest window."""
        return max(shape.days for shape in self.shapes)
