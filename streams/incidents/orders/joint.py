"""Several units at one case: added, whistled for, met with, and let go."""

from __future__ import annotations

from schemas.handoff import Clock
from schemas.incident import Arrival, Assistance, Consultation, Whistle
from schemas.terms import Actor
from streams.incidents import clocks, lamps
from streams.incidents.case import Case
from streams.incidents.messages import Maker
from streams.incidents.orders.order import Do, Order
from streams.incidents.refusal import Refused
from streams.incidents.tally import tally
from streams.incidents.turn import Turn
from streams.incidents.words import words

LISTED_UNITS = 20
"""A case has at most that many assisting units, and that many whistled ones."""
KEPT_WHISTLES = 10
KEPT_FEEDBACK = 10

assistance_of = Maker(Assistance)
arrival_of = Maker(Arrival)
whistle_of = Maker(Whistle)
consultation_of = Maker(Consultation)


# -- added units ---------------------------------------------------------------


def assist(order: Order) -> None:
    """Add units to help the one that leads (加派), until they expire."""
    turn, case, incident = order.turn, order.case, order.incident
    policy = turn.policy
    until = order.given.moment("until")
    if until is None:
        until = policy.calendar.add(turn.now, policy.orders.assist_for)
    if until <= turn.now:
        raise Refused(
            "rejected", "wrong_end", f"got the end {until.isoformat()}, wanted a later one"
        )
    units = [unit for unit in order.given.many("units") if unit != incident.unit]
    if not units:
        raise Refused("conflict", "already_accepted", f"{incident.unit} leads it already")
    known = {each.unit: each for each in incident.assists or ()}
    for unit in units:
        known[unit] = assistance_of(
            unit=unit,
            at=turn.now,
            until=until,
            accepted_at=known[unit].accepted_at if unit in known else None,
        )
    assisting = list(dict.fromkeys((*incident.assisting, *units)))
    if len(assisting) > LISTED_UNITS or len(known) > LISTED_UNITS:
        raise Refused(
            "conflict", "too_many_units", f"{len(assisting)} would assist, wanted {LISTED_UNITS}"
        )
    incident.assists, incident.assisting = list(known.values()), assisting
    for unit in units:
        clocks.start(case, f"{clocks.ASSIST}/{unit}", policy, turn.now, until)
    order.move(units=units, until=until.isoformat())


def join(order: Order, unit: str | None) -> None:
    """A unit accepts a case that another one leads: it takes part, assisting."""
    incident = order.incident
    known = {each.unit: each for each in incident.assists or ()}
    before = None if unit is None else known.get(unit)
    if unit is not None and (unit == incident.unit or (before and before.accepted_at)):
        raise Refused("conflict", "already_yours", f"{unit} has accepted it already")
    if unit is None or not may_join(order.case, unit):
        raise Refused("conflict", "already_accepted", f"{incident.unit} leads it already")
    take_part(order.turn, order.case, unit, order.actor, order.reason)


def may_join(case: Case, unit: str) -> bool:
    """Whether a unit can take part beside the one that leads: it does not yet, and has room."""
    incident = case.incident
    if unit == incident.unit:
        return False
    for each in incident.assists or ():
        if each.unit == unit:
            return each.accepted_at is None
    room = len(incident.assists or ()) < LISTED_UNITS
    return room and (unit in incident.assisting or len(incident.assisting) < LISTED_UNITS)


def take_part(turn: Turn, case: Case, unit: str, actor: Actor, reason: str | None) -> None:
    """From now on the unit assists, by its own word."""
    incident = case.incident
    known = {each.unit: each for each in incident.assists or ()}
    if unit not in known:
        known[unit] = assistance_of(unit=unit, at=turn.now)
        incident.assists = list(known.values())
    known[unit].accepted_at = turn.now
    if unit not in incident.assisting:
        incident.assisting = [*incident.assisting, unit]
    turn.move(case, "accept", actor, reason=reason, detail={"unit": unit})


def release(order: Order) -> None:
    """Let an added unit go; a whistled department stays until the case closes (事不完、人不撤)."""
    incident = order.incident
    unit = order.given.needed("unit")
    if expected(order.case, unit) is not None:
        raise Refused(
            "conflict", "not_before_the_end", f"{unit} was whistled for and stays to the end"
        )
    if unit not in incident.assisting:
        raise Refused("conflict", "not_here", f"{unit} does not assist here")
    _let_go(order.case, unit)
    order.move(unit=unit)


def _let_go(case: Case, unit: str) -> None:
    incident = case.incident
    incident.assisting = [each for each in incident.assisting if each != unit]
    incident.assists = [each for each in incident.assists or () if each.unit != unit] or None
    clocks.stop(case, f"{clocks.ASSIST}/{unit}")


def assistance_over(turn: Turn, case: Case, running: Clock) -> None:
    """An added unit's time is over: it goes by itself."""
    unit = running.kind.partition("/")[2]
    _let_go(case, unit)
    reason = words(turn.policy.language, "time_over")
    turn.move(case, "release", reason=reason, detail={"unit": unit})


# -- whistles ------------------------------------------------------------------


def whistle(order: Order) -> None:
    """Call departments to the place (吹哨): each has its own time to report."""
    turn, case, incident = order.turn, order.case, order.incident
    policy = turn.policy
    ground = order.given.needed("ground")
    present = {each.unit for each in _expected(case)}
    units = [unit for unit in order.given.many("units") if unit not in present]
    if not units:
        raise Refused("conflict", "already_called", "each of them has been called already")
    if len(present) + len(units) > LISTED_UNITS or len(incident.whistles or ()) >= KEPT_WHISTLES:
        raise Refused(
            "conflict",
            "too_many_units",
            f"{len(present) + len(units)} departments called, wanted {LISTED_UNITS} at most "
            f"in {KEPT_WHISTLES} whistles",
        )
    # The argument has no other choices than the keys of that table.
    limit = policy.orders.arrival.get(ground, policy.escalation.whistle_answer)  # type: ignore[call-overload]
    at = policy.calendar.add(turn.now, limit)
    incident.whistles = [
        *(incident.whistles or ()),
        whistle_of(
            ground=ground,
            at=turn.now,
            area=turn.area,
            reason=order.why,
            departments=[arrival_of(unit=unit, limit_at=at) for unit in units],
        ),
    ]
    tally(case).whistles += 1
    for unit in units:
        clocks.start(case, f"{clocks.WHISTLE}/{unit}", policy, turn.now, at)
    order.move(ground=ground, units=units, limit_at=at.isoformat())


def report(order: Order) -> None:
    """A whistled department is there (报到): its clock stops."""
    arrival = _called(order)
    if arrival.reported_at is not None:
        raise Refused("conflict", "reported_before", f"{arrival.unit} has reported already")
    now = order.turn.now
    arrival.reported_at = now
    arrival.late = now > arrival.limit_at
    kind = f"{clocks.WHISTLE}/{arrival.unit}"
    clocks.stop(order.case, kind)
    lamps.put_out(order.turn, order.case, kind)
    order.move(unit=arrival.unit, late=arrival.late)


def feedback(order: Order) -> None:
    """A unit says what it has done so far, for its part."""
    incident, unit = order.incident, order.unit
    arrival = None if unit is None else expected(order.case, unit)
    if arrival is not None:
        if arrival.reported_at is None:
            raise Refused("conflict", "not_reported", f"{unit} has not reported, report first")
        arrival.feedback = [*arrival.feedback, order.why][-KEPT_FEEDBACK:]
    elif unit is not None and unit != incident.unit and unit not in incident.assisting:
        raise Refused("conflict", "not_called", f"{unit} has no part in this case")
    lamps.put_out(order.turn, order.case, lamps.REMINDED)
    order.move(unit=unit)


def _called(order: Order) -> Arrival:
    unit = order.unit
    if unit is None:
        raise Refused("rejected", "argument_missing", f"{order.action} without it, wanted 'unit'")
    arrival = expected(order.case, unit)
    if arrival is None:
        raise Refused("conflict", "not_called", f"{unit} was not whistled for")
    return arrival


def _expected(case: Case) -> list[Arrival]:
    """Every whistled department that has not been released."""
    return [
        arrival
        for each in case.incident.whistles or ()
        for arrival in each.departments
        if arrival.released_at is None
    ]


def expected(case: Case, unit: str) -> Arrival | None:
    """That department's part in the case, if it was whistled for and not released."""
    for arrival in _expected(case):
        if arrival.unit == unit:
            return arrival
    return None


# -- consultation ---------------------------------------------------------------


def consult(order: Order) -> None:
    """Units meet on a case (会商); one meeting at a time."""
    incident = order.incident
    open_one = incident.consultation
    if open_one is not None and open_one.concluded_at is None:
        raise Refused("conflict", "meeting_open", "a consultation has not been concluded")
    units = order.given.many("units")
    incident.consultation = consultation_of(units=units, topic=order.why, at=order.turn.now)
    order.move(units=units)


def conclude(order: Order) -> None:
    """What the meeting came to; it binds whoever was there."""
    meeting = order.incident.consultation
    if meeting is None or meeting.concluded_at is not None:
        raise Refused("conflict", "no_meeting", "no consultation is open")
    meeting.conclusion, meeting.concluded_at = order.why, order.turn.now
    order.move(units=meeting.units)


# -- rework and the end ----------------------------------------------------------


def restart_clocks(turn: Turn, case: Case) -> None:
    """Work goes on after an end that was none: who was expected, and who helps, is so again."""
    policy = turn.policy
    for each in case.incident.assists or ():
        if each.until is not None and each.until > turn.now:
            clocks.start(case, f"{clocks.ASSIST}/{each.unit}", policy, turn.now, each.until)
    for arrival in _expected(case):
        if arrival.reported_at is None and arrival.limit_at > turn.now:
            kind = f"{clocks.WHISTLE}/{arrival.unit}"
            clocks.start(case, kind, policy, turn.now, arrival.limit_at)


ORDERS: dict[str, Do] = {
    "assist": assist,
    "release": release,
    "whistle": whistle,
    "report": report,
    "feedback": feedback,
    "consult": consult,
    "conclude": conclude,
}
