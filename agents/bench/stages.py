"""What the stages cost by themselves: the engine of a lane, driven in process on a made-up city.

No broker is in it: records are given in chunks as a lane gives them, each chunk at the
time of its last record, deadlines fire as that time passes, and the encoded outputs are
counted. What is measured is the processor's time to decode, decide, encode and remember.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import streams.intake
import streams.sensing
import streams.street
from agents.backtest.city import ONE_LANE_EACH
from agents.bench import profiles
from agents.bench.machine import spread
from agents.policy_files import load
from agents.replay.feed import moment_of
from agents.runtime.attributes import read_as_before
from agents.runtime.worker import tune
from agents.simulate.api import ORIGIN, Simulation
from schemas.codec import read_any
from streams.effects import ChunkLimits
from streams.eventtime import wall
from streams.partition import Partition
from streams.policy import Policy
from streams.program import Output, Program, Record
from streams.topics import INTAKE_REPORTS, SENSING_READINGS, STREET_INBOX, Topic

CHUNK = 1_000
GOALS = {
    "sensing, limits only": "≥ 40,000",
    "sensing, the shipped policy": "≥ 25,000",
    "street, full incident logic": "≥ 10,000",
    **profiles.GOALS,
}


class Timed(NamedTuple):
    """A record, and the moment in the city at which it is there."""

    at: datetime
    record: Record


@dataclass(slots=True)
class Driven:
    """What one pass came to.

    Attributes:
        cpu_s: processor time of deciding and remembering.
        outputs: all messages sent; fired: deadlines that spoke.
        kept: the lane's committed state in the end.
    """

    records: int = 0
    cpu_s: float = 0.0
    outputs: int = 0
    fired: int = 0
    dead: int = 0
    kept: Mapping[bytes, bytes] = field(default_factory=dict)


def drive(
    program: Program, given: Sequence[Timed], listen: Callable[[datetime, Output], None]
) -> Driven:
    """Put records through one lane of a stage."""
    limits = ChunkLimits(seconds=60.0)
    partition = Partition(wall(program, ONE_LANE_EACH), 0, limits)
    partition.loaded()
    done = Driven(len(given))
    for start in range(0, len(given), CHUNK):
        part = given[start : start + CHUNK]
        now = part[-1].at
        records = [timed.record for timed in part]
        while True:
            begun = time.process_time()
            effects = partition.compute(records, now)
            partition.accept(effects)
            done.cpu_s += time.process_time() - begun
            done.outputs += len(effects.outputs)
            done.fired += effects.fired
            done.dead += len(effects.dead)
            for output in effects.outputs:
                listen(now, output)
            records = records[effects.consumed :]
            if not records and not effects.more_due:
                break
    done.kept = partition.base
    return done


def measure(runs: int, hours: float, seed: int) -> list[dict[str, Any]]:
    """Microseconds of processor time a record, and records a second, of each stage.

    Args:
        runs: repetitions, for median and spread.
        hours: of the made-up city's life.
    """
    policy = load()
    reports: list[Timed] = []
    readings: list[Timed] = []
    street: list[Timed] = []
    taken = {INTAKE_REPORTS.name: reports, SENSING_READINGS.name: readings}
    for entry in Simulation(policy, seed=seed, begins=ORIGIN).entries(hours):
        given = taken.get(entry.topic.name)
        if given is not None:
            at = moment_of(entry.at)
            given.append(_timed(at, entry.topic, len(given), entry.key, entry.value))

    def to_street(now: datetime, output: Output) -> None:
        if output.topic is STREET_INBOX and output.partition is None:
            assert isinstance(output.message, bytes)
            at = read_any(output.message).time.astimezone(UTC)
            key = output.key.encode()
            street.append(_timed(at, STREET_INBOX, len(street), key, output.message))

    drive(streams.intake.program(policy), reports, to_street)
    drive(streams.sensing.program(policy), readings, to_street)
    street.sort(key=lambda timed: timed.at)
    plain = limits_only(policy)
    works: tuple[tuple[str, Callable[[], Program], list[Timed]], ...] = (
        ("intake", lambda: streams.intake.program(policy), reports),
        ("sensing, limits only", lambda: streams.sensing.program(plain), readings),
        ("sensing, the shipped policy", lambda: streams.sensing.program(policy), readings),
        *((name, begin, readings) for name, begin, _ in profiles.works(policy)),
        ("street, full incident logic", lambda: streams.street.program(policy), street),
    )
    thresholds = gc.get_threshold()
    tune()  # as workers do
    try:
        return [_figures(name, make, records, runs) for name, make, records in works]
    finally:
        read_as_before()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def limits_only(policy: Policy) -> Policy:
    """The policy with no eye on what a device's own past was like."""
    devices = {
        kind: device.model_copy(
            update={
                "station": None,
                "properties": {
                    name: measured.model_copy(
                        update={"profile": "limits", "stuck": None, "gaps": None, "beyond": None}
                    )
                    for name, measured in device.properties.items()
                },
            }
        )
        for kind, device in policy.devices.items()
    }
    return policy.model_copy(update={"devices": devices})


def _figures(
    name: str, make: Callable[[], Program], given: list[Timed], runs: int
) -> dict[str, Any]:
    passes = [drive(make(), given, _ignore) for _ in range(runs)]
    sizes = profiles.bytes_each(passes[0].kept) if name.startswith("sensing") else []
    return {
        "stage": name,
        "records": len(given),
        "outputs": passes[0].outputs,
        "fired": passes[0].fired,
        "dead": passes[0].dead,
        "bytes": spread([float(n) for n in sizes]) if sizes else None,
        "us": spread([each.cpu_s / each.records * 1e6 for each in passes]),
        "per_second": spread([each.records / each.cpu_s for each in passes]),
        "goal": GOALS.get(name, ""),
    }


def _ignore(now: datetime, output: Output) -> None:
    """Nobody listens while time is taken."""


def _timed(at: datetime, topic: Topic, offset: int, key: bytes, value: bytes) -> Timed:
    return Timed(at, Record(topic.name, 0, offset, int(at.timestamp() * 1_000), key, value))
