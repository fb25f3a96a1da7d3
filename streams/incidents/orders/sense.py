"""Which orders make sense for a case as it stands, beyond what its state allows.

A desk that is told what it can do now shall not be offered what would be refused at once.
"""

from __future__ import annotations

from collections.abc import Callable

from streams.incidents import ownership
from streams.incidents.case import Case
from streams.incidents.stages import open_stages
from streams.incidents.turn import Turn

Sense = Callable[[Turn, Case], bool]


def _asked(what: str) -> Sense:
    def sense(turn: Turn, case: Case) -> bool:
        asked = case.incident.asked
        return asked is not None and asked.what == what

    return sense


def _meets(turn: Turn, case: Case) -> bool:
    meeting = case.incident.consultation
    return meeting is not None and meeting.concluded_at is None


def _was_late(turn: Turn, case: Case) -> bool:
    incident = case.incident
    late = incident.overdue or any(report.overdue for report in incident.reports)
    return late and incident.appeal is None


def _appealed(turn: Turn, case: Case) -> bool:
    made = case.incident.appeal
    return made is not None and made.verdict is None


def _is_above(turn: Turn, case: Case) -> bool:
    return turn.policy.areas.parent(turn.area) is not None


MAKES_SENSE: dict[str, Sense] = {
    "acknowledge": lambda turn, case: case.incident.acknowledged_at is None,
    "request": lambda turn, case: case.incident.asked is None and not case.incident.overdue,
    "refuse": lambda turn, case: case.incident.asked is not None,
    "suspend": _asked("suspension"),
    "extend": _asked("extension"),
    "appeal": _was_late,
    "decide_appeal": _appealed,
    "escalate": _is_above,
    "delegate": lambda turn, case: bool(turn.policy.areas.children(turn.area)),
    "hand_back": lambda turn, case: ownership.cannot_hand_back(turn, case) is None,
    "stage": lambda turn, case: bool(open_stages(case)),
    "close": lambda turn, case: not case.findings,
    "report": lambda turn, case: bool(case.incident.whistles),
    "release": lambda turn, case: bool(case.incident.assisting),
    "consult": lambda turn, case: not _meets(turn, case),
    "conclude": _meets,
    "split": lambda turn, case: len(case.incident.reports) > 1 or bool(case.findings),
    "reopen": lambda turn, case: bool(case.incident.reports),
    "link": lambda turn, case: case.incident.parent_id is None and not case.incident.children,
    "unlink": lambda turn, case: case.incident.parent_id is not None,
}
"""Orders that the state alone does not decide about; all others are offered as it allows."""
