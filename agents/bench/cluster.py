"""Topics, input and reading back, for benches and tortures on a real broker."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from streams.partitioner import Homes

Client = Mapping[str, Any]

BATCH_BYTES = 900_000
COMPACTED = {"cleanup.policy": "compact"}


async def make_topics(
    client: Client,
    names: Iterable[str],
    partitions: int,
    compacted: Iterable[str] = (),
    replication: int = 1,
    large: Iterable[str] = (),
    group: str | None = None,
) -> None:
    """Create topics and wait until every partition has a leader.

    Args:
        large: topics that take records of up to 4 MiB.
        group: a consumer group that will be used. A fresh cluster makes what it keeps groups in
            when the first is asked for, and knows none until that is done; whoever joins
            meanwhile is told of an error, and waits.
    """
    configs: dict[str, dict[str, str]] = {name: dict(COMPACTED) for name in compacted}
    for name in large:
        configs.setdefault(name, {})["max.message.bytes"] = str(4 << 20)
    wanted = [
        NewTopic(name, partitions, replication, topic_configs=configs.get(name, {}))
        for name in [*names, *configs]
    ]
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    try:
        answer = await admin.create_topics(wanted)
        for name, code, message in answer.topic_errors:
            if code:
                raise for_code(code)(f"{name}: {message}")
        for _ in range(100):
            found = await admin.describe_topics([topic.name for topic in wanted])
            if all(p["leader"] >= 0 for t in found for p in t["partitions"]):
                break
            await asyncio.sleep(0.05)
        if group is not None:
            await _until_coordinated(admin, group)
    finally:
        await admin.close()


async def _until_coordinated(admin: AIOKafkaAdminClient, group: str) -> None:
    for _ in range(200):
        try:
            await admin.find_coordinator(group)
        except KafkaError as error:
            if not error.retriable:
                raise
            await asyncio.sleep(0.05)
        else:
            return


async def drop_topics(client: Client, names: Iterable[str]) -> None:
    """Delete topics; a bench tidies up after itself."""
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    try:
        await admin.delete_topics(list(names))
    finally:
        await admin.close()


async def fill(
    client: Client,
    topic: str,
    partitions: int,
    records: Iterable[tuple[bytes, bytes]],
    home_of: Callable[[bytes], bytes] = bytes,
) -> int:
    """Write records in large batches, each in the partition of its key; answers how many.

    Args:
        home_of: what of the key says the partition, where it is not the whole key.
    """
    homes = Homes(partitions)
    producer = AIOKafkaProducer(
        **client, acks="all", linger_ms=0, max_batch_size=BATCH_BYTES, request_timeout_ms=60_000
    )
    await producer.start()
    written = 0
    batches: dict[int, Any] = {}
    try:
        for key, value in records:
            number = homes[home_of(key)]
            batch = batches.get(number)
            if batch is None:
                batch = batches[number] = producer.create_batch()
            if batch.append(key=key, value=value, timestamp=None) is None:
                await (await producer.send_batch(batch, topic, partition=number))
                batch = batches[number] = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
            written += 1
        for number, batch in batches.items():
            await (await producer.send_batch(batch, topic, partition=number))
    finally:
        await producer.stop()
    return written


async def read_all(
    client: Client, topics: Iterable[str], partitions: int, *, settle_s: float = 5.0
) -> AsyncIterator[list[Any]]:
    """Everything that is committed in these topics now, in order within each partition.

    A broker confirms a commit before its markers stand in the partitions: so long are
    open transactions given to end; what stays open after that is not read.

    Args:
        settle_s: seconds to wait for open transactions.
    """
    consumer = AIOKafkaConsumer(
        **client,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    try:
        wanted = [TopicPartition(t, n) for t, n in itertools.product(topics, range(partitions))]
        consumer.assign(wanted)
        ends = await _settled_ends(client, consumer, wanted, settle_s)
        await consumer.seek_to_beginning(*wanted)
        left = {tp for tp in wanted if ends[tp] > 0}
        while left:
            for records in (await consumer.getmany(*left, timeout_ms=200)).values():
                yield records
            left = {tp for tp in left if await consumer.position(tp) < ends[tp]}
    finally:
        await consumer.stop()


async def _settled_ends(
    client: Client, committed: Any, wanted: list[TopicPartition], settle_s: float
) -> dict[TopicPartition, int]:
    """The committed ends, once they have reached what is written or the patience is used up."""
    found: dict[TopicPartition, int] = await committed.end_offsets(wanted)
    if not settle_s:
        return found
    deadline = time.monotonic() + settle_s
    plain = AIOKafkaConsumer(**client, enable_auto_commit=False)
    await plain.start()
    try:
        written = await plain.end_offsets(wanted)
    finally:
        await plain.stop()
    while any(found[tp] < written[tp] for tp in wanted) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
        found = await committed.end_offsets(wanted)
    return found
