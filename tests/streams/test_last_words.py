"""The present state of a thing is written once a chunk, however often the chunk tells it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from streams.partition import ChunkLimits, Effects, Partition
from streams.program import Due, Horizon, LastWord, Output, Record, Refuse
from streams.state import State
from streams.topics import INCIDENTS, Topic

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
IN = Topic("toy.in", "key", "street", (), (), "delete", None)


class Word(LastWord):
    """Says what it was told, or cannot, and notes each time it is written."""

    __slots__ = ("told", "written")

    def __init__(self, told: str, written: list[str]) -> None:
        super().__init__(10)
        self.told = told
        self.written = written

    def write(self) -> bytes:
        """What it was told."""
        if "unspeakable" in self.told:
            raise ValueError("no words for it")
        self.written.append(self.told)
        return self.told.encode() * (2_000_000 if "huge" in self.told else 1)


class Teller:
    """Tells of the thing that a record names: ``thing words``."""

    stage = "toy"
    inputs = (IN,)
    namespaces = ()

    def __init__(self) -> None:
        self.written: list[str] = []

    def decode(self, record: Record) -> Any:
        return (record.value or b"").decode()

    def trusts(self, record: Record) -> bool:
        return False

    def step(self, state: State, event: Any, now: datetime) -> Iterable[Output | Refuse]:
        return (Output(INCIDENTS, event.partition(" ")[0], Word(event, self.written)),)

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        return ()

    def horizon(self, state: State, now: datetime) -> Horizon:
        return Horizon(now, None)

    def close(self, state: State, reached: Horizon, partition: int) -> Iterable[Output]:
        return ()


def compute(*texts: str, limits: ChunkLimits | None = None) -> tuple[Effects, Teller]:
    teller = Teller()
    records = [Record("toy.in", 0, n, 0, None, text.encode()) for n, text in enumerate(texts)]
    return Partition(teller, 0, limits).compute(records, NOON), teller


def test_only_the_last_word_about_each_thing_is_written() -> None:
    effects, teller = compute("a 1", "b 1", "a 2", "a 3")
    assert [output.message for output in effects.outputs] == [b"b 1", b"a 3"]
    assert sorted(teller.written) == ["a 3", "b 1"]


def test_what_is_said_counts_towards_the_size_of_a_chunk() -> None:
    effects, _ = compute(*(f"{n} x" for n in range(50)), limits=ChunkLimits(output_bytes=200))
    assert effects.consumed == 20


def test_a_last_word_that_no_broker_takes_is_a_dead_letter() -> None:
    effects, _ = compute("a huge", "b 1")
    assert [output.message for output in effects.outputs] == [b"b 1"]
    (letter,) = effects.dead
    assert b"output_too_large" in (letter.message if isinstance(letter.message, bytes) else b"")


def test_what_cannot_be_written_names_the_record_and_takes_nothing_else_along() -> None:
    records = [
        Record("toy.in", 0, n, 0, None, text)
        for n, text in enumerate((b"a 1", b"b unspeakable", b"c 1"))
    ]
    lane = Partition(Teller(), 0)
    said: list[Any] = []
    buried: list[Any] = []
    while records:
        effects = lane.compute(records, NOON)
        lane.accept(effects)
        said += [output.message for output in effects.outputs]
        buried += [output.message for output in effects.dead]
        records = records[effects.consumed :]
    assert said == [b"a 1", b"c 1"]
    assert [b"no words for it" in letter for letter in buried] == [True]
