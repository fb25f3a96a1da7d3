"""How long things may take: limits in the clocks of city administration, and paces."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from schemas.terms import Severity, Tier, Urgency
from streams.policy.section import Section, Text

LimitClock = Literal["urgent_hour", "work_hour", "work_day", "natural_day", "minute"]
"""紧急工作时 (runs nights and holidays), 工作时 (office time only), 工作日, 自然日, and minutes."""

_TEXT = re.compile(r"(\d+(?:\.\d+)?) (urgent_hour|work_hour|work_day|natural_day|minute)s?")


class Limit(Section):
    """A length of time in one of the city's clocks, written ``4 work_hour`` in files.

    Source of the clocks: case standards of Yuncheng (deploy/policy/SOURCES.md, 2).
    """

    amount: float = Field(gt=0, le=10_000)
    clock: LimitClock

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        match = _TEXT.fullmatch(value.strip())
        if match is None:
            raise ValueError(
                'wanted "<number> <clock>" with urgent_hour, work_hour, work_day, natural_day '
                'or minute, such as "4 work_hour"'
            )
        return {"amount": float(match[1]), "clock": match[2]}

    @property
    def is_office(self) -> bool:
        """Whether it passes in office time only."""
        return self.clock in ("work_hour", "work_day")

    def __str__(self) -> str:
        return f"{self.amount:g} {self.clock}"


class Stage(Section):
    """One stage of a staged limit, from the beginning of the case: 停工, 处罚, 拆除.

    Attributes:
        name: what orders call it; title: what people read.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    title: Text
    limit: Limit


class Pace(Section):
    """How fast a case of one severity and urgency moves, and who owns it at birth.

    Attributes:
        owner: the tier that owns such a case from the beginning (E1).
        acknowledge: until the desk has seen it, from its arrival at that desk.
        accept: until the unit has accepted it, from its dispatch; the desk is told.
        on_site: until somebody is there.
        unacknowledged: after which it goes one tier up for want of an acknowledgement (E2).
        moves_on: how long an acknowledgement holds: a case that was seen but has not moved
            on by then goes one tier up (E11).
        unresolved: the limit of the work where the category sets none.
    """

    owner: Tier
    acknowledge: Limit | None = None
    accept: Limit | None = None
    on_site: Limit | None = None
    unacknowledged: Limit | None = None
    moves_on: Limit | None = None
    unresolved: Limit | None = None


class PaceRow(Pace):
    """A pace and the cases that it is for: every pair of the two lists."""

    severity: tuple[Severity, ...] = Field(min_length=1)
    urgency: tuple[Urgency, ...] = Field(min_length=1)


class SupervisionStep(NamedTuple):
    """One colour of supervision: from `percent` of the limit on; `lifts` one tier up.

    Never the same thing as a warning colour.
    """

    percent: int
    colour: Literal["blue", "yellow", "red", "red2"]
    lifts: bool
