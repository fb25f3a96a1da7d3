"""What happens when a clock of a case speaks: reminders, colours, a lift for want of time (E2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from schemas.handoff import Clock
from schemas.terms import COLOURS, Colour
from streams.incidents import clocks, duty, lamps, lifecycle, stages, summing
from streams.incidents.case import Case
from streams.incidents.endings import finish
from streams.incidents.orders.entry import unverified
from streams.incidents.orders.joint import assistance_over, expected
from streams.incidents.orders.pauses import go_on
from streams.incidents.ownership import FOR_WANT_OF_TIME, cannot_hand_back, give, hand_back
from streams.incidents.routing import GRAVITY
from streams.incidents.turn import Turn
from streams.incidents.words import limit_words, words
from streams.policy import SupervisionStep

_COLOUR: dict[str, Colour] = {"blue": "blue", "yellow": "yellow", "red": "red", "red2": "red"}


def fire(turn: Turn, case: Case) -> None:
    """Answer every clock of the case that has come due by now.

    A case that is given away in one clock's name takes the others along; they go on at
    its new owner.
    """
    incident = case.incident
    if not case.owned:
        return
    turn.keep(case, alone=True)
    before = incident.overdue
    if incident.state in lifecycle.RUNNING and clocks.mark_overdue(case, turn.now):
        incident.overdue = True
        turn.keep(case)
    for running in list(case.clocks):
        if running.at is None or running.at > turn.now or not case.owned:
            continue
        if case.held and running.kind.partition("/")[0] in clocks.PRESSING:
            _stay_silent(turn, case, running)
            continue
        if running not in case.clocks:
            continue  # what another clock led to has stopped this one
        ANSWERS[running.kind.partition("/")[0]](turn, case, running)
    if incident.overdue and not before:
        summing.note(turn, case, "went_overdue", incident.state)
    if incident.overdue and not before and case.owned:
        # A case that was lifted for it has this in the entry of its lift.
        due = incident.due_at
        detail = {} if due is None else {"due_at": due.isoformat()}
        turn.move(case, "overdue", rule="E2", detail=detail)


def _stay_silent(turn: Turn, case: Case, running: Clock) -> None:
    """Its cause is being worked on: nobody is pressed, but late is late (`standstill.let_go`)."""
    running.at = None
    if running.kind != clocks.RESOLVE:
        return
    if running.limit_at > turn.now:
        running.at = running.limit_at
    elif not case.incident.overdue:
        case.incident.overdue = True
        turn.keep(case)


def _uncontradicted(turn: Turn, case: Case, running: Clock) -> None:
    """The work was done so long ago that the case closes; not while a device still alarms."""
    if case.findings:
        running.at = turn.policy.calendar.add(turn.now, turn.policy.desk.closes_after)
        return
    finish(turn, case, "close", reason=words(turn.policy.language, "uncontradicted"))


def _unaccepted(turn: Turn, case: Case, running: Clock) -> None:
    """The unit has not accepted what was dispatched to it: the desk hears so."""
    running.at = None
    incident = case.incident
    language = turn.policy.language
    unit = turn.policy.unit_name(incident.unit or "", language)
    turn.keep(case, alone=True)
    lamps.light(
        turn,
        case,
        lamps.UNACCEPTED,
        trigger="E2",
        version=turn.policy.version,
        colour="yellow",
        title=words(language, "unaccepted", unit=unit, title=incident.title),
        suggested_action=words(language, "call_unit"),
    )


def _unmoved(turn: Turn, case: Case, running: Clock) -> None:
    """E11: somebody saw it, and nothing has happened since: one tier up."""
    running.at = None
    incident = case.incident
    pace = turn.policy.pace(incident.severity, incident.urgency)
    language = turn.policy.language
    limit = "" if pace.moves_on is None else limit_words(language, pace.moves_on)
    reason = words(language, "not_moved_on", limit=limit)
    parent = turn.policy.areas.parent(turn.area)
    if parent is not None:
        give(turn, case, parent, "E11", reason)
        return
    turn.keep(case, alone=True)
    lamps.light(
        turn,
        case,
        lamps.ESCALATION,
        trigger="E11",
        version=turn.policy.version,
        colour="red",
        title=words(language, "unmoved", reason=reason, title=incident.title),
        suggested_action=words(language, "press"),
    )


def _pause_over(turn: Turn, case: Case, running: Clock) -> None:
    """The pause has come to its end: the work goes on by itself."""
    go_on(turn, case, None, words(turn.policy.language, "pause_over"))


def _not_taken_up(turn: Turn, case: Case, running: Clock) -> None:
    """Handed down, and nobody has taken it up: it comes back to who supervises it."""
    running.at = None
    upper = case.incident.supervised_by
    if upper is not None and upper == turn.policy.areas.parent(turn.area):
        give(turn, case, upper, "E2", words(turn.policy.language, "not_taken_up"))


def _calm(turn: Turn, case: Case, running: Clock) -> None:
    """E8: what only devices had made grave is over: graded by the rest, and given back.

    A level that an officer has set stays.
    """
    clocks.stop(case, clocks.CALM)
    incident, plain = case.incident, case.plain
    turn.keep(case, alone=True)
    if case.findings or incident.state not in lifecycle.RUNNING or plain is None:
        return
    reason = words(turn.policy.language, "calm")
    before = incident.severity
    if incident.floor is None and GRAVITY[plain] > GRAVITY[before]:
        incident.severity = plain
        incident.version += 1
        detail = {"severity": plain}
        turn.move(case, "regrade", rule="E8", reason=f"{before} → {plain}: {reason}", detail=detail)
    case.plain = None
    if cannot_hand_back(turn, case) is None:
        hand_back(turn, case, reason)


def _whistle_unanswered(turn: Turn, case: Case, running: Clock) -> None:
    """E3: a whistled department has not reported: the district calls it, or knows already."""
    running.at = None
    policy, language = turn.policy, turn.policy.language
    department = running.kind.partition("/")[2]
    arrival = expected(case, department)
    if arrival is not None:
        arrival.late = True
    reason = words(language, "not_reported", unit=policy.unit_name(department, language))
    parent = policy.areas.parent(turn.area)
    if turn.tier == "street" and parent is not None:
        give(turn, case, parent, "E3", reason)
        return
    turn.keep(case)
    lamps.light(
        turn,
        case,
        running.kind,
        trigger="E3",
        version=policy.version,
        colour="red",
        title=words(language, "unmoved", reason=reason, title=case.incident.title),
        suggested_action=words(language, "call_unit"),
    )


def _unacknowledged(turn: Turn, case: Case, running: Clock) -> None:
    """E2: nobody at the desk has seen it: the rota is called through, then the tier above.

    The reminder calls the next officer on duty, and half-way to the lift whoever stands
    behind the crew. What was agreed when the clock began holds, also under a new policy.
    """
    spoke, running.at = running.at, None
    parent = turn.policy.areas.parent(turn.area)
    called = running.stage - clocks.REMINDED + 1 if running.stage >= clocks.REMINDED else 0
    if called == 0 and spoke is not None:
        # When the reminder itself came late, the desk gets the time between all the same.
        apart = max(running.limit_at - spoke, timedelta(0))
        running.limit_at = max(running.limit_at, turn.now + apart)
    if called > 0 and running.limit_at <= turn.now:
        if parent is not None:
            give(turn, case, parent, "E2", _not_acknowledged(turn, case, running))
        return
    running.stage = clocks.REMINDED + called
    left = running.limit_at - turn.now
    if left > timedelta(0):
        again = called == 0 and duty.in_reserve(turn, duty.NEXT + 1)
        running.at = turn.now + left / 2 if again else running.limit_at
    lamps.light(
        turn,
        case,
        lamps.ACKNOWLEDGE,
        trigger="E2",
        version=turn.policy.version,
        colour="blue" if called == 0 else "yellow",
        title=words(turn.policy.language, "unacknowledged", title=case.incident.title),
        suggested_action=words(turn.policy.language, "look"),
        call=duty.to_call(turn, duty.NEXT + called),
    )


def _not_acknowledged(turn: Turn, case: Case, running: Clock) -> str:
    language, incident = turn.policy.language, case.incident
    limit = turn.policy.pace(incident.severity, incident.urgency).unacknowledged
    minutes = round((running.limit_at - running.started_at).total_seconds() / 60)
    if limit is not None:
        text = limit_words(language, limit)
    else:
        text = words(language, "minute", amount=minutes)
    return words(language, "not_acknowledged", limit=text)


def _supervise(turn: Turn, case: Case, running: Clock) -> None:
    """Colour the limit as far as it is used, and lift the case once for each step that lifts.

    After an outage several steps may have passed. The colour then tells the truth at
    once, but the case rises one tier only; the next lift waits for as long as the steps
    lie apart, so that lost time does not carry everything to the city.
    """
    steps = turn.policy.supervision
    reached: SupervisionStep | None = None
    lift: SupervisionStep | None = None
    due, running.at = running.at, None
    for number, step in enumerate(steps):
        if step.percent <= running.stage:
            continue
        moment = due if reached is None else clocks.point(running, turn.policy, number)
        if moment is None:
            break
        if moment > turn.now:
            running.at = moment
            break
        if step.lifts and step.percent not in case.lifted:
            if lift is not None:
                running.at = turn.now + _apart(running, lift, step)
                break
            lift = step
        running.stage, reached = step.percent, step
    if reached is None:
        return
    incident = case.incident
    case.colour = reached.colour
    late = reached.percent >= 100
    if late:
        incident.overdue = True
        clocks.mark_overdue(case, turn.now)
    parent = turn.policy.areas.parent(turn.area)
    if lift is not None:
        case.lifted.append(lift.percent)
        if parent is not None:
            reason = words(turn.policy.language, "limit_used", percent=lift.percent)
            give(turn, case, parent, "E2", reason)
            return
    # A colour before the limit is an alert's news; the case itself stands as it stood.
    turn.keep(case, alone=not late)
    language = turn.policy.language
    colour = _COLOUR[reached.colour]
    # A desk that was called because time ran out hears of it in one episode, not in two.
    risen = case.lamps.get(lamps.ESCALATION)
    called = risen is not None and risen.trigger in FOR_WANT_OF_TIME
    if called and risen is not None and COLOURS.index(colour) < COLOURS.index(risen.colour):
        return
    lamps.light(
        turn,
        case,
        lamps.ESCALATION if called else lamps.DEADLINE,
        trigger="E2" if called else lamps.DEADLINE,
        version=turn.policy.version,
        colour=colour,
        title=words(
            language,
            "overdue" if late else "overdue_soon",
            percent=reached.percent,
            title=incident.title,
        )
        + (words(language, "provisional") if incident.provisional else ""),
        observed=float(reached.percent),
        unit="%",
        suggested_action=words(language, "press"),
        call=duty.to_call(turn, duty.FIRST),
    )


def _apart(running: Clock, lower: SupervisionStep, upper: SupervisionStep) -> timedelta:
    span = running.limit_at - running.started_at
    share = (upper.percent - lower.percent) / 100
    return max(timedelta(seconds=1), span * share)


ANSWERS: dict[str, Callable[[Turn, Case, Clock], None]] = {
    clocks.ACKNOWLEDGE: _unacknowledged,
    clocks.ACCEPT: _unaccepted,
    clocks.PROGRESS: _unmoved,
    clocks.RESOLVE: _supervise,
    clocks.CLOSE: _uncontradicted,
    clocks.DELEGATED: _not_taken_up,
    clocks.CALM: _calm,
    clocks.STAGE: stages.on_clock,
    clocks.SUSPENDED: _pause_over,
    clocks.WHISTLE: _whistle_unanswered,
    clocks.ASSIST: assistance_over,
    clocks.VERIFY: unverified,
}
"""What each kind of clock leads to; a kind's name ends at the first ``/``.

Who answers sets ``at`` to be asked again, or leaves it None, or stops the clock.
"""
