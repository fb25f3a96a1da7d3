"""What a chunk is, where it ends, and what it would do to the world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable

from schemas.dead_letter import Reason
from streams.program import Horizon, Output, Record, Refuse
from streams.state import State
from streams.topics import MIB

Armed = tuple[int, bytes]  # (due, microseconds; stored key): the order in which entries fire
Change = tuple[bytes, bytes | None]
Moment = tuple[int, bytes]
"""A time in microseconds, and the order among what happens at that time, as of stored keys."""

NOTHING_APPLIED: Moment = (0, b"")


class Waiting(NamedTuple):
    """A record that waits until nothing earlier can come any more.

    ``due`` and ``key`` are its `Moment`; ``event`` is what the record says, None where it
    was not kept in memory.
    """

    due: int
    key: bytes
    offset: int
    record: Record
    event: Any


# Kafka counts a record's envelope and its batch's header into the limit of a topic.
RECORD_OVERHEAD = 1_024
MOVED_HEADER = "chengyun-moved"


class RawRecord(Protocol):
    """A record as a client hands it out, without its topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@runtime_checkable
class BulkProgram(Protocol):
    """A program with a fast path: many records stepped by one call.

    It must decide exactly as `decode` and `step` would, one record after the other.
    When it raises, the engine throws its work away and takes the records singly.
    """

    def step_many(
        self, state: State, records: Sequence[RawRecord], now: datetime
    ) -> tuple[list[Output], list[tuple[int, Reason]]]:
        """Outputs in order, and (index, reason) of each record that cannot be used."""


@runtime_checkable
class WaitingProgram(Protocol):
    """A program that applies records in the order of their own time, not of their arrival.

    A record that waits lies in memory only. The lane's position stays before the first
    that waits, so whoever takes the lane over reads them again. Such a program has one
    input.
    """

    @property
    def waiting(self) -> bool:
        """Whether this one lets records wait at all."""

    def waits(self, event: Any) -> Moment | None:
        """Until when an event must wait, by the watermark; None: it is stepped at once."""

    def release(self, state: State, event: Any, at: datetime) -> Iterable[Output | Refuse]:
        """Apply an event that has waited, at its own time."""


@dataclass(frozen=True, slots=True)
class ChunkLimits:
    """Where a chunk ends, whichever comes first, so that delay and transactions stay bounded.

    Attributes:
        records: records applied and entries fired.
        seconds: time spent computing.
        output_bytes: bytes of messages to send.
        state_bytes: the largest single entry; a larger one is a defect of the step.
    """

    records: int = 10_000
    seconds: float = 0.05
    output_bytes: int = 4 * MIB
    state_bytes: int = MIB - RECORD_OVERHEAD


@dataclass(slots=True)
class Effects:
    """What a chunk would do to the world. Messages are encoded; nothing has happened yet.

    Attributes:
        outputs, dead: messages to send, in order; dead letters apart.
        dirty: entries to write, stored key and value, None for a deleted one.
        consumed: how many of the records given are settled by this.
        more_due: the chunk ended before everything due was fired: compute again at once.
        applied, fired, expired, refused, undecodable, moved: what happened, for metrics.
        defects: one line for each failure that counts towards the stop limit.
        lateness_s: how long after its due time the latest entry fired, seconds.
        reached: everything due up to there has been fired.
        applied_until: the last record that had waited and was applied.
        released, arrived: records that waited and no longer do; those that began to.
        waits_from: offset of the first record that waits, None while none does.
        caught_up: what is read again after a restart has come as far as it had.
        heard_only: nothing happened but that ticks were heard and records began to wait.
        state: the view it was computed on, for what is kept decoded.
    """

    outputs: list[Output] = field(default_factory=list)
    dead: list[Output] = field(default_factory=list)
    dirty: list[Change] = field(default_factory=list)
    consumed: int = 0
    more_due: bool = False
    applied: int = 0
    fired: int = 0
    expired: int = 0
    refused: int = 0
    undecodable: int = 0
    raised: int = 0
    moved: int = 0
    defects: list[str] = field(default_factory=list)
    lateness_s: float = 0.0
    reached: Horizon = field(default_factory=lambda: Horizon(None, None))
    state: State | None = None
    popped: tuple[list[Armed], list[Armed]] = field(default_factory=lambda: ([], []))
    applied_until: Moment = NOTHING_APPLIED
    released: list[Waiting] = field(default_factory=list)
    arrived: list[Waiting] = field(default_factory=list)
    waits_from: int | None = None
    caught_up: bool = False
    heard_only: bool = False

    @property
    def did_something(self) -> bool:
        """Whether anything was said, fired or applied."""
        return bool(self.outputs or self.dead or self.fired or self.expired or self.released)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to carry."""
        return not (self.consumed or self.outputs or self.dead or self.dirty)
