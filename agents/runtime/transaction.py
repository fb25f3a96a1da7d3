"""A Kafka transaction in three requests: add the partitions, write, end.

aiokafka's own sender is made for many small messages from many sides: each transaction
wakes it six times and passes through futures, tasks and queues. A lane knows everything
it has to say before it says it, so it speaks to the brokers itself, with the producer id
and epoch that aiokafka's producer has been given. Half of the processor's time, and no
question what was awaited.
"""

from __future__ import annotations

import asyncio
import collections
import time
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import (
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    DuplicateSequenceNumber,
    InvalidProducerEpoch,
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    NoError,
    NotCoordinatorError,
    OperationNotAttempted,
    ProducerFenced,
    RequestTimedOutError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest

ALL_IN_SYNC = -1
LAST_SEQUENCE = 0x7FFFFFFF
PATIENCE_S = 10.0
# The broker writes the markers of the last transaction while the next one begins.
MARKERS_S = 0.001
AGAIN_S = 0.05

_CONNECTION = (NodeNotReadyError, RequestTimedOutError, KafkaConnectionError)
_MOVED = (NotCoordinatorError, CoordinatorNotAvailableError, *_CONNECTION)
_LATER = (ConcurrentTransactions, CoordinatorLoadInProgressError, UnknownTopicOrPartitionError)

Batches = dict[TopicPartition, list[Any]]


class Transactions:
    """The transactions of one producer id, one after the other.

    Args:
        producer: aiokafka's producer, started: it has fenced its predecessors and knows
            where the coordinator is.
    """

    def __init__(self, producer: Any, transactional_id: str) -> None:
        self._client = producer.client
        self._sender = producer._sender
        self._id = transactional_id
        self._producer_id = producer._txn_manager.producer_id
        self._epoch = producer._txn_manager.producer_epoch
        self._sequences: dict[TopicPartition, int] = {}
        self._known: set[str] = set()
        self.open = False

    async def write(self, batches: Batches) -> None:
        """Begin a transaction and write everything, each batch acknowledged by all in sync.

        Raises:
            ProducerFenced: another producer has taken over.
            KafkaError: something else failed; the transaction is open or was never begun.
        """
        await self._know({partition.topic for partition in batches})
        self.open = True
        topics: dict[str, list[int]] = collections.defaultdict(list)
        for partition in batches:
            topics[partition.topic].append(partition.partition)
        request = AddPartitionsToTxnRequest(
            self._id, self._producer_id, self._epoch, list(topics.items())
        )
        await self._ask(request, _partition_errors)
        waves = max(map(len, batches.values()))
        for wave in range(waves):
            # One batch a partition at a time: their order is the order of the records.
            await self._produce(
                {
                    partition: self._sealed(partition, builders[wave])
                    for partition, builders in batches.items()
                    if wave < len(builders)
                }
            )

    async def end(self, *, commit: bool) -> None:
        """Commit or abort the open transaction.

        Raises:
            KafkaError: what became of it is unknown.
        """
        request = EndTxnRequest(self._id, self._producer_id, self._epoch, commit)
        await self._ask(request, lambda response: [response.error_code])
        self.open = False

    async def _know(self, topics: set[str]) -> None:
        """Let the client keep track of where these topics' leaders are."""
        for topic in topics - self._known:
            await self._client.add_topic(topic)
            self._known.add(topic)

    def _sealed(self, partition: TopicPartition, builder: Any) -> bytes:
        """The bytes of a batch, numbered so that the broker takes it once and in order."""
        sequence = self._sequences.get(partition, 0)
        self._sequences[partition] = (sequence + builder.record_count()) & LAST_SEQUENCE
        builder._set_producer_state(self._producer_id, self._epoch, sequence)
        sealed: bytes = builder._build()
        return sealed

    async def _ask(self, request: Any, errors: Callable[[Any], Iterable[int]]) -> None:
        """Put a request to the transaction's coordinator, again where that may help."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                node = await self._sender._find_coordinator(CoordinationType.TRANSACTION, self._id)
                answer = await self._client.send(node, request, group=ConnectionGroup.COORDINATION)
                failure = _first_failure(errors(answer))
            except _CONNECTION as error:
                failure = error
            if failure is None:
                return
            if not isinstance(failure, _MOVED + _LATER) or time.monotonic() > until:
                raise failure
            if isinstance(failure, _MOVED):
                self._sender._coordinator_dead(CoordinationType.TRANSACTION)
            busy = isinstance(failure, ConcurrentTransactions)
            await asyncio.sleep(MARKERS_S if busy else AGAIN_S)

    async def _produce(self, waiting: dict[TopicPartition, bytes]) -> None:
        """Write one batch to each partition, again where a leader has moved."""
        until = time.monotonic() + PATIENCE_S
        while True:
            by_leader: dict[Any, list[TopicPartition]] = collections.defaultdict(list)
            for partition in waiting:
                by_leader[self._client.cluster.leader_for_partition(partition)].append(partition)
            failures: dict[TopicPartition, KafkaError] = {}
            for answer in await asyncio.gather(
                *(
                    self._produce_to(leader, {p: waiting[p] for p in partitions})
                    for leader, partitions in by_leader.items()
                )
            ):
                failures |= answer
            if not failures:
                return
            for failure in failures.values():
                if not failure.retriable or time.monotonic() > until:
                    raise failure
            waiting = {partition: waiting[partition] for partition in failures}
            await self._client.force_metadata_update()
            await asyncio.sleep(AGAIN_S)

    async def _produce_to(
        self, leader: int | None, batches: dict[TopicPartition, bytes]
    ) -> dict[TopicPartition, KafkaError]:
        """Write to one broker; answers what failed, by partition."""
        if leader is None or leader < 0:
            return {p: NodeNotReadyError(f"{p} has no leader now") for p in batches}
        topics: dict[str, list[tuple[int, bytes]]] = collections.defaultdict(list)
        for partition, sealed in batches.items():
            topics[partition.topic].append((partition.partition, sealed))
        request = ProduceRequest(
            self._id, ALL_IN_SYNC, int(PATIENCE_S * 1_000), list(topics.items())
        )
        try:
            answer = await self._client.send(leader, request)
        except KafkaError as error:
            return dict.fromkeys(batches, error)
        failures: dict[TopicPartition, KafkaError] = {}
        for topic, partitions in answer.topics:
            for number, code, *_ in partitions:
                # A duplicate is a batch whose first answer was lost.
                if code and for_code(code) is not DuplicateSequenceNumber:
                    failures[TopicPartition(topic, number)] = _failure(code)
        return failures


def _partition_errors(answer: Any) -> list[int]:
    return [code for _, partitions in answer.errors for _, code in partitions]


def _first_failure(codes: Iterable[int]) -> KafkaError | None:
    """The error that stands for all of an answer; None when there is none."""
    found = [code for code in codes if code]
    real = [code for code in found if for_code(code) is not OperationNotAttempted]
    return _failure((real or found)[0]) if found else None


def _failure(code: int) -> KafkaError:
    kind = for_code(code)
    assert kind is not NoError
    failure: KafkaError = ProducerFenced() if kind is InvalidProducerEpoch else kind()
    return failure
