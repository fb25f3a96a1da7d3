"""The comparison job: the fast path decides as the slow one, and both as the reference."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from agents.bench.job import BROKEN_EVERY, Job, events, expected
from agents.bench.machine import describe, percentile, spread
from streams.partition import ChunkLimits, Partition
from streams.program import Record

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RECORDS = 3_000


def outcome(lane: Partition, given: list[Any], topic: str | None) -> tuple[dict[Any, int], int]:
    outputs: dict[Any, int] = {}
    dead = 0
    while given:
        effects = lane.compute(given, NOW, topic)
        lane.accept(effects)
        for output in effects.outputs:
            assert isinstance(output.message, bytes)
            said = json.loads(output.message)
            assert (said["tally"], said["count"]) not in outputs
            outputs[said["tally"], said["count"]] = said["id"]
        dead += len(effects.dead)
        given = given[effects.consumed :]
    return outputs, dead


@pytest.mark.parametrize("limit", [100, 700, 10_000])
def test_fast_path_slow_path_and_reference_agree(limit: int) -> None:
    raw: list[Any] = [
        SimpleNamespace(offset=n, timestamp=0, key=key, value=value, headers=())
        for n, (key, value) in enumerate(events(RECORDS, 7))
    ]
    single = [Record("in", 0, r.offset, 0, r.key, r.value) for r in raw]
    fast = Partition(Job("bench", "in", "out"), 0, ChunkLimits(records=limit))
    slow = Partition(Job("bench", "in", "out"), 0, ChunkLimits(records=limit))
    wanted = expected(RECORDS, 7)
    assert outcome(fast, raw, "in") == wanted
    assert outcome(slow, single, None) == wanted
    assert fast.base == slow.base


def test_the_events_are_as_the_job_says() -> None:
    sizes = [len(value) for _, value in events(2_000, 1)]
    assert 370 < sum(sizes) / len(sizes) < 420
    outputs, broken = expected(20_000, 1)
    assert broken == 20_000 // BROKEN_EVERY
    assert 0.03 < len(outputs) / 20_000 < 0.07


def test_the_same_seed_makes_the_same_events() -> None:
    assert list(events(100, 3)) == list(events(100, 3))
    assert list(events(100, 3)) != list(events(100, 4))


def test_repeated_figures_are_told_with_their_spread() -> None:
    assert spread([3, 1, 2]) == {"median": 2, "min": 1, "max": 3, "runs": 3}
    assert percentile(range(100), 0.99) == 99
    assert percentile([], 0.5) == 0


def test_the_machine_is_described() -> None:
    machine = describe()
    assert machine["cores"] >= 1
    assert set(machine["versions"]) >= {"aiokafka", "faust-streaming", "pydantic"}
