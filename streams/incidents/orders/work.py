"""Orders about the work itself: seen, dispatched, accepted, done, checked, ended."""

from __future__ import annotations

from schemas.incident import Assistance
from streams.incidents import ownership
from streams.incidents.endings import finish, seen
from streams.incidents.messages import Maker
from streams.incidents.orders.order import Do, Order
from streams.incidents.refusal import Refused

LISTED_UNITS = 20
"""A case has at most that many assisting units."""

assistance = Maker(Assistance)


def acknowledge(order: Order) -> None:
    """The desk has seen it (接单): the clock of the acknowledgement stops."""
    if order.incident.acknowledged_at is not None:
        raise Refused("conflict", "already_acknowledged", "somebody was faster")
    order.move()
    seen(order.turn, order.case)


def dispatch(order: Order) -> None:
    """It is given to a unit, for the first time (派遣) or anew (改派)."""
    unit = order.given.needed("unit")
    if order.incident.unit != unit:
        order.incident.unit = unit
        order.incident.version += 1
    order.move(unit=unit)
    seen(order.turn, order.case)


def accept(order: Order) -> None:
    """A unit takes it on (签收): who accepts first leads (首接负责)."""
    incident = order.incident
    unit = order.unit
    if incident.state != "dispatched":
        _join(order, unit)
        return
    if unit is not None and unit != incident.unit:
        incident.assisting = [each for each in incident.assisting if each != unit]
        if incident.unit is not None:
            incident.assisting.append(incident.unit)
        incident.unit = unit
    order.move(unit=unit)
    seen(order.turn, order.case)


def _join(order: Order, unit: str | None) -> None:
    """One more unit takes part, behind the one that leads."""
    incident = order.incident
    known = {each.unit: each for each in incident.assists or ()}
    before = None if unit is None else known.get(unit)
    if unit is None or unit == incident.unit or (before is not None and before.accepted_at):
        raise Refused("conflict", "already_accepted", f"{incident.unit} leads it already")
    now = order.turn.now
    if before is None:
        before = assistance(unit=unit, at=now)
        incident.assists = [*(incident.assists or ()), before][-LISTED_UNITS:]
    before.accepted_at = now
    if unit not in incident.assisting:
        incident.assisting = [*incident.assisting, unit][-LISTED_UNITS:]
    order.move(unit=unit)


def send_back(order: Order) -> None:
    """Not ours (退回): the assignment is revoked, nothing erased; twice, and it goes up (E5)."""
    incident = order.incident
    unit = incident.unit
    incident.returns += 1
    order.move(unit=unit)
    ownership.lift_as_needed(order.turn, order.case)


def resolve(order: Order) -> None:
    """The unit says that it is done (反馈): the clocks stop."""
    finish(
        order.turn,
        order.case,
        "resolve",
        actor=order.actor,
        reason=order.reason,
        resolution=order.given.text("resolution"),
    )


def note(order: Order) -> None:
    """What the table says of it is all that happens: on site, under check, for information."""
    order.move()


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


ORDERS: dict[str, Do] = {
    "acknowledge": acknowledge,
    "dispatch": dispatch,
    "redispatch": dispatch,
    "accept": accept,
    "start": note,
    "return": send_back,
    "resolve": resolve,
    "check": note,
    "close": close,
    "inform": note,
}
