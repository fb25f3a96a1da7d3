"""Orders about the work itself: seen, dispatched, accepted, done, checked, ended."""

from __future__ import annotations

from streams.incidents import lamps, ownership, stages
from streams.incidents.endings import finish, resume_work, seen, take_up_again, tell_reopened
from streams.incidents.orders.joint import join, restart_clocks
from streams.incidents.orders.order import Do, Order
from streams.incidents.orders.telling import tell_callers, tell_unit
from streams.incidents.refusal import Refused
from streams.incidents.tally import tally


def acknowledge(order: Order) -> None:
    """The desk has seen it (接单): the clock of the acknowledgement stops."""
    incident = order.incident
    if incident.acknowledged_at is not None and incident.accepted_at is not None:
        raise Refused("conflict", "unit_has_it", f"{incident.unit} has accepted it already")
    if incident.acknowledged_at is not None:
        raise Refused("conflict", "already_acknowledged", "somebody was faster")
    order.move()
    seen(order.turn, order.case)


def dispatch(order: Order) -> None:
    """It is given to a unit, for the first time (派遣) or anew (改派)."""
    unit = order.given.needed("unit")
    order.incident.asked = None
    if order.incident.unit != unit:
        order.incident.unit = unit
        order.incident.version += 1
    order.incident.assisting = [each for each in order.incident.assisting if each != unit]
    order.move(unit=unit)
    seen(order.turn, order.case)
    tell_unit(order.turn, order.case)


def accept(order: Order) -> None:
    """A unit takes it on (签收): who accepts first leads (首接负责)."""
    incident = order.incident
    unit = order.unit
    if incident.state != "dispatched":
        join(order, unit)
        return
    if unit is not None and unit != incident.unit:
        incident.assisting = [each for each in incident.assisting if each != unit]
        if incident.unit is not None:
            incident.assisting.append(incident.unit)
        incident.unit = unit
    order.move(unit=unit)
    seen(order.turn, order.case)
    tell_callers(order.turn, order.case, "under_way")


def send_back(order: Order) -> None:
    """Not ours (退回): the assignment is revoked, nothing erased; twice, and it goes up (E5)."""
    incident = order.incident
    unit = incident.unit
    incident.returns += 1
    incident.asked = None
    order.move(unit=unit)
    ownership.lift_as_needed(order.turn, order.case, "E5")


def resolve(order: Order) -> None:
    """The unit says that it is done (反馈): the clocks stop at the moment of its word."""
    at = order.said_at
    if at < order.turn.now:
        order.incident.resolved_at = at
    finish(
        order.turn,
        order.case,
        "resolve",
        actor=order.actor,
        at=at,
        reason=order.reason,
        resolution=order.given.text("resolution"),
    )


def note(order: Order) -> None:
    """What the table says of it is all that happens: on site, under check, for information."""
    order.move()
    if order.action != "inform":
        lamps.put_out(order.turn, order.case, lamps.REMINDED)


def check_failed(order: Order) -> None:
    """It is not done (返工): the same unit goes on, with the time it had left."""
    turn, case = order.turn, order.case
    stopped = order.incident.resolved_at
    resume_work_from = None if stopped is None else stopped.isoformat()
    resume_work(turn, case)
    tally(case).reworks += 1
    order.move(resolved_at=resume_work_from)
    restart_clocks(turn, case)
    tell_callers(turn, case, "reworked")


def reopen(order: Order) -> None:
    """A caller, called back, says that it is not fixed: the same case, with a limit anew."""
    wanted = order.given.needed("report")
    for report in order.incident.reports:
        if report.report_id == wanted:
            take_up_again(order.turn, order.case, report, order.actor, order.reason)
            restart_clocks(order.turn, order.case)
            tell_reopened(order.turn, order.case, wanted)
            return
    raise Refused("not_found", "unknown_report", f"no report {wanted!r} is part of this case")


def close(order: Order) -> None:
    """It has ended well (结案); not while a device still alarms."""
    case = order.case
    if case.findings:
        raise Refused(
            "conflict",
            "still_alarming",
            f"a device still alarms: {', '.join(sorted(case.findings)[:3])}",
        )
    finish(
        order.turn,
        case,
        "close",
        actor=order.actor,
        reason=order.reason,
        resolution=order.given.text("resolution"),
    )


def stage(order: Order) -> None:
    """One stage of a staged limit is done (停工 处罚 拆除)."""
    wanted = order.given.needed("stage")
    still = stages.open_stages(order.case)
    for verdict in still:
        if verdict.stage == wanted:
            stages.done(order.turn, order.case, verdict)
            order.move(stage=wanted, overdue=verdict.overdue)
            return
    names = ", ".join(each.stage for each in still) or "none"
    raise Refused("not_found", "unknown_stage", f"got the stage {wanted!r}, open are: {names}")


ORDERS: dict[str, Do] = {
    "stage": stage,
    "acknowledge": acknowledge,
    "dispatch": dispatch,
    "redispatch": dispatch,
    "accept": accept,
    "start": note,
    "return": send_back,
    "resolve": resolve,
    "check": note,
    "check_failed": check_failed,
    "reopen": reopen,
    "close": close,
    "inform": note,
}
