"""What a case is part of: a cause and its consequences, which are held back and end with it.

A consequence (a dry tap) is put under its cause (a burst main) by an officer, or by a rule
of the policy: a kind that explains other kinds, so far around, so long before and after.
While the cause is open no clock presses for the consequence; when it closes the
consequence closes too, and each caller is answered. A cause that a higher tier owns is
made known to the areas below it, so that theirs are found as well.
"""

from __future__ import annotations

from schemas.handoff import Notice
from schemas.incident import Incident
from schemas.terms import TERMINAL, Actor
from streams.incidents import (
    annunciation,
    inhibition,
    lamps,
    lifecycle,
    ownership,
    standstill,
)
from streams.incidents.case import CAUSES, Case, Spot
from streams.incidents.endings import finish
from streams.incidents.messages import Maker, body, event_id
from streams.incidents.orders.telling import tell_callers
from streams.incidents.places import metres
from streams.incidents.routing import birth_area, child_towards
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.orders import CauseRule
from streams.state import from_microseconds, to_microseconds

LISTED_CHILDREN = 200
"""A cause has at most that many consequences; the next one goes its own way."""

KEPT_CAUSES = 16
KEPT_CONSEQUENCES = 200
"""Of one rule at one desk; beyond them the oldest are forgotten."""

_KIND = b"cn.chengyun.notice.v1"
_notice = Maker(Notice)


# -- by rule -----------------------------------------------------------------------


def notice_case(turn: Turn, case: Case) -> None:
    """A case was opened or has come here: is it a cause, or has it one?

    Call it only where the policy has rules of causes.
    """
    code = case.incident.category.code
    for rule in turn.policy.causes:
        if code in rule.cause:
            _found_cause(turn, rule, case.incident)
            if turn.tier != "street" and case.owned:
                _make_known(turn, case.incident, but=case.received_from)
        elif code in rule.consequences and case.incident.parent_id is None and case.owned:
            _found_consequence(turn, rule, case)


def case_of(turn: Turn, incident_id: str) -> Case | None:
    """A case of this desk, also one that this very step has opened or received."""
    return turn.touched.get(incident_id) or turn.case(incident_id)


def _key(turn: Turn, rule: CauseRule) -> str:
    return f"{turn.area}/{rule.id}"


def _spot(incident: Incident) -> Spot:
    place, opened = incident.place, to_microseconds(incident.opened_at)
    return [incident.incident_id, place.lat, place.lon, opened, opened]


def _explains(rule: CauseRule, cause: Spot, other: Spot) -> bool:
    """Whether two cases are near enough in time and place for the one to explain the other."""
    if abs(cause[3] - other[3]) > rule.within_s * 1e6:
        return False
    if rule.radius_m is None:
        return True
    if None in (cause[1], cause[2], other[1], other[2]):
        return False
    return metres(cause[1], cause[2], other[1], other[2]) <= rule.radius_m


def _known(turn: Turn, rule: CauseRule) -> dict[str, list[Spot]]:
    return turn.state.get(CAUSES, _key(turn, rule)) or {"causes": [], "consequences": []}


def _remember(turn: Turn, rule: CauseRule, known: dict[str, list[Spot]]) -> None:
    """Keep what still may explain something, or be explained; the newest of too many."""
    oldest = to_microseconds(turn.now) - int(rule.within_s * 1e6)
    kept = {
        name: [spot for spot in known[name] if spot[3] >= oldest][-most:]
        for name, most in (("causes", KEPT_CAUSES), ("consequences", KEPT_CONSEQUENCES))
    }
    newest = max((spot[3] for spots in kept.values() for spot in spots), default=None)
    if newest is None:
        turn.state.delete(CAUSES, _key(turn, rule))
        return
    until = from_microseconds(newest + int(rule.within_s * 1e6))
    turn.state.put(CAUSES, _key(turn, rule), kept, until)


def _found_cause(turn: Turn, rule: CauseRule, cause: Incident) -> None:
    """A cause is known from now on; what it explains has often been told before it."""
    known = _known(turn, rule)
    if any(spot[0] == cause.incident_id for spot in known["causes"]):
        return
    here = _spot(cause)
    left: list[Spot] = []
    for spot in known["consequences"]:
        child = case_of(turn, spot[0])
        if child is None or not _free(child):
            continue
        if not (_explains(rule, here, spot) and put_under(turn, child, cause, rule=rule.id)):
            left.append(spot)
    _remember(turn, rule, {"causes": [*known["causes"], here], "consequences": left})


def _found_consequence(turn: Turn, rule: CauseRule, case: Case) -> None:
    known = _known(turn, rule)
    here = _spot(case.incident)
    for spot in reversed(known["causes"]):
        if not _explains(rule, spot, here):
            continue
        parent = case_of(turn, spot[0])
        cause = None if parent is None else parent.incident
        if cause is not None and cause.state in TERMINAL:
            continue
        if put_under(turn, case, cause, cause_id=spot[0], rule=rule.id):
            return
    _remember(turn, rule, {**known, "consequences": [*known["consequences"], here]})


def _free(case: Case) -> bool:
    """Whether a case may be put under a cause now."""
    incident = case.incident
    return (
        case.owned
        and incident.parent_id is None
        and not incident.children
        and incident.state in lifecycle.OPEN
    )


def _make_known(turn: Turn, cause: Incident, *, but: str | None) -> None:
    for area in turn.policy.areas.children(turn.area):
        if area != but:
            _tell(turn, area, "cause", cause)


def on_cause(turn: Turn, notice: Notice) -> None:
    """A tier above has a cause: cases here may be its consequences."""
    cause = notice.incident
    if cause is None:
        return
    for rule in turn.policy.causes:
        if cause.category.code in rule.cause:
            _found_cause(turn, rule, cause)
    if turn.tier != "street":
        _make_known(turn, cause, but=None)


def tell_shadows(turn: Turn, case: Case, of: str) -> None:
    """What a case is has changed: whoever holds a shadow of it goes by what it is now.

    Args:
        of: the id of what changed it.
    """
    for area in dict.fromkeys((case.received_from, case.incident.supervised_by)):
        if area is not None and area != turn.area and case.owned:
            ownership.notify(turn, area, "ended", case.incident, of=of, audit_n=case.audit_n)


# -- a consequence and its cause -----------------------------------------------------


def put_under(
    turn: Turn,
    child: Case,
    cause: Incident | None,
    *,
    cause_id: str = "",
    actor: Actor | None = None,
    rule: str | None = None,
    reason: str | None = None,
) -> bool:
    """Put an owned case under its cause; False if the cause has too many already.

    Args:
        cause: as it is known here; None: it is owned elsewhere, and only its id is known.
    """
    parent_id = cause_id if cause is None else cause.incident_id
    if cause is not None and len(cause.children or ()) >= LISTED_CHILDREN:
        return False
    incident = child.incident
    incident.parent_id = parent_id
    child.held = True
    turn.move(child, "link", actor, rule=rule, reason=reason, detail={"parent_id": parent_id})
    for lamp in (lamps.ACKNOWLEDGE, lamps.DEADLINE, lamps.UNACCEPTED):
        lamps.put_out(turn, child, lamp)
    _adopt(turn, parent_id, incident)
    if cause is not None:
        tell_callers(turn, child, "has_cause", kind=cause.category.name)
    return True


def _adopt(turn: Turn, parent_id: str, child: Incident) -> None:
    """Note a consequence on its cause, wherever that is."""
    parent = case_of(turn, parent_id)
    if parent is None:
        above = turn.policy.areas.parent(turn.area)
        if above is not None:
            _tell(turn, above, "child", child)
        return
    incident = parent.incident
    listed = incident.children or []
    if child.incident_id in listed or len(listed) >= LISTED_CHILDREN:
        return
    incident.children = [*listed, child.incident_id]
    if parent.owned and lifecycle.possible("adopt", incident.state, "system"):
        turn.move(parent, "adopt", detail={"child_id": child.incident_id})
        return
    turn.keep(parent)
    if parent.given_to is not None:
        _tell(turn, parent.given_to, "child", child)


def on_child(turn: Turn, notice: Notice) -> None:
    """A case below was put under one that is owned here, or further on."""
    child = notice.incident
    if child is None or child.parent_id is None:
        return
    parent = case_of(turn, child.parent_id)
    if parent is not None and parent.owned and parent.incident.state in TERMINAL:
        # It ended while the news was on its way: so does what hangs on it.
        parent.incident.children = [*(parent.incident.children or ()), child.incident_id]
        turn.keep(parent)
        _tell(turn, notice.from_area, "parent_ended", parent.incident)
        return
    _adopt(turn, child.parent_id, child)


def take_out(turn: Turn, child: Case, actor: Actor | None, reason: str | None) -> None:
    """A case goes its own way again: its clocks speak, at once if they are late."""
    parent_id = child.incident.parent_id
    child.incident.parent_id = None
    child.held = False
    turn.move(child, "unlink", actor, reason=reason, detail={"parent_id": parent_id})
    standstill.let_go(child, turn.policy, turn.now)
    parent = None if parent_id is None else case_of(turn, parent_id)
    if parent is not None and parent.incident.children:
        left = [each for each in parent.incident.children if each != child.incident.incident_id]
        parent.incident.children = left or None
        turn.keep(parent)


# -- the end of a cause --------------------------------------------------------------


def settle(turn: Turn) -> None:
    """Whatever ended in this step: its consequences end too, here and elsewhere."""
    causing = turn.policy.triggers.causing
    for case in list(turn.touched.values()):
        incident = case.incident
        if causing:
            news = inhibition.follow_case(turn, case)
            if news == "ended":
                annunciation.cause_gone(turn, incident.incident_id)
            elif news == "known":
                annunciation.cause_known(turn, incident.incident_id)
        if incident.closed_at is None:
            continue
        if incident.children:
            end_children(turn, incident)
        if turn.policy.causes and case.owned and incident.closed_at == turn.now:
            _over(turn, incident)


def _over(turn: Turn, cause: Incident) -> None:
    """A cause has ended: what comes from now on is no consequence of it."""
    ours = [rule for rule in turn.policy.causes if cause.category.code in rule.cause]
    for rule in ours:
        known = _known(turn, rule)
        left = [spot for spot in known["causes"] if spot[0] != cause.incident_id]
        if len(left) != len(known["causes"]):
            _remember(turn, rule, {**known, "causes": left})
    if ours and turn.tier != "street":
        for area in turn.policy.areas.children(turn.area):
            _tell(turn, area, "parent_ended", cause)


def on_parent_ended(turn: Turn, notice: Notice) -> None:
    """A cause has ended elsewhere."""
    cause = notice.incident
    if cause is None:
        return
    _over(turn, cause)
    end_children(turn, cause, told_by=notice.from_area)


def end_children(turn: Turn, cause: Incident, *, told_by: str | None = None) -> None:
    """Close the consequences that are owned here, and tell those who own the others.

    One whose device still alarms, or whose cause turned out to be none, goes its own way.
    """
    onward: dict[str, None] = {}
    for child_id in cause.children or ():
        child = case_of(turn, child_id)
        if child is None:
            below = child_towards(turn.policy, turn.area, birth_area(child_id))
            if below is not None:
                onward[below] = None
        elif child.given_to is not None and child.incident.state in lifecycle.LIVING:
            onward[child.given_to] = None
        elif child.held and child.incident.parent_id == cause.incident_id:
            _end(turn, child, cause)
    for area in onward:
        if area not in (told_by, turn.area):
            _tell(turn, area, "parent_ended", cause)


def _end(turn: Turn, child: Case, cause: Incident) -> None:
    language = turn.policy.language
    if child.findings or cause.state == "rejected":
        take_out(turn, child, None, words(language, "cause_gone"))
        return
    child.held = False
    if not lifecycle.possible("close_with_parent", child.incident.state, "system"):
        turn.keep(child)
        return
    finish(
        turn,
        child,
        "close_with_parent",
        resolution=cause.resolution or words(language, "cause_solved", title=cause.title),
        detail={"parent_id": cause.incident_id},
    )


def _tell(turn: Turn, area: str, purpose: str, incident: Incident) -> None:
    identity = event_id(turn.cause, f"{purpose}/{area}/{incident.incident_id}")
    data = _notice(
        notice_id=identity,
        purpose=purpose,
        from_tier=turn.tier,
        from_area=turn.area,
        incident=incident,
        at=turn.now,
    )
    message = turn.enveloped(_KIND, identity, incident.incident_id, body(data))
    turn.send_to(area, message)
