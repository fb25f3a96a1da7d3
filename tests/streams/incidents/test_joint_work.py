"""Several units at one case: who leads, who is added, who is whistled for, who meets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def opened(play: Any, kind: str = "cover", **fields: Any) -> str:
    """The id of a new case."""
    play.report(kind, **fields)
    return str(play.incident().incident_id)


def code(reply: Any) -> str:
    """Why an order was refused."""
    return str(reply.reason.code)


# -- lead and assisting ----------------------------------------------------------


def test_who_accepts_first_leads_and_the_next_assists(play: Any) -> None:
    incident_id = opened(play)
    assert (play.incident().unit, play.incident().assisting) == ("works", ["police"])
    play.command(incident_id, "accept", role="unit", unit="drains")
    incident = play.incident()
    assert (incident.unit, incident.assisting) == ("drains", ["police", "works"])
    assert play.command(incident_id, "accept", role="unit", unit="police").outcome == "applied"
    incident = play.incident()
    assert (incident.unit, incident.state) == ("drains", "accepted")
    assert [(each.unit, each.accepted_at) for each in incident.assists] == [("police", play.now)]
    for unit in ("drains", "police"):
        reply = play.command(incident_id, "accept", role="unit", unit=unit)
        assert (reply.outcome, code(reply)) == ("conflict", "already_yours")


def test_added_units_go_when_their_time_is_over(play: Any) -> None:
    incident_id = opened(play)
    end = (play.now + timedelta(minutes=90)).isoformat()
    reply = play.command(incident_id, "assist", units=["drains", "police"], until=end)
    assert reply.outcome == "applied"
    assert play.incident().assisting == ["police", "drains"]
    play.at(89)
    assert play.incident().assisting == ["police", "drains"]
    play.at(91)
    incident = play.incident()
    assert (incident.assisting, incident.assists) == ([], None)
    assert play.actions(incident_id).count("release") == 2


def test_an_added_unit_can_be_let_go(play: Any) -> None:
    incident_id = opened(play)
    play.command(incident_id, "assist", units=["drains"])
    assert play.command(incident_id, "release", unit="drains").outcome == "applied"
    assert play.incident().assisting == ["police"]
    assert code(play.command(incident_id, "release", unit="drains")) == "not_here"


# -- whistles ---------------------------------------------------------------------


def whistled(play: Any, *units: str) -> str:
    """A case for which these departments were called."""
    incident_id = opened(play)
    reply = play.command(
        incident_id, "whistle", reason="no power to enforce", ground="b", units=list(units)
    )
    assert reply.outcome == "applied", reply
    return incident_id


def test_each_whistled_department_has_its_own_time_and_stays_to_the_end(play: Any) -> None:
    incident_id = whistled(play, "police", "drains")
    play.at(10)
    reply = play.command(incident_id, "report", area="A", role="department", unit="police")
    assert reply.outcome == "applied"
    first, second = play.incident().whistles[0].departments
    assert (first.reported_at, first.late, second.reported_at) == (play.now, False, None)
    assert code(play.command(incident_id, "release", unit="drains")) == "not_before_the_end"
    reply = play.command(
        incident_id, "feedback", role="department", unit="police", reason="cleared"
    )
    assert reply.outcome == "applied"
    assert play.incident().whistles[0].departments[0].feedback == ["cleared"]
    play.at(25)
    play.command(incident_id, "resolve", role="unit")
    assert play.incident().whistles[0].departments[0].released_at is None
    play.command(incident_id, "close")
    released = [each.released_at for each in play.incident().whistles[0].departments]
    assert released == [play.now, play.now]
    assert play.incident().tally.whistles == 1


def test_e3_a_department_that_does_not_report_calls_the_district(play: Any) -> None:
    incident_id = whistled(play, "police", "drains")
    play.command(incident_id, "acknowledge")
    play.command(incident_id, "accept", role="unit")
    play.command(incident_id, "report", role="unit", unit="police")
    play.at(29)
    assert play.incident().tier == "street"
    play.at(31)
    incident = play.incident()
    assert (incident.tier, incident.escalations[-1].rule) == ("district", "E3")
    assert [each.late for each in incident.whistles[0].departments] == [False, True]
    reply = play.command(incident_id, "report", area="A1", role="department", unit="drains")
    assert reply.outcome == "applied"
    assert play.incident().whistles[0].departments[1].late


def test_a_whistle_names_a_ground_and_departments_that_exist(play: Any) -> None:
    incident_id = opened(play)

    def call(**arguments: Any) -> str:
        return code(play.command(incident_id, "whistle", reason="help", **arguments))

    assert call(ground="b") == "argument_missing"
    assert call(ground="d", units=["police"]) == "wrong_argument"
    assert call(ground="a", units=["nobody"]) == "unknown_unit"
    assert call(ground="a", units=["unknown"]) == "unknown_unit"  # stands for nobody
    assert call(ground="a", units=[]) == "wrong_argument"
    assert call(ground="a", units=["police"], colour="red") == "unknown_argument"
    reply = play.command(incident_id, "report", role="unit", unit="police")
    assert code(reply) == "not_called"
    play.command(incident_id, "whistle", reason="help", ground="a", units=["police"])
    assert call(ground="c", units=["police"]) == "already_called"
    play.command(incident_id, "report", role="unit", unit="police")
    reply = play.command(incident_id, "report", role="unit", unit="police")
    assert code(reply) == "reported_before"


# -- consultation, supervision ------------------------------------------------------


def test_a_consultation_is_one_at_a_time_and_ends_with_a_conclusion(play: Any) -> None:
    incident_id = opened(play)
    assert code(play.command(incident_id, "conclude", reason="x")) == "no_meeting"
    reply = play.command(incident_id, "consult", reason="whose?", units=["police", "drains"])
    assert reply.outcome == "applied"
    reply = play.command(incident_id, "consult", reason="again", units=["police"])
    assert code(reply) == "meeting_open"
    play.command(incident_id, "conclude", reason="drains does it")
    meeting = play.incident().consultation
    assert (meeting.conclusion, meeting.concluded_at) == ("drains does it", play.now)


def test_supervision_and_reminders_are_counted_and_told(play: Any) -> None:
    incident_id = opened(play, severity="IV", urgency="urgent")  # the district has a copy
    play.command(incident_id, "acknowledge")
    for _ in range(2):
        assert play.command(incident_id, "remind").outcome == "applied"
    reply = play.command(incident_id, "supervise", area="A", role="supervisor", reason="press")
    assert reply.outcome == "applied"
    reply = play.command(incident_id, "supervise", area="A2", reason="not mine")
    assert reply.outcome in ("forbidden", "not_found")
    incident = play.incident()
    assert (incident.tally.reminders, incident.tally.supervisions) == (2, 1)
    assert incident.supervisions[-1].area == "A"
    assert play.lit("street") == [("remind", "blue"), ("supervise", "yellow")]
    play.command(incident_id, "accept", role="unit")
    play.command(incident_id, "start", role="unit")
    assert play.lit("street") == [("supervise", "yellow")]
    play.command(incident_id, "resolve", role="unit")
    assert play.lit("street") == []


# -- rework and callback --------------------------------------------------------------


def test_a_failed_check_gives_the_same_unit_the_time_it_had_left(play: Any) -> None:
    report_id = play.report("cover")
    incident_id = play.incident().incident_id
    due = play.incident().due_at
    play.command(incident_id, "accept", role="unit", unit="drains")
    play.at(60)
    play.command(incident_id, "resolve", role="unit")
    play.at(80)
    assert play.command(incident_id, "check").outcome == "applied"
    assert play.incident().state == "checking"
    reply = play.command(incident_id, "check_failed", reason="still loose")
    assert reply.outcome == "applied"
    incident = play.incident()
    assert (incident.state, incident.unit, incident.resolved_at) == ("in_progress", "drains", None)
    assert incident.due_at == due + timedelta(minutes=20)
    assert (incident.reports[0].ended_at, incident.tally.reworks) == (None, 1)
    play.at(139)
    assert not play.incident().overdue
    play.at(141)
    assert play.incident().overdue
    play.update(report_id, "closed")
    assert play.incident().state == "closed"


def test_who_called_back_reopens_for_one_caller(play: Any) -> None:
    report_id = play.report("cover")
    incident_id = play.incident().incident_id
    play.update(report_id, "closed")
    assert code(play.command(incident_id, "reopen", reason="x")) == "argument_missing"
    reply = play.command(incident_id, "reopen", reason="x", report="calls/other")
    assert (reply.outcome, code(reply)) == ("not_found", "unknown_report")
    reply = play.command(incident_id, "reopen", reason="caller: still open", report=report_id)
    assert reply.outcome == "applied"
    incident = play.incident()
    assert (incident.state, incident.tally.reopens) == ("in_progress", 1)
    assert play.replies(report_id)[-1].outcome == "progress"


def test_a_departments_system_that_accepts_second_assists(play: Any) -> None:
    report_id = play.report("cover")
    play.update(report_id, "accepted", unit="drains")
    play.update(report_id, "accepted", unit="police")
    incident = play.incident()
    assert (incident.unit, [each.unit for each in incident.assists]) == ("drains", ["police"])
    play.update(report_id, "accepted", unit="police")
    play.update(report_id, "accepted", unit="nobody known")
    assert play.actions(incident.incident_id)[-2:] == ["inform", "inform"]


def test_a_caller_who_asks_again_is_counted_and_told(play: Any) -> None:
    report_id = play.report("gas")  # the street passes it on to the district
    for _ in range(2):
        play.update(report_id, "reminder", note="it still smells")
    incident = play.incident()
    assert incident.tally.reminders == 2
    assert (incident.supervisions[-1].by, incident.supervisions[-1].area) == ("sender", "A")
    assert ("remind", "blue") in play.lit("district")
    play.update(report_id, "closed")
    play.update(report_id, "reminder")
    assert play.actions(incident.incident_id)[-1] == "inform"
