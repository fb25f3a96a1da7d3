"""Simulated cities of space have what they claim, and their measures say what is true."""

from __future__ import annotations

import numpy as np
import pytest

from agents.evaluate import levels, repeats
from agents.evaluate.cell_scan import CellScan
from agents.evaluate.known_density import KnownDensity
from agents.evaluate.report import Figure, Plan
from agents.evaluate.simulated_chains import AREAS, CHAINS, KINDS, Weather, simulate
from agents.evaluate.simulated_city import SIDE_KM, sub_centres

PLAN = Plan(1)


def _value(cell: object) -> float:
    assert isinstance(cell, Figure)
    return cell.value


def test_a_city_has_its_events_inside_and_its_days_full() -> None:
    city = sub_centres(1, 15, 0.3, 0.15)
    times, places = city.days(140, 200, np.random.default_rng(2))
    assert (np.diff(times) >= 0).all()
    assert ((places >= 0) & (places <= SIDE_KM)).all()
    assert len(times) / 140 == pytest.approx(200, rel=0.05)
    by_weekday = np.bincount(times.astype(int) % 7)
    assert by_weekday[0] > by_weekday[5]


def test_the_cell_scan_alarms_at_a_plain_cluster_and_names_its_place() -> None:
    city = sub_centres(1, 15, 0.5, 0.15)
    chance = np.random.default_rng(3)
    _, learned = city.days(60, 100, chance)
    scan = CellScan(learned)
    scan.set_threshold(*city.days(40, 100, chance), 100)
    times, places = city.days(12, 100, chance)
    more = np.column_stack((8 + chance.random(40) * 2, chance.normal((15.0, 3.0), 0.3, (40, 2))))
    every = np.concatenate((np.column_stack((times, places)), more))
    every = every[np.argsort(every[:, 0])]
    found = scan.alarms(every[:, 0], every[:, 1:], 8, 11)
    assert found
    assert np.hypot(*(found[-1] - (15.0, 3.0))) < 1


def test_the_density_of_a_city_is_where_its_events_are() -> None:
    city = sub_centres(1, 8, 0.3, 0.15)
    at = (np.arange(40) + 0.5) / 2
    density = city.density(at)
    assert density.sum() / 4 == pytest.approx(1)
    places = city.places(100_000, np.random.default_rng(4))
    seen = np.zeros(density.shape)
    np.add.at(seen, tuple((places * 2).astype(int).T), 1 / 25_000)
    assert np.abs(seen - density).max() < 0.1 * density.max()


def test_who_knows_the_density_and_the_form_finds_a_plain_cluster_and_nothing_before() -> None:
    city = sub_centres(1, 15, 0.5, 0.15)
    chance = np.random.default_rng(5)
    times, places = city.days(12, 100, chance)
    known = KnownDensity(city, 0.75, 3.0, 12.0)
    more = np.column_stack((8 + chance.random(14) * 2, chance.normal((15.0, 3.0), 0.3, (14, 2))))
    every = np.concatenate((np.column_stack((times, places)), more))
    every = every[np.argsort(every[:, 0])]
    assert not known.alarms(times, places, 7, 100)
    found = known.alarms(every[:, 0], every[:, 1:], 7, 100)
    assert found
    assert np.hypot(*(found[-1] - (15.0, 3.0))) < 0.75


def test_effects_follow_their_causes_in_the_same_area() -> None:
    events = simulate(1, 20, 300, 0.5, Weather())
    assert events == sorted(events)
    assert events == simulate(1, 20, 300, 0.5, Weather())
    assert {area for _, area, _ in events} <= set(range(AREAS))
    assert {kind for *_, kind in events} == set(range(KINDS))
    without = simulate(1, 20, 300, 0.0, Weather())
    for cause, effect in CHAINS:
        brought = sum(kind == effect for *_, kind in events) - sum(
            kind == effect for *_, kind in without
        )
        causes = sum(kind == cause for *_, kind in events)
        assert 0.3 < brought / causes < 0.7


def test_a_warning_two_hours_before_counts_and_one_after_does_not() -> None:
    level = np.full((1, 200), 50.0)
    level[0, 100:110] = 120.0
    for row, warned, lead, right in ((80, 1, 100, 1), (99, 1, 5, 1), (70, 0, None, 0)):
        cells = levels._judged(level, [np.array([row])], PLAN)
        assert cells[0] == 1
        assert _value(cells[1]) == warned
        assert _value(cells[3]) == right
        if lead is not None:
            assert _value(cells[2]) == lead


def test_repeats_are_right_only_while_the_trouble_lasts() -> None:
    trouble = repeats._Trouble(7, 70.0, 77.0)
    other = repeats._Trouble(8, 70.0, 77.0)
    alerts = [(72.0, 7), (90.0, 7), (75.0, 9), (10.0, 8)]
    a_day, precision, recall = repeats._judged(alerts, [trouble, other], PLAN)
    assert a_day == pytest.approx(0.1, abs=0.06)
    assert _value(precision) == pytest.approx(1 / 3)
    assert _value(recall) == 0.5


def test_alerts_of_a_place_within_two_weeks_are_one() -> None:
    assert repeats._apart([(1.0, 1), (5.0, 1), (5.0, 2), (15.0, 1), (16.0, 1)]) == [
        (1.0, 1),
        (5.0, 2),
        (15.0, 1),
    ]
