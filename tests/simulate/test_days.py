"""The made-up city's days: an ordinary one, and the storm that fills the desks."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from agents import policy_files
from agents.simulate.api import ORIGIN, Simulation
from agents.simulate.drill import drill
from streams.topics import CITY_INBOX, INTAKE_REPORTS
from streams.warning.alarm_load import FLOOD_BEGINS

POLICY = policy_files.load(None)


def test_the_same_seed_gives_the_same_storm_and_another_seed_another() -> None:
    def first(seed: int) -> list[bytes]:
        storm = Simulation(POLICY, seed=seed, begins=ORIGIN, day="storm")
        return [entry.value for entry in islice(storm.entries(), 40_000)]

    assert first(3) == first(3)
    assert first(3) != first(4)


def test_nothing_special_happens_on_a_normal_day() -> None:
    day = Simulation(POLICY, seed=3, begins=ORIGIN, day="normal")
    topics = {entry.topic for entry in day.entries(hours=24)}
    assert CITY_INBOX not in topics
    assert not day.stories


def test_a_storm_brings_calls_in_the_order_of_time_on_top_of_those_of_the_day() -> None:
    storm = Simulation(POLICY, seed=3, begins=ORIGIN, day="storm")
    normal = Simulation(POLICY, seed=3, begins=ORIGIN, day="normal")
    told = list(storm.entries(hours=9))
    assert [entry.at for entry in told] == sorted(entry.at for entry in told)
    calls = sum(entry.topic is INTAKE_REPORTS for entry in told)
    usual = sum(entry.topic is INTAKE_REPORTS for entry in normal.entries(hours=9))
    assert calls > 1.3 * usual


def test_desks_can_take_in_what_a_storm_brings() -> None:
    found = drill(POLICY, "storm", seed=7, days_before=0)
    assert found.end - found.begin == timedelta(days=1)
    tiers = {tier for (tier, _), _ in found.desks}
    assert tiers == {"street", "district", "city"}
    busiest = max(found.desks, key=lambda pair: pair[1].busiest)
    assert busiest[1].busiest <= FLOOD_BEGINS, busiest[0]
    # Without the storm there would be a fraction of it: the day is a hard one.
    assert sum(load.annunciations for _, load in found.desks) > 1_500
