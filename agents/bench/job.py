"""The job that engines are compared on, as small as a real stage's core.

An event of about 400 bytes of JSON is validated; a durable tally per (street,
category) takes it; every twentieth event of a tally (5 %) says something downstream;
one event in two hundred (0.5 %) is broken and goes to the dead letters. The events are
seeded, so that what must come out can be computed without the engine.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.dead_letter import Reason
from schemas.errors import SchemaError
from streams.effects import RawRecord
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.state import Namespace, State
from streams.topics import Topic

STREETS = 261
CATEGORIES = 60
OUTPUT_EVERY = 20
BROKEN_EVERY = 200
WORDS = (
    "water standing at the crossing, about ankle deep, cars turn back; reported by a passer-by "
    "who asks for a barrier before the evening; the drain was cleared in spring and again in May "
    "after the second complaint of the same household at number 12"
)


class Event(BaseModel):
    """One reading of the job; all fields are checked."""

    model_config = ConfigDict(extra="ignore")

    id: int
    time: float
    street: str
    district: str
    city: str
    category: int
    value: float
    unit: str
    source: str
    text: str


class Tally:
    """What is known of one category in one street."""

    __slots__ = ("count", "highest", "last_id", "last_time", "total")

    def __init__(
        self, count: int, last_id: int, total: float, highest: float, last_time: float
    ) -> None:
        self.count = count
        self.last_id = last_id
        self.total = total
        self.highest = highest
        self.last_time = last_time


_LAYOUT = struct.Struct(">QQddd")


def _encode(tally: Tally) -> bytes:
    return _LAYOUT.pack(tally.count, tally.last_id, tally.total, tally.highest, tally.last_time)


TALLIES: Namespace[Tally] = Namespace(
    name="tally",
    encode=_encode,
    decode=lambda stored: Tally(*_LAYOUT.unpack(stored)),
    lifetime="as long as the street and the category exist",
)


def event_bytes(number: int, chance: random.Random, time: float) -> tuple[bytes, bytes]:
    """Key and value of event `number`; one in `BROKEN_EVERY` has no street.

    Args:
        time: seconds since 1970, put into the event.
    """
    street = chance.randrange(STREETS)
    district = street // 13
    text = WORDS[: 205 + number % 40]
    value: dict[str, Any] = {
        "id": number,
        "time": time,
        "street": f"9901{district:02d}{street:03d}",
        "district": f"9901{district:02d}",
        "city": "9901",
        "category": chance.randrange(CATEGORIES),
        "value": round(chance.random() * 100, 3),
        "unit": "cm",
        "source": f"sensor-{chance.randrange(100_000):06d}",
        "text": text,
    }
    key: bytes = value["street"].encode()
    if number % BROKEN_EVERY == BROKEN_EVERY - 1:
        del value["street"]
    return key, orjson.dumps(value)


def events(records: int, seed: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the whole job, the same for the same seed."""
    chance = random.Random(seed)
    for number in range(records):
        yield event_bytes(number, chance, 1_780_000_000 + number / 1_000)


def expected(records: int, seed: int) -> tuple[dict[tuple[str, int], int], int]:
    """What must come out: for each (tally, count) the event's id, and how many dead letters.

    Computed in order of the input, which is the order within each street.
    """
    counts: dict[str, int] = {}
    outputs: dict[tuple[str, int], int] = {}
    broken = 0
    for _, value in events(records, seed):
        event = orjson.loads(value)
        if "street" not in event:
            broken += 1
            continue
        key = f"{event['street']}/{event['category']}"
        count = counts[key] = counts.get(key, 0) + 1
        if (count + event["category"]) % OUTPUT_EVERY == 0:
            outputs[key, count] = event["id"]
    return outputs, broken


class Job:
    """The job as a program, with the fast path that a stage of this rate would have."""

    namespaces: tuple[Namespace[Any], ...] = (TALLIES,)

    def __init__(self, stage: str, source: str, target: str) -> None:
        self.stage = stage
        self.inputs: tuple[Topic, ...] = (_topic(source),)
        self.target = _topic(target)
        self._validate = Event.__pydantic_validator__.validate_json

    def decode(self, record: Record) -> Event:
        """Read one event. Raises SchemaError."""
        try:
            event: Event = self._validate(record.value or b"")
        except ValidationError as error:
            raise SchemaError(**_why(error)) from error
        return event

    def trusts(self, record: Record) -> bool:
        """Everybody is a stranger."""
        return False

    def step(self, state: State, event: Event, now: datetime) -> Iterable[Output | Refuse]:
        """Take one event into its tally."""
        key = f"{event.street}/{event.category}"
        table = state.table(TALLIES)
        tally = table.get(key) or Tally(0, 0, 0.0, event.value, 0.0)
        self._add(tally, event)
        table.put(key, tally)
        if (tally.count + event.category) % OUTPUT_EVERY == 0:
            yield self._say(key, tally, event)

    def step_many(
        self, state: State, records: Sequence[RawRecord], now: datetime
    ) -> tuple[list[Output], list[tuple[int, Reason]]]:
        """As `decode` and `step` for each, with fewer calls."""
        validate = self._validate
        slots = state.table(TALLIES).touching()
        outputs: list[Output] = []
        refused: list[tuple[int, Reason]] = []
        for index, record in enumerate(records):
            try:
                event = validate(record.value or b"")
            except ValidationError as error:
                refused.append((index, Reason(code="schema", **_why(error))))
                continue
            key = f"{event.street}/{event.category}"
            value = event.value
            slot = slots[key]
            tally = slot.value
            if tally is None:
                tally = slot.value = Tally(0, 0, 0.0, value, 0.0)
            count = tally.count = tally.count + 1
            tally.total += value
            tally.last_id = event.id
            tally.last_time = event.time
            if value > tally.highest:
                tally.highest = value
            if not (count + event.category) % OUTPUT_EVERY:
                outputs.append(self._say(key, tally, event))
        return outputs, refused

    def _add(self, tally: Tally, event: Event) -> None:
        tally.count += 1
        tally.total += event.value
        tally.last_id = event.id
        tally.last_time = event.time
        tally.highest = max(tally.highest, event.value)

    def _say(self, key: str, tally: Tally, event: Event) -> Output:
        message = {
            "tally": key,
            "count": tally.count,
            "mean": tally.total / tally.count,
            "highest": tally.highest,
            "id": event.id,
            "time": event.time,
        }
        return Output(self.target, event.district, orjson.dumps(message))

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        """Nothing is ever due."""
        return ()

    def horizon(self, state: State, now: datetime) -> Horizon:
        """By the clock on the wall."""
        return Horizon(now, None)

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        """No ticks."""
        return ()


def _topic(name: str) -> Topic:
    return Topic(name, "street", "street", (), (), "delete", None)


def _why(error: ValidationError) -> dict[str, str]:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = "/".join(str(part) for part in first["loc"])
    return {"message": f"{first['msg']} at /{where}", "path": f"/{where}"}
