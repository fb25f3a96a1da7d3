"""Event mode: the order of arrival does not matter, the order of events does."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.runtime.position import Position, decode_position, encode_position
from schemas.codec import encode, read_any
from schemas.report import ReportUpdate, ReportUpdateEvent
from schemas.tick import Tick, TickEvent
from streams import topics
from streams.eventtime import event
from streams.partition import ChunkLimits, Partition
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.state import Namespace, State
from streams.topics import Sizing

BEGIN = datetime(2026, 7, 1, tzinfo=UTC)
SIZING = Sizing(intake=2, sensing=1, street=2, district=2)
INBOX = topics.STREET_INBOX.name
LANES = ("intake/0", "intake/1", "sensing/0")

SEEN: Namespace[list[str]] = Namespace(
    name="seen",
    encode=lambda seen: "|".join(seen).encode(),
    decode=lambda stored: stored.decode().split("|"),
    lifetime="as long as the test",
)


class Diary:
    """A stage that writes down what it is told and when, and looks again a minute later."""

    stage = "street"
    inputs = (topics.STREET_INBOX,)
    namespaces = (SEEN,)

    def decode(self, record: Record) -> Any:
        return read_any(record.value or b"")

    def trusts(self, record: Record) -> bool:
        return False

    def step(self, state: State, message: Any, now: datetime) -> Iterable[Output | Refuse]:
        return self._note(state, message.data.report_id, now, now + timedelta(seconds=60))

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        return self._note(state, "due", now, None)

    def _note(self, state: State, what: str, now: datetime, due: datetime | None) -> list[Output]:
        seen = [*(state.get(SEEN, "diary") or []), f"{what}@{(now - BEGIN).total_seconds():g}"]
        state.put(SEEN, "diary", seen, due)
        return []

    def horizon(self, state: State, now: datetime) -> Horizon:
        return Horizon(now, now)

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        return ()


def told(second: float, name: str) -> bytes:
    at = BEGIN + timedelta(seconds=second)
    update = ReportUpdate(report_id=name, kind="information", updated_at=at)
    return encode(ReportUpdateEvent(id=name, source="/intake", time=at, data=update))


def tick(lane: str, second: float, *, final: bool = False) -> bytes:
    stage, number = lane.split("/")
    at = BEGIN + timedelta(seconds=second)
    data = Tick(stage=stage, partition=int(number), of=2, watermark=at, final=final)
    return encode(TickEvent(id=f"{lane}/{second}", source=f"/{lane}", time=at, data=data))


def lane(limits: ChunkLimits | None = None) -> Partition:
    partition = Partition(event(Diary(), SIZING), 0, limits)
    partition.loaded()
    return partition


def give(partition: Partition, *values: bytes) -> list[Output]:
    records = [Record(INBOX, 0, n, 0, b"k", v) for n, v in enumerate(values)]
    outputs: list[Output] = []
    more = True
    while records or more:
        effects = partition.compute(records, BEGIN)
        partition.accept(effects)
        outputs += effects.outputs
        assert not effects.dead
        records = records[effects.consumed :]
        more = effects.more_due
    return outputs


def diary(partition: Partition) -> list[str]:
    stored = partition.base.get(b"5seen/diary")
    return SEEN.decode(stored[8:]) if stored else []


def test_a_record_waits_until_every_upstream_lane_has_passed_its_time() -> None:
    street = lane()
    give(street, told(5, "a"), tick("intake/0", 100), tick("intake/1", 100))
    assert diary(street) == []
    give(street, tick("sensing/0", 5))
    assert diary(street) == [], "a watermark is exclusive: a record of that instant may follow"
    give(street, tick("sensing/0", 6))
    assert diary(street) == ["a@5"]


def test_a_deadline_fires_between_records_at_its_own_time() -> None:
    street = lane()
    give(street, told(0, "a"), told(200, "b"), told(60, "c"))
    give(street, *(tick(name, 1_000) for name in LANES))
    assert diary(street) == ["a@0", "c@60", "due@120", "b@200", "due@260"]


def test_the_watermark_does_not_reverse() -> None:
    street = lane()
    give(street, *(tick(name, 100) for name in LANES))
    give(street, tick("intake/0", 50), told(99, "late"))
    assert diary(street) == ["late@99"]


def test_ticks_are_forwarded_to_every_lane_of_the_district_once() -> None:
    street = lane()
    outputs = give(street, *(tick(name, 100) for name in LANES))
    assert [(o.topic.name, o.partition) for o in outputs] == [
        ("chengyun.district.inbox.v1", 0),
        ("chengyun.district.inbox.v1", 1),
    ]
    assert give(street, tick("intake/0", 90)) == []


def test_the_last_tick_is_final_only_when_every_lane_has_ended() -> None:
    street = lane()
    give(street, tick("intake/0", 9, final=True), tick("intake/1", 9, final=True))
    outputs = give(street, tick("sensing/0", 9, final=True))
    messages = [read_any(o.message) if isinstance(o.message, bytes) else o.message for o in outputs]
    assert [m.data.final for m in messages if isinstance(m, TickEvent)] == [True, True]


class Tape:
    """A lane whose input can be read again: what a restart finds is what was committed."""

    def __init__(self, limits: ChunkLimits, kills: Callable[[], bool] = lambda: False) -> None:
        self.limits = limits
        self.kills = kills
        self.records: list[Record] = []
        self.lane = lane(limits)
        self.base: dict[bytes, bytes] = {}
        self.position = Position()
        self.read = self.at = 0

    def give(self, *values: bytes) -> None:
        for value in values:
            self.records.append(Record(INBOX, 0, len(self.records), 0, b"k", value))
        more = True
        while more or self.at < len(self.records):
            more = self.turn(self.records[self.at :])
            if self.kills():
                self.restart()
                more = self.turn([])  # as a lane does before it has read anything

    def turn(self, records: list[Record]) -> bool:
        effects = self.lane.compute(records, BEGIN)
        self.at += effects.consumed
        self.read = max(self.read, self.at)
        if effects.heard_only:
            self.lane.postpone(effects)
        else:
            self.lane.accept(effects)
            for key, stored in effects.dirty:
                self.base.pop(key, None)
                if stored is not None:
                    self.base[key] = stored
            read = {INBOX: self.read}
            self.position = self.position.after(read, effects.waits_from, effects.applied_until)
        return effects.more_due

    def restart(self) -> None:
        self.lane = lane(self.limits)
        position = decode_position(encode_position(self.position))
        for key, stored in self.base.items():
            self.lane.load(key, stored)
        self.lane.loaded()
        read, first = position.read.get(INBOX, 0), position.next.get(INBOX, 0)
        self.lane.read_again(read if first < read else 0, position.applied_until)
        self.read, self.at = read, first


@settings(max_examples=60, deadline=None)
@given(
    seconds=st.lists(st.integers(0, 300), min_size=1, max_size=25),
    seed=st.integers(0, 2**32 - 1),
    chunk=st.integers(1, 8),
)
def test_arrival_order_chunks_and_restarts_do_not_change_the_diary(
    seconds: list[int], seed: int, chunk: int
) -> None:
    events = [told(second, f"r{n:03d}") for n, second in enumerate(seconds)]
    calm = lane()
    give(calm, *events, *(tick(name, 1_000) for name in LANES))

    rng = random.Random(seed)
    arriving = [*events, *rng.sample(events, rng.randint(0, len(events)))]
    rng.shuffle(arriving)
    # A lane that is killed for ever, chunk after chunk, reads again for ever.
    deaths = iter(range(rng.randint(0, 12)))
    wild = Tape(
        ChunkLimits(records=chunk),
        kills=lambda: rng.random() < 0.2 and next(deaths, None) is not None,
    )
    while arriving:
        wild.give(*(arriving.pop() for _ in range(min(len(arriving), rng.randint(1, 5)))))
    for second in (*sorted(rng.sample(range(1, 999), 5)), 1_000):
        for name in rng.sample(LANES, len(LANES)):
            wild.give(tick(name, second))
    assert diary(wild.lane) == diary(calm)


def test_what_waits_is_not_written_and_is_read_again_after_a_restart() -> None:
    tape = Tape(ChunkLimits())
    tape.give(told(1, "a"), told(9, "b"), *(tick(name, 5) for name in LANES))
    assert tape.position.next == {INBOX: 1}
    assert tape.position.read == {INBOX: 5}
    assert {key.split(b"/")[0] for key in tape.base} == {b"5seen", b"5ticks"}
    tape.restart()
    tape.turn([])
    assert tape.position.next == {INBOX: 1}
    tape.give(*(tick(name, 10) for name in LANES))
    assert diary(tape.lane) == ["a@1", "b@9"]
    assert tape.position.next == tape.position.read


def test_ticks_that_complete_nothing_are_not_worth_a_commit() -> None:
    street = lane()
    heard = street.compute([Record(INBOX, 0, 0, 0, b"k", tick("intake/0", 5))], BEGIN)
    assert heard.heard_only
    street.postpone(heard)
    others = [Record(INBOX, 0, n, 0, b"k", tick(name, 5)) for n, name in enumerate(LANES[1:], 1)]
    effects = street.compute(others, BEGIN)
    assert not effects.heard_only
    (progress,) = [value for _, value in effects.dirty if value is not None]
    assert all(name.encode() in progress for name in LANES)


def test_time_that_passes_is_written_also_where_nobody_is_downstream() -> None:
    class Top(Diary):
        stage = "city"
        inputs = (topics.CITY_INBOX,)

    city = Partition(event(Top(), SIZING), 0)
    city.loaded()
    ticks = [tick(f"district/{lane}", 5, final=True) for lane in range(2)]
    records = [Record(topics.CITY_INBOX.name, 0, n, 0, b"k", v) for n, v in enumerate(ticks)]
    first = city.compute(records[:1], BEGIN)
    assert first.heard_only
    city.postpone(first)
    last = city.compute(records[1:], BEGIN)
    assert not last.heard_only
    assert (last.outputs, len(last.dirty)) == ([], 1)


@pytest.mark.parametrize("kind", ["report", "update"])
def test_the_same_message_twice_is_held_once(kind: str) -> None:
    street = lane()
    give(street, told(5, kind), told(5, kind), *(tick(name, 10) for name in LANES))
    assert diary(street) == [f"{kind}@5"]
