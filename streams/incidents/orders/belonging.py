"""What a case is part of, by order: split off a report, put under a cause, taken out again."""

from __future__ import annotations

from streams.incidents import clocks, family, lifecycle
from streams.incidents.endings import belong
from streams.incidents.opening import begin, start
from streams.incidents.orders.order import Do, Order
from streams.incidents.places import Spots
from streams.incidents.refusal import Refused
from streams.incidents.tally import tally
from streams.incidents.words import words

SPLIT = "split"


def split(order: Order) -> None:
    """One report was another matter: it gets a case of its own, with the limit it had."""
    turn, case, incident = order.turn, order.case, order.incident
    policy = turn.policy
    wanted = order.given.needed("report")
    report = next((each for each in incident.reports if each.report_id == wanted), None)
    if report is None:
        raise Refused("not_found", "unknown_report", f"no report {wanted!r} is part of this case")
    if len(incident.reports) < 2 and not case.findings:
        raise Refused("conflict", "only_report", "it is all that this case is about")
    if report.ended_at is not None and report.report_id not in case.unanswered:
        raise Refused("conflict", "report_ended", "its caller has had the final answer")
    code = order.given.text("category") or incident.category.code
    rule = policy.category(None, code)
    if rule is None:
        raise Refused("rejected", "unknown_category", f"the policy has no kind {code!r}")
    same = code == incident.category.code
    new = begin(
        turn,
        rule,
        cause=f"{wanted}#{incident.incident_id}",
        place=incident.place,
        severity=incident.severity if same else rule.severity,
        urgency=incident.urgency if same else rule.urgency,
    )
    incident.reports = [each for each in incident.reports if each is not report]
    incident.report_count -= 1
    case.calls = max(0, case.calls - 1)
    case.unanswered = [each for each in case.unanswered if each != wanted]
    tally(case).splits += 1
    if incident.state in lifecycle.RUNNING:
        clocks.follow_due(case, policy)
    identity = new.incident.incident_id
    order.move(report_id=wanted, into=identity)
    report.ended_at = report.resolution = None
    report.overdue = report.overdue or None
    new.incident.reports = [report]
    new.incident.report_count = new.calls = 1
    new.incident.split_from = incident.incident_id
    belong(turn, wanted, identity)
    place = incident.place
    if place.lat is not None and place.lon is not None:
        Spots(turn, rule).remember(identity, place.lat, place.lon, turn.now)
    start(turn, new, rule, rule_name=SPLIT)
    turn.answer_report(
        wanted,
        SPLIT,
        outcome="progress",
        incident_id=identity,
        unit=new.incident.unit,
        due_at=report.due_at or new.incident.due_at,
        result=words(policy.language, "split"),
    )
    family.tell_shadows(turn, case, order.command.command_id)


def link(order: Order) -> None:
    """Put it under its cause: no clock lifts it while that is open, and it closes with it."""
    turn, case, incident = order.turn, order.case, order.incident
    wanted = order.given.needed("incident")
    parent = turn.case(wanted)
    if parent is None:
        raise Refused("not_found", "unknown_cause", f"no case {wanted!r} is known here")
    cause = parent.incident
    if incident.parent_id is not None:
        raise Refused("conflict", "linked_already", f"its cause is {incident.parent_id}")
    if parent is case or incident.children or cause.parent_id is not None:
        raise Refused("conflict", "not_a_cause", "a cause has no cause, and a consequence none")
    if cause.state not in lifecycle.LIVING:
        raise Refused("conflict", "cause_ended", f"{wanted} is {cause.state}")
    if not family.put_under(turn, case, cause, actor=order.actor, reason=order.reason):
        raise Refused("conflict", "too_many_children", f"{wanted} explains enough already")


def unlink(order: Order) -> None:
    """It has another cause, or none: it goes its own way again."""
    if order.incident.parent_id is None:
        raise Refused("conflict", "not_linked", "it is under no cause")
    family.take_out(order.turn, order.case, order.actor, order.reason)


ORDERS: dict[str, Do] = {"split": split, "link": link, "unlink": unlink}
