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
    ``contacted_at`` is when somebody first spoke with its sender about it; ``solved`` and
    ``satisfied`` are what the sender said then.
    """

    report_id: str
    reported_at: AwareDatetime
    due_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    overdue: bool | None = None
    resolution: str | None = None
    limit_from: AwareDatetime | None = None
    contacted_at: AwareDatetime | None = None
    solved: bool | None = None
    satisfied: bool | None = None


class Escalation(Body):
    """One lift of an incident to the tier above, or its return below: which rule, when."""

    rule: str
    at: AwareDatetime
    from_area: str
    to_area: str
    reason: str | None = None


class Asked(Body):
    """What the unit has asked for and the desk has not decided yet: a suspension or more time."""

    what: Literal["suspension", "extension"]
    by: str
    at: AwareDatetime
    reason: str
    until: AwareDatetime | None = None


class Suspension(Body):
    """Work that waits, with leave, for something that the unit cannot hasten (挂账)."""

    at: AwareDatetime
    until: AwareDatetime
    reason: str
    resumed_at: AwareDatetime | None = None


class Extension(Body):
    """One more original limit, granted (延期)."""

    at: AwareDatetime
    reason: str
    before: AwareDatetime | None = None
    after: AwareDatetime | None = None


class Appeal(Body):
    """A unit's objection to having been overdue, and what the desk made of it (申诉)."""

    by: str
    at: AwareDatetime
    reason: str
    verdict: Literal["granted", "refused"] | None = None
    decided_at: AwareDatetime | None = None


class Arrival(Body):
    """One whistled department: until when it was expected, when it came, what it has done.

    ``late`` once its limit has passed without it; ``feedback`` are its partial reports.
    """

    unit: str
    limit_at: AwareDatetime
    reported_at: AwareDatetime | None = None
    late: bool = False
    feedback: list[str] = Field(default_factory=list)
    released_at: AwareDatetime | None = None


class Whistle(Body):
    """A street calls departments to the place (街乡吹哨、部门报到).

    ``ground``: a, residents' problem beyond the street's power; b, joint enforcement;
    c, emergency. It ends when the case closes, not when people arrive (事不完、人不撤).
    """

    ground: Literal["a", "b", "c"]
    at: AwareDatetime
    area: str
    reason: str
    departments: list[Arrival] = Field(default_factory=list)


class Assistance(Body):
    """A unit added to a case (加派) until it expires, or that joined it by accepting."""

    unit: str
    at: AwareDatetime
    until: AwareDatetime | None = None
    accepted_at: AwareDatetime | None = None


class Consultation(Body):
    """Units meet on a case (会商), and what they came to."""

    units: list[str]
    topic: str
    at: AwareDatetime
    conclusion: str | None = None
    concluded_at: AwareDatetime | None = None


class Supervision(Body):
    """Somebody presses for a case: supervised (督办) or reminded (催办)."""

    kind: Literal["supervise", "remind"]
    area: str
    by: str
    at: AwareDatetime
    reason: str | None = None


class StageVerdict(Body):
    """One stage of a staged limit (停工 处罚 拆除): until when, when it was done, whether late.

    ``overdue`` is None while it is open and in time.
    """

    stage: str
    title: str
    due_at: AwareDatetime
    done_at: AwareDatetime | None = None
    overdue: bool | None = None


class Tally(Body):
    """How often things have happened to a case; lists keep the last ones, these keep all."""

    reminders: int = 0
    supervisions: int = 0
    whistles: int = 0
    reworks: int = 0
    reopens: int = 0
    extensions: int = 0
    suspensions: int = 0
    splits: int = 0
    flaps: int = 0


class Incident(Body):
    """The present state of an incident, as its owner last wrote it.

    Attributes:
        incident_id: starts with its birth area; never changes (E10).
        version: rises with each change of state, owner, unit or limit; what
            ``expected_version`` of a command is compared with.
        tier, area: the one owner.
        unit: the lead unit; ``assisting`` the others.
        provisional: the limit was reckoned into a year whose holidays are not announced yet.
        due_at: the limit of the work; ``overdue`` once it has passed unresolved.
        handed_at: when it was given to its present owner, until that one has taken it over:
            what waits for another tier, who may be cut off.
        floor: the gravest severity set by a higher tier, below which no lower tier goes (E9).
        floor_tier: the tier that set the floor, and alone may go below it.
        colour: supervision colour of the nearest limit when it was last published (蓝黄红);
            a colour alone is told by an alert, and does not publish the incident again.
        stages: where the limit of the kind has stages, each with its own.
        asked: what the unit has asked for and nobody has decided.
        exempt: an appeal was granted: it was overdue, and does not count as such.
        assists: what is known of assisting units beyond their names in ``assisting``.
        parent_id: the cause that it is part of; ``children`` those of which it is the cause.
        recurrence_of: the case before, of the same kind at the same place.
        split_from: the case that its first report was taken out of.
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
    started_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    provisional: bool | None = None
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
    handed_at: AwareDatetime | None = None
    floor: Severity | None = None
    floor_tier: Tier | None = None
    colour: Literal["blue", "yellow", "red", "red2"] | None = None
    parent_id: str | None = None
    recurrence_of: str | None = None
    problem_id: str | None = None
    split_from: str | None = None
    children: list[str] | None = None
    stages: list[StageVerdict] | None = None
    asked: Asked | None = None
    suspension: Suspension | None = None
    extensions: list[Extension] | None = None
    appeal: Appeal | None = None
    exempt: bool | None = None
    whistles: list[Whistle] | None = None
    assists: list[Assistance] | None = None
    consultation: Consultation | None = None
    supervisions: list[Supervision] | None = None
    tally: Tally | None = None
    policy_version: str


class IncidentEvent(Envelope):
    """The present state of an incident on its way to ``incidents``."""

    type: Literal["cn.chengyun.incident.v1"] = "cn.chengyun.incident.v1"
    data: Incident
