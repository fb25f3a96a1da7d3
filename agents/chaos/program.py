"""The tortured stage: small enough to be checked completely, awkward enough to catch lies.

Per key it keeps a count and a hash chain over the ids of the events, says something at
every third event and sets a deadline at every fifth. A lost, doubled or reordered event
changes the chain for ever; a lost or doubled output or deadline is missing or one too
many.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel

from schemas.errors import SchemaError
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.state import Namespace, State
from streams.topics import Topic

OUTPUT_EVERY = 3
DEADLINE_EVERY = 5
DEADLINE_AFTER = timedelta(seconds=2)


def topic(name: str) -> Topic:
    """A topic of the torture: plain, keyed by "key"."""
    return Topic(name, "key", "outbox", (), (), "delete", None)


class Event(BaseModel):
    """One event; its id is unique within its key."""

    id: int
    key: str


class Tally(NamedTuple):
    """What is known of one key."""

    events: int
    chain: int


def link(chain: int, event_id: int) -> int:
    """The hash chain after one more event."""
    return zlib.crc32(str(event_id).encode(), chain)


TALLIES: Namespace[Tally] = Namespace(
    "tally",
    encode=lambda tally: orjson.dumps(list(tally)),
    decode=lambda stored: Tally(*orjson.loads(stored)),
    lifetime="as long as the torture",
)
DEADLINES: Namespace[int] = Namespace(
    "deadline",
    encode=lambda count: b"%d" % count,
    decode=int,
    lifetime="until it fires",
)


class Torture:
    """Counts, chains, speaks at every third event, sets a deadline at every fifth."""

    namespaces: tuple[Namespace[Any], ...] = (TALLIES, DEADLINES)

    def __init__(self, stage: str, inputs: tuple[Topic, ...], output: Topic) -> None:
        self.stage = stage
        self.inputs = inputs
        self.output = output

    def decode(self, record: Record) -> Event:
        """Read an event. Raises SchemaError."""
        try:
            return Event.model_validate_json(record.value or b"")
        except ValueError as error:
            raise SchemaError(str(error)) from error

    def trusts(self, record: Record) -> bool:
        """Everybody is a stranger."""
        return False

    def step(self, state: State, event: Event, now: datetime) -> Iterable[Output | Refuse]:
        """Count one event."""
        tally = state.get(TALLIES, event.key) or Tally(0, 0)
        count, chain = tally.events + 1, link(tally.chain, event.id)
        state.put(TALLIES, event.key, Tally(count, chain))
        if count % DEADLINE_EVERY == 0:
            state.put(DEADLINES, f"{event.key}/{count:012d}", count, now + DEADLINE_AFTER)
        if count % OUTPUT_EVERY == 0:
            yield self._say(event.key, count, chain)

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        """Say that a deadline has passed, under a negative id."""
        state.delete(DEADLINES, due.key)
        return [self._say(due.key.rpartition("/")[0], -due.value, None)]

    def _say(self, key: str, number: int, chain: int | None) -> Output:
        return Output(self.output, key, orjson.dumps({"id": number, "key": key, "chain": chain}))

    def horizon(self, state: State, now: datetime) -> Horizon:
        """Deadlines by the clock on the wall."""
        return Horizon(now, None)

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        """No ticks."""
        return ()
