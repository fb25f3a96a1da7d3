"""The same place: which case of a kind lies where, found by cell and never by a scan.

The plane is cut into square cells twice as wide as the kind's radius, so that whatever
lies within the radius of a point is in one of at most four cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from math import cos, floor, hypot, radians
from typing import NamedTuple

from streams.incidents import lifecycle
from streams.incidents.case import LISTED_REPORTS, PLACES, Case, Spot
from streams.incidents.turn import Turn
from streams.policy import CategoryRule
from streams.state import from_microseconds, to_microseconds

METRES_PER_DEGREE = 111_195.0
KEPT_IN_CELL = 64
"""Spots beyond this number are forgotten, oldest first."""


class Near(NamedTuple):
    """A case of the kind near a point; `metres` away."""

    metres: float
    spot: Spot

    @property
    def incident_id(self) -> str:
        """The case's id."""
        return str(self.spot[0])

    @property
    def opened(self) -> datetime:
        """When it was opened."""
        return from_microseconds(self.spot[3])


def reach_m(rule: CategoryRule) -> float:
    """How far from a point cases of the kind matter: for merging or for recurrence."""
    merge, again = rule.merge_radius_m, rule.recurrence_radius_m
    return merge if merge > again else again or 1.0


def metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Distance of two points of one city, metres (plane, good to 0.1 % within 50 km)."""
    north = (lat - other_lat) * METRES_PER_DEGREE
    east = (lon - other_lon) * METRES_PER_DEGREE * cos(radians((lat + other_lat) / 2))
    return hypot(north, east)


def _cell(band: int, lon: float, size: float, shift: float) -> str:
    return f"{band}/{floor((lon * _scale(band, size) + shift) / size)}"


@lru_cache(maxsize=65_536)
def _scale(band: int, size: float) -> float:
    # One scale for a whole band of cells, or a cell's edge would depend on the point.
    return METRES_PER_DEGREE * cos(radians((band + 0.5) * size / METRES_PER_DEGREE))


def cell_of(lat: float, lon: float, radius_m: float) -> str:
    """The cell a point lies in, for kinds of that radius."""
    size = 2 * radius_m
    return _cell(floor(lat * METRES_PER_DEGREE / size), lon, size, 0.0)


def cells_around(lat: float, lon: float, radius_m: float) -> list[str]:
    """All cells that points within `radius_m` may lie in; one to four."""
    size = 2 * radius_m
    north = lat * METRES_PER_DEGREE
    cells: list[str] = []
    low, high = floor((north - radius_m) / size), floor((north + radius_m) / size)
    for band in (low,) if low == high else (low, high):
        west, east = _cell(band, lon, size, -radius_m), _cell(band, lon, size, radius_m)
        cells.append(west)
        if east != west:
            cells.append(east)
    return cells


@lru_cache(maxsize=1_024)
def _window(recurrence_days: float, merge_within_s: float) -> timedelta:
    return timedelta(days=recurrence_days, seconds=merge_within_s)


class Spots:
    """The places of one kind at one desk."""

    __slots__ = ("_prefix", "_reach", "_rule", "_table", "_turn")

    def __init__(self, turn: Turn, rule: CategoryRule) -> None:
        self._turn = turn
        self._rule = rule
        self._table = turn.state.table(PLACES)
        self._prefix = f"{turn.area}/{rule.code}/"
        self._reach = reach_m(rule)

    def around(self, lat: float, lon: float) -> list[Near]:
        """Cases of the kind within reach, nearest first, then oldest."""
        found: list[Near] = []
        reach = self._reach
        for cell in cells_around(lat, lon, reach):
            spots = self._table.get(self._prefix + cell)
            if spots is None:
                continue
            for spot in spots:
                distance = metres(lat, lon, spot[1], spot[2])
                if distance <= reach:
                    found.append(Near(distance, spot))
        if len(found) > 1:
            found.sort(key=lambda near: (near.metres, near.spot[3], near.spot[0]))
        return found

    def same_matter(self, near: list[Near], reported_at: datetime) -> Case | None:
        """The open case that a new report joins, or None.

        Near enough and soon enough after (or before) the case's last report, work still
        owed, and with room for one more report.
        """
        rule = self._rule
        if rule.merge_radius_m <= 0:
            return None
        if not near:
            return None
        moment = to_microseconds(reported_at)
        within = rule.merge_within_s * 1e6
        for distance, spot in near:
            if distance <= rule.merge_radius_m and abs(moment - spot[4]) <= within:
                case = self._turn.case(spot[0])
                if (
                    case is not None
                    and case.incident.state in lifecycle.OPEN
                    and case.incident.category.code == rule.code  # corrected since
                    and len(case.incident.reports) < LISTED_REPORTS
                ):
                    return case
        return None

    def remember(self, incident_id: str, lat: float, lon: float, opened: datetime) -> None:
        """A case of the kind was opened here."""
        key = self._prefix + cell_of(lat, lon, self._reach)
        spots = self._table.get(key)
        moment = to_microseconds(opened)
        spots = [] if spots is None else list(self._still_of_use(spots, moment))
        spots.append([incident_id, lat, lon, moment, moment])
        self._table.put(key, spots, opened + self._window())

    def forget(self, incident_id: str, lat: float, lon: float) -> None:
        """A case is not here after all."""
        key = self._prefix + cell_of(lat, lon, self._reach)
        spots = self._table.get(key)
        if spots is None:
            return
        left = [spot for spot in spots if spot[0] != incident_id]
        if left:
            newest = from_microseconds(max(each[4] for each in left))
            self._table.put(key, left, newest + self._window())
        elif spots:
            self._table.delete(key)

    def touch(self, case: Case, reported_at: datetime) -> None:
        """A case got one more report."""
        place = case.incident.place
        if place.lat is None or place.lon is None:
            return
        key = self._prefix + cell_of(place.lat, place.lon, self._reach)
        spots = self._table.get(key)
        if spots is None:
            return
        incident_id = case.incident.incident_id
        for spot in spots:
            if spot[0] == incident_id:
                spot[4] = max(spot[4], to_microseconds(reported_at))
                newest = from_microseconds(max(each[4] for each in spots))
                self._table.put(key, spots, newest + self._window())
                return

    def _window(self) -> timedelta:
        return _window(self._turn.policy.escalation.recurrence_days, self._rule.merge_within_s)

    def _still_of_use(self, spots: list[Spot], moment: int) -> Iterator[Spot]:
        window = self._window()
        oldest = moment - (window.days * 86_400 + window.seconds) * 1_000_000 - window.microseconds
        surplus = len(spots) + 1 - KEPT_IN_CELL
        for number, spot in enumerate(spots):
            if spot[4] >= oldest and number >= surplus:
                yield spot
