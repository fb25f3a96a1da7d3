"""A chunk: fire what was due, step the records, fire what became due."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from schemas.errors import SchemaError
from schemas.tick import TickEvent
from streams.attempt import RaisedError, describe, program_trusts
from streams.dead_letters import reason_of
from streams.effects import (
    MOVED_HEADER,
    BulkProgram,
    Effects,
    RawRecord,
    Waiting,
    WaitingProgram,
)
from streams.firing import Firing
from streams.program import Output, Record
from streams.state import from_microseconds

if TYPE_CHECKING:
    from streams.partition import Partition

CAREFUL_OPERATIONS = 200
_record = partial(tuple.__new__, Record)  # a third of the time of calling the class
_waiting = partial(tuple.__new__, Waiting)
KEPT_READ = 50_000
"""Records beyond that number wait as bytes and are decoded again when their time has come."""


class BulkRaisedError(Exception):
    """The fast path raised; the records are taken singly."""


class Chunk(Firing):
    """One attempt at a chunk of one input's records."""

    def __init__(
        self,
        partition: Partition,
        records: Sequence[Record] | Sequence[RawRecord],
        topic: str | None,
        now: datetime,
        operations: int | None,
        *,
        careful: bool,
        bulk: bool,
    ) -> None:
        super().__init__(partition, now, operations, careful=careful)
        self.records = records
        self.topic = topic
        self.bulk = bulk
        self.waits = partition.waits
        self.catching_up = partition.catching_up
        self.acted = False  # something other than listening to ticks and letting records wait

    def run(self) -> Effects:
        """Fire, step, fire, close."""
        partition, effects = self.partition, self.effects
        if not self.catching_up and (partition.heaps[0] or partition.heaps[1] or partition.waiting):
            self.fire_due()
        if not effects.more_due and self.records:
            if self.bulk:
                self._step_many()
            else:
                self._step_each()
        if not effects.more_due and not self.catching_up:
            self.fire_due()
        if self.earliest_fired is not None:
            late = self.now.timestamp() - self.earliest_fired / 1e6
            effects.lateness_s = max(0.0, late)
        effects.reached = self.reached()
        for output in self.program.close(self.state, effects.reached, partition.number):
            self.emit(output, None)
        effects.outputs = self.last_words()
        partition.driven_by_now = self.horizon.now is not None and self.horizon.now >= self.now
        effects.dirty = self.changes()
        effects.state = self.state
        if self.waits is not None:
            effects.waits_from = partition.waits_from()
            # Who has nobody downstream says nothing when time passes; it is written all the same.
            passed = effects.reached.watermark != partition.reached.watermark
            effects.heard_only = bool(self.catching_up) or not (
                self.acted or effects.did_something or passed
            )
        return effects

    def _step_each(self) -> None:
        program, effects = self.program, self.effects
        waits = self.waits
        for given in self.records:
            if self.full():
                return
            record = self._record(given)
            event: Any = None
            if self._belongs_elsewhere(record):
                self._move(record)
            else:
                try:
                    event = program.decode(record)
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes provoke
                    self._undecodable(record, error)
                else:
                    if waits is None:
                        self._step(record, event)
                    else:
                        self._hold_or_step(record, event, waits(event))
                    effects.applied += 1
            effects.consumed += 1
            self.operations += 1
            if self.catching_up:
                if record.offset + 1 < self.catching_up:
                    continue
                self.catching_up = 0
                effects.caught_up = True
            if waits is not None and type(event) is TickEvent:
                # What is complete by now goes at once: less waits, and for a shorter time.
                self.fire_due()
                if effects.more_due:
                    return

    def _step(self, record: Record, event: Any) -> None:
        try:
            for output in self.program.step(self.state, event, self.now):
                self.emit(output, record)
            if self.careful:
                self.changes()
        except MemoryError:
            raise
        except Exception as error:
            raise RaisedError(self.operations, record, error) from error

    def _hold_or_step(self, record: Record, event: Any, wait: tuple[int, bytes] | None) -> None:
        """Let a record wait for its time, or step it where waiting means nothing.

        After a restart the input is read again from the first record that still waited:
        what had been applied before is passed over.
        """
        read_before = record.offset < self.catching_up
        if wait is None:
            if not read_before:
                self.acted = self.acted or type(event) is not TickEvent
                self._step(record, event)
        elif wait > self.effects.applied_until:
            kept = event if len(self.partition.waiting) < KEPT_READ else None
            held: Waiting = _waiting((*wait, record.offset, record, kept))
            self.effects.arrived.append(held)
            heapq.heappush(self.partition.waiting, held)
        elif not read_before and wait != self.effects.applied_until:
            self.acted = True
            self._apply_late(record, event, wait[0])

    def _apply_late(self, record: Record, event: Any, due: int) -> None:
        """A record behind what was applied already: at once, at its own time."""
        program = cast(WaitingProgram, self.program)
        try:
            for output in program.release(self.state, event, from_microseconds(due)):
                self.emit(output, record)
            if self.careful:
                self.changes()
        except MemoryError:
            raise
        except Exception as error:
            raise RaisedError(self.operations, record, error) from error

    def _step_many(self) -> None:
        """The fast path, in slices, so that a chunk still ends in time."""
        program = cast(BulkProgram, self.program)
        records = cast(Sequence[RawRecord], self.records)
        homes = self.partition.homes
        number = self.partition.number
        at = 0
        while at < len(records) and not self.full():
            part = records[at : at + min(512, self.allowed - self.operations)]
            if homes is not None and any(
                r.key is not None and homes[r.key] != number for r in part
            ):
                raise BulkRaisedError
            try:
                outputs, refused = program.step_many(self.state, part, self.now)
            except MemoryError:
                raise
            except Exception as error:
                raise BulkRaisedError from error
            for output in outputs:
                self.emit(output, None)
            for index, reason in refused:
                record = self._record(part[index])
                if program_trusts(self.program, record):
                    raise BulkRaisedError
                self.bury(record, reason)
                self.effects.undecodable += 1
            at += len(part)
            self.operations += len(part)
            self.effects.applied += len(part) - len(refused)
            self.effects.consumed += len(part)

    def _record(self, given: Record | RawRecord) -> Record:
        if self.topic is None:
            return cast(Record, given)
        raw = cast(RawRecord, given)
        record: Record = _record(
            (
                self.topic,
                self.partition.number,
                raw.offset,
                raw.timestamp,
                raw.key,
                raw.value,
                tuple(raw.headers),
            )
        )
        return record

    def _belongs_elsewhere(self, record: Record) -> bool:
        homes = self.partition.homes
        if homes is None or record.key is None or homes[record.key] == self.partition.number:
            return False
        # Our own stages aim: a tick goes to every partition whatever its key.
        already = any(name == MOVED_HEADER for name, _ in record.headers)
        return not already and not program_trusts(self.program, record)

    def _move(self, record: Record) -> None:
        """Send a record on to the partition of its key: its sender spreads keys otherwise."""
        if record.offset < self.catching_up:
            return
        assert record.key is not None
        homes = self.partition.homes
        assert homes is not None
        self.effects.outputs.append(
            Output(
                self.partition.inputs[record.topic],
                record.key.decode("utf-8", "surrogateescape"),
                record.value or b"",
                homes[record.key],
                (*record.headers, (MOVED_HEADER, str(self.partition.number).encode())),
            )
        )
        self.size += len(record.value or b"")
        self.effects.moved += 1

    def _undecodable(self, record: Record, error: Exception) -> None:
        if record.offset < self.catching_up:
            return
        ours = program_trusts(self.program, record)
        expected = isinstance(error, SchemaError)
        reason = reason_of(error, "undecodable")
        self.bury(record, reason, None if expected and not ours else error)
        self.effects.undecodable += 1
        if ours:
            self.effects.defects.append(describe(record, error))
