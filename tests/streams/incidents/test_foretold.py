"""A forecast and the limit that it foretells are one warning of one case (W19, W3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.streams.incidents.play import RULES, Play, policy

SAME = {
    "version": "1",
    "device_class": "road_water",
    "observed_property": "depth",
    "category": "water",
    "action": "pump",
}
TRIGGERS = {
    **RULES["triggers"],
    "limits": [
        {
            **SAME,
            "id": "W3",
            "title": "water",
            "steps": [{"at": 10, "colour": "blue", "severity": "IV"}],
            "clearing": {"at": 2},
        }
    ],
    "forecasts": [{**SAME, "title": "will come", "limit": "W3", "at": 10}],
}
DEVICES = {"road_water": {"name": "gauge", "properties": {"depth": {"unit": "cm"}}}}


@pytest.fixture
def town() -> Play:
    return Play(policy(triggers=TRIGGERS, devices=DEVICES))


def _foretold(play: Play, phase: str = "opened", **fields: Any) -> str:
    said = {
        "colour": "blue",
        "severity": "V",
        "observed": 4.0,
        "chance": 0.93,
        "lead_time_s": 2400.0,
        "expected": 14.0,
        "interval": (9.0, 21.0),
        **fields,
    }
    return play.finding("W19", phase, finding_id="gauge-1/depth/W3/1", **said)


def _warnings(play: Play) -> list[Any]:
    return [alert for alert in play.heard("street.alerts") if alert.scale == "warning"]


def test_the_forecast_says_how_sure_and_how_soon(town: Play) -> None:
    _foretold(town)
    (alert,) = _warnings(town)
    assert (alert.trigger.id, alert.chance, alert.lead_time_s) == ("W19", 0.93, 2400.0)
    assert (alert.expected, alert.interval, alert.threshold) == (14.0, (9.0, 21.0), 10.0)
    assert town.incident().severity == "V"


def test_the_limit_raises_the_same_warning_and_calls_again(town: Play) -> None:
    finding_id = _foretold(town)
    town.at(35)
    town.finding("W3", "raised", finding_id=finding_id, colour="blue", observed=11.0)
    told = _warnings(town)
    assert {alert.alert_id for alert in told} == {told[0].alert_id}
    assert [(alert.trigger.id, alert.state) for alert in told] == [
        ("W19", "opened"),
        ("W3", "raised"),
    ]
    assert [rule.id for rule in told[-1].also] == ["W19"]
    assert town.incident().severity == "IV"
    town.finding("W3", "cleared", finding_id=finding_id, observed=1.0)
    assert town.lit("street") == []


def test_a_forecast_that_comes_to_nothing_ends_with_its_case(town: Play) -> None:
    _foretold(town)
    _foretold(town, "cleared", chance=None)
    assert _warnings(town)[-1].state == "closed"
    assert town.incident().state == "resolved"


def test_a_colour_does_not_fall_when_a_lower_rule_speaks_last(town: Play) -> None:
    finding_id = _foretold(town, colour="yellow")
    town.finding("W3", "raised", finding_id=finding_id, colour="blue")
    assert [alert.colour for alert in _warnings(town)] == ["yellow", "yellow"]
