"""Cases as the tiers above hear of them, one by one: where patterns of many are looked for.

A street tells each case of the kinds that matter with its ten minutes of counts. A desk
above gathers them, and when a stretch is over and all below had time to tell, it looks at
them in the order of their time: for hotspots (W16), and for chains (W18).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from schemas.handoff import AreaCounts
from schemas.incident import Incident
from streams.incidents import chains, hotspots, precursors
from streams.incidents.counting import BIN_S, BIN_US, bin_of, note_opened
from streams.incidents.routing import birth_area
from streams.incidents.turn import Turn
from streams.state import Namespace, from_microseconds, to_microseconds

MOST_AWAITED = 50_000
"""Cases that a desk gathers for one look; what is beyond is only in its counts."""

_NOWHERE = "- -"


class Opened(NamedTuple):
    """A case that was opened somewhere below.

    Attributes:
        start: begin of its ten minutes, microseconds since 1970.
    """

    start: int
    kind: str
    incident_id: str
    lat: float | None
    lon: float | None


AWAITED: Namespace[list[Opened]] = Namespace(
    name="awaited",
    encode=lambda awaited: orjson.dumps([tuple(each) for each in awaited]),
    decode=lambda stored: [Opened(*row) for row in orjson.loads(stored)],
    lifetime="until its stretch has been looked at, an hour or so",
    rank=7,
    clock="watermark",
)
"""Key: the area."""


def note(turn: Turn, incident: Incident) -> None:
    """This street has opened a case of a kind whose patterns are looked for above."""
    place = incident.place
    where = _NOWHERE
    kind = incident.category.code
    at = None if place.lat is None or place.lon is None else (place.lat, place.lon)
    precursors.note(turn, kind, incident.incident_id, turn.area, turn.now, at)
    if place.lat is not None and place.lon is not None:
        where = f"{place.lat:.5f} {place.lon:.5f}"
    told = {kind: [f"{where} {incident.incident_id}"]}
    note_opened(turn, told, bin_of(turn.now))


def on_opened(turn: Turn, counts: AreaCounts) -> None:
    """An area below tells cases: gathered here, and passed on if the tier above looks too."""
    start = bin_of(counts.bin_start)
    cases = [_parsed(start, kind, text) for kind, texts in counts.opened.items() for text in texts]
    for case in cases:
        area = birth_area(case.incident_id)
        at = None if case.lat is None or case.lon is None else (case.lat, case.lon)
        precursors.note(turn, case.kind, case.incident_id, area, counts.bin_start, at)
    if _looks(turn):
        awaited = turn.state.get(AWAITED, turn.area) or []
        _keep(turn, [*awaited, *cases[: MOST_AWAITED - len(awaited)]])
    if turn.tier == "district" and _city_looks(turn):
        note_opened(turn, counts.opened, start)


def _looks(turn: Turn) -> bool:
    rule = turn.policy.triggers.hotspots
    if turn.tier == "city" and turn.policy.triggers.chains is not None:
        return True
    return rule is not None and turn.tier in rule.tiers


def _city_looks(turn: Turn) -> bool:
    triggers = turn.policy.triggers
    hot = triggers.hotspots
    return triggers.chains is not None or (hot is not None and "city" in hot.tiers)


def _parsed(start: int, kind: str, text: str) -> Opened:
    lat, lon, incident_id = text.split(" ", 2)
    if lat == "-":
        return Opened(start, kind, incident_id, None, None)
    return Opened(start, kind, incident_id, float(lat), float(lon))


def _stretch_us(turn: Turn) -> int:
    rule = turn.policy.triggers.hotspots
    return round((3_600 if rule is None else rule.every_s) * 1e6)


def _keep(turn: Turn, awaited: list[Opened]) -> None:
    """Remember what waits; it is due when the stretch of the first has been told."""
    if not awaited:
        turn.state.delete(AWAITED, turn.area)
        return
    stretch = _stretch_us(turn)
    first = min(each.start for each in awaited)
    end = first - first % stretch + stretch
    turn.state.put(AWAITED, turn.area, awaited, from_microseconds(end) + _grace(turn))


def _grace(turn: Turn) -> timedelta:
    """How long after its end a stretch is told by all below: each tier says it a bin later."""
    return timedelta(seconds=BIN_S * (1 if turn.tier == "district" else 2))


def on_due(turn: Turn, awaited: list[Opened], at: datetime) -> None:
    """A stretch is over: look at its cases in the order of their time, whoever told first."""
    until = to_microseconds(at - _grace(turn))
    ready = sorted(each for each in awaited if each.start + BIN_US <= until)
    _keep(turn, [each for each in awaited if each.start + BIN_US > until])
    hotspots.look(turn, ready)
    chains.look(turn, ready)
