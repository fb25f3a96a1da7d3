"""An operator's order on its way to the incident, and the answer to it."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from agents.ledger import open_ledger
from agents.settings import Settings, client_options
from schemas.codec import encode, read_any
from schemas.command import Command, CommandEvent, SilenceEvent
from schemas.errors import SchemaError
from schemas.outcome import ReplyEvent
from schemas.terms import Tier
from streams.topics import INBOXES, REPLIES

WAIT_S = 15.0


def new_command_id(actor: str, action: str) -> str:
    """An id that no other order has; a repeat of the order must carry the same one."""
    return f"{actor}/{action}/{uuid.uuid4().hex[:12]}"[-200:]


async def give_order(
    settings: Settings,
    bootstrap: str,
    command: Command,
    tier: Tier,
    area: str,
    at: datetime,
    wait_s: float = WAIT_S,
) -> ReplyEvent | None:
    """Send a command to the inbox of the operator's area and wait for what became of it.

    Args:
        at: the time of day in the city.

    Returns:
        The reply, or None when none came within `wait_s` seconds; the command may still
        be carried out then, and sending it again under the same id does no harm.
    """
    event = CommandEvent(
        id=command.command_id,
        source=f"/operators/{command.actor.id}",
        subject=command.subject.id,
        time=at,
        data=command,
    )
    return await ask(settings, bootstrap, event, command.command_id, tier, area, wait_s)


async def ask(
    settings: Settings,
    bootstrap: str,
    event: CommandEvent | SilenceEvent,
    reply_key: str,
    tier: Tier,
    area: str,
    wait_s: float = WAIT_S,
) -> ReplyEvent | None:
    """Send a message to a desk's inbox and wait for the reply of this key.

    The reader of replies stands ready before the message is sent, so none is missed.
    """
    inbox = settings.physical(INBOXES[tier].name)

    async def send() -> None:
        producer = AIOKafkaProducer(
            **client_options(settings, bootstrap), acks="all", enable_idempotence=True
        )
        await producer.start()
        try:
            await producer.send_and_wait(
                inbox,
                encode(event),
                key=area.encode(),
                headers=[("type", event.type.encode())],
            )
        finally:
            await producer.stop()

    async def answer() -> ReplyEvent | None:
        async with open_ledger(settings, bootstrap, [REPLIES]) as ledger:
            answers = ledger.follow([REPLIES], key=reply_key, ready=send)
            async with aclosing(answers):
                async for batch in answers:
                    for record in batch:
                        if record.key == reply_key.encode():
                            return _reply(record.value)
        return None

    try:
        async with asyncio.timeout(wait_s):
            return await answer()
    except TimeoutError:
        return None


def _reply(value: bytes | None) -> ReplyEvent:
    message: Any = read_any(value)
    if not isinstance(message, ReplyEvent):
        raise SchemaError(f"a reply was expected, got {message.type}", code="unknown_type")
    return message
