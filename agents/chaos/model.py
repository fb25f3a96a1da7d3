"""What must have happened, recomputed from the input alone, and how it differs from what did."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from agents.bench.cluster import Client, read_all
from agents.chaos.program import DEADLINE_EVERY, OUTPUT_EVERY, link
from agents.runtime.position import POSITION_KEY


@dataclass(slots=True)
class Expected:
    """What follows from an input: per key the tally, the outputs in order, the deadlines."""

    events: int = 0
    tallies: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    outputs: dict[bytes, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    deadlines: dict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))

    def take(self, records: Iterable[Any]) -> None:
        """Apply records of one partition, in order."""
        for record in records:
            event = orjson.loads(record.value)
            count, chain = self.tallies.get(record.key, (0, 0))
            count, chain = count + 1, link(chain, event["id"])
            self.tallies[record.key] = (count, chain)
            self.events += 1
            if count % OUTPUT_EVERY == 0:
                self.outputs[record.key].append((count, chain))
            if count % DEADLINE_EVERY == 0:
                self.deadlines[record.key].append(count)


@dataclass(slots=True)
class Found:
    """What a stage said and remembers."""

    tallies: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    pending: set[bytes] = field(default_factory=set)
    outputs: dict[bytes, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    deadlines: dict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))

    def take_outputs(self, records: Iterable[Any]) -> None:
        """Messages of the stage, committed ones only."""
        for record in records:
            said = orjson.loads(record.value)
            if said["chain"] is None:
                self.deadlines[record.key].append(-said["id"])
            else:
                self.outputs[record.key].append((said["id"], said["chain"]))

    def take_state(self, records: Iterable[Any]) -> None:
        """The changelog of one partition, in order."""
        for record in records:
            if record.key == POSITION_KEY:
                continue
            name, _, key = record.key.partition(b"/")
            if name.endswith(b"deadline"):
                (self.pending.discard if record.value is None else self.pending.add)(record.key)
            elif record.value is not None:
                count, chain = orjson.loads(record.value[8:])
                self.tallies[key] = (count, chain)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One stage against its model. `wrong` counts each kind of deviation; empty means none."""

    stage: str
    events: int
    applied: int
    outputs: int
    outputs_expected: int
    deadlines: int
    deadlines_expected: int
    wrong: dict[str, int]

    @property
    def right(self) -> bool:
        """Whether everything happened exactly once, in order."""
        return not self.wrong


def compare(stage: str, expected: Expected, found: Found) -> Verdict:
    """Judge one stage key by key."""
    wrong: Counter[str] = Counter()
    for key, (count, chain) in expected.tallies.items():
        got = found.tallies.get(key, (0, 0))
        wrong["events lost"] += max(0, count - got[0])
        wrong["events doubled"] += max(0, got[0] - count)
        wrong["keys out of order"] += got[0] == count and got[1] != chain
        _compare_lists(wrong, "outputs", expected.outputs[key], found.outputs[key])
        wrong["keys with outputs out of order"] += (
            sorted(expected.outputs[key]) == sorted(found.outputs[key])
            and expected.outputs[key] != found.outputs[key]
        )
        _compare_lists(wrong, "deadlines", expected.deadlines[key], found.deadlines[key])
    strange = (found.tallies.keys() | found.outputs.keys()) - expected.tallies.keys()
    wrong["unknown keys"] += len(strange)
    wrong["deadlines pending"] += len(found.pending)
    return Verdict(
        stage=stage,
        events=expected.events,
        applied=sum(count for count, _ in found.tallies.values()),
        outputs=sum(map(len, found.outputs.values())),
        outputs_expected=sum(map(len, expected.outputs.values())),
        deadlines=sum(map(len, found.deadlines.values())),
        deadlines_expected=sum(map(len, expected.deadlines.values())),
        wrong={what: number for what, number in wrong.items() if number},
    )


def _compare_lists(
    wrong: Counter[str], what: str, expected: Sequence[Any], found: Sequence[Any]
) -> None:
    if expected == found:
        return
    want, have = Counter(expected), Counter(found)
    wrong[f"{what} lost"] += (want - have).total()
    wrong[f"{what} doubled"] += (have - want).total()


async def judge(
    client: Client, stage: str, inputs: Iterable[str], output: str, state: str, partitions: int
) -> Verdict:
    """Read everything a stage was given and has written, and judge it.

    Args:
        inputs, output, state: physical topic names.
    """
    expected, found = Expected(), Found()
    async for records in read_all(client, inputs, partitions):
        expected.take(records)
    async for records in read_all(client, [output], partitions):
        found.take_outputs(records)
    async for records in read_all(client, [state], partitions):
        found.take_state(records)
    return compare(stage, expected, found)
