"""What a partition remembers: entries by namespace and key, each with an optional due time.

An entry lies encoded in memory and in the changelog as it is written here::

    key    <rank><namespace>/<key>                       "5incident/510108001-7"
    value  <due, 8 bytes, microseconds since 1970, 0 = none><encoded value>

A `State` is what a step sees: a view over the encoded entries that lives for one
chunk. It decodes an entry once and collects what was changed; the entries below it
change only after the chunk is committed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from struct import Struct
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")
Clock = Literal["now", "watermark"]

DUE_BYTES = 8
_DUE = Struct(">Q")
_MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DUE = bytes(DUE_BYTES)


def to_microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970, at least 1, because 0 stands for "no due time"."""
    since = moment - EPOCH
    whole = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return whole if whole > 0 else 1


def due_of(stored: bytes) -> int:
    """The due time of an entry as it is stored, microseconds; 0 for none."""
    due: int = _DUE.unpack_from(stored)[0]
    return due


def from_microseconds(microseconds: int) -> datetime:
    """The moment that `to_microseconds` was given, in UTC."""
    return EPOCH + _MICROSECOND * microseconds  # half the time of making the timedelta of it


@dataclass(frozen=True, slots=True)
class Namespace(Generic[T]):
    """One kind of thing a stage remembers: incidents, places, devices, seen ids.

    Attributes:
        name: short, unique within the stage, without "/".
        encode, decode: the value's bytes and back.
        lifetime: a sentence saying when an entry dies; nothing is kept for ever unsaid.
        rank: order among entries due at the same instant, 0 first, one digit.
        clock: which clock makes an entry due, the time of day or the watermark.
        on_due: "fire" asks the program, "expire" deletes the entry without a word.
        decoded: how many values a lane keeps decoded between chunks, for entries that are
            dear to decode and met again soon. A step must then `put` whatever it changed:
            a change in place that is not put would live on in memory alone.
    """

    name: str
    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]
    lifetime: str
    rank: int = 5
    clock: Clock = "now"
    on_due: Literal["fire", "expire"] = "fire"
    decoded: int = 0

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise ValueError(f'namespace name {self.name!r}: wanted letters without "/"')
        if not 0 <= self.rank <= 9:
            raise ValueError(f"namespace {self.name}: rank {self.rank}, wanted one digit")

    @property
    def prefix(self) -> bytes:
        """What the stored keys of this namespace begin with."""
        return f"{self.rank}{self.name}/".encode()


class Slot:
    """One entry as a chunk works on it. `value` None means that there is no such entry.

    `stored` is its key as it lies in the changelog.
    """

    __slots__ = ("due", "stored", "touched", "value")

    def __init__(self, stored: bytes, value: Any, due: int) -> None:
        self.stored = stored
        self.value = value
        self.due = due
        self.touched = False


class Table(Generic[T]):
    """The entries of one namespace during one chunk.

    `State` is the convenient face; a step that runs a hundred thousand times a second
    takes the table once per chunk and calls it directly.
    """

    __slots__ = (
        "_base",
        "_decode",
        "_fresh",
        "_kept",
        "_slots",
        "_slots_touching",
        "namespace",
        "prefix",
    )

    def __init__(
        self,
        namespace: Namespace[T],
        base: Mapping[bytes, bytes],
        fresh: Fresh,
        decoded: Decoded | None = None,
    ) -> None:
        self.namespace = namespace
        self.prefix = namespace.prefix
        self._kept = None if decoded is None else decoded.of(namespace)
        self._base = base
        self._decode = namespace.decode
        self._fresh = fresh[namespace.clock == "watermark"]
        self._slots: dict[str, Slot] = {}
        self._slots_touching: Slots | None = None

    def slot(self, key: str) -> Slot:
        """The entry as it stands in this chunk, decoded at its first use."""
        slot = self._slots.get(key)
        if slot is None:
            stored_key = self.prefix + key.encode()
            kept = self._kept
            slot = None if kept is None else kept.pop(stored_key, None)
            if slot is None:
                stored = self._base.get(stored_key)
                if stored is None:
                    slot = Slot(stored_key, None, 0)
                else:
                    due = _DUE.unpack_from(stored)[0]
                    slot = Slot(stored_key, self._decode(stored[DUE_BYTES:]), due)
            self._slots[key] = slot
        return slot

    def touching(self) -> Slots:
        """Entries by key for a tight loop: each one asked for counts as put again.

        ``slots[key].value`` is read and written directly; None means that there is no
        such entry. Due times stay as they are.
        """
        if self._slots_touching is None:
            self._slots_touching = Slots(self)
        return self._slots_touching

    def get(self, key: str) -> T | None:
        """The value under `key`, or None. It may be changed in place and put again."""
        slot = self._slots.get(key) or self.slot(key)
        value: T | None = slot.value
        return value

    def put(self, key: str, value: T, due: datetime | None = None) -> None:
        """Keep `value` under `key`; from `due` on, the entry is due. None disarms it."""
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = Slot(self.prefix + key.encode(), value, 0)
        slot.value = value
        slot.touched = True
        if due is None:
            slot.due = 0
            return
        microseconds = to_microseconds(due)
        if slot.due != microseconds:  # else it lies on a heap already
            slot.due = microseconds
            heapq.heappush(self._fresh, (microseconds, slot.stored))

    def delete(self, key: str) -> None:
        """Forget the entry and its due time."""
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = Slot(self.prefix + key.encode(), None, 0)
        slot.value = None
        slot.due = 0
        slot.touched = True

    def due(self, key: str) -> datetime | None:
        """When the entry is due, or None."""
        microseconds = self.slot(key).due
        return from_microseconds(microseconds) if microseconds else None

    def due_microseconds(self, key: str, stored_key: bytes) -> int:
        """The due time as it stands now, without decoding the value; 0 for none."""
        slot = self._slots.get(key)
        if slot is not None:
            return slot.due
        stored = self._base.get(stored_key)
        return 0 if stored is None else due_of(stored)

    def disarm(self, key: str) -> Slot:
        """Take the due time off an entry."""
        slot = self._slots.get(key) or self.slot(key)
        slot.due = 0
        slot.touched = True
        return slot

    def keep_decoded(self) -> None:
        """The chunk is committed: what it has decoded is good for the next one."""
        kept = self._kept
        if kept is None:
            return
        for slot in self._slots.values():
            if slot.value is None:
                kept.pop(slot.stored, None)
            else:
                slot.touched = False
                kept[slot.stored] = slot
        surplus = len(kept) - self.namespace.decoded
        if surplus > 0:  # the oldest go, and some more, so that this is not done each time
            for oldest in list(islice(kept, surplus + self.namespace.decoded // 4)):
                del kept[oldest]

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Stored key and value of every entry that differs from what is committed.

        An entry put and deleted within the chunk, or put with the same bytes, is not
        among them.
        """
        base, encode = self._base, self.namespace.encode
        for slot in self._slots.values():
            if not slot.touched:
                continue
            stored_key = slot.stored
            before = base.get(stored_key)
            if slot.value is None:
                if before is not None:
                    yield stored_key, None
                continue
            due = slot.due
            after = (_DUE.pack(due) if due else _NO_DUE) + encode(slot.value)
            if after != before:
                yield stored_key, after


class Decoded:
    """A lane's entries as they were decoded or last put, between chunks.

    A chunk takes an entry out and gives it back only when it is committed, so what a
    failed chunk has changed in place is never seen again.
    """

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, dict[bytes, Slot]] = {}

    def of(self, namespace: Namespace[Any]) -> dict[bytes, Slot] | None:
        """Kept entries by stored key, the oldest first; None where the namespace keeps none."""
        if not namespace.decoded:
            return None
        return self._values.setdefault(namespace.name, {})


class Slots(dict[str, Slot]):
    """The entries of a table that a tight loop works on, at the speed of a dictionary."""

    def __init__(self, table: Table[Any]) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, key: str) -> Slot:
        slot = self[key] = self._table.slot(key)
        slot.touched = True
        return slot


# Entries armed within the chunk, as heaps of (microseconds, stored key), one per clock:
# the first for "now", the second for "watermark".
Fresh = tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]


class State:
    """What a step may see and change: the entries of its own partition.

    Nothing written here is real until the chunk is committed, so a step that raises
    leaves no trace.
    """

    __slots__ = ("_base", "_decoded", "_tables", "fresh")

    def __init__(self, base: Mapping[bytes, bytes], decoded: Decoded | None = None) -> None:
        self._base = base
        self._decoded = decoded
        self._tables: dict[str, Table[Any]] = {}
        self.fresh: Fresh = ([], [])

    def table(self, namespace: Namespace[T]) -> Table[T]:
        """All entries of one namespace."""
        table = self._tables.get(namespace.name)
        if table is None:
            table = self._tables[namespace.name] = Table(
                namespace, self._base, self.fresh, self._decoded
            )
        return table

    def get(self, namespace: Namespace[T], key: str) -> T | None:
        """The value under `key`, or None. It may be changed in place and put again."""
        return self.table(namespace).get(key)

    def put(self, namespace: Namespace[T], key: str, value: T, due: datetime | None = None) -> None:
        """Keep `value` under `key`; from `due` on, the entry is due. None disarms it."""
        self.table(namespace).put(key, value, due)

    def delete(self, namespace: Namespace[T], key: str) -> None:
        """Forget the entry and its due time."""
        self.table(namespace).delete(key)

    def due(self, namespace: Namespace[T], key: str) -> datetime | None:
        """When the entry is due, or None."""
        return self.table(namespace).due(key)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Stored key and value of everything that differs from what is committed."""
        return [change for table in self._tables.values() for change in table.changes()]

    def keep_decoded(self) -> None:
        """The chunk is committed: keep what namespaces want kept decoded."""
        for table in self._tables.values():
            table.keep_decoded()
