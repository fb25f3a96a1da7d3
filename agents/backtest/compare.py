"""What one policy would have made of history, beside what another would have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agents.backtest.facts import Facts, Fate, Lift
from streams.policy import Policy

TIERS = ("street", "district", "city")
_HOUR_S = 3_600.0
_NEAR = timedelta(seconds=1)
_OPEN_ENDED = ("closed", "resolved", "checking", "rejected")


@dataclass(slots=True)
class Load:
    """How busy the desks of a tier would have been.

    Attributes:
        desks: how many there are; days: how many days history has.
        incidents, calls: in all; ``*_a_day``: mean per desk and day; ``*_worst``: the
            worst day of one desk. Calls are alerts neither grouped nor silenced.
    """

    desks: int
    days: int
    incidents: int
    calls: int
    incidents_worst: int
    calls_worst: int

    @property
    def incidents_a_day(self) -> float:
        """Mean number of new incidents per desk and day."""
        return self.incidents / (self.desks * self.days)

    @property
    def calls_a_day(self) -> float:
        """Mean number of calls per desk and day."""
        return self.calls / (self.desks * self.days)


@dataclass(slots=True)
class Figures:
    """One policy's outcome in numbers."""

    version: str
    incidents: int
    reports: int
    open_at_end: int
    overdue: int
    owned_by: dict[str, int]
    lifts: dict[str, int]
    median_hours: float | None
    p90_hours: float | None
    load: dict[str, Load]
    problems: int
    refused: int
    inputs: int
    messages: int
    timers: int
    seconds: float

    @property
    def applied(self) -> int:
        """Inputs, messages between stages, and timers."""
        return self.inputs + self.messages + self.timers


def figures(policy: Policy, facts: Facts, days: int) -> Figures:
    """Count what a policy made of history.

    Args:
        days: how many days history has, at least 1.
    """
    fates = facts.fates.values()
    hours = sorted(_hours(fate) for fate in fates if fate.ended_at is not None)
    born = Counter[tuple[str, str, str]]()
    areas = policy.areas
    for incident_id, fate in facts.fates.items():
        birth = incident_id.rsplit("-", 2)[0]
        day = fate.opened_at.astimezone(policy.tz).date().isoformat()
        born[areas.tier_of(birth) or fate.tier, birth, day] += 1
    return Figures(
        version=policy.version,
        incidents=len(facts.fates),
        reports=sum(fate.reports for fate in fates),
        open_at_end=sum(fate.state not in _OPEN_ENDED for fate in fates),
        overdue=sum(fate.overdue for fate in fates),
        owned_by=_in_order(Counter(fate.tier for fate in fates)),
        lifts=dict(sorted(Counter(lift.rule for fate in fates for lift in fate.lifts).items())),
        median_hours=_quantile(hours, 0.5),
        p90_hours=_quantile(hours, 0.9),
        load={tier: _load(policy, tier, born, facts.calls, days) for tier in TIERS},
        problems=len(facts.problems),
        refused=facts.refused.total(),
        inputs=facts.inputs.total(),
        messages=facts.messages.total(),
        timers=facts.timers.total(),
        seconds=facts.seconds,
    )


def _hours(fate: Fate) -> float:
    ended = fate.ended_at or fate.opened_at
    return (ended - fate.opened_at).total_seconds() / _HOUR_S


def _quantile(ordered: list[float], share: float) -> float | None:
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _in_order(counts: Counter[str]) -> dict[str, int]:
    return {tier: counts.get(tier, 0) for tier in TIERS}


def _load(
    policy: Policy,
    tier: str,
    born: Counter[tuple[str, str, str]],
    calls: Counter[tuple[str, str, str]],
    days: int,
) -> Load:
    desks = sum(1 for each in policy.areas.tiers.values() if each == tier)
    here = [number for (at, _, _), number in born.items() if at == tier]
    called = [number for (at, _, _), number in calls.items() if at == tier]
    return Load(
        max(1, desks), days, sum(here), sum(called), max(here, default=0), max(called, default=0)
    )


@dataclass(slots=True)
class Differences:
    """Which incidents would have gone another way.

    Attributes:
        counts: how many, by what differs; examples: ids of some, earliest first.
        same: incidents in which nothing differs.
    """

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    same: int = 0


DIFFERENT = (
    "only_new",
    "only_old",
    "newly_overdue",
    "no_longer_overdue",
    "newly_lifted",
    "no_longer_lifted",
    "lifted_otherwise",
    "other_owner",
    "other_limit",
    "other_unit",
    "other_severity",
    "sooner",
    "later",
    "other_reports",
    "other_state",
)
"""What can differ about an incident, in the order in which people ask for it."""


def compare(new: Facts, old: Facts, examples: int) -> Differences:
    """Set two outcomes of the same history side by side, incident by incident.

    An incident is the same when its id is: born in the same area, on the same day, from
    the same report. A policy that merges otherwise makes others of the same reports.

    Args:
        examples: how many ids to keep of each difference.
    """
    found: dict[str, list[tuple[datetime, str]]] = {}
    same = 0
    for incident_id in new.fates.keys() | old.fates.keys():
        after, before = new.fates.get(incident_id), old.fates.get(incident_id)
        kinds = list(_differences(after, before))
        same += not kinds
        opened = (after or before or _nobody()).opened_at
        for kind in kinds:
            found.setdefault(kind, []).append((opened, incident_id))
    differences = Differences(same=same)
    for kind in DIFFERENT:
        if kind in found:
            differences.counts[kind] = len(found[kind])
            first = sorted(found[kind])[:examples]
            differences.examples[kind] = [incident_id for _, incident_id in first]
    return differences


def _nobody() -> Fate:
    raise AssertionError("an id that neither outcome has")


def _differences(new: Fate | None, old: Fate | None) -> Iterable[str]:
    if old is None:
        yield "only_new"
        return
    if new is None:
        yield "only_old"
        return
    if new == old:
        return
    if new.overdue != old.overdue:
        yield "newly_overdue" if new.overdue else "no_longer_overdue"
    if not _alike(new.lifts, old.lifts):
        if not old.lifts or not new.lifts:
            yield "newly_lifted" if new.lifts else "no_longer_lifted"
        else:
            yield "lifted_otherwise"
    if new.area != old.area:
        yield "other_owner"
    if new.due_at != old.due_at:
        yield "other_limit"
    if new.unit != old.unit:
        yield "other_unit"
    if new.severity != old.severity:
        yield "other_severity"
    if not _near(new.ended_at, old.ended_at):
        ended = old.ended_at is None or (new.ended_at is not None and new.ended_at < old.ended_at)
        yield "sooner" if ended else "later"
    if new.reports != old.reports:
        yield "other_reports"
    if new.state != old.state:
        yield "other_state"


def _near(one: datetime | None, other: datetime | None) -> bool:
    """The same moment, but for the microsecond that a message to another tier takes."""
    if one is None or other is None:
        return one is other
    return abs(one - other) < _NEAR


def _alike(some: tuple[Lift, ...], others: tuple[Lift, ...]) -> bool:
    return len(some) == len(others) and all(
        (one.rule, one.to_area) == (other.rule, other.to_area) and _near(one.at, other.at)
        for one, other in zip(some, others, strict=True)
    )


def as_fields(of: Figures) -> dict[str, Any]:
    """The figures for scripts."""
    return {
        "policy_version": of.version,
        "incidents": of.incidents,
        "reports": of.reports,
        "open_at_end": of.open_at_end,
        "overdue": of.overdue,
        "owned_by": of.owned_by,
        "escalations": of.lifts,
        "median_hours": of.median_hours,
        "p90_hours": of.p90_hours,
        "load": {
            tier: {
                "desks": load.desks,
                "days": load.days,
                "incidents": load.incidents,
                "incidents_a_day": round(load.incidents_a_day, 3),
                "incidents_worst_day": load.incidents_worst,
                "calls": load.calls,
                "calls_a_day": round(load.calls_a_day, 3),
                "calls_worst_day": load.calls_worst,
            }
            for tier, load in of.load.items()
        },
        "problems": of.problems,
        "refused": of.refused,
        "inputs": of.inputs,
        "messages": of.messages,
        "timers": of.timers,
        "seconds": round(of.seconds, 3),
        "inputs_per_s": round(of.inputs / of.seconds) if of.seconds else None,
        "applied_per_s": round(of.applied / of.seconds) if of.seconds else None,
    }
