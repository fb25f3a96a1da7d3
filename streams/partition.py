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
from streams.attempt import CannotEncodeError, RaisedError, describe
from streams.chunk import CAREFUL_OPERATIONS, BulkRaisedError, Chunk
from streams.dead_letters import bury, reason_of
from streams.effects import (
    NOTHING_APPLIED,
    Armed,
    BulkProgram,
    Change,
    ChunkLimits,
    Effects,
    Moment,
    RawRecord,
    Waiting,
    WaitingProgram,
)
from streams.partitioner import homes_of
from streams.program import Horizon, Program, Record
from streams.state import DUE_BYTES, Decoded, Namespace, due_of, from_microseconds
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
        self._by_watermark = tuple(n.prefix for n in program.namespaces if n.clock == "watermark")
        if len({n.name for n in program.namespaces}) != len(program.namespaces):
            raise ValueError(f"stage {program.stage}: two namespaces share a name")
        self.waits: Callable[[Any], Moment | None] | None = None
        if isinstance(program, WaitingProgram) and program.waiting:
            if len(program.inputs) != 1:
                raise ValueError(f"stage {program.stage}: records of several inputs cannot wait")
            self.waits = program.waits
        self.waiting: list[Waiting] = []
        self.applied_until: Moment = NOTHING_APPLIED
        self.catching_up = 0
        self.reached = Horizon(None, None)
        self._untold: dict[bytes, bytes | None] = {}
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
        now: list[Armed] = []
        watermark: list[Armed] = []
        for key, value in self.base.items():
            due = due_of(value)
            if due:
                heap = watermark if self.namespace(key).clock == "watermark" else now
                heap.append((due, key))
        heapq.heapify(now)
        heapq.heapify(watermark)
        self.heaps = (now, watermark)
        self._armed_at_rebuild = [len(now), len(watermark)]

    def read_again(self, until: int, applied_until: Moment | None = None) -> None:
        """The input comes again from where the first waiting record lies.

        Nothing fires and nothing is told before it has come as far as it had.

        Args:
            until: up to which offset it was read before; 0 if nothing is read again.
            applied_until: the last of those that waited and was applied; None: as it is.
        """
        self.waiting = []
        self.catching_up = until if self.waits is not None else 0
        if applied_until is not None:
            self.applied_until = applied_until

    def waits_from(self) -> int | None:
        """The offset of the first record that waits; None while none does."""
        return min((each.offset for each in self.waiting), default=None)

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
                return self._with_untold(chunk.run())
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
        base, by_watermark = self.base, self._by_watermark
        popped: tuple[set[Armed], set[Armed]] | None = None
        for key, value in effects.dirty:
            if value is None:
                base.pop(key, None)
                continue
            due = due_of(value)
            if due:
                before = base.get(key)
                clock = 1 if key.startswith(by_watermark) else 0
                armed = (due, key)
                if before is not None and due_of(before) == due:
                    if popped is None:
                        popped = set(effects.popped[0]), set(effects.popped[1])
                    if armed not in popped[clock]:
                        base[key] = value
                        continue  # it lies on the heap
                heapq.heappush(self.heaps[clock], armed)
            base[key] = value
        self.applied_until = effects.applied_until
        self.reached = effects.reached
        if effects.caught_up:
            self.catching_up = 0
        self.reached = Horizon(None, None)
        self._untold.clear()
        if effects.state is not None:
            effects.state.keep_decoded()
        self._drop_stale_armings()

    def postpone(self, effects: Effects) -> None:
        """Only ticks were heard: keep it in mind, and write it with what comes of it.

        Whoever takes the lane over reads the same ticks again.
        """
        self.accept(effects)
        self._untold.update(effects.dirty)

    def _with_untold(self, effects: Effects) -> Effects:
        if self._untold:
            changed = {key for key, _ in effects.dirty}
            untold: list[Change] = [
                (key, value) for key, value in self._untold.items() if key not in changed
            ]
            effects.dirty = untold + effects.dirty
        return effects

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
        return 0 if stored is None else due_of(stored)

    def _set_aside(self, raised: RaisedError, now: datetime) -> Effects:
        """Dead-letter the one record or entry whose step or fire raised; state untouched."""
        effects = Effects(more_due=True, raised=1, applied_until=self.applied_until)
        error = raised.error
        culprit = raised.culprit
        stage = self.program.stage
        if isinstance(culprit, Record | Waiting):
            if isinstance(culprit, Waiting):
                self.waiting = [each for each in self.waiting if each is not culprit]
                heapq.heapify(self.waiting)
                effects.released.append(culprit)
                effects.applied_until = culprit[:2]
                record = culprit.record
            else:
                effects.consumed = 1
                record = culprit
            reason = reason_of(error, "step_raised")
            effects.dead.append(bury(record, reason, stage, now, error))
            effects.defects.append(describe(record, error))
        else:
            due, key = culprit
            encoded = self.base.get(key, bytes(DUE_BYTES))[DUE_BYTES:]
            entry = self.entry_record(key, encoded, due)
            effects.dead.append(bury(entry, reason_of(error, "timer_raised"), stage, now, error))
            effects.defects.append(describe(entry, error))
            effects.dirty.append((key, bytes(DUE_BYTES) + encoded))
        effects.waits_from = self.waits_from()
        return self._with_untold(effects)

    def entry_record(self, key: bytes, encoded: bytes, due: int) -> Record:
        """An entry of the state in the shape of a record, for its dead letter."""
        topic = f"chengyun.{self.program.stage}.state.v1"
        return Record(topic, self.number, -1, due // 1_000, key, encoded)
