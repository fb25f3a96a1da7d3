"""What operators order, and what they send back, against a real broker."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import Any

from aiokafka import AIOKafkaConsumer

from agents.cli.dead_letters import app as dead_letters
from agents.cli.incident import app as incident
from agents.cli.silence import app as silence
from agents.ledger import open_ledger
from agents.orders import give_order
from agents.reburial import REPLAYED_HEADER
from agents.settings import Settings
from schemas.command import Command, Subject
from schemas.dead_letter import DeadLetter, DeadLetterEvent, Origin, Reason
from schemas.errors import ConfigurationError
from schemas.outcome import Reply, ReplyEvent
from schemas.terms import Actor
from streams import topics
from streams.partitioner import partition_of
from tests.cli.typed import NOON, Publish, call, lines


async def test_an_order_reaches_the_desk_of_its_area_and_its_reply_comes_back(
    settings: Settings, broker: str, publish: Publish
) -> None:
    command = Command(
        command_id="wang/acknowledge/1",
        subject=Subject(kind="incident", id="990101001-1"),
        action="acknowledge",
        actor=Actor(id="wang", tier="street", area="990101001"),
    )
    inbox = AIOKafkaConsumer(
        settings.physical(topics.STREET_INBOX.name),
        bootstrap_servers=broker,
        auto_offset_reset="earliest",
    )
    await inbox.start()
    try:
        waiting = asyncio.create_task(
            give_order(settings, broker, command, "street", "990101001", NOON, 20.0)
        )
        record = await asyncio.wait_for(inbox.getone(), 20)
        assert record.key == b"990101001"
        assert record.partition == partition_of(b"990101001", 2)
        sent = json.loads(record.value)
        assert sent["data"]["actor"]["id"] == "wang"
        for other in ("wang/acknowledge/0", "wang/acknowledge/1"):
            outcome = "applied" if other.endswith("1") else "conflict"
            reply = Reply.model_validate({"command_id": other, "outcome": outcome, "version": 2})
            event = ReplyEvent(id=f"{other}/r", source="/street/1", time=NOON, data=reply)
            await publish(topics.REPLIES, other, event)
        answer = await asyncio.wait_for(waiting, 20)
    finally:
        await inbox.stop()
    assert answer is not None
    assert (answer.data.command_id, answer.data.outcome) == ("wang/acknowledge/1", "applied")


async def test_an_order_without_an_answer_says_how_to_repeat_it(settings: Settings) -> None:
    answer = await call(
        incident, "ack", "x-1", "--as", "wang", "--area", "990101001", "--wait", "0.5"
    )
    assert answer.exit_code == 3
    assert "--command-id wang/acknowledge/" in answer.output
    unknown = await call(incident, "ack", "x-1", "--as", "wang")
    assert isinstance(unknown.exception, ConfigurationError)


def letter(value: bytes, **more: Any) -> DeadLetterEvent:
    given: dict[str, Any] = {
        "origin": Origin(
            topic=topics.INTAKE_REPORTS.name, partition=1, offset=5, key="app/1", timestamp=NOON
        ),
        "reason": Reason(code="not_json", message="line 1: wanted a value"),
        "stage": "intake",
        "bytes_base64": base64.b64encode(value).decode(),
        "size": len(value),
        "sha256": hashlib.sha256(value).hexdigest(),
        "first_seen": NOON,
        "headers": {"type": base64.b64encode(b"t").decode()},
        **more,
    }
    return DeadLetterEvent(
        id=f"l/{len(value)}", source="/intake/1", time=NOON, data=DeadLetter.model_validate(given)
    )


async def test_dead_letters_are_listed_shown_and_sent_back_byte_for_byte(
    settings: Settings, broker: str, publish: Publish
) -> None:
    whole = letter(b'{"broken": \xff')
    cut = letter(b"12345", size=9_000_000, reason=Reason(code="too_large", message="9 MB"))
    inner = letter(b"x", origin=whole.data.origin.model_copy(update={"topic": "chengyun.audit.v1"}))
    for each in (whole, cut, inner):
        await publish(topics.DEAD_LETTERS, "intake/1", each)
    listed = lines(await call(dead_letters, "list", "--json"))
    assert [entry["reason"]["code"] for entry in listed] == ["not_json", "too_large", "not_json"]
    assert "bytes_base64" not in listed[0]
    numbers = [entry["number"] for entry in listed]
    only = lines(await call(dead_letters, "list", "--json", "--reason", "too_large"))
    assert [entry["number"] for entry in only] == [numbers[1]]
    assert lines(await call(dead_letters, "list", "--json", "--stage", "city")) == []
    shown = (await call(dead_letters, "show", numbers[0])).stdout
    assert "not_json" in shown
    assert '{"broken": \\xff' in shown

    nobody = await call(dead_letters, "replay", numbers[0])
    assert isinstance(nobody.exception, ConfigurationError)
    everything = await call(dead_letters, "replay", "--yes")
    assert isinstance(everything.exception, ConfigurationError)
    done = await call(dead_letters, "replay", *numbers, "--yes")
    assert done.exit_code == 1
    assert "已送回 1 封" in done.output
    assert done.output.count("不能送回") == 2
    async with open_ledger(settings, broker, [topics.INTAKE_REPORTS]) as ledger:
        records = [r async for batch in ledger.scan([topics.INTAKE_REPORTS]) for r in batch]
    assert [(r.partition, r.key, r.value) for r in records] == [(1, b"app/1", b'{"broken": \xff')]
    assert records[0].headers == (("type", b"t"), (REPLAYED_HEADER, numbers[0].encode()))


async def test_a_silence_goes_to_the_desk_that_it_spares(
    settings: Settings, broker: str, publish: Publish
) -> None:
    wrong = await call(silence, "nowhere", "--as", "wang", "--reason", "x", "--until", "2h")
    assert isinstance(wrong.exception, ConfigurationError)
    past = await call(
        silence, "990101001", "--as", "wang", "--reason", "x", "--until", "2020-01-01"
    )
    assert isinstance(past.exception, ConfigurationError)
    asked = await call(
        *(silence, "990101001", "--as", "wang", "--reason", "换泵", "--trigger", "W3"),
        *("--until", "2h", "--wait", "0.5"),
    )
    assert asked.exit_code == 3
    async with open_ledger(settings, broker, [topics.STREET_INBOX]) as ledger:
        (batch,) = [found async for found in ledger.scan([topics.STREET_INBOX])]
    sent = json.loads(batch[0].value or b"")
    assert (batch[0].key, sent["type"]) == (b"990101001", "cn.chengyun.silence.v1")
    assert sent["data"]["trigger"] == "W3"
    assert sent["data"]["owner"]["area"] == "990101001"
