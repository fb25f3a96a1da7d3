"""Every order in every state by every role, through the real step: what the table says, no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import orjson
import pytest

from schemas.codec import read_any
from schemas.command import Action, Command, CommandEvent, Subject
from schemas.handoff import Notice, NoticeEvent
from schemas.incident import (
    Appeal,
    Arrival,
    Asked,
    Assistance,
    Consultation,
    Incident,
    ReportedCase,
    StageVerdict,
    Whistle,
)
from schemas.outcome import Reply
from schemas.terms import Actor
from streams import district
from streams.incidents import audit, commands, lifecycle
from streams.incidents.arguments import ARGUMENTS
from streams.incidents.case import CASES, Case
from streams.incidents.desk import Arrival as Message
from streams.incidents.ownership import draft
from streams.program import Output
from streams.state import State
from streams.topics import AUDIT, REPLIES
from tests.streams.incidents.play import BEGIN, policy

HUMANS = ("operator", "supervisor", "unit", "department")
NOW = BEGIN + timedelta(minutes=30)
POLICY = policy()
DESK = district.program(POLICY)
ID, CAUSE = "A1-260302-00000001", "A1-260302-00000002"

GIVEN: dict[str, dict[str, Any]] = {
    "dispatch": {"unit": "drains"},
    "redispatch": {"unit": "drains"},
    "accept": {"unit": "drains"},
    "reopen": {"report": "calls/1"},
    "request": {"for": "extension"},
    "suspend": {"until": (NOW + timedelta(days=1)).isoformat()},
    "decide_appeal": {"verdict": "granted"},
    "delegate": {"area": "A1"},
    "assist": {"units": ["drains"]},
    "whistle": {"ground": "c", "units": ["drains"]},
    "report": {"unit": "police"},
    "feedback": {"unit": "works"},
    "release": {"unit": "drains"},
    "consult": {"units": ["police"]},
    "regrade": {"severity": "III"},
    "mark": {"marks": ["minors"]},
    "correct_category": {"category": "garbage"},
    "correct_place": {"address": "No. 5"},
    "split": {"report": "calls/1"},
    "link": {"incident": CAUSE},
    "stage": {"stage": "stop"},
}
"""Arguments that are right for the case below."""


def case_in(state: str, action: str) -> Case:
    """A case of the district in that state, such that no rule beside the table is against it."""
    rule = POLICY.category(None, "water")
    assert rule is not None
    ended = NOW - timedelta(minutes=1)
    done, over = state in ("resolved", "checking"), state in ("closed", "rejected")
    incident = Incident.model_validate(
        {
            "incident_id": ID,
            "version": 7,
            "state": state,
            "tier": "district",
            "area": "A",
            "category": rule.category,
            "severity": "IV",
            "urgency": "normal",
            "title": "water",
            "place": {"street": "A1", "district": "A", "lat": 30.0, "lon": 104.0},
            "unit": "works",
            "reports": [
                ReportedCase(report_id=f"calls/{n}", reported_at=BEGIN, ended_at=ended)
                if done or over
                else ReportedCase(report_id=f"calls/{n}", reported_at=BEGIN)
                for n in (1, 2)
            ],
            "report_count": 2,
            "opened_at": BEGIN,
            "due_at": BEGIN + timedelta(hours=2),
            "resolved_at": ended if done or over else None,
            "closed_at": ended if over else None,
            "policy_version": POLICY.version,
        }
    )
    if action in ("refuse", "suspend", "extend"):
        what: Any = "extension" if action == "extend" else "suspension"
        incident.asked = Asked(what=what, by="works", at=BEGIN, reason="r")
    if action in ("appeal", "decide_appeal"):
        incident.overdue = True
        if action == "decide_appeal":
            incident.appeal = Appeal(by="works", at=BEGIN, reason="r")
    if action == "report":
        called = Arrival(unit="police", limit_at=NOW)
        incident.whistles = [
            Whistle(ground="b", at=BEGIN, area="A", reason="r", departments=[called])
        ]
    if action == "release":
        incident.assisting, incident.assists = ["drains"], [Assistance(unit="drains", at=BEGIN)]
    if action == "conclude":
        incident.consultation = Consultation(units=["police"], topic="t", at=BEGIN)
    if action == "stage":
        incident.stages = [StageVerdict(stage="stop", title="Stopped", due_at=NOW)]
    if action == "unlink":
        incident.parent_id = CAUSE
    case = Case(draft(incident))
    case.received_from = "A1"
    case.standard_due = incident.due_at
    case.standard_from = BEGIN
    if done:
        case.unanswered = ["calls/1", "calls/2"]
    return case


def order(state: str, action: str, role: str, **changes: Any) -> tuple[Reply, list[Any], bytes]:
    """Give one order; answers the reply, the audit entries, and the case as it stands then."""
    store = State({})
    store.put(CASES, f"A/{ID}", case_in(state, action))
    cause = case_in("dispatched", "")
    cause.incident.incident_id = CAUSE
    store.put(CASES, f"A/{CAUSE}", cause)
    data = Command.model_validate(
        {
            "command_id": "c",
            "subject": Subject(kind="incident", id=ID),
            "action": action,
            "actor": Actor.model_validate(
                {"id": "x", "role": role, "tier": "district", "area": "A"}
            ),
            "reason": "because",
            "arguments": GIVEN.get(action, {}),
            **changes,
        }
    )
    event = CommandEvent(id="c", source="/desk", time=NOW, data=data)
    out = list(DESK.step(store, Message("A", event), NOW))
    sent = [each for each in out if isinstance(each, Output)]
    assert len(sent) == len(out)
    replies = [read(each).data for each in sent if each.topic is REPLIES and each.key == "c"]
    assert len(replies) == 1
    entries = [read(each).data for each in sent if each.topic is AUDIT and each.key == ID]
    raw = [
        orjson.dumps(orjson.loads(each.message)["data"])
        for each in sent
        if each.topic is AUDIT and each.key == ID and isinstance(each.message, bytes)
    ]
    assert audit.verify(raw) == []
    case = store.get(CASES, f"A/{ID}")
    assert case is not None
    case.written = None
    return replies[0], entries, CASES.encode(case)


def read(output: Output) -> Any:
    """A message as its readers see it."""
    value = output.message
    return read_any(value) if isinstance(value, bytes) else value


@pytest.mark.parametrize("state", lifecycle.ALL)
def test_an_order_does_what_the_table_says_and_nothing_else(state: str) -> None:
    applied = 0
    for action in get_args(Action):
        before = CASES.encode(case_in(state, action))
        for role in (*HUMANS, "system", "citizen"):
            reply, entries, after = order(state, action, role)
            told = f"{action} by {role} while {state}: {reply}"
            rows = [row for row in lifecycle.rows(action, state) if role in row.roles]
            may = bool(rows) and role in HUMANS and action in commands.OFFERED
            if not may:
                assert reply.outcome in ("conflict", "forbidden"), told
                assert reply.reason is not None
                assert (entries, after) == ([], before), told
                assert action not in reply.allowed, told
                continue
            assert reply.outcome == "applied", told
            first = entries[0]
            assert (first.action, first.from_, first.actor.role) == (action, state, role), told
            assert first.to == (rows[0].to or state), told
            _follows_the_table(entries, state)
            applied += 1
    assert applied > 0, state


def _follows_the_table(entries: list[Any], state: str) -> None:
    for entry in entries:
        assert entry.from_ == state
        rows = lifecycle.rows(entry.action, state)
        assert any(entry.to == (row.to or state) and entry.actor.role in row.roles for row in rows)
        state = entry.to


@pytest.mark.parametrize("action", sorted(commands.OFFERED))
def test_each_order_says_what_it_lacks_and_leaves_the_case_alone(action: str) -> None:
    state, role = next(
        (state, role)
        for state in lifecycle.ALL
        for role in HUMANS
        if lifecycle.possible(action, state, role)
    )
    before = CASES.encode(case_in(state, action))
    rows = [row for row in lifecycle.rows(action, state) if role in row.roles]
    if rows[0].reason:
        reply, entries, after = order(state, action, role, reason=" ")
        assert (reply.outcome, entries, after) == ("rejected", [], before)
        assert reply.reason is not None
        assert reply.reason.code == "reason_missing"
    for argument in ARGUMENTS[action]:
        given = GIVEN.get(action, {})
        if argument.required:
            less = {name: value for name, value in given.items() if name != argument.name}
            reply, entries, after = order(state, action, role, arguments=less)
            assert (reply.outcome, entries, after) == ("rejected", [], before)
        for nonsense in ({"a": 1}, 17.5 if argument.kind != "number" else "north", "", ["x"] * 11):
            wrong = {**given, argument.name: nonsense}
            reply, entries, after = order(state, action, role, arguments=wrong)
            assert reply.outcome in ("rejected", "not_found"), (argument, nonsense, reply)
            assert (entries, after) == ([], before)
    reply, entries, after = order(state, action, role, expected_version=6)
    assert (reply.outcome, entries, after) == ("conflict", [], before)
    assert reply.version == 7
    assert action in reply.allowed


@pytest.mark.parametrize("state", lifecycle.ALL)
def test_what_a_reply_offers_is_what_would_be_done(state: str) -> None:
    for action in commands.OFFERED:
        for role in HUMANS:
            reply, _, _ = order(state, action, role, expected_version=1)
            done, _, _ = order(state, action, role)
            assert (action in reply.allowed) == (done.outcome == "applied"), (action, role)


def test_news_among_shadows_ends_where_it_is_known_already() -> None:
    def hear(n: int, state: str) -> list[str]:
        told = case_in(state, "").incident
        notice = Notice(
            notice_id=f"{n}/{state}",
            purpose="ended",
            from_tier="city",
            from_area="C",
            incident=Incident.model_validate(told.model_dump()),
            audit_n=n,
            at=NOW,
        )
        event = NoticeEvent(id=f"{n}/{state}", source="/city/C", time=NOW, data=notice)
        out = DESK.step(store, Message("A", event), NOW)
        return [each.key for each in out if isinstance(each, Output)]

    store = State({})
    shadow = case_in("accepted", "")
    shadow.given_to, shadow.audit_n = "C", 7
    store.put(CASES, f"A/{ID}", shadow)
    assert hear(9, "closed") == ["A1"]  # on to the area that has given it up
    assert hear(9, "closed") == []
    assert hear(8, "accepted") == []
    case = store.get(CASES, f"A/{ID}")
    assert case is not None
    assert case.incident.state == "closed"
