"""Hotspots (W16): more cases around a place than the level of the day explains.

The cases of a desk's streets lie on one plane, each group of kinds by itself. The scan
divides the level of the whole area out first, so that a rainstorm is no hotspot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from math import cos, hypot, log10, radians
from typing import NamedTuple, Protocol

import h3
import orjson

from schemas.alert import Geometry
from schemas.terms import COLOURS
from streams.incidents import episodes, problems, verdicts
from streams.incidents.places import METRES_PER_DEGREE
from streams.incidents.sealed import Sealed
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.patterns import HotspotGroup, HotspotRule
from streams.state import EPOCH, Namespace, from_microseconds
from streams.warning.hotspots.detector import Hotspot, Hotspots

KM_PER_DEGREE = METRES_PER_DEGREE / 1_000
MOST_CELLS = 50
_FINE, _COARSE = 9, 8
"""H3 resolutions of cells about 0.4 and 1 km across."""

_DAY_US = 86_400 * 1_000_000


class Case(Protocol):
    """What a scan needs of an opened case."""

    @property
    def start(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def incident_id(self) -> str: ...
    @property
    def lat(self) -> float | None: ...
    @property
    def lon(self) -> float | None: ...


class _Seen(NamedTuple):
    """A case of the longest window."""

    day: float
    x_km: float
    y_km: float
    incident_id: str
    kind: str


class _Open(NamedTuple):
    """A hotspot that was told of and may grow."""

    subject: str
    x_km: float
    y_km: float
    until: float


class _Scan:
    """One group's scan at a desk.

    Attributes:
        lat: the parallel by which degrees become kilometres; fixed by the first case.
        origin: where the first case was, km.
    """

    def __init__(self, rule: HotspotRule, stored: bytes = b"") -> None:
        self.rule = rule
        self.lat: float | None = None
        self.origin = (0.0, 0.0)
        self.seen: list[_Seen] = []
        self.open: list[_Open] = []
        if not stored:
            self.hotspots = Hotspots(rule.learn_days, rule.recurrence_days, rule.rules)
            return
        head, _, scan = stored.partition(b"\n")
        self.lat, origin, seen, opened = orjson.loads(head)
        self.origin = (origin[0], origin[1])
        self.seen = [_Seen(*row) for row in seen]
        self.open = [_Open(*row) for row in opened]
        self.hotspots = Hotspots.decode(scan, rule.learn_days, rule.recurrence_days, rule.rules)

    def encode(self) -> bytes:
        """All of it, exactly."""
        rows = [[tuple(each) for each in part] for part in (self.seen, self.open)]
        head = orjson.dumps([self.lat, self.origin, *rows])
        return head + b"\n" + self.hotspots.encode()

    def forget(self) -> None:
        """Forget the cases that have left the longest window, and what ended before it."""
        if self.seen:
            since = self.seen[-1].day - self.rule.rules.longest_days
            self.seen = [each for each in self.seen if each.day > since]
            self.seen = self.seen[-self.rule.most_events :]
            self.open = [each for each in self.open if each.until > since]

    def observe(
        self, turn: Turn, case: Case, lat: float, lon: float, p_max: float
    ) -> Hotspot | None:
        """Take a case in, in the order of time; what is at most so improbable is told."""
        if self.lat is None:
            self.lat = lat
        x_km = lon * KM_PER_DEGREE * cos(radians(self.lat))
        y_km = lat * KM_PER_DEGREE
        if not self.seen and self.origin == (0.0, 0.0):
            self.origin = (x_km, y_km)
        apart = max(abs(x_km - self.origin[0]), abs(y_km - self.origin[1]))
        if apart > self.rule.rules.widest_km / 2:
            return None  # no place of this city: a slip of whoever reported it
        day = _day(turn, case.start)
        if self.seen:
            day = max(day, self.seen[-1].day)
        self.seen.append(_Seen(day, x_km, y_km, case.incident_id, case.kind))
        return self.hotspots.observe(day, x_km, y_km, p_max)

    def members(self, found: Hotspot) -> list[_Seen]:
        """The cases that a hotspot counts, oldest first."""
        return [
            each
            for each in self.seen
            if each.day > found.since
            and hypot(each.x_km - found.x_km, each.y_km - found.y_km) <= found.radius_km
        ]

    def subject(self, group: HotspotGroup, found: Hotspot, centre: tuple[float, float]) -> str:
        """The episode that a hotspot belongs to: one that goes on nearby, or a new one."""
        until = found.day + (found.day - found.since) + self.rule.quiet_days
        near = sorted(
            (hypot(one.x_km - found.x_km, one.y_km - found.y_km), at)
            for at, one in enumerate(self.open)
            if one.until > found.day
        )
        if near and (found.raised or near[0][0] <= self.rule.rules.apart_km):
            at = near[0][1]
            self.open[at] = self.open[at]._replace(until=until)
            return self.open[at].subject
        subject = f"{group.name}/{h3.latlng_to_cell(*centre, _COARSE)}"
        self.open.append(_Open(subject, found.x_km, found.y_km, until))
        return subject


SCANS: Namespace[Sealed[_Scan]] = Namespace(
    name="scan",
    encode=Sealed.encode,
    decode=Sealed,
    lifetime="ever: one for each group of kinds that a desk looks at, some 30 kB",
    rank=8,
    decoded=200,
)
"""Key ``<area>/<group>``."""


def look(turn: Turn, cases: Sequence[Case]) -> None:
    """A stretch is over: tell what its cases make plain.

    Args:
        cases: in the order of their time.
    """
    rule = turn.policy.triggers.hotspots
    if rule is None or turn.tier not in rule.tiers:
        return
    for group in rule.groups:
        key = f"{turn.area}/{group.name}"
        stored = turn.state.get(SCANS, key) or Sealed()
        scan: _Scan | None = None
        for case in cases:
            kind = turn.policy.category(None, case.kind)
            if kind is None or case.lat is None or case.lon is None:
                continue
            if not group.watches(kind.code, kind.group):
                continue
            scan = scan or stored.opened(partial(_Scan, rule))
            # Answers move the bar of the scan itself: what stays below is not taken as told.
            factor = verdicts.factor(turn, rule.id, kind.code)
            bar = max(factor, min(1.0, rule.at[-1] * rule.recurrence_days)) / rule.recurrence_days
            found = scan.observe(turn, case, case.lat, case.lon, bar)
            if found is not None:
                _tell(turn, scan, group, found, factor, bar)
        if scan is not None:
            scan.forget()
            turn.state.put(SCANS, key, stored)


def _tell(
    turn: Turn, scan: _Scan, group: HotspotGroup, found: Hotspot, factor: float, bar: float
) -> None:
    rule = scan.rule
    p = found.p if found.p <= rule.at[-1] else min(1.0, found.p / factor)
    reached = sum(p <= at for at in rule.at)
    if not reached or scan.lat is None:
        return
    lat = found.y_km / KM_PER_DEGREE
    lon = found.x_km / (KM_PER_DEGREE * cos(radians(scan.lat)))
    members = scan.members(found)
    most = Counter(each.kind for each in members).most_common(1)
    kind = turn.policy.category(None, most[0][0]) if most else None
    subject = scan.subject(group, found, (lat, lon))
    language = turn.policy.language
    span = found.day - found.since
    alert = episodes.tell(
        turn,
        rule,
        subject,
        begun=round(found.day * 24),
        colour=COLOURS[reached - 1],
        title=words(
            language,
            "hotspot",
            title=rule.title.of(language),
            group=group.title.of(language),
            days=span,
            count=found.observed,
            radius=found.radius_km,
            expected=found.expected,
            low=found.low,
            high=found.high,
        ),
        observed=float(found.observed),
        expected=round(found.expected, 2),
        interval=(float(found.low), float(found.high)),
        p=p,
        fires_at=min(1.0, bar),
        tests=len(rule.groups),
        kind=None if kind is None else kind.code,
        place=(lat, lon),
        window=episodes.window_of(start=_moment(turn, found.since), end=_moment(turn, found.day)),
        evidence=[each.incident_id for each in members[-50:]],
        evidence_count=found.observed,
        geometry=_geometry(lat, lon, found.radius_km),
        contributions={
            "surprise": round(-log10(max(found.p, 1e-300)), 2),
            "times_usual": round(found.observed / max(found.expected, 1e-6), 2),
        },
        expires_at=turn.now + timedelta(days=span + rule.quiet_days),
    )
    if rule.problem and kind is not None:
        problems.gather(
            turn,
            kind,
            rule.id,
            key=f"{turn.area}/{rule.id}/{subject}",
            title=alert.title,
            incidents=[each.incident_id for each in members],
            where=(lat, lon),
        )


def _geometry(lat: float, lon: float, radius_km: float) -> Geometry:
    """The disc, and the cells whose middle lies in it; at least the middle one."""
    size = _FINE if radius_km <= 1.2 else _COARSE
    middle = h3.latlng_to_cell(lat, lon, size)
    rings = 1 + int(radius_km / (1.7 * h3.average_hexagon_edge_length(size, unit="km")))
    near = sorted(
        (h3.great_circle_distance((lat, lon), h3.cell_to_latlng(cell), unit="km"), cell)
        for cell in h3.grid_disk(middle, rings)
    )
    cells = [cell for away, cell in near if away <= radius_km][:MOST_CELLS]
    return Geometry(
        lat=round(lat, 5), lon=round(lon, 5), radius_km=radius_km, cells=cells or [middle]
    )


def _offset(turn: Turn, moment: datetime) -> timedelta:
    return moment.astimezone(turn.policy.tz).utcoffset() or timedelta()


def _day(turn: Turn, start: int) -> float:
    """Days of the city's own clock since 1970, with their fraction."""
    moment = from_microseconds(start)
    return (start + _offset(turn, moment) // timedelta(microseconds=1)) / _DAY_US


def _moment(turn: Turn, day: float) -> datetime:
    about = EPOCH + timedelta(days=day)
    return about - _offset(turn, about)
