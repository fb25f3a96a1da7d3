"""What is found does not depend on where a chunk ends, or how often a device is written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.eventtime import event
from streams.partition import Partition
from streams.policy import Policy
from streams.program import Record
from streams.sensing import program
from streams.topics import SENSING_READINGS, Sizing

NOON = datetime(2026, 7, 8, 4, 0, tzinfo=UTC)
CLASSES = [
    ("manhole_tilt", "tilt", "deg", 40.0),
    ("gas_pipe_probe", "lel", "%", 60.0),
    ("road_water", "depth", "cm", 30.0),
]


def record(offset: int, at_s: float, device: int, share: float) -> Record:
    kind, measured, unit, most = CLASSES[device % len(CLASSES)]
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    body = {
        "specversion": "1.0",
        "id": f"r{offset}",
        "source": "/gateway/1",
        "type": "cn.chengyun.reading.v1",
        "time": at,
        "data": {
            "device_id": f"d{device}",
            "device_class": kind,
            "observed_property": measured,
            "phenomenon_time": at,
            "result": round(share * most, 3),
            "unit": unit,
            "street": "990101001",
        },
    }
    key = f"d{device}".encode()
    return Record(SENSING_READINGS.name, 0, offset, 0, key, orjson.dumps(body), ())


def run(
    policy: Policy, records: list[Record], sizes: list[int]
) -> tuple[list[Any], dict[Any, Any]]:
    """Outputs and state after chunks of these sizes, the last size repeated."""
    lane = Partition(event(program(policy), Sizing()), 0)
    outputs: list[Any] = []
    given_sizes = iter(sizes)
    at = 0
    while at < len(records):
        size = next(given_sizes, len(records))
        effects = lane.compute(records[at : at + size], NOON)
        assert not effects.raised
        lane.accept(effects)
        outputs += [(o.topic.name, o.key, o.message) for o in (*effects.outputs, *effects.dead)]
        at += effects.consumed
    return outputs, lane.base


readings = st.lists(
    st.tuples(
        st.sampled_from([0.1, 1.5, 30.123, 120, 400]),
        st.integers(0, 4),
        st.sampled_from([0.0, 0.1, 0.35, 0.45, 0.9, 1.0]),
    ),
    min_size=1,
    max_size=80,
)


@given(readings, st.lists(st.integers(1, 7), max_size=80))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_chunks_of_any_size_find_the_same(
    policy: Policy, readings: list[tuple[float, int, float]], sizes: list[int]
) -> None:
    at_s = 0.0
    records = []
    for offset, (gap, device, share) in enumerate(readings):
        at_s += gap
        records.append(record(offset, at_s, device, share))
    assert run(policy, records, []) == run(policy, records, sizes)
