"""What a lane cannot use: buried with its bytes and its reason, and the lane goes on."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from streams.dead_letters import DefectBudget, DefectLimitError
from streams.partition import ChunkLimits, Partition
from streams.partitioner import partition_of
from streams.program import Record
from streams.topics import DEAD_LETTERS
from tests.streams.toys import (
    IN,
    NOON,
    OUT,
    Patient,
    drain,
    letters,
    partition,
    record,
    records,
    said,
    toy,
)


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
    (defect,) = [line for effects in done for line in effects.defects]
    assert "1alarms/bomb" in defect
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
