"""Places that complain more than their own past lets expect (W17), judged as complaints come.

A place is where complaints of one kind lie within the kind's radius of recurrence. What is
remembered of it is a rate and its latest days; of the street its pace, by kind and over all.
Callers who speak of one matter within hours are one complaint here: they repeat nothing.
"""

from __future__ import annotations

from array import array
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.errors import SchemaError
from schemas.terms import COLOURS, Colour
from streams.incidents import verdicts
from streams.incidents.places import cell_of, cells_around, metres
from streams.incidents.turn import Turn
from streams.policy import CategoryRule
from streams.policy.patterns import RepeatRule
from streams.state import EPOCH, Namespace
from streams.warning.repeats import PlaceHistory, Repeat, StreetPace, judge

MOST_PLACES = 16
"""Places of one cell; they lie at least a radius apart, so there is no room for more."""

_DAY_S = 86_400.0


class Place(NamedTuple):
    """A place that has complained: where, and what is remembered of it."""

    lat: float
    lon: float
    history: PlaceHistory


def _encode(places: list[Place]) -> bytes:
    parts = []
    for place in places:
        history = place.history.encode()
        parts.append(array("d", (place.lat, place.lon, float(len(history)))).tobytes() + history)
    return b"".join(parts)


def _decode(stored: bytes) -> list[Place]:
    places: list[Place] = []
    at = 0
    while at < len(stored):
        head = array("d")
        head.frombytes(stored[at : at + 24])
        if len(head) < 3:
            raise SchemaError(f"places: got {len(stored)} bytes, wanted 24 more for each place")
        end = at + 24 + int(head[2])
        places.append(Place(head[0], head[1], PlaceHistory.decode(stored[at + 24 : end])))
        at = end
    return places


HISTORIES: Namespace[list[Place]] = Namespace(
    name="complained",
    encode=_encode,
    decode=_decode,
    lifetime="until none of its places has complained for the rule's memory (400 days)",
    rank=8,
    on_due="expire",
)
"""Key ``<area>/<kind>/<cell>``: at most 150 bytes a place."""

PACES: Namespace[StreetPace] = Namespace(
    name="pace",
    encode=StreetPace.encode,
    decode=StreetPace.decode,
    lifetime="ever: at most 280 bytes for each street, and for each kind that it watches",
    rank=8,
    decoded=2_000,
)
"""Key ``<area>`` and ``<area>/<kind>``."""


class Again(NamedTuple):
    """A complaint has shown that something is wrong at its place.

    Attributes:
        p: of ``repeat``, moved by what the desk answered to such warnings.
        since: when the trouble probably began.
        fires_at: the largest p that is told here and now.
    """

    repeat: Repeat
    p: float
    colour: Colour
    since: datetime
    fires_at: float


def complained(turn: Turn, kind: CategoryRule, lat: float, lon: float) -> Again | None:
    """Remember a complaint at a place; what it shows, if that is beyond chance."""
    rule = turn.policy.triggers.repeats
    if rule is None or turn.tier != "street" or not rule.watches(kind.code, kind.group):
        return None
    day = (turn.now - EPOCH).total_seconds() / _DAY_S
    key, places, place = _place(turn, kind, lat, lon)
    recent = place.history.recent
    if recent:
        silent: float | None = day - recent[-1]
        if silent is not None and silent * _DAY_S < rule.apart_s:
            return None
    else:
        silent = None
    street, of_kind = _pace(turn, turn.area, day), _pace(turn, f"{turn.area}/{kind.code}", day)
    of_kind.began = street.began
    place.history.add(day, rule.rules)
    street.learn(day, silent, rule.rules)
    of_kind.learn(day, silent, rule.rules)
    found = None
    if silent is not None and day - street.began >= rule.learn_days:
        found = judge(place.history, of_kind, day, rule.rules, street)
    again = None if found is None else _beyond_chance(turn, rule, kind, found)
    if again is not None:
        place.history.alerted = day
    turn.state.put(HISTORIES, key, places, turn.now + timedelta(days=rule.memory_days))
    turn.state.put(PACES, turn.area, street)
    turn.state.put(PACES, f"{turn.area}/{kind.code}", of_kind)
    return again


def _beyond_chance(turn: Turn, rule: RepeatRule, kind: CategoryRule, found: Repeat) -> Again | None:
    p = verdicts.believed(turn, rule.id, found.p, kind=kind.code, red=rule.at[-1])
    reached = sum(p <= at for at in rule.at)
    if not reached:
        return None
    tolerated = min(1.0, rule.at[0] * verdicts.factor(turn, rule.id, kind.code))
    since = EPOCH + timedelta(days=found.since)
    return Again(found, p, COLOURS[reached - 1], since, tolerated)


def _pace(turn: Turn, key: str, day: float) -> StreetPace:
    return turn.state.get(PACES, key) or StreetPace(day)


def _place(
    turn: Turn, kind: CategoryRule, lat: float, lon: float
) -> tuple[str, list[Place], Place]:
    """The place that a point belongs to, a new one if none is near, and where it is kept."""
    reach = kind.recurrence_radius_m or 1.0
    prefix = f"{turn.area}/{kind.code}/"
    best: tuple[float, str, list[Place], Place] | None = None
    for cell in cells_around(lat, lon, reach):
        places = turn.state.get(HISTORIES, prefix + cell)
        for place in places or ():
            away = metres(lat, lon, place.lat, place.lon)
            if away <= reach and (best is None or away < best[0]):
                best = (away, prefix + cell, places or [], place)
    if best is not None:
        return best[1:]
    key = prefix + cell_of(lat, lon, reach)
    places = turn.state.get(HISTORIES, key) or []
    place = Place(lat, lon, PlaceHistory())
    places.append(place)
    if len(places) > MOST_PLACES:
        places.remove(min(places, key=lambda one: one.history.recent[-1:] or [0.0]))
    return key, places, place
