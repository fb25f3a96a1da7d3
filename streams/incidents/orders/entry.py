"""Whether a report becomes a case: looked at first where the policy wants it, else at once."""

from __future__ import annotations

from schemas.handoff import Clock
from schemas.report import Report
from schemas.terms import Actor
from streams.incidents import clocks, family, ownership
from streams.incidents.case import Case
from streams.incidents.endings import finish
from streams.incidents.orders.order import Do, Order
from streams.incidents.orders.telling import tell_unit
from streams.incidents.refusal import Refused
from streams.incidents.routing import GRAVITY
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy import CategoryRule
from streams.policy.orders import Verification


def looks_first(rules: Verification, rule: CategoryRule, report: Report) -> bool:
    """Whether an acceptor looks at this report before it becomes a case.

    Never where somebody may be hurt, or where the matter is grave: then it is a case at
    once, and what is missing is found out on the way.
    """
    if report.danger_to_life or report.sensitive or report.self_handled:
        return False
    if GRAVITY[report.severity] <= GRAVITY[rules.at_once_from]:
        return False
    if rules.kinds and rule.code not in rules.kinds and rule.group not in rules.kinds:
        return False
    place = report.place
    point = place.lat is not None and place.lon is not None
    lacks = {
        "point": not point,
        "address": not place.address,
        "place": not point and not place.address,
        "description": not report.description,
    }
    return place.confidence < rules.below_confidence or any(lacks[name] for name in rules.missing)


def receive(turn: Turn, case: Case, rules: Verification) -> None:
    """A report that somebody must look at first: it waits, but not for ever."""
    incident = case.incident
    incident.state = "reported"
    if clocks.first_due(case) is not None:
        clocks.follow_due(case, turn.policy)
    turn.move(case, "receive", new=True)
    clocks.start(case, clocks.VERIFY, turn.policy, turn.now, rules.within)


def verify(order: Order) -> None:
    """Send somebody to look (核查): the nearest inspector."""
    order.move()
    rules = order.turn.policy.orders.verification
    if rules is not None:
        clocks.start(order.case, clocks.VERIFY, order.turn.policy, order.turn.now, rules.within)


def register(order: Order) -> None:
    """It is a case (立案): the limit of the work begins, the unit of its kind is sent."""
    unit = order.given.text("unit")
    if unit is not None:
        order.incident.unit = unit
    enter(order.turn, order.case, order.actor, order.reason)


def unverified(turn: Turn, case: Case, running: Clock) -> None:
    """Nobody has decided in time: it becomes a case as it stands, nothing is lost."""
    if case.incident.state not in ("reported", "verifying"):
        clocks.stop(case, clocks.VERIFY)
        return
    enter(turn, case, None, words(turn.policy.language, "unverified"))


def enter(turn: Turn, case: Case, actor: Actor | None, reason: str | None) -> None:
    """Put a case that was looked at into the life cycle."""
    policy, incident = turn.policy, case.incident
    clocks.stop(case, clocks.VERIFY)
    if incident.due_at is None:
        limit = clocks.standard_limit(case, policy)
        due = None if limit is None else policy.calendar.add(turn.now, limit)
        clocks.set_standard(case, limit, turn.now, due)
    clocks.follow_due(case, policy)
    turn.move(case, "register", actor, reason=reason)
    if incident.unit is not None:
        turn.move(case, "dispatch", detail={"unit": incident.unit})
        tell_unit(turn, case)
    if policy.desk.synthetic_acceptance:
        incident.acknowledged_at = turn.now
        if incident.state == "dispatched":
            turn.move(case, "accept", turn.synthetic())
    if ownership.lift_as_needed(turn, case):
        return
    clocks.start_acknowledge(case, policy, turn.now)
    ownership.copy_up(turn, case)
    if policy.causes:
        family.notice_case(turn, case)


def reject(order: Order) -> None:
    """It is no case (作废): whoever reported it hears why."""
    if order.case.findings:
        raise Refused("conflict", "still_alarming", "a device alarms at this place")
    finish(
        order.turn,
        order.case,
        "reject",
        actor=order.actor,
        reason=order.reason,
        resolution=order.why,
    )


ORDERS: dict[str, Do] = {"verify": verify, "register": register, "reject": reject}
