"""The incident: one matter at one place and time, and what is being done about it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.envelope import Body, Envelope
from schemas.terms import Category, Place, Severity, Tier, Urgency, WorkState


class ReportedCase(Body):
    """One report inside an incident: each keeps its own limit, end and verdict.

    ``overdue`` is None while it is open and its limit has not passed, or if it has none.
    ``limit_from`` is when its limit began, where a pause has moved it from ``reported_at``.
    """

    report_id: str
    reported_at: AwareDatetime
    due_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    overdue: bool | None = None
    resolution: str | None = None
    limit_from: AwareDatetime | None = None


class Escalation(Body):
    """One lift of an incident to the tier above, or its return below: which rule, when."""

    rule: str
    at: AwareDatetime
    from_area: str
    to_area: str
    reason: str | None = None


class Incident(Body):
    """The present state of an incident, as its owner last wrote it.

    Attributes:
        incident_id: starts with its birth area; never changes (E10).
        version: rises with each change of state, owner, unit or limit; what
            ``expected_version`` of a command is compared with.
        tier, area: the one owner.
        unit: the lead unit; ``assisting`` the others.
        due_at: the limit of the work; ``overdue`` once it has passed unresolved.
        floor: the gravest severity set by a higher tier, below which no lower tier goes (E9).
        colour: supervision colour of the nearest limit when it was last published (蓝黄红);
            a colour alone is told by an alert, and does not publish the incident again.
    """

    incident_id: str
    version: int = Field(ge=1)
    state: WorkState
    tier: Tier
    area: str
    category: Category
    severity: Severity
    urgency: Urgency
    title: str
    place: Place
    areas: list[str] = Field(default_factory=list)
    reports: list[ReportedCase] = Field(default_factory=list)
    report_count: int = 0
    findings: list[str] = Field(default_factory=list)
    unit: str | None = None
    assisting: list[str] = Field(default_factory=list)
    opened_at: AwareDatetime
    dispatched_at: AwareDatetime | None = None
    acknowledged_at: AwareDatetime | None = None
    accepted_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    overdue: bool = False
    resolved_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    resolution: str | None = None
    returns: int = 0
    escalations: list[Escalation] = Field(default_factory=list)
    sensitive: list[str] = Field(default_factory=list)
    danger_to_life: bool = False
    self_handled: bool = False
    supervised_by: str | None = None
    floor: Severity | None = None
    colour: Literal["blue", "yellow", "red", "red2"] | None = None
    parent_id: str | None = None
    recurrence_of: str | None = None
    problem_id: str | None = None
    policy_version: str


class IncidentEvent(Envelope):
    """The present state of an incident on its way to ``incidents``."""

    type: Literal["cn.chengyun.incident.v1"] = "cn.chengyun.incident.v1"
    data: Incident
