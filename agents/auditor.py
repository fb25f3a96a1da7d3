"""Checking what was written down: every incident's audit chain, read from the topic itself.

Partition by partition, so that memory is bounded by the incidents of one: an incident's
audit and its present state lie in the same partition number, their key is its id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from agents.ledger import Ledger, Progress
from schemas.errors import ConfigurationError
from schemas.outcome import AuditEntry
from streams.incidents.audit import Chain
from streams.program import Record
from streams.topics import AUDIT, INCIDENTS

TOPICS = (AUDIT, INCIDENTS)
KEPT_FINDINGS = 1_000
SECOND_LOOKS = 5
"""A case may move between reading its audit and its state: so often we look again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where: incident, entry number, kind and a sentence."""

    incident_id: str
    n: int
    kind: str
    text: str


@dataclass(slots=True)
class PolicySpan:
    """What one policy version decided: how many entries, from when to when (event time)."""

    first: datetime
    last: datetime
    entries: int = 0


@dataclass(slots=True)
class Audited:
    """What an audit has come to.

    Attributes:
        counts: findings by kind; `findings` keeps the first `KEPT_FINDINGS` of them.
        cut: chains whose beginning the topic no longer keeps; what is there was checked.
    """

    incidents: int = 0
    entries: int = 0
    cut: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    policies: dict[str, PolicySpan] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.counts

    def blame(self, finding: Finding) -> None:
        """Take one more finding down."""
        self.counts[finding.kind] += 1
        if len(self.findings) < KEPT_FINDINGS:
            self.findings.append(finding)


@dataclass(slots=True)
class _Standing:
    """The present state of an incident, as far as the audit can be held against it."""

    state: str
    version: int
    policy: str


Listener = Callable[[AuditEntry, Chain], None]
"""Told each entry, and how its chain stands with it."""


class _Partition:
    """The incidents of one partition while they are audited."""

    def __init__(self, audited: Audited, only: str | None) -> None:
        self._audited = audited
        self._only = only
        self.chains: dict[str, Chain] = {}
        self.standing: dict[str, _Standing] = {}
        self.gone: set[str] = set()
        self.listener: Listener | None = None

    def take(self, record: Record) -> None:
        """Read one record of the audit or of the incidents."""
        key = "" if record.key is None else record.key.decode(errors="replace")
        if self._only is not None and key != self._only:
            return
        where = f"{record.topic}/{record.partition}/{record.offset}"
        if record.topic == INCIDENTS.name and record.value is None:
            self.gone.add(key)  # deleted on purpose: its audit stands alone
            return
        try:
            body = orjson.loads(record.value or b"")["data"]
            named, version = str(body["incident_id"]), int(body["version"])
            policy = str(body.get("policy_version") or "")
            if record.topic == INCIDENTS.name:
                self.standing[named] = _Standing(str(body["state"]), version, policy)
            else:
                self._entry(named, body, policy, datetime.fromisoformat(body["at"]))
        except (ValueError, KeyError, TypeError):
            self._audited.blame(Finding(key, 0, "unreadable", f"the record {where} is no entry"))
            return
        if named != key:
            told = f"the record {where} of {named} lies under the key {key!r}"
            self._audited.blame(Finding(named, int(body.get("n") or 0), "misfiled", told))

    def _entry(self, incident_id: str, body: dict[str, Any], policy: str, at: datetime) -> None:
        audited = self._audited
        audited.entries += 1
        chain = self.chains.setdefault(incident_id, Chain())
        chain.follow(orjson.dumps(body))
        span = audited.policies.get(policy)
        if span is None:
            span = audited.policies[policy] = PolicySpan(at, at)
        span.entries += 1
        span.first, span.last = min(span.first, at), max(span.last, at)
        if self.listener is not None:
            self.listener(AuditEntry.model_validate(body), chain)

    def differs(self, incident_id: str) -> str | None:
        """How the last entry of a chain and the incident's present state disagree."""
        chain, now = self.chains.get(incident_id), self.standing.get(incident_id)
        if now is None:
            if incident_id in self.gone:
                return None
            return "there are audit entries, but no such incident"
        if chain is None:
            return f"the incident is {now.state}, but has no audit entries"
        if chain.to != now.state:
            return (
                f"the last entry {chain.n} leads to {chain.to}, the incident is {now.state}: "
                "what came after is missing"
            )
        if chain.version > now.version:
            return (
                f"the last entry {chain.n} is of version {chain.version}, "
                f"the incident stands at {now.version}"
            )
        if now.policy not in chain.policies and chain.begins == 1:
            return f"the incident stands under the policy {now.policy}, no entry names it"
        return None

    def suspects(self) -> dict[str, str]:
        """The incidents whose audit does not end where they stand, and how it differs."""
        names = {*self.chains, *self.standing}
        return {name: told for name in sorted(names) if (told := self.differs(name)) is not None}

    def conclude(self, *, cut: bool) -> None:
        """Add up the chains; `cut` where the topic has let go of its oldest entries."""
        audited = self._audited
        audited.incidents += len(self.chains)
        for incident_id, chain in self.chains.items():
            audited.cut += cut and chain.begins > 1
            for fault in chain.faults:
                if not (cut and fault.kind == "no_beginning"):
                    audited.blame(Finding(incident_id, fault.n, fault.kind, fault.text))
        for incident_id, told in self.suspects().items():
            known = self.chains.get(incident_id)
            if known is not None or not cut:
                audited.blame(Finding(incident_id, 0 if known is None else known.n, "end", told))


async def audit(
    ledger: Ledger,
    progress: Progress,
    only: str | None = None,
    listener: Listener | None = None,
) -> Audited:
    """Check every audit chain, or that of one incident, against its hashes and the incidents.

    Args:
        ledger: a reader of `TOPICS`.
        only: the id of one incident.
        listener: told each entry and how its chain stands after it.

    Raises:
        ConfigurationError: the two topics have not the same number of partitions.
    """
    audited = Audited()
    width = ledger.width(AUDIT)
    if width != ledger.width(INCIDENTS):
        raise ConfigurationError(
            f"{AUDIT.name} has {width} partitions, {INCIDENTS.name} {ledger.width(INCIDENTS)}: "
            "wanted the same. Operator action: `chengyun topics apply`."
        )
    begins, ends = await ledger.begins([AUDIT]), await ledger.ends(TOPICS)
    behind = 0

    def told(read: int, of: int) -> None:
        progress(behind + read, sum(ends.values()))

    for number in range(width):
        if only is not None and number != ledger.home(AUDIT, only):
            continue
        part = _Partition(audited, only)
        part.listener = listener
        await _read(ledger, part, number, {}, ends, told)
        reached = ends
        for _ in range(SECOND_LOOKS):
            if not part.suspects():
                break
            until = await ledger.ends(TOPICS)
            await _read(ledger, part, number, reached, until, told)
            reached = until
        behind += sum(ends[topic.name, number] for topic in TOPICS)
        part.conclude(cut=begins[AUDIT.name, number] > 0)
    return audited


async def _read(
    ledger: Ledger,
    part: _Partition,
    number: int,
    since: dict[tuple[str, int], int],
    until: dict[tuple[str, int], int],
    progress: Progress,
) -> None:
    async for batch in ledger.scan(
        TOPICS, partition=number, since=since, until=until, progress=progress
    ):
        for record in batch:
            part.take(record)
