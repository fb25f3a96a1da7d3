"""What tests ask of the intake's consequences."""

from __future__ import annotations

from typing import Any

from schemas.report import ReportEvent
from streams.topics import (
    DEAD_LETTERS,
    REPLIES,
)

STREET = "990101001"
Consequences = list[tuple[str, str, Any]]


def only_report(consequences: Consequences) -> ReportEvent:
    assert len(consequences) == 1, consequences
    message = consequences[0][2]
    assert isinstance(message, ReportEvent)
    return message


def rejection(consequences: Consequences) -> str:
    """The reason code of a rejected input: the reply and the dead letter must agree."""
    by_topic = {topic: message for topic, _, message in consequences}
    assert set(by_topic) == {REPLIES.name, DEAD_LETTERS.name}
    reply, letter = by_topic[REPLIES.name].data, by_topic[DEAD_LETTERS.name].data
    assert reply.outcome == "rejected"
    assert reply.reason == letter.reason
    return str(letter.reason.code)
