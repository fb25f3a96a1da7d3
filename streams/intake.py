"""Intake: every report of the city comes in here and leaves as one of three things.

It becomes a report at the desk of a street or district, a reply that settles it, or a
dead letter with its reason; never nothing, and never two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from schemas.codec import read_intake, structured
from schemas.dead_letter import Reason
from schemas.outcome import Reply, ReplyEvent, ReplyOutcome
from schemas.report import (
    ServiceRequest,
    ServiceRequestEvent,
    ServiceRequestUpdateEvent,
)
from schemas.terms import SEVERITIES, Severity, Tier, Urgency
from schemas.tick import TickEvent
from streams.incidents.messages import Maker, event_id
from streams.misplaced import Misplaced
from streams.policy import CategoryRule, Policy, SourceRule
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.reports.masking import masked
from streams.reports.memory import REPORTS, Memory
from streams.reports.passing import SOURCE, report_message, update_message, written
from streams.reports.places import find_desk
from streams.reports.times import TimeBounds
from streams.state import State
from streams.topics import DISTRICT_INBOX, INTAKE_REPORTS, REPLIES, STREET_INBOX, Topic

LONGEST_REPORT_ID = 300
LONGEST_CAUSE = 64
"""Ids of events that follow carry the cause's id; a longer one is hashed."""

_GRAVITY = {severity: at for at, severity in enumerate(SEVERITIES)}
_ANSWERED = frozenset({"enquiry", "praise"})
_INBOX = {"street": STREET_INBOX, "district": DISTRICT_INBOX}

_reply = Maker(Reply)
_reply_event = Maker(ReplyEvent)

Outcome = Iterable[Output | Refuse]
Passed = Callable[[Topic, str, str, str, datetime, str | None, dict[str, Any]], Output]


class Intake:
    """The stage `intake`, keyed by report id.

    Attributes:
        report_message, update_message: write what is passed on; categories: how each kind
            stands in it. A backtest puts in its own, which write nothing out.
    """

    stage = "intake"
    inputs = (INTAKE_REPORTS,)
    namespaces = (REPORTS,)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._bounds = TimeBounds(policy.intake)
        self._memory = Memory(policy.intake)
        self.report_message: Passed = report_message
        self.update_message: Passed = update_message
        self.categories: dict[str, Any] = {
            rule.code: written(rule.category) for rule in policy.rules.values()
        }

    def decode(self, record: Record) -> Any:
        """Read a CloudEvent in structured or binary mode. Raises SchemaError."""
        value = structured(record.headers, record.value) if record.headers else record.value
        event = read_intake(value)
        if type(event) is TickEvent:
            return event
        key = self._report_id(event)
        if record.key != key.encode() and len(key) <= LONGEST_REPORT_ID:
            return Misplaced(record, key, event.type, event.time)
        return event

    def trusts(self, record: Record) -> bool:
        """Everything here comes from outside."""
        return False

    def step(self, state: State, event: Any, now: datetime) -> Outcome:
        """Pass on, answer or refuse one report or update."""
        kind = type(event)
        if kind is Misplaced:
            return (event.sent_on(INTAKE_REPORTS),)
        if not self._bounds.clock_is_sane(now):
            message = f"{now.isoformat()}, wanted a year between 1970 and 2199"
            return (Refuse(Reason(code="absurd_time", message=message, path="/time")),)
        if kind is ServiceRequestEvent:
            return self._take(state, event, now)
        if kind is ServiceRequestUpdateEvent:
            return self._pass_on(state, event, now)
        raise TypeError(f"intake got {kind.__name__}")

    def fire(self, state: State, due: Due, now: datetime) -> Outcome:
        """Nothing of intake's fires: what it remembers expires."""
        return ()

    def horizon(self, state: State, now: datetime) -> Horizon:
        """Memory expires by the clock."""
        return Horizon(now, now)

    def close(self, state: State, reached: Horizon, partition: int = 0) -> Iterable[Output]:
        """Nothing is told at the end of a chunk."""
        return ()

    def _report_id(self, event: ServiceRequestEvent | ServiceRequestUpdateEvent) -> str:
        """The report an event is about: its sender's own, or one it may speak about.

        A department's system closes what citizens reported elsewhere: then its number is
        the whole report id, ``/hotline/12345/20260101-17``.
        """
        number = event.data.service_request_id
        if type(event) is ServiceRequestUpdateEvent and "/" in number:
            rule = self.policy.source(event.source)
            if rule.may_update and rule.speaks_about(number):
                return number
        return f"{event.source}/{number}"

    # --- a report ------------------------------------------------------------------------

    def _take(self, state: State, event: ServiceRequestEvent, now: datetime) -> Outcome:
        request, policy = event.data, self.policy
        report_id = self._report_id(event)
        if len(report_id) > LONGEST_REPORT_ID:
            return _too_long(report_id)
        if state.get(REPORTS, report_id) is not None:
            return (self._answer(event, report_id, now, "duplicate"),)
        at = self._bounds.judge(event.time, now, "/time")
        if isinstance(at, Reason):
            return self._reject(event, report_id, now, at)
        reported_at = self._bounds.judge(
            request.requested_datetime, now, "/data/requested_datetime"
        )
        if isinstance(reported_at, Reason):
            return self._reject(event, report_id, now, reported_at)
        rule = policy.category(request.catalogue, request.service_code)
        if rule is None:
            return self._reject(event, report_id, now, _unknown_code(request))
        contact = request.contact
        desk = find_desk(request, masked(request.address, contact), policy)
        if isinstance(desk, Reason):
            return self._reject(event, report_id, now, desk)
        danger = request.danger_to_life or rule.danger_to_life
        intent = request.intent if request.intent in _ANSWERED else rule.intent
        if intent in _ANSWERED and not danger:
            self._memory.keep(state, report_id, None, "", now, closed=True)
            texts = policy.intake.answers
            text = texts.praise if intent == "praise" else texts.enquiry
            result = text.of(policy.language)
            return (self._answer(event, report_id, now, "answered", result=result),)
        if intent in _ANSWERED:
            intent = "report"
        elif request.intent == "complaint":
            intent = "complaint"
        source = policy.source(event.source)
        severity, urgency = self._grade(request, rule, source, danger)
        data: dict[str, Any] = {"report_id": report_id, "reported_at": reported_at}
        if source.trusts_limit:
            due_at = self._bounds.promise(request.expected_datetime, reported_at)
            if due_at is not None:
                data["due_at"] = due_at
        data["intent"] = intent
        data["channel"] = request.channel
        data["category"] = self.categories[rule.code]
        data["severity"] = severity
        data["urgency"] = urgency
        data["place"] = desk.place
        data["areas"] = desk.areas
        data["mergeable"] = desk.mergeable
        if request.description is not None:
            data["description"] = masked(request.description, contact)
        data["danger_to_life"] = danger
        data["sensitive"] = request.sensitive
        data["self_handled"] = request.self_handled
        if request.agency is not None:
            agency = source.unit_of(request.agency)
            data["agency"] = agency or masked(request.agency, contact)
        data["policy_version"] = policy.version
        self._memory.keep(state, report_id, desk.tier, desk.area, now, closed=request.self_handled)
        passed = self.report_message(
            _INBOX[desk.tier],
            desk.area,
            event_id(report_id, "report"),
            report_id,
            at,
            event.traceparent,
            data,
        )
        if not danger:
            return (passed,)
        advice = policy.intake.answers.danger.of(policy.language)
        return passed, self._answer(event, report_id, now, "accepted", advice=advice)

    def _grade(
        self, request: ServiceRequest, rule: CategoryRule, source: SourceRule, danger: bool
    ) -> tuple[Severity, Urgency]:
        """Severity and urgency: the kind's own, a trusted sender's, and at least danger's."""
        severity, urgency = rule.severity, rule.urgency
        if source.trusts_severity:
            severity = request.severity or severity
            urgency = request.urgency or urgency
        if danger:
            least = self.policy.intake.danger
            urgency = least.urgency
            if _GRAVITY[severity] > _GRAVITY[least.severity]:
                severity = least.severity
        return severity, urgency

    # --- an update -----------------------------------------------------------------------

    def _pass_on(self, state: State, event: ServiceRequestUpdateEvent, now: datetime) -> Outcome:
        update = event.data
        report_id = self._report_id(event)
        if len(report_id) > LONGEST_REPORT_ID:
            return _too_long(report_id)
        known = state.get(REPORTS, report_id)
        if known is None:
            return self._reject(event, report_id, now, _unknown_report(report_id))
        at = self._bounds.judge(event.time, now, "/time")
        if isinstance(at, Reason):
            return self._reject(event, report_id, now, at)
        updated_at = self._bounds.judge(update.updated_datetime, now, "/data/updated_datetime")
        if isinstance(updated_at, Reason):
            return self._reject(event, report_id, now, updated_at)
        tier: Tier | None = known.tier
        if tier is None:
            return self._reject(event, report_id, now, _was_answered(report_id))
        data: dict[str, Any] = {
            "report_id": report_id,
            "kind": update.kind,
            "updated_at": updated_at,
        }
        if update.unit is not None:
            unit = self.policy.source(event.source).unit_of(update.unit)
            data["unit"] = unit or masked(update.unit)
        if update.note is not None:
            data["note"] = masked(update.note)
        if update.resolution is not None:
            data["resolution"] = masked(update.resolution)
        if update.callback is not None:
            data["callback"] = written(update.callback)
        if update.reason is not None:
            data["reason"] = masked(update.reason)
        self._memory.note(state, report_id, known, update.kind, now)
        identity = event_id(report_id, f"update/{_cause(event)}")
        return (
            self.update_message(
                _INBOX[tier], known.area, identity, report_id, at, event.traceparent, data
            ),
        )

    # --- replies -------------------------------------------------------------------------

    def _answer(
        self,
        event: ServiceRequestEvent | ServiceRequestUpdateEvent,
        report_id: str,
        now: datetime,
        outcome: ReplyOutcome,
        *,
        result: str | None = None,
        advice: str | None = None,
        reason: Reason | None = None,
    ) -> Output:
        """What the sender hears at once, under the report's id."""
        message = _reply_event(
            id=event_id(report_id, f"{outcome}/{_cause(event)}"),
            source=SOURCE,
            subject=report_id,
            time=now,
            traceparent=event.traceparent,
            data=_reply(
                report_id=report_id, outcome=outcome, result=result, advice=advice, reason=reason
            ),
        )
        return Output(REPLIES, report_id, message)

    def _reject(
        self,
        event: ServiceRequestEvent | ServiceRequestUpdateEvent,
        report_id: str,
        now: datetime,
        reason: Reason,
    ) -> Outcome:
        """Tell the sender why, and keep the bytes: a rejected report may be mended and replayed."""
        return Refuse(reason), self._answer(event, report_id, now, "rejected", reason=reason)


def program(policy: Policy) -> Intake:
    """The stage `intake` under one version of the policy."""
    return Intake(policy)


def _cause(event: ServiceRequestEvent | ServiceRequestUpdateEvent) -> str:
    """The id of the event at hand, short enough to stand inside another one."""
    given: str = event.id
    if len(given) <= LONGEST_CAUSE:
        return given
    return hashlib.sha256(given.encode()).hexdigest()


def _too_long(report_id: str) -> Outcome:
    message = (
        f"source and number make {len(report_id)} characters, wanted at most {LONGEST_REPORT_ID}"
    )
    return (Refuse(Reason(code="id_too_long", message=message, path="/data/service_request_id")),)


def _unknown_code(request: ServiceRequest) -> Reason:
    catalogue = "the city's catalogue" if request.catalogue is None else request.catalogue[:60]
    return Reason(
        code="unknown_code",
        message=f"code {request.service_code[:60]!r} is not in {catalogue}, wanted one that the "
        "policy decides about",
        path="/data/service_code",
    )


def _unknown_report(report_id: str) -> Reason:
    return Reason(
        code="unknown_report",
        message=f"no report {report_id!r} is known here, wanted one that came before and is open "
        "or was closed a short while ago",
        path="/data/service_request_id",
    )


def _was_answered(report_id: str) -> Reason:
    return Reason(
        code="no_case",
        message=f"{report_id!r} was answered at once and has no case that could be updated",
        path="/data/service_request_id",
    )
