"""Which kind of trouble weighs on the city most: candidates for 每月一题, one theme a month.

A theme is worth a month of everybody's work when it is frequent, takes long, touches many
streets, comes back to the same places and leaves people dissatisfied. Each of the five is
a kind's share of the whole city's; the burden is their mean. Shares have no unit, so none
of the five outweighs another, and each reason can be read beside the sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.incident import Incident

MEASURES = ("cases", "hours", "areas", "recurrent", "dissatisfied")
MOST_KINDS = 2_000
"""Kinds looked at; a catalogue has some hundred."""


@dataclass(slots=True)
class Burden:
    """What one kind cost the city in a stretch of time.

    Attributes:
        code, name: the kind.
        cases: opened in the stretch; areas: streets (or desks) it touched.
        hours: that its cases were open within the stretch, summed up.
        recurrent: cases at a place that had the kind before.
        answered: callers who were called back; dissatisfied: of them, not solved or not content.
        problems: ids of the problems its cases belong to.
        shares: of each measure, this kind's part of the city's, 0 to 1.
    """

    code: str
    name: str
    cases: int = 0
    hours: float = 0.0
    areas: set[str] = field(default_factory=set)
    recurrent: int = 0
    answered: int = 0
    dissatisfied: int = 0
    problems: set[str] = field(default_factory=set)
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def weight(self) -> float:
        """The mean of the shares, 0 to 1."""
        return sum(self.shares.values()) / len(MEASURES)

    @property
    def reasons(self) -> list[str]:
        """The measures that make it a candidate, the heaviest first: those above its mean."""
        heavy = [name for name in MEASURES if self.shares[name] > 0]
        heavy.sort(key=lambda name: (-self.shares[name], MEASURES.index(name)))
        return [name for name in heavy if self.shares[name] >= self.weight] or heavy[:1]

    def value(self, measure: str) -> float:
        """One of the five measures as a number."""
        value = getattr(self, measure)
        return float(len(value) if isinstance(value, set) else value)


class Scale:
    """Adds up what each kind costs the city between two moments; memory grows with kinds alone.

    Attributes:
        earliest: when the first incident that counts was opened; the end before any did.
    """

    def __init__(self, begin: datetime, end: datetime) -> None:
        self._begin = begin
        self._end = end
        self.earliest = end
        self._kinds: dict[str, Burden] = {}

    def add(self, incident: Incident) -> None:
        """The present state of one incident; one that lies outside is passed over."""
        ended = incident.resolved_at or incident.closed_at or self._end
        if incident.opened_at >= self._end or ended <= self._begin or incident.state == "rejected":
            return
        code = incident.category.code
        kind = self._kinds.get(code)
        if kind is None:
            if len(self._kinds) >= MOST_KINDS:
                return
            kind = self._kinds[code] = Burden(code, incident.category.name)
        self.earliest = min(self.earliest, incident.opened_at)
        _add(kind, incident, self._begin, self._end)

    def ranked(self) -> list[Burden]:
        """Every kind with its shares, the heaviest first."""
        found = list(self._kinds.values())
        for measure in MEASURES:
            whole = sum(kind.value(measure) for kind in found)
            for kind in found:
                kind.shares[measure] = kind.value(measure) / whole if whole else 0.0
        return sorted(found, key=lambda kind: (-kind.weight, kind.code))


def weigh(incidents: Iterable[Incident], begin: datetime, end: datetime) -> list[Burden]:
    """The burden of each kind between `begin` and `end`, the heaviest first."""
    scale = Scale(begin, end)
    for incident in incidents:
        scale.add(incident)
    return scale.ranked()


def _add(kind: Burden, incident: Incident, begin: datetime, end: datetime) -> None:
    kind.areas.add(incident.place.street or incident.area)
    ended = incident.resolved_at or incident.closed_at or end
    open_for = min(ended, end) - max(incident.opened_at, begin)
    kind.hours += max(open_for.total_seconds(), 0.0) / 3600
    for report in incident.reports:
        if report.contacted_at is not None and begin <= report.contacted_at < end:
            kind.answered += 1
            kind.dissatisfied += report.solved is False or report.satisfied is False
    if incident.opened_at < begin:
        return
    kind.cases += 1
    kind.recurrent += bool(incident.problem_id or incident.recurrence_of)
    if incident.problem_id:
        kind.problems.add(incident.problem_id)
