"""Bad records of every kind become dead letters, and the partition goes on."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

Write = Callable[..., bytes]


def letters(records: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(record.value)["data"] for record in records]


async def test_each_poison_is_buried_with_bytes_origin_and_reason(bench: Any, note: Write) -> None:
    poison: dict[str, bytes] = {
        "broken JSON": b'{"id": 1, "at": "2026',
        "not JSON at all": b"hello",
        "wrong type": note(1, id="one"),
        "missing field": b'{"id": 1}',
        "oversized": note(1, text="x" * 300_000),
        "not UTF-8": b'{"id": 1, "at": "2026-06-01T12:00:00Z", "text": "\xff\xfe"}',
        "no such time": note(1, at="2026-13-45T99:00:00Z"),
        "absurd time": note(1, at="9999-01-01T00:00:00Z"),
        "step raising": note(1, text="raise"),
    }
    for value in poison.values():
        await bench.send(note(), value)
    await bench.send(note(99, text="last"))
    bench.start()
    outputs = await bench.eventually(bench.out, len(poison) + 1)
    assert json.loads(outputs[-1].value) == [99, "last", 1]
    assert [json.loads(o.value)[2] for o in outputs[:-1]] == list(range(1, len(poison) + 1))
    buried = letters(await bench.eventually(bench.dead, len(poison)))
    assert [base64.b64decode(b["bytes_base64"]) for b in buried] == list(poison.values())
    for number, (letter, value) in enumerate(zip(buried, poison.values(), strict=True)):
        assert letter["origin"]["topic"] == "in"
        assert letter["origin"]["offset"] == number * 2 + 1
        assert letter["sha256"] == hashlib.sha256(value).hexdigest()
        assert letter["reason"]["message"]
        assert letter["stage"] == "poisoned"
    codes = dict(zip(poison, (b["reason"]["code"] for b in buried), strict=True))
    assert codes["oversized"] == "too_large"
    assert codes["absurd time"] == "time_ahead"
    assert codes["step raising"] == "step_raised"
    assert Counter(codes.values())["schema"] == 6
    raised = buried[-1]
    assert len(raised["fingerprint"]) == 12
    assert "ZeroDivisionError" in raised["stack"]


async def test_a_record_without_a_value_is_buried(bench: Any, note: Write) -> None:
    await bench.send(None, note(1))
    bench.start()
    await bench.eventually(bench.out, 1)
    (letter,) = letters(await bench.eventually(bench.dead, 1))
    assert letter["size"] == 0


async def test_strangers_bad_records_never_stop_the_stage(bench: Any, note: Write) -> None:
    await bench.send(*[b"rubbish %d" % n for n in range(300)], note(1))
    running = bench.start(defect_limit=5)
    await bench.eventually(bench.out, 1)
    assert len(await bench.eventually(bench.dead, 300)) == 300
    assert running.process.poll() is None


async def test_a_message_the_broker_would_refuse_becomes_a_dead_letter(
    bench: Any, note: Write
) -> None:
    await bench.send(note(1, text="shout"), note(2))
    bench.start()
    assert len(await bench.eventually(bench.out, 2)) == 2
    (letter,) = letters(await bench.eventually(bench.dead, 1))
    assert letter["reason"]["code"] == "output_too_large"
    assert letter["size"] == 2_000_000


async def test_a_raising_timer_is_buried_with_its_state_and_disarmed(
    bench: Any, note: Write
) -> None:
    await bench.send(note(7, text="bomb"), note(8))
    running = bench.start()
    (letter,) = letters(await bench.eventually(bench.dead, 1))
    assert letter["reason"]["code"] == "timer_raised"
    assert base64.b64decode(letter["bytes_base64"]) == b"tick"
    assert "ArithmeticError" in letter["stack"]
    await bench.send(note(9))
    await bench.eventually(bench.out, 3)
    assert len(await bench.read(bench.dead)) == 1
    assert running.process.poll() is None


async def test_a_step_that_keeps_raising_ends_the_process_and_says_so(
    bench: Any, note: Write
) -> None:
    await bench.send(*[note(n, text="raise") for n in range(50)])
    running = bench.start(defect_limit=5)
    assert await running.ended() == 70
    assert "stage poisoned stopped: more than 5 of its own steps raised" in running.said()
    assert "Operator action" in running.said()
    assert "ZeroDivisionError" in running.said()
    assert len(await bench.read(bench.dead)) == 5


async def test_our_own_unreadable_messages_end_the_process(bench: Any) -> None:
    await bench.send(*[b"rubbish"] * 50, headers=[("writer", b"us")])
    running = bench.start(defect_limit=5)
    assert await running.ended() == 70
    assert "nothing was lost" in running.said()


async def test_a_record_in_the_wrong_partition_reaches_the_right_one(
    bench: Any, note: Write
) -> None:
    for number in range(2):
        await bench.send(note(number), key=b"one key", partition=number)
    bench.start()
    outputs = await bench.eventually(bench.out, 2)
    assert sorted(json.loads(o.value)[2] for o in outputs) == [1, 2]
