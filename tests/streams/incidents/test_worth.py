"""What an alert is worth: each trigger, through its real step, brings the numbers it stands on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.alert import Alert
from streams.warning.explain import PARTS, explain
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

TRIGGERS: dict[str, Any] = {
    **RULES["triggers"],
    "limits": [
        {
            "id": "W3", "version": "1", "title": "water", "device_class": "road_water",
            "observed_property": "depth", "category": "water", "action": "pump",
            "steps": [{"at": 10, "colour": "yellow", "severity": "IV"}], "clearing": {"at": 5},
        }
    ],
    "surge": {
        "version": "1", "title": "surge", "action": "look", "street": "hour", "learn": 10,
    },
    "anomaly": {
        "id": "W15", "version": "1", "title": "odd", "action": "look", "category": "water",
    },
    "deadline_risk": {"version": "1", "title": "late", "action": "press", "at_least": 2},
    "seasons": [
        {"version": "1", "title": "heat", "action": "pipes", "kinds": ["water"],
         "begins": "03-20", "lead_days": 10, "tier": "district"},
    ],
}  # fmt: skip


def _alert(play: Play, trigger: str) -> Alert:
    found = [
        event.data
        for kind, _, event in play.said
        if kind.endswith(".alerts")
        and event.data.trigger.id == trigger
        and event.data.state not in ("closed", "withdrawn")
    ]
    assert found, f"nothing raised {trigger}"
    last: Alert = found[-1]
    return last


def _limit(play: Play) -> None:
    play.finding("W3")


def _rise(play: Play) -> None:
    play.finding("W5")


def _rain(play: Play) -> None:
    play.rain("orange")


def _witnesses(play: Play) -> None:
    play.finding("W3")
    play.report("water", east_m=10)
    play.report("water", east_m=12)


def _spread(play: Play) -> None:
    for area in ("A1", "A2", "A3"):
        play.report("water", area=area, place=False)
    play.ticks(BEGIN + timedelta(minutes=20))
    play.at(30)


def _again(play: Play) -> None:
    for day in range(5):
        play.at(day * 1_440)
        play.update(play.report("garbage", east_m=2.0 * day), "closed")


def _complaints(play: Play) -> None:
    for number in range(4):
        play.report("garbage", east_m=2.0 * number)


def _surge(play: Play) -> None:
    for hour, count in enumerate([1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2 + [40, 0, 0]):
        for number in range(count):
            moment = BEGIN + timedelta(hours=hour, seconds=5 + 80 * number)
            name = f"{hour}/{number}"
            play.report("garbage", at=moment, name=name, place=False, run=False)
    play.ticks(BEGIN + timedelta(hours=22.5))
    play.city.run()


def _late(play: Play) -> None:
    for number in range(30):
        name = play.report("garbage", name=f"calls/{number}", east_m=100.0 * number)
        play.at((play.now - BEGIN).total_seconds() / 60 + 150)
        play.update(name, "closed")
    for number in range(40, 46):
        play.report("cover", east_m=100.0 * number)
    play.at((play.now - BEGIN).total_seconds() / 60 + 61)


def _odd(play: Play) -> None:
    play.finding(
        "W15", colour="blue", severity="V", threshold=None, p=0.01, contributions={"range": 2.0}
    )


CASES: dict[str, tuple[Any, str, set[str]]] = {
    "W3": (_limit, "wall", {"observed", "evidence"}),
    "W5": (_rise, "wall", {"observed", "evidence"}),
    "W4": (_rain, "wall", {"evidence"}),
    "W6": (_witnesses, "wall", {"observed", "evidence"}),
    "W7": (_spread, "wall", {"observed", "window", "evidence"}),
    "W8": (_again, "wall", {"observed", "window", "evidence"}),
    "W9": (_complaints, "wall", {"observed", "evidence"}),
    "W10": (_surge, "event", {"observed", "expected", "p", "window"}),
    "W11": (_late, "wall", {"observed", "expected", "evidence", "lead_time_s"}),
    "W15": (_odd, "wall", {"observed", "p", "evidence"}),
}
"""How each comes about, and the parts of the evidence that it must bring itself."""


@pytest.mark.parametrize("trigger", sorted(CASES))
def test_each_part_is_there_or_it_is_said_why_not(trigger: str) -> None:
    comes_about, mode, brings = CASES[trigger]
    rules = policy(triggers=TRIGGERS, desk={"synthetic_acceptance": trigger == "W10"})
    play = Play(rules, mode=mode)
    comes_about(play)
    alert = _alert(play, trigger)
    told = explain(alert, rules, "en")
    assert brings.isdisjoint(told.missing), told.missing
    there = set(PARTS) - set(told.missing)
    for part in there - {"p"}:
        assert getattr(alert, part) not in (None, [], 0), part
    assert told.clears
    assert told.not_fired
    assert alert.owner
    assert alert.suggested_action
    if alert.evidence:
        assert alert.evidence_count >= len(alert.evidence)
        assert len(alert.evidence) <= 50
    if alert.p is not None and trigger == "W10":
        assert alert.tests, "a p says how many it is one of"
    if alert.scale == "warning" and trigger not in ("W4", "W11"):
        assert alert.kind, "what kind of matter it is about"
