"""Two sensors that leave their course together are believed; one alone is not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.warning.sensors.departure import COURSE, TOGETHER_AT, WARM, Departure, together


def _station(rows: int, jumps: dict[int, tuple[int, ...]]) -> list[float]:
    """Three sensors with noise; at a row of `jumps` the named ones jump for a while."""
    chance = random.Random(3)
    sensors = [Departure() for _ in range(3)]
    level = (10.0, 7.0, 300.0)
    said = []
    for row in range(rows):
        surprises = []
        for at, sensor in enumerate(sensors):
            jumped = any(row in range(begin, begin + 15) and at in who
                         for begin, who in jumps.items())  # fmt: skip
            value = level[at] * (chance.gauss(1.0, 0.01) + 0.3 * jumped)
            surprises.append(sensor.surprise(value))
        said.append(together(surprises))
    return said


def _believed(who: tuple[int, ...]) -> int:
    """Of eight jumps of these sensors, how many are told within their fifteen readings."""
    begins = range(2_000, 6_000, 500)
    said = _station(6_000, dict.fromkeys(begins, who))
    return sum(max(said[begin : begin + 15]) >= TOGETHER_AT for begin in begins)


def test_two_that_jump_together_are_believed_and_one_alone_is_not() -> None:
    assert _believed((0, 2)) >= 6
    assert _believed((1,)) <= 2


def test_nothing_is_said_before_enough_is_known() -> None:
    said = _station(WARM + 50, {WARM - 200: (0, 1, 2)})
    assert max(said[:WARM]) == 0.0


def test_a_course_that_only_drifts_is_none_that_is_left() -> None:
    sensor = Departure()
    surprises = [sensor.surprise(row * 0.01) for row in range(WARM + 400)]
    assert max(surprises[WARM + COURSE :]) <= 3.0


@pytest.mark.parametrize(
    ("surprises", "said"),
    [((), 0.0), ((4.0,), 0.0), ((4.0, 1.0), 2.0), ((0.5, 8.0, 2.0, 1.0), 4.0), ((0.0, 5.0), 0.0)],
)
def test_two_witnesses_speak_for_their_place(surprises: tuple[float, ...], said: float) -> None:
    assert together(surprises) == said


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=60))
def test_no_value_breaks_the_arithmetic(values: list[float]) -> None:
    sensor = Departure()
    sensor.n = WARM
    assert all(sensor.surprise(value) >= 0.0 for value in values)
