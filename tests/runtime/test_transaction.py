"""Our own three requests: order, size, abort, fencing, and what a retry may not do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from agents.runtime.transaction import Transactions


@pytest.fixture
async def opened(bench: Any) -> AsyncIterator[Any]:
    """A function that opens a producer under a name, fencing whoever had it."""
    made: list[Any] = []

    async def make(name: str = "one") -> tuple[Any, Transactions]:
        producer = AIOKafkaProducer(**bench.client, transactional_id=bench.prefix + name)
        await producer.start()
        made.append(producer)
        return producer, Transactions(producer, bench.prefix + name)

    yield make
    for producer in made:
        await producer.stop()


def batch(producer: Any, *values: bytes) -> Any:
    builder = producer.create_batch()
    for value in values:
        assert builder.append(key=b"k", value=value, timestamp=None) is not None
    return builder


async def test_batches_of_many_transactions_stay_in_order(bench: Any, opened: Any) -> None:
    producer, transactions = await opened()
    where = TopicPartition(bench.out, 0)
    for number in range(0, 30, 3):
        values = [b"%d" % n for n in range(number, number + 3)]
        await transactions.write({where: [batch(producer, v) for v in values]})
        await transactions.end(commit=True)
    assert [r.value for r in await bench.read(bench.out)] == [b"%d" % n for n in range(30)]


async def test_what_is_aborted_is_never_seen(bench: Any, opened: Any) -> None:
    producer, transactions = await opened()
    for number, commit in enumerate((True, False, True)):
        where = {TopicPartition(bench.out, p): [batch(producer, b"%d" % number)] for p in (0, 1)}
        await transactions.write(where)
        assert transactions.open
        await transactions.end(commit=commit)
    assert sorted(r.value for r in await bench.read(bench.out)) == [b"0", b"0", b"2", b"2"]


async def test_a_fenced_writer_hears_of_it(bench: Any, opened: Any) -> None:
    producer, older = await opened()
    where = TopicPartition(bench.out, 0)
    await older.write({where: [batch(producer, b"old")]})
    other, newer = await opened()
    with pytest.raises(ProducerFenced):
        await older.end(commit=True)
    with pytest.raises(KafkaError):
        await older.write({where: [batch(producer, b"older")]})
    await newer.write({where: [batch(other, b"new")]})
    await newer.end(commit=True)
    assert [r.value for r in await bench.read(bench.out)] == [b"new"]


async def test_a_batch_that_the_broker_refuses_is_not_committed(bench: Any, opened: Any) -> None:
    producer, transactions = await opened()
    large = AIOKafkaProducer(
        **bench.client, transactional_id=bench.prefix + "large", max_batch_size=16 << 20
    )
    await large.start()
    try:
        writer = Transactions(large, bench.prefix + "large")
        good, bad = TopicPartition(bench.out, 0), TopicPartition(bench.out, 1)
        with pytest.raises(KafkaError):
            await writer.write(
                {good: [batch(large, b"good")], bad: [batch(large, b"x" * (9 << 20))]}
            )
        await writer.end(commit=False)
    finally:
        await large.stop()
    await transactions.write({TopicPartition(bench.out, 0): [batch(producer, b"after")]})
    await transactions.end(commit=True)
    assert [r.value for r in await bench.read(bench.out)] == [b"after"]


async def test_the_same_batch_sent_twice_is_taken_once(bench: Any, opened: Any) -> None:
    producer, transactions = await opened()
    where = TopicPartition(bench.out, 0)
    await transactions.write({where: [batch(producer, b"first")]})
    sealed = transactions._sealed(where, batch(producer, b"once"))
    await transactions._produce({where: sealed})
    await transactions._produce({where: sealed})
    await transactions.end(commit=True)
    assert [r.value for r in await bench.read(bench.out)] == [b"first", b"once"]
