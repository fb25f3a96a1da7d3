"""A unit that will not make it is warned of before it is late (W11)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.streams.incidents.play import BEGIN, RULES, Play, policy

TRIGGERS = {
    **RULES["triggers"],
    "deadline_risk": {"version": "1", "title": "late", "action": "press", "at_least": 2},
}


@pytest.fixture
def city() -> Play:
    """The example, whose units are slow: each case takes two and a half hours."""
    play = Play(policy(triggers=TRIGGERS))
    for number in range(30):
        name = play.report("garbage", name=f"calls/{number}", east_m=100.0 * number)
        play.at(_minute(play) + 150)
        play.update(name, "closed")
    return play


def _minute(play: Play) -> float:
    return (play.now - BEGIN).total_seconds() / 60


def _told(play: Play) -> list[Any]:
    return [
        event.data
        for kind, _, event in play.said
        if kind == "street.alerts" and event.data.trigger.id == "W11"
    ]


def test_it_warns_before_the_limit_and_ends_with_the_work(city: Play) -> None:
    assert _told(city) == []
    start = _minute(city)
    names = [city.report("cover", east_m=100.0 * number) for number in range(40, 46)]
    covers = [each for each in city.incidents().values() if each.category.code == "cover"]
    first = min(each.due_at for each in covers if each.due_at is not None)
    city.at(start + 61)
    (opened,) = _told(city)
    assert (opened.state, opened.owner, opened.evidence_count) == ("opened", "works", 6)
    assert opened.changed_at < first
    assert opened.lead_time_s == (first - opened.changed_at).total_seconds()
    for name in names:
        city.update(name, "closed")
    city.at(start + 2_000)
    assert _told(city)[-1].state == "closed"
    assert city.city.entries("street", "followed") == {}


def test_a_case_that_goes_to_another_unit_is_followed_there(city: Play) -> None:
    city.report("cover", east_m=4_000)
    case = next(each for each in city.incidents().values() if each.category.code == "cover")
    city.command(case.incident_id, "redispatch", unit="drains")
    followed = city.city.entries("street", "followed")
    assert followed == {f"A1/{case.incident_id}": b"drains"}
