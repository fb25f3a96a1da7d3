"""The engine of a lane: exactly what the records and the clock ask for, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letter import Reason
from schemas.errors import SchemaError
from streams.dead_letters import DefectBudget, DefectLimitError
from streams.effects import Moment
from streams.partition import ChunkLimits, Effects, Partition
from streams.partitioner import partition_of
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


def test_a_chunk_changes_nothing_until_it_is_accepted() -> None:
    lane = partition()
    first = lane.compute(records("a", "a", "b"), NOON)
    again = lane.compute(records("a", "a", "b"), NOON)
    assert said(first) == said(again) == [["a", 1], ["a", 2], ["b", 1]]
    assert lane.base == {}
    lane.accept(first)
    assert said(lane.compute(records("a"), NOON)) == [["a", 3]]


def test_an_alarm_rings_once_at_its_time() -> None:
    lane = partition()
    lane.accept(lane.compute(records("alarm x"), NOON))
    assert lane.next_due() == NOON + timedelta(seconds=10)
    early = lane.compute([], NOON + timedelta(seconds=9, microseconds=999_999))
    assert early.empty
    due = lane.compute([], NOON + timedelta(seconds=10))
    assert said(due) == [["alarms", "x"]]
    lane.accept(due)
    assert lane.next_due() is None
    assert lane.compute([], NOON + timedelta(hours=1)).empty


def test_an_alarm_that_was_not_accepted_rings_again() -> None:
    lane = partition()
    lane.accept(lane.compute(records("alarm x"), NOON))
    late = NOON + timedelta(minutes=1)
    lost = lane.compute([], late)
    assert lost.fired == 1
    assert lost.lateness_s == 50
    assert lane.base[b"1alarms/x"][:8] != bytes(8)


def test_an_alarm_set_in_the_chunk_rings_in_the_chunk() -> None:
    assert said(partition().compute(records("alarm-now x"), NOON)) == [
        ["alarm-now", 1],
        ["alarms", "x"],
    ]


def test_a_moved_alarm_rings_only_at_its_new_time() -> None:
    lane = partition()
    lane.accept(lane.compute(records("alarm x"), NOON))
    lane.accept(lane.compute(records("alarm x"), NOON + timedelta(seconds=5)))
    assert lane.compute([], NOON + timedelta(seconds=10)).empty
    assert lane.next_due() == NOON + timedelta(seconds=15)
    assert lane.compute([], NOON + timedelta(seconds=15)).fired == 1


def test_a_silenced_alarm_does_not_ring() -> None:
    lane = partition()
    lane.accept(lane.compute(records("alarm x", "silence x"), NOON))
    assert lane.next_due() is None


def test_what_is_due_before_the_records_came_fires_first() -> None:
    lane = partition()
    lane.accept(lane.compute(records("alarm x"), NOON))
    late = lane.compute(records("silence x"), NOON + timedelta(minutes=1))
    assert said(late) == [["alarms", "x"], ["silence", 1]]


def test_due_entries_fire_in_order_of_time_then_rank_then_key() -> None:
    lane = partition()
    given = records("alarm b", "alarm a", "window 0", "window 1", "alarm-now z")
    lane.accept(lane.compute(given, NOON))
    program = toy(lane)
    program.watermark = NOON + timedelta(hours=1)
    later = lane.compute([], NOON + timedelta(minutes=2))
    assert said(later) == [
        ["windows", "0"],
        ["alarms", "a"],
        ["alarms", "b"],
        ["windows", "1"],
    ]


def test_windows_wait_for_the_watermark() -> None:
    lane = partition()
    lane.accept(lane.compute(records("window 1"), NOON))
    assert lane.compute([], NOON + timedelta(days=1)).empty
    assert lane.next_due() is None


def test_without_a_wall_clock_no_deadline_wakes_the_lane() -> None:
    lane = partition()
    program = toy(lane)
    program.wall = False
    lane.accept(lane.compute(records("alarm x"), NOON))
    assert lane.next_due() is None
    program.watermark = NOON + timedelta(seconds=10)
    assert lane.compute([], NOON).fired == 1


def test_seen_ids_expire_without_a_word() -> None:
    lane = partition()
    lane.accept(lane.compute(records("seen 7"), NOON))
    gone = lane.compute([], NOON + timedelta(minutes=1))
    assert (gone.expired, gone.outputs, gone.dirty) == (1, [], [(b"5seen/7", None)])


def test_a_restored_partition_knows_what_is_due() -> None:
    lane = partition()
    lane.accept(lane.compute(records("alarm x", "window 1"), NOON))
    restored = partition()
    for key, value in lane.base.items():
        restored.load(key, value)
    restored.load(b"5counts/gone", b"0" * 8 + b"1")
    restored.load(b"5counts/gone", None)
    restored.loaded()
    assert restored.base == lane.base
    assert restored.next_due() == lane.next_due()


# --- bad records ---------------------------------------------------------------------------


def test_an_undecodable_record_is_buried_and_the_lane_goes_on() -> None:
    effects = partition().compute(records("a", "bad \x00", "a"), NOON)
    assert said(effects) == [["a", 1], ["a", 2]]
    assert effects.consumed == 3
    (letter,) = letters(effects)
    assert base64.b64decode(letter["bytes_base64"]) == b"bad \x00"
    assert letter["origin"]["topic"] == "toy.in"
    assert letter["origin"]["offset"] == 1
    assert letter["reason"] == {
        "code": "schema",
        "message": "got nonsense, wanted words",
        "path": "/text",
    }
    assert effects.defects == []


def test_bytes_that_are_not_text_never_count_against_a_stranger() -> None:
    effects = partition().compute([record(0, b"\xff\xfe")], NOON)
    (letter,) = letters(effects)
    assert letter["reason"]["code"] == "undecodable"
    assert letter["fingerprint"]
    assert effects.defects == []


def test_an_undecodable_message_of_ours_is_a_defect() -> None:
    effects = partition().compute([record(0, "bad", trusted=True)], NOON)
    assert len(effects.defects) == 1
    assert "toy.in partition 0 offset 0" in effects.defects[0]


def test_a_record_above_two_mebibytes_keeps_a_prefix_its_size_and_hash() -> None:
    effects = partition().compute([record(0, b"bad" + b"x" * (3 << 20))], NOON)
    (letter,) = letters(effects)
    assert letter["size"] == 3 + (3 << 20)
    assert len(base64.b64decode(letter["bytes_base64"])) == 2 << 20
    message = effects.dead[0].message
    assert isinstance(message, bytes)
    assert len(message) < DEAD_LETTERS.max_message_bytes


def test_a_raising_step_is_buried_alone_and_leaves_no_trace() -> None:
    lane = partition()
    first, second, third = drain(lane, records("a", "raise", "a"), NOON)
    assert (said(first), first.consumed) == ([["a", 1]], 1)
    assert (second.outputs, second.dirty, second.consumed) == ([], [], 1)
    assert said(third) == [["a", 2]]
    (letter,) = letters(second)
    assert letter["reason"]["code"] == "step_raised"
    assert "the step cannot" in letter["reason"]["message"]
    assert "RuntimeError" in letter["stack"]
    assert len(letter["fingerprint"]) == 12
    assert len(second.defects) == 1
    assert b"5counts/raise" not in lane.base


def test_equal_failures_have_equal_fingerprints() -> None:
    one, two = (partition().compute([record(n, f"raise {n}")], NOON) for n in (1, 2))
    assert letters(one)[0]["fingerprint"] == letters(two)[0]["fingerprint"]


def test_a_refused_record_is_buried_with_its_bytes() -> None:
    effects = partition().compute(records("refuse me"), NOON)
    (letter,) = letters(effects)
    assert letter["reason"]["code"] == "unwanted"
    assert base64.b64decode(letter["bytes_base64"]) == b"refuse me"
    assert effects.defects == []


def test_a_raising_timer_is_disarmed_and_buried_with_its_state() -> None:
    lane = partition()
    drain(lane, records("alarm a", "alarm bomb", "alarm c"), NOON)
    done = drain(lane, [], NOON + timedelta(minutes=1))
    assert [x for effects in done for x in said(effects)] == [["alarms", "a"], ["alarms", "c"]]
    (letter,) = [x for effects in done for x in letters(effects)]
    assert letter["reason"]["code"] == "timer_raised"
    assert json.loads(base64.b64decode(letter["bytes_base64"])) == "alarm bomb"
    assert letter["origin"]["key"] == "1alarms/bomb"
    assert not any(effects.defects for effects in done)
    assert lane.base[b"1alarms/bomb"][:8] == bytes(8)
    assert lane.next_due() is None


def test_a_timer_that_rearms_itself_for_the_same_time_is_disarmed() -> None:
    lane = partition()
    drain(lane, records("alarm endless"), NOON)
    done = drain(lane, [], NOON + timedelta(minutes=1))
    (letter,) = [x for effects in done for x in letters(effects)]
    assert "it would fire for ever" in letter["reason"]["message"]


def test_a_timer_that_rearms_itself_for_later_rings_on() -> None:
    lane = partition()
    drain(lane, records("alarm again"), NOON)
    effects = lane.compute([], NOON + timedelta(seconds=15))
    assert effects.fired == 6
    lane.accept(effects)
    assert lane.next_due() == NOON + timedelta(seconds=16)


def test_a_record_that_waited_and_raises_is_buried_as_the_record_it_is() -> None:
    lane = Partition(Patient(), 0)
    assert drain(lane, records("wait raise", "wait good", "wait zeal"), NOON)[0].waits_from == 0
    toy(lane).watermark = NOON + timedelta(hours=1)
    done = drain(lane, [], NOON)
    assert [x for effects in done for x in said(effects)] == [["good", 1], ["zeal", 1]]
    (letter,) = [x for effects in done for x in letters(effects)]
    assert letter["origin"]["topic"] == "toy.in"
    assert letter["origin"]["offset"] == 0
    assert base64.b64decode(letter["bytes_base64"]) == b"wait raise"
    assert sum(len(effects.defects) for effects in done) == 1
    assert lane.waiting == []
    assert done[-1].waits_from is None


def test_an_attempt_that_is_thrown_away_leaves_what_waits_as_it_was() -> None:
    lane = Partition(Patient(), 0)
    drain(lane, records("wait a"), NOON)
    toy(lane).watermark = NOON + timedelta(hours=1)
    # The fourth raises, so the chunk is computed twice.
    effects = lane.compute(records("gone", "wait b", "wait c", "raise"), NOON)
    assert said(effects) == [["a", 1], ["gone", 1]]
    lane.accept(effects)
    assert [each.key for each in lane.waiting] == [b"b", b"c"]


def test_what_waits_has_one_input() -> None:
    class Two(Patient):
        inputs = (IN, OUT)  # type: ignore[assignment]

    with pytest.raises(ValueError, match="several inputs"):
        Partition(Two(), 0)


def test_a_timer_may_refuse_its_entry() -> None:
    lane = partition()
    drain(lane, records("alarm refuse"), NOON)
    (letter,) = letters(lane.compute([], NOON + timedelta(minutes=1)))
    assert letter["reason"]["code"] == "unwanted"


def test_a_value_that_cannot_be_written_condemns_only_its_record() -> None:
    lane = partition()
    done = drain(lane, records("a", "unwritable", "a"), NOON)
    assert [x for effects in done for x in said(effects)] == [["a", 1], ["a", 2]]
    (letter,) = [x for effects in done for x in letters(effects)]
    assert letter["origin"]["offset"] == 1


def test_an_entry_above_the_limit_of_the_changelog_condemns_only_its_record() -> None:
    lane = partition(ChunkLimits(state_bytes=40))
    done = drain(lane, records("a", "alarm " + "y" * 50, "a"), NOON)
    assert [x for effects in done for x in said(effects)] == [["a", 1], ["a", 2]]
    (letter,) = [x for effects in done for x in letters(effects)]
    assert "wanted at most 40" in letter["reason"]["message"]


def test_a_message_above_the_limit_of_its_topic_becomes_a_dead_letter() -> None:
    effects = partition().compute(records("huge"), NOON)
    assert said(effects) == [["huge", 1]]
    (letter,) = letters(effects)
    assert letter["reason"]["code"] == "output_too_large"
    assert letter["size"] == 5_000


def test_a_record_in_the_wrong_partition_is_sent_on_once() -> None:
    lane = partition(partitions=4)
    key = next(k for k in (b"a", b"b", b"c", b"d", b"e") if partition_of(k, 4) != 0)
    effects = lane.compute([record(0, "a", key)], NOON)
    assert effects.moved == 1
    (output,) = effects.outputs
    assert (output.topic, output.key, output.message) == (IN, key.decode(), b"a")
    assert output.partition == partition_of(key, 4)
    returned = Record("toy.in", 0, 1, 0, key, b"a", output.headers)
    assert lane.compute([returned], NOON).applied == 1
    assert lane.compute([record(0, "a", key, trusted=True)], NOON).applied == 1


# --- where a chunk ends -----------------------------------------------------------------------


def test_a_chunk_ends_at_its_number_of_records() -> None:
    lane = partition(ChunkLimits(records=2))
    assert [e.consumed for e in drain(lane, records(*"abcde"), NOON)] == [2, 2, 1]


def test_a_chunk_ends_at_its_bytes_of_output() -> None:
    lane = partition(ChunkLimits(output_bytes=2_500))
    done = drain(lane, records(*["bulky"] * 7), NOON)
    assert [e.consumed for e in done] == [3, 3, 1]


def test_a_chunk_ends_after_its_time() -> None:
    ticks = iter(range(1_000))
    lane = partition(ChunkLimits(seconds=2), seconds=lambda: float(next(ticks)))
    assert [e.consumed for e in drain(lane, records(*"a" * 160), NOON)] == [64, 64, 32]


def test_entries_left_for_the_next_chunk_are_not_lost() -> None:
    lane = partition()
    drain(lane, records(*[f"alarm {n}" for n in range(25)]), NOON)
    lane.limits = ChunkLimits(records=10)
    done = drain(lane, [], NOON + timedelta(seconds=10))
    assert [e.fired for e in done] == [10, 10, 5]
    assert [e.more_due for e in done] == [True, True, False]


def test_reached_stops_before_what_is_still_to_fire() -> None:
    lane = partition()
    drain(lane, records("alarm a", "alarm b"), NOON)
    lane.limits = ChunkLimits(records=1)
    effects = lane.compute([], NOON + timedelta(minutes=1))
    due = NOON + timedelta(seconds=10)
    assert effects.reached.now == due - timedelta(microseconds=1)


def test_old_armings_do_not_pile_up() -> None:
    lane = partition(ChunkLimits(records=100))
    for n in range(300):
        now = NOON + timedelta(milliseconds=n)
        lane.accept(lane.compute(records(*[f"alarm {k}" for k in range(100)]), now))
    assert len(lane.heaps[0]) <= 10_000 + 300
    assert lane.next_due() == now + timedelta(seconds=10)


# --- properties ----------------------------------------------------------------------------

TEXTS = st.sampled_from(
    [
        "a",
        "b",
        "raise",
        "refuse",
        "bad",
        "alarm x",
        "alarm-now y",
        "silence x",
        "alarm bomb",
        "alarm again",
        "seen 1",
        "window 1",
        "unwritable",
        "huge",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(TEXTS, st.integers(0, 6)), max_size=30),
    st.integers(1, 7),
    st.integers(1, 7),
)
def test_neither_chunk_size_nor_a_restart_changes_what_is_decided(
    story: list[tuple[str, int]], size_a: int, size_b: int
) -> None:
    """One record at a time at its own moment; chunk limits, recomputed chunks and restores vary."""

    def play(limit: int, restart: bool) -> tuple[list[Any], list[Any], dict[bytes, bytes]]:
        lane = partition(ChunkLimits(records=limit))
        out: list[Any] = []
        dead: list[Any] = []
        now = NOON
        for offset, (text, seconds) in enumerate(story):
            now += timedelta(seconds=seconds)
            toy(lane).watermark = now
            for effects in drain(lane, [record(offset, text)], now):
                out += said(effects)
                dead += [(x["origin"], x["reason"]) for x in letters(effects)]
            if restart:
                lane.compute(records("a", "alarm-now q", "raise"), now)  # never accepted
                lane, old = partition(ChunkLimits(records=limit)), lane
                for key, value in old.base.items():
                    lane.load(key, value)
                lane.loaded()
        return out, dead, lane.base

    assert play(size_a, restart=False) == play(size_b, restart=True)


# --- the stop limit ---------------------------------------------------------------------------


def test_defects_above_the_limit_stop_the_stage() -> None:
    budget = DefectBudget(3)
    budget.book("street", 0, ["a", "b", "c"])
    with pytest.raises(DefectLimitError, match="Operator action"):
        budget.book("street", 10, ["d"])


def test_rare_defects_never_stop_a_stage() -> None:
    budget = DefectBudget(3)
    for _ in range(100):
        budget.book("street", 1_000, ["a"])
    assert budget.spent == 1
