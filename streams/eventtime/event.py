"""Event mode: history replayed at any speed, each deadline at its own time.

Lanes upstream run at different speeds, so records reach a tier out of order. A tier
therefore holds each record in its state until every upstream lane has said that
nothing earlier will come, and then applies records and deadlines in (time, id) order.
Two replays of the same history are equal whatever the speed and whoever is killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from schemas.terms import TIERS
from schemas.tick import TickEvent
from streams.eventtime.watermark import (
    KEY,
    PROGRESS,
    RESOLUTION,
    TickForwarder,
    progress_of,
    upstream_lanes,
)
from streams.program import Due, Horizon, Output, Program, Record, Refuse
from streams.state import Namespace, State, to_microseconds
from streams.topics import Sizing, Topic

TYPE_RANK = {
    "cn.chengyun.report.v1": 0,
    "cn.chengyun.finding.v1": 1,
    "cn.chengyun.report-update.v1": 2,
    "cn.chengyun.handoff.v1": 3,
    "cn.chengyun.notice.v1": 4,
    "cn.chengyun.area-counts.v1": 5,
}
"""Order among records of one instant: a case opens before anybody closes it."""

AT_ONCE = frozenset(
    {
        "cn.chengyun.command.v1",
        "cn.chengyun.silence.v1",
        "cn.chengyun.desk-event.v1",
    }
)
"""What comes from a person: no watermark covers it, so it does not wait. Nor does what a tier
above hands down."""

_HEIGHT: dict[str, int] = {tier: number for number, tier in enumerate(TIERS)}


class Held:
    """A record that waits for its time, with its meaning once it has been read."""

    __slots__ = ("event", "record")

    def __init__(self, record: Record, event: Any) -> None:
        self.record = record
        self.event = event


def _encode(held: Held) -> bytes:
    topic, partition, offset, timestamp_ms, key, value, headers = held.record
    head = [
        topic,
        partition,
        offset,
        timestamp_ms,
        None if key is None else key.hex(),
        [(name, raw.hex()) for name, raw in headers],
    ]
    return orjson.dumps(head) + b"\n" + (value or b"")


def _decode(stored: bytes) -> Held:
    head, value = stored.split(b"\n", 1)
    topic, partition, offset, timestamp_ms, key, headers = orjson.loads(head)
    record = Record(
        topic,
        partition,
        offset,
        timestamp_ms,
        None if key is None else bytes.fromhex(key),
        value,
        tuple((name, bytes.fromhex(raw)) for name, raw in headers),
    )
    return Held(record, None)


HELD: Namespace[Held] = Namespace(
    name="held",
    encode=_encode,
    decode=_decode,
    lifetime="until the watermark has passed the record's event time",
    rank=0,
    clock="watermark",
    holds=lambda held: held.record,
    decoded=50_000,
)


class EventTime:
    """A stage whose clock is its input.

    Entry stages (intake, sensing) apply records as they come, each at its own time: one
    sender's lane is in order. Tiers hold what comes from several lanes.
    """

    def __init__(self, program: Program, sizing: Sizing) -> None:
        self.program = program
        self.stage = program.stage
        self.inputs: tuple[Topic, ...] = program.inputs
        self.holds = self.stage in ("street", "district", "city")
        self.namespaces: tuple[Namespace[Any], ...] = (*program.namespaces, HELD, PROGRESS)
        self.upstream = upstream_lanes(self.stage, sizing, fed=True)
        self.forwarder = TickForwarder(self.stage, sizing)

    def decode(self, record: Record) -> tuple[Record, Any]:
        """Read a record with the stage's own reader. Raises SchemaError."""
        return record, self.program.decode(record)

    def trusts(self, record: Record) -> bool:
        """As the stage does."""
        return self.program.trusts(record)

    def step(
        self, state: State, event: tuple[Record, Any], now: datetime
    ) -> Iterable[Output | Refuse]:
        """Hold a record until its time, or apply it where waiting means nothing."""
        record, message = event
        if isinstance(message, TickEvent):
            progress = progress_of(state)
            progress.observe(message.data)
            state.put(PROGRESS, KEY, progress)
            return ()
        kind = message.type
        if self.holds:
            if not self._passes(kind, message):
                rank = TYPE_RANK.get(kind, 9)
                key = f"{rank}/{message.id}@{message.source}"
                state.put(HELD, key, Held(record, message), message.time)
                return ()
            complete = progress_of(state).complete_until(self.upstream)
            moment = message.time if complete is None else max(message.time, complete)
            return self.program.step(state, message, moment)
        return self.program.step(state, message, message.time)

    def _passes(self, kind: str, message: Any) -> bool:
        if kind == "cn.chengyun.notice.v1":
            # Copies come up from below, under the watermark; warnings and ends come down.
            return bool(_HEIGHT[message.data.from_tier] > _HEIGHT[self.stage])
        if kind in AT_ONCE:
            return True
        return kind == "cn.chengyun.handoff.v1" and message.data.direction == "down"

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        """Apply a held record, or answer a deadline, at its own time."""
        if due.namespace is HELD:
            state.delete(HELD, due.key)
            held: Held = due.value
            message = held.event if held.event is not None else self.program.decode(held.record)
            return self.program.step(state, message, due.at)
        return self.program.fire(state, due, due.at)

    def horizon(self, state: State, now: datetime) -> Horizon:
        """Both clocks stand just before the time up to which the input is complete."""
        complete = progress_of(state).complete_until(self.upstream)
        if complete is None:
            return Horizon(None, None)
        moment = complete - RESOLUTION
        return Horizon(moment, moment)

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        """Tell the lanes downstream how far this one has come; the last tick is final."""
        if reached.watermark is None or reached.now is None:
            return ()
        watermark = min(reached.now, reached.watermark) + RESOLUTION
        progress = progress_of(state)
        moment = to_microseconds(watermark)
        complete = progress.complete_until(self.upstream)
        final = watermark == complete and progress.ended.issuperset(self.upstream)
        if moment <= progress.told and (progress.finished or not final):
            return ()
        progress.told = moment
        progress.finished = final
        state.put(PROGRESS, KEY, progress)
        return self.forwarder.ticks(partition, watermark, final=final)
