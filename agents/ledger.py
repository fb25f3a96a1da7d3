"""Reading what the city has written down: topics from their beginning, their newest records, or on.

Everything is read committed and without a consumer group, so that looking never moves
anybody's position. Memory is bounded by one batch; what to keep is the caller's choice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.runtime.widths import partition_counts
from agents.settings import Settings, client_options
from schemas.errors import ConfigurationError
from streams.partitioner import partition_of
from streams.program import Record
from streams.topics import Topic

BATCH = 5_000
STALLED_S = 10.0
FETCH_BYTES = 4 << 20

Progress = Callable[[int, int], None]
"""Told how many records lie behind and how many were there to read when it began."""


def _silent(read: int, of: int) -> None:
    """Report nothing."""


class Ledger:
    """One reader's view of the topics of an installation.

    Made by `open_ledger`. It does one thing at a time: a scan, a look at the newest, or
    following.
    """

    def __init__(self, consumer: Any, prefix: str, widths: dict[str, int]) -> None:
        self._consumer = consumer
        self._prefix = prefix
        self._widths = widths

    def width(self, topic: Topic) -> int:
        """How many partitions a topic has."""
        return self._widths[topic.name]

    def home(self, topic: Topic, key: str) -> int:
        """The partition in which records of this key lie."""
        return partition_of(key.encode(), self._widths[topic.name])

    def _partitions(
        self, topics: Collection[Topic], key: str | None, number: int | None = None
    ) -> list[TopicPartition]:
        chosen: list[TopicPartition] = []
        for topic in topics:
            name, width = self._prefix + topic.name, self._widths[topic.name]
            if number is not None:
                chosen.append(TopicPartition(name, number))
            elif key is None:
                chosen += [TopicPartition(name, number) for number in range(width)]
            else:
                chosen.append(TopicPartition(name, partition_of(key.encode(), width)))
        return chosen

    def _record(self, raw: Any) -> Record:
        return Record(
            raw.topic[len(self._prefix) :],
            raw.partition,
            raw.offset,
            raw.timestamp,
            raw.key,
            raw.value,
            tuple(raw.headers or ()),
        )

    async def ends(self, topics: Collection[Topic]) -> dict[tuple[str, int], int]:
        """Where each partition ends now, by bare topic name and partition number."""
        ends = await self._consumer.end_offsets(self._partitions(topics, None))
        return {(p.topic[len(self._prefix) :], p.partition): end for p, end in ends.items()}

    async def begins(self, topics: Collection[Topic]) -> dict[tuple[str, int], int]:
        """The first offset that each partition still keeps, named as in `ends`."""
        begins = await self._consumer.beginning_offsets(self._partitions(topics, None))
        return {(p.topic[len(self._prefix) :], p.partition): at for p, at in begins.items()}

    async def scan(
        self,
        topics: Collection[Topic],
        *,
        key: str | None = None,
        partition: int | None = None,
        since: dict[tuple[str, int], int] | None = None,
        until: dict[tuple[str, int], int] | None = None,
        progress: Progress = _silent,
    ) -> AsyncGenerator[list[Record], None]:
        """Everything committed up to this moment, in batches, in order within a partition.

        Args:
            key: read only the partition of this key; other keys of it come along.
            partition: read only this one of each topic.
            since: first offsets, as `ends` gives them; unset = from the beginning.
            until: offsets to stop before, as `ends` gives them; unset = the present end.

        Raises:
            ConfigurationError: the broker stopped answering before the end was reached.
        """
        partitions = self._partitions(topics, key, partition)
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        begins: dict[TopicPartition, int] = await self._consumer.beginning_offsets(partitions)
        for one in partitions:
            bare = (one.topic[len(self._prefix) :], one.partition)
            begins[one] = max(begins[one], (since or {}).get(bare, 0))
            ends[one] = min(ends[one], (until or {}).get(bare, ends[one]))
        todo = {p: ends[p] for p in partitions if begins[p] < ends[p]}
        total = sum(end - begins[p] for p, end in todo.items())
        progress(0, total)
        if not todo:
            return
        self._seek({p: begins[p] for p in todo})
        loop = asyncio.get_running_loop()
        moved = loop.time()
        behind = 0
        while todo:
            batches = await self._consumer.getmany(timeout_ms=200, max_records=BATCH)
            found: list[Record] = []
            for one, raws in batches.items():
                end = todo.get(one, 0)
                found += [self._record(raw) for raw in raws if raw.offset < end]
            # A batch may end in commit markers, which have offsets but are never seen.
            positions = {p: await self._consumer.position(p) for p in todo}
            now_behind = total - sum(max(0, end - positions[p]) for p, end in todo.items())
            todo = {p: end for p, end in todo.items() if positions[p] < end}
            if batches or now_behind != behind:
                behind, moved = now_behind, loop.time()
                progress(behind, total)
            elif loop.time() - moved > STALLED_S:
                raise ConfigurationError(
                    f"The broker gave nothing for {STALLED_S:g} s with {len(todo)} partitions "
                    "unread. Operator action: look at the broker's log, then try again.",
                    code="broker",
                )
            if found:
                yield found

    async def newest(
        self,
        topics: Collection[Topic],
        each: int,
        *,
        after: dict[tuple[str, int], int] | None = None,
    ) -> list[Record]:
        """The last records of each partition, at most `each`, oldest first by broker time.

        Args:
            after: offsets (as `ends` gives them) below which nothing is wanted.
        """
        partitions = self._partitions(topics, None)
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        begins: dict[TopicPartition, int] = await self._consumer.beginning_offsets(partitions)
        # Commit markers take offsets too: go back twice as far as records are wanted.
        starts: dict[TopicPartition, int] = {}
        for p in partitions:
            bare = (p.topic[len(self._prefix) :], p.partition)
            start = max(begins[p], ends[p] - 2 * each, (after or {}).get(bare, 0))
            if start < ends[p]:
                starts[p] = start
        if not starts:
            return []
        self._seek(starts)
        kept: dict[TopicPartition, list[Record]] = {}
        todo = {p: ends[p] for p in starts}
        loop = asyncio.get_running_loop()
        deadline = loop.time() + STALLED_S
        while todo and loop.time() < deadline:
            for p, raws in (await self._consumer.getmany(timeout_ms=200)).items():
                kept[p] = (kept.get(p, []) + [self._record(raw) for raw in raws])[-each:]
            todo = {p: e for p, e in todo.items() if await self._consumer.position(p) < e}
        found = [record for records in kept.values() for record in records]
        return sorted(found, key=lambda record: record.timestamp_ms)

    async def follow(
        self,
        topics: Collection[Topic],
        *,
        key: str | None = None,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> AsyncGenerator[list[Record], None]:
        """What is committed from now on; yields an empty list about each half second of quiet.

        Args:
            key: follow only the partition of this key.
            ready: awaited when the place to go on from is settled, before the first batch.
        """
        partitions = self._partitions(topics, key)
        self._seek(await self._consumer.end_offsets(partitions))
        if ready is not None:
            await ready()
        while True:
            batches = await self._consumer.getmany(timeout_ms=500, max_records=BATCH)
            found = [self._record(raw) for raws in batches.values() for raw in raws]
            yield sorted(found, key=lambda record: record.timestamp_ms)

    def _seek(self, positions: dict[TopicPartition, int]) -> None:
        self._consumer.assign(list(positions))
        for partition, offset in positions.items():
            self._consumer.seek(partition, offset)


@asynccontextmanager
async def open_ledger(
    settings: Settings, bootstrap: str, topics: Sequence[Topic]
) -> AsyncIterator[Ledger]:
    """A reader of these topics, closed at the end.

    Raises:
        ConfigurationError: the broker does not answer, or a topic is not there.
    """
    names = [settings.physical(topic.name) for topic in topics]
    client = client_options(settings, bootstrap)
    # Asked for first: a consumer of a missing topic would wait 40 s for it to appear.
    try:
        counts = await partition_counts(client, names)
    except KafkaError as error:
        raise _no_broker(settings, bootstrap, error) from error
    missing = [name for name in names if not counts[name]]
    if missing:
        raise _no_topics(settings, missing)
    consumer = AIOKafkaConsumer(
        **client,
        client_id="chengyun-reader",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        isolation_level="read_committed",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        await consumer.start()
    except KafkaError as error:
        await consumer.stop()
        raise _no_broker(settings, bootstrap, error) from error
    try:
        widths = {topic.name: counts[name] for topic, name in zip(topics, names, strict=True)}
        yield Ledger(consumer, settings.prefix, widths)
    finally:
        await consumer.stop()


def _no_broker(settings: Settings, bootstrap: str, error: KafkaError) -> ConfigurationError:
    return ConfigurationError(
        f"The broker at {settings.broker or bootstrap} does not answer: {error}. "
        "Operator action: `chengyun doctor`.",
        code="broker",
    )


def _no_topics(settings: Settings, names: Sequence[str]) -> ConfigurationError:
    return ConfigurationError(
        f"There is no topic {names[0]} on this cluster (prefix {settings.prefix!r}). Operator "
        "action: give the prefix of the city (--prefix, CHENGYUN_PREFIX), or create the topics "
        "with `chengyun topics apply`.",
        code="topics",
    )
