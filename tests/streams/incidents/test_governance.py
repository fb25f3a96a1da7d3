"""Problems are given a cause, a measure and a review; what comes back is a relapse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.outcome import Problem, Reply
from tests.streams.incidents.play import BEGIN

DAY = 24 * 60


def _three(play: Any) -> Problem:
    """Three cases at one place in three days."""
    for day in range(3):
        play.at(day * DAY)
        play.update(play.report("water"), "closed")
    (problem,) = play.problems().values()
    return problem  # type: ignore[no-any-return]


def _order(play: Any, action: str, **rest: Any) -> Reply:
    (problem_id,) = play.problems()
    return play.command(problem_id, action, kind="problem", **rest)  # type: ignore[no-any-return]


def _now(play: Any) -> Problem:
    (problem,) = play.problems().values()
    return problem  # type: ignore[no-any-return]


def _measure(play: Any, **rest: Any) -> Reply:
    review = (play.now + timedelta(days=20)).isoformat()
    return _order(
        play, "measure", measure="a wider grate", cause="leaves", review_at=review, **rest
    )


def test_a_problem_gets_a_cause_a_measure_and_an_owner(play: Any) -> None:
    _three(play)
    assert _measure(play).outcome == "applied"
    problem = _now(play)
    assert (problem.state, problem.cause, problem.measure) == (
        "measured",
        "leaves",
        "a wider grate",
    )
    assert problem.changed_by == "operator@A1"


def test_a_measure_waits_for_somebody_to_look(play: Any) -> None:
    _three(play)
    _measure(play)
    play.at(40 * DAY)
    assert _now(play).state == "measured", "quiet, but nobody has looked"
    review = _order(play, "review", verdict="effective", reason="no water since")
    assert review.outcome == "applied"
    play.at(80 * DAY)
    problem = _now(play)
    assert (problem.state, problem.effective, problem.reviews) == ("closed", True, 1)


def test_a_measure_that_did_not_help_opens_it_again(play: Any) -> None:
    _three(play)
    _measure(play)
    _order(play, "review", verdict="not_effective", reason="still floods")
    assert (_now(play).state, _now(play).effective) == ("opened", False)


def test_a_case_within_sixty_days_of_the_end_is_a_relapse(play: Any) -> None:
    _three(play)
    _order(play, "close", reason="grate replaced")
    assert _now(play).closed_at is not None
    play.at(50 * DAY)
    play.report("water")
    problem = _now(play)
    assert (problem.state, problem.recurred, problem.closed_at) == ("opened", 1, None)


def test_after_sixty_days_it_is_forgotten(play: Any) -> None:
    _three(play)
    _order(play, "close", reason="grate replaced")
    play.at(70 * DAY)
    assert play.city.entries("street", "problem") == {}
    assert play.city.entries("street", "problem-id") == {}


def test_orders_that_cannot_be_followed_say_why(play: Any) -> None:
    _three(play)

    def refused(reply: Reply) -> str:
        assert reply.reason is not None
        return reply.reason.code

    assert refused(_order(play, "review", verdict="effective", reason="x")) == ("not_allowed_now")
    assert refused(_order(play, "close")) == "reason_missing"
    assert refused(_order(play, "accept")) == "not_for_problems"
    assert refused(_order(play, "measure", measure="m")) == "argument_missing"
    assert refused(_measure(play, role="unit")) == "not_your_action"
    assert refused(_measure(play, version=9)) == "stale_version"
    assert refused(_measure(play, area="A2")) == "unknown_problem"
    assert refused(
        _order(
            play,
            "measure",
            measure="m",
            review_at=(BEGIN - timedelta(1)).isoformat(),
        )
    ) == ("wrong_argument")


def test_the_district_can_order_about_a_streets_problem(play: Any) -> None:
    _three(play)
    assert _measure(play, area="A").outcome == "applied"
