"""A device with several sensors: two that leave their course together are told, W15-together."""

from __future__ import annotations

import random
from typing import Any

import pytest

from streams.policy import Policy
from streams.policy.check import mismatches
from streams.policy.section import Text
from streams.policy.sensors import StationCheck
from streams.policy.triggers import DeviceClass, Property
from streams.warning.sensors.departure import WARM
from tests.streams.sensing.conftest import Lane

SENSORS = {"ph": 8.0, "chlorine": 0.3, "redox": 700.0}


@pytest.fixture(scope="module")
def city(policy: Policy) -> Policy:
    """The shipped city with stations that measure three things."""
    station = DeviceClass(
        name=Text(zh="水质站", en="Water station"),
        properties={name: Property(unit="1") for name in SENSORS},
        station=StationCheck(properties=tuple(SENSORS), calm_s=1_800),
    )
    return policy.model_copy(update={"devices": {**policy.devices, "station": station}})


def _values(minutes: int, jumps: dict[int, tuple[str, ...]]) -> list[dict[str, float]]:
    chance = random.Random(4)
    rows = []
    for minute in range(minutes):
        jumping = {name for begin, who in jumps.items() if begin <= minute < begin + 10
                   for name in who}  # fmt: skip
        rows.append(
            {
                name: level * (chance.gauss(1.0, 0.01) + 0.4 * (name in jumping))
                for name, level in SENSORS.items()
            }
        )
    return rows


def _play(lane: Lane, rows: list[dict[str, float]], restart_at: int = -1) -> list[Any]:
    told = []
    for minute, row in enumerate(rows):
        if minute == restart_at:
            stored = dict(lane.partition.base)
            lane = Lane(lane.policy)
            for key, entry in stored.items():
                lane.partition.load(key, entry)
            lane.partition.loaded()
        for name, value in row.items():
            told += lane.findings("station", value, minute * 60.0, observed_property=name, unit="1")
    return told


def test_two_that_depart_together_are_told_once_and_are_calm_again_later(city: Policy) -> None:
    at = WARM + 200
    told = _play(Lane(city), _values(at + 90, {at: ("ph", "redox")}))
    assert [(finding.trigger, finding.phase) for finding in told] == [
        ("W15-together", "opened"),
        ("W15-together", "cleared"),
    ]
    opened, cleared = told
    assert opened.finding_id == cleared.finding_id
    assert set(opened.contributions) == set(SENSORS)
    assert opened.observed >= opened.threshold == 3.2
    assert (cleared.observed_at - opened.observed_at).total_seconds() >= 1_800


def test_one_that_departs_alone_is_not_told(city: Policy) -> None:
    at = WARM + 200
    assert _play(Lane(city), _values(at + 20, {at: ("ph",)})) == []


def test_a_new_owner_of_the_partition_goes_on_as_if_nothing_had_been(city: Policy) -> None:
    at = WARM + 50
    rows = _values(at + 60, {at: ("ph", "chlorine")})
    assert _play(Lane(city), rows, restart_at=at + 1) == _play(Lane(city), rows) != []


def test_a_station_names_properties_that_it_has_and_a_rule_that_exists(city: Policy) -> None:
    station = city.devices["station"].model_copy(
        update={"station": StationCheck(properties=("ph", "taste"))}
    )
    named = city.triggers.model_dump(exclude={"together"}, exclude_computed_fields=True)
    triggers = type(city.triggers).model_validate(named)
    devices = {**city.devices, "station": station}
    found = mismatches(city.model_copy(update={"devices": devices, "triggers": triggers}))
    told = {item.got for item in found if item.where[1] == "station"}
    assert told == {"a check 'together'", "the property 'taste'"}
