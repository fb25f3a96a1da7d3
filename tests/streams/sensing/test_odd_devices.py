"""Devices that are unlike their own past, or cannot be believed: W15 and the kinds of W12."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.policy import Policy, Triggers
from streams.policy.check import mismatches
from streams.state import DUE_BYTES
from tests.streams.sensing.conftest import Lane

GAS = "gas_pipe_probe"
MINUTES_10 = 600.0


def _breath(seed: int, readings: int) -> list[float]:
    """A probe in air that is nearly clean, in % of the lower explosive limit."""
    chance = random.Random(seed)
    return [round(abs(chance.gauss(1.2, 0.4)), 2) for _ in range(readings)]


def _told(lane: Lane, values: list[float], first: int = 0) -> list[tuple[int, str, str]]:
    """Readings every ten minutes: (reading, trigger, phase) of what is found."""
    return [
        (at, finding.trigger, finding.phase)
        for at, value in enumerate(values, first)
        for finding in lane.findings(GAS, value, at * MINUTES_10)
    ]


def test_a_leak_below_the_limit_is_unusual_and_ends_with_calm(lane: Lane) -> None:
    values = _breath(7, 600)
    leak = range(450, 456)
    for at in leak:
        values[at] = 12.0
    told = _told(lane, values)
    assert [(trigger, phase) for _, trigger, phase in told] == [
        ("W15", "opened"),
        ("W15", "cleared"),
    ]
    assert told[0][0] in leak
    assert told[1][0] > leak[-1]


def test_an_unusual_reading_says_what_is_odd_about_it(lane: Lane, policy: Policy) -> None:
    values = _breath(7, 400)
    _told(lane, values)
    (finding,) = lane.findings(GAS, 18.0, 400 * MINUTES_10)
    rule = policy.triggers.anomaly
    assert rule is not None
    assert (finding.trigger, finding.observed, finding.threshold) == (rule.id, 18.0, None)
    assert finding.category.code == rule.category
    assert sum(finding.contributions.values()) > 0
    assert set(finding.contributions) <= {"now", "short", "long", "range", "recent_range"}


def test_a_device_in_danger_is_not_called_unusual_too(lane: Lane) -> None:
    _told(lane, _breath(7, 400))
    assert [f.trigger for f in lane.findings(GAS, 60.0, 400 * MINUTES_10)] == ["W2"]


def test_late_and_repeated_readings_teach_nothing(policy: Policy) -> None:
    values = _breath(3, 400)
    plain, disturbed = Lane(policy), Lane(policy)
    chance = random.Random(5)
    for at, value in enumerate(values):
        plain.findings(GAS, value, at * MINUTES_10)
        disturbed.findings(GAS, value, at * MINUTES_10)
        if at and chance.random() < 0.3:
            disturbed.findings(GAS, value, at * MINUTES_10)
            disturbed.findings(GAS, 9.0, (at - 1) * MINUTES_10 + 60)
    for at, value in enumerate((1.2, 15.0, 1.1), 400):
        assert plain.findings(GAS, value, at * MINUTES_10) == disturbed.findings(
            GAS, value, at * MINUTES_10
        )


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(250, 420), max_size=5, unique=True), st.integers(1, 4))
def test_what_is_told_does_not_depend_on_how_often_a_device_is_written_down(
    policy: Policy, stops: list[int], seed: int
) -> None:
    values = _breath(seed, 430)
    values[400:406] = [11.0, 12.0, 13.0, 12.0, 11.0, 12.0]
    lane = Lane(policy)
    told = []
    for at, value in enumerate(values):
        if at in stops:
            # A new owner of the partition has only what was written down.
            stored = dict(lane.partition.base)
            lane = Lane(policy)
            for key, value_stored in stored.items():
                lane.partition.load(key, value_stored)
            lane.partition.loaded()
        told += [(at, f.trigger, f.phase) for f in lane.findings(GAS, value, at * MINUTES_10)]
    assert told == _told(Lane(policy), values)


def test_a_calm_device_takes_at_most_450_bytes_beside_its_limits(lane: Lane) -> None:
    _told(lane, _breath(1, 300))
    (stored,) = [value for key, value in lane.partition.base.items() if b"watched/" in key]
    assert len(stored) - DUE_BYTES <= 450


def test_a_value_that_never_moves_is_not_believed_until_it_does(lane: Lane) -> None:
    told = _told(lane, [2.5] * 60 + [2.6])
    assert [(trigger, phase) for _, trigger, phase in told] == [
        ("W12-stuck", "opened"),
        ("W12-stuck", "cleared"),
    ]
    assert (told[0][0], told[1][0]) == (36, 60)  # after six hours


def test_clean_air_may_read_nothing_for_ever(lane: Lane) -> None:
    assert _told(lane, [0.0] * 200) == []


def test_a_device_that_loses_readings_again_and_again_is_told_of(lane: Lane) -> None:
    values = iter(_breath(2, 400))
    told: list[tuple[float, str, str]] = []
    at_s = 0.0
    for _ in range(7):
        at_s += 5_000  # the seventh reading closes the sixth gap
        told += [(at_s, f.trigger, f.phase) for f in lane.findings(GAS, next(values), at_s)]
    assert told == [(35_000.0, "W12-gaps", "opened")]
    for _ in range(320):
        at_s += MINUTES_10
        told += [(at_s, f.trigger, f.phase) for f in lane.findings(GAS, next(values), at_s)]
    assert [(trigger, phase) for _, trigger, phase in told[1:]] == [("W12-gaps", "cleared")]
    assert told[1][0] - told[0][0] >= 86_400


def test_impossible_values_are_dead_letters_and_the_third_in_a_row_is_told(lane: Lane) -> None:
    lane.findings(GAS, 1.0, 0)

    def consequences(value: float, at_s: float) -> list[Any]:
        return [
            message.data.reason.code if topic.endswith("dead-letters.v1") else message.data.trigger
            for topic, _, message in lane.read(GAS, value, at_s)
        ]

    assert consequences(140.0, 60) == ["out_of_range"]
    assert consequences(1.0, 120) == []
    assert [consequences(-5.0, at) for at in (180, 240)] == [["out_of_range"]] * 2
    assert sorted(consequences(-5.0, 300)) == ["W12-beyond", "out_of_range"]
    assert consequences(-5.0, 360) == ["out_of_range"]
    (cleared,) = lane.findings(GAS, 1.0, 420)
    assert (cleared.trigger, cleared.phase) == ("W12-beyond", "cleared")


def test_a_city_without_a_rule_for_a_check_is_told_so(policy: Policy) -> None:
    named = policy.triggers.model_dump(exclude={"anomaly", "stuck"}, exclude_computed_fields=True)
    triggers = Triggers.model_validate(named)
    found = mismatches(policy.model_copy(update={"triggers": triggers}))
    told = {(item.where[1], item.where[-1], item.wanted) for item in found}
    assert (GAS, "profile", "a rule triggers.anomaly for it") in told
    assert ("road_water", "stuck", "a rule triggers.stuck for it") in told


@pytest.mark.parametrize("kind", ["manhole_tilt", "rain_gauge"])
def test_a_device_with_limits_only_is_not_remembered_beyond_them(lane: Lane, kind: str) -> None:
    for minute in range(10):
        lane.findings(kind, 1.0, minute * 60.0)
    assert not any(b"watched/" in key for key in lane.partition.base)
