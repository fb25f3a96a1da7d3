"""The transactional producer of one lane: all of a chunk, or nothing of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import chain
from typing import Any, cast

from aiokafka import AIOKafkaProducer, TopicPartition

from agents.runtime.hanging import abort_over
from agents.runtime.options import StageOptions
from agents.runtime.position import POSITION_KEY, Position, encode_position
from agents.runtime.transaction import Transactions
from streams.effects import Effects
from streams.partitioner import homes_of
from streams.topics import Topic

log = logging.getLogger(__name__)

BATCH_BYTES = 900_000  # below the 1 MiB that topics take, with room for the batch's header
REQUEST_TIMEOUT_MS = 10_000

Hook = Callable[[str, int], Awaitable[None]]
"""Called as (moment, partition) just before and after a commit; tests kill there."""


class LaneProducer:
    """Writes for one lane and fences whoever wrote for it before.

    Not reusable after a failure: the outcome of a failed commit is unknown, so the lane
    opens a new one and asks the log.
    """

    def __init__(self, options: StageOptions, partition: int, hook: Hook | None = None) -> None:
        self.options = options
        self.partition = partition
        self.hook = hook
        self._producer: Any = None
        self._transactions: Transactions | None = None
        self._targets: dict[str, _Target] = {}

    async def open(self) -> None:
        """Become the only writer of the lane: fence the previous one, end what it left open.

        Raises:
            KafkaError: the broker cannot be reached, or refuses.
        """
        options = self.options
        transactional: dict[str, Any] = {"enable_idempotence": True}
        if options.guarantee == "exactly_once":
            transactional = {
                "transactional_id": options.transactional_id(self.partition),
                "transaction_timeout_ms": int(options.transaction_timeout_s * 1_000),
            }
        producer = AIOKafkaProducer(
            **options.client,
            **transactional,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=50,
            client_id=options.transactional_id(self.partition),
        )
        try:
            await producer.start()
        except BaseException:
            await _quietly(producer.stop(), "stop of a producer that did not start")
            raise
        self._producer = producer
        if options.guarantee == "exactly_once":
            self._transactions = Transactions(producer, options.transactional_id(self.partition))

    async def end_hanging(self, partitions: Iterable[Any]) -> None:
        """Abort what earlier owners of the lane left undecided in these partitions.

        Raises:
            KafkaError: the broker did not do it; the lane must not flow.
        """
        await abort_over(self._producer, partitions)

    async def close(self) -> None:
        """Abort what is open and disconnect; within about two seconds, whatever happens."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        transactions, self._transactions = self._transactions, None
        if transactions is not None and transactions.open:
            await _quietly(transactions.end(commit=False), "abort")
        await _quietly(producer.stop(), "stop of the producer")

    async def commit(self, effects: Effects, position: Position) -> None:
        """Send messages, changed entries and position, and make them visible together.

        Raises:
            KafkaError: a batch or the commit failed; what became of it is unknown.
        """
        batches = _Batches(self._producer)
        targets = self._targets
        for topic, key_text, message, aimed, headers in chain(effects.outputs, effects.dead):
            target = targets.get(topic.name)
            if target is None:
                target = await self._target(topic)
            key = key_text.encode("utf-8", "surrogateescape") or None
            number = aimed if aimed is not None else target.homes[key or b""]
            pages = batches.pages.get((target.name, number))
            if pages is None:
                pages = batches.begin(target.name, number)
            pages.add(key, cast(bytes, message), list(headers))
        if self.options.guarantee == "at_least_once":
            await self._send(batches)
            batches = _Batches(self._producer)
        pages = batches.begin(self.options.state_topic, self.partition)
        for stored_key, value in effects.dirty:
            pages.add(stored_key, value, [])
        pages.add(POSITION_KEY, encode_position(position), [])
        if self.options.guarantee == "at_least_once":
            await self._send(batches)
            return
        transactions = self._transactions
        assert transactions is not None
        await transactions.write(batches.finished())
        if self.hook is not None:
            await self.hook("before_commit", self.partition)
        await transactions.end(commit=True)
        if self.hook is not None:
            await self.hook("after_commit", self.partition)

    async def _target(self, topic: Topic) -> _Target:
        physical = self.options.prefix + topic.name
        partitions = await self._producer.partitions_for(physical)
        target = self._targets[topic.name] = _Target(physical, len(partitions))
        return target

    async def _send(self, batches: _Batches) -> None:
        """Send batches without a transaction and wait for each."""
        sent: list[Any] = []
        try:
            for (topic, number), builders in batches.finished().items():
                for builder in builders:
                    future = await self._producer.send_batch(builder, topic, partition=number)
                    sent.append(future)
        finally:
            outcomes = await asyncio.gather(*sent, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


class _Batches:
    """Record batches by target partition, in the order in which they were said."""

    def __init__(self, producer: Any) -> None:
        self._create = producer.create_batch
        self.pages: dict[tuple[str, int], _Pages] = {}

    def begin(self, topic: str, number: int) -> _Pages:
        """The batches of a partition, none of them written to yet."""
        pages = self.pages[topic, number] = _Pages(topic, self._create)
        return pages

    def finished(self) -> dict[TopicPartition, list[Any]]:
        """All of them, whole."""
        return {TopicPartition(*where): pages.finished() for where, pages in self.pages.items()}


class _Pages:
    """The batches of one partition. aiokafka's builder is written to past its own wrapper,
    which serializes, checks and looks up as much again for each record."""

    __slots__ = ("_append", "_builders", "_count", "_create", "_topic")

    def __init__(self, topic: str, create: Callable[[], Any]) -> None:
        self._topic = topic
        self._create = create
        self._builders: list[Any] = []
        self._begin()

    def _begin(self) -> None:
        builder = self._create()
        self._builders.append(builder)
        self._append = builder._builder.append
        self._count = 0

    def add(self, key: bytes | None, value: bytes | None, headers: list[Any]) -> None:
        """Append a record; a new batch begins where it does not fit."""
        if self._append(self._count, None, key, value, headers) is None:
            self._number()
            self._begin()
            if self._append(0, None, key, value, headers) is None:
                raise RuntimeError(f"a record for {self._topic} does not fit an empty batch")
        self._count += 1

    def _number(self) -> None:
        self._builders[-1]._relative_offset = self._count

    def finished(self) -> list[Any]:
        """The batches, each knowing how many records it has."""
        self._number()
        return self._builders


class _Target:
    """A topic that a lane writes to: its physical name, and where each key lies in it."""

    __slots__ = ("homes", "name")

    def __init__(self, name: str, partitions: int) -> None:
        self.name = name
        self.homes: Mapping[bytes, int] = homes_of(partitions) if partitions > 1 else _One()


class _One(dict[bytes, int]):
    """Of a topic with one partition every key lies there."""

    def __missing__(self, key: bytes) -> int:
        return 0


async def _quietly(work: Awaitable[Any], what: str, limit_s: float = 1.0) -> None:
    """Tidy up without letting the attempt's own failure hide why it was made."""
    try:
        await asyncio.wait_for(work, limit_s)
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - it is being thrown away in any case
        log.info("%s failed: %r", what, error)
