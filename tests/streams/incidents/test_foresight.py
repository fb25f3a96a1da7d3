"""Sites are told of the weather before the harm (W13), seasons are prepared (W14)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from streams.policy.sites import SeasonRule
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

SITES = [
    {"id": "S1", "kind": "underpass", "street": "A1", "name": "under", "unit": "works",
     "from": "yellow"},
    {"id": "S2", "kind": "building", "street": "A1", "name": "tower", "unit": "works",
     "from": "orange"},
]  # fmt: skip
TRIGGERS = {
    **RULES["triggers"],
    "fan_out": {"version": "1", "title": "sites", "action": "pumps"},
    "seasons": [
        {
            "version": "1",
            "title": "before the rains",
            "action": "grates",
            "kinds": ["water"],
            "begins": "04-01",
            "lead_days": 29,
        }
    ],
}


@pytest.fixture
def city() -> Play:
    """The example with two sites in street A1 and one season from April on."""
    return Play(policy(sites=SITES, triggers=TRIGGERS))


def _told(play: Play, tier: str, trigger: str) -> list[Any]:
    return [
        event.data
        for kind, _, event in play.said
        if kind == f"{tier}.alerts" and event.data.trigger.id == trigger
    ]


def test_sites_are_told_as_the_warning_rises_and_ends(city: Play) -> None:
    city.rain("yellow")
    city.rain("orange")
    city.rain("orange", msg_type="Cancel")
    told = _told(city, "street", "W13")
    assert [(a.area, a.state, a.colour, a.evidence) for a in told] == [
        ("A1", "opened", "yellow", ["S1"]),
        ("A1", "raised", "orange", ["S1", "S2"]),
        ("A1", "closed", "orange", ["S1", "S2"]),
    ]
    assert told[0].owner == "works"
    assert "under" in told[0].title


def test_a_signal_too_light_for_any_site_tells_none(city: Play) -> None:
    city.rain("blue")
    assert _told(city, "street", "W13") == []


def test_a_season_is_announced_once_and_ends_when_it_begins() -> None:
    city = Play(policy(sites=SITES, triggers=TRIGGERS), mode="event")
    for day, east_m in ((0, 0), (1, 900), (2, 1_800), (31, 2_700)):
        city.report("water", at=BEGIN + timedelta(days=day), east_m=east_m, run=False)
    city.ticks(BEGIN + timedelta(days=40), final=True)
    city.city.run()
    told = _told(city, "district", "W14")
    assert [(a.area, a.state) for a in told] == [("A", "opened"), ("A", "closed")]
    assert told[0].opened_at.date() == date(2026, 3, 3), "29 days before the first of April"
    assert told[0].expires_at is not None
    assert told[1].changed_at == told[0].expires_at


def test_seasons_come_every_year() -> None:
    rule = SeasonRule.model_validate(TRIGGERS["seasons"][0])
    assert rule.warned_between(date(2026, 3, 2), date(2026, 3, 3)) == date(2026, 4, 1)
    assert rule.warned_between(date(2026, 3, 3), date(2026, 3, 30)) is None
    assert rule.warned_between(date(2026, 12, 1), date(2027, 4, 5)) == date(2027, 4, 1)
    with pytest.raises(ValidationError, match="month and day"):
        SeasonRule.model_validate({**TRIGGERS["seasons"][0], "begins": "4-1"})
