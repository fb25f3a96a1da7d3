"""Operators' answers reach the stage that watches devices, and move what is only improbable."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alert import Answer
from schemas.codec import encode
from schemas.command import Command, CommandEvent
from schemas.terms import Actor
from streams.policy import Policy
from streams.state import State
from streams.warning import opinions
from streams.warning.opinions import OPINIONS
from tests.streams.incidents.play import Play
from tests.streams.incidents.play import policy as example
from tests.streams.sensing.conftest import NOON, Lane
from tests.streams.sensing.test_odd_devices import GAS, MINUTES_10, _breath, _told

WARM = 400


def _answers(lane: Lane, trigger: str, answer: Answer, times: int, **changes: Any) -> list[Any]:
    """A street passes on what its operators answered; dead letters that follow."""
    dead = []
    for number in range(times):
        command = Command(
            command_id=f"{trigger}/{answer}/{number}",
            subject={"kind": "alert", "id": "a"},
            action="confirm" if answer == "confirmed" else "dismiss",
            actor=Actor(id="o", role="operator", tier="street", area="990101001"),
            reason="seen",
            arguments={
                "trigger": trigger,
                "answer": answer,
                "device": changes.get("key", "d1/lel"),
            },
        )
        event = CommandEvent(
            id=f"{command.command_id}/{lane.offset}",
            source=changes.get("source", "/street/990101001"),
            subject="a",
            time=NOON,
            data=command,
        )
        dead += lane.give(encode(event), b"d1")
    return [message.data for _, _, message in dead]


def _first_told(policy: Policy, answer: Answer | None, times: int = 30) -> float:
    """The smallest reading, after weeks of clean air, that is told as unusual; fires_at of it."""
    for value in range(2, 40):
        lane = Lane(policy)
        _told(lane, _breath(7, WARM))
        if answer is not None:
            assert _answers(lane, "W15", answer, times) == []
        found = lane.findings(GAS, value / 4, WARM * MINUTES_10)
        if found:
            return value / 4
    raise AssertionError("nothing was unusual enough")


def test_answers_make_a_device_easier_or_harder_to_believe(policy: Policy) -> None:
    usual = _first_told(policy, None)
    assert _first_told(policy, "confirmed") < usual < _first_told(policy, "false")
    assert _first_told(policy, "duplicate") == usual, "a duplicate says nothing about the device"


def test_a_finding_says_how_improbable_it_had_to_be(policy: Policy) -> None:
    told = {}
    for answer in ("confirmed", "false"):
        lane = Lane(policy)
        _told(lane, _breath(7, WARM))
        _answers(lane, "W15", answer, 30)
        (finding,) = lane.findings(GAS, 18.0, WARM * MINUTES_10)
        assert finding.p < finding.fires_at
        assert finding.expected == pytest.approx(1.2, abs=0.6)
        told[answer] = finding.fires_at
    assert told["confirmed"] > told["false"]


def test_no_answer_moves_a_hard_limit(policy: Policy) -> None:
    lane = Lane(policy)
    lane.findings(GAS, 1.0)
    letters = _answers(lane, "W2", "false", 2)
    assert [letter.reason.code for letter in letters] == ["not_for_this_stage"] * 2
    assert [f.trigger for f in lane.findings(GAS, 25.0, 60)] == ["W2"]


def test_what_no_tier_of_ours_says_is_set_aside(policy: Policy) -> None:
    lane = Lane(policy)
    lane.findings(GAS, 1.0)
    (stranger,) = _answers(lane, "W15", "false", 1, source="/gateway/1")
    assert stranger.reason.code == "not_for_this_stage"
    (unknown,) = _answers(lane, "W15", "false", 1, key="d9/lel")
    assert unknown.reason.code == "unknown_device"
    assert [key for key in lane.partition.base if b"opinion/" in key] == []


@given(st.lists(st.sampled_from(["confirmed", "false", "no_finding", "duplicate"]), max_size=60))
def test_thresholds_move_within_bounds(said: list[Answer]) -> None:
    state = State({})
    for answer in said:
        opinions.note(state, "W15", "gas/lel", "d1/lel", answer)
    for key in ("d1/lel", "d2/lel"):
        factor = opinions.factor(state, "W15", "gas/lel", key)
        assert 0.1 <= factor <= 10
        assert abs(opinions.eased(factor)) <= opinions.EASE + 1e-9
        assert 0.4 < opinions.needed_chance(0.7, factor) < 0.9
        if "confirmed" not in said and {"false", "no_finding"} & set(said):
            assert factor < 1
            assert opinions.needed_chance(0.7, factor) > 0.7
    assert opinions.factor(state, "W15", "water/depth", "w/depth") == 1.0


def test_a_street_passes_its_answer_on_to_the_device_and_counts_a_second_click_once() -> None:
    anomaly = {"id": "W15", "version": "1", "title": "odd", "action": "look", "category": "water"}
    play = Play(example(triggers={**example().triggers.model_dump(), "anomaly": anomaly}))
    play.finding("W15", colour="blue", severity="V", threshold=None, p=0.01,
                 finding_id="g/7/depth/W15/20260302T010000.000000Z")  # fmt: skip
    (alert,) = [a for a in play.alerts("street").values() if a.trigger.id == "W15"]
    for _ in range(2):
        reply = play.command(alert.alert_id, "confirm", kind="alert", key=alert.key)
        assert reply.outcome == "applied"
    told = [(key, event) for name, key, event in play.said if name == "sensing.readings"]
    assert [key for key, _ in told] == ["g/7"]
    assert told[0][1].data.arguments == {
        "trigger": "W15", "answer": "confirmed", "device": "g/7/depth",
    }  # fmt: skip
    counted = play.city.entries("street", "verdicts")
    assert orjson.loads(counted["A1/W15"]) == [1, 0, 0, 0]
    reply = play.command(
        alert.alert_id, "dismiss", kind="alert", key=alert.key, answer="false", reason="no"
    )
    assert reply.outcome == "applied"
    counted = play.city.entries("street", "verdicts")
    assert orjson.loads(counted["A1/W15"]) == [0, 1, 0, 0], "who changes his mind counts once"


def test_the_answer_travels_through_every_stage(policy: Policy) -> None:
    """From the reading to the finding, the operator's answer, and back to the device's lane."""
    play = Play(policy, whole=True)
    street = "990101001"
    for at, value in enumerate(_breath(7, WARM)):
        play.at(10.0 * at)
        play.reading("probe", GAS, "lel", "%", value, street, 30.05, 126.01)
    play.at(10.0 * WARM)
    play.reading("probe", GAS, "lel", "%", 18.0, street, 30.05, 126.01)
    (alert,) = [a for a in play.alerts("street").values() if a.trigger.id == "W15"]
    assert alert.fires_at is not None
    assert alert.p is not None
    assert alert.p < alert.fires_at
    reply = play.command(
        alert.alert_id, "dismiss", area=street, kind="alert", key=alert.key,
        answer="false", reason="the probe was cleaned",
    )  # fmt: skip
    assert reply.outcome == "applied"
    kept = {
        key: OPINIONS.decode(value)
        for key, value in play.city.entries("sensing", "opinion").items()
    }
    assert set(kept) == {f"W15/{GAS}/lel", "W15/probe/lel"}
    assert all(verdicts.false == 1 for verdicts in kept.values())
    assert play.dead() == []
