"""A lane without Kafka: its queue, its commits, what a failure leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from agents.chaos.program import Torture, topic
from agents.runtime.clock import Clock
from agents.runtime.lane import BrokenChainError, Chunk, Lane
from agents.runtime.observe import CommittedChunk, Observer
from agents.runtime.options import StageOptions
from agents.runtime.position import POSITION_KEY, Position, encode_position
from streams.dead_letters import DefectBudget
from streams.effects import ChunkLimits, Effects

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class Raw:
    """A record as the client's C code makes it."""

    offset: int
    value: bytes | None = None
    key: bytes | None = None
    timestamp: int = 1_780_315_200_000
    timestamp_type: int = 0
    headers: tuple[Any, ...] = ()


class Kafka:
    """Source and producer in one, in memory."""

    def __init__(self) -> None:
        self.commits: list[tuple[Effects, Position]] = []
        self.fail = False
        self.throttled: list[bool] = []
        self.all_done = asyncio.Event()
        self.until = 0

    async def seek(self, partition: int, positions: Mapping[str, int], tag: object) -> None:
        """Nothing to seek."""

    def throttle(self, partition: int, paused: bool) -> None:
        self.throttled.append(paused)

    async def deliver(self, chunk: Chunk) -> None:
        chunk.apply()

    async def commit(self, effects: Effects, position: Position) -> None:
        await asyncio.sleep(0)
        if self.fail:
            raise KafkaError("no")
        self.commits.append((effects, position))
        if sum(e.consumed for e, _ in self.commits) >= self.until:
            self.all_done.set()

    async def open(self) -> None:
        """Always open."""

    async def close(self) -> None:
        """Never closed."""

    async def end_hanging(self, partitions: Iterable[Any]) -> None:
        """Nothing hangs."""


class Watcher(Observer):
    """Remembers what was committed."""

    def __init__(self) -> None:
        self.chunks: list[CommittedChunk] = []

    def committed(self, stage: str, partition: int, chunk: CommittedChunk) -> None:
        self.chunks.append(chunk)


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture
def lane(kafka: Kafka) -> Lane:
    options = StageOptions(
        "chaos", {}, limits=ChunkLimits(records=10), linger_s=0, backlog_records=50
    )
    program = Torture("chaos", (topic("in"),), topic("out"))
    made = Lane(0, program, options, Clock(read=lambda: NOON), Watcher(), DefectBudget(5), 1)
    made.producer = kafka  # type: ignore[assignment]
    made.loaded()
    made.await_input("tag", {"in": 0})
    return made


def events(first: int, number: int) -> list[Any]:
    return [Raw(n, b'{"id": %d, "key": "k"}' % n, b"k") for n in range(first, first + number)]


async def run(lane: Lane, kafka: Kafka, until: int) -> None:
    kafka.until = until
    running = asyncio.create_task(lane.run(kafka))
    done = asyncio.create_task(kafka.all_done.wait())
    await asyncio.wait({running, done}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        done.cancel()
        await running
    await asyncio.sleep(0.01)
    running.cancel()


async def test_chunks_are_committed_with_their_position(lane: Lane, kafka: Kafka) -> None:
    lane.feed("in", events(0, 25), 0, 25, 2_500)
    await run(lane, kafka, 25)
    assert [(e.consumed, p.next) for e, p in kafka.commits] == [
        (10, {"in": 10}),
        (10, {"in": 20}),
        (5, {"in": 25}),
    ]
    assert lane.position.next == {"in": 25}
    assert lane.partition.base[b"5tally/k"][8:].startswith(b"[25,")


async def test_a_failed_commit_leaves_memory_as_it_was_and_cold(lane: Lane, kafka: Kafka) -> None:
    lane.feed("in", events(0, 10), 0, 10, 1_000)
    await run(lane, kafka, 10)
    before = dict(lane.partition.base)
    kafka.fail = True
    lane.feed("in", events(10, 10), 10, 20, 1_000)
    kafka.all_done.clear()
    with pytest.raises(KafkaError):
        await run(lane, kafka, 20)
    assert lane.partition.base == before
    assert lane.position.next == {"in": 10}
    assert not lane.warm


async def test_records_missing_between_two_reads_are_noticed(lane: Lane, kafka: Kafka) -> None:
    lane.feed("in", events(0, 5), 0, 5, 500)
    lane.feed("in", events(7, 5), 7, 12, 500)
    with pytest.raises(BrokenChainError, match="read from 7, expected 5"):
        await run(lane, kafka, 10)
    assert kafka.commits == []


async def test_what_was_read_before_a_seek_is_forgotten(lane: Lane, kafka: Kafka) -> None:
    lane.feed("in", events(0, 5), 0, 5, 500)
    tag = object()
    lane.await_input(tag, {"in": 2})
    assert lane.listens_to(tag)
    assert not lane.listens_to("tag")
    lane.feed("in", events(2, 3), 2, 5, 300)
    await run(lane, kafka, 3)
    assert [p.next for _, p in kafka.commits] == [{"in": 5}]


async def test_a_lane_that_reads_too_far_ahead_is_throttled_and_let_go_again(
    lane: Lane, kafka: Kafka
) -> None:
    lane.feed("in", events(0, 60), 0, 60, 6_000)
    assert lane.full
    lane.throttle(kafka, True)
    lane.throttle(kafka, True)
    await run(lane, kafka, 60)
    assert kafka.throttled == [True, False]


async def test_a_chunk_of_a_reopened_lane_is_not_applied(lane: Lane) -> None:
    chunk = Chunk(lane, "in", events(0, 1))
    lane.tries += 1
    chunk.apply()
    assert not chunk.done.done()


async def test_state_and_position_are_loaded_from_the_changelog(lane: Lane) -> None:
    records = [
        Raw(0, bytes(8) + b"[3,7]", b"5tally/k"),
        Raw(1, bytes(8) + b"[1,1]", b"5tally/gone"),
        Raw(2, None, b"5tally/gone"),
        Raw(3, encode_position(Position({"in": 42})), POSITION_KEY),
    ]
    lane.load_many(records)
    lane.loaded()
    assert lane.position.next == {"in": 42}
    assert lane.partition.base == {b"5tally/k": bytes(8) + b"[3,7]"}
    assert lane.warm


async def test_the_observer_hears_of_each_commit(lane: Lane, kafka: Kafka) -> None:
    lane.feed("in", events(0, 3), 0, 3, 300)
    await run(lane, kafka, 3)
    watcher = lane.observer
    assert isinstance(watcher, Watcher)
    assert watcher.chunks[-1].oldest_ms == 1_780_315_200_000
    assert watcher.chunks[-1].effects.applied == 3
