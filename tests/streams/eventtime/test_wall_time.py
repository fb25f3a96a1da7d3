"""Wall mode: deadlines by the time of day, windows by the watermark, ticks by the second."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.codec import read_any
from schemas.tick import Tick, TickEvent
from streams import topics
from streams.eventtime import wall
from streams.partition import Partition
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.state import Namespace, State
from streams.topics import Sizing

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SIZING = Sizing(intake=1, sensing=1, street=1, district=2)

DEADLINE: Namespace[bytes] = Namespace("deadline", bytes, bytes, lifetime="until it fires")
WINDOW: Namespace[bytes] = Namespace(
    "window", bytes, bytes, lifetime="until it closes", clock="watermark"
)


class Kettle:
    """A stage that starts with a deadline and a window at noon + 10 s, and notes what fires."""

    stage = "street"
    inputs = (topics.STREET_INBOX,)
    namespaces = (DEADLINE, WINDOW)

    def __init__(self) -> None:
        self.fired: list[str] = []

    def decode(self, record: Record) -> Any:
        return read_any(record.value or b"")

    def trusts(self, record: Record) -> bool:
        return False

    def step(self, state: State, message: Any, now: datetime) -> Iterable[Output | Refuse]:
        raise AssertionError("a tick is not for the stage")

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        self.fired.append(f"{due.namespace.name}@{(now - NOON).total_seconds():g}")
        state.delete(due.namespace, due.key)
        return ()

    def horizon(self, state: State, now: datetime) -> Horizon:
        return Horizon(now, now)

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        return ()


def started() -> tuple[Kettle, Partition]:
    kettle = Kettle()
    partition = Partition(wall(kettle, SIZING), 0)
    state = State(partition.base)
    state.put(DEADLINE, "a", b"x", NOON + timedelta(seconds=10))
    state.put(WINDOW, "a", b"x", NOON + timedelta(seconds=10))
    for key, stored in state.changes():
        partition.load(key, stored)
    partition.loaded()
    return kettle, partition


def at(partition: Partition, second: float, *ticks: tuple[str, float]) -> list[Output]:
    records = []
    for lane, watermark in ticks:
        moment = NOON + timedelta(seconds=watermark)
        tick = TickEvent(
            id=f"{lane}/{watermark}",
            source=f"/{lane}",
            time=moment,
            data=Tick(stage=lane.split("/")[0], partition=0, of=1, watermark=moment),
        )
        value = tick.model_dump_json().encode()
        records.append(Record("chengyun.street.inbox.v1", 0, 0, 0, None, value))
    effects = partition.compute(records, NOON + timedelta(seconds=second))
    partition.accept(effects)
    return effects.outputs


def test_a_deadline_fires_by_the_time_of_day_while_a_window_waits_for_its_input() -> None:
    kettle, partition = started()
    at(partition, 11)
    assert kettle.fired == ["deadline@11"]
    at(partition, 12, ("intake/0", 12), ("sensing/0", 9))
    assert kettle.fired == ["deadline@11"]
    at(partition, 13, ("sensing/0", 12))
    assert kettle.fired == ["deadline@11", "window@13"]


def test_a_lane_without_input_beats_and_ticks_each_second() -> None:
    _, partition = started()
    assert at(partition, 0, ("intake/0", 0), ("sensing/0", 0)), "the first tick comes at once"
    due = partition.next_due()
    assert due == NOON + timedelta(seconds=1)
    assert at(partition, 0.5, ("intake/0", 0.5), ("sensing/0", 0.5)) == []
    outputs = at(partition, 1.5, ("intake/0", 1.5), ("sensing/0", 1.4))
    assert [output.partition for output in outputs] == [0, 1]
    watermarks = {
        read_any(o.message).data.watermark for o in outputs if isinstance(o.message, bytes)
    }
    assert watermarks <= {NOON + timedelta(seconds=1.4)}


def test_a_watermark_never_runs_ahead_of_the_time_of_day() -> None:
    kettle, partition = started()
    at(partition, 5, ("intake/0", 60), ("sensing/0", 60))
    assert kettle.fired == []
