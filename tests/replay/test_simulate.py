"""The made-up city: the same seed gives the same events, and all three tiers have to act."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import orjson
import pytest

from agents.backtest.run import Outcome, run
from agents.policy_files import load
from agents.replay.feed import microseconds
from agents.replay.pour import FedSoFar
from agents.settings import Settings
from agents.simulate import api, habits
from agents.simulate.acts import Spot
from agents.simulate.api import ORIGIN, Simulation
from agents.simulate.weather import Rain
from schemas.codec import read_intake, read_sensing, read_tier
from schemas.errors import ConfigurationError
from streams.policy import Policy
from streams.topics import (
    CITY_INBOX,
    DISTRICT_INBOX,
    INTAKE_REPORTS,
    SENSING_READINGS,
    STREET_INBOX,
)
from tests.replay.conftest import all_records

READERS = {
    INTAKE_REPORTS.name: read_intake,
    SENSING_READINGS.name: read_sensing,
    STREET_INBOX.name: read_tier,
    DISTRICT_INBOX.name: read_tier,
    CITY_INBOX.name: read_tier,
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load()


def simulation(policy: Policy, seed: int = 7) -> Simulation:
    return Simulation(policy, seed=seed, begins=ORIGIN)


def fingerprint(policy: Policy, seed: int) -> str:
    digest = hashlib.sha256()
    for entry in simulation(policy, seed).entries(hours=1):
        digest.update(entry.key + entry.value)
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_events(policy: Policy) -> None:
    assert fingerprint(policy, 1) == fingerprint(policy, 1) != fingerprint(policy, 2)


def test_events_come_in_the_order_of_time_and_every_one_can_be_read(policy: Policy) -> None:
    before = 0
    ids = set()
    for entry in simulation(policy).entries(hours=2):
        assert entry.at >= before
        before = entry.at
        event = READERS[entry.topic.name](entry.value)
        assert microseconds(event.time) == entry.at
        ids.add((event.source, event.id))
    assert before < microseconds(ORIGIN + timedelta(hours=2))
    assert len(ids) == sum(1 for _ in simulation(policy).entries(hours=2))


def test_no_event_of_the_scripted_days_names_a_report_that_was_not_made(policy: Policy) -> None:
    known: set[bytes] = set()
    acts = [act for story in simulation(policy).stories for act in story.acts]
    for act in sorted(acts, key=lambda act: act.at):
        if act.topic is INTAKE_REPORTS:
            if orjson.loads(act.value)["type"] == "cn.chengyun.service-request.v1":
                known.add(act.key)
            assert act.key in known
    assert {story.name for story in simulation(policy).stories} == {
        "cover",
        "rain",
        "gas",
        "vendors",
        "flat",
    }


Said = list[dict[str, Any]]


@pytest.fixture(scope="module")
def week(policy: Policy) -> Said:
    """What people and units say in a week, without devices."""
    end = microseconds(ORIGIN + timedelta(days=7))
    entries = takewhile(lambda entry: entry.at < end, simulation(policy).people.entries())
    return [orjson.loads(entry.value) for entry in entries]


def reports(week: Said) -> Said:
    return [event["data"] for event in week if event["type"].endswith("service-request.v1")]


def test_reports_follow_the_shares_of_the_real_month(week: Said) -> None:
    made = reports(week)
    wanted = habits.CASES_PER_1000_A_MONTH * 16_353_100 / 1000 * 7 / 30
    assert 0.85 < len(made) / wanted < 1.4  # rain brings more
    unplaced = sum("address" not in report for report in made) / len(made)
    grid = sum(report["channel"] == "grid" for report in made) / len(made)
    assert unplaced == pytest.approx(habits.NO_ADDRESS_SHARE * (1 - grid), abs=0.015)
    superior = sum(report["channel"] == "superior" for report in made) / len(made)
    assert superior == pytest.approx(habits.SUPERIOR_SHARE, abs=0.006)


def test_matters_come_back_to_the_same_places(week: Said) -> None:
    cells: Counter[tuple[str, float, float]] = Counter()
    latest: dict[tuple[str, float, float], datetime] = {}
    for report in reports(week):
        if "lat" not in report:
            continue
        cell = (report["service_code"], round(report["lat"], 3), round(report["long"], 3))
        at = datetime.fromisoformat(report["requested_datetime"])
        # Within some hours it may be another voice about the same matter.
        if cell not in latest or at - latest[cell] > timedelta(hours=6):
            cells[cell] += 1
        latest[cell] = at
    returning = sum(count for count in cells.values() if count >= 2) / cells.total()
    assert 0.05 < returning < 0.35


def test_some_streets_report_more_readily_than_others(policy: Policy) -> None:
    people = simulation(policy).people
    readiness = sorted(people.readiness.values())
    tenth = len(readiness) // 10
    assert readiness[-tenth] > 2.5 * readiness[tenth]
    assert people.readiness == simulation(policy).people.readiness


def test_days_are_busy_and_nights_quiet(week: Said) -> None:
    hours = Counter(int(report["requested_datetime"][11:13]) for report in reports(week))
    assert hours[10] > 5 * hours[3]


def test_most_units_answer_and_a_few_stay_silent(week: Said) -> None:
    end = (ORIGIN + timedelta(days=5)).isoformat()
    accepted = {e["subject"] for e in week if e["data"].get("kind") == "accepted"}
    asked = {
        event["subject"]
        for event in week
        if event["time"] < end
        and event["type"].endswith("service-request.v1")
        and not event["data"]["service_code"].startswith("9902")
    }
    assert 0.004 < len(asked - accepted) / len(asked) < 0.03


def test_rain_swells_and_dies_away() -> None:
    rain = Rain(ORIGIN, timedelta(hours=2), 20.0, "orange", frozenset({"a"}))
    hour = timedelta(hours=1)
    assert rain.intensity(ORIGIN + hour, "a") == 20.0
    assert rain.intensity(ORIGIN + hour, "b") == 0.0
    assert rain.intensity(ORIGIN + 3 * hour, "a") == 0.0


def test_a_place_beside_is_so_many_metres_away() -> None:
    spot = Spot("1", 29.8, 125.7, "here")
    assert (spot.beside(111.195).lat - spot.lat) == pytest.approx(0.001, abs=1e-6)


@pytest.fixture(scope="module")
def hour(policy: Policy) -> Outcome:
    """The city's first hour through all five stages, in memory."""
    end = microseconds(ORIGIN + timedelta(minutes=60))
    return run(policy, simulation(policy).entries(hours=1), end)


def test_all_three_tiers_alert_within_the_first_half_minute_at_the_default_speed(
    policy: Policy,
) -> None:
    minutes = 30 * api.DEFAULT_SPEED / 60
    end = microseconds(ORIGIN + timedelta(minutes=minutes))
    outcome = run(policy, simulation(policy).entries(hours=minutes / 60), end)
    assert {tier for tier, _, _ in outcome.alerts} == {"street", "district", "city"}


def test_the_stages_understand_everything_the_city_says(hour: Outcome) -> None:
    assert not hour.dead_letters


def quiet(_: FedSoFar) -> None:
    """Report nothing."""


async def test_a_living_city_goes_on_where_it_was_stopped(settings: Settings) -> None:
    clock = {
        "speed": 600.0,
        "clock_real_origin": datetime.now(UTC),
        "clock_simulated_origin": ORIGIN,
    }
    live = settings.model_copy(update=clock)
    stop = asyncio.Event()

    def stop_soon(told: FedSoFar) -> None:
        if told.events > 200:
            stop.set()

    first = await api.feed_city(live, speed=600.0, hours=1, progress=stop_soon, stop=stop)
    assert not first.complete
    second = await api.feed_city(live, speed=600.0, hours=1, progress=quiet, stop=asyncio.Event())
    assert second.complete
    assert second.resumed_from == first.events
    written = [record.value for record in await all_records(live) if record.key is not None]
    expected = [entry.value for entry in simulation(load()).entries(hours=1)]
    assert sorted(filter(None, written)) == sorted(expected)


async def test_a_speed_that_is_not_the_workers_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="workers' clock at 1"):
        await api.feed_city(settings, speed=60.0, progress=quiet, stop=asyncio.Event())
