"""The transactional producer of one lane: all of a chunk, or nothing of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from agents.runtime.hanging import abort_over
from agents.runtime.options import StageOptions
from agents.runtime.position import POSITION_KEY, Position, encode_position
from agents.runtime.transaction import Transactions
from streams.effects import Effects
from streams.partitioner import homes_of
from streams.program import Output
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
        for output in chain(effects.outputs, effects.dead):
            target = targets.get(output.topic.name)
            if target is None:
                target = await self._target(output.topic)
            target.add(batches, output)
        if self.options.guarantee == "at_least_once":
            await self._send(batches)
            batches = _Batches(self._producer)
        state = self.options.state_topic
        put = batches.adder(state, self.partition)
        for key, value in effects.dirty:
            put(key, value, [])
        put(POSITION_KEY, encode_position(position), [])
        if self.options.guarantee == "at_least_once":
            await self._send(batches)
            return
        transactions = self._transactions
        assert transactions is not None
        await transactions.write(batches.builders)
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
            for (topic, number), builders in batches.builders.items():
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
        self._producer = producer
        self.builders: dict[TopicPartition, list[Any]] = {}
        self._adders: dict[tuple[str, int], Callable[..., None]] = {}

    def adder(self, topic: str, number: int) -> Callable[..., None]:
        """A function that appends (key, value, headers) to the batches of a partition."""
        add = self._adders.get((topic, number))
        if add is not None:
            return add
        builders = self.builders[TopicPartition(topic, number)] = [self._producer.create_batch()]
        create = self._producer.create_batch

        def append(key: bytes | None, value: bytes | None, headers: list[Any]) -> None:
            written = builders[-1].append(key=key, value=value, timestamp=None, headers=headers)
            if written is None:
                builders.append(create())
                written = builders[-1].append(key=key, value=value, timestamp=None, headers=headers)
                if written is None:
                    raise RuntimeError(f"a record for {topic} does not fit an empty batch")

        self._adders[topic, number] = append
        return append


class _Target:
    """A topic that a lane writes to: its physical name, and where each key lies in it."""

    __slots__ = ("homes", "name", "single")

    def __init__(self, name: str, partitions: int) -> None:
        self.name = name
        self.single = partitions == 1
        self.homes = homes_of(partitions)

    def add(self, batches: _Batches, output: Output) -> None:
        """Append a message to the batch of its partition."""
        _, key_text, message, number, headers = output
        assert isinstance(message, bytes)
        key = key_text.encode("utf-8", "surrogateescape") or None
        if number is None:
            number = 0 if self.single else self.homes[key or b""]
        batches.adder(self.name, number)(key, message, list(headers))


async def _quietly(work: Awaitable[Any], what: str, limit_s: float = 1.0) -> None:
    """Tidy up without letting the attempt's own failure hide why it was made."""
    try:
        await asyncio.wait_for(work, limit_s)
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - it is being thrown away in any case
        log.info("%s failed: %r", what, error)
