"""The city's clock: real by default, faster for demonstrations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agents.runtime.clock import Clock
from agents.settings import load_settings

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_without_a_factor_it_is_the_time_of_day() -> None:
    clock = Clock(read=lambda: NOON)
    assert clock.now() == NOON
    assert clock.real_seconds_until(NOON + timedelta(seconds=3)) == 3
    assert clock.real_seconds_until(NOON - timedelta(seconds=3)) == 0


def test_a_fast_city_lives_a_day_in_24_minutes() -> None:
    real = NOON
    clock = Clock(60, NOON, datetime(2015, 1, 1, tzinfo=UTC), read=lambda: real)
    real = NOON + timedelta(minutes=24)
    assert clock.now() == datetime(2015, 1, 2, tzinfo=UTC)
    assert clock.real_seconds_until(datetime(2015, 1, 2, 0, 1, tzinfo=UTC)) == 1


def test_workers_with_the_same_settings_agree() -> None:
    settings = load_settings(
        speed=60, clock_real_origin=NOON, clock_simulated_origin=NOON - timedelta(days=1)
    )
    clock = Clock.of(settings)
    assert clock.simulated_origin == NOON - timedelta(days=1)
    assert clock.real_origin == NOON
    assert clock.factor == 60


def test_a_clock_cannot_stand_still() -> None:
    with pytest.raises(ValueError, match="wanted more than 0"):
        Clock(0)
