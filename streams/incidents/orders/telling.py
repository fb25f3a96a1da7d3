"""What callers hear while their matter is being dealt with."""

from __future__ import annotations

from schemas.outcome import ReplyOutcome
from streams.incidents.case import Case
from streams.incidents.endings import open_reports
from streams.incidents.turn import Turn
from streams.incidents.words import words


def tell_callers(
    turn: Turn, case: Case, what: str, *, outcome: ReplyOutcome = "progress", **parts: object
) -> None:
    """Tell everybody whose report is still open how their matter stands.

    Args:
        what: the sentence (see `words`), and which of the answers it is.
        parts: what the sentence has blanks for.
    """
    incident = case.incident
    result = words(turn.policy.language, what, **parts)
    for report in open_reports(case):
        turn.answer_report(
            report.report_id,
            what,
            outcome=outcome,
            incident_id=incident.incident_id,
            unit=incident.unit,
            due_at=report.due_at or incident.due_at,
            result=result,
        )


def tell_unit(turn: Turn, case: Case) -> None:
    """Tell the callers which unit has their matter now."""
    unit = case.incident.unit
    if unit is not None:
        name = turn.policy.unit_name(unit, turn.policy.language)
        tell_callers(turn, case, "sent_to", unit=name)


def day_words(turn: Turn, case: Case) -> str:
    """The case's limit as callers read it: a day and a time in the city."""
    due = case.incident.due_at
    return "–" if due is None else due.astimezone(turn.policy.tz).strftime("%Y-%m-%d %H:%M")
