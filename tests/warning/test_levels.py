"""Levels: a crossing is foretold in time, by what is known at the time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from schemas.errors import SchemaError
from streams.warning.gauges import Gauge, LevelRules
from streams.warning.levels import Forecast, LevelForecasts

Levels = NDArray[np.float64]
THRESHOLD = 100.0


def _water(seed: int, days: int, peak: float, every_h: float = 36) -> Levels:
    """A gauge that rises every so many hours, to peaks about `peak`, within six hours."""
    chance = np.random.default_rng(seed)
    rows = days * 288
    level = 20 + chance.normal(0, 0.4, rows)
    for begins in range(0, rows, int(every_h * 12)):
        since = np.arange(rows - begins) / 72
        height = (peak - 20) * chance.uniform(0.8, 1.2)
        level[begins:] += height * (since * np.exp(1 - since)) ** 3
    return level


def _told(levels: Levels, forecasts: LevelForecasts | None = None) -> list[Forecast | None]:
    known, gauge = forecasts or LevelForecasts(), Gauge()
    return [known.observe(gauge, at, one, THRESHOLD) for at, one in enumerate(levels.tolist())]


def test_crossings_are_told_most_of_an_hour_ahead() -> None:
    levels = _water(1, 40, 115)
    told = _told(levels)
    crossed = np.flatnonzero((levels[1:] >= THRESHOLD) & (levels[:-1] < THRESHOLD)) + 1
    crossed = crossed[np.diff(crossed, prepend=-99) > 24]
    leads = []
    for row in crossed[2:]:
        ahead = [
            at for at in range(row - 24, row) if (one := told[at]) is not None and one.p >= 0.9
        ]
        leads.append(5 * (row - ahead[0]) if ahead else 0)
    assert len(leads) > 10
    assert np.mean([lead > 0 for lead in leads]) > 0.9
    assert np.mean(leads) > 40


def test_the_chance_is_the_share_that_comes() -> None:
    known = LevelForecasts()
    chances, came = [], []
    for seed in range(6):
        levels = _water(seed, 30, 100)
        crosses = (levels[1:] >= THRESHOLD) & (levels[:-1] < THRESHOLD)
        for at, one in enumerate(_told(levels, known)):
            if one is not None and one.p >= 0.85:
                chances.append(one.p)
                came.append(bool(crosses[at : at + 24].any()))
    assert len(came) > 100
    assert np.mean(came) == pytest.approx(np.mean(chances), abs=0.1)


def test_still_water_far_below_is_never_told() -> None:
    chance = np.random.default_rng(3)
    levels = 60 + chance.normal(0, 0.5, 3_000)
    assert all(one is None or one.p < 0.01 for one in _told(levels))


def test_nothing_is_told_above_the_threshold_or_before_an_hour_is_known() -> None:
    levels = np.linspace(90, 110, 40)
    told = _told(levels)
    assert told[:11] == [None] * 11
    assert all(one is None for one, level in zip(told, levels, strict=True) if level >= THRESHOLD)
    assert any(one is not None and one.p > 0.9 for one in told)


def test_forecasts_depend_on_no_later_row() -> None:
    levels = _water(4, 10, 110)
    whole = _told(levels)
    for cut in (700, 1_500, 2_400):
        assert _told(levels[:cut]) == whole[:cut]


def test_a_short_gap_is_drawn_through_and_a_long_one_begins_anew() -> None:
    known, gauge = LevelForecasts(), Gauge()
    for row in (*range(20), 23):
        known.observe(gauge, row, 50.0 + row, THRESHOLD)
    assert gauge.rows == 24
    assert gauge.levels[-5:].tolist() == [69.0, 70.0, 71.0, 72.0, 73.0]
    known.observe(gauge, 60, 80.0, THRESHOLD)
    assert gauge.rows == 1
    with pytest.raises(SchemaError, match="got row 60 after 60"):
        known.observe(gauge, 60, 80.0, THRESHOLD)


def test_stored_gauges_and_forecasts_go_on_exactly() -> None:
    levels = _water(5, 8, 110)
    whole = _told(levels)
    known, gauge, parted = LevelForecasts(), Gauge(), []
    for at, one in enumerate(levels.tolist()):
        parted.append(known.observe(gauge, at, one, THRESHOLD))
        if at % 300 == 0:
            known, gauge = LevelForecasts.decode(known.encode()), Gauge.decode(gauge.encode())
    assert parted == whole
    assert len(gauge.encode()) < 3_200
    with pytest.raises(SchemaError, match="gauge: got 3 bytes"):
        Gauge.decode(b"abc")
    with pytest.raises(SchemaError, match="level forecasts"):
        LevelForecasts.decode(b"abc")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False), min_size=30, max_size=120
    )
)
def test_any_levels_give_finite_chances(levels: list[float]) -> None:
    for one in _told(np.array(levels)):
        if one is not None:
            assert 0 <= one.p <= 1
            assert 5 <= one.eta_minutes <= 120
            assert np.isfinite([one.low, one.middle, one.high]).all()


def test_a_shorter_horizon_has_a_smaller_chance() -> None:
    levels = _water(6, 3, 115)[:288]
    row = int(np.argmax(levels >= THRESHOLD)) - 15
    found = []
    for rows in (6, 24):
        known, gauge = LevelForecasts(LevelRules(horizon_rows=rows)), Gauge()
        for at in range(row):
            last = known.observe(gauge, at, float(levels[at]), THRESHOLD)
        found.append(last.p if last is not None else 0.0)
    assert found[0] < found[1]
