"""One attempt at a chunk: fire what was due, step the records, fire what became due.

An attempt works on a view of the state and can be thrown away at any point; only the
armings it took from the partition's heaps have to be put back.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from schemas.codec import encode
from schemas.dead_letter import Reason
from schemas.errors import SchemaError
from streams.dead_letters import bury, fingerprint, reason_of
from streams.effects import (
    MOVED_HEADER,
    RECORD_OVERHEAD,
    Armed,
    BulkProgram,
    Change,
    Effects,
    RawRecord,
)
from streams.program import Due, Headers, Horizon, Output, Program, Record, Refuse
from streams.state import State, Table, from_microseconds, to_microseconds
from streams.topics import Topic

if TYPE_CHECKING:
    from streams.partition import Partition

CAREFUL_OPERATIONS = 200
CLOCK_EVERY = 32  # operations between two looks at the clock: a look costs as much as a firing

Waiting = tuple[int, int, list[Armed]]  # until when (microseconds), clock, heap
Found = tuple[int, list[Armed], Armed]  # clock, heap, arming


class CannotEncodeError(Exception):
    """Some value of the chunk cannot be written; which one is found by going singly."""


class BulkRaisedError(Exception):
    """The fast path raised; the records are taken singly."""


class RaisedError(Exception):
    """An operation raised: its number within the chunk, and the record or entry at hand."""

    def __init__(self, operation: int, culprit: Record | Armed, error: Exception) -> None:
        super().__init__(operation)
        self.operation = operation
        self.culprit = culprit
        self.error = error


class Chunk:
    """One attempt at a chunk. Operations are numbered: each record and each firing is one."""

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
        self.partition = partition
        self.program = partition.program
        self.records = records
        self.topic = topic
        self.now = now
        self.allowed = min(operations or partition.limits.records, partition.limits.records)
        self.careful = careful
        self.bulk = bulk
        self.state = State(partition.base, partition.decoded)
        self.tables: dict[bytes, Table[Any]] = {}
        self.earliest_fired: int | None = None
        self.effects = Effects()
        self.operations = 0
        self.size = 0
        self.began = partition.seconds()
        self.horizon = Horizon(None, None)

    def rewind(self) -> None:
        """Put back what this attempt took from the heaps of the partition."""
        for heap, taken in zip(self.partition.heaps, self.effects.popped, strict=True):
            for armed in taken:
                heapq.heappush(heap, armed)

    def run(self) -> Effects:
        """Fire, step, fire, close."""
        partition, effects = self.partition, self.effects
        if partition.heaps[0] or partition.heaps[1]:
            self._fire_due()
        if not effects.more_due and self.records:
            if self.bulk:
                self._step_many()
            else:
                self._step_each()
        if not effects.more_due:
            self._fire_due()
        if self.earliest_fired is not None:
            late = self.now - from_microseconds(self.earliest_fired)
            effects.lateness_s = max(0.0, late.total_seconds())
        effects.reached = self._reached()
        for output in self.program.close(self.state, effects.reached, partition.number):
            self._emit(output, None)
        partition.driven_by_now = self.horizon.now is not None and self.horizon.now >= self.now
        effects.dirty = self._changes()
        effects.state = self.state
        return effects

    def full(self) -> bool:
        """Whether the chunk ends here."""
        limits = self.partition.limits
        return (
            self.operations >= self.allowed
            or self.size >= limits.output_bytes
            or (
                self.operations > 0
                and not self.operations % CLOCK_EVERY
                and self.partition.seconds() - self.began >= limits.seconds
            )
        )

    # --- records ---------------------------------------------------------------------

    def _step_each(self) -> None:
        program, effects, state, now = self.program, self.effects, self.state, self.now
        for given in self.records:
            if self.full():
                return
            record = self._record(given)
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
                    try:
                        for output in program.step(state, event, now):
                            self._emit(output, record)
                        if self.careful:
                            self._changes()
                    except MemoryError:
                        raise
                    except Exception as error:
                        raise RaisedError(self.operations, record, error) from error
                    effects.applied += 1
            effects.consumed += 1
            self.operations += 1

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
                self._emit(output, None)
            for index, reason in refused:
                record = self._record(part[index])
                if program_trusts(self.program, record):
                    raise BulkRaisedError
                self._bury(record, reason)
                self.effects.undecodable += 1
            at += len(part)
            self.operations += len(part)
            self.effects.applied += len(part) - len(refused)
            self.effects.consumed += len(part)

    def _record(self, given: Record | RawRecord) -> Record:
        if self.topic is None:
            return cast(Record, given)
        raw = cast(RawRecord, given)
        return Record(
            self.topic,
            self.partition.number,
            raw.offset,
            raw.timestamp,
            raw.key,
            raw.value,
            tuple(raw.headers),
        )

    def _belongs_elsewhere(self, record: Record) -> bool:
        homes = self.partition.homes
        if homes is None or record.key is None or homes[record.key] == self.partition.number:
            return False
        # Our own stages aim: a tick goes to every partition whatever its key.
        already = any(name == MOVED_HEADER for name, _ in record.headers)
        return not already and not program_trusts(self.program, record)

    def _move(self, record: Record) -> None:
        """Send a record on to the partition of its key: its sender spreads keys otherwise."""
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
        ours = program_trusts(self.program, record)
        expected = isinstance(error, SchemaError)
        reason = reason_of(error, "undecodable")
        self._bury(record, reason, None if expected and not ours else error)
        self.effects.undecodable += 1
        if ours:
            self.effects.defects.append(describe(record, error))

    # --- entries that are due ----------------------------------------------------------

    def _fire_due(self) -> None:
        """Fire what is due up to the horizon, in order of (due time, stored key)."""
        self.horizon = self.program.horizon(self.state, self.now)
        waiting = self._waiting()
        while (found := _first(waiting)) is not None:
            armed = found[2]
            due, stored_key = armed
            table = self._table(stored_key)
            key = stored_key[len(table.prefix) :].decode()
            stands = table.due_microseconds(key, stored_key) == due
            if stands and self.full():
                self.effects.more_due = True
                return
            self._take(found)
            if stands:
                self._fire(table, key, armed)
                self.operations += 1

    def _waiting(self) -> list[Waiting]:
        """The heaps of armed entries, each with its clock and the time up to which it may fire."""
        return [
            (to_microseconds(moment), clock, heap)
            for clock, moment in enumerate(self.horizon)
            if moment is not None
            for heap in (self.partition.heaps[clock], self.state.fresh[clock])
        ]

    def _take(self, found: Found) -> None:
        """Take an arming from its heap; those of the partition are noted to put back."""
        clock, heap, armed = found
        heapq.heappop(heap)
        if heap is self.partition.heaps[clock]:
            self.effects.popped[clock].append(armed)

    def _table(self, stored_key: bytes) -> Table[Any]:
        prefix = stored_key[: stored_key.index(b"/") + 1]
        table = self.tables.get(prefix)
        if table is None:
            namespace = self.partition.namespace(stored_key)
            table = self.tables[prefix] = self.state.table(namespace)
        return table

    def _fire(self, table: Table[Any], key: str, armed: Armed) -> None:
        namespace = table.namespace
        if namespace.on_due == "expire":
            table.delete(key)
            self.effects.expired += 1
            return
        due = armed[0]
        try:
            at = from_microseconds(due)
            slot = table.disarm(key)
            value = slot.value
            record = None if namespace.holds is None else namespace.holds(value)
            for output in self.program.fire(self.state, Due(namespace, key, value, at), self.now):
                self._emit(output, record, value if record is None else None, armed)
            if 0 < slot.due <= due:
                raise ValueError(
                    f"{namespace.name}/{key} was armed again for {at.isoformat()}, the time it "
                    f"fired at, wanted a later one: it would fire for ever"
                )
            if self.careful:
                self._changes()
        except MemoryError:
            raise
        except Exception as error:
            raise RaisedError(self.operations, armed, error) from error
        self.effects.fired += 1
        if self.earliest_fired is None or due < self.earliest_fired:
            self.earliest_fired = due

    def _reached(self) -> Horizon:
        """The horizon, or just before what is still to fire when the chunk ended early."""
        if not self.effects.more_due:
            return self.horizon
        waiting = self._waiting()
        while (found := _first(waiting)) is not None:
            due, stored_key = found[2]
            table = self._table(stored_key)
            key = stored_key[len(table.prefix) :].decode()
            if table.due_microseconds(key, stored_key) != due:
                self._take(found)
                continue
            before = from_microseconds(due) - timedelta(microseconds=1)
            return Horizon(
                *(None if moment is None else min(moment, before) for moment in self.horizon)
            )
        return self.horizon

    # --- what goes out -------------------------------------------------------------------

    def _emit(
        self,
        output: Output | Refuse,
        record: Record | None,
        value: Any = None,
        armed: Armed | None = None,
    ) -> None:
        if isinstance(output, Refuse):
            if record is None:
                if armed is None:
                    raise ValueError("Refuse without a record or an entry at hand")
                record = self._entry(armed, value)
            self._bury(record, output.reason)
            self.effects.refused += 1
            return
        topic, key, message, partition, headers = output
        encoded: bytes
        if isinstance(message, bytes):
            encoded = message
        else:
            encoded = encode(message)
            headers = _with_standard_headers(headers, message, record)
        self.size += len(encoded)
        if len(encoded) + len(key) * 4 + RECORD_OVERHEAD > topic.max_message_bytes:
            self._output_too_large(topic, key, encoded, record)
            return
        self.effects.outputs.append(Output(topic, key, encoded, partition, headers))

    def _output_too_large(
        self, topic: Topic, key: str, encoded: bytes, record: Record | None
    ) -> None:
        """A message the broker would refuse for ever must not hold up the lane."""
        source = "" if record is None else f" caused by {_place(record)}"
        reason = Reason(
            code="output_too_large",
            message=f"message of {len(encoded)} bytes for {topic.name}{source}, wanted at most "
            f"{topic.max_message_bytes - RECORD_OVERHEAD} with its key",
        )
        at = int((self.now - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
        lost = Record(topic.name, self.partition.number, -1, at, key.encode(), encoded)
        self._bury(lost, reason)

    def _bury(self, record: Record, reason: Reason, error: Exception | None = None) -> None:
        letter = bury(record, reason, self.program.stage, self.now, error)
        self.effects.dead.append(letter)
        self.size += len(cast(bytes, letter.message))

    def _entry(self, armed: Armed, value: Any) -> Record:
        namespace = self.partition.namespace(armed[1])
        encoded = b"" if value is None else namespace.encode(value)
        return self.partition.entry_record(armed[1], encoded, armed[0])

    def _changes(self) -> list[Change]:
        """What the chunk changed, encoded.

        Raises:
            CannotEncodeError: a value cannot be written, or is too large for the changelog;
                in a careful chunk the error itself, which names the operation at hand.
        """
        limit = self.partition.limits.state_bytes
        try:
            changes = self.state.changes()
            for key, value in changes:
                if value is not None and len(value) + len(key) > limit:
                    raise ValueError(
                        f"state entry {key.decode(errors='replace')} of {len(value)} bytes, "
                        f"wanted at most {limit}"
                    )
        except MemoryError:
            raise
        except Exception as error:
            if self.careful:
                raise
            raise CannotEncodeError from error
        return changes


def program_trusts(program: Program, record: Record) -> bool:
    """Whether a stage of ours wrote the record; a program that cannot tell does not trust."""
    try:
        return program.trusts(record)
    except Exception:  # noqa: BLE001 - a stranger's bytes must not stop a stage here either
        return False


def _with_standard_headers(headers: Headers, message: Any, record: Record | None) -> Headers:
    """Message type and trace beside the message, for those who route without reading it."""
    kind = getattr(message, "type", None)
    if isinstance(kind, str) and not any(name == "type" for name, _ in headers):
        headers = (*headers, ("type", kind.encode()))
    if any(name == "traceparent" for name, _ in headers):
        return headers
    trace = getattr(message, "traceparent", None)
    if isinstance(trace, str):
        return (*headers, ("traceparent", trace.encode()))
    if record is not None:
        for name, value in record.headers:
            if name == "traceparent":
                return (*headers, (name, value))
    return headers


def _first(waiting: list[Waiting]) -> Found | None:
    """Clock, heap and arming that come first; the entry may have another due time by now."""
    found: Found | None = None
    for limit, clock, heap in waiting:
        if heap:
            armed = heap[0]
            if armed[0] <= limit and (found is None or armed < found[2]):
                found = (clock, heap, armed)
    return found


def _place(record: Record) -> str:
    return f"{record.topic} partition {record.partition} offset {record.offset}"


def describe(record: Record, error: Exception) -> str:
    return f"{_place(record)}: {type(error).__name__}: {error} [{fingerprint(error)}]"
