"""What history would have come to: the last word about each incident, and the load of desks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from schemas.incident import Incident


class Lift(NamedTuple):
    """One change of the owner: which rule, when, to which area."""

    rule: str
    at: datetime
    to_area: str


class Fate(NamedTuple):
    """What became of one incident, as its owner last published it."""

    tier: str
    area: str
    unit: str | None
    category: str
    severity: str
    state: str
    overdue: bool
    reports: int
    opened_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    lifts: tuple[Lift, ...]


def fate_of(incident: Incident) -> Fate:
    """An incident's fate as it stands now."""
    lifts = incident.escalations
    return Fate(
        incident.tier,
        incident.area,
        incident.unit,
        incident.category.code,
        incident.severity,
        incident.state,
        incident.overdue,
        incident.report_count,
        incident.opened_at,
        incident.due_at,
        incident.resolved_at or incident.closed_at,
        tuple([Lift(each.rule, each.at, each.to_area) for each in lifts]) if lifts else (),
    )


@dataclass(slots=True)
class Facts:
    """What one policy made of history.

    Attributes:
        inputs, messages, timers: events that were applied, by stage: what people, devices
            and departments said; what stages said to each other; deadlines and windows
            that fired (what merely expired is not counted).
        fates: the last word about each incident, by its id.
        calls: alerts that call somebody (opened or raised, neither grouped nor silenced),
            by tier, area and day of the city.
        alerts: the same by tier, trigger and colour. told: all revisions of alerts.
        refused: dead letters, by stage and reason. moves: entries of the audit.
        seconds: processor time of reading the inputs and deciding about them.
    """

    inputs: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    timers: Counter[str] = field(default_factory=Counter)
    fates: dict[str, Fate] = field(default_factory=dict)
    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: int = 0
    moves: int = 0
    summaries: int = 0
    problems: set[str] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def applied(self) -> int:
        """All events applied: inputs, messages between stages, and timers."""
        return self.inputs.total() + self.messages.total() + self.timers.total()

    def alert(self, data: dict[str, Any], day: str) -> None:
        """One revision of an alert, in JSON terms."""
        self.told += 1
        if data["state"] not in ("opened", "raised"):
            return
        if data.get("grouped_by") or data.get("silenced_by") or data.get("held_back"):
            return
        tier = data["tier"]
        self.calls[tier, data["area"], day] += 1
        self.alerts[tier, data["trigger"]["id"], data["colour"]] += 1
