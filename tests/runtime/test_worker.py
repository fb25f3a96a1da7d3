"""A stage as a process: stop, restore, fence, refuse."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from agents.runtime.options import StageOptions
from agents.runtime.position import POSITION_KEY, Position
from agents.runtime.producer import LaneProducer
from streams.effects import Effects
from streams.program import Output
from streams.topics import Topic

Write = Callable[..., bytes]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_in_under_three_seconds_without_loss(
    bench: Any, note: Write, number: signal.Signals
) -> None:
    first = bench.start()
    await first.until("→ flowing")
    sending = asyncio.create_task(bench.send(*[note(n) for n in range(400)]))
    await bench.eventually(bench.out, 20)
    began = time.monotonic()
    first.process.send_signal(number)
    assert await first.ended() == 0
    assert time.monotonic() - began < 3
    await sending
    bench.start()
    outputs = await bench.eventually(bench.out, 400)
    assert [json.loads(o.value)[2] for o in outputs] == list(range(1, 401))


async def test_a_dynamic_member_leaves_so_that_others_need_not_wait(
    bench: Any, note: Write
) -> None:
    first = bench.start()
    await first.until("→ flowing")
    first.process.terminate()
    await first.ended()
    began = time.monotonic()
    second = bench.start()
    await second.until("→ flowing")
    assert time.monotonic() - began < 10


async def test_state_and_position_come_back_after_kill_9(bench: Any, note: Write) -> None:
    await bench.send(*[note(n) for n in range(10)])
    first = bench.start(instance_id=f"{bench.prefix}a")
    await bench.eventually(bench.out, 10)
    first.kill()
    await bench.send(note(10))
    second = bench.start(instance_id=f"{bench.prefix}a")
    outputs = await bench.eventually(bench.out, 11)
    assert [json.loads(o.value)[2] for o in outputs] == list(range(1, 12))
    assert "entries restored in" in second.said()


async def test_the_older_writer_of_a_lane_is_fenced(bench: Any) -> None:
    options = StageOptions("poisoned", bench.client, prefix=bench.prefix)
    target = Topic("out", "key", "outbox", (), (), "delete", None)
    older, newer = LaneProducer(options, 0), LaneProducer(options, 0)
    await older.open()
    await newer.open()
    try:
        with pytest.raises(KafkaError):
            await older.commit(Effects(outputs=[Output(target, "k", b"old")]), Position({"in": 1}))
        await newer.commit(Effects(outputs=[Output(target, "k", b"new")]), Position({"in": 2}))
    finally:
        await older.close()
        await newer.close()
    assert [o.value for o in await bench.read(bench.out)] == [b"new"]
    positions = [r.value for r in await bench.read(bench.state) if r.key == POSITION_KEY]
    assert positions == [b'{"next":{"in":2}}']


async def test_a_large_chunk_is_split_into_batches_the_broker_takes(bench: Any) -> None:
    options = StageOptions("poisoned", bench.client, prefix=bench.prefix)
    target = Topic("out", "key", "outbox", (), (), "delete", None)
    producer = LaneProducer(options, 0)
    await producer.open()
    try:
        outputs = [Output(target, "k", b"x" * 700_000, 0) for _ in range(5)]
        dead = [
            Output(
                Topic("chengyun.dead-letters.v1", "", "outbox", (), (), "delete", None),
                "k",
                b"y" * 3_500_000,
            )
        ]
        await producer.commit(Effects(outputs=outputs, dead=dead), Position({"in": 1}))
    finally:
        await producer.close()
    assert len(await bench.read(bench.out)) == 5
    assert len((await bench.read(bench.dead))[0].value) == 3_500_000


async def test_headers_travel(bench: Any) -> None:
    options = StageOptions("poisoned", bench.client, prefix=bench.prefix)
    target = Topic("out", "key", "outbox", (), (), "delete", None)
    producer = LaneProducer(options, 0)
    await producer.open()
    headers = (("type", b"cn.chengyun.note.v1"), ("traceparent", b"00-1-2-01"))
    try:
        await producer.commit(
            Effects(outputs=[Output(target, "k", b"v", None, headers)]), Position({})
        )
    finally:
        await producer.close()
    assert (await bench.read(bench.out))[0].headers == headers


async def test_a_missing_state_topic_is_refused_with_advice(bench: Any) -> None:
    running = bench.start()
    running.kill()
    bench.prefix += "missing."
    refused = bench.start()
    assert await refused.ended() == 2
    assert "chengyun topics apply" in refused.said()


async def test_a_position_beyond_the_end_of_the_input_is_refused(bench: Any) -> None:
    options = StageOptions("poisoned", bench.client, prefix=bench.prefix)
    producer = LaneProducer(options, 0)
    await producer.open()
    await producer.commit(Effects(), Position({"in": 1_000}))
    await producer.close()
    running = bench.start()
    assert await running.ended() == 2
    assert "stands at offset 1000" in running.said()


async def test_a_lane_that_was_opened_again_still_finds_its_topics(bench: Any) -> None:
    options = StageOptions("poisoned", bench.client, prefix=bench.prefix)
    target = Topic("out", "key", "outbox", (), (), "delete", None)
    producer = LaneProducer(options, 0)
    for number in range(3):
        await producer.open()
        try:
            output = Output(target, "k", b"%d" % number)
            await producer.commit(Effects(outputs=[output]), Position({"in": number}))
        finally:
            await producer.close()
    assert [o.value for o in await bench.read(bench.out)] == [b"0", b"1", b"2"]
