"""How a case changes hands, and what the tier that gave it away keeps doing.

One tier owns a case at a time, and only the owner publishes it and writes its audit. The
giver's last act as owner names the new one; the whole case travels. What the giver keeps
is a shadow: it goes on receiving the reports, findings and crews' answers of its own
ground, applies them to the shadow, and passes them on to whom it gave the case.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from schemas.handoff import Handoff, Notice
from schemas.incident import Escalation, Incident
from schemas.terms import Actor
from streams.incidents import clocks, duty, lamps
from streams.incidents.case import COPIES, KEPT_ESCALATIONS, Case, Copy, Draft, Lamp
from streams.incidents.escalation import overruled, wanted
from streams.incidents.messages import Maker, event_id
from streams.incidents.routing import GRAVITY, RANK
from streams.incidents.turn import Turn
from streams.incidents.words import rule_words, words

_draft_of = Maker(Draft)
notice_of = Maker(Notice)
escalation_of = Maker(Escalation)

KEPT_COPY_DAYS = 90
FOR_WANT_OF_TIME = frozenset({"E2", "E3", "E11"})
"""Rules by which a case rises because nobody acted in time."""
AFTER = timedelta(microseconds=1)
"""What is passed on is dated after the hand-off of the same instant, or history replayed in
order of time could apply it first."""

_THE_DESKS_OWN = (clocks.ACKNOWLEDGE, clocks.PROGRESS, clocks.DELEGATED, clocks.CALM)
"""Clocks that end when the desk gives the case away; the others go along."""

_HANDOFF_KIND = b"cn.chengyun.handoff.v1"
_NOTICE_KIND = b"cn.chengyun.notice.v1"


def give(
    turn: Turn,
    case: Case,
    area: str,
    rule: str,
    reason: str | None,
    actor: Actor | None = None,
    *,
    supervise: bool = True,
) -> None:
    """Give a case to the tier above or below: the last act of this area as its owner.

    The clock of the work goes along as it stands; the acknowledgement is the new desk's
    own, so it begins there. Call it last in a step: the case travels as it is now.

    Args:
        area: the parent or a child of this area.
        actor: the officer who delegates; None when a rule or a clock lifts the case.
        supervise: whether a case that goes down stays under this area's supervision, at the
            level and against the rules by which it would be this area's (交办); otherwise it
            is given back for good (E8).
    """
    incident = case.incident
    tier = turn.policy.areas.tier_of(area)
    if tier is None:
        raise ValueError(f"area {area!r} is in no table of policy {turn.policy.version}")
    up = RANK[tier] > RANK[turn.tier]
    before = incident.state
    incident.escalations = [
        *incident.escalations[1 - KEPT_ESCALATIONS :],
        escalation_of(rule=rule, at=turn.now, from_area=turn.area, to_area=area, reason=reason),
    ]
    incident.tier, incident.area = tier, area
    incident.version += 1
    incident.handed_at = turn.now
    incident.supervised_by = None if up or not supervise else turn.area
    case.waived = []
    if incident.supervised_by is not None:
        case.waived = overruled(turn.policy, tier, incident)
        if incident.floor is None or GRAVITY[incident.severity] < GRAVITY[incident.floor]:
            incident.floor, incident.floor_tier = incident.severity, turn.tier
    elif not up and incident.floor_tier == turn.tier:
        incident.floor = incident.floor_tier = None
    if not turn.policy.desk.synthetic_acceptance:
        incident.acknowledged_at = None
    turn.record(
        case,
        "escalate" if up else "delegate" if supervise else "hand_back",
        before,
        actor,
        rule,
        reason,
        {"from_area": turn.area, "to_area": area},
    )
    turn.keep(case)
    lamps.put_out_all(turn, case, keep=tuple(case.findings))
    clocks.stop(case, *_THE_DESKS_OWN)
    incident.colour = case.colour
    data: dict[str, Any] = {
        "incident": turn.as_it_stands(incident, last=True),
        "direction": "up" if up else "down",
        "rule": rule,
        "from_tier": turn.tier,
        "from_area": turn.area,
        "to_tier": tier,
        "to_area": area,
        "clocks": case.clocks,
        "audit_n": case.audit_n,
        "audit_hash": case.audit_hash,
        "lifted": case.lifted,
        "findings": case.findings,
        "calls": case.calls,
        "witnessed": case.witnessed,
        "at": turn.now,
    }
    if case.plain is not None:
        data["plain"] = case.plain
    if case.waived:
        data["waived"] = case.waived
    due = clocks.standard_due(case, turn.policy)
    if due is not None:
        data["standard_due"] = due
        data["standard_from"] = case.standard_from
        if case.standard_limit is not None:
            data["standard_limit"] = case.standard_limit
    if reason is not None:
        data["reason"] = reason
    if case.held:
        data["held"] = True
    identity = f"{incident.incident_id}/handoff/{case.audit_n}"
    message = turn.enveloped(_HANDOFF_KIND, identity, incident.incident_id, data)
    turn.send_to(area, message)
    case.given_to = area
    case.clocks = []


def cannot_hand_back(turn: Turn, case: Case) -> str | None:
    """Why the case cannot go back to the area that gave it up; None: it can (E8)."""
    area = case.received_from
    tier = None if area is None else turn.policy.areas.tier_of(area)
    if tier is None:
        return "no area below has given it up; it can be delegated"
    want = wanted(turn.policy, tier, case.incident)
    if want is None:
        return None
    return f"{want.rule} wants it here ({want.reason}); it can be delegated, or graded anew"


def hand_back(turn: Turn, case: Case, reason: str, actor: Actor | None = None) -> None:
    """Give the case back to the area that gave it up: what lifted it is gone (E8).

    Raises:
        ValueError: a rule still wants it here; see `cannot_hand_back`.
    """
    against = cannot_hand_back(turn, case)
    if against is not None or case.received_from is None:
        raise ValueError(f"case {case.incident.incident_id} cannot be handed back: {against}")
    give(turn, case, case.received_from, "E8", reason, actor, supervise=False)


def lift_as_needed(turn: Turn, case: Case, *anew: str) -> bool:
    """Give the case one tier up if a rule wants it there; whether it was given.

    Args:
        anew: rules that something new speaks for; a delegation overrules them no more.
    """
    if not case.owned:
        return False
    if anew and case.waived:
        case.waived = [rule for rule in case.waived if rule not in anew]
    want = wanted(turn.policy, turn.tier, case.incident, case.waived)
    parent = turn.policy.areas.parent(turn.area)
    if want is None or parent is None:
        return False
    give(turn, case, parent, want.rule, want.reason)
    return True


def draft(incident: Incident) -> Draft:
    """An incident that came in a message, as this desk works on it."""
    return _draft_of(**incident.__dict__)


def receive(turn: Turn, handoff: Handoff) -> None:
    """Take over a case as it stands, and go on from there.

    A hand-off that came before changes nothing. The case moves on at once if a rule wants
    it still higher: every hand-off goes through the next tier.
    """
    incident = handoff.incident
    case = turn.case(incident.incident_id)
    if case is not None and case.audit_n >= handoff.audit_n:
        return
    up = handoff.direction == "up"
    if case is None:
        case = Case(draft(incident))
        case.received_from = handoff.from_area if up else None
    else:
        case.incident = draft(incident)
        case.given_to = None
    case.colour = incident.colour
    case.audit_n, case.audit_hash = handoff.audit_n, handoff.audit_hash
    case.clocks = handoff.clocks
    case.lifted = list(handoff.lifted)
    case.standard_due = handoff.standard_due
    case.standard_from = handoff.standard_from
    case.standard_limit = handoff.standard_limit
    case.findings = dict(handoff.findings)
    case.calls, case.witnessed = handoff.calls, handoff.witnessed
    case.plain, case.waived = handoff.plain, list(handoff.waived)
    case.held = handoff.held
    if not up and handoff.incident.supervised_by is None:
        case.copied_to = handoff.from_area  # it holds a shadow, and must learn of the end
    case.incident.handed_at = None
    turn.move(case, "take_over", detail={"from_area": handoff.from_area})
    drop_copy(turn, incident.incident_id)
    if up and lift_as_needed(turn, case):
        return
    lamps.light(
        turn,
        case,
        lamps.ESCALATION,
        trigger=handoff.rule,
        version=turn.policy.version,
        colour="red"
        if handoff.rule in FOR_WANT_OF_TIME
        else lamps.ALERT_OF_SEVERITY[incident.severity],
        title=_came(turn, handoff.rule, incident.title),
        suggested_action=words(turn.policy.language, "take_over"),
        call=duty.to_call(turn, duty.FIRST),
    )
    clocks.start_acknowledge(case, turn.policy, turn.now)
    if not up:
        answer = turn.policy.escalation.delegation_answer
        clocks.start(case, clocks.DELEGATED, turn.policy, turn.now, answer)
    clocks.follow_work(case, turn.policy, turn.now)
    clocks.give_time(case, turn.policy, turn.now)
    if handoff.rule == "E1":
        copy_up(turn, case)


def _came(turn: Turn, rule: str, title: str) -> str:
    language = turn.policy.language
    return words(language, "escalated", rule=rule_words(language, rule), title=title)


def copy_up(turn: Turn, case: Case) -> None:
    """Copy the tier above: the city on Ⅲ, the district on Ⅳ urgent. It owns nothing by it."""
    incident = case.incident
    parent = turn.policy.areas.parent(turn.area)
    if parent is None or case.copied_to is not None:
        return
    gravity = GRAVITY[incident.severity]
    third = turn.tier == "district" and gravity == GRAVITY["III"]
    urgent = turn.tier == "street" and gravity == GRAVITY["IV"] and incident.urgency == "urgent"
    if third or urgent:
        case.copied_to = parent
        notify(turn, parent, "copy", incident)


def notify(
    turn: Turn,
    area: str,
    purpose: str,
    incident: Incident,
    *,
    of: str = "",
    audit_n: int | None = None,
) -> None:
    """Send a notice about a case to another desk.

    Args:
        of: what sets it apart from another one of the same version.
        audit_n: how far its audit chain was, so that older news does not undo newer.
    """
    what = f"{purpose}/{turn.area}/{area}/{incident.version}{of and '/'}{of}"
    subject = incident.incident_id
    data = {
        "notice_id": f"{subject}/{what}",
        "purpose": purpose,
        "from_tier": turn.tier,
        "from_area": turn.area,
        "incident": turn.as_it_stands(incident),
        "at": turn.now,
    }
    if audit_n is not None:
        data["audit_n"] = audit_n
    message = turn.enveloped(_NOTICE_KIND, f"{subject}/{what}", subject, data)
    turn.send_to(area, message)


def tell_neighbours(turn: Turn, case: Case, *, but: str | None = None) -> None:
    """The case has ended, or began again: whoever holds its shadow or a copy must know."""
    case.incident.colour = case.colour
    areas = dict.fromkeys(
        (case.received_from, case.incident.supervised_by, case.given_to, case.copied_to)
    )
    for area in areas:
        if area is not None and area not in (but, turn.area):
            notify(turn, area, "ended", case.incident, audit_n=case.audit_n)


def on_copy(turn: Turn, notice: Notice) -> None:
    """A case of the tier below, for information: a lamp for what is grave, a way for commands."""
    incident = notice.incident
    if incident is None or turn.case(incident.incident_id) is not None:
        return
    key = f"{turn.area}/{incident.incident_id}"
    if turn.state.get(COPIES, key) is not None:
        return
    copy = Copy(from_area=notice.from_area)
    if GRAVITY[incident.severity] <= GRAVITY["III"]:
        language = turn.policy.language
        copy.lamp = Lamp(
            alert_id=f"{incident.incident_id}/copy/{incident.version}",
            trigger="E1",
            version=turn.policy.version,
            scale="supervision",
            colour=lamps.ALERT_OF_SEVERITY[incident.severity],
            revision=1,
            opened_at=turn.now,
            title=words(language, "copied", rule="E1", title=incident.title),
        )
        _copy_lamp(turn, copy, incident.incident_id, "opened")
    until = turn.now + timedelta(days=KEPT_COPY_DAYS)
    turn.state.put(COPIES, key, copy, until)


def drop_copy(turn: Turn, incident_id: str) -> None:
    """The copied case has ended, or is ours now."""
    key = f"{turn.area}/{incident_id}"
    copy = turn.state.get(COPIES, key)
    if copy is None:
        return
    if copy.lamp is not None:
        copy.lamp.revision += 1
        _copy_lamp(turn, copy, incident_id, "closed")
    turn.state.delete(COPIES, key)


def _copy_lamp(turn: Turn, copy: Copy, incident_id: str, state: str) -> None:
    lamp = copy.lamp
    if lamp is None:
        return
    lamps.publish(
        turn,
        lamps.alert_of(
            alert_id=lamp.alert_id,
            revision=lamp.revision,
            key=f"{lamp.trigger}/{turn.area}/{incident_id}/copy",
            trigger=lamps.trigger_of(id=lamp.trigger, version=lamp.version),
            scale=lamp.scale,
            tier=turn.tier,
            area=turn.area,
            colour=lamp.colour,
            state=state,
            title=lamp.title,
            suggested_action=words(turn.policy.language, "know"),
            owner=copy.from_area,
            opened_at=lamp.opened_at,
            changed_at=turn.now,
            incident_id=incident_id,
            policy_version=turn.policy.version,
        ),
    )


def on_ended(turn: Turn, notice: Notice) -> None:
    """The owner says how a case ended, or that it began again: the shadow follows.

    Shadows pass it on to each other; what one knows already, or something newer, ends
    there, or the news would go round for ever.
    """
    incident = notice.incident
    if incident is None:
        return
    drop_copy(turn, incident.incident_id)
    case = turn.case(incident.incident_id)
    if case is None or case.owned:
        return
    if notice.audit_n is not None:
        if notice.audit_n <= case.audit_n:
            return
        case.audit_n = notice.audit_n
    elif incident.version <= case.incident.version:
        return
    case.incident = draft(incident)
    case.colour = incident.colour
    turn.keep(case)
    tell_neighbours(turn, case, but=notice.from_area)


def pass_on(turn: Turn, case: Case, message: BaseModel, what: str) -> None:
    """Forward to the case's owner what was applied to the shadow.

    The message keeps its meaning and gets an id and a time of its own hop.
    """
    if case.given_to is None:
        return
    forwarded = message.model_copy(
        update={
            "id": event_id(turn.cause, f"{what}/{turn.tier}"),
            "source": turn.source,
            "subject": case.incident.incident_id,
            "time": turn.now + AFTER,
        }
    )
    turn.send_to(case.given_to, forwarded)
