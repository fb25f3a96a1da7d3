"""Records under a foreign key: a sender who spreads keys its own way, or gives none."""

from __future__ import annotations

from datetime import datetime

from streams.program import Output, Record
from streams.topics import Topic


class Misplaced:
    """A record whose key is not what the topic's contract says; it is sent on under its own.

    Attributes:
        type, time: of the event inside, as an envelope has them.
    """

    __slots__ = ("key", "record", "time", "type")

    def __init__(self, record: Record, key: str, kind: str, time: datetime) -> None:
        self.record = record
        self.key = key
        self.type = kind
        self.time = time

    def sent_on(self, topic: Topic) -> Output:
        """The same bytes under the right key; the lane of that key will have it once."""
        return Output(topic, self.key, self.record.value or b"", None, self.record.headers)
