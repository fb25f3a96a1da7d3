"""Transactions that a broker has forgotten to end, and how a lane ends its own.

A broker that was killed and comes back can take a partition that has no leader for a
moment for a deleted one ("likely deleted already and hence can be skipped") and then
book a transaction as ended whose markers were never written. Its records stay undecided
in the log, and the next commit of the same producer would make them visible: a chunk
that was given up and computed again would be told twice. Seen with Kafka 4.3.1, one node,
killed within a transaction that timed out before the node was back.

So a lane that opens looks for partitions whose end stays undecided and aborts, under its
new epoch, an empty transaction over them. For a transaction of its own that is the abort
that was missed; for anybody else's it changes nothing.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.offset import OffsetRequest

LATEST = -1
SETTLE_S = 0.05


class Cluster:
    """A look at the whole cluster through a client: what is where, and how far it goes."""

    def __init__(self, client: Any, metadata: Any) -> None:
        self._client = client
        self._metadata = metadata

    @classmethod
    async def look(cls, client: Any) -> Cluster:
        """Ask where everything is now."""
        return cls(client, await client.fetch_all_metadata())

    def partitions(self, prefix: str) -> list[TopicPartition]:
        """Every partition of this installation: a lane may have written to any of them."""
        begin = prefix or "chengyun."
        return [
            TopicPartition(topic, number)
            for topic in sorted(self._metadata.topics(exclude_internal_topics=True))
            if topic.startswith(begin)
            for number in self._metadata.partitions_for_topic(topic) or ()
        ]

    async def ends(
        self, partitions: Iterable[TopicPartition], isolation: int
    ) -> dict[TopicPartition, int]:
        """Where each partition ends for a reader of that isolation level.

        Raises:
            KafkaError: a partition has no leader now, or a broker does not answer.
        """
        by_node: dict[int, dict[str, list[tuple[int, int]]]] = {}
        for partition in partitions:
            leader = self._metadata.leader_for_partition(partition)
            if leader is None or leader < 0:
                raise KafkaError(f"{partition} has no leader now")
            topics = by_node.setdefault(leader, collections.defaultdict(list))
            topics[partition.topic].append((partition.partition, LATEST))
        found: dict[TopicPartition, int] = {}
        for node, topics in by_node.items():
            request = OffsetRequest(-1, isolation, list(topics.items()))
            for topic, answers in (await self._client.send(node, request)).topics:
                for number, code, _, offset, *_ in answers:
                    if code:
                        raise for_code(code)(f"{topic} partition {number}")
                    found[TopicPartition(topic, number)] = offset
        return found

    async def undecided(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Partitions with records neither committed nor aborted, and where those begin."""
        wanted = list(partitions)
        stable = await self.ends(wanted, READ_COMMITTED)
        ends = await self.ends(wanted, READ_UNCOMMITTED)
        return {tp: stable[tp] for tp in wanted if stable[tp] < ends[tp]}

    async def stuck(self, partitions: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Partitions whose undecided end does not move: not those merely being written to."""
        first = await self.undecided(partitions)
        if not first:
            return set()
        await asyncio.sleep(SETTLE_S)
        again = await self.undecided(first)
        return {tp for tp, begins in again.items() if begins == first[tp]}


async def abort_over(producer: Any, partitions: Iterable[TopicPartition]) -> None:
    """End whatever a producer's earlier epochs left open in these partitions."""
    await producer.begin_transaction()
    for partition in partitions:
        await producer.client.add_topic(partition.topic)
        producer._txn_manager.maybe_add_partition_to_txn(partition)
    await producer.abort_transaction()
