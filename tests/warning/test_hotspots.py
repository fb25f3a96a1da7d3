"""Hotspots: told where they are and while they last; the city's level makes none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.errors import SchemaError
from streams.warning.hotspots.clumping import Clumping
from streams.warning.hotspots.detector import Hotspot, Hotspots
from streams.warning.hotspots.ground import Ground
from streams.warning.hotspots.rules import HotspotRules

Events = NDArray[np.float64]
LEARN = 30.0


def _city(
    seed: int, days: int, per_day: float = 120, level: NDArray[np.float64] | None = None
) -> Events:
    """Events (day, x, y): half around two centres, half anywhere in 12 × 12 km."""
    chance = np.random.default_rng(seed)
    many = chance.poisson(per_day * (np.ones(days) if level is None else level))
    times = np.repeat(np.arange(days), many) + chance.random(many.sum())
    places = chance.uniform(0, 12, (len(times), 2))
    crowded = chance.random(len(times)) < 0.5
    centres = np.array([(3.0, 4.0), (8.0, 7.0)])[chance.integers(0, 2, crowded.sum())]
    places[crowded] = np.clip(centres + chance.normal(0, 1.2, centres.shape), 0, 12)
    found = np.column_stack((times, places))
    return found[np.argsort(found[:, 0])]


def _with(events: Events, more: Events) -> Events:
    found = np.concatenate((events, more))
    return found[np.argsort(found[:, 0], kind="stable")]


def _cluster(seed: int, day: float, x: float, y: float, many: int = 18, days: float = 3) -> Events:
    chance = np.random.default_rng(seed)
    places = np.array([x, y]) + chance.uniform(-0.5, 0.5, (many, 2))
    return np.column_stack((day + days * chance.random(many), places))


def _feed(scan: Hotspots, events: Events) -> list[Hotspot]:
    told = [scan.observe(*row) for row in events.tolist()]
    return [one for one in told if one is not None]


def test_a_cluster_is_told_once_where_and_while_it_is() -> None:
    events = _with(_city(1, 45), _cluster(2, 38.3, 9.0, 2.5))
    told = _feed(Hotspots(LEARN, 100), events)
    assert [one.raised for one in told][:1] == [False]
    first = told[0]
    assert 38.3 < first.day < 41.3
    assert np.hypot(first.x_km - 9.0, first.y_km - 2.5) < 1
    assert first.observed > first.high >= first.expected >= first.low
    assert len(first.members) == first.observed
    assert all(first.since <= day <= first.day for day in first.members)
    assert sum(not one.raised for one in told) == 1


def test_a_storm_over_the_whole_city_is_no_hotspot() -> None:
    level = np.ones(60)
    level[40:43] = 4.0
    assert len(_feed(Hotspots(LEARN, 100), _city(3, 60, level=level))) <= 1


def test_quiet_days_stay_within_the_budget() -> None:
    told = _feed(Hotspots(LEARN, 10), _city(4, 90, per_day=80))
    # 60 days at one in 10: six are expected; more than 13 come by chance in one of 200 runs.
    assert len(told) <= 13


def test_alerts_depend_on_no_later_event() -> None:
    events = _with(_city(5, 42), _cluster(6, 36.0, 5.0, 9.0))
    whole = _feed(Hotspots(LEARN, 10), events)
    assert whole
    for cut in (len(events) - 150, len(events) - 400):
        last = events[cut - 1, 0]
        assert _feed(Hotspots(LEARN, 10), events[:cut]) == [one for one in whole if one.day <= last]


def test_a_stored_scan_goes_on_as_if_nothing_had_happened() -> None:
    events = _with(_city(7, 42), _cluster(8, 37.0, 5.0, 9.0))
    whole = _feed(Hotspots(LEARN, 10), events)
    scan, told = Hotspots(LEARN, 10), []
    for part in np.array_split(events, 5):
        told += _feed(scan, part)
        scan = Hotspots.decode(scan.encode(), LEARN, 10)
    assert told == whole
    assert len(scan.encode()) < 200_000


def test_reports_in_clumps_do_not_alarm_every_day() -> None:
    events = _city(9, 75, per_day=60)
    # Each report comes twice: the city clumps everywhere, at all times.
    twice = events + np.array([0.01, 0.02, 0.02])
    told = _feed(Hotspots(LEARN, 100), _with(events, twice))
    assert len(told) < 5


def test_one_hotspot_does_not_hide_the_next() -> None:
    events = _city(12, 100)
    begins = [36.0 + 9 * n for n in range(7)]
    at = [(2.0 + 8 * (n % 2), 2.0 + 1.3 * n) for n in range(7)]
    for n, day in enumerate(begins):
        events = _with(events, _cluster(20 + n, day, *at[n], many=20))
    told = [one for one in _feed(Hotspots(LEARN, 100), events) if not one.raised]
    for day, (x, y) in zip(begins, at, strict=True):
        assert any(
            day < one.day < day + 3 and np.hypot(one.x_km - x, one.y_km - y) < 1.5 for one in told
        )


def test_a_bar_that_answers_moved_tells_sooner_or_later() -> None:
    events = _with(_city(1, 45), _cluster(2, 38.3, 9.0, 2.5))
    days = []
    for p_max in (0.1, 0.01, 0.001):
        scan = Hotspots(LEARN, 100)
        told = [scan.observe(day, x, y, p_max) for day, x, y in events.tolist()]
        assert all(one.p <= p_max for one in told if one)
        days.append(next(one.day for one in told if one and one.day > 38.3 and one.x_km > 8))
    assert days == sorted(set(days))


def test_clumping_is_measured_against_chance() -> None:
    found = []
    for events in (_city(10, 60), _with(_city(10, 60), _city(10, 60) + 0.001)):
        clumping = Clumping(HotspotRules())
        for row in events.tolist():
            clumping.observe(*row)
        found.append(clumping.spread())
    assert 1 <= found[0] < 1.05
    assert 1.7 < found[1] < 2.1


def test_order_and_place_of_events_are_checked() -> None:
    scan = Hotspots(LEARN, 100)
    scan.observe(1.0, 2.0, 3.0)
    with pytest.raises(SchemaError, match=r"got day 0.5 after 1"):
        scan.observe(0.5, 2.0, 3.0)
    with pytest.raises(SchemaError, match="wanted at most 500 km"):
        scan.observe(1.5, 2_000.0, 3.0)


def test_a_wide_extent_takes_wider_cells_and_loses_no_event() -> None:
    ground = Ground(0.0, 0.0, HotspotRules(most_cells=400))
    chance = np.random.default_rng(1)
    for x, y in chance.uniform(-40, 40, (300, 2)).tolist():
        ground.reach(x, y)
        ground.learn(x, y, 1)
    assert ground.halves.sum() == 300
    assert ground.size[0] * ground.size[1] <= 400
    assert ground.cell_km > 1


def test_shares_of_an_even_city_are_its_areas() -> None:
    rules = HotspotRules()
    ground = Ground(0.0, 0.0, rules)
    chance = np.random.default_rng(2)
    for day, (x, y) in enumerate(chance.uniform(0, 10, (20_000, 2)).tolist()):
        ground.reach(x, y)
        ground.learn(x, y, day)
    ground.refresh()
    middle = ground.shares[:, 12:28, 12:28].mean(axis=(1, 2))
    assert middle == pytest.approx([np.pi * r**2 / 100 for r in ground.radii], rel=0.05)
    assert ground.people.sum() == pytest.approx(1)
