"""Counts per area and kind flow up when a bin is complete; W7 sees a kind spread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from agents import policy_files
from streams.incidents.case import Bin
from streams.incidents.counting import BIN_US, close_bins
from streams.incidents.problems import is_border
from streams.incidents.turn import Turn
from streams.state import State, from_microseconds

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def history(make_play: Any, rules: Any) -> Any:
    """The small city in event mode."""
    return make_play(rules(desk={"synthetic_acceptance": True}), mode="event")


def pass_until(play: Any, moment: datetime, *, final: bool = False) -> None:
    """Everything before that moment has come."""
    play.ticks(moment, final=final)
    play.city.run()


def bins(play: Any, stage: str, area: str) -> list[Any]:
    """What an area's desk remembers of the areas below, bin by bin."""
    entries = play.city.entries(stage, "bin")
    return [row[4] for row in orjson.loads(entries.get(area, b"[]"))]


def report(play: Any, minute: float, area: str, kind: str = "water") -> str:
    """A report at a minute, at a place of its own."""
    moment = BEGIN + timedelta(minutes=minute)
    name = f"calls/{area}/{minute}/{kind}"
    play.report(kind, area=area, at=moment, name=name, place=False)
    return name


def spread(play: Any, tier: str) -> list[tuple[str, str, float]]:
    """(area, state, observed) of each W7 revision of a tier."""
    return [
        (alert.area, alert.state, alert.observed)
        for alert in play.heard(f"{tier}.alerts")
        if alert.trigger.id == "W7"
    ]


def test_a_street_says_once_a_bin_what_it_saw_and_the_district_adds_up(history: Any) -> None:
    for minute, area in ((1, "A1"), (2, "A1"), (3, "A2"), (4, "B1"), (12, "A1")):
        report(history, minute, area)
    pass_until(history, BEGIN + timedelta(hours=1))
    assert bins(history, "district", "A") == [
        {"A1": [1, {"water": 2}], "A2": [1, {"water": 1}]},
        {"A1": [1, {"water": 1}]},
    ]
    assert bins(history, "city", "C") == [
        {"A": [1, {"water": 3}], "B": [1, {"water": 1}]},
        {"A": [1, {"water": 1}]},
    ]


def test_a_kind_that_no_rule_looks_at_is_not_counted(history: Any) -> None:
    for minute, kind in ((1, "garbage"), (2, "water")):
        report(history, minute, "A1", kind)
    pass_until(history, BEGIN + timedelta(hours=1))
    assert bins(history, "district", "A") == [{"A1": [1, {"water": 1}]}]


def test_a_late_report_corrects_the_bin_by_a_higher_revision(history: Any) -> None:
    report(history, 1, "A1")
    pass_until(history, BEGIN + timedelta(hours=1))
    report(history, 2, "A1")
    pass_until(history, BEGIN + timedelta(hours=2))
    assert bins(history, "city", "C") == [{"A": [2, {"water": 2}]}]


def test_a_desk_keeps_two_hours_of_bins(history: Any) -> None:
    for minute in range(1, 600, 10):
        report(history, minute, "A1")
        pass_until(history, BEGIN + timedelta(minutes=minute + 9))
    pass_until(history, BEGIN + timedelta(hours=12))
    for stage, area in (("street", "A1"), ("district", "A"), ("city", "C")):
        (stored,) = history.city.entries(stage, "bin").values()
        assert len(orjson.loads(stored)) == 13, area


def test_w7_the_same_kind_in_three_streets_warns_the_district(history: Any) -> None:
    for minute, area in ((1, "A1"), (25, "A2"), (49, "A3")):
        report(history, minute, area)
    pass_until(history, BEGIN + timedelta(minutes=50))
    assert spread(history, "district") == []
    pass_until(history, BEGIN + timedelta(hours=3))
    assert spread(history, "district") == [("A", "opened", 3.0), ("A", "closed", 3.0)]
    alert = history.heard("district.alerts")[0]
    assert (alert.colour, alert.evidence) == ("yellow", ["A1", "A2", "A3"])
    assert alert.window.end == BEGIN + timedelta(minutes=50)
    assert spread(history, "city") == []


def test_w7_two_streets_or_too_long_a_time_are_no_spread(history: Any) -> None:
    for minute, area in ((1, "A1"), (25, "A2"), (75, "A3"), (80, "A3")):
        report(history, minute, area)
    pass_until(history, BEGIN + timedelta(hours=4))
    assert spread(history, "district") == []


def test_w7_a_kind_that_is_not_watched_is_no_spread(history: Any) -> None:
    for area in ("A1", "A2", "A3"):
        report(history, 1, area, "garbage")
    pass_until(history, BEGIN + timedelta(hours=4))
    assert spread(history, "district") == []


def test_w7_three_districts_warn_the_city(history: Any) -> None:
    for minute, area in ((1, "A1"), (21, "B1"), (41, "D1")):
        report(history, minute, area)
    pass_until(history, BEGIN + timedelta(hours=4))
    assert spread(history, "city") == [("C", "opened", 3.0), ("C", "closed", 3.0)]
    assert spread(history, "district") == []


def test_w7_an_alert_stays_while_the_spread_goes_on(history: Any) -> None:
    for round_ in range(5):
        for number, area in enumerate(("A1", "A2", "A3")):
            report(history, round_ * 40 + number, area)
    pass_until(history, BEGIN + timedelta(hours=8))
    states = [state for _, state, _ in spread(history, "district")]
    assert states == ["opened", "closed"]


@pytest.fixture
def corner(make_play: Any, rules: Any, example: Any) -> Any:
    """The small city with a table of cells: A1, A2, A3 and B1 meet in one corner."""
    cells = {"south": 29.99, "west": 103.99, "step_lat": 0.01, "step_lon": 0.01}
    areas = {**example["areas"], "cells": {**cells, "rows": ["0 1", "2 3"]}}
    return make_play(rules(areas=areas, desk={"synthetic_acceptance": True}), mode="event")


def border_case(play: Any, minute: float, area: str) -> None:
    """A case in that corner, soon closed."""
    moment = BEGIN + timedelta(minutes=minute)
    name = f"calls/{area}/{minute}"
    play.report("garbage", area=area, at=moment, name=name)
    play.update(name, "closed", area=area, at=moment + timedelta(minutes=1))


def test_e6_cases_of_several_streets_at_one_place_are_the_districts_problem(corner: Any) -> None:
    for minute, area in ((1, "A1"), (60, "A2"), (120, "A3"), (180, "A1")):
        border_case(corner, minute, area)
    pass_until(corner, BEGIN + timedelta(hours=5))
    (problem,) = corner.problems().values()
    assert (problem.tier, problem.area, problem.incident_count) == ("district", "A", 4)
    assert problem.problem_id.startswith("A-P-")


def test_e6_cases_of_several_districts_at_one_place_are_the_citys_problem(corner: Any) -> None:
    for minute, area in ((1, "A1"), (60, "B1"), (120, "A2")):
        border_case(corner, minute, area)
    pass_until(corner, BEGIN + timedelta(hours=5))
    (problem,) = corner.problems().values()
    assert (problem.tier, problem.area, problem.incident_count) == ("city", "C", 3)


def test_e6_what_one_street_sees_alone_is_no_problem_of_the_district(corner: Any) -> None:
    for minute in (1, 60, 120):
        border_case(corner, minute, "A1")
    pass_until(corner, BEGIN + timedelta(hours=5))
    assert [problem.tier for problem in corner.problems().values()] == ["street"]


def test_e6_only_what_lies_near_a_border_is_told_above() -> None:
    policy = policy_files.load(None)
    street = policy.areas.streets[0]
    lat, lon = policy.areas.centre(street) or (0.0, 0.0)
    turn = Turn(policy, "street", street, State({}), BEGIN, "case")
    assert not is_border(turn, lat, lon, 50)
    step, edge = 1e-4, lon
    while policy.areas.locate(lat, edge) == street:
        edge += step
    assert is_border(turn, lat, edge - step, 50)
    district = Turn(policy, "district", policy.areas.parent(street) or "", State({}), BEGIN, "case")
    assert not is_border(district, lat, lon, 50)


@pytest.fixture
def commanded(make_play: Any, rules: Any, example: Any) -> Any:
    """The small city in event mode, where a spread is commanded by a case."""
    triggers = example["triggers"]
    spreading = {**triggers["spread"], "severity": "III", "city_severity": "II"}
    return make_play(
        rules(desk={"synthetic_acceptance": True}, triggers={**triggers, "spread": spreading}),
        mode="event",
    )


def test_w7_the_district_takes_command_by_a_case_that_ends_with_the_spread(commanded: Any) -> None:
    for minute, area in ((1, "A1"), (5, "A2"), (9, "A3")):
        report(commanded, minute, area)
    pass_until(commanded, BEGIN + timedelta(minutes=40))
    (case,) = (i for i in commanded.incidents().values() if i.area == "A")
    assert (case.severity, case.tier, case.areas) == ("III", "district", ["A1", "A2", "A3"])
    assert (case.state, case.unit) == ("accepted", "works")
    assert commanded.audit(case.incident_id)[0].rule == "W7"
    assert (
        commanded.alerts("district")[
            next(a for a in commanded.alerts("district") if "W7" in a)
        ].incident_id
        == case.incident_id
    )
    # The streets keep their own.
    assert sorted(i.area for i in commanded.incidents().values()) == ["A", "A1", "A2", "A3"]
    pass_until(commanded, BEGIN + timedelta(hours=3))
    assert commanded.incidents()[case.incident_id].state in ("resolved", "closed")
    assert commanded.chains_hold()


def test_w7_the_third_district_makes_it_the_citys(commanded: Any) -> None:
    for minute, area in ((1, "A1"), (5, "B1"), (9, "D1")):
        report(commanded, minute, area)
    pass_until(commanded, BEGIN + timedelta(minutes=40))
    (case,) = (i for i in commanded.incidents().values() if i.area == "C")
    assert (case.severity, case.tier) == ("II", "city")
    assert case.areas == ["A", "B", "D"]


def test_bins_that_are_said_hours_late_are_still_there_for_those_who_look_at_them(
    rules: Any,
) -> None:
    # The desk was away for five hours: a bin from before, and one of now, end together.
    turn = Turn(rules(), "street", "A1", State({}), BEGIN, "case")
    bins: dict[int, Bin] = {}
    old, new = 10 * BIN_US, 40 * BIN_US
    for start in (old, new):
        bins[start] = Bin()
        bins[start].own["water"] = 1
        bins[start].unsaid = True
    ended = close_bins(turn, bins, from_microseconds(new + BIN_US))
    assert ended == [old, new]
    assert all(start in bins for start in ended)
    assert close_bins(turn, bins, from_microseconds(new + BIN_US)) == []
    assert old not in bins, "and then it is forgotten"
