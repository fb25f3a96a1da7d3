"""More time, and less blame: suspension, extension, appeal. The unit asks, the owner decides."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.incident import Appeal, Asked, Extension, Suspension
from schemas.terms import Actor
from streams.incidents import lamps, standstill
from streams.incidents.case import Case
from streams.incidents.messages import Maker
from streams.incidents.orders.order import Do, Order
from streams.incidents.orders.telling import day_words, tell_callers
from streams.incidents.refusal import Refused
from streams.incidents.tally import tally
from streams.incidents.turn import Turn

asked_of = Maker(Asked)
suspension_of = Maker(Suspension)
extension_of = Maker(Extension)
appeal_of = Maker(Appeal)


def request(order: Order) -> None:
    """The unit asks for a suspension (挂账) or an extension (延期) while it is in time."""
    incident, now = order.incident, order.turn.now
    what = order.given.needed("for")
    until = order.given.moment("until")
    if incident.asked is not None:
        raise Refused("conflict", "already_asked", f"a {incident.asked.what} waits for the desk")
    _in_time(order)
    if what == "suspension":
        _may_suspend(order, until)
    else:
        _may_extend(order)
    incident.asked = asked_of(
        what=what, by=order.unit or order.actor.id, at=now, reason=order.why, until=until
    )
    order.move(what=what, until=None if until is None else until.isoformat())


def refuse(order: Order) -> None:
    """The desk does not grant what the unit asked for; it may ask again."""
    asked = order.incident.asked
    if asked is None:
        raise Refused("conflict", "nothing_asked", "the unit has asked for nothing")
    order.incident.asked = None
    order.move(what=asked.what)


def suspend(order: Order) -> None:
    """The desk grants a suspension: the limit stands still, the callers hear until when and why."""
    turn, case, incident = order.turn, order.case, order.incident
    asked = _asked_for(order, "suspension")
    until = order.given.moment("until") or asked.until
    _in_time(order)
    end = _may_suspend(order, until)
    incident.asked = None
    incident.suspension = suspension_of(at=turn.now, until=end, reason=asked.reason)
    tally(case).suspensions += 1
    order.move(until=end.isoformat(), asked_by=asked.by)
    standstill.pause(case, turn.policy, turn.now, end)
    lamps.put_out(turn, case, lamps.DEADLINE)
    day = end.astimezone(turn.policy.tz).strftime("%Y-%m-%d %H:%M")
    tell_callers(turn, case, "suspended", until=day, reason=asked.reason)


def resume(order: Order) -> None:
    """The work goes on before the suspension ends."""
    go_on(order.turn, order.case, order.actor, order.reason)


def go_on(turn: Turn, case: Case, actor: Actor | None, reason: str | None) -> None:
    """End a suspension, by order or by time: limits run on with what was left of them."""
    turn.move(case, "resume", actor, reason=reason)
    suspension = case.incident.suspension
    if suspension is not None:
        suspension.resumed_at = turn.now
    standstill.resume(case, turn.policy, turn.now)
    tell_callers(turn, case, "resumed", due=day_words(turn, case))


def extend(order: Order) -> None:
    """The desk grants one more original limit; the callers hear until when and why."""
    turn, case, incident = order.turn, order.case, order.incident
    asked = _asked_for(order, "extension")
    _in_time(order)
    _may_extend(order)
    before = incident.due_at
    given = incident.extensions or []
    after = standstill.extend(case, turn.policy, turn.now, granted=len(given))
    incident.asked = None
    incident.extensions = [
        *given,
        extension_of(at=turn.now, reason=asked.reason, before=before, after=after),
    ]
    tally(case).extensions += 1
    if incident.colour is None:
        lamps.put_out(turn, case, lamps.DEADLINE)
    order.move(before=_text(before), after=_text(after), asked_by=asked.by)
    tell_callers(turn, case, "extended", due=day_words(turn, case), reason=asked.reason)


def appeal(order: Order) -> None:
    """A unit objects to having been overdue, once, after the end (申诉)."""
    incident = order.incident
    if not incident.overdue and not any(report.overdue for report in incident.reports):
        raise Refused("conflict", "not_overdue", "nothing of this case was overdue")
    if incident.appeal is not None:
        raise Refused("conflict", "appealed_before", "a case is appealed against once")
    by = order.unit or order.actor.id
    incident.appeal = appeal_of(by=by, at=order.turn.now, reason=order.why)
    order.move()


def decide_appeal(order: Order) -> None:
    """The desk decides: the fact stays as it was, granted it does not count in statistics."""
    made = order.incident.appeal
    if made is None or made.verdict is not None:
        raise Refused("conflict", "nothing_asked", "no appeal waits for a decision")
    verdict = order.given.needed("verdict")
    made.verdict = "granted" if verdict == "granted" else "refused"
    made.decided_at = order.turn.now
    if verdict == "granted":
        order.incident.exempt = True
    order.move(verdict=verdict)


def _asked_for(order: Order, what: str) -> Asked:
    asked = order.incident.asked
    if asked is None or asked.what != what:
        raise Refused("conflict", "not_asked", f"the unit has not asked for a {what}")
    return asked


def _in_time(order: Order) -> None:
    due = order.incident.due_at
    if order.incident.overdue or (due is not None and due <= order.turn.now):
        raise Refused("conflict", "already_overdue", f"its limit was {_text(due)}")


def _may_suspend(order: Order, until: datetime | None) -> datetime:
    now = order.turn.now
    if order.incident.suspension is not None:
        raise Refused("conflict", "suspended_before", "a case is suspended once")
    latest = now + timedelta(days=order.turn.policy.orders.suspension_days)
    if until is None or not now < until <= latest:
        raise Refused(
            "rejected",
            "wrong_end",
            f"got the end {_text(until)}, wanted one until {_text(latest)}",
        )
    return until


def _may_extend(order: Order) -> None:
    most = order.turn.policy.orders.extensions
    if len(order.incident.extensions or ()) >= most:
        raise Refused("conflict", "no_more_extensions", f"it was extended {most} times")
    if order.incident.due_at is None:
        raise Refused("conflict", "no_limit", "the case has no limit to extend")


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


ORDERS: dict[str, Do] = {
    "request": request,
    "refuse": refuse,
    "suspend": suspend,
    "resume": resume,
    "extend": extend,
    "appeal": appeal,
    "decide_appeal": decide_appeal,
}
