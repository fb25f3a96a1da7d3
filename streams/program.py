"""The seam between what a stage decides and what carries it.

A stage of the city (intake, sensing, street, district, city) is a ``Program``: it
reads a record, steps its state, and answers deadlines. The engine that calls it,
over Kafka or in one process, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pydantic import BaseModel

from schemas.codec import encode
from schemas.dead_letter import Reason
from streams.topics import Topic

if TYPE_CHECKING:
    from streams.state import Namespace, State

Headers = tuple[tuple[str, bytes], ...]


class Record(NamedTuple):
    """One record of a topic as it came, before anybody has read its meaning.

    ``topic`` is the bare contract name without the installation's prefix;
    ``timestamp_ms`` is real wall time in milliseconds since the epoch.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class LastWord:
    """A message about the present state of something, written when its chunk ends.

    A chunk becomes visible as a whole: of what it says under one key of a topic that keeps
    the last word, only that is written. From the step that says it to the end of the chunk,
    what it is about must not change without being said again.

    Attributes:
        size: about how many bytes it will have.
    """

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    def write(self) -> bytes:
        """The bytes of the message."""
        raise NotImplementedError


class Output(NamedTuple):
    """One message a stage sends.

    ``partition`` is None for the partition of the key (murmur2); ticks name theirs.
    """

    topic: Topic
    key: str
    message: BaseModel | LastWord | bytes
    partition: int | None = None
    headers: Headers = ()


def written(message: BaseModel | LastWord | bytes) -> bytes:
    """The bytes of a message of an `Output`."""
    if isinstance(message, bytes):
        return message
    return message.write() if isinstance(message, LastWord) else encode(message)


class Refuse(NamedTuple):
    """The input at hand cannot be used: it goes to the dead letters with this reason.

    The engine adds the bytes and the origin of the record, so nothing is lost.
    """

    reason: Reason


class Due(NamedTuple):
    """An entry of the state whose time has come.

    ``at`` is the time that was asked for; the call may come later (an outage). The
    entry is disarmed, with its value kept, before the program sees it.
    """

    namespace: Namespace[Any]
    key: str
    value: Any
    at: datetime


class Horizon(NamedTuple):
    """Up to which time entries may become due, for each of the two clocks.

    ``now`` moves with the time of day (deadlines), ``watermark`` with the completeness
    of the input (windows). None: nothing may.
    """

    now: datetime | None
    watermark: datetime | None


class Program(Protocol):
    """A stage of the city: one inbox, one keyed state, many outboxes. All of it pure."""

    @property
    def stage(self) -> str:
        """The stage's name, the same word in every folder."""

    @property
    def inputs(self) -> tuple[Topic, ...]:
        """The topics it reads, all of one width."""

    @property
    def namespaces(self) -> tuple[Namespace[Any], ...]:
        """All that it remembers."""

    def decode(self, record: Record) -> Any:
        """Read a record's meaning.

        Raises:
            SchemaError: it cannot be read; the engine dead-letters it and goes on.
        """

    def trusts(self, record: Record) -> bool:
        """Whether a stage of ours wrote the record.

        An undecodable record from a stranger never stops a stage; one from ourselves
        is a defect and counts towards the limit at which the stage stops.
        """

    def step(self, state: State, event: Any, now: datetime) -> Iterable[Output | Refuse]:
        """Apply one event and say what follows from it. The same arguments give the same answer."""

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        """Answer an entry whose time has come; put it again or delete it."""

    def horizon(self, state: State, now: datetime) -> Horizon:
        """Up to which times `fire` may be called after the records of a chunk."""

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        """End a chunk of a lane: everything due up to `reached` was fired; pass ticks on.

        A lane calls it once without records when it starts to flow, so that a lane to
        which nobody speaks tells the time all the same.
        """
