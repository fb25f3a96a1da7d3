"""The compact detector: little memory, the same promises as the full one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.policy.sensors import COMPACT
from streams.warning.sensors import compact
from streams.warning.sensors.budget import ALERT
from streams.warning.sensors.compact import COUNT_END, PARTS, CompactDetector, CompactSensor
from tests.warning.sensors.series import ROWS_A_DAY, calm, minute


def test_a_device_takes_at_most_450_bytes_and_wrong_bytes_are_refused() -> None:
    assert len(compact.encode(compact.begin())) == compact.SIZE <= 450
    with pytest.raises(ValueError, match="got 3 bytes, wanted 416"):
        compact.decode(b"abc")


@pytest.mark.parametrize("accident", [12.0, -12.0])
def test_a_jump_is_found_and_named_and_calm_days_are_not(accident: float) -> None:
    sensor = CompactSensor(COMPACT)
    values = calm(10 * ROWS_A_DAY)
    at = 9 * ROWS_A_DAY
    values[at:] = [value + accident for value in values[at:]]
    alerts = []
    for row, value in enumerate(values):
        if sensor.judge(value, minute(row)) >= ALERT:
            alerts.append(row)
            assert {reason.part for reason in sensor.reasons(9)} <= set(PARTS)
    assert any(at <= row < at + 24 for row in alerts)
    assert sum(row < at for row in alerts) <= 3


@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=False, allow_infinity=False),
            st.sampled_from([0.0, 1.0, 1e308, -1e308, 1e-45]),
        ),
        min_size=1,
        max_size=120,
    )
)
def test_whatever_a_device_sends_the_score_is_between_0_and_1(values: list[float]) -> None:
    sensor = CompactSensor(COMPACT, 20)
    for row, value in enumerate(values):
        assert 0.0 <= sensor.judge(value, minute(row)) <= 1.0
        assert math.isfinite(sensor.surprise)


@settings(max_examples=10)
@given(st.sets(st.integers(0, 699), max_size=20), st.integers(1, 4))
def test_what_is_decided_does_not_depend_on_how_often_it_is_stored(
    stores: set[int], seed: int
) -> None:
    values = calm(700, seed)
    values[500] += 25.0
    detector = CompactDetector(COMPACT)
    kept, stored = compact.begin(), compact.begin()
    for row, value in enumerate(values):
        if row in stores:
            stored = compact.decode(compact.encode(stored))
        score = detector.judge(stored, value, minute(row))
        assert detector.judge(kept, value, minute(row)) == score


def test_a_device_that_has_spoken_sixteen_million_times_goes_on() -> None:
    detector = CompactDetector(COMPACT)
    state = compact.begin()
    values = calm(600)
    for row, value in enumerate(values):
        detector.judge(state, value, minute(row))
    state[0] = COUNT_END - 5
    for row, value in enumerate(values):
        detector.judge(state, value, minute(row))
    assert COUNT_END // 2 < state[0] < COUNT_END
    assert detector.judge(state, values[-1] + 100.0, 0) >= ALERT
