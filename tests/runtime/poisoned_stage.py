"""A small stage that meets every kind of bad record; run as a process by the tests here."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel

from agents.runtime.options import StageOptions
from agents.runtime.stage import Chunks, Stage
from agents.runtime.worker import run_stage
from schemas.dead_letter import Reason
from schemas.errors import ChengyunError, SchemaError
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.state import Namespace, State
from streams.topics import Topic

STAGE = "poisoned"
LARGEST = 200_000


class Note(BaseModel):
    """What the stage reads."""

    id: int
    at: AwareDatetime
    text: str


COUNTS: Namespace[int] = Namespace(
    "count", lambda n: b"%d" % n, int, lifetime="as long as the test"
)
BOMBS: Namespace[str] = Namespace("bomb", str.encode, bytes.decode, lifetime="until it goes off")


def topic(name: str) -> Topic:
    return Topic(name, "key", "outbox", (), (), "delete", None)


class Poisoned:
    """Counts notes by text; some texts do harm."""

    stage = STAGE
    inputs: tuple[Topic, ...] = (topic("in"),)
    namespaces: tuple[Namespace[Any], ...] = (COUNTS, BOMBS)
    output = topic("out")

    def decode(self, record: Record) -> Note:
        value = record.value or b""
        if len(value) > LARGEST:
            raise SchemaError(f"got {len(value)} bytes, wanted at most {LARGEST}", code="too_large")
        try:
            return Note.model_validate_json(value)
        except ValueError as error:
            raise SchemaError(str(error)) from error

    def trusts(self, record: Record) -> bool:
        return any(name == "writer" for name, _ in record.headers)

    def step(self, state: State, event: Note, now: datetime) -> Iterable[Output | Refuse]:
        if event.at > now + timedelta(minutes=5):
            yield Refuse(Reason(code="time_ahead", message="more than 5 minutes ahead", path="/at"))
            return
        state.put(COUNTS, event.text, (state.get(COUNTS, event.text) or 0) + 1)
        if event.text == "raise":
            raise ZeroDivisionError("the step cannot")
        if event.text == "bomb":
            state.put(BOMBS, str(event.id), "tick", now)
        if event.text == "shout":
            yield Output(self.output, event.text, b"x" * 2_000_000)
        count = state.get(COUNTS, event.text)
        yield Output(self.output, event.text, json.dumps([event.id, event.text, count]).encode())

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        raise ArithmeticError("the timer cannot")

    def horizon(self, state: State, now: datetime) -> Horizon:
        return Horizon(now, None)

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        return ()


def build(options: dict[str, Any], ended: Callable[[ChengyunError], None]) -> Stage:
    stage = Stage(Poisoned(), StageOptions(STAGE, **options), ended=ended)

    @stage.agent
    async def poisoned(chunks: Chunks) -> None:
        async for chunk in chunks:
            chunk.apply()

    return stage


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    run_stage(lambda ended: build(given, ended))
