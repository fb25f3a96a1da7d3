"""Alerts: what an operator of a tier must know now, with the evidence for it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.envelope import Body, Envelope
from schemas.terms import AlertState, Colour, Tier

Answer = Literal["confirmed", "false", "no_finding", "duplicate"]
"""What the desk found when it looked: 属实, 误报, 未发现, 重复."""


class Trigger(Body):
    """The named rule that raised an alert (W1 … W14, E1 … E10, a deadline), with its version."""

    id: str
    version: str


class Window(Body):
    """A stretch of event time, start inclusive, end exclusive."""

    start: AwareDatetime
    end: AwareDatetime


class AlertGroup(Body):
    """One line of a flood: how many alerts of a trigger in an area, and their gravest colour."""

    trigger: str
    area: str
    count: int = Field(ge=1)
    colour: Colour


class Geometry(Body):
    """Where an alert holds when it is no single place.

    Attributes:
        lat, lon, radius_km: the disc.
        cells: H3 cells that it covers, at most 50; all of one resolution.
    """

    lat: float
    lon: float
    radius_km: float = Field(gt=0)
    cells: list[str] = Field(default_factory=list, max_length=50)


class Suspected(Body):
    """What may have brought this: it came before, in the same area, as it often does.

    Attributes:
        kind: code of the precursor; name: in the language of the city.
        incident_id: the precursor's case; area: where it was; at: when.
        lift: how many times as frequent the consequence is after it.
        lag_h: hours that usually lie between the two.
        indirect: another kind stands between them.
        distance_m: from there to what is warned of, metres; None where one has no place.
    """

    kind: str
    name: str
    incident_id: str | None = None
    area: str
    at: AwareDatetime
    lift: float
    lag_h: float
    indirect: bool = False
    distance_m: float | None = None


class Alert(Body):
    """One episode of one trigger at one place: raised, revised and closed under one id.

    Attributes:
        key: ``trigger/area/subject``; what groups and silences match.
        scale: ``warning`` for what may come, ``supervision`` for work that runs late.
        observed, expected, interval: in the trigger's own unit; the interval covers 90 %.
        evidence: ids of the events that carry it, at most 50; ``evidence_count`` of all.
        owner: unit or desk that should act; call: who of that desk's rota is to be called.
        completeness: share of the expected input that was there, 0 to 1.
        grouped_by: the flood's alert that stands for this one at a flooded desk;
            silenced_by: the planned work that explains it. Either calls nobody.
        held_back: why it calls nobody though it is lit: ``capped``, the desk has had its calls
            of this kind today; ``chance``, no surprise among all that was tested in the hour;
            ``doubted``, too often found wrong here; ``inhibited``, explained by `inhibited_by`,
            an open case or alert. earned: the colour it would have otherwise.
        kind: code of the matter it is about; None where it is about no one kind.
        p: how improbable it is if nothing is unusual; tests: how many hypotheses it is one of.
        fires_at: the nearest case that did not fire, on the trigger's own scale: the largest p,
            the least chance or the least lift that is told here and now, after what the desk
            answered to earlier ones.
        chance: of a forecast, how likely what it warns of is.
        groups: what a flood's own alert stands for, the gravest first.
        answer: what the desk found when it looked; answered_by, answer_reason: whose, and why;
            answered_at: when. The revision of that moment is the answer itself.
        contributions: what made it surprising, by part, in the part's own measure.
        also: other rules that say the same of the same episode.
        suspected: what may have brought it, the likeliest first.
    """

    alert_id: str
    revision: int = Field(ge=1)
    key: str
    trigger: Trigger
    scale: Literal["warning", "supervision"]
    tier: Tier
    area: str
    colour: Colour
    state: AlertState
    title: str
    unit: str | None = None
    observed: float | None = None
    expected: float | None = None
    threshold: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = Field(default=None, ge=0, le=1)
    window: Window | None = None
    evidence: list[str] = Field(default_factory=list, max_length=50)
    evidence_count: int = 0
    suggested_action: str | None = None
    owner: str | None = None
    call: str | None = None
    lead_time_s: float | None = None
    opened_at: AwareDatetime
    changed_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    references: list[str] = Field(default_factory=list)
    incident_id: str | None = None
    grouped_by: str | None = None
    silenced_by: str | None = None
    held_back: Literal["capped", "chance", "doubted", "inhibited"] | None = None
    inhibited_by: str | None = None
    earned: Colour | None = None
    kind: str | None = None
    tests: int | None = Field(default=None, ge=1)
    chance: float | None = Field(default=None, ge=0, le=1)
    fires_at: float | None = Field(default=None, ge=0)
    groups: list[AlertGroup] = Field(default_factory=list, max_length=50)
    answer: Answer | None = None
    answered_by: str | None = None
    answered_at: AwareDatetime | None = None
    answer_reason: str | None = None
    completeness: float | None = Field(default=None, ge=0, le=1)
    contributions: dict[str, float] = Field(default_factory=dict, max_length=20)
    also: list[Trigger] = Field(default_factory=list, max_length=5)
    geometry: Geometry | None = None
    suspected: list[Suspected] = Field(default_factory=list, max_length=5)
    policy_version: str

    @property
    def calls(self) -> bool:
        """Whether opening or rising calls the desk: no flood, silence or budget holds it back."""
        return self.grouped_by is None and self.silenced_by is None and self.held_back is None


class AlertEvent(Envelope):
    """An alert on its way to the operators of its tier."""

    type: Literal["cn.chengyun.alert.v1"] = "cn.chengyun.alert.v1"
    data: Alert
