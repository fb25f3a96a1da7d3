"""One step of one tier: what it may look at, and what it has said so far."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel

from schemas.incident import Incident
from schemas.outcome import Reply, ReplyEvent
from schemas.terms import Actor, Tier
from streams.incidents import audit, lifecycle, scoring, summing, workloads
from streams.incidents.case import CASES, MEMBERS, Belongs, Case, present
from streams.incidents.messages import Maker, body, event_id
from streams.policy import Policy
from streams.program import LastWord, Output, Refuse
from streams.state import State, Table
from streams.topics import AUDIT, INBOXES, INCIDENTS, REPLIES, Topic

_AUDIT_KIND = b"cn.chengyun.audit-entry.v1"
_INCIDENT_KIND = b"cn.chengyun.incident.v1"
_REPLY_KIND = b"cn.chengyun.reply.v1"

actor_of = Maker(Actor)


class Turn:
    """What one event or deadline leads to at one desk.

    Attributes:
        policy, tier, area: who decides, where, by which rules.
        now: the time of the decision.
        cause: id of the event or deadline; ids of all that follows come from it.
        out: messages and refusals, in order.
        touched: cases to store when the step ends, by id; published: those to publish too.
        written: the bytes of cases that were given away, which change no more.
        tallies: what the summaries count of this step: moment, unit, counters, how many.
    """

    __slots__ = (
        "_head",
        "area",
        "cases",
        "cause",
        "now",
        "out",
        "policy",
        "published",
        "source",
        "state",
        "tallies",
        "tier",
        "touched",
        "written",
    )

    def __init__(
        self, policy: Policy, tier: Tier, area: str, state: State, now: datetime, cause: str
    ) -> None:
        self.policy = policy
        self.tier = tier
        self.area = area
        self.state = state
        self.now = now
        self.cause = cause
        self.source = f"/{tier}/{area}"
        self._head: bytes | None = None
        self.out: list[Output | Refuse] = []
        self.touched: dict[str, Case] = {}
        self.published: set[str] = set()
        self.written: dict[str, bytes] = {}
        self.tallies: list[tuple[datetime, str | None, tuple[str, ...], int]] = []
        self.cases: Table[Case] = state.table(CASES)

    @property
    def members(self) -> Table[Belongs]:
        """Whose case each report and finding belongs to."""
        return self.state.table(MEMBERS)

    # -- cases ---------------------------------------------------------------

    def case(self, incident_id: str) -> Case | None:
        """The case of this area with that id, owned or shadow."""
        return self.cases.get(f"{self.area}/{incident_id}")

    def keep(self, case: Case, *, alone: bool = False) -> None:
        """The case has changed: store it at the end of the step, and publish it if it is ours.

        Args:
            alone: what this desk knows beside the incident has changed, not the incident.
        """
        incident_id = case.incident.incident_id
        self.touched[incident_id] = case
        if not alone:
            case.written = None
            if case.given_to is None:
                self.published.add(incident_id)

    def move(
        self,
        case: Case,
        action: str,
        actor: Actor | None = None,
        *,
        rule: str | None = None,
        reason: str | None = None,
        detail: dict[str, Any] | None = None,
        new: bool = False,
    ) -> None:
        """Make one move of the table and append it to the audit chain, if we own the case.

        Args:
            actor: None for the system itself.
            new: the case is being opened; its state before is none.

        Raises:
            TransitionError: the table has no such row for this state and role.
        """
        incident = case.incident
        before = lifecycle.NEW if new else incident.state
        row = lifecycle.find(action, before, actor if actor is not None else _SYSTEM)
        lifecycle.apply(incident, row, self.now)
        if new:
            incident.version = 1
        if case.given_to is None:
            self.record(case, action, None if new else before, actor, rule, reason, detail)
        self.keep(case)

    def record(
        self,
        case: Case,
        action: str,
        before: str | None,
        actor: Actor | None,
        rule: str | None,
        reason: str | None,
        detail: dict[str, Any] | None,
    ) -> None:
        """Note what was done: in the audit chain, and for the summaries if it counts there."""
        case.audit_n += 1
        if action in summing.COUNTED or case.incident.state == "closed":
            summing.note(self, case, action, before, detail)
            scoring.note(self, case, action, before)
        self.chain(case, action, before, actor, rule, reason, detail)

    def chain(
        self,
        case: Case,
        action: str,
        before: str | None,
        actor: Actor | None,
        rule: str | None,
        reason: str | None,
        detail: dict[str, Any] | None,
    ) -> None:
        """Write the next entry of the audit chain."""
        incident = case.incident
        incident_id = incident.incident_id
        entry: dict[str, Any] = {
            "incident_id": incident_id,
            "n": case.audit_n,
            "to": incident.state,
            "action": action,
            "actor": _system(self.tier, self.area) if actor is None else audit.actor_fields(actor),
            "at": self.now,
            "version": incident.version,
            "policy_version": self.policy.version,
            "previous_hash": case.audit_hash,
        }
        if before is not None:
            entry["from"] = before
        if rule is not None:
            entry["rule"] = rule
        if reason is not None:
            entry["reason"] = reason
        if detail:
            entry["detail"] = detail
        data, case.audit_hash = audit.chained(entry)
        identity = f"{incident_id}/audit/{case.audit_n}"
        self.out.append(
            Output(
                AUDIT,
                incident_id,
                self.enveloped(_AUDIT_KIND, identity, incident_id, data),
            )
        )

    def synthetic(self) -> Actor:
        """The actor that stands in for people where the policy says that none are there."""
        return _synthetic(self.tier, self.area)

    # -- messages ------------------------------------------------------------

    def enveloped(
        self, kind: bytes, identity: str, subject: str, data: bytes | dict[str, Any]
    ) -> bytes:
        """A CloudEvent of this desk in structured JSON, around its body.

        Args:
            kind: the type attribute, ``cn.chengyun.<noun>.v1``.
            data: JSON of the body, or its fields; times may be datetimes.
        """
        if not isinstance(data, bytes):
            data = orjson.dumps(data, default=present)
        return _enveloped(kind, identity, subject, self.head(), data)

    def head(self) -> bytes:
        """What the envelopes of all messages of this step have in common."""
        head = self._head
        if head is None:
            same = {
                "source": self.source,
                "time": self.now,
                "datacontenttype": "application/json",
            }
            head = self._head = orjson.dumps(same)[1:-1]
        return head

    def as_it_stands(self, incident: Incident, *, last: bool = False) -> Any:
        """An incident as part of a message: how it stands now, whatever follows in this step.

        Args:
            last: this is also how it is published when the step ends.
        """
        written = body(incident)
        if last:
            self.written[incident.incident_id] = written
        return orjson.Fragment(written)

    def send(self, topic: Topic, key: str, message: BaseModel | bytes) -> None:
        """Send one message."""
        self.out.append(Output(topic, key, message))

    def send_to(self, area: str, message: BaseModel | bytes) -> None:
        """Send one message to another desk's inbox."""
        tier = self.policy.areas.tier_of(area)
        if tier is None:
            raise ValueError(f"area {area!r} is in no table of policy {self.policy.version}")
        self.out.append(Output(INBOXES[tier], area, message))

    def answer_report(self, report_id: str, what: str, **fields: Any) -> None:
        """Tell the sender of a report what became of it.

        Args:
            what: which of the answers a report can get; part of the message's id.
            fields: more fields of a `Reply`; those that are None are left out.
        """
        identity = event_id(self.cause, f"{what}/{report_id}")
        told = {name: value for name, value in fields.items() if value is not None}
        data = orjson.dumps({"report_id": report_id, **told})
        message = self.enveloped(_REPLY_KIND, identity, report_id, data)
        self.out.append(Output(REPLIES, report_id, message))

    def answer_command(self, command_id: str, given: Reply) -> None:
        """Tell an operator what became of a command."""
        message = ReplyEvent(
            id=event_id(f"{self.source}/{command_id}", "reply"),
            source=self.source,
            subject=command_id,
            time=self.now,
            data=given,
        )
        self.send(REPLIES, command_id, message)

    # -- the end of the step -------------------------------------------------

    def settle(self) -> None:
        """Store what was touched, with its next deadline, and publish what is ours.

        One message per incident and step, however many moves the step made.
        """
        if self.tallies:
            summing.count(self)
        if self.policy.triggers.deadline_risk is not None:
            for case in self.touched.values():
                workloads.follow(self, case)
        for incident_id, case in self.touched.items():
            if incident_id in self.published:
                self.publish(case)
            due = self.due(case)
            if due is not None and due < self.now:
                due = self.now  # its time was past before the case came: it speaks at once
            self.cases.put(f"{self.area}/{incident_id}", case, due)

    def publish(self, case: Case) -> None:
        """Tell the present state of a case of ours."""
        incident = case.incident
        incident_id = incident.incident_id
        incident.colour = case.colour
        identity = f"{incident_id}/{case.audit_n}"
        data = self.written.get(incident_id)
        message: bytes | LastWord
        if data is None:
            message = _Told(case, self.head(), identity)
        else:
            case.written = data
            message = self.enveloped(_INCIDENT_KIND, identity, incident_id, data)
        self.out.append(Output(INCIDENTS, incident_id, message))

    def due(self, case: Case) -> datetime | None:
        """When the case next wants attention: its nearest clock, or its end in our memory."""
        incident = case.incident
        if incident.closed_at is not None:
            return incident.closed_at + timedelta(days=self.policy.escalation.keep_closed_days)
        if not case.owned:
            return None
        first: datetime | None = None
        for clock in case.clocks:
            at = clock.at
            if at is not None and (first is None or at < first):
                first = at
        if incident.state in lifecycle.RUNNING:
            for report in incident.reports:
                at = report.due_at
                if (
                    at is not None
                    and report.overdue is None
                    and at is not first
                    and (first is None or at < first)
                ):
                    first = at
        return first


class _Told(LastWord):
    """A case of ours as it stands: every change of it is told, so it stands so to the end."""

    __slots__ = ("case", "head", "identity")

    def __init__(self, case: Case, head: bytes, identity: str) -> None:
        self.size = _TOLD_BYTES + _REPORT_BYTES * len(case.incident.reports)
        self.case = case
        self.head = head
        self.identity = identity

    def write(self) -> bytes:
        """The bytes of the message; they are kept for the state too."""
        case = self.case
        data = case.written = body(case.incident)
        subject = case.incident.incident_id
        return _enveloped(_INCIDENT_KIND, self.identity, subject, self.head, data)


def _enveloped(kind: bytes, identity: str, subject: str, head: bytes, data: bytes) -> bytes:
    return b'{"specversion":"1.0","id":%b,"subject":%b,%b,"type":"%b","data":%b}' % (
        orjson.dumps(identity),
        orjson.dumps(subject),
        head,
        kind,
        data,
    )


_TOLD_BYTES = 1_400
_REPORT_BYTES = 200


@lru_cache(maxsize=4_096)
def _system(tier: Tier, area: str) -> dict[str, str]:
    return {"id": "chengyun", "role": "system", "tier": tier, "area": area}


@lru_cache(maxsize=4_096)
def _synthetic(tier: Tier, area: str) -> Actor:
    return actor_of(id="chengyun", role="system", tier=tier, area=area, synthetic=True)


_SYSTEM = Actor(id="chengyun", role="system")
