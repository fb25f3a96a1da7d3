"""Everything that the tiers have said while a script was played, as it stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import orjson

from schemas.alert import Alert, AlertEvent
from schemas.codec import read_any
from schemas.incident import Incident, IncidentEvent
from schemas.outcome import AuditEntry, Problem, ProblemEvent, Reply, ReplyEvent
from streams.incidents.audit import Chain
from streams.topics import ALERTS, AUDIT, DEAD_LETTERS, INCIDENTS, PROBLEMS, REPLIES

LISTENED = (INCIDENTS, AUDIT, REPLIES, PROBLEMS, DEAD_LETTERS, *ALERTS.values())


@dataclass(slots=True)
class Heard:
    """The present state of each incident, alert and problem, and all replies.

    ``entries`` are the audit, ``chains`` how each holds; ``dead`` counts dead letters by
    reason. ``said`` tells where one of ``secrets`` stands.
    """

    incidents: dict[str, Incident] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    replies: dict[str, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[str, list[AuditEntry]] = field(default_factory=lambda: defaultdict(list))
    chains: dict[str, Chain] = field(default_factory=lambda: defaultdict(Chain))
    dead: Counter[str] = field(default_factory=Counter)
    secrets: frozenset[str] = frozenset()
    said: dict[str, str] = field(default_factory=dict)

    def take(self, topic: str, key: str, value: bytes | None) -> None:
        """Hear one message."""
        if value is None:
            return
        for secret in self.secrets:
            if secret.encode() in value:
                self.said[secret] = f"{topic} {key}"
        if topic == AUDIT.name:
            raw = orjson.dumps(orjson.loads(value)["data"])
            self.chains[key].follow(raw)
            self.entries[key].append(AuditEntry.model_validate_json(raw))
            return
        if topic == DEAD_LETTERS.name:
            letter = orjson.loads(value)["data"]
            self.dead[f"{letter['stage']}: {letter['reason']['code']}"] += 1
            return
        message = read_any(value)
        if isinstance(message, IncidentEvent):
            self.incidents[message.data.incident_id] = message.data
        elif isinstance(message, AlertEvent):
            self.alerts[message.data.alert_id] = message.data
        elif isinstance(message, ProblemEvent):
            self.problems[message.data.problem_id] = message.data
        elif isinstance(message, ReplyEvent):
            self.replies[key].append(message.data)

    def lit(self, tier: str) -> list[Alert]:
        """The alerts of a tier that are not over."""
        return [
            alert
            for alert in self.alerts.values()
            if alert.tier == tier and alert.state not in ("closed", "withdrawn")
        ]

    def faults(self) -> list[str]:
        """What must never be, whatever is played: dead letters, and audit chains that break."""
        faults = [f"{count} dead letters of {what}" for what, count in sorted(self.dead.items())]
        for incident_id, chain in self.chains.items():
            faults += [f"audit of {incident_id}: {fault.text}" for fault in chain.faults]
            incident = self.incidents.get(incident_id)
            if incident is not None and incident.state != chain.to:
                faults.append(f"{incident_id} is {incident.state}, its audit ends in {chain.to}")
        return faults
