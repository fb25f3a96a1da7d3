"""Sending dead letters back to where they came from, byte for byte."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

from aiokafka import AIOKafkaProducer

from agents.settings import Settings, client_options
from schemas.dead_letter import DeadLetter
from streams.topics import INBOXES

REPLAYED_HEADER = "chengyun-replayed"
_INBOX_NAMES = frozenset(topic.name for topic in INBOXES.values())


class Refused(NamedTuple):
    """A letter that was not sent back, and why: cut, topic or changed."""

    number: str
    why: Literal["cut", "topic", "changed"]


def obstacle(letter: DeadLetter) -> Literal["cut", "topic", "changed"] | None:
    """What keeps a letter from being sent back; None if nothing does."""
    if letter.origin.topic not in _INBOX_NAMES:
        return "topic"
    kept = base64.b64decode(letter.bytes_base64)
    if len(kept) != letter.size:
        return "cut"
    return None if hashlib.sha256(kept).hexdigest() == letter.sha256 else "changed"


async def send_back(
    settings: Settings, bootstrap: str, letters: Sequence[tuple[str, DeadLetter]]
) -> list[Refused]:
    """Write each letter's bytes to the partition it came from.

    The partition is named, not derived: a key that was not UTF-8 is not known exactly
    any more. A header names the dead letter, so that one sees what was sent again.

    Returns:
        The letters that could not be sent.
    """
    refused: list[Refused] = []
    producer = AIOKafkaProducer(
        **client_options(settings, bootstrap),
        acks="all",
        enable_idempotence=True,
        max_request_size=4 << 20,
    )
    await producer.start()
    try:
        for number, letter in letters:
            why = obstacle(letter)
            if why is not None:
                refused.append(Refused(number, why))
                continue
            headers = [(name, base64.b64decode(raw)) for name, raw in letter.headers.items()]
            headers = [header for header in headers if header[0] != REPLAYED_HEADER]
            await producer.send_and_wait(
                settings.physical(letter.origin.topic),
                base64.b64decode(letter.bytes_base64),
                key=letter.origin.key.encode() if letter.origin.key is not None else None,
                partition=letter.origin.partition,
                headers=[*headers, (REPLAYED_HEADER, number.encode())],
            )
    finally:
        await producer.stop()
    return refused
