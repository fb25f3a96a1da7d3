"""Finding incidents, and everything that was ever said about one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from agents.ledger import Ledger, Progress
from schemas.alert import AlertEvent
from schemas.codec import read_any
from schemas.errors import SchemaError
from schemas.incident import Incident, IncidentEvent
from schemas.outcome import AuditEntry, AuditEntryEvent, Problem, ProblemEvent, ReplyEvent
from schemas.terms import SEVERITIES, TERMINAL
from streams.incidents.audit import verify
from streams.program import Record
from streams.topics import ALERTS, AUDIT, INCIDENTS, PROBLEMS, REPLIES

STORY_TOPICS = (INCIDENTS, AUDIT, REPLIES, *ALERTS.values())
_TERMINAL_MARKS = tuple(f'"state":"{state}","tier":'.encode() for state in sorted(TERMINAL))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents to list; None wants them all.

    Attributes:
        area: this area or one below whose code begins with it.
        state: one state, ``open`` (not ended) or ``all``.
        unit: leads or assists.
        category: a code, the beginning of one, or letters of the name.
        since: opened at or after this moment.
        waiting: given to another tier that has not taken it up yet; `area` is the giver's.
        contains: letters that stand in title, place or id.
    """

    tier: str | None = None
    area: str | None = None
    state: str = "open"
    severity: str | None = None
    overdue: bool = False
    contains: str | None = None
    unit: str | None = None
    category: str | None = None
    since: datetime | None = None
    waiting: bool = False

    def passes(self, incident: Incident) -> bool:
        """Whether the incident is one of those wanted."""
        kind = incident.category
        if self.waiting and not _waits(incident, self.area):
            return False
        return (
            (
                self.state in ("all", incident.state)
                or (self.state == "open" and incident.state not in TERMINAL)
            )
            and self.tier in (None, incident.tier)
            and (self.area is None or self.waiting or touches(incident, self.area))
            and self.severity in (None, incident.severity)
            and (incident.overdue or not self.overdue)
            and (self.contains is None or self.contains in _text(incident))
            and (self.unit is None or self.unit in (incident.unit, *incident.assisting))
            and (
                self.category is None
                or kind.code.startswith(self.category)
                or self.category in kind.name
            )
            and (self.since is None or incident.opened_at >= self.since)
        )


def _waits(incident: Incident, giver: str | None) -> bool:
    """Whether it was handed over and the new owner has not said that it has it."""
    if incident.handed_at is None or not incident.escalations:
        return False
    return giver in (None, incident.escalations[-1].from_area)


def _text(incident: Incident) -> str:
    return f"{incident.incident_id} {incident.title} {incident.place.address or ''}"


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


Rank = tuple[int, float, str]


def most_pressing(incident: Incident) -> Rank:
    """Overdue first, then by limit; what is done and only waits for its end comes last."""
    due = incident.due_at or incident.opened_at
    owed = incident.resolved_at is None and incident.closed_at is None
    return ((0 if incident.overdue else 1) if owed else 2, due.timestamp(), incident.incident_id)


def gravest(incident: Incident) -> Rank:
    """The gravest first, then the most pressing."""
    due = incident.due_at or incident.opened_at
    return (SEVERITIES.index(incident.severity), due.timestamp(), incident.incident_id)


def newest(incident: Incident) -> Rank:
    """The latest opened first."""
    return (0, -incident.opened_at.timestamp(), incident.incident_id)


ORDERS: dict[str, Callable[[Incident], Rank]] = {
    "pressing": most_pressing,
    "grave": gravest,
    "new": newest,
}
"""What a list may be sorted by."""


async def find(
    ledger: Ledger,
    wanted: Wanted,
    limit: int,
    progress: Progress,
    order: Callable[[Incident], Rank] = most_pressing,
) -> Found:
    """List the incidents that are wanted, the first `limit` in `order`."""
    found = Found()
    page: list[tuple[Rank, Incident]] = []
    async for incident in each(ledger, wanted, progress, found):
        found.total += 1
        page.append((order(incident), incident))
        if len(page) >= 2 * limit + 100:
            page = sorted(page, key=lambda ranked: ranked[0])[:limit]
    page.sort(key=lambda ranked: ranked[0])
    found.incidents = [incident for _, incident in page[:limit]]
    return found


async def each(
    ledger: Ledger, wanted: Wanted, progress: Progress, found: Found | None = None
) -> AsyncGenerator[Incident, None]:
    """Every incident that is wanted, in its present state, in no order.

    An older state of an incident may still lie before its newest, so each partition is
    read twice: once to learn which record is the newest of its key, once to take it.
    Memory is bounded by the keys of one partition. `found` counts what cannot be read.
    """
    ends = await ledger.ends([INCIDENTS])
    total, behind = 2 * sum(ends.values()), 0
    only_open = wanted.state == "open"

    def told(read: int, of: int) -> None:
        progress(behind + read, total)

    for number in range(ledger.width(INCIDENTS)):
        newest_at: dict[bytes, int] = {}

        def scan(number: int = number) -> AsyncGenerator[list[Record], None]:
            return ledger.scan([INCIDENTS], partition=number, until=ends, progress=told)

        async for batch in scan():
            for record in batch:
                key = record.key or b""
                if record.value is None or (only_open and _is_over(record.value)):
                    newest_at.pop(key, None)
                else:
                    newest_at[key] = record.offset
        behind += ends[INCIDENTS.name, number]
        async for batch in scan():
            for record in batch:
                if record.value is None or newest_at.get(record.key or b"") != record.offset:
                    continue
                try:
                    incident = IncidentEvent.model_validate_json(record.value).data
                except ValueError:
                    if found is not None:
                        found.unreadable += 1
                    continue
                if wanted.passes(incident):
                    yield incident
        behind += ends[INCIDENTS.name, number]


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


async def problems(
    ledger: Ledger, progress: Progress, problem_id: str | None = None
) -> dict[str, Problem]:
    """The newest revision of each problem; of one id, those that share its partition."""
    found: dict[str, Problem] = {}
    async for batch in ledger.scan([PROBLEMS], key=problem_id, progress=progress):
        for record in batch:
            if record.value is not None:
                problem = ProblemEvent.model_validate_json(record.value).data
                found[problem.problem_id] = problem
    return found


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
