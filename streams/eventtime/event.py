"""Event mode: history replayed at any speed, each deadline at its own time.

Lanes upstream run at different speeds, so records reach a tier out of order. A tier
therefore lets each record wait until every upstream lane has said that nothing earlier
will come, and then applies records and deadlines in (time, id) order.
Two replays of the same history are equal whatever the speed and whoever is killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from schemas.terms import TIERS
from schemas.tick import TickEvent
from streams.effects import Moment
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

HANDOFF = "cn.chengyun.handoff.v1"
NOTICE = "cn.chengyun.notice.v1"
_PASSED = frozenset({HANDOFF, NOTICE})

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


class EventTime:
    """A stage whose clock is its input.

    Entry stages (intake, sensing) apply records as they come, each at its own time: one
    sender's lane is in order. Tiers let what comes from several lanes wait.
    """

    def __init__(self, program: Program, sizing: Sizing) -> None:
        self.program = program
        self.stage = program.stage
        self.inputs: tuple[Topic, ...] = program.inputs
        self.waiting = self.stage in ("street", "district", "city")
        self.namespaces: tuple[Namespace[Any], ...] = (*program.namespaces, PROGRESS)
        self.upstream = upstream_lanes(self.stage, sizing, fed=True)
        self.forwarder = TickForwarder(self.stage, sizing)

    def decode(self, record: Record) -> Any:
        """Read a record with the stage's own reader. Raises SchemaError."""
        return self.program.decode(record)

    def trusts(self, record: Record) -> bool:
        """As the stage does."""
        return self.program.trusts(record)

    def waits(self, event: Any) -> Moment | None:
        """Until its own time, and among those of one instant by type and id."""
        if isinstance(event, TickEvent):
            return None
        kind = event.type
        if kind in AT_ONCE or (kind in _PASSED and self._comes_down(kind, event.data)):
            return None
        key = f"0waiting/{TYPE_RANK.get(kind, 9)}/{event.id}@{event.source}"
        return to_microseconds(event.time), key.encode()

    def _comes_down(self, kind: str, data: Any) -> bool:
        """Copies and lifts come up from below, under the watermark; all else comes down."""
        if kind == HANDOFF:
            return bool(data.direction == "down")
        return _HEIGHT[data.from_tier] > _HEIGHT[self.stage]

    def release(self, state: State, event: Any, at: datetime) -> Iterable[Output | Refuse]:
        """Apply what has waited, at its own time."""
        return self.program.step(state, event, at)

    def step(self, state: State, event: Any, now: datetime) -> Iterable[Output | Refuse]:
        """Hear a tick, or apply at once."""
        if isinstance(event, TickEvent):
            progress = progress_of(state)
            progress.observe(event.data)
            state.put(PROGRESS, KEY, progress)
            return ()
        moment: datetime = event.time
        if self.waiting:
            complete = progress_of(state).complete_until(self.upstream)
            if complete is not None and complete > moment:
                moment = complete
        return self.program.step(state, event, moment)

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        """Answer a deadline, at its own time."""
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
