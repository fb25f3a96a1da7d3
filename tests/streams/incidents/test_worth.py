"""What an alert is worth: each trigger, through its real step, brings the numbers it stands on."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from schemas.alert import Alert
from streams.warning.explain import PARTS, explain
from tests.streams.incidents import test_chains, test_hotspots
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

TRIGGERS: dict[str, Any] = {
    **RULES["triggers"],
    "limits": [
        {
            "id": "W3", "version": "1", "title": "water", "device_class": "road_water",
            "observed_property": "depth", "category": "water", "action": "pump",
            "steps": [{"at": 10, "colour": "yellow", "severity": "IV"}], "clearing": {"at": 5},
        },
        {
            "id": "W2", "version": "1", "title": "gas", "device_class": "gas",
            "observed_property": "lel", "category": "water", "action": "evacuate",
            "steps": [{"at": 25, "colour": "yellow", "severity": "III"}], "clearing": {"at": 20},
        },
    ],
    "surge": {
        "version": "1", "title": "surge", "action": "look", "street": "hour", "learn": 10,
    },
    "anomaly": {
        "id": "W15", "version": "1", "title": "odd", "action": "look", "category": "water",
    },
    "forecasts": [
        {
            "version": "1", "title": "will come", "device_class": "road_water",
            "observed_property": "depth", "category": "water", "action": "pump",
            "limit": "W3", "at": 10,
        }
    ],
    "silence": {"version": "1", "title": "silent", "action": "go", "category": "water"},
    "fan_out": {"version": "1", "title": "sites", "action": "pumps"},
    "repeats": {"version": "1", "title": "beyond", "action": "look", "learn_days": 20},
    "hotspots": test_hotspots.HOTSPOTS,
    "chains": test_chains.CHAINS,
    "deadline_risk": {"version": "1", "title": "late", "action": "press", "at_least": 2},
    "seasons": [
        {"version": "1", "title": "heat", "action": "pipes", "kinds": ["water"],
         "begins": "03-20", "lead_days": 10, "tier": "district"},
    ],
}  # fmt: skip

SITES = [
    {"id": "S1", "kind": "underpass", "street": "A1", "name": "under", "unit": "works",
     "from": "yellow"},
]  # fmt: skip
DEVICES = {
    "road_water": {"name": "gauge", "properties": {"depth": {"unit": "cm"}}},
    "gas": {"name": "probe", "properties": {"lel": {"unit": "%"}}},
}


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


def _limit_of(trigger: str) -> Callable[[Play], None]:
    def passed(play: Play) -> None:
        play.finding(trigger)

    return passed


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
        "W15", colour="blue", severity="V", threshold=None, p=0.01, fires_at=0.03, expected=3.0,
        contributions={"range": 2.0}, began_at=play.now - timedelta(minutes=5),
    )  # fmt: skip


def _silent(play: Play) -> None:
    play.finding("W12", colour="blue", severity="V", unit="s", observed=9_000.0, threshold=7_200.0)


def _sites(play: Play) -> None:
    play.rain("orange")


def _season(play: Play) -> None:
    for day in range(9):
        moment = BEGIN + timedelta(days=day)
        play.report("water", at=moment, east_m=900.0 * day, run=False)
    play.ticks(BEGIN + timedelta(days=9))
    play.city.run()


def _hotspot(play: Play) -> None:
    chance = random.Random(4)
    for day in range(test_hotspots.LEARN + 6):
        around = 1_500 if day >= test_hotspots.LEARN + 3 else None
        test_hotspots._day(play, day, chance, around_m=around)


def _troubled(play: Play) -> None:
    for day in range(30):
        play.at(day * 1_440)
        play.update(play.report("water", east_m=1_000 + 300 * day), "closed")
    for minute in (31 * 1_440, 31 * 1_440 + 900):
        play.at(minute)
        play.update(play.report("water"), "closed")


def _chain(play: Play) -> None:
    test_chains.live(play)


def _foretold(play: Play) -> None:
    play.finding(
        "W19", colour="blue", severity="V", observed=4.0, threshold=10.0, chance=0.93,
        fires_at=0.9, lead_time_s=2_400.0, expected=14.0, interval=(9.0, 21.0),
        began_at=play.now - timedelta(minutes=20), evidence_count=4,
    )  # fmt: skip


Fields = frozenset[str]
RULED: Fields = frozenset({"observed", "threshold", "evidence", "kind"})
"""What a fixed number of the city's decides: what was seen, the number, and who saw it."""
CHANCE: Fields = frozenset({"observed", "expected", "interval", "p", "tests", "window", "kind"})
"""What is only improbable: against what was usual, how rare, of how many, and when."""
NEAR: Fields = frozenset({"fires_at"})

CASES: dict[str, tuple[Callable[[Play], None], str, Fields]] = {
    "W2": (_limit_of("W2"), "wall", RULED | {"unit"}),
    "W3": (_limit_of("W3"), "wall", RULED | {"unit"}),
    "W5": (_limit_of("W5"), "wall", RULED | {"unit"}),
    "W4": (_rain, "wall", frozenset({"evidence"})),
    "W6": (_witnesses, "wall", RULED),
    "W7": (_spread, "wall", RULED | {"window"}),
    "W8": (_again, "wall", RULED | {"window"}),
    "W9": (_complaints, "wall", RULED | {"window"}),
    "W10": (
        _surge, "event", CHANCE | NEAR | {"threshold", "evidence", "completeness"}
    ),
    "W11": (_late, "wall", frozenset({
        "observed", "expected", "interval", "threshold", "evidence", "lead_time_s",
    })),
    "W12": (_silent, "wall", RULED | {"unit"}),
    "W13": (_sites, "wall", frozenset({"observed", "evidence", "lead_time_s"})),
    "W14": (_season, "event", frozenset({"evidence", "lead_time_s"})),
    "W15": (_odd, "wall", NEAR | {
        "observed", "expected", "p", "evidence", "contributions", "kind", "unit", "window",
    }),
    "W16": (_hotspot, "event", CHANCE | {"evidence", "contributions", "geometry"}),
    "W17": (_troubled, "wall", CHANCE | NEAR | {"evidence", "contributions"}),
    "W18": (_chain, "event", CHANCE | NEAR | {"evidence", "contributions"}),
    "W19": (_foretold, "wall", RULED | NEAR | {
        "expected", "interval", "chance", "window", "lead_time_s", "unit",
    }),
}  # fmt: skip
"""How each comes about, and each part of the evidence its alert brings. W1 is W2 of covers."""

LEAN: dict[str, str] = {"W16": "hotspots", "W18": "chains"}
"""Weeks of cases: these two are lived through with their own rule alone."""

EVIDENCE: Fields = frozenset({
    "observed", "expected", "interval", "p", "chance", "tests", "fires_at", "threshold", "window",
    "evidence", "completeness", "lead_time_s", "contributions", "geometry", "kind", "unit",
})  # fmt: skip


def _number(trigger: str) -> int:
    return int(trigger[1:])


IDS: list[str] = sorted(CASES, key=_number)


@pytest.mark.parametrize("trigger", IDS)
def test_every_trigger_brings_its_evidence_and_says_why_a_part_is_missing(trigger: str) -> None:
    comes_about, mode, brings = CASES[trigger]
    own: str | None = LEAN.get(trigger)
    plain: dict[str, Any] = {**RULES["triggers"], "recurrence": None}
    triggers = TRIGGERS if own is None else {**plain, own: TRIGGERS[own]}
    rules = policy(
        triggers=triggers, desk={"synthetic_acceptance": trigger == "W10"}, sites=SITES,
        devices=DEVICES,
    )  # fmt: skip
    play = Play(rules, mode=mode)
    comes_about(play)
    alert = _alert(play, trigger)
    assert alert.trigger.id == trigger
    assert alert.trigger.version == "1"
    found = {name for name in EVIDENCE if getattr(alert, name) not in (None, [], {}, "")}
    assert found >= brings, f"missing: {sorted(brings - found)}"
    told = explain(alert, rules, "en")
    there = set(PARTS) - set(told.missing)
    for part in there - {"p"}:
        assert getattr(alert, part) not in (None, [], 0), part
    assert told.clears
    assert told.not_fired
    assert alert.title
    assert alert.owner
    assert alert.suggested_action
    assert alert.expires_at is not None
    assert alert.policy_version == rules.version
    if alert.evidence:
        assert alert.evidence_count >= len(alert.evidence)
        assert len(alert.evidence) <= 50
    if alert.p is not None and alert.fires_at is not None:
        assert alert.p <= alert.fires_at
    if alert.chance is not None:
        assert alert.fires_at is not None
        assert alert.fires_at <= alert.chance
    if alert.interval is not None and alert.expected is not None:
        assert alert.interval[0] <= alert.expected <= alert.interval[1]
