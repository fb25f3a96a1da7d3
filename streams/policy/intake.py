"""What intake believes, remembers and says."""

from __future__ import annotations

from pydantic import Field

from schemas.terms import Severity, Urgency
from streams.policy.section import Section, Text


class Answers(Section):
    """What a citizen reads at once, without a case."""

    enquiry: Text
    praise: Text
    danger: Text


class Danger(Section):
    """How a report of danger to life is graded at least."""

    severity: Severity = "IV"
    urgency: Urgency = "urgent"


class IntakeBounds(Section):
    """How far senders' times are believed, and how long reports are remembered.

    Attributes:
        ahead_s: a time further ahead than this is refused, seconds.
        behind_days: an older time counts as the time of receipt, days.
        memory_days: a closed report is remembered so long, for late updates.
        memory_max_days: an open one at most so long.
    """

    ahead_s: float = Field(default=300, ge=0, le=86_400)
    behind_days: float = Field(default=400, gt=0, le=40_000)
    memory_days: float = Field(default=30, gt=0, le=400)
    memory_max_days: float = Field(default=400, gt=0, le=4_000)
    danger: Danger = Danger()
    answers: Answers
