"""How work ends: for one report, for the whole case, and what happens when it was not the end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.incident import ReportedCase
from schemas.terms import TERMINAL, Actor
from streams.incidents import clocks, lamps, lifecycle, ownership, stages, standstill
from streams.incidents.case import CASES, MEMBERS, Belongs, Case
from streams.incidents.tally import tally
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.state import State


def end_report(report: ReportedCase, at: datetime, resolution: str | None) -> None:
    """The clock of one report stops, once; its verdict is final until it is taken up again."""
    if report.ended_at is None:
        report.ended_at = at
        if report.due_at is not None:
            report.overdue = at > report.due_at
    if resolution is not None:
        report.resolution = resolution


def open_reports(case: Case) -> list[ReportedCase]:
    """Reports whose clock still runs."""
    return [report for report in case.incident.reports if report.ended_at is None]


def finish(
    turn: Turn,
    case: Case,
    action: str,
    *,
    actor: Actor | None = None,
    at: datetime | None = None,
    reason: str | None = None,
    resolution: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Resolve or close a case: clocks stop, lamps go out, and the senders hear of it.

    Args:
        action: a row of the table that leads to resolved or closed.
        at: when the work ended, if a department's system says so; otherwise now.
    """
    incident = case.incident
    if incident.state == "suspended" and case.owned:
        standstill.resume(case, turn.policy, turn.now)
        if incident.suspension is not None:
            incident.suspension.resumed_at = turn.now
    ended = open_reports(case)
    for report in ended:
        end_report(report, at if at is not None else turn.now, resolution)
    if resolution is not None:
        incident.resolution = resolution
    if incident.stages is not None:
        stages.end_all(case, at if at is not None else turn.now)
    turn.move(case, action, actor, reason=reason, detail=detail)
    if incident.state in TERMINAL:
        clocks.stop(case)
    elif case.owned:
        clocks.start_close(case, turn.policy, turn.now)
    if not case.owned:
        return
    case.unanswered += [report.report_id for report in ended]
    lamps.put_out_all(turn, case, keep=tuple(case.findings))
    if incident.state in TERMINAL:
        _release(turn, case)
        for report_id in case.unanswered:
            _answer(turn, case, report_id)
        case.unanswered = []
        ownership.tell_neighbours(turn, case)
    elif incident.tally is None or not incident.tally.flaps:
        for report in ended:
            turn.answer_report(
                report.report_id,
                "done",
                outcome="progress",
                incident_id=incident.incident_id,
                unit=incident.unit,
                result=words(turn.policy.language, "done"),
            )


def _release(turn: Turn, case: Case) -> None:
    """Whoever was whistled for may go now, and not before (事不完、人不撤)."""
    for whistle in case.incident.whistles or ():
        for arrival in whistle.departments:
            if arrival.released_at is None:
                arrival.released_at = turn.now
    case.incident.asked = None


def _answer(turn: Turn, case: Case, report_id: str) -> None:
    incident = case.incident
    turn.answer_report(
        report_id,
        "answered",
        outcome="answered" if incident.state == "closed" else "rejected",
        incident_id=incident.incident_id,
        unit=incident.unit,
        result=incident.resolution or words(turn.policy.language, "solved"),
    )


def answer_ended(turn: Turn, case: Case, report: ReportedCase) -> None:
    """One report of an open case has had its final end: its sender hears so now."""
    if not case.owned:
        return
    turn.answer_report(
        report.report_id,
        "answered",
        outcome="answered",
        incident_id=case.incident.incident_id,
        unit=case.incident.unit,
        result=report.resolution or words(turn.policy.language, "solved"),
    )


def seen(turn: Turn, case: Case) -> None:
    """Somebody has it in hand: the acknowledgement's clock stops, its alerts go out.

    A unit's acceptance is as good as the desk's acknowledgement.
    """
    if not case.owned:
        return
    if case.incident.acknowledged_at is None:
        case.incident.acknowledged_at = turn.now
    clocks.stop(case, clocks.ACKNOWLEDGE, clocks.DELEGATED)
    clocks.follow_work(case, turn.policy, turn.now)
    lamps.put_out(turn, case, lamps.ACKNOWLEDGE)
    lamps.put_out(turn, case, lamps.ESCALATION)
    waiting = clocks.of_kind(case, clocks.ACCEPT)
    if waiting is None or waiting.at is not None:
        lamps.put_out(turn, case, lamps.UNACCEPTED)


def forget(state: State, key: str, case: Case) -> None:
    """A closed case has been kept for its days: it goes, and with it what led to it."""
    incident = case.incident
    members = state.table(MEMBERS)
    for identity in (*(report.report_id for report in incident.reports), *incident.findings):
        belongs = members.get(identity)
        if belongs is not None and belongs.incident_id == incident.incident_id:
            members.delete(identity)
    state.delete(CASES, key)


def belong(turn: Turn, identity: str, incident_id: str) -> None:
    """From now on that report or finding is found by its id."""
    turn.members.put(identity, Belongs(turn.area, incident_id))


def take_up_again(
    turn: Turn, case: Case, report: ReportedCase | None, actor: Actor, reason: str | None
) -> None:
    """A citizen says that it is not fixed: the same case, with a clock of its own kind anew.

    What was found about the first end stays in the audit.
    """
    incident = case.incident
    detail: dict[str, Any] = {}
    if incident.resolved_at is not None:
        detail["resolved_at"] = incident.resolved_at.isoformat()
    if report is not None:
        detail["report_id"] = report.report_id
        if report.ended_at is not None:
            detail["ended_at"] = report.ended_at.isoformat()
        if report.overdue is not None:
            detail["overdue"] = report.overdue
    ended = incident.state not in lifecycle.OPEN
    if ended:
        tally(case).reopens += 1
        case.held = False
        turn.move(case, "reopen", actor, reason=reason, detail=detail)
    elif case.owned:
        turn.move(case, "inform", actor, reason=reason, detail=detail)
    else:
        turn.keep(case)
    limit = clocks.standard_limit(case, turn.policy)
    again = None if limit is None else turn.policy.calendar.add(turn.now, limit)
    if report is not None:
        report.ended_at = report.overdue = report.resolution = None
        report.due_at = again
    if not ended:
        if case.owned:
            clocks.follow_due(case, turn.policy)
        return
    if not case.owned:
        return
    incident.overdue = False
    case.colour = None
    case.lifted = []
    clocks.set_standard(case, limit, turn.now, again)
    clocks.stop(case)
    incident.due_at = None
    clocks.follow_due(case, turn.policy)
    if not turn.policy.desk.synthetic_acceptance:
        incident.acknowledged_at = None
        clocks.start_acknowledge(case, turn.policy, turn.now)
    ownership.tell_neighbours(turn, case)


def tell_reopened(turn: Turn, case: Case, report_id: str) -> None:
    """Whoever said that it is not fixed hears that it has been taken up again."""
    turn.answer_report(
        report_id,
        "reopened",
        outcome="progress",
        incident_id=case.incident.incident_id,
        unit=case.incident.unit,
        due_at=case.incident.due_at,
        result=words(turn.policy.language, "reopened"),
    )


def resume_work(turn: Turn, case: Case, *, stood_still: bool = True) -> None:
    """What ended with the unit's word is open again: the check failed (返工), or it was a flap.

    The limit goes on from where it stopped.

    Args:
        stood_still: whether the time since then is nobody's delay.
    """
    stopped = case.incident.resolved_at
    for report in case.incident.reports:
        if report.report_id in case.unanswered:
            report.ended_at = report.resolution = None
            report.overdue = report.overdue or None
    case.unanswered = []
    clocks.stop(case)
    clocks.follow_due(case, turn.policy)
    if stopped is not None:
        clocks.has_spoken(case, turn.policy, stopped)
        if stood_still:
            standstill.move_limits(case, turn.policy, stopped, turn.now)


def is_flap(turn: Turn, case: Case) -> bool:
    """Whether what was done only now comes back: a source that flaps, not a new matter."""
    quiet = turn.policy.orders.flapping_within
    done = case.incident.resolved_at
    if quiet is None or done is None or case.incident.state not in lifecycle.DONE:
        return False
    return turn.now < turn.policy.calendar.add(done, quiet)


def come_back(turn: Turn, case: Case, actor: Actor, reason: str | None) -> None:
    """It flapped: the same work goes on under the same limit, and nobody is told twice."""
    if case.owned:
        resume_work(turn, case, stood_still=False)
        tally(case).flaps += 1
    turn.move(case, "come_back", actor, reason=reason)
