"""Operators answer warnings; the answer is told, counted, and never hides what must stay lit."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.alert import Alert
from schemas.outcome import Reply
from streams.incidents.verdicts import VERDICTS


def _warning(play: Any, trigger: str, tier: str = "street") -> Alert:
    (alert,) = [a for a in play.alerts(tier).values() if a.trigger.id == trigger]
    return alert  # type: ignore[no-any-return]


def _answer(play: Any, alert: Alert, action: str, **rest: Any) -> Reply:
    given = {"key": alert.key, **rest}
    area = given.pop("area", alert.area)
    return play.command(alert.alert_id, action, kind="alert", area=area, **given)  # type: ignore[no-any-return]


def _verdicts(play: Any, key: str) -> list[int]:
    stored = play.city.entries("street", "verdicts")[key]
    found = VERDICTS.decode(stored)
    return [found.confirmed, found.false, found.no_finding, found.duplicate]


def test_a_confirmed_warning_stays_and_is_counted(play: Any) -> None:
    play.finding("W3")
    assert _answer(play, _warning(play, "W3"), "confirm").outcome == "applied"
    alert = _warning(play, "W3")
    assert (alert.state, alert.answer, alert.answered_by) == (
        "revised",
        "confirmed",
        "operator@A1",
    )
    assert _verdicts(play, "A1/W3") == [1, 0, 0, 0]


def test_a_false_warning_is_withdrawn(play: Any) -> None:
    play.finding("W3")
    reply = _answer(play, _warning(play, "W3"), "dismiss", answer="false", reason="a bucket")
    assert reply.outcome == "applied"
    alert = _warning(play, "W3")
    assert (alert.state, alert.answer, alert.answer_reason) == ("withdrawn", "false", "a bucket")
    assert ("W3", "yellow") not in play.lit("street")
    again = _answer(play, alert, "confirm")
    assert (again.outcome, again.reason.code if again.reason else "") == (
        "not_found",
        "alert_not_lit",
    )


@pytest.mark.parametrize("grave", [{"colour": "red"}, {"trigger": "W5"}])
def test_red_and_hard_limits_stay_lit_whatever_anybody_says(
    make_play: Any, rules: Any, example: Any, grave: dict[str, str]
) -> None:
    triggers = dict(example["triggers"])
    if "trigger" in grave:
        triggers["limits"] = [
            {
                "id": "W5",
                "version": "1",
                "title": "deep",
                "device_class": "road_water",
                "observed_property": "depth",
                "category": "water",
                "action": "close it",
                "steps": [{"at": 10, "colour": "yellow", "severity": "IV"}],
                "clearing": {"at": 5},
            }
        ]
    play = make_play(rules(triggers=triggers))
    trigger = grave.get("trigger", "W3")
    play.finding(trigger, colour=grave.get("colour", "yellow"))
    alert = _warning(play, trigger)
    _answer(play, alert, "dismiss", answer="false", reason="looks dry")
    alert = _warning(play, trigger)
    assert (alert.state, alert.answer) == ("revised", "false")


def test_a_warning_without_a_case_is_answered_too(play: Any) -> None:
    play.rain("orange")
    alert = _warning(play, "W4", "city")
    assert _answer(play, alert, "dismiss", answer="no_finding", reason="dry").outcome == "applied"
    assert _warning(play, "W4", "city").state == "withdrawn"


def test_answers_that_cannot_be_taken_say_why(play: Any) -> None:
    play.finding("W3")
    alert = _warning(play, "W3")

    def code(reply: Reply) -> str:
        assert reply.reason is not None
        return reply.reason.code

    assert code(_answer(play, alert, "dismiss", answer="false")) == "reason_missing"
    assert code(_answer(play, alert, "dismiss", reason="x")) == "argument_missing"
    assert code(_answer(play, alert, "confirm", role="unit")) == "not_your_action"
    assert code(_answer(play, alert, "confirm", area="A2")) == "not_your_area"
    assert code(_answer(play, alert, "accept")) == "not_for_alerts"
    play.report("cover")
    play.at(15)
    late = [a for a in play.alerts("street").values() if a.scale == "supervision"]
    lit = next(a for a in late if a.state != "closed")
    assert code(_answer(play, lit, "confirm")) == "not_a_warning"
