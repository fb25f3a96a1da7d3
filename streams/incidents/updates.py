"""What is said later about a report: by a department's system, or by who sent it."""

from __future__ import annotations

from functools import lru_cache

from schemas.incident import ReportedCase
from schemas.report import ReportUpdate, ReportUpdateEvent
from schemas.terms import Actor
from streams.incidents import clocks, lifecycle, ownership
from streams.incidents.case import Case
from streams.incidents.endings import (
    answer_ended,
    come_back,
    end_report,
    finish,
    is_flap,
    open_reports,
    seen,
    take_up_again,
    tell_reopened,
)
from streams.incidents.orders import joint, tiers
from streams.incidents.summing import note_callback
from streams.incidents.turn import Turn, actor_of
from streams.incidents.words import words

_ENDINGS: dict[str, str] = {
    "resolved": "resolve",
    "closed": "external_close",
    "withdrawn": "withdraw",
}
"""Update → the move of the case when its last open report has ended so."""


def on_update(turn: Turn, event: ReportUpdateEvent) -> None:
    """Apply an update to the case of its report, here or wherever the case was given."""
    update = event.data
    incident_id = update.incident_id
    if incident_id is None:
        belongs = turn.members.get(update.report_id)
        if belongs is None:
            _too_late(turn, update, "unknown_report")
            return
        incident_id = belongs.incident_id
    case = turn.case(incident_id)
    if case is None:
        _too_late(turn, update, "unknown_incident")
        return
    report = _report(case, update.report_id)
    if report is None and update.incident_id is not None:
        # It came up after the case had ended and opened another one here.
        belongs = turn.members.get(update.report_id)
        other = None if belongs is None else turn.case(belongs.incident_id)
        if other is not None:
            case, report = other, _report(other, update.report_id)
            incident_id = case.incident.incident_id
    shadow = not case.owned
    apply(turn, case, report, update)
    if shadow:
        data = update.model_copy(update={"incident_id": incident_id})
        ownership.pass_on(turn, case, event.model_copy(update={"data": data}), "told")


def _too_late(turn: Turn, update: ReportUpdate, code: str) -> None:
    """The case ended long ago and is forgotten: whoever spoke hears that it came to nothing."""
    days = turn.policy.escalation.keep_closed_days
    message = words(turn.policy.language, "forgotten", days=days)
    turn.answer_report(
        update.report_id,
        f"{update.kind}/too_late",
        outcome="rejected",
        reason={"code": code, "message": message, "path": "/data/report_id"},
    )


def _report(case: Case, report_id: str) -> ReportedCase | None:
    for report in case.incident.reports:
        if report.report_id == report_id:
            return report
    return None


_SENDER = actor_of(id="sender", role="citizen")


@lru_cache(maxsize=4_096)
def _department(unit: str) -> Actor:
    return actor_of(id=unit, role="department")


def _speaker(update: ReportUpdate) -> Actor:
    if update.kind in ("withdrawn", "not_fixed", "callback", "reminder"):
        return _SENDER
    return _department(update.unit or "department")


def apply(turn: Turn, case: Case, report: ReportedCase | None, update: ReportUpdate) -> None:
    """Do what an update says, as far as the table allows it for the state the case is in."""
    actor = _speaker(update)
    kind = update.kind
    if update.callback is not None:
        note_callback(turn, case, report, update)
    if kind == "accepted":
        _accepted(turn, case, update, actor)
    elif kind in _ENDINGS:
        _ended(turn, case, report, update, actor)
    elif kind == "not_fixed" or (
        kind == "callback" and update.callback is not None and update.callback.solved is False
    ):
        _contradicted(turn, case, report, update, actor)
    elif kind == "reminder" and case.owned and case.incident.state in lifecycle.OPEN:
        tiers.press_for(turn, case, "remind", actor, update.note, report_id=update.report_id)
    elif kind == "callback" and case.incident.state == "resolved" and case.owned:
        _checked(turn, case, update, actor)
    else:
        _informed(turn, case, update, actor)


def _accepted(turn: Turn, case: Case, update: ReportUpdate, actor: Actor) -> None:
    incident = case.incident
    unit = update.unit
    if incident.state != "dispatched":
        joins = unit is not None and turn.policy.knows_unit(unit) and joint.may_join(case, unit)
        if unit is not None and joins and incident.state in ("accepted", "in_progress"):
            joint.take_part(turn, case, unit, actor, update.note)
        else:
            _informed(turn, case, update, actor)
        return
    if update.unit is not None and turn.policy.knows_unit(update.unit):
        incident.unit = update.unit
    turn.move(case, "accept", actor)
    seen(turn, case)
    if not case.owned:
        return
    for each in open_reports(case):
        turn.answer_report(
            each.report_id,
            "accepted_by_unit",
            outcome="progress",
            incident_id=incident.incident_id,
            unit=incident.unit,
            due_at=each.due_at or incident.due_at,
            result=words(turn.policy.language, "under_way"),
        )


def _ended(
    turn: Turn,
    case: Case,
    report: ReportedCase | None,
    update: ReportUpdate,
    actor: Actor,
) -> None:
    """One report has ended; the case ends with its last open one, and with no device alarming."""
    incident = case.incident
    kind = update.kind
    resolution = update.resolution
    if resolution is None and kind == "withdrawn":
        resolution = words(turn.policy.language, "withdrawn")
    if report is None:
        _informed(turn, case, update, actor)
        return
    others = [each for each in open_reports(case) if each is not report]
    action = _ENDINGS[kind]
    last = not others and not case.findings
    if last and lifecycle.possible(action, incident.state, actor.role):
        if report.ended_at is not None and resolution is not None:
            report.resolution = resolution
        finish(
            turn,
            case,
            action,
            actor=actor,
            at=update.updated_at,
            reason=update.reason,
            resolution=resolution,
            detail={"report_id": report.report_id},
        )
        return
    repeated = report.ended_at is not None and kind == "resolved"
    if repeated or not lifecycle.possible("end_report", incident.state, actor.role):
        _informed(turn, case, update, actor)
        return
    end_report(report, update.updated_at, resolution)
    if not case.owned:
        turn.keep(case)
        return
    clocks.follow_due(case, turn.policy)
    detail = {"report_id": report.report_id, "kind": kind}
    turn.move(case, "end_report", actor, reason=update.reason, detail=detail)
    if kind == "resolved":
        case.unanswered.append(report.report_id)
    else:
        if report.report_id in case.unanswered:
            case.unanswered.remove(report.report_id)
        answer_ended(turn, case, report)


def _contradicted(
    turn: Turn,
    case: Case,
    report: ReportedCase | None,
    update: ReportUpdate,
    actor: Actor,
) -> None:
    """The sender says that it is not fixed: the case is taken up again, its sender hears so."""
    if case.incident.state == "rejected":
        _informed(turn, case, update, actor)  # it never was a case
        return
    if is_flap(turn, case):
        come_back(turn, case, actor, update.note or update.reason)
        return
    take_up_again(turn, case, report, actor, update.note or update.reason or update.kind)
    if case.owned:
        tell_reopened(turn, case, update.report_id)


def _checked(turn: Turn, case: Case, update: ReportUpdate, actor: Actor) -> None:
    """A caller was called back and does not object (回访): the check of the case has begun."""
    turn.move(case, "check", actor, reason=update.note, detail=_said(update))


def _informed(turn: Turn, case: Case, update: ReportUpdate, actor: Actor) -> None:
    """Nothing moves, but it was said: the audit keeps it."""
    if not case.owned:
        turn.keep(case)
        return
    turn.move(case, "inform", actor, reason=update.note or update.reason, detail=_said(update))


def _said(update: ReportUpdate) -> dict[str, object]:
    detail: dict[str, object] = {"report_id": update.report_id, "kind": update.kind}
    if update.callback is not None:
        detail["callback"] = update.callback.model_dump(exclude_none=True)
    return detail
