"""The fixtures do what the other tests rely on."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.conftest import CreateTopics


async def test_what_is_written_in_a_transaction_is_read(
    broker: str, prefix: str, create_topics: CreateTopics
) -> None:
    topic = prefix + "t"
    await create_topics(topic, partitions=2, cleanup_policy="compact")
    async with (
        AIOKafkaProducer(bootstrap_servers=broker, transactional_id=prefix + "p") as producer,
        producer.transaction(),
    ):
        await producer.send(topic, b"v", key=b"k", partition=1)
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=broker,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    ) as consumer:
        record = await consumer.getone()
    assert (record.partition, record.key, record.value) == (1, b"k", b"v")
