"""A place that complains more than its own past lets expect (W17), beside the plain rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.streams.incidents.play import RULES, Play, policy

REPEATS = {"version": "1", "title": "beyond its past", "action": "go and look", "learn_days": 20}
DAY_MIN = 24 * 60


@pytest.fixture
def town() -> Play:
    """The small city, with a street that has complained here and there for a month."""
    played = Play(policy(triggers={**RULES["triggers"], "repeats": REPEATS}))
    for day in range(30):
        played.at(day * DAY_MIN)
        played.update(played.report("water", east_m=1_000 + 300 * day), "closed")
    return played


def _told(play: Play, tier: str = "street") -> list[Any]:
    return [
        alert
        for alert in play.heard(f"{tier}.alerts")
        if alert.trigger.id in ("W8", "W9", "W17") and alert.scale == "warning"
    ]


def _again(play: Play, day: float, east_m: float = 0.0) -> None:
    play.at(day * DAY_MIN)
    play.update(play.report("water", east_m=east_m), "closed")


def test_a_quiet_place_in_trouble_is_told_before_the_plain_rule_counts_to_three(town: Play) -> None:
    _again(town, 31)
    _again(town, 31.6)
    (told,) = _told(town)
    assert (told.trigger.id, told.state, told.observed) == ("W17", "opened", 2.0)
    assert told.p < 1e-3
    assert told.interval[0] <= told.expected <= told.interval[1] < told.observed
    assert told.contributions["surprise"] > 3
    (problem,) = town.problems().values()
    assert (problem.rule, problem.incident_count) == ("W17", 2)
    assert len(told.evidence) == 2


def test_both_rules_are_one_episode_that_only_rises(town: Play) -> None:
    for day in (31, 31.6, 32.2, 32.8, 33.4):
        _again(town, day)
    told = _told(town)
    assert {alert.alert_id for alert in told} == {told[0].alert_id}
    assert [alert.revision for alert in told] == list(range(1, len(told) + 1))
    joined = next(alert for alert in told if alert.also)
    assert [rule.id for rule in joined.also] == ["W8"]
    assert "beyond its past" in joined.title
    assert "again" in joined.title
    order = ["blue", "yellow", "orange", "red"]
    ranks = [order.index(alert.colour) for alert in told]
    assert ranks == sorted(ranks)
    assert ranks[-1] >= order.index("yellow")
    town.at(80 * DAY_MIN)
    assert _told(town)[-1].state == "closed"


def test_a_place_that_always_complains_shows_nothing_new_by_complaining(town: Play) -> None:
    # Four months of it have taught the street what the place is like.
    before = 31 + 5 * 24
    for time in range(24):
        _again(town, 31 + 5 * time)
    learned = _told(town)
    for time in range(8):
        _again(town, before + 5 * time)
    later = _told(town)[len(learned) :]
    assert [(alert.state, alert.p) for alert in later] == [("revised", learned[-1].p)]
    assert later[0].evidence_count == 32, "its cases have doubled, and that is all"


def test_several_callers_within_hours_repeat_nothing(town: Play) -> None:
    town.at(31 * DAY_MIN)
    for _ in range(6):
        town.report("water")
    assert {alert.trigger.id for alert in _told(town)} == {"W9"}


def test_what_the_desk_dismissed_is_not_said_again_at_each_complaint(town: Play) -> None:
    _again(town, 31)
    _again(town, 31.6)
    (told,) = _told(town)
    reply = town.command(
        told.alert_id, "dismiss", kind="alert", reason="a party", key=told.key, answer="no_finding"
    )
    assert reply.outcome == "applied"
    assert _told(town)[-1].state == "withdrawn"
    _again(town, 32.3)
    fresh = _told(town)[-1]
    assert (fresh.trigger.id, fresh.state) == ("W8", "opened"), "the plain rule is not dismissed"


def test_kinds_that_are_not_watched_are_not_remembered() -> None:
    rules = {**REPEATS, "kinds": ["cover"]}
    play = Play(policy(triggers={**RULES["triggers"], "repeats": rules}))
    play.report("water")
    assert play.city.entries("street", "complained") == {}
    play.report("cover")
    assert len(play.city.entries("street", "complained")) == 1


def test_what_is_remembered_of_a_place_is_bounded(town: Play) -> None:
    for times in range(40):
        _again(town, 31 + 0.6 * times)
    sizes = [len(value) for value in town.city.entries("street", "complained").values()]
    assert max(sizes) <= 8 + 150
    assert max(map(len, town.city.entries("street", "pace").values())) <= 8 + 290
