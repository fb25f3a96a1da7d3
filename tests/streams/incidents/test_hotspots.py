"""Hotspots (W16): more cases around a place than the level of the day explains."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from schemas.command import Command, CommandEvent
from streams import topics
from streams.policy import Policy
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

LEARN = 12
HOTSPOTS = {
    "version": "1",
    "title": "hotspot",
    "action": "look for the cause",
    "groups": [{"name": "mess", "title": "mess", "kinds": ["garbage"]}],
    "learn_days": LEARN,
    "every_s": 21_600,
}


def _rules(**changes: Any) -> Policy:
    return policy(triggers={**RULES["triggers"], "hotspots": {**HOTSPOTS, **changes}})


def _day(
    play: Play, day: int, chance: random.Random, around_m: float | None = None, times: int = 1
) -> None:
    """Thirty cases over eight kilometres, and nine more around a place."""
    at = [(chance.random(), chance.uniform(-4_000, 4_000)) for _ in range(30 * times)]
    if around_m is not None:
        at += [(chance.random(), around_m + chance.uniform(-350, 350)) for _ in range(9)]
    for number, (share, east_m) in enumerate(at):
        _case(play, f"{day}/{number}", day + share, chance.choice(["A1", "A2"]), east_m)
    _pass(play, day + 1)


def _case(play: Play, name: str, day: float, area: str, east_m: float) -> None:
    moment = BEGIN + timedelta(days=day)
    play.report(
        "garbage", area=area, name=f"calls/{name}", at=moment, east_m=east_m,
        self_handled=True, run=False,
    )  # fmt: skip


def _pass(play: Play, days: float) -> None:
    play.ticks(BEGIN + timedelta(days=days))
    play.city.run()


@pytest.fixture(scope="module")
def past() -> tuple[Play, random.Random]:
    """Two streets of a district that have been learned."""
    chance = random.Random(4)
    played = Play(_rules(), mode="event")
    for day in range(LEARN + 3):
        _day(played, day, chance)
    return played, chance


def _told(play: Play, tier: str = "district") -> list[Any]:
    return [a for a in play.heard(f"{tier}.alerts") if a.trigger.id == "W16"]


def _confirm(play: Play, alert: Any) -> None:
    data = Command.model_validate(
        {
            "command_id": "answer",
            "subject": {"kind": "alert", "id": alert.alert_id},
            "action": "confirm",
            "actor": {"id": "a", "role": "operator", "tier": "district", "area": "A"},
            "arguments": {"key": alert.key},
        }
    )
    event = CommandEvent(
        id="answer", source="/desk", subject=alert.alert_id, time=alert.changed_at, data=data
    )
    play.city.publish(topics.INBOXES["district"], "A", event)


def test_a_hotspot_opens_says_where_is_answered_becomes_a_problem_and_ends(
    past: tuple[Play, random.Random],
) -> None:
    play, chance = past
    assert _told(play) == [], "a quiet city has none"
    for day in range(LEARN + 3, LEARN + 6):
        _day(play, day, chance, around_m=1_500)
    told = _told(play)
    first = told[0]
    assert (first.state, first.area, first.tier) == ("opened", "A", "district")
    assert len({alert.alert_id for alert in told}) == 1
    assert first.p <= 0.01
    assert first.interval[0] <= first.expected <= first.interval[1] < first.observed
    assert first.geometry is not None
    assert 1 <= len(first.geometry.cells) <= 50
    metres = (first.geometry.lon - 104.0) * 0.8660254 * 111_195
    assert abs(metres - 1_500) < 1_000 * first.geometry.radius_km
    assert first.evidence
    assert set(first.evidence) <= set(play.incidents())
    assert first.evidence_count == first.observed
    ranks = [("blue", "yellow", "orange", "red").index(alert.colour) for alert in told]
    assert ranks == sorted(ranks)
    (problem,) = [p for p in play.problems().values() if p.rule == "W16"]
    assert problem.area == "A"
    assert set(first.evidence) <= set(problem.incidents)
    assert first.fires_at == pytest.approx(0.01)
    _confirm(play, first)
    for day in range(LEARN + 6, LEARN + 18):
        _day(play, day, chance)
    assert _told(play)[-1].state == "closed"
    for day in range(LEARN + 18, LEARN + 21):
        _day(play, day, chance, around_m=-2_000)
    later = next(alert for alert in _told(play) if alert.alert_id != first.alert_id)
    assert "applied" in {reply.outcome for reply in play.heard("replies")}
    assert later.fires_at > 0.012, "what was confirmed is told sooner"
    sizes = [len(value) for value in play.city.entries("district", "scan").values()]
    assert max(sizes) < 120_000
    assert play.dead() == []


def test_more_everywhere_is_no_hotspot() -> None:
    chance = random.Random(9)
    play = Play(_rules(), mode="event")
    for day in range(LEARN + 2):
        _day(play, day, chance)
    for day in range(LEARN + 2, LEARN + 4):
        _day(play, day, chance, times=3)
    assert _told(play) == []
    assert play.dead() == []


def test_a_cluster_across_a_border_is_seen_by_the_city_if_the_policy_lets_it_look() -> None:
    chance = random.Random(6)
    play = Play(_rules(tiers=["district", "city"]), mode="event")
    for day in range(LEARN + 6):
        for n in range(36 if day < LEARN + 3 else 48):
            east_m = chance.uniform(-4_000, 4_000) if n < 36 else chance.uniform(-300, 300)
            area = ("A1", "B1", "D1")[n % 3]
            _case(play, f"{day}/{n}", day + chance.random(), area, east_m)
        _pass(play, day + 1)
    assert play.dead() == []
    (alert, *_) = _told(play, "city")
    assert alert.area == "C"
    assert {incident.split("-")[0] for incident in alert.evidence} == {"A1", "B1", "D1"}


def test_who_told_first_changes_nothing() -> None:
    told = []
    for order in (1, -1):
        chance = random.Random(4)
        play = Play(_rules(learn_days=6), mode="event")
        for day in range(9):
            cases = []
            for n in range(30 if day < 7 else 50):
                east_m = chance.uniform(-4_000, 4_000) if n < 30 else chance.uniform(0, 500)
                cases.append((f"{day}/{n}", day + chance.random(), ("A1", "A2")[n % 2], east_m))
            for case in cases[::order]:
                _case(play, *case)
            _pass(play, day + 1)
        told.append([alert.model_dump() for alert in _told(play)])
    assert told[0]
    assert told[0] == told[1]


def test_without_the_rule_nothing_is_told_one_by_one() -> None:
    play = Play(policy(), mode="event")
    for day in range(2):
        _day(play, day, random.Random(1))
    assert play.city.entries("district", "awaited") == {}
    assert play.city.entries("district", "scan") == {}
