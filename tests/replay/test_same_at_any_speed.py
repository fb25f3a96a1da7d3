"""A replay is the same whatever its speed: how much comes at once, and over how many lanes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from agents.backtest.city import City
from agents.backtest.run import programs
from agents.policy_files import load
from agents.replay.boston311.source import Boston311
from agents.replay.feed import Entry, moment_of
from agents.replay.source import Slice
from agents.simulate.api import ORIGIN, Simulation
from streams.policy import Policy
from streams.topics import ALERTS, AUDIT, INCIDENTS, PROBLEMS, SUMMARIES, Sizing, Topic
from tests.replay.conftest import case, write_cases

History = dict[str, list[Any]]


def lanes(count: int) -> Sizing:
    """So many lanes of each stage; the city always has one."""
    return Sizing(intake=count, sensing=count, street=count, district=count, outbox=count)


def history(policy: Policy, entries: Sequence[Entry], *, at_once: int, sizing: Sizing) -> History:
    """All that was said of each incident, alert, problem and period, in the order of its key."""
    told: History = defaultdict(list)
    watched = {topic.name for topic in (INCIDENTS, AUDIT, PROBLEMS, SUMMARIES, *ALERTS.values())}

    def listen(topic: Topic, key: str, value: bytes) -> None:
        if topic is INCIDENTS:
            told[f"{topic.name} {key}"] = [orjson.loads(value)["data"]]
        elif topic.name in watched:
            told[f"{topic.name} {key}"].append(orjson.loads(value)["data"])

    city = City(programs(policy), mode="event", sizing=sizing, listener=listen)
    for start in range(0, len(entries), at_once):
        batch = entries[start : start + at_once]
        city.tick(moment_of(batch[0].at))
        for entry in batch:
            city.publish(entry.topic, entry.key.decode(), entry.value)
        city.run()
    city.tick(moment_of(entries[-1].at + 1), final=True)
    city.run()
    return told


def assert_same_history(policy: Policy, entries: Sequence[Entry]) -> None:
    slow = history(policy, entries, at_once=7, sizing=lanes(1))
    fast = history(policy, entries, at_once=5_000, sizing=lanes(3))
    assert slow.keys() == fast.keys()
    for key, said in slow.items():
        assert fast[key] == said, key
    assert any(key.startswith(INCIDENTS.name) for key in slow)


def test_a_replayed_quarter_is_the_same_at_two_speeds(tmp_path: Path) -> None:
    cases = []
    for n in range(400):
        day, hour = divmod(n, 10)
        opened = f"2015-{1 + day // 20:02}-{1 + day % 20:02}T{8 + hour:02}:{n % 60:02}:00-05:00"
        closed = f"2015-{2 + day // 20:02}-{1 + day % 20:02}T{8 + hour:02}:{n % 60:02}:00-05:00"
        target = f"2015-{1 + day // 20:02}-{3 + (day + n) % 25:02}T12:00:00-05:00"
        cases.append(
            case(
                n,
                opened,
                "" if n % 9 == 0 else closed,
                sla_target_at=target,
                precinct=f"05{n % 6:02}",
                neighborhood=("Back Bay", "South End", "Fenway")[n % 6 // 2],
                type=("Street Light Outages", "Downed Wire", "Tree Emergencies")[n % 3],
                lat=f"{42.34 + n % 5 / 10_000:.4f}",
                resolution="Duplicate of Existing Case" if n % 5 == 0 else "Case Resolved",
            )
        )
    source = Boston311(write_cases(tmp_path / "boston311_x.csv", cases), Slice())
    policy = load(source.write_policy(tmp_path / "policy"))
    assert_same_history(policy, list(source.entries()))


def test_the_real_sample_is_the_same_at_two_speeds(real_data: Path, tmp_path: Path) -> None:
    source = Boston311(real_data / "boston311_2015" / "sample_2000.csv", Slice(limit=1_000))
    policy = load(source.write_policy(tmp_path / "policy"))
    assert_same_history(policy, list(source.entries()))


@pytest.mark.parametrize("seed", [7, 8])
def test_the_made_up_city_is_the_same_at_two_speeds(seed: int) -> None:
    policy = load()
    entries = list(Simulation(policy, seed=seed, begins=ORIGIN).entries(hours=2))
    # Warnings that are passed down and people's orders arrive when they arrive: both stay out.
    kept = [
        entry
        for entry in entries
        if b"weather-signal" not in entry.value and b"cn.chengyun.command.v1" not in entry.value
    ]
    assert_same_history(policy, kept)
