"""What a step sees of the state: decoded once, changed in one view, written as differences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.state import Decoded, Namespace, State, from_microseconds, to_microseconds

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WORDS: Namespace[str] = Namespace(
    "words", encode=str.encode, decode=bytes.decode, lifetime="until the test ends"
)
LISTS: Namespace[list[int]] = Namespace(
    "lists", encode=bytes, decode=list, lifetime="until the test ends"
)


def stored(value: bytes, due: datetime | None = None) -> bytes:
    return (0 if due is None else to_microseconds(due)).to_bytes(8, "big") + value


def test_an_entry_is_written_under_rank_namespace_and_key() -> None:
    state = State({})
    state.put(WORDS, "a/b", "hello", NOON)
    assert state.changes() == [(b"5words/a/b", stored(b"hello", NOON))]
    assert state.due(WORDS, "a/b") == NOON


def test_a_value_changed_in_place_is_written_only_when_put_again() -> None:
    state = State({b"5lists/k": stored(bytes([1]))})
    values = state.get(LISTS, "k")
    assert values == [1]
    values.append(2)
    assert state.changes() == []
    state.put(LISTS, "k", values)
    assert state.changes() == [(b"5lists/k", stored(bytes([1, 2])))]


def test_an_entry_put_and_deleted_within_a_chunk_leaves_no_trace() -> None:
    state = State({})
    state.put(WORDS, "k", "x")
    state.delete(WORDS, "k")
    assert state.get(WORDS, "k") is None
    assert state.changes() == []


def test_the_same_bytes_are_not_written_again() -> None:
    state = State({b"5words/k": stored(b"x", NOON)})
    state.put(WORDS, "k", "x", NOON)
    assert state.changes() == []


def test_putting_without_a_due_time_disarms() -> None:
    state = State({b"5words/k": stored(b"x", NOON)})
    state.put(WORDS, "k", "x")
    assert state.changes() == [(b"5words/k", stored(b"x"))]


def test_deleting_a_committed_entry_writes_a_tombstone() -> None:
    state = State({b"5words/k": stored(b"x")})
    state.delete(WORDS, "k")
    assert state.changes() == [(b"5words/k", None)]


@given(
    st.datetimes(
        datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
        datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
    )
)
def test_a_due_time_keeps_every_microsecond(moment: datetime) -> None:
    assert from_microseconds(to_microseconds(moment)) == moment


@pytest.mark.parametrize(("name", "rank"), [("a/b", 5), ("", 5), ("a", 10)])
def test_a_namespace_that_could_not_be_told_apart_is_refused(name: str, rank: int) -> None:
    with pytest.raises(ValueError, match="wanted"):
        Namespace(name, str.encode, bytes.decode, "never", rank=rank)


def test_a_kept_decoded_value_is_never_seen_again_after_a_chunk_that_failed() -> None:
    decodings: list[bytes] = []

    def decode(stored: bytes) -> list[str]:
        decodings.append(stored)
        return stored.decode().split(",")

    dear: Namespace[list[str]] = Namespace(
        "dear", lambda value: ",".join(value).encode(), decode, lifetime="the test", decoded=2
    )
    base = {b"5dear/a": bytes(8) + b"1", b"5dear/b": bytes(8) + b"2", b"5dear/c": bytes(8) + b"3"}
    decoded = Decoded()

    first = State(base, decoded)
    assert first.get(dear, "a") == ["1"]
    first.keep_decoded()

    failed = State(base, decoded)
    value = failed.get(dear, "a")
    assert value is not None
    value.append("changed in place by a chunk that is thrown away")
    assert decodings == [b"1"], "the second chunk found it decoded"

    after = State(base, decoded)
    assert after.get(dear, "a") == ["1"]
    for key in ("b", "c"):
        after.get(dear, key)
    after.keep_decoded()
    assert len(decoded.of(dear) or ()) <= 2
