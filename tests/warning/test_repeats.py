"""Repeats: a place that complains more than its own past, its street and chance explain."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import SchemaError
from streams.warning.repeats import PlaceHistory, Repeat, RepeatRules, Repeats, StreetPace

Complaint = tuple[float, int, int]


def _background(seed: int, days: int, places: int = 2_000, per_day: float = 30) -> list[Complaint]:
    chance = np.random.default_rng(seed)
    rates = chance.gamma(0.4, 1, places)
    many = chance.poisson(per_day * days)
    of = chance.choice(places, many, p=rates / rates.sum())
    times = np.sort(chance.random(many)) * days
    return [(float(t), int(p), int(p) % 20) for t, p in zip(times, of, strict=True)]


def _alerts(complaints: list[Complaint], p_max: float = 0.001) -> list[tuple[float, int, Repeat]]:
    repeats = Repeats(p_max, RepeatRules())
    told = []
    for day, place, street in sorted(complaints):
        found = repeats.observe(day, place, street)
        if found is not None:
            told.append((day, place, found))
    return told


def test_a_trouble_at_a_quiet_place_is_told_by_its_fourth_complaint() -> None:
    trouble = [(80.0 + 0.8 * n, 99_999, 3) for n in range(6)]
    mine = [one for one in _alerts(_background(1, 100) + trouble) if one[1] == 99_999]
    assert len(mine) == 1
    day, _, found = mine[0]
    assert day <= 82.4
    assert found.observed > found.high
    assert found.since >= 80.0


def test_a_place_that_always_complains_is_not_told_again_for_it() -> None:
    habit = [(2.0 * n + 0.1, 88_888, 3) for n in range(100)]
    late = [one for one in _alerts(_background(2, 200) + habit) if one[1] == 88_888]
    assert all(day < 60 for day, _, _ in late)


def test_a_place_is_silent_for_two_weeks_after_an_alert() -> None:
    trouble = [(50.0 + 0.5 * n, 77_777, 1) for n in range(60)]
    mine = [day for day, place, _ in _alerts(_background(3, 90) + trouble) if place == 77_777]
    assert all(later - earlier >= 14 for earlier, later in pairwise(mine))


def test_a_storm_over_the_whole_street_is_not_one_place_s_trouble() -> None:
    background = _background(4, 100)
    chance = np.random.default_rng(5)
    storm = [
        (float(day), 50_000 + int(place), 7)
        for day, place in zip(
            60 + 2 * np.sort(chance.random(300)), chance.integers(0, 120, 300), strict=True
        )
    ]
    alone = {place for _, place, _ in _alerts([*background, *storm]) if place >= 50_000}
    # The same complaints, scattered over a street each: nothing explains them any more.
    apart = [(day, place, 100 + place) for day, place, _ in storm]
    scattered = {place for _, place, _ in _alerts([*background, *apart]) if place >= 50_000}
    assert len(alone) < 0.5 * len(scattered)


def test_alerts_depend_on_no_later_complaint() -> None:
    complaints = sorted(_background(6, 60) + [(40 + 0.3 * n, 66_666, 2) for n in range(8)])
    whole = _alerts(complaints, 0.05)
    for cut in (500, 1_000, 1_300):
        last = complaints[cut - 1][0]
        assert _alerts(complaints[:cut], 0.05) == [one for one in whole if one[0] <= last]


@given(st.lists(st.floats(0, 400, allow_nan=False), min_size=2, max_size=40))
def test_any_times_give_a_chance_between_0_and_1(days: list[float]) -> None:
    repeats = Repeats(1.0, RepeatRules(quiet_days=0))
    for day in sorted(days):
        found = repeats.observe(day, 1, 1)
        if found is not None:
            assert 0 < found.p <= 1
            assert 0 <= found.low <= found.high
            assert found.expected >= 0


def test_states_survive_storing_exactly() -> None:
    rules = RepeatRules()
    place, street = PlaceHistory(), StreetPace(0.5)
    for day in (1.25, 3.5, 3.75, 50.125):
        place.add(day, rules)
        street.learn(day, None if day < 2 else 1.5, rules)
    again, pace = PlaceHistory.decode(place.encode()), StreetPace.decode(street.encode())
    assert again.encode() == place.encode()
    assert pace.encode() == street.encode()
    assert len(place.encode()) <= 120
    assert pace.busier(49.0, 50.125, 1, rules) == street.busier(49.0, 50.125, 1, rules)
    with pytest.raises(SchemaError, match=r"got 7 bytes"):
        PlaceHistory.decode(b"1234567")


def test_the_number_of_places_is_bounded() -> None:
    repeats = Repeats(0.001, RepeatRules(), most_places=100)
    for n in range(1_000):
        repeats.observe(n * 0.01, n, 0)
    assert len(repeats._places) == 100
