"""More time and less blame: suspension, extension and appeal, each asked for and decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest


def in_work(play: Any, kind: str = "cover") -> tuple[str, str]:
    """A report whose case a unit has accepted; report id and incident id."""
    report_id = play.report(kind)
    incident_id = play.incident().incident_id
    assert play.command(incident_id, "accept", role="unit").outcome == "applied"
    return report_id, incident_id


def ask(play: Any, incident_id: str, what: str, **arguments: Any) -> Any:
    """The unit asks for time."""
    return play.command(
        incident_id, "request", role="unit", reason="parts missing", **{"for": what}, **arguments
    )


def until(play: Any, **length: float) -> str:
    """A moment so long from now, as an argument."""
    return str((play.now + timedelta(**length)).isoformat())


def code(reply: Any) -> str:
    """Why an order was refused."""
    return str(reply.reason.code)


def test_a_suspension_stands_still_and_ends_by_itself(play: Any) -> None:
    report_id, incident_id = in_work(play)
    due = play.incident().due_at
    play.at(30)
    assert ask(play, incident_id, "suspension", until=until(play, days=2)).outcome == "applied"
    assert play.incident().asked.what == "suspension"
    assert play.incident().state == "accepted"
    assert play.command(incident_id, "suspend").outcome == "applied"
    incident = play.incident()
    assert (incident.state, incident.asked) == ("suspended", None)
    told = play.replies(report_id)[-1]
    assert told.outcome == "progress"
    assert "parts missing" in told.result
    play.at(30 + 2 * 1440 - 1)
    assert (play.incident().state, play.incident().overdue) == ("suspended", False)
    play.at(30 + 2 * 1440 + 1)
    incident = play.incident()
    assert (incident.state, incident.due_at) == ("in_progress", due + timedelta(days=2))
    assert incident.suspension.resumed_at == incident.suspension.until
    assert play.actions(incident_id)[-1] == "resume"
    play.at(30 + 2 * 1440 + 91)
    assert play.incident().overdue


def test_an_early_end_of_a_suspension_gives_back_only_what_was_used(play: Any) -> None:
    _, incident_id = in_work(play)
    due = play.incident().due_at
    ask(play, incident_id, "suspension", until=until(play, days=2))
    play.command(incident_id, "suspend")
    play.at(60)
    assert play.command(incident_id, "resume").outcome == "applied"
    assert play.incident().due_at == due + timedelta(hours=1)


def test_what_is_resolved_while_suspended_has_its_own_limit_back(play: Any) -> None:
    report_id, incident_id = in_work(play)
    due = play.incident().due_at
    ask(play, incident_id, "suspension", until=until(play, days=2))
    play.command(incident_id, "suspend")
    play.at(60)
    play.update(report_id, "closed")
    incident = play.incident()
    assert (incident.state, incident.due_at) == ("closed", due + timedelta(hours=1))
    assert incident.suspension.resumed_at == play.now


def test_a_suspension_is_asked_for_by_the_unit_granted_by_the_owner_and_given_once(
    play: Any,
) -> None:
    _, incident_id = in_work(play)
    assert code(play.command(incident_id, "suspend", until=until(play, days=1))) == "not_asked"
    reply = play.command(
        incident_id, "request", role="operator", reason="x", **{"for": "suspension"}
    )
    assert code(reply) == "not_your_action"
    assert code(ask(play, incident_id, "suspension")) == "wrong_end"
    assert code(ask(play, incident_id, "suspension", until=until(play, days=400))) == "wrong_end"
    assert code(ask(play, incident_id, "suspension", until="soon")) == "wrong_argument"
    ask(play, incident_id, "suspension", until=until(play, days=1))
    assert code(ask(play, incident_id, "extension")) == "already_asked"
    assert code(play.command(incident_id, "suspend", role="unit")) == "not_your_action"
    assert play.command(incident_id, "suspend").outcome == "applied"
    assert play.command(incident_id, "resume").outcome == "applied"
    assert (
        code(ask(play, incident_id, "suspension", until=until(play, days=1))) == "suspended_before"
    )


@pytest.mark.parametrize("what", ["suspension", "extension"])
def test_nobody_asks_for_time_after_the_limit(play: Any, what: str) -> None:
    _, incident_id = in_work(play, "cover")
    play.at(119)
    ask(play, incident_id, what, until=until(play, days=1))
    play.at(121)
    assert play.incident().overdue
    action = "suspend" if what == "suspension" else "extend"
    reply = play.command(incident_id, action, area="A")
    assert (reply.outcome, code(reply)) == ("conflict", "already_overdue")
    play.command(incident_id, "refuse", area="A", reason="too late")
    assert code(ask(play, incident_id, what, until=until(play, days=1))) == "already_overdue"


def test_an_extension_is_one_more_original_limit_and_two_are_granted(play: Any) -> None:
    report_id, incident_id = in_work(play)
    due = play.incident().due_at
    for number in (1, 2):
        ask(play, incident_id, "extension")
        assert play.command(incident_id, "refuse", reason="go on").outcome == "applied"
        ask(play, incident_id, "extension")
        assert play.command(incident_id, "extend").outcome == "applied"
        assert play.incident().due_at == due + number * timedelta(hours=2)
    assert code(ask(play, incident_id, "extension")) == "no_more_extensions"
    incident = play.incident()
    assert incident.tally.extensions == len(incident.extensions) == 2
    assert play.replies(report_id)[-1].due_at == incident.due_at
    play.at(359)
    assert not play.incident().overdue
    play.at(361)
    assert play.incident().overdue


def test_an_appeal_keeps_the_fact_and_takes_it_out_of_statistics(play: Any) -> None:
    report_id = play.report("cover", due_at=play.now + timedelta(minutes=90))
    incident_id = play.incident().incident_id
    play.command(incident_id, "accept", role="unit")
    play.at(125)
    assert code(play.command(incident_id, "appeal", role="unit", reason="x")) == "not_allowed_now"
    play.update(report_id, "closed")
    assert play.command(incident_id, "appeal", role="unit", reason="rain").outcome == "applied"
    assert code(play.command(incident_id, "appeal", role="unit", reason="x")) == "appealed_before"
    reply = play.command(
        incident_id, "decide_appeal", area="A", reason="it rained", verdict="granted"
    )
    assert reply.outcome == "applied"
    incident = play.incident()
    assert (incident.overdue, incident.reports[0].overdue, incident.exempt) == (True, True, True)
    reply = play.command(incident_id, "decide_appeal", area="A", reason="x", verdict="refused")
    assert code(reply) == "nothing_asked"
    assert play.actions(incident_id)[-2:] == ["appeal", "decide_appeal"]


def test_nobody_appeals_against_what_was_in_time(play: Any) -> None:
    report_id, incident_id = in_work(play)
    play.update(report_id, "closed")
    assert code(play.command(incident_id, "appeal", role="unit", reason="x")) == "not_overdue"
