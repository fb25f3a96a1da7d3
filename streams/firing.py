"""What a chunk does when time has come: entries fire, and records that waited are applied.

Both are operations of one order, (time, stored key), because a report of noon and a
deadline of noon must find the same city whichever way history is cut into chunks.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from heapq import heappop
from typing import Any, cast

from streams.attempt import Attempt, RaisedError
from streams.effects import Armed, Waiting, WaitingProgram
from streams.program import Due, Horizon
from streams.state import Table, from_microseconds, to_microseconds

_due = partial(tuple.__new__, Due)  # a third of the time of calling the class
Queue = tuple[int, int, list[Armed]]  # until when (microseconds), clock, heap


class Firing(Attempt):
    """The half of a chunk that answers the passing of time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.tables: dict[bytes, Table[Any]] = {}
        self.earliest_fired: int | None = None

    def fire_due(self) -> None:
        """Fire and apply what is due up to the horizon, in order of (time, stored key)."""
        horizon = self.horizon = self.program.horizon(self.state, self.now)
        queues = self._queues(horizon)
        waiting = self.partition.waiting
        limit = 0 if horizon.watermark is None else to_microseconds(horizon.watermark)
        popped = self.effects.popped
        while True:
            first: Armed | None = None
            found: Queue | None = None
            for queue in queues:
                heap = queue[2]
                if heap:
                    armed = heap[0]
                    if armed[0] <= queue[0] and (first is None or armed < first):
                        first, found = armed, queue
            if waiting and waiting[0][0] <= limit and (first is None or waiting[0] < first):
                if self.full():
                    self.effects.more_due = True
                    return
                self._release(heappop(waiting))
                continue
            if first is None or found is None:
                return
            stored_key = first[1]
            table = self._table(stored_key)
            key = stored_key[len(table.prefix) :].decode()
            stands = table.due_microseconds(key, stored_key) == first[0]
            if stands and self.full():
                self.effects.more_due = True
                return
            _, clock, heap = found
            heappop(heap)
            if heap is self.partition.heaps[clock]:
                popped[clock].append(first)
            if stands:
                self._fire(table, key, first)
                self.operations += 1

    def _queues(self, horizon: Horizon) -> list[Queue]:
        """The heaps of armed entries, each with its clock and the time up to which it may fire."""
        return [
            (to_microseconds(moment), clock, heap)
            for clock, moment in enumerate(horizon)
            if moment is not None
            for heap in (self.partition.heaps[clock], self.state.fresh[clock])
        ]

    def _take(self, queue: Queue) -> None:
        """Take the first arming of a heap; those of the partition are noted to put back."""
        _, clock, heap = queue
        armed = heappop(heap)
        if heap is self.partition.heaps[clock]:
            self.effects.popped[clock].append(armed)

    def _table(self, stored_key: bytes) -> Table[Any]:
        prefix = stored_key[: stored_key.index(b"/") + 1]
        table = self.tables.get(prefix)
        if table is None:
            namespace = self.partition.namespace(stored_key)
            table = self.tables[prefix] = self.state.table(namespace)
        return table

    def _release(self, held: Waiting) -> None:
        """Apply a record whose time has come; one that was read twice is applied once."""
        effects = self.effects
        effects.released.append(held)
        due, key, _, record, event = held
        if (due, key) == effects.applied_until:
            return
        effects.applied_until = due, key
        program = cast(WaitingProgram, self.program)
        try:
            if event is None:
                event = self.program.decode(record)
            for output in program.release(self.state, event, from_microseconds(due)):
                self.emit(output, record)
            if self.careful:
                self.changes()
        except MemoryError:
            raise
        except Exception as error:
            raise RaisedError(self.operations, held, error) from error
        self.operations += 1

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
            for output in self.program.fire(
                self.state, _due((namespace, key, value, at)), self.now
            ):
                self.emit(output, None, value, armed)
            if 0 < slot.due <= due:
                raise ValueError(
                    f"{namespace.name}/{key} was armed again for {at.isoformat()}, the time it "
                    f"fired at, wanted a later one: it would fire for ever"
                )
            if self.careful:
                self.changes()
        except MemoryError:
            raise
        except Exception as error:
            raise RaisedError(self.operations, armed, error) from error
        self.effects.fired += 1
        if self.earliest_fired is None or due < self.earliest_fired:
            self.earliest_fired = due

    def reached(self) -> Horizon:
        """The horizon, or just before what is still to come when the chunk ended early."""
        horizon = self.horizon
        if not self.effects.more_due:
            return horizon
        first = [each[0] for each in map(self._first_standing, self._queues(horizon)) if each]
        first += [each[0] for each in self.partition.waiting[:1]]
        if not first:
            return horizon
        before = from_microseconds(min(first)) - timedelta(microseconds=1)
        return Horizon(*(None if moment is None else min(moment, before) for moment in horizon))

    def _first_standing(self, queue: Queue) -> Armed | None:
        """The first arming of a heap whose entry is still due then; older ones are dropped."""
        heap = queue[2]
        while heap:
            due, stored_key = heap[0]
            table = self._table(stored_key)
            key = stored_key[len(table.prefix) :].decode()
            if table.due_microseconds(key, stored_key) == due:
                return heap[0]
            self._take(queue)
        return None
