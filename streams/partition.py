"""The engine of one lane: records and due entries in, effects out, nothing done yet.

A `Partition` holds the committed entries of one partition of a stage. `compute` works
on a view above them and answers what would follow; `accept` makes it true, after
whoever carries the effects (a Kafka transaction, or a backtest's memory) has carried
them. Between the two nothing has changed, so a failed commit leaves no trace.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from schemas.errors import SchemaError
from streams.chunk import (
    CAREFUL_OPERATIONS,
    BulkRaisedError,
    CannotEncodeError,
    Chunk,
    RaisedError,
    describe,
)
from streams.dead_letters import bury, reason_of
from streams.effects import Armed, BulkProgram, ChunkLimits, Effects, RawRecord
from streams.partitioner import homes_of
from streams.program import Program, Record
from streams.state import DUE_BYTES, Decoded, Namespace, from_microseconds
from streams.topics import Topic

__all__ = ["BulkProgram", "ChunkLimits", "Effects", "Partition", "RawRecord"]


class Partition:
    """The committed entries of one partition of a stage, and the program that changes them.

    Args:
        program: what the stage decides.
        number: the partition's number, the same in every input and in the state.
        limits: where a chunk ends.
        seconds: a running count of seconds, read to end a chunk in time. Streams know
            no clock: whoever has one hands it in; the default never ends a chunk.
        partitions: how many partitions the inputs have; a keyed record of a stranger
            that belongs to another one is sent on to it. None: not checked.
    """

    def __init__(
        self,
        program: Program,
        number: int,
        limits: ChunkLimits | None = None,
        *,
        seconds: Callable[[], float] = lambda: 0.0,
        partitions: int | None = None,
    ) -> None:
        self.program = program
        self.number = number
        self.limits = limits or ChunkLimits()
        self.seconds = seconds
        self.homes = None if partitions is None else homes_of(partitions)
        self.base: dict[bytes, bytes] = {}
        self.decoded = Decoded()
        self.heaps: tuple[list[Armed], list[Armed]] = ([], [])
        self.inputs: dict[str, Topic] = {topic.name: topic for topic in program.inputs}
        self.namespaces: dict[bytes, Namespace[Any]] = {n.prefix: n for n in program.namespaces}
        if len({n.name for n in program.namespaces}) != len(program.namespaces):
            raise ValueError(f"stage {program.stage}: two namespaces share a name")
        self.driven_by_now = True
        self._armed_at_rebuild = [0, 0]

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one entry of the changelog, oldest first."""
        if value is None:
            self.base.pop(key, None)
        else:
            self.base[key] = value

    def loaded(self) -> None:
        """The changelog is at its end: find out what is due when."""
        none = bytes(DUE_BYTES)
        now: list[Armed] = []
        watermark: list[Armed] = []
        for key, value in self.base.items():
            due = value[:DUE_BYTES]
            if due != none:
                heap = watermark if self.namespace(key).clock == "watermark" else now
                heap.append((int.from_bytes(due, "big"), key))
        heapq.heapify(now)
        heapq.heapify(watermark)
        self.heaps = (now, watermark)
        self._armed_at_rebuild = [len(now), len(watermark)]

    def namespace(self, stored_key: bytes) -> Namespace[Any]:
        """The namespace an entry lies in.

        Raises:
            SchemaError: this version of the stage knows no such namespace.
        """
        prefix = stored_key[: stored_key.index(b"/") + 1]
        namespace = self.namespaces.get(prefix)
        if namespace is None:
            raise SchemaError(
                f"stage {self.program.stage}: its state holds an entry of the namespace "
                f"{prefix!r}, wanted one of {sorted(self.namespaces)}. Operator action: start the "
                f"version that wrote it, or migrate the state."
            )
        return namespace

    def next_due(self) -> datetime | None:
        """When the next entry is due by the time of day; None while nothing waits for that."""
        if not self.driven_by_now:
            return None
        heap = self.heaps[0]
        while heap:
            due, key = heap[0]
            if self._committed_due(key) == due:
                return from_microseconds(due)
            heapq.heappop(heap)
        return None

    def compute(
        self,
        records: Sequence[Record] | Sequence[RawRecord],
        now: datetime,
        topic: str | None = None,
    ) -> Effects:
        """Apply records and fire what is due, as far as the limits of a chunk go.

        What was due before the records came fires first. A step that raises ends the
        chunk before its record: since steps are pure, the chunk is computed again up to
        there, and the record becomes a dead letter in a chunk of its own.

        Args:
            records: of one topic, in order.
            topic: the bare name of their topic, when they are raw records of a client.
            now: the worker's time, simulated or real.
        """
        attempt_limit: int | None = None
        careful = False
        bulk = topic is not None and isinstance(self.program, BulkProgram)
        while True:
            chunk = Chunk(self, records, topic, now, attempt_limit, careful=careful, bulk=bulk)
            try:
                return chunk.run()
            except CannotEncodeError:
                chunk.rewind()
                careful, bulk = True, False
                attempt_limit = min(attempt_limit or CAREFUL_OPERATIONS, CAREFUL_OPERATIONS)
            except BulkRaisedError:
                chunk.rewind()
                bulk = False
            except RaisedError as raised:
                chunk.rewind()
                if raised.operation == 0:
                    return self._set_aside(raised, now)
                attempt_limit = raised.operation

    def accept(self, effects: Effects) -> None:
        """The effects were carried: make them the committed state."""
        base = self.base
        popped = (set(effects.popped[0]), set(effects.popped[1]))
        for key, value in effects.dirty:
            if value is None:
                base.pop(key, None)
                continue
            before = base.get(key)
            base[key] = value
            due_bytes = value[:DUE_BYTES]
            due = int.from_bytes(due_bytes, "big")
            if due:
                clock = 1 if self.namespace(key).clock == "watermark" else 0
                armed = (due, key)
                if before is None or before[:DUE_BYTES] != due_bytes or armed in popped[clock]:
                    heapq.heappush(self.heaps[clock], armed)
        if effects.state is not None:
            effects.state.keep_decoded()
        self._drop_stale_armings()

    def _drop_stale_armings(self) -> None:
        """An entry whose due time moved leaves its old arming behind; keep those few."""
        for clock in (0, 1):
            heap = self.heaps[clock]
            if len(heap) > 2 * self._armed_at_rebuild[clock] + 10_000:
                live = list({armed for armed in heap if self._committed_due(armed[1]) == armed[0]})
                heapq.heapify(live)
                heap[:] = live
                self._armed_at_rebuild[clock] = len(live)

    def _committed_due(self, key: bytes) -> int:
        stored = self.base.get(key)
        return 0 if stored is None else int.from_bytes(stored[:DUE_BYTES], "big")

    def _set_aside(self, raised: RaisedError, now: datetime) -> Effects:
        """Dead-letter the one record or entry whose step or fire raised; state untouched."""
        effects = Effects(more_due=True, raised=1)
        error = raised.error
        culprit = raised.culprit
        stage = self.program.stage
        if isinstance(culprit, Record):
            reason = reason_of(error, "step_raised")
            effects.dead.append(bury(culprit, reason, stage, now, error))
            effects.consumed = 1
            effects.defects.append(describe(culprit, error))
            return effects
        due, key = culprit
        stored = self.base.get(key, bytes(DUE_BYTES))
        namespace = self.namespace(key)
        held = self._held(namespace, stored[DUE_BYTES:])
        if held is not None:
            reason = reason_of(error, "step_raised")
            effects.dead.append(bury(held, reason, stage, now, error))
            effects.dirty.append((key, None))
            effects.defects.append(describe(held, error))
            return effects
        entry = self.entry_record(key, stored[DUE_BYTES:], due)
        effects.dead.append(bury(entry, reason_of(error, "timer_raised"), stage, now, error))
        effects.dirty.append((key, bytes(DUE_BYTES) + stored[DUE_BYTES:]))
        return effects

    def _held(self, namespace: Namespace[Any], encoded: bytes) -> Record | None:
        """The record that an entry holds, when that is what it is for and it can be read."""
        if namespace.holds is None:
            return None
        try:
            return namespace.holds(namespace.decode(encoded))
        except Exception:  # noqa: BLE001 - it may be this very decoding that raised
            return None

    def entry_record(self, key: bytes, encoded: bytes, due: int) -> Record:
        """An entry of the state in the shape of a record, for its dead letter."""
        topic = f"chengyun.{self.program.stage}.state.v1"
        return Record(topic, self.number, -1, due // 1_000, key, encoded)
