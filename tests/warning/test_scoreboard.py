"""The scoreboard: what came before what, and what cannot be known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from schemas.alert import Alert
from schemas.outcome import Problem
from streams.warning.scoreboard import ALL, BEFORE, Scoreboard, interval
from tests.warning.test_burden import BEGIN, incident

PARENTS = {"A1": "A", "A": "C"}


def board() -> Scoreboard:
    return Scoreboard(PARENTS.get, lambda moment: f"w{(moment - BEGIN).days // 7}")


def alert(name: str, at: datetime, **fields: Any) -> Alert:
    trigger = fields.pop("trigger", "W3")
    area = fields.pop("area", "A1")
    return Alert.model_validate(
        {
            "alert_id": name,
            "revision": 1,
            "key": f"{trigger}/{area}/{fields.pop('subject', name)}",
            "trigger": {"id": trigger, "version": "1"},
            "scale": "warning",
            "tier": "street",
            "area": area,
            "colour": "yellow",
            "state": "opened",
            "title": "t",
            "opened_at": at,
            "changed_at": at,
            "policy_version": "p",
            **fields,
        }
    )


def reported(number: int, at: datetime, **fields: Any) -> Any:
    return incident(
        number,
        "water",
        opened_at=at,
        closed_at=at + timedelta(hours=1),
        accepted_at=at,
        reports=[{"report_id": f"r{number}", "reported_at": at}],
        **fields,
    )


def test_a_warning_of_the_case_or_of_the_kind_above_comes_before_the_report() -> None:
    found = board()
    at = BEGIN + timedelta(days=1)
    own = alert("a", at - timedelta(minutes=30), incident_id="A1-1")
    wide = alert("b", at - timedelta(hours=2), trigger="W7", area="A", subject="water")
    late = alert("c", at - BEFORE - timedelta(hours=9), trigger="W7", area="C", subject="water")
    for one in (own, wide, late):
        found.add_alert(one, one, 1)
    found.warned()
    found.add_incident(reported(1, at))  # its own device half an hour before, W7 two hours before
    found.add_incident(reported(2, at + BEFORE))  # too long after both
    found.finish()
    line = found.lines[ALL, "C", ALL]
    assert (line.incidents, line.with_reports, line.preceded) == (2, 2, 1)
    assert line.lead_s == 7_200.0
    assert found.lines["w0", "A1", "water"].preceded == 1
    assert line.calls == 3


def test_a_warning_after_the_report_is_no_forewarning() -> None:
    found = board()
    at = BEGIN + timedelta(days=1)
    after = alert("a", at + timedelta(minutes=1), incident_id="A1-1")
    found.add_alert(after, after, 1)
    found.warned()
    found.add_incident(reported(1, at))
    assert found.lines[ALL, "C", ALL].preceded == 0


def test_precision_goes_by_answers_first_and_by_work_otherwise() -> None:
    found = board()
    right = alert("a", BEGIN, incident_id="A1-1")
    closed = right.model_copy(update={"state": "closed", "revision": 2})
    found.add_alert(right, closed, 1)
    found.warned()
    found.add_incident(reported(1, BEGIN + timedelta(hours=1)))
    found.finish()
    assert found.lines[ALL, "C", ALL].precision == 1.0, "somebody worked on it"
    of_kind = found.lines["w0", "A1", "water"]
    assert (of_kind.warnings, of_kind.precision) == (1, 1.0), "a warning is of its case's kind"
    assert found.lines[ALL, "C", ALL].warnings == 1, "and counts once in the sum"
    wrong = alert("b", BEGIN, incident_id="A1-2")
    found.add_alert(wrong, wrong.model_copy(update={"answer": "false"}), 1)
    assert found.lines[ALL, "C", ALL].precision == 0.0, "the only answer says it was wrong"


def test_measures_are_weighed_against_the_course_of_the_city() -> None:
    found = board()
    for day in range(40):
        at = BEGIN + timedelta(days=day, hours=3)
        for number in range(10):
            found.add_incident(reported(100 * day + number, at))
        if day < 20:
            found.add_incident(reported(90 + 100 * day, at, problem_id="P"))
    found.add_problem(problem(BEGIN + timedelta(days=20)))
    found.finish()
    cure = found.cure
    assert cure.measured == 1
    assert cure.avoided is not None
    assert cure.avoided_interval is not None
    assert 15 < cure.avoided < 20
    assert cure.avoided_interval[0] < cure.avoided < cure.avoided_interval[1]


def test_nothing_is_said_of_measures_that_are_too_young() -> None:
    found = board()
    for day in range(20):
        found.add_incident(reported(day, BEGIN + timedelta(days=day), problem_id="P"))
    found.add_problem(problem(BEGIN + timedelta(days=15)))
    found.finish()
    assert found.cure.avoided is None


def problem(measured_at: datetime) -> Problem:
    return Problem.model_validate(
        {
            "problem_id": "P",
            "revision": 2,
            "state": "measured",
            "tier": "street",
            "area": "A1",
            "category": {"catalogue": "c", "version": "1", "code": "water", "name": "water"},
            "title": "t",
            "rule": "E6",
            "measure": "a wider grate",
            "opened_at": BEGIN,
            "changed_at": measured_at,
            "policy_version": "p",
        }
    )


def test_intervals_hold_at_the_edges() -> None:
    assert interval(0, 0) is None
    low, high = interval(0, 10) or (1.0, 0.0)
    assert low == 0.0
    assert 0.1 < high < 0.4
    low, high = interval(10, 10) or (0.0, 0.0)
    assert high == 1.0
    assert 0.6 < low < 0.9
