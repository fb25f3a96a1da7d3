"""A report becomes a case: looked at first where the policy wants it, at once where it is grave."""

from __future__ import annotations

from typing import Any

import pytest

LOOK = {"verification": {"missing": ["place"], "within": "30 minute"}}


@pytest.fixture
def careful(make_play: Any, rules: Any) -> Any:
    """A city where reports without a place are looked at first."""
    play = make_play(rules(orders=LOOK))
    yield play
    assert play.chains_hold()


def test_without_such_a_policy_everything_is_a_case_at_once(play: Any) -> None:
    play.report("cover", place=False)
    assert play.incident().state == "dispatched"


def test_what_lacks_its_place_waits_for_an_acceptor_without_a_limit(careful: Any) -> None:
    report_id = careful.report("cover", place=False)
    incident = careful.incident()
    assert (incident.state, incident.due_at) == ("reported", None)
    assert careful.replies(report_id)[-1].outcome == "accepted"
    careful.at(10)
    identity = incident.incident_id
    assert careful.command(identity, "verify").outcome == "applied"
    assert careful.incident().state == "verifying"
    careful.at(20)
    reply = careful.command(identity, "register", unit="drains")
    assert reply.outcome == "applied"
    incident = careful.incident()
    assert (incident.state, incident.unit) == ("dispatched", "drains")
    assert (incident.due_at - careful.now).total_seconds() == 7200
    assert careful.actions(identity) == ["receive", "verify", "register", "dispatch"]
    assert careful.replies(report_id)[-1].unit == "drains"


def test_a_rejected_report_is_told_why_and_never_reopened(careful: Any) -> None:
    report_id = careful.report("cover", place=False)
    identity = careful.incident().incident_id
    reply = careful.command(identity, "reject")
    assert reply.reason.code == "reason_missing"
    assert careful.command(identity, "reject", reason="not in this city").outcome == "applied"
    assert careful.incident().state == "rejected"
    told = careful.replies(report_id)[-1]
    assert (told.outcome, told.result) == ("rejected", "not in this city")
    careful.update(report_id, "not_fixed")
    assert careful.incident().state == "rejected"
    assert careful.command(identity, "reopen", reason="x", report=report_id).outcome == "conflict"
    careful.at(60 * 24 * 15)
    assert careful.cases("street") == {}


def test_what_nobody_looks_at_in_time_becomes_a_case_as_it_stands(careful: Any) -> None:
    careful.report("cover", place=False)
    careful.at(29)
    assert careful.incident().state == "reported"
    careful.at(31)
    assert careful.incident().state == "dispatched"
    careful.at(31 + 121)
    assert careful.incident().overdue


@pytest.mark.parametrize(
    "fields",
    [
        {"place": True},
        {"place": False, "severity": "IV"},
        {"place": False, "danger_to_life": True},
        {"place": False, "sensitive": ["minors"]},
        {"place": False, "self_handled": True},
    ],
)
def test_what_is_complete_grave_or_settled_does_not_wait(
    careful: Any, fields: dict[str, Any]
) -> None:
    careful.report("cover", **fields)
    assert careful.incident().state in ("dispatched", "closed")


def test_a_department_that_closes_what_nobody_has_looked_at_ends_it(careful: Any) -> None:
    report_id = careful.report("cover", place=False)
    careful.update(report_id, "closed")
    assert careful.incident().state == "closed"
    assert careful.replies(report_id)[-1].outcome == "answered"


def test_a_device_that_falls_silent_ends_what_is_still_being_looked_at(play: Any) -> None:
    play.finding("W3", kind="cover")
    identity = play.incident().incident_id
    play.command(identity, "return", role="unit", reason="nothing is there")
    play.command(identity, "verify", area=play.incident().area)
    assert play.incident().state == "verifying"
    play.finding("W3", "cleared", kind="cover")
    assert play.incident().state == "resolved"
    assert play.dead() == []


def test_what_was_returned_can_be_verified_and_turned_down(careful: Any) -> None:
    careful.report("cover")
    identity = careful.incident().incident_id
    due = careful.incident().due_at
    careful.command(identity, "return", role="unit", reason="nothing is there")
    careful.command(identity, "verify")
    assert careful.incident().state == "verifying"
    careful.at(10)
    assert careful.command(identity, "register", unit="drains").outcome == "applied"
    assert careful.incident().due_at == due  # a return restarts no limit
