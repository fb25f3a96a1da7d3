"""Readings become findings when limits are passed, passed further, and safe again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.state import DUE_BYTES
from streams.topics import DEAD_LETTERS, SENSING_READINGS, STREET_INBOX

SMALL = 450
NOON = datetime(2026, 7, 8, 4, 0, tzinfo=UTC)


def test_a_value_within_its_limits_says_nothing(lane: Any) -> None:
    for minute in range(60):
        assert lane.read("gas_pipe_probe", 3.0, minute * 60) == []
        assert lane.read("road_water", 0.0, minute * 60, device="d2") == []
        assert lane.read("manhole_tilt", 1.0, minute * 60, device="d3") == []


def test_gas_climbs_its_two_steps(lane: Any) -> None:
    assert lane.findings("gas_pipe_probe", 24.9, 0) == []
    (opened,) = lane.findings("gas_pipe_probe", 25.0, 60)
    assert (opened.trigger, opened.phase, opened.colour) == ("W2", "opened", "yellow")
    assert (opened.severity, opened.urgency) == ("III", "urgent")
    assert (opened.observed, opened.threshold, opened.unit) == (25.0, 25.0, "%")
    assert opened.category.code == "200403"
    assert opened.place.street == "990101001"
    assert opened.place.district == "990101"
    assert (opened.place.lat, opened.place.lon) == (30.05, 126.01)
    assert opened.evidence == ["d1@60"]
    assert lane.findings("gas_pipe_probe", 40.0, 120) == []
    (raised,) = lane.findings("gas_pipe_probe", 51.0, 180)
    assert (raised.phase, raised.colour, raised.severity) == ("raised", "orange", "II")
    assert raised.finding_id == opened.finding_id
    assert raised.began_at == opened.began_at
    assert (raised.evidence, raised.evidence_count) == (["d1@60", "d1@180"], 3)
    assert raised.policy_version == lane.policy.version


def test_a_jump_past_two_steps_opens_at_the_higher(lane: Any) -> None:
    (opened,) = lane.findings("gas_pipe_probe", 80.0)
    assert (opened.phase, opened.colour, opened.threshold) == ("opened", "orange", 50.0)


def test_gas_is_safe_after_three_clean_readings_over_half_an_hour(lane: Any) -> None:
    lane.read("gas_pipe_probe", 30.0, 0)
    minutes = [(60 * 10, 10.0), (60 * 20, 10.0), (60 * 30, 10.0)]
    assert lane.phases("gas_pipe_probe", minutes) == []  # only 20 minutes
    (cleared,) = lane.findings("gas_pipe_probe", 10.0, 60 * 40)
    assert cleared.phase == "cleared"
    assert (cleared.observed, cleared.threshold) == (10.0, 20.0)
    assert lane.findings("gas_pipe_probe", 10.0, 60 * 50) == []


def test_two_clean_readings_far_apart_are_not_enough(lane: Any) -> None:
    lane.read("gas_pipe_probe", 30.0, 0)
    assert lane.phases("gas_pipe_probe", [(3600, 5.0), (7000, 5.0)]) == []


def test_between_step_and_clearing_nothing_flaps(lane: Any) -> None:
    lane.read("road_water", 3.0, 0)
    series = [(60.0 * n, 3.1 if n % 2 else 2.5) for n in range(1, 120)]
    assert lane.phases("road_water", series) == []


def test_a_relapse_starts_the_clean_time_again(lane: Any) -> None:
    lane.read("gas_pipe_probe", 30.0, 0)
    series = [(600.0, 5.0), (1200.0, 5.0), (1800.0, 22.0), (2400.0, 5.0), (3000.0, 5.0)]
    assert lane.phases("gas_pipe_probe", series) == []
    later = [(3600.0, 5.0), (4200.0, 5.0)]
    assert lane.phases("gas_pipe_probe", later) == [(4200.0, "W2", "cleared")]


def test_a_new_episode_has_a_new_id(lane: Any) -> None:
    (first,) = lane.findings("road_water", 5.0, 0)
    lane.phases("road_water", [(600, 0.0), (1300, 0.0)])
    (second,) = lane.findings("road_water", 5.0, 2000)
    assert first.finding_id != second.finding_id
    assert second.phase == "opened"


@pytest.mark.parametrize(
    ("depth", "colour", "severity"),
    [(2.9, None, None), (3, "blue", "V"), (10, "yellow", "IV"), (25, "red", "III")],
)
def test_water_has_three_steps(
    lane: Any, depth: float, colour: str | None, severity: str | None
) -> None:
    findings = lane.findings("road_water", depth)
    assert [(f.colour, f.severity) for f in findings] == ([(colour, severity)] if colour else [])


# --- a step that must be held ----------------------------------------------------------------


def test_a_short_vibration_of_a_cover_is_none(lane: Any) -> None:
    assert lane.phases("manhole_tilt", [(0, 40.0), (1, 0.0)]) == []
    assert lane.wait(60) == []


def test_a_tilt_held_for_two_seconds_is_found_once(lane: Any) -> None:
    assert lane.phases("manhole_tilt", [(0, 40.0), (1, 41.0)]) == []
    (opened,) = lane.findings("manhole_tilt", 42.0, 2)  # its time is over as this arrives
    assert (opened.trigger, opened.phase, opened.observed) == ("W1", "opened", 41.0)
    assert (opened.severity, opened.urgency) == ("V", "urgent")
    assert lane.wait(60) == []


def test_a_tilt_that_is_told_once_is_found_when_its_time_is_over(lane: Any) -> None:
    assert lane.findings("manhole_tilt", 40.0, 0) == []
    assert lane.wait(1.9) == []
    (opened,) = lane.wait(2)
    assert (opened.trigger, opened.phase, opened.observed) == ("W1", "opened", 40.0)
    assert opened.evidence == ["d1@0"]
    assert lane.wait(100) == []


def test_a_repeat_of_a_short_vibration_counts_for_nothing(lane: Any) -> None:
    lane.phases("manhole_tilt", [(0, 40.0), (1, 0.0)])
    assert lane.findings("manhole_tilt", 40.0, 0) == []
    assert lane.wait(60) == []


# --- rising water -----------------------------------------------------------------------------


def test_water_rising_ten_centimetres_in_ten_minutes_is_found(lane: Any) -> None:
    series = [(60.0 * n, 12.0 + 1.3 * n) for n in range(10)]
    told = lane.phases("road_water", series)
    assert told[0] == (0, "W3", "opened")
    assert (8 * 60, "W5", "opened") in told  # 8 * 1.3 cm = 10.4 cm
    assert [kind for _, kind, _ in told].count("W5") == 1


def test_a_slow_rise_is_none(lane: Any) -> None:
    series = [(60.0 * n, 0.9 * n) for n in range(60)]
    assert all(trigger != "W5" for _, trigger, _ in lane.phases("road_water", series))


def test_a_rise_is_measured_from_the_lowest_point_of_the_window(lane: Any) -> None:
    series = [(0.0, 9.0), (120.0, 2.0), (240.0, 5.0), (540.0, 12.5)]
    assert (540.0, "W5", "opened") in lane.phases("road_water", series)


def test_water_that_was_low_long_ago_does_not_count(lane: Any) -> None:
    series = [(0.0, 0.0), (1200.0, 12.0), (1260.0, 12.5)]
    assert all(trigger != "W5" for _, trigger, _ in lane.phases("road_water", series))


def test_a_rise_ends_when_it_has_not_risen_for_a_while(lane: Any) -> None:
    lane.phases("road_water", [(0, 12.0), (300, 23.0)])
    series = [(60.0 * n, 23.0) for n in range(6, 60)]
    told = lane.phases("road_water", series)
    assert [(trigger, phase) for _, trigger, phase in told] == [("W5", "cleared")]
    assert told[0][0] >= 1200


# --- late, repeated, broken ---------------------------------------------------------------------


def test_repeated_readings_change_nothing(lane: Any) -> None:
    series = [(0.0, 30.0), (60.0, 55.0), (600.0, 5.0), (1500.0, 5.0), (2500.0, 5.0)]
    once = lane.phases("gas_pipe_probe", series)
    assert [phase for _, _, phase in once] == ["opened", "raised", "cleared"]
    assert lane.phases("gas_pipe_probe", series) == []


def test_a_late_reading_can_warn_but_not_calm(lane: Any) -> None:
    lane.read("gas_pipe_probe", 30.0, 0)
    lane.read("gas_pipe_probe", 30.0, 300)
    for at_s in (10, 20, 30):
        assert lane.findings("gas_pipe_probe", 1.0, at_s) == []
    (raised,) = lane.findings("gas_pipe_probe", 60.0, 40)
    assert (raised.phase, raised.observed) == ("raised", 60.0)
    assert lane.findings("gas_pipe_probe", 60.0, 40) == []


def test_a_reading_from_long_ago_says_nothing_about_now(lane: Any) -> None:
    lane.read("gas_pipe_probe", 30.0, 3600)
    assert lane.findings("gas_pipe_probe", 90.0, 0) == []


def test_a_device_without_a_value_is_heard(lane: Any) -> None:
    assert lane.read("gas_pipe_probe", None, 0) == []


@pytest.mark.parametrize(
    ("kind", "value", "data", "code"),
    [
        ("toaster", 1.0, {}, "unknown_device"),
        ("road_water", 1.0, {"observed_property": "salt"}, "unknown_property"),
        ("road_water", 1.0, {"unit": "m"}, "wrong_unit"),
        ("road_water", -1.0, {}, "out_of_range"),
        ("road_water", 1e9, {}, "out_of_range"),
        ("road_water", 1.0, {"street": "510108001"}, "unknown_area"),
        ("road_water", 1.0, {"street": "990101"}, "unknown_area"),
        ("road_water", 1.0, {"phenomenon_time": "2026-07-08T04:05:01Z"}, "time_ahead"),
        ("road_water", 1.0, {"phenomenon_time": "9999-12-31T23:59:59Z"}, "time_ahead"),
        ("road_water", 1.0, {"phenomenon_time": "0001-01-01T00:00:00+14:00"}, "absurd_time"),
        ("road_water", 1.0, {"phenomenon_time": "2026-07-08T04:00:00"}, "time_without_zone"),
        ("road_water", 1.0, {"result": "much"}, "wrong_value"),
    ],
)
def test_a_reading_that_cannot_be_used_is_a_dead_letter(
    lane: Any, kind: str, value: float, data: dict[str, Any], code: str
) -> None:
    consequences = lane.read(kind, value, 0, **data)
    assert [topic for topic, _, _ in consequences] == [DEAD_LETTERS.name]
    assert consequences[0][2].data.reason.code == code
    assert lane.partition.base == {}


def test_a_number_beyond_numbers_is_refused(lane: Any) -> None:
    record = orjson.dumps({"type": "cn.chengyun.reading.v1"})[:-1] + b',"data":{"result":1e999}}'
    assert lane.give(record, b"d1")[0][0] == DEAD_LETTERS.name
    record = record.replace(b"1e999", b"NaN")
    assert lane.give(record, b"d1")[0][0] == DEAD_LETTERS.name


def test_a_reading_under_a_foreign_key_is_sent_to_its_own_lane(lane: Any) -> None:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/gateway/1",
        "type": "cn.chengyun.reading.v1",
        "time": lane.now.isoformat(),
        "data": {
            "device_id": "d1",
            "device_class": "road_water",
            "observed_property": "depth",
            "phenomenon_time": lane.now.isoformat(),
            "result": 30,
            "unit": "cm",
            "street": "990101001",
        },
    }
    value = orjson.dumps(event)
    assert lane.give(value, None) == [(SENSING_READINGS.name, "d1", value)]
    assert lane.give(value, b"d1")[0][0] == STREET_INBOX.name


# --- silence -----------------------------------------------------------------------------------


def test_a_device_that_says_nothing_is_found_and_heard_again(lane: Any) -> None:
    lane.read("gas_pipe_probe", 3.0, 0)
    hours = 3600.0
    assert lane.wait(2 * hours) == []
    (silent,) = lane.wait(2.25 * hours)
    assert (silent.trigger, silent.phase, silent.colour) == ("W12", "opened", "blue")
    assert (silent.threshold, silent.unit) == (7200, "s")
    assert silent.category.code == "990301"
    assert lane.wait(10 * hours) == []
    (heard,) = lane.findings("gas_pipe_probe", 3.0, 11 * hours)
    assert (heard.phase, heard.finding_id) == ("cleared", silent.finding_id)
    for step in (13, 13.26):
        again = lane.wait(step * hours)
    assert [finding.phase for finding in again] == ["opened"]
    assert again[0].finding_id != silent.finding_id


def test_a_device_that_speaks_is_never_silent(lane: Any) -> None:
    for minute in range(0, 24 * 60, 5):
        assert lane.read("gas_pipe_probe", 0.5, minute * 60) == []
        assert lane.read("road_water", 0.0, minute * 60, device="d2") == []


def test_silence_does_not_end_an_alarm(lane: Any) -> None:
    lane.read("gas_pipe_probe", 30.0, 0)
    assert [f.trigger for f in lane.wait(2.25 * 3600)] == ["W12"]
    told = lane.findings("gas_pipe_probe", 60.0, 4 * 3600)
    assert {(f.trigger, f.phase) for f in told} == {("W2", "raised"), ("W12", "cleared")}


def test_after_an_outage_of_ours_no_device_counts_as_silent(lane: Any) -> None:
    for at_s in (0, 60):
        lane.read("gas_pipe_probe", 3.0, at_s)
    assert lane.wait(5 * 3600) == []  # woken five hours later, with everything still to read
    assert lane.read("gas_pipe_probe", 3.0, 5 * 3600) == []
    assert lane.wait(6 * 3600) == []


def test_a_device_is_forgotten_in_the_end(lane: Any) -> None:
    lane.read("gas_pipe_probe", 3.0, 0)
    lane.wait(2.25 * 3600)
    lane.wait(401 * 86_400)
    assert lane.partition.base == {}


# --- properties --------------------------------------------------------------------------------

gaps = st.sampled_from([0.5, 1, 2, 30, 60, 300, 900, 4000])
depths = st.one_of(st.floats(0, 60), st.sampled_from([0.0, 2.0, 3.0, 10.0, 25.0]))
series = st.lists(st.tuples(gaps, depths), min_size=1, max_size=60)


@given(series, st.sampled_from(["road_water", "gas_pipe_probe", "manhole_tilt"]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_episodes_open_rise_and_clear_in_order_and_state_stays_small(
    lane: Any, series: list[tuple[float, float]], kind: str
) -> None:
    # A device of its own per example: the lane lives through all of them.
    device = f"gateway-7/sensor-{lane.offset:06d}-of-an-ordinary-length"
    at_s = (lane.now - NOON).total_seconds() + 1
    open_now: dict[str, str] = {}
    rank = {"blue": 0, "yellow": 1, "orange": 2, "red": 3}
    colour: dict[str, int] = {}
    for gap, value in series:
        at_s += gap
        for _, _, message in lane.read(kind, value, at_s, device=device):
            finding = message.data
            if finding.device_id != device:
                continue
            # A forecast speaks in the episode of its limit.
            episode = finding.finding_id.split("/")[-2]
            if finding.phase == "opened":
                assert episode not in open_now
                open_now[episode] = finding.finding_id
                colour[episode] = rank[finding.colour]
            else:
                assert open_now[episode] == finding.finding_id
                if finding.phase == "raised":
                    assert rank[finding.colour] > colour[episode] or kind == "road_water"
                    colour[episode] = rank[finding.colour]
                else:
                    del open_now[episode]
    sizes = {k: len(v) - DUE_BYTES for k, v in lane.partition.base.items() if device.encode() in k}
    # What is wrong with a device takes a little more for as long as it lasts, and water that
    # stands on a road is followed closely.
    most = {b"6watched": SMALL + 52, b"6foreseen": 3_100}
    assert all(size <= most.get(key.split(b"/")[0], SMALL) for key, size in sizes.items())


@given(series)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_repeating_every_reading_finds_the_same(
    policy: Any, lane: Any, series: list[tuple[float, float]]
) -> None:
    kind = type(lane)
    once, twice = kind(policy), kind(policy)
    at_s, told_once, told_twice = 0.0, [], []
    for gap, value in series:
        at_s += gap
        told_once += [m for _, _, m in once.read("road_water", value, at_s)]
        told_twice += [m for _, _, m in twice.read("road_water", value, at_s)]
        told_twice += [m for _, _, m in twice.read("road_water", value, at_s)]
    assert told_once == told_twice
