"""What comes out of the tiers beside incidents and alerts: replies, audit, problems, summaries."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from schemas.alert import Window
from schemas.dead_letter import Reason
from schemas.envelope import Body, Envelope
from schemas.terms import Actor, Category, Tier

ReplyOutcome = Literal[
    "accepted",
    "rejected",
    "duplicate",
    "merged",
    "progress",
    "answered",
    "applied",
    "conflict",
    "forbidden",
    "not_found",
]


class Reply(Body):
    """What became of a report or a command, for whoever sent it.

    Exactly one of ``report_id`` and ``command_id`` is set. ``allowed`` names the actions
    that are possible now when a command was refused; ``advice`` is text for the citizen
    (danger to life: call 110, 119 or 120).
    """

    report_id: str | None = None
    command_id: str | None = None
    outcome: ReplyOutcome
    incident_id: str | None = None
    unit: str | None = None
    due_at: AwareDatetime | None = None
    result: str | None = None
    advice: str | None = None
    version: int | None = None
    allowed: list[str] = Field(default_factory=list)
    reason: Reason | None = None


class AuditEntry(Body):
    """One transition of one incident: who, why, under which policy, chained by hash.

    ``hash`` is the SHA-256 (hex) of the key-sorted JSON of this entry without ``hash``;
    ``previous_hash`` is the one before, 64 zeros for the first. ``n`` counts from 1.
    """

    incident_id: str
    n: int = Field(ge=1)
    from_: str | None = Field(default=None, alias="from", serialization_alias="from")
    to: str
    action: str
    rule: str | None = None
    actor: Actor
    at: AwareDatetime
    reason: str | None = None
    detail: dict[str, JsonValue] = Field(default_factory=dict)
    version: int
    policy_version: str
    previous_hash: str
    hash: str


class Problem(Body):
    """A group of recurrent incidents with one suspected cause, to be cured at the source.

    Attributes:
        cause: what is thought to lie behind them; owner: the unit that treats it;
            measure: how, measured_at since when; review_at when somebody looks whether it
            helped.
        reviews: how often somebody has looked; effective: what they found last.
        recurred: cases that came within sixty days after it had been closed.
        changed_by: id of the actor of the last order; reason: theirs.
    """

    problem_id: str
    revision: int = Field(ge=1)
    state: Literal["opened", "measured", "closed"]
    tier: Tier
    area: str
    category: Category
    title: str
    rule: str
    incidents: list[str] = Field(default_factory=list, max_length=200)
    incident_count: int = 0
    lat: float | None = None
    lon: float | None = None
    cause: str | None = None
    owner: str | None = None
    measure: str | None = None
    measured_at: AwareDatetime | None = None
    review_at: AwareDatetime | None = None
    reviews: int = 0
    effective: bool | None = None
    recurred: int = 0
    changed_by: str | None = None
    reason: str | None = None
    opened_at: AwareDatetime
    changed_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    policy_version: str


class UnitSummary(Body):
    """Counts and rates of one unit within an area's summary."""

    counts: dict[str, int] = Field(default_factory=dict)
    rates: dict[str, float] = Field(default_factory=dict)


class Summary(Body):
    """Counts and rates of an area over a period (日巡周查月评季通报).

    ``counts`` is what the area's desk and all desks below it did. ``rates`` has the three
    rates (三率: ``response``, reports whose sender was contacted in time of those dispatched;
    ``solution`` and ``satisfaction``, of the callbacks answered), further shares between 0
    and 1 (``on_time`` of the cases closed or lifted because they were late, without granted
    appeals; ``settled_low``, closed at a street, of those closed or lifted), whistles per 100
    incidents and the median of hours; a rate of nothing is left out. ``complete`` is False
    while the period still runs; a higher ``revision`` replaces a lower one.
    ``marks`` say of a complete period what is out of the policy's band (``whistles_few``,
    ``whistles_many``).
    """

    area: str
    tier: Tier
    period: Literal["hour", "day", "week", "month", "season"]
    window: Window
    revision: int = Field(ge=1)
    counts: dict[str, int] = Field(default_factory=dict)
    rates: dict[str, float] = Field(default_factory=dict)
    units: dict[str, UnitSummary] = Field(default_factory=dict)
    marks: list[str] = Field(default_factory=list)
    complete: bool = True
    policy_version: str


class ReplyEvent(Envelope):
    """A reply on its way to the sender."""

    type: Literal["cn.chengyun.reply.v1"] = "cn.chengyun.reply.v1"
    data: Reply


class AuditEntryEvent(Envelope):
    """An audit entry on its way to ``audit``."""

    type: Literal["cn.chengyun.audit-entry.v1"] = "cn.chengyun.audit-entry.v1"
    data: AuditEntry


class ProblemEvent(Envelope):
    """A problem on its way to ``problems``."""

    type: Literal["cn.chengyun.problem.v1"] = "cn.chengyun.problem.v1"
    data: Problem


class SummaryEvent(Envelope):
    """A summary on its way to ``summaries``."""

    type: Literal["cn.chengyun.summary.v1"] = "cn.chengyun.summary.v1"
    data: Summary
