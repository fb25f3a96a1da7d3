"""A toy stage for tests of the engine: it counts, waits, raises and refuses on demand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from schemas.dead_letter import Reason
from schemas.errors import SchemaError
from streams.effects import Moment
from streams.partition import ChunkLimits, Effects, Partition
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.state import Namespace, State, to_microseconds
from streams.topics import DEAD_LETTERS, Topic

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
IN = Topic("toy.in", "key", "street", (), (), "delete", None)
OUT = Topic("toy.out", "key", "outbox", (), (), "delete", None, max_message_bytes=4_096)


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


COUNTS: Namespace[int] = Namespace("counts", encode, json.loads, "until the test ends")
ALARMS: Namespace[str] = Namespace("alarms", encode, json.loads, "until it rang", rank=1)
SEEN: Namespace[int] = Namespace("seen", encode, json.loads, "a minute", on_due="expire")
WINDOWS: Namespace[int] = Namespace(
    "windows", encode, json.loads, "until it closed", clock="watermark"
)


class Toy:
    """Counts words; other words do what they say."""

    stage = "toy"
    inputs = (IN,)
    namespaces = (COUNTS, ALARMS, SEEN, WINDOWS)

    def __init__(self) -> None:
        self.watermark: datetime | None = None
        self.rang: list[tuple[str, datetime]] = []
        self.wall = True

    def decode(self, record: Record) -> Any:
        if record.value is None or record.value.startswith(b"bad"):
            raise SchemaError("got nonsense, wanted words", path="/text")
        return record.offset, record.value.decode()

    def trusts(self, record: Record) -> bool:
        return any(name == "writer" for name, _ in record.headers)

    def step(self, state: State, event: Any, now: datetime) -> Iterable[Output | Refuse]:
        _, text = event
        word, _, rest = text.partition(" ")
        count = (state.get(COUNTS, word) or 0) + 1
        state.put(COUNTS, word, count)
        if word == "raise":
            raise RuntimeError("the step cannot")
        if word == "refuse":
            yield Refuse(Reason(code="unwanted", message="not here"))
            return
        if word == "alarm":
            state.put(ALARMS, rest, text, now + timedelta(seconds=10))
        if word == "alarm-now":
            state.put(ALARMS, rest, text, now)
        if word == "silence":
            state.delete(ALARMS, rest)
        if word == "seen":
            state.put(SEEN, rest, 1, now + timedelta(minutes=1))
        if word == "window":
            state.put(WINDOWS, rest, 1, NOON + timedelta(minutes=int(rest)))
        if word == "unwritable":
            unwritable: Any = {1, 2}
            state.put(COUNTS, "hole", unwritable)
        if word == "huge":
            yield Output(OUT, word, b"x" * 5_000)
        if word == "bulky":
            yield Output(OUT, word, b"x" * 1_000)
        yield Output(OUT, word, encode([word, count]))

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        if "bomb" in due.key:
            raise RuntimeError("the timer cannot")
        if "endless" in due.key:
            state.put(ALARMS, due.key, due.value, due.at)
        if "again" in due.key:
            state.put(ALARMS, due.key, due.value, due.at + timedelta(seconds=1))
        if "refuse" in due.key:
            return [Refuse(Reason(code="unwanted", message="not any more"))]
        return [Output(OUT, "rang", encode([due.namespace.name, due.key]))]

    def horizon(self, state: State, now: datetime) -> Horizon:
        return Horizon(now if self.wall else self.watermark, self.watermark)

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        return ()


class Patient(Toy):
    """Words that begin with "wait" are counted a minute after noon, in the order of the rest."""

    waiting = True

    def waits(self, event: Any) -> Moment | None:
        word, _, rest = event[1].partition(" ")
        due = to_microseconds(NOON + timedelta(minutes=1))
        return (due, rest.encode()) if word == "wait" else None

    def release(self, state: State, event: Any, at: datetime) -> Iterable[Output | Refuse]:
        offset, text = event
        return self.step(state, (offset, text.partition(" ")[2]), at)


def record(
    offset: int, text: str | bytes, key: bytes | None = None, trusted: bool = False
) -> Record:
    value = text if isinstance(text, bytes) else text.encode()
    return Record("toy.in", 0, offset, 0, key, value, (("writer", b"us"),) if trusted else ())


def records(*texts: str) -> list[Record]:
    return [record(n, text) for n, text in enumerate(texts)]


def partition(limits: ChunkLimits | None = None, **options: Any) -> Partition:
    return Partition(Toy(), 0, limits, **options)


def toy(lane: Partition) -> Toy:
    return cast(Toy, lane.program)


def said(effects: Effects) -> list[Any]:
    return [json.loads(o.message) for o in effects.outputs if isinstance(o.message, bytes)]


def letters(effects: Effects) -> list[dict[str, Any]]:
    assert all(o.topic is DEAD_LETTERS for o in effects.dead)
    return [json.loads(o.message)["data"] for o in effects.dead if isinstance(o.message, bytes)]


def drain(lane: Partition, given: Sequence[Record], now: datetime) -> list[Effects]:
    """Compute and accept until nothing is left, as a lane does."""
    done: list[Effects] = []
    left = list(given)
    while True:
        effects = lane.compute(left, now)
        lane.accept(effects)
        done.append(effects)
        left = left[effects.consumed :]
        if not left and not effects.more_due:
            return done
