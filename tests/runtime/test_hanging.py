"""Transactions that nobody ends are found, and only their owner's abort touches them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import NotLeaderForPartitionError

from agents.runtime.hanging import Cluster, abort_over


async def producer(client: dict[str, str], name: str) -> Any:
    made = AIOKafkaProducer(**client, transactional_id=name)
    await made.start()
    return made


async def _led(cluster: Cluster, partitions: Iterable[TopicPartition]) -> None:
    """Until every new partition answers: its leader may still be settling in."""
    for _ in range(300):
        try:
            await cluster.undecided(partitions)
        except NotLeaderForPartitionError:
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError("some partition has had no leader for 30 s")


async def test_an_open_transaction_is_found_and_an_empty_abort_of_another_leaves_it(
    bench: Any,
) -> None:
    partition = TopicPartition(bench.out, 0)
    consumer = AIOKafkaConsumer(**bench.client)
    await consumer.start()
    owner = await producer(bench.client, bench.prefix + "owner")
    other = await producer(bench.client, bench.prefix + "other")
    try:
        cluster = await Cluster.look(consumer._client)
        everything = cluster.partitions(bench.prefix)
        assert partition in everything
        await _led(cluster, everything)
        assert await cluster.stuck(everything) == set()
        await owner.begin_transaction()
        await owner.send_and_wait(bench.out, b"kept", partition=0)
        assert await cluster.stuck(everything) == {partition}
        await abort_over(other, [partition, TopicPartition(bench.inbox, 1)])
        assert await cluster.stuck(everything) == {partition}
        await owner.commit_transaction()
        assert await cluster.stuck(everything) == set()
        assert [r.value for r in await bench.read(bench.out)] == [b"kept"]
        await other.begin_transaction()
        await other.send_and_wait(bench.out, b"after", partition=0)
        await other.commit_transaction()
        assert len(await bench.read(bench.out)) == 2
    finally:
        await owner.stop()
        await other.stop()
        await consumer.stop()
