"""The scoreboard of 源头治理: how far an area has come from incidents to their causes."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.alert import Window
from schemas.envelope import Body, Envelope
from schemas.terms import Tier


class Treated(Body):
    """A problem with a measure or without, as far as it tells what measures have spared.

    Days are proleptic ordinals in the city's zone. ``since`` is the day on which the place
    was found to be a problem and ``founding`` the cases known by its end, ``measured`` the
    day of the measure (0: there is none), ``cases`` one entry for each case that is known,
    at most 200. ``until``: the first day on which nobody watched the place any more; 0 while
    somebody does. ``early``: too few days lie between finding and measure to tell what was
    usual.
    """

    problem_id: str
    kind: str
    since: int = Field(ge=1)
    measured: int = Field(ge=0)
    cases: list[int] = Field(default_factory=list, max_length=200)
    early: bool = False
    founding: int = Field(default=1, ge=0)
    until: int = Field(default=0, ge=0)


class AreaScores(Body):
    """What an area and those below it counted in one week, on its way up.

    Numbers are absolute; a higher ``revision`` of the same week replaces the lower one.
    ``first`` is the Monday as a proleptic ordinal, ``at`` the moment up to which the
    numbers are complete. ``kinds`` maps kind → counter → number. ``unforeseen`` has, per
    kind, the minutes of the week at which people first reported a case that no warning of
    these desks came before: the desk above holds its own warnings against them. ``days``
    are the reports of each day. ``treated`` are the problems under a measure, at most 200;
    ``untreated`` some of those without, at most 60; ``problems`` counts all by state.
    """

    area: str
    tier: Tier
    first: int = Field(ge=1)
    revision: int = Field(ge=1)
    at: AwareDatetime
    kinds: dict[str, dict[str, int]] = Field(default_factory=dict)
    unforeseen: dict[str, list[int]] = Field(default_factory=dict)
    days: list[int] = Field(default_factory=list, max_length=7)
    treated: list[Treated] = Field(default_factory=list, max_length=200)
    problems: dict[str, int] = Field(default_factory=dict)
    untreated: list[Treated] = Field(default_factory=list, max_length=60)


class Share(Body):
    """A part of a whole: the share, between which values it lies (90 %), and of how many.

    ``value`` is None where there is too little to say anything: unknown, not zero.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


class Line(Body):
    """The figures of one kind, or of all, in an area and a week.

    Attributes:
        counts: what the figures come from; sums of counts are counts of sums.
        preceded: reported cases with a warning for the same kind and area before the first
            report; preceded_by_chance: the share if reports had come at random times after the
            week's first warning.
        lead_p50_min, lead_p90_min: minutes from the warning to the first report.
        precision: warnings that were right, of those answered right or wrong; unanswered:
            warnings that nobody answered, of which nothing is known.
        recurrent: cases at a place that had the kind before.
        settled_low: cases closed at a street, of those closed or lifted from this tier.
        calls: alerts that called a desk.
    """

    counts: dict[str, int] = Field(default_factory=dict)
    preceded: Share = Share()
    preceded_by_chance: float | None = None
    lead_p50_min: float | None = None
    lead_p90_min: float | None = None
    precision: Share = Share()
    unanswered: int = 0
    recurrent: Share = Share()
    settled_low: Share = Share()
    calls: int = 0


class Spared(Body):
    """Cases that measures have spared, against what was to be expected without them (90 %).

    ``value`` is None while no measure is old enough. ``early`` of the ``problems`` were
    treated soon after they were found: what was to be expected there rests on problems
    without a measure, and is too little if the worst are treated first.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    expected: float = 0.0
    observed: int = 0
    problems: int = 0
    early: int = 0


class Voice(Body):
    """How readily people of an area report, beside the areas around it.

    Attributes:
        reports, per_1000: in the week, and per thousand residents where they are known.
        rate: further reports of a known case against what cases of the same kinds get in
            the other areas in the same time; 1 is usual. Below 1 the area reports less of
            what happens, and its low figures are no praise. None: too few to tell.
        unreported: estimated share of matters that nobody has reported after a day.
        silent: fewer reports than the area's own past and its neighbours explain.
        expected: reports in the days looked at, had it been as usual; p of so few.
    """

    reports: int = 0
    per_1000: float | None = None
    rate: Share = Share()
    unreported: Share = Share()
    silent: bool = False
    expected: float | None = None
    p: float | None = Field(default=None, ge=0, le=1)


class Score(Body):
    """The scoreboard of an area and a week.

    ``lines`` has one line a kind, ``*`` sums over all. ``below`` says of each area directly
    below how readily its people report. ``complete`` is False while the week still runs; a
    higher ``revision`` replaces a lower one. ``problems`` counts problems by state, with
    ``closed_60d`` those closed in the last sixty days and ``relapsed`` those that came back
    within sixty days after they were closed. What nobody reported and no device saw is in
    no figure, nor is an incident that a warning prevented.
    """

    area: str
    tier: Tier
    period: Literal["week"] = "week"
    week: str
    window: Window
    revision: int = Field(ge=1)
    complete: bool = True
    population: int | None = None
    desks: int = 1
    calls_budget: float | None = None
    lines: dict[str, Line] = Field(default_factory=dict)
    problems: dict[str, int] = Field(default_factory=dict)
    spared: Spared = Spared()
    below: dict[str, Voice] = Field(default_factory=dict)
    policy_version: str


class AreaScoresEvent(Envelope):
    """Scores on their way to the tier above."""

    type: Literal["cn.chengyun.area-scores.v1"] = "cn.chengyun.area-scores.v1"
    data: AreaScores


class ScoreEvent(Envelope):
    """A score on its way to the scoreboard."""

    type: Literal["cn.chengyun.score.v1"] = "cn.chengyun.score.v1"
    data: Score
