"""Desks that decide and write nothing out: the same steps, with objects instead of bytes.

What a worker needs and a backtest does not is left out: the audit's hashes, the bytes of
incidents, replies and envelopes. What is said to another tier stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel

import schemas.incident as incidents
import streams.city
import streams.district
import streams.sensing
import streams.street
from agents.backtest.facts import Facts, fate_of
from schemas.handoff import (
    AreaCounts,
    AreaCountsEvent,
    Handoff,
    HandoffEvent,
    Notice,
    NoticeEvent,
)
from schemas.incident import (
    Appeal,
    Asked,
    Assistance,
    Consultation,
    Extension,
    Incident,
    ReportedCase,
    StageVerdict,
    Supervision,
    Suspension,
    Tally,
    Whistle,
)
from schemas.outcome import Reply
from schemas.report import (
    Callback,
    Report,
    ReportEvent,
    ReportUpdate,
    ReportUpdateEvent,
)
from schemas.tally import AreaTallies, AreaTalliesEvent
from schemas.terms import Actor, Place
from streams.incidents.case import Case
from streams.incidents.desk import Arrival
from streams.incidents.messages import Maker
from streams.incidents.turn import Turn
from streams.intake import Intake
from streams.policy import Policy
from streams.program import Output, Program
from streams.reports.passing import SOURCE
from streams.topics import Topic

_place = Maker(Place)
_report = Maker(Report)
_update = Maker(ReportUpdate)
_report_event = Maker(ReportEvent)
_update_event = Maker(ReportUpdateEvent)
_counts = Maker(AreaCounts)
_tallies = Maker(AreaTallies)
_handoff = Maker(Handoff)
_notice = Maker(Notice)
_incident = Maker(Incident)

_CHANGED: dict[type[BaseModel], Maker[Any]] = {
    part: Maker(part)
    for part in (
        ReportedCase,
        Asked,
        Suspension,
        Extension,
        Appeal,
        Whistle,
        incidents.Arrival,
        Assistance,
        Consultation,
        Supervision,
        StageVerdict,
        Tally,
    )
}
"""Parts of an incident that a desk may change in place."""


class Letter(bytes):
    """A message that nobody has written out: no bytes, but what would be in them."""

    kind: bytes
    identity: str
    source: str
    time: datetime
    data: bytes | dict[str, Any]

    def arrival(self, area: str) -> Arrival:
        """The message as the desk of `area` gets it."""
        event, read = _READ[self.kind]
        data = read(self.data)
        return Arrival(
            area,
            event(id=self.identity, source=self.source, subject=None, time=self.time, data=data),
        )


def _counted(data: Any) -> AreaCounts:
    # The desk goes on counting in its own dictionaries.
    data["counts"] = dict(data["counts"])
    if "places" in data:
        data["places"] = {kind: list(texts) for kind, texts in data["places"].items()}
    return _counts(**data)


def _tallied(data: Any) -> AreaTallies:
    data["units"] = {unit: dict(counts) for unit, counts in data["units"].items()}
    return _tallies(**data)


def copied(incident: Incident) -> Incident:
    """An incident of its own, so that the desk which sent it can go on working on the other.

    Only what a desk changes in place is copied; the rest is replaced, never changed.
    """
    return _incident(**_own_fields(incident))


def _own_fields(model: BaseModel) -> dict[str, Any]:
    fields = model.__dict__.copy()
    for name, value in fields.items():
        if type(value) is list:
            fields[name] = [_own(each) for each in value] if value else []
        elif type(value) in _CHANGED:
            fields[name] = _own(value)
    return fields


def _own(value: Any) -> Any:
    make = _CHANGED.get(type(value))
    return value if make is None else make(**_own_fields(value))


def _handed(data: Any) -> Any:
    if isinstance(data, bytes):
        return Handoff.__pydantic_validator__.validate_json(data)
    return _handoff(**data)


def _noticed(data: Any) -> Any:
    if isinstance(data, bytes):
        return Notice.__pydantic_validator__.validate_json(data)
    return _notice(**data)


_READ: dict[bytes, tuple[Maker[Any], Callable[[Any], BaseModel]]] = {
    b"cn.chengyun.handoff.v1": (Maker(HandoffEvent), _handed),
    b"cn.chengyun.notice.v1": (Maker(NoticeEvent), _noticed),
    b"cn.chengyun.area-counts.v1": (Maker(AreaCountsEvent), _counted),
    b"cn.chengyun.area-tallies.v1": (Maker(AreaTalliesEvent), _tallied),
}


_UNWRITTEN = frozenset({*_READ, b"cn.chengyun.alert.v1", b"cn.chengyun.summary.v1"})
"""All else is written out and read again, as between workers."""


class DecidingTurn(Turn):
    """A turn whose messages stay objects, and which notes what a backtest asks about."""

    __slots__ = ()
    facts: Facts

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
        """Count one entry of the audit."""
        self.facts.moves += 1

    def publish(self, case: Case) -> None:
        """Keep the present state of a case in mind."""
        self.facts.fates[case.incident.incident_id] = fate_of(case.incident)

    def enveloped(
        self, kind: bytes, identity: str, subject: str, data: bytes | dict[str, Any]
    ) -> bytes:
        """The message, unwritten where it is known what it says."""
        if kind not in _UNWRITTEN:
            return super().enveloped(kind, identity, subject, data)
        letter = Letter()
        letter.kind, letter.identity, letter.data = kind, identity, data
        letter.source, letter.time = self.source, self.now
        return letter

    def as_it_stands(self, incident: Incident, *, last: bool = False) -> Any:
        """A copy of the incident."""
        return copied(incident)

    def answer_report(self, report_id: str, what: str, **fields: Any) -> None:
        """Nobody is there to be answered."""

    def answer_command(self, command_id: str, given: Reply) -> None:
        """Nobody is there to be answered."""


class DecidingIntake(Intake):
    """Intake that passes on reports as objects."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.report_message = _pass_report
        self.update_message = _pass_update
        self.categories = {rule.code: rule.category for rule in policy.rules.values()}


def _pass_report(
    topic: Topic,
    area: str,
    identity: str,
    report_id: str,
    at: datetime,
    traceparent: str | None,
    data: dict[str, Any],
) -> Output:
    data["place"] = _place(**data["place"])
    event = _report_event(
        id=identity, source=SOURCE, subject=report_id, time=at, data=_report(**data)
    )
    return Output(topic, area, event)


def _pass_update(
    topic: Topic,
    area: str,
    identity: str,
    report_id: str,
    at: datetime,
    traceparent: str | None,
    data: dict[str, Any],
) -> Output:
    if "callback" in data:
        data["callback"] = Callback.model_validate_json(orjson.dumps(data["callback"]))
    event = _update_event(
        id=identity, source=SOURCE, subject=report_id, time=at, data=_update(**data)
    )
    return Output(topic, area, event)


def deciding(policy: Policy, facts: Facts) -> dict[str, Program]:
    """All five stages under one policy, by name, writing nothing out."""
    tiers = {
        "street": streams.street.program(policy),
        "district": streams.district.program(policy),
        "city": streams.city.program(policy),
    }

    class Noting(DecidingTurn):
        """A turn of this one backtest."""

        __slots__ = ()

    Noting.facts = facts
    for desk in tiers.values():
        desk.turn = Noting
    return {
        "intake": DecidingIntake(policy),
        "sensing": streams.sensing.program(policy),
        **tiers,
    }


def day_in(tz: ZoneInfo, moment: datetime) -> str:
    """The date of the city that a moment lies in."""
    return moment.astimezone(tz).date().isoformat()
