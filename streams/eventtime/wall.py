"""Wall mode: a city that runs now.

Deadlines follow the clock on the wall. Windows follow the watermark, so a count is
closed when the lanes upstream have told how far they are, not when an hour has passed
here: after an outage of intake, a street does not take silence for peace.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from schemas.tick import TickEvent
from streams.eventtime.watermark import (
    KEY,
    PROGRESS,
    TickForwarder,
    progress_of,
    upstream_lanes,
)
from streams.program import Due, Horizon, Output, Program, Record, Refuse
from streams.state import Namespace, State, from_microseconds, to_microseconds
from streams.topics import Sizing, Topic

BEAT: Namespace[bool] = Namespace(
    name="beat",
    encode=lambda beating: b"1",
    decode=lambda stored: True,
    lifetime="one entry a lane; it comes due again and again and is what lets a silent lane tick",
    rank=9,
)


class WallTime:
    """A stage whose clock is the time of day, and whose windows wait for their input."""

    def __init__(self, program: Program, sizing: Sizing, tick_s: float) -> None:
        self.program = program
        self.stage = program.stage
        self.inputs: tuple[Topic, ...] = program.inputs
        self.namespaces: tuple[Namespace[Any], ...] = (*program.namespaces, BEAT, PROGRESS)
        self.upstream = upstream_lanes(self.stage, sizing, fed=False)
        self.forwarder = TickForwarder(self.stage, sizing)
        self.interval = timedelta(seconds=tick_s)

    def decode(self, record: Record) -> Any:
        """Read a record with the stage's own reader. Raises SchemaError."""
        return self.program.decode(record)

    def trusts(self, record: Record) -> bool:
        """As the stage does."""
        return self.program.trusts(record)

    def step(self, state: State, event: Any, now: datetime) -> Iterable[Output | Refuse]:
        """Note a tick; give everything else to the stage, at the time of day."""
        if isinstance(event, TickEvent):
            progress = progress_of(state)
            progress.observe(event.data)
            state.put(PROGRESS, KEY, progress)
            return ()
        return self.program.step(state, event, now)

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        """Answer a deadline at the time of day; the beat answers itself when the chunk ends."""
        if due.namespace is BEAT:
            state.delete(BEAT, due.key)
            return ()
        return self.program.fire(state, due, now)

    def horizon(self, state: State, now: datetime) -> Horizon:
        """Deadlines up to `now`; windows up to where the input is complete."""
        if not self.upstream:
            return Horizon(now, now)
        complete = progress_of(state).complete_until(self.upstream)
        return Horizon(now, None if complete is None else min(now, complete))

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        """Once an interval, tell the lanes downstream how far this one has come."""
        now = reached.now
        if now is None:
            return ()
        if state.get(BEAT, KEY) is None:
            state.put(BEAT, KEY, True, now + self.interval)
        watermark = reached.watermark
        if watermark is None:
            return ()
        progress = progress_of(state)
        moment = to_microseconds(watermark)
        if progress.told and watermark < from_microseconds(progress.told) + self.interval:
            return ()
        progress.told = moment
        state.put(PROGRESS, KEY, progress)
        return self.forwarder.ticks(partition, watermark, final=False)
