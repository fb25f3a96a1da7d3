"""The engine of a lane: exactly what the records and the clock ask for, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.partition import ChunkLimits
from tests.streams.toys import (
    NOON,
    drain,
    letters,
    partition,
    record,
    records,
    said,
    toy,
)


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
