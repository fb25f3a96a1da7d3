"""What a known cause explains is folded under it: counted, listed, and nobody is called for it.

A cause is a case or a warning that is open at this desk; which kinds explain which stands
in the policy. When the cause is gone, what is still lit calls the desk after all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import orjson

from schemas.terms import COLOURS
from streams.incidents.case import SPREADS, WARNINGS, Case, present
from streams.incidents.places import metres
from streams.incidents.turn import Turn
from streams.policy.budget import InhibitionRule
from streams.state import Namespace

MOST_CAUSES = 100
"""Open causes known at one desk; beyond them the oldest explain nothing more."""

Point = tuple[float, float]
Cause = list[Any]
"""[what it is of, lat, lon, when it began]; seconds since 1970, without a point None."""

CAUSING: Namespace[dict[str, Cause]] = Namespace(
    name="causing",
    encode=orjson.dumps,
    decode=orjson.loads,
    lifetime="one entry a desk; a cause is in it until it ends",
    rank=8,
    decoded=2_000,
)
"""Key: the area. Value: by id of the case or warning."""

FOLDED: Namespace[dict[str, Any]] = Namespace(
    name="folded",
    encode=lambda alert: orjson.dumps(alert, default=present),
    decode=orjson.loads,
    lifetime="until the warning or its cause ends",
    rank=8,
)
"""Key ``<area>/<alert id>``: the newest revision of what is folded, in JSON terms."""


MOST_LIT = 200
"""Lit warnings at one desk that a cause might explain yet; beyond them the oldest call on."""

LIT: Namespace[dict[str, Point | None]] = Namespace(
    name="explainable",
    encode=orjson.dumps,
    decode=orjson.loads,
    lifetime="one entry a desk; a warning is in it until it ends or is folded",
    rank=8,
    decoded=2_000,
)
"""Key: the area. Value: where each warning is that a cause might explain, by its id."""

TOLD: Namespace[dict[str, Any]] = Namespace(
    name="told",
    encode=lambda alert: orjson.dumps(alert, default=present),
    decode=orjson.loads,
    lifetime="until the warning ends or is folded",
    rank=8,
)
"""Key ``<area>/<alert id>``: the newest revision of what a cause might explain."""


def remember_lit(turn: Turn, alert: dict[str, Any], place: Point | None) -> None:
    """A warning is lit that nothing explains yet, though a rule says what might."""
    if not _rules(turn, alert):
        return
    known = turn.state.get(LIT, turn.area) or {}
    alert_id = alert["alert_id"]
    known[alert_id] = known.get(alert_id) if place is None else place
    turn.state.put(TOLD, f"{turn.area}/{alert_id}", dict(alert))
    while len(known) > MOST_LIT:
        oldest = next(iter(known))
        del known[oldest]
        turn.state.delete(TOLD, f"{turn.area}/{oldest}")
    turn.state.put(LIT, turn.area, known)


def forget_lit(turn: Turn, alert_id: str) -> None:
    """A warning has ended, is folded, or may not be folded any more."""
    known = turn.state.get(LIT, turn.area)
    if known is not None and alert_id in known:
        del known[alert_id]
        turn.state.put(LIT, turn.area, known)
        turn.state.delete(TOLD, f"{turn.area}/{alert_id}")


def lit_under(turn: Turn, cause_id: str) -> list[tuple[dict[str, Any], Point | None]]:
    """The lit warnings that a cause explains, the oldest first, with their places."""
    found = []
    for alert_id, at in (turn.state.get(LIT, turn.area) or {}).items():
        alert = turn.state.get(TOLD, f"{turn.area}/{alert_id}")
        place = None if at is None else (at[0], at[1])
        if alert is not None and cause_of(turn, alert, place) == cause_id:
            found.append((dict(alert), place))
    return found


def _rules(turn: Turn, alert: dict[str, Any]) -> tuple[InhibitionRule, ...]:
    explained = turn.policy.triggers.explained
    if not explained:
        return ()
    trigger, kind = alert["trigger"]["id"], alert.get("kind") or ""
    names = (trigger, kind, f"{trigger}/{kind}")
    return tuple(rule for name in names for rule in explained.get(name, ()))


def cause_of(turn: Turn, alert: dict[str, Any], place: Point | None) -> str | None:
    """The open cause that explains a warning at this desk, the newest of several; or None."""
    rules = _rules(turn, alert)
    if not rules:
        return None
    opened = alert["opened_at"]
    if isinstance(opened, str):
        opened = datetime.fromisoformat(opened)
    began = opened.timestamp()
    own = (alert["alert_id"], alert.get("incident_id"))
    known = turn.state.get(CAUSING, turn.area) or {}
    for cause_id, cause in reversed(known.items()):
        if cause_id not in own and any(_explains(rule, cause, began, place) for rule in rules):
            return cause_id
    return None


def _explains(rule: InhibitionRule, cause: Cause, began: float, place: Point | None) -> bool:
    of, lat, lon, since = cause
    if of not in rule.causes or abs(began - since) > rule.within_s:
        return False
    if rule.radius_m is None:
        return True
    if place is None or lat is None:
        return False
    return metres(lat, lon, *place) <= rule.radius_m


def follow_alert(turn: Turn, alert: dict[str, Any], place: Point | None) -> bool:
    """A warning is lit that may be the cause of others; whether it is so from now on."""
    trigger = alert["trigger"]["id"]
    rules = turn.policy.triggers.causing.get(trigger)
    if rules and any(
        COLOURS.index(alert["colour"]) >= COLOURS.index(rule.cause_from) for rule in rules
    ):
        return _know(turn, alert["alert_id"], trigger, place, turn.now)
    return False


def follow_case(turn: Turn, case: Case) -> Literal["known", "ended"] | None:
    """A case changed that may be a cause; says if it has just become one, or has ended."""
    incident = case.incident
    code = incident.category.code
    if code not in turn.policy.triggers.causing:
        return None
    if incident.closed_at is not None:
        return "ended"
    place = incident.place
    at = None if place.lat is None or place.lon is None else (place.lat, place.lon)
    began = _know(turn, incident.incident_id, code, at, incident.opened_at)
    return "known" if began else None


def _know(turn: Turn, cause_id: str, of: str, place: Point | None, since: datetime) -> bool:
    known = turn.state.get(CAUSING, turn.area) or {}
    if cause_id in known:
        return False
    lat, lon = place or (None, None)
    known[cause_id] = [of, lat, lon, since.timestamp()]
    while len(known) > MOST_CAUSES:
        del known[next(iter(known))]
    turn.state.put(CAUSING, turn.area, known)
    return True


def gone(turn: Turn, cause_id: str) -> bool:
    """Forget a cause; whether it was one."""
    if not turn.policy.triggers.causing:
        return False
    known = turn.state.get(CAUSING, turn.area)
    if known is None or known.pop(cause_id, None) is None:
        return False
    turn.state.put(CAUSING, turn.area, known)
    return True


def fold(turn: Turn, alert: dict[str, Any]) -> None:
    """Keep a warning as it is folded, so that it can call when its cause is gone."""
    turn.state.put(FOLDED, f"{turn.area}/{alert['alert_id']}", dict(alert))


def unfold(turn: Turn, alert_id: str) -> dict[str, Any] | None:
    """Take a folded warning out again."""
    key = f"{turn.area}/{alert_id}"
    alert = turn.state.get(FOLDED, key)
    if alert is not None:
        turn.state.delete(FOLDED, key)
    return alert


def next_revision(turn: Turn, alert: dict[str, Any]) -> int | None:
    """Count one more revision of a lit warning where it is kept; None: it is lit no more."""
    trigger, area, subject = alert["key"].split("/", 2)
    incident_id, _, name = subject.partition("/")
    case = turn.touched.get(incident_id) or turn.case(incident_id) if name else None
    if case is not None:
        lamp = case.lamps.get(name)
        if lamp is None or lamp.alert_id != alert["alert_id"]:
            return None
        lamp.revision += 1
        turn.keep(case, alone=True)
        return lamp.revision
    for namespace in (WARNINGS, SPREADS):
        slot = turn.state.table(namespace).slot(f"{area}/{trigger}/{subject}")
        if slot.value is not None and slot.value.alert.alert_id == alert["alert_id"]:
            slot.value.alert.revision += 1
            slot.touched = True
            revision: int = slot.value.alert.revision
            return revision
    return None
