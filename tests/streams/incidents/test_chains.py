"""Kinds that bring others (W18): learned by the city, proposed to people, known at every desk."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from schemas.alert import Answer
from schemas.command import Command, CommandEvent
from schemas.handoff import KnownChain
from schemas.terms import Actor
from streams import topics
from streams.incidents import chains, precursors, verdicts
from streams.incidents.turn import Turn
from streams.state import State
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

STREETS = ("A1", "A2", "A3", "B1", "D1")
DAYS = 16
CHAINS = {
    "version": "1",
    "title": "chain",
    "action": "make it a rule",
    "kinds": ["garbage", "cover", "water"],
    "learn_days": 10,
}
TRIGGERS = {
    **RULES["triggers"],
    "chains": CHAINS,
    "recurrence": None,
    "complaints": {"version": "1", "title": "c", "action": "a", "complaints": 2},
}


def _case(play: Play, kind: str, area: str, hour: float, name: str, east_m: float) -> None:
    moment = BEGIN + timedelta(hours=hour)
    play.report(kind, area=area, name=name, at=moment, east_m=east_m, self_handled=True, run=False)


def _pass(play: Play, hours: float) -> None:
    play.ticks(BEGIN + timedelta(hours=hours))
    play.city.run()


@pytest.fixture(scope="module")
def town() -> Play:
    """A town that has been watched for sixteen days."""
    play = Play(policy(triggers=TRIGGERS), mode="event")
    live(play)
    assert play.dead() == []
    return play


def live(play: Play) -> None:
    """Garbage brings loose covers within three hours, in its street; water comes by itself."""
    chance = random.Random(11)
    cases: list[tuple[float, str, str]] = []
    for street in STREETS:
        for _ in range(DAYS * 3):
            at = chance.uniform(0, DAYS * 24)
            cases.append((at, "garbage", street))
            if chance.random() < 0.6:
                cases.append((at + chance.uniform(0.5, 3), "cover", street))
        cases += [(chance.uniform(0, DAYS * 24), "cover", street) for _ in range(DAYS)]
        cases += [(chance.uniform(0, DAYS * 24), "water", street) for _ in range(DAYS * 2)]
    for number, (at, kind, street) in enumerate(cases):
        _case(play, kind, street, at, f"calls/{number}", chance.uniform(-9_000, 9_000))
    for day in range(DAYS + 1):
        _pass(play, 24 * (day + 1))


def _told(play: Play) -> list[Any]:
    return [a for a in play.heard("city.alerts") if a.trigger.id == "W18"]


def test_a_true_chain_is_proposed_with_its_figures_and_no_other(town: Play) -> None:
    told = _told(town)
    assert {alert.key for alert in told} == {"W18/C/garbage>cover"}
    first = told[0]
    assert (first.state, first.colour, first.kind) == ("opened", "blue", "cover")
    assert first.observed > first.interval[1] > first.expected
    assert first.contributions["lift"] > 1.5
    assert first.contributions["lift_low"] < first.contributions["lift"]
    assert 0.5 < first.contributions["lag_h"] < 3
    assert first.p < 1e-4
    assert first.window.end - first.window.start >= timedelta(days=10)
    assert 20 <= len(first.evidence) <= 50
    kinds = [town.incidents()[name].category.code for name in first.evidence]
    assert 0.3 < kinds.count("garbage") / len(kinds) < 0.7
    assert set(kinds) == {"garbage", "cover"}


def test_every_desk_is_told_and_names_the_cause_of_what_follows(town: Play) -> None:
    for stage, areas in (("city", {"C"}), ("district", {"A", "B", "D"}), ("street", set(STREETS))):
        assert areas <= set(town.city.entries(stage, "chain"))
    begins = (DAYS + 1) * 24
    _case(town, "garbage", "B1", begins + 1, "calls/precursor", 20_000)
    for number, (kind, street) in enumerate((("cover", "B1"), ("cover", "D1"), ("water", "B1"))):
        for caller in range(2):
            moment = BEGIN + timedelta(hours=begins + 2, minutes=5 * caller)
            town.report(
                kind, area=street, name=f"calls/after/{number}/{caller}", at=moment,
                east_m=30_000 + 5 * caller, run=False,
            )  # fmt: skip
    _pass(town, begins + 4)
    named = {
        (alert.area, alert.kind): [cause.kind for cause in alert.suspected]
        for alert in town.heard("street.alerts")
        if alert.trigger.id == "W9" and alert.state == "opened"
    }
    assert named == {
        ("B1", "cover"): ["garbage"],
        ("D1", "cover"): [],
        ("B1", "water"): [],
    }
    (cause,) = next(
        alert.suspected
        for alert in town.heard("street.alerts")
        if alert.trigger.id == "W9" and alert.suspected
    )
    assert cause.area == "B1"
    assert cause.incident_id in town.incidents()
    assert cause.lift > 1.5


def test_what_is_learned_is_of_bounded_size(town: Play) -> None:
    (learned,) = town.city.entries("city", "learned").values()
    assert len(learned) < 60_000
    for value in town.city.entries("street", "precursor").values():
        assert len(value) < 1_500


def _desk(known: Sequence[KnownChain]) -> Turn:
    rules = policy(triggers=TRIGGERS)
    turn = Turn(rules, "district", "A", State({}), BEGIN, "cause")
    turn.state.put(precursors.CHAINS, "A", list(known))
    return turn


def _known(cause: str, effect: str) -> KnownChain:
    return KnownChain(
        cause=cause, effect=effect, lift=4, low=3, high=5, lag_h=1, window_h=4,
        observed=40, expected=10, p=1e-9,
    )  # fmt: skip


def test_of_several_causes_the_nearest_is_named_before_the_newest_of_the_area() -> None:
    turn = _desk([_known("garbage", "cover")])
    for minutes, name, area, at in (
        (90, "near", "A1", (30.0, 104.001)),
        (60, "far", "A2", (30.0, 104.02)),
        (40, "beyond", "A2", (30.0, 104.2)),
        (30, "nowhere", "A2", None),
    ):
        precursors.note(turn, "garbage", name, area, BEGIN - timedelta(minutes=minutes), at)
    (named,) = precursors.suspected(turn, "cover", (30.0, 104.0), "A1")
    assert (named["incident_id"], named["distance_m"]) == ("near", pytest.approx(96, abs=1))
    # Without a place the newest counts, of its own street where it has one.
    (named,) = precursors.suspected(turn, "cover", None, "A1")
    assert (named["incident_id"], "distance_m" in named) == ("near", False)
    (named,) = precursors.suspected(turn, "cover")
    assert named["incident_id"] == "nowhere"
    # Across the border of a street a cause counts as far as the rule reaches, not further.
    (named,) = precursors.suspected(turn, "cover", (30.0, 104.021), "A3")
    assert named["incident_id"] == "far"
    assert precursors.suspected(turn, "cover", (31.0, 104.0), "A3") == []


def test_a_pair_that_people_found_wrong_is_named_and_told_no_more(town: Play) -> None:
    alert = _told(town)[-1]
    pair = alert.key.split("/")[-1]
    command = Command(
        command_id="wrong", subject={"kind": "alert", "id": alert.alert_id}, action="dismiss",
        actor=Actor(id="o", role="operator", tier="city", area="C"), reason="by chance",
        arguments={"key": alert.key, "answer": "false"},
    )  # fmt: skip
    event = CommandEvent(
        id="wrong", source="/desk", subject="wrong", time=BEGIN + timedelta(days=DAYS + 1),
        data=command,
    )  # fmt: skip
    town.city.publish(topics.CITY_INBOX, "C", event)
    town.city.run()
    assert [reply.outcome for reply in town.replies("wrong")] == ["applied"]
    assert _told(town)[-1].state == "withdrawn"
    for stage in ("city", "district", "street"):
        for stored in town.city.entries(stage, "chain").values():
            assert precursors.CHAINS.decode(stored) == []
    _case(town, "garbage", "A1", (DAYS + 2) * 24, "calls/next", 0.0)
    _case(town, "garbage", "A1", (DAYS + 3) * 24, "calls/after-that", 0.0)
    _pass(town, (DAYS + 5) * 24)
    assert _told(town)[-1].state == "withdrawn", "the same evidence does not say it again"
    assert pair in chains.DISMISSED.decode(town.city.entries("city", "dismissed")["C"])


def test_answers_move_the_lift_that_is_told_within_bounds() -> None:
    rules = policy(triggers=TRIGGERS)
    rule = rules.triggers.chains
    assert rule is not None
    needed: dict[Answer | None, float] = {}
    said: tuple[Answer | None, ...] = (None, "confirmed", "false")
    for answer in said:
        turn = Turn(rules, "city", "C", State({}), BEGIN, "cause")
        for _ in range(1_000):
            if answer is not None:
                verdicts.note(turn, rule.id, "cover", answer)
        needed[answer] = chains.needed_lift(turn, rule, "cover")
    assert needed[None] == rule.lift
    assert 1.1 < needed["confirmed"] < rule.lift < needed["false"] <= 1 + 10 * (rule.lift - 1)


def test_a_pair_says_the_lift_that_it_had_to_have(town: Play) -> None:
    first = _told(town)[0]
    assert first.fires_at == 1.5
    assert first.contributions["lift"] >= first.fires_at
