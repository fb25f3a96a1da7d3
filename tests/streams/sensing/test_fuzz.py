"""Whatever devices and strangers send: a finding, nothing to say, or a dead letter; no crash."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from schemas.reading import Reading
from streams.topics import DEAD_LETTERS, SENSING_READINGS, STREET_INBOX

ODD: list[Any] = [
    None, True, 0, -1, 1e308, -0.0, 24.999999999, "", "x" * 500, "\x00", "井盖", [], {}, "30",
    "2026-07-08T12:00:00+08:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-07-08T03:50:00Z", 1783483200, "cm", "%", "990101002", "9901", "tilt", "lel",
]  # fmt: skip


KINDS = [
    ("manhole_tilt", "tilt", "deg"),
    ("gas_pipe_probe", "lel", "%"),
    ("road_water", "depth", "cm"),
]


def scrambled(chance: random.Random, number: int) -> tuple[bytes, bytes | None]:
    """A plausible reading with a few things wrong, as (value, key)."""
    kind, measured, unit = chance.choice(KINDS)
    minute, second = chance.randrange(60), chance.randrange(60)
    data: dict[str, Any] = {
        "device_id": f"d{chance.randrange(20)}",
        "device_class": kind,
        "observed_property": measured,
        "phenomenon_time": f"2026-07-08T12:{minute:02d}:{second:02d}+08:00",
        "result": chance.choice([0, 1.5, 4, 20, 26, 60]),
        "unit": unit,
        "street": "990101001",
    }
    for _ in range(chance.randrange(3)):
        data[chance.choice([*Reading.model_fields])] = chance.choice(ODD)
    event = {
        "specversion": "1.0",
        "id": f"r{number}",
        "source": "/gateway/1",
        "type": "cn.chengyun.reading.v1",
        "time": "2026-07-08T12:00:00+08:00",
        "data": data,
    }
    value = orjson.dumps(event)
    if chance.random() < 0.1:
        at = chance.randrange(len(value))
        value = value[:at] + bytes([chance.randrange(256)]) + value[at + 1 :]
    key = str(data["device_id"]).encode()
    return value, chance.choice([key, key, key, None])


@pytest.mark.parametrize("seed", [1, 2])
def test_scrambled_readings_end_with_a_reason(lane: Any, seed: int) -> None:
    chance = random.Random(seed)
    topics = set()
    for number in range(1_500):
        value, key = scrambled(chance, number)
        consequences = lane.give(value, key)
        if [topic for topic, _, _ in consequences] == [SENSING_READINGS.name]:
            consequences = lane.give(value, consequences[0][1].encode())
        for topic, _, message in consequences:
            topics.add(topic)
            if topic == DEAD_LETTERS.name:
                assert message.data.reason.code not in ("step_raised", "undecodable")
                assert message.data.reason.message
    assert topics == {STREET_INBOX.name, DEAD_LETTERS.name}
