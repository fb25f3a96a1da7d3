"""Limits that a gauge will pass are told before it does (W19), as the limit's own episode."""

from __future__ import annotations

from math import exp
from typing import Any

import pytest

from streams.policy import Policy
from streams.policy.check import mismatches
from streams.state import DUE_BYTES
from streams.warning.crossings import FORESEEN
from tests.streams.sensing.conftest import Lane

ROW_S = 300.0


def _flood(peak: float, hours: float = 4.0, every_min: float = 5.0) -> list[tuple[float, float]]:
    """Water that rises from a dry road to its peak in so many hours, and drains."""
    series = []
    for at in range(int(20 * 60 / every_min)):
        since = max(0.0, at * every_min / 60 - 1) / hours
        series.append((at * every_min * 60, round(peak * (since * exp(1 - since)) ** 3, 1)))
    return series


@pytest.fixture
def taught(policy: Policy) -> Lane:
    """A lane whose gauges have seen a few floods."""
    lane = Lane(policy)
    for number in range(8):
        start = number * 86_400
        for at_s, value in _flood(6.0 + 4 * number):
            lane.read("road_water", value, start + at_s, device=f"teacher-{number}")
    return lane


def _told(lane: Lane, series: list[tuple[float, float]], start: float) -> list[tuple[float, Any]]:
    return [
        (at_s, finding)
        for at_s, value in series
        for finding in lane.findings("road_water", value, start + at_s)
        if finding.trigger in ("W3", "W19")
    ]


def test_a_flood_is_foretold_before_it_comes_and_stays_one_episode(taught: Lane) -> None:
    told = _told(taught, _flood(30.0), 10 * 86_400)
    first_at, first = next((at, one) for at, one in told if one.trigger == "W19")
    limit_at = next(at for at, one in told if one.trigger == "W3" and one.threshold == 10)
    assert limit_at - first_at >= 20 * 60, "there was time to act"
    (rule,) = taught.policy.triggers.forecasts
    assert first.chance >= rule.p
    assert first.observed < first.threshold == 10
    assert first.interval[0] <= first.expected <= first.interval[1]
    assert 0.3 * (limit_at - first_at) < first.lead_time_s < 3 * (limit_at - first_at)
    assert {one.finding_id for _, one in told} == {first.finding_id}
    assert [one.trigger for _, one in told].count("W19") == 1
    assert (told[-1][1].trigger, told[-1][1].phase) == ("W3", "cleared")


def test_water_that_turns_back_in_time_ends_the_warning(taught: Lane) -> None:
    rising = [(at, value) for at, value in _flood(30.0) if value < 9.0 and at < 5 * 3_600]
    top = rising[-1][1]
    turned = [(rising[-1][0] + ROW_S * n, max(0.0, top - 0.8 * n)) for n in range(1, 40)]
    told = _told(taught, rising + turned, 10 * 86_400)
    phases = [(one.trigger, one.phase) for _, one in told]
    assert ("W19", "opened") in phases or ("W19", "raised") in phases
    assert phases[-1][1] == "cleared"
    assert {one.finding_id for _, one in told} == {told[0][1].finding_id}


def test_a_dry_road_is_not_remembered_and_a_wet_one_within_bounds(policy: Policy) -> None:
    lane = Lane(policy)
    assert lane.phases("road_water", [(n * ROW_S, 0.5) for n in range(30)]) == []
    assert not _stored(lane)
    lane.phases("road_water", [((30 + n) * ROW_S, 2.5 + n % 3) for n in range(60)])
    (size,) = map(len, _stored(lane))
    assert size - DUE_BYTES <= 3_100
    lane.phases("road_water", [((90 + n) * ROW_S, 0.0) for n in range(30)])
    assert not _stored(lane)


def test_what_is_told_does_not_depend_on_how_often_it_is_written_down(
    taught: Lane, policy: Policy
) -> None:
    series = _flood(30.0)
    again = Lane(policy)
    for key, value in dict(taught.partition.base).items():
        again.partition.load(key, value)
    again.partition.loaded()
    again.now = taught.now
    assert [one for _, one in _told(taught, series, 10 * 86_400)] == [
        one for _, one in _told(again, series, 10 * 86_400)
    ]


def test_late_and_repeated_readings_foretell_nothing(taught: Lane) -> None:
    start = 10 * 86_400
    for at_s, value in _flood(30.0)[:30]:
        taught.findings("road_water", value, start + at_s)
    stored = _stored(taught)
    taught.findings("road_water", 9.9, start)
    assert _stored(taught) == stored


def test_a_forecast_of_a_step_that_no_limit_has_is_refused(policy: Policy) -> None:
    (rule,) = policy.triggers.forecasts
    wrong = rule.model_copy(update={"at": 11.0})
    triggers = policy.triggers.model_copy(update={"forecasts": (wrong,)})
    found = mismatches(policy.model_copy(update={"triggers": triggers}))
    assert [each.where for each in found] == [("triggers", "forecasts", 0, "at")]


def _stored(lane: Lane) -> list[bytes]:
    return [value for key, value in lane.partition.base.items() if key.startswith(FORESEEN.prefix)]
