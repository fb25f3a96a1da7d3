"""Messages between tiers: the whole incident handed up or down, copies, counts."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.alert import Alert
from schemas.envelope import Body, Envelope
from schemas.incident import Incident
from schemas.terms import Severity, Tier


class Clock(Body):
    """A running limit of an incident, in its own words, carried over in a hand-off.

    ``at`` is when it next speaks; ``kind`` names the limit (acknowledge, resolve …),
    ``stage`` how far it has spoken (percent of the limit: 70, 90, 100, 150). ``limit`` is
    the limit as the policy has it (``4 work_hour``), where the percent steps follow office
    hours; ``points`` are the moments of the steps where some were put off.
    """

    kind: str
    started_at: AwareDatetime
    limit_at: AwareDatetime
    stage: int = 0
    at: AwareDatetime | None = None
    limit: str | None = None
    points: list[AwareDatetime] | None = None


class Handoff(Body):
    """One tier gives an incident to another, whole; only the receiver owns it from now on.

    ``audit_n`` and ``audit_hash`` continue the incident's audit chain at the receiver.
    ``lifted`` are the percent steps of the limit that have lifted it already; each does so
    once. ``standard_due`` is the limit that holds where no open report brings its own,
    ``standard_from`` when it began, ``standard_limit`` its words if it runs by office hours.
    ``findings`` are those of devices that are open (id → severity), ``calls`` the callers
    near enough to confirm one, ``witnessed`` whether that has been done (W6). ``held``: its
    cause is open, and no clock lifts it. ``plain`` is the severity it would have without
    devices, ``waived`` the rules that wanted it above when it was delegated all the same.
    """

    direction: Literal["up", "down"]
    rule: str
    reason: str | None = None
    from_tier: Tier
    from_area: str
    to_tier: Tier
    to_area: str
    incident: Incident
    clocks: list[Clock] = Field(default_factory=list)
    audit_n: int = Field(ge=0)
    audit_hash: str
    lifted: list[int] = Field(default_factory=list)
    standard_due: AwareDatetime | None = None
    standard_from: AwareDatetime | None = None
    standard_limit: str | None = None
    findings: dict[str, Severity] = Field(default_factory=dict)
    calls: int = 0
    witnessed: bool = False
    held: bool = False
    plain: Severity | None = None
    waived: list[str] = Field(default_factory=list)
    at: AwareDatetime


class KnownChain(Body):
    """A kind of matter that brings another after it in the same area, as the city has learned.

    Attributes:
        lift: how many times as frequent the consequence is within ``window_h`` hours as it
            would be anyhow; low, high: interval of 90 %.
        lag_h: hours that usually lie between the two.
        observed, expected: consequences so counted, and those that would be there anyhow.
        indirect: other chains explain most of it, through the kind ``through``.
    """

    cause: str
    effect: str
    lift: float
    low: float
    high: float
    lag_h: float
    window_h: int
    observed: float
    expected: float
    p: float
    indirect: bool = False
    through: str | None = None


class KnownRhythm(Body):
    """How a kind of matter comes and goes in the city, for series that begin below it.

    Attributes:
        width: of the bins it was learned from.
        terms: of year, day, weekday, holiday and rain, in the order of the series of that
            width; logarithms. scatter: ratio of variance to mean.
    """

    kind: str
    width: Literal["day", "hour"]
    terms: list[float] = Field(max_length=40)
    scatter: float = Field(ge=1)


class Notice(Body):
    """A copy for information, or a warning passed down: the receiver owns nothing by it.

    ``cause``: a case above explains cases below. ``child``: a case below
    was put under the receiver's. ``parent_ended``: the cause of the receiver's case is over.
    ``audit_n`` is how far the audit chain of ``incident`` was: older news undoes none that
    is newer. ``chains``: which kinds bring others, in place of what was told before.
    ``areas`` are the warned areas in the receiver's line, where a warning names any.
    ``rhythm``: what the city has learned of kinds, in place of what was told before, from
    ``holds_from`` on.
    """

    notice_id: str
    purpose: Literal[
        "copy", "warning", "ended", "cause", "child", "parent_ended", "chains", "rhythm"
    ]
    from_tier: Tier
    from_area: str
    incident: Incident | None = None
    alert: Alert | None = None
    audit_n: int | None = None
    areas: list[str] = Field(default_factory=list)
    chains: list[KnownChain] = Field(default_factory=list, max_length=200)
    rhythms: list[KnownRhythm] = Field(default_factory=list, max_length=1_000)
    holds_from: AwareDatetime | None = None
    at: AwareDatetime


class AreaCounts(Body):
    """How much of each kind an area saw in one 10-minute bin.

    Values are absolute, not differences: a higher ``revision`` of the same bin replaces
    the lower one, so a late event corrects and a repeat changes nothing. Longer bins are
    sums of these. ``counts`` maps a category code to its number of reports and findings.
    ``places`` maps a category code to cases opened near the area's border, each
    ``<lat> <lon> <incident id>``, so that the tier above sees what recurs across borders.
    ``opened`` are cases of kinds whose patterns are looked for above, in the same words
    (``- -`` for one without a place); each is told once, with whichever revision comes next.
    So are ``reports``: ids of the first reports and findings of a kind in the bin, 50 at most.
    """

    area: str
    tier: Tier
    bin_start: AwareDatetime
    bin_s: int = 600
    revision: int = Field(ge=1)
    counts: dict[str, int]
    places: dict[str, list[str]] = Field(default_factory=dict)
    opened: dict[str, list[str]] = Field(default_factory=dict)
    reports: dict[str, list[str]] = Field(default_factory=dict)


class HandoffEvent(Envelope):
    """A hand-off on its way to the inbox of the tier that will own the incident."""

    type: Literal["cn.chengyun.handoff.v1"] = "cn.chengyun.handoff.v1"
    data: Handoff


class NoticeEvent(Envelope):
    """A notice on its way to another tier's inbox."""

    type: Literal["cn.chengyun.notice.v1"] = "cn.chengyun.notice.v1"
    data: Notice


class AreaCountsEvent(Envelope):
    """Counts on their way to the tier above."""

    type: Literal["cn.chengyun.area-counts.v1"] = "cn.chengyun.area-counts.v1"
    data: AreaCounts
