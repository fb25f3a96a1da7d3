"""Finding incidents, and everything that was ever said about one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from agents.ledger import Ledger, Progress
from schemas.alert import AlertEvent
from schemas.codec import read_any
from schemas.errors import SchemaError
from schemas.incident import Incident, IncidentEvent
from schemas.outcome import AuditEntry, AuditEntryEvent, ReplyEvent
from schemas.terms import TERMINAL
from streams.incidents.audit import verify
from streams.program import Record
from streams.topics import ALERTS, AUDIT, INCIDENTS, REPLIES

STORY_TOPICS = (INCIDENTS, AUDIT, REPLIES, *ALERTS.values())
_TERMINAL_MARKS = tuple(f'"state":"{state}","tier":'.encode() for state in sorted(TERMINAL))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents to list; None wants them all.

    Attributes:
        area: this area or one below whose code begins with it.
        state: one state, ``open`` (not ended) or ``all``.
        contains: letters that stand in title, place or id.
    """

    tier: str | None = None
    area: str | None = None
    state: str = "open"
    severity: str | None = None
    overdue: bool = False
    contains: str | None = None

    def passes(self, incident: Incident) -> bool:
        """Whether the incident is one of those wanted."""
        text = f"{incident.incident_id} {incident.title} {incident.place.address or ''}"
        return (
            self.state in ("all", incident.state)
            or (self.state == "open" and incident.state not in TERMINAL)
        ) and (
            self.tier in (None, incident.tier)
            and (self.area is None or touches(incident, self.area))
            and self.severity in (None, incident.severity)
            and (incident.overdue or not self.overdue)
            and (self.contains is None or self.contains in text)
        )


def touches(incident: Incident, area: str) -> bool:
    """Whether an incident is owned by an area, lies in it or spans it."""
    return area in (incident.area, incident.place.street, incident.place.district) or any(
        spanned == area for spanned in incident.areas
    )


@dataclass(slots=True)
class Found:
    """A page of a list: the incidents shown, and how many there are in all."""

    incidents: list[Incident] = field(default_factory=list)
    total: int = 0
    unreadable: int = 0


def most_pressing(incident: Incident) -> tuple[bool, datetime, str]:
    """The order of a list: overdue first, then by limit, then the oldest."""
    return (not incident.overdue, incident.due_at or incident.opened_at, incident.incident_id)


async def find(
    ledger: Ledger,
    wanted: Wanted,
    limit: int,
    progress: Progress,
    order: Callable[[Incident], tuple[bool, datetime, str]] = most_pressing,
) -> Found:
    """List the incidents that are wanted, the most pressing first.

    The whole topic is read, since an older state of an incident may still lie before
    its newest; what does not pass is forgotten at once.
    """
    kept: dict[bytes, Incident] = {}
    found = Found()
    only_open = wanted.state == "open"
    async for batch in ledger.scan([INCIDENTS], progress=progress):
        for record in batch:
            key, value = record.key or b"", record.value
            if value is None or (only_open and _is_over(value)):
                kept.pop(key, None)
                continue
            try:
                incident = IncidentEvent.model_validate_json(value).data
            except ValueError:
                found.unreadable += 1
                continue
            if wanted.passes(incident):
                kept[key] = incident
            else:
                kept.pop(key, None)
    found.total = len(kept)
    found.incidents = sorted(kept.values(), key=order)[:limit]
    return found


def _is_over(value: bytes) -> bool:
    """Whether an incident has ended, judged from its bytes: spares decoding most of them."""
    return any(mark in value for mark in _TERMINAL_MARKS)


@dataclass(slots=True)
class Story:
    """Everything known of one incident, each kind in the order it happened.

    ``chain`` has the audit entries as they were written, by number, to check their hashes.
    """

    incident: Incident | None = None
    audit: list[AuditEntry] = field(default_factory=list)
    chain: list[tuple[int, bytes]] = field(default_factory=list)
    alerts: list[AlertEvent] = field(default_factory=list)
    replies: list[ReplyEvent] = field(default_factory=list)

    def chain_faults(self) -> list[str]:
        """What is wrong with the chain of audit entries; empty when it holds."""
        return verify(entry for _, entry in self.chain)


async def tell(ledger: Ledger, incident_id: str, progress: Progress) -> Story:
    """Collect the story of one incident.

    Its state and audit lie in one partition each; alerts and replies are keyed
    otherwise, so those topics are read whole and looked through for its id.
    """
    story = Story()
    mark = orjson.dumps(incident_id)
    async for batch in ledger.scan([INCIDENTS, AUDIT], key=incident_id):
        for record in batch:
            if record.key == incident_id.encode() and record.value is not None:
                _note(story, record)
    if story.incident is None:
        return story
    async for batch in ledger.scan([REPLIES, *ALERTS.values()], progress=progress):
        for record in batch:
            if record.value is not None and mark in record.value:
                _note(story, record, incident_id)
    story.audit.sort(key=lambda entry: entry.n)
    story.chain.sort()
    story.alerts.sort(key=lambda event: (event.data.changed_at, event.data.revision))
    story.replies.sort(key=lambda event: event.time)
    return story


def _note(story: Story, record: Record, only: str | None = None) -> None:
    """Add one record to the story; what cannot be read is no part of it."""
    try:
        message = read_any(record.value)
    except SchemaError:
        return
    if isinstance(message, IncidentEvent):
        story.incident = message.data
    elif isinstance(message, AuditEntryEvent):
        story.audit.append(message.data)
        story.chain.append(
            (message.data.n, orjson.dumps(orjson.loads(record.value or b"")["data"]))
        )
    elif isinstance(message, AlertEvent) and message.data.incident_id == only:
        story.alerts.append(message)
    elif isinstance(message, ReplyEvent) and message.data.incident_id == only:
        story.replies.append(message)
