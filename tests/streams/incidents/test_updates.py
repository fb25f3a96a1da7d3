"""What departments and citizens say later: each report keeps its own end and verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def test_each_report_keeps_its_own_end_and_verdict(play: Any) -> None:
    first = play.report("garbage", due_at=play.now + timedelta(minutes=30))
    second = play.report("garbage", due_at=play.now + timedelta(minutes=90))
    play.at(60)
    play.update(first, "closed", resolution="Case Resolved")
    incident = play.incident()
    assert incident.state != "closed"
    play.update(second, "closed", resolution="Case Noted")
    incident = play.incident()
    assert incident.state == "closed"
    assert [(r.overdue, r.resolution) for r in incident.reports] == [
        (True, "Case Resolved"),
        (False, "Case Noted"),
    ]
    assert [reply.result for reply in play.replies(first)][-1] == "Case Resolved"


def test_an_end_at_the_very_limit_is_in_time(make_play: Any, rules: Any) -> None:
    play = make_play(rules(desk={"synthetic_acceptance": True}))
    due = play.now + timedelta(minutes=30)
    report_id = play.report("form", due_at=due)
    play.update(report_id, "closed", at=due)
    assert play.incident().reports[0].overdue is False


def test_an_open_report_is_marked_overdue_when_its_limit_passes(play: Any) -> None:
    play.report("form", due_at=play.now + timedelta(minutes=30))
    assert play.incident().reports[0].overdue is None
    play.at(31)
    assert play.incident().reports[0].overdue is True


def test_without_an_end_a_case_stays_open(play: Any) -> None:
    play.report("form")
    play.at(60 * 24 * 30)
    assert play.incident().state == "dispatched"


def test_resolved_then_closed_answers_once_at_the_end(play: Any) -> None:
    report_id = play.report("cover")
    play.update(report_id, "accepted")
    play.at(30)
    play.update(report_id, "resolved")
    assert play.incident().state == "resolved"
    play.at(40)
    play.update(report_id, "closed")
    incident = play.incident()
    assert (incident.state, incident.reports[0].ended_at) == (
        "closed",
        play.now - timedelta(minutes=10),
    )
    outcomes = [reply.outcome for reply in play.replies(report_id)]
    assert outcomes == ["accepted", "progress", "progress", "answered"]


def test_the_last_withdrawal_ends_the_case(play: Any) -> None:
    report_id = play.report("cover")
    play.update(report_id, "withdrawn")
    incident = play.incident()
    assert (incident.state, incident.resolution) == ("closed", "withdrawn")


def test_more_information_is_kept_in_the_audit_and_moves_nothing(play: Any) -> None:
    report_id = play.report("cover")
    play.update(report_id, "information", note="it is deep")
    entry = play.audit(play.incident().incident_id)[-1]
    assert (entry.action, entry.reason, entry.version) == ("inform", "it is deep", 1)


def test_not_fixed_takes_the_same_case_up_again_with_a_new_clock(play: Any) -> None:
    report_id = play.report("cover", due_at=play.now + timedelta(minutes=120))
    play.at(60)
    play.update(report_id, "closed")
    play.at(90)
    play.update(report_id, "not_fixed", note="still open")
    incident = play.incident()
    assert (incident.state, incident.closed_at) == ("in_progress", None)
    assert incident.due_at == play.now + timedelta(hours=2)
    assert incident.reports[0].ended_at is None
    assert play.audit(incident.incident_id)[-1].detail["overdue"] is False
    play.report("cover")
    assert play.incident().report_count == 2
    play.at(100)
    play.update(report_id, "closed")
    assert play.incident().state == "in_progress"


def test_a_callback_that_says_unsolved_takes_the_case_up_again(play: Any) -> None:
    report_id = play.report("cover")
    play.update(report_id, "closed")
    play.update(report_id, "callback", callback={"contacted": True, "solved": True})
    assert play.incident().state == "closed"
    play.update(report_id, "callback", callback={"contacted": True, "solved": False})
    assert play.incident().state == "in_progress"


def test_not_fixed_reopens_at_the_owner_above(play: Any) -> None:
    report_id = play.report("gas")
    play.update(report_id, "closed")
    play.update(report_id, "not_fixed")
    incident = play.incident()
    assert (incident.state, incident.tier) == ("in_progress", "district")
    assert play.cases("street")[f"A1/{incident.incident_id}"]["data"]["state"] == "in_progress"


def test_an_update_that_comes_too_late_gets_an_answer(play: Any) -> None:
    play.update("calls/none", "closed")
    (reply,) = play.replies("calls/none")
    assert (reply.outcome, reply.reason.code) == ("rejected", "unknown_report")
    report_id = play.report("cover")
    play.update(report_id, "closed")
    play.at(60 * 24 * 15)
    play.update(report_id, "not_fixed")
    assert play.replies(report_id)[-1].outcome == "rejected"
    assert play.dead() == []


def test_a_repeated_update_changes_no_verdict(play: Any) -> None:
    report_id = play.report("cover")
    play.update(report_id, "closed")
    ended = play.incident().reports[0].ended_at
    play.at(300)
    play.update(report_id, "closed")
    assert play.incident().reports[0].ended_at == ended


def test_what_comes_back_within_the_quiet_time_flaps_and_nobody_is_told_twice(
    make_play: Any, rules: Any
) -> None:
    play = make_play(rules(orders={"flapping_within": "10 minute"}))
    report_id = play.report("cover", due_at=play.now + timedelta(minutes=120))
    due = play.incident().due_at
    play.update(report_id, "accepted")
    for number in range(1, 4):
        play.at(20 * number)
        play.update(report_id, "resolved")
        play.at(20 * number + 5)
        play.update(report_id, "not_fixed")
        incident = play.incident()
        assert (incident.state, incident.due_at) == ("in_progress", due)
        assert (incident.tally.flaps, incident.tally.reopens) == (number, 0)
    outcomes = [reply.outcome for reply in play.replies(report_id)]
    assert outcomes == ["accepted", "progress", "progress"]
    play.at(119)
    assert not play.incident().overdue
    play.at(121)
    assert (play.incident().overdue, play.incident().tier) == (True, "district")
    play.update(report_id, "resolved")
    play.at(140)
    play.update(report_id, "not_fixed")
    assert play.incident().tally.reopens == 1
    assert play.chains_hold()


def test_a_caller_who_was_called_back_and_is_content_begins_the_check(play: Any) -> None:
    report_id = play.report("cover")
    play.update(report_id, "resolved")
    play.update(report_id, "callback", callback={"contacted": True, "solved": True})
    assert play.incident().state == "checking"
    play.at(31)
    assert play.incident().state == "closed"
    assert play.replies(report_id)[-1].outcome == "answered"
