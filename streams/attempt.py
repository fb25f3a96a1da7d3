"""One attempt at a chunk: the view it works on, what it says, and when it is full.

An attempt can be thrown away at any point: what it took from the partition's heaps is
put back, and nothing else of it has left this object.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from schemas.codec import encode
from schemas.dead_letter import Reason
from streams.dead_letters import bury, fingerprint
from streams.effects import RECORD_OVERHEAD, Armed, Change, Effects, Waiting
from streams.program import Headers, Horizon, LastWord, Output, Program, Record, Refuse
from streams.state import State
from streams.topics import INCIDENTS

if TYPE_CHECKING:
    from streams.partition import Partition

_OVERTAKEN = Output(INCIDENTS, "", b"")
CLOCK_EVERY = 32  # operations between two looks at the clock: a look costs as much as a firing


class CannotEncodeError(Exception):
    """Some value of the chunk cannot be written; which one is found by going singly."""


class RaisedError(Exception):
    """An operation raised: its number within the chunk, and the record or entry at hand."""

    def __init__(self, operation: int, culprit: Record | Waiting | Armed, error: Exception) -> None:
        super().__init__(operation)
        self.operation = operation
        self.culprit = culprit
        self.error = error


class Attempt:
    """What all of a chunk works with.

    Operations are numbered: each record read, each one applied after it has waited, and
    each entry that fires is one.
    """

    def __init__(
        self, partition: Partition, now: datetime, operations: int | None, *, careful: bool
    ) -> None:
        self.partition = partition
        self.program = partition.program
        self.now = now
        limits = partition.limits
        self.allowed = min(operations or limits.records, limits.records)
        self.output_bytes = limits.output_bytes
        self.careful = careful
        self.state = State(partition.base, partition.decoded)
        self.effects = Effects(applied_until=partition.applied_until)
        self.operations = 0
        self.look_at = CLOCK_EVERY
        self.size = 0
        self.said: dict[str, int] = {}
        self.overtaken = False
        self.began = partition.seconds()
        self.horizon = Horizon(None, None)

    def rewind(self) -> None:
        """Put back what this attempt took from the heaps of the partition, and what it added."""
        partition, effects = self.partition, self.effects
        for heap, taken in zip(partition.heaps, effects.popped, strict=True):
            for armed in taken:
                heapq.heappush(heap, armed)
        if effects.released or effects.arrived:
            arrived = set(map(id, effects.arrived))
            waiting = [*partition.waiting, *effects.released]
            partition.waiting = [each for each in waiting if id(each) not in arrived]
            heapq.heapify(partition.waiting)

    def full(self) -> bool:
        """Whether the chunk ends here."""
        operations = self.operations
        if operations < self.look_at and self.size < self.output_bytes:
            return operations >= self.allowed
        if self.size >= self.output_bytes or operations >= self.allowed:
            return True
        self.look_at = operations + CLOCK_EVERY
        return self.partition.seconds() - self.began >= self.partition.limits.seconds

    # --- what goes out -------------------------------------------------------------------

    def emit(
        self,
        output: Output | Refuse,
        record: Record | None,
        value: Any = None,
        armed: Armed | None = None,
    ) -> None:
        """Take one message or refusal of a step.

        Args:
            record: the input at hand, None for an entry that fired.
            value, armed: that entry.
        """
        if isinstance(output, Refuse):
            if record is None:
                if armed is None:
                    raise ValueError("Refuse without a record or an entry at hand")
                record = self._entry(armed, value)
            self.bury(record, output.reason)
            self.effects.refused += 1
            return
        topic, key, message, partition, headers = output
        if self.careful and isinstance(message, LastWord):
            message = message.write()  # what cannot be written is known by its operation
            output = Output(topic, key, message, partition, headers)
        if isinstance(message, bytes):
            size = len(message)
        elif isinstance(message, LastWord):
            size = message.size
        else:
            encoded = encode(message)
            headers = _with_standard_headers(headers, message, record)
            output = Output(topic, key, encoded, partition, headers)
            size = len(encoded)
        self.size += size
        if size + len(key) * 4 + RECORD_OVERHEAD > topic.max_message_bytes:
            self._output_too_large(output, record)
            return
        outputs = self.effects.outputs
        if topic is INCIDENTS:
            # The topic keeps the present state of each incident, and a chunk becomes visible
            # as a whole: of what it says about one incident, the last word counts.
            before = self.said.get(key)
            self.said[key] = len(outputs)
            if before is not None:
                overtaken = outputs[before].message
                self.size -= overtaken.size if isinstance(overtaken, LastWord) else size
                outputs[before] = _OVERTAKEN
                self.overtaken = True
        outputs.append(output)

    def _output_too_large(self, output: Output, record: Record | None) -> None:
        """A message the broker would refuse for ever must not hold up the lane."""
        topic, encoded = output.topic, cast(bytes, output.message)
        source = "" if record is None else f" caused by {_place(record)}"
        reason = Reason(
            code="output_too_large",
            message=f"message of {len(encoded)} bytes for {topic.name}{source}, wanted at most "
            f"{topic.max_message_bytes - RECORD_OVERHEAD} with its key",
        )
        at = int((self.now - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
        lost = Record(topic.name, self.partition.number, -1, at, output.key.encode(), encoded)
        self.bury(lost, reason)

    def bury(self, record: Record, reason: Reason, error: Exception | None = None) -> None:
        """Set a record aside as a dead letter."""
        letter = bury(record, reason, self.program.stage, self.now, error)
        self.effects.dead.append(letter)
        self.size += len(cast(bytes, letter.message))

    def last_words(self) -> list[Output]:
        """What goes out, without what the chunk itself has overtaken.

        Raises:
            CannotEncodeError: the last word about something cannot be written.
        """
        outputs = self.effects.outputs
        for place in self.said.values():
            output = outputs[place]
            if isinstance(output.message, LastWord):
                outputs[place] = self._written(output, output.message)
        if self.overtaken:
            return [output for output in outputs if output is not _OVERTAKEN]
        return outputs

    def _written(self, output: Output, word: LastWord) -> Output:
        try:
            message = word.write()
        except MemoryError:
            raise
        except Exception as error:
            raise CannotEncodeError from error
        output = Output(output.topic, output.key, message, output.partition, output.headers)
        limit = output.topic.max_message_bytes
        if len(message) + len(output.key) * 4 + RECORD_OVERHEAD > limit:
            self._output_too_large(output, None)
            self.overtaken = True
            return _OVERTAKEN
        return output

    def _entry(self, armed: Armed, value: Any) -> Record:
        namespace = self.partition.namespace(armed[1])
        encoded = b"" if value is None else namespace.encode(value)
        return self.partition.entry_record(armed[1], encoded, armed[0])

    def changes(self) -> list[Change]:
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


def describe(record: Record, error: Exception) -> str:
    """One line for a failure that counts towards the stop limit."""
    return f"{_place(record)}: {type(error).__name__}: {error} [{fingerprint(error)}]"


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


def _place(record: Record) -> str:
    where = f"{record.topic} partition {record.partition}"
    if record.offset < 0:  # an entry of the state, whose time has come
        return f"{where} entry {(record.key or b'').decode(errors='replace')}"
    return f"{where} offset {record.offset}"
