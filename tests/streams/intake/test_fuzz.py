"""Whatever bytes strangers send: a report, a reply or a dead letter each, and no crash."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import read_any, read_tier
from schemas.errors import SchemaError
from schemas.report import ServiceRequest, ServiceRequestUpdate
from streams.topics import DEAD_LETTERS, DISTRICT_INBOX, INTAKE_REPORTS, REPLIES, STREET_INBOX

ENDS = {STREET_INBOX.name, DISTRICT_INBOX.name, REPLIES.name, DEAD_LETTERS.name}
ODD: list[Any] = [
    None, True, 0, -1, 1e308, 1.5, "", " ", "x" * 5_000, "\x00", "\u202e", "井盖", [], {}, [[]],
    "2026-03-05T10:00:00+08:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z", "1e3", 253402300800, -62135596800, "2026-03-05", "NaN", "990101001",
    "9901", "990101", "100102", "enquiry", "praise", "IV", "grid", {"name": "王", "phone": 1},
    {"contacted": True}, ["minors", "minors"], ["990101001"] * 64,
]  # fmt: skip


def scrambled(chance: random.Random, number: int) -> tuple[bytes, bytes | None]:
    """A plausible message with a few things wrong, as (value, key)."""
    kind = chance.choice(["service-request", "service-request-update", "tick", "reading"])
    names = [*ServiceRequest.model_fields, *ServiceRequestUpdate.model_fields, "unknown"]
    data: dict[str, Any] = {
        "service_request_id": str(chance.randrange(50)),
        "service_code": chance.choice(["100102", "200411", "990201", "999"]),
        "requested_datetime": "2026-03-05T09:58:00+08:00",
        "updated_datetime": "2026-03-05T09:59:00+08:00",
        "kind": chance.choice(["closed", "resolved", "not_fixed", "?"]),
        "area_code": chance.choice(["990101001", "990101", "510108001", None]),
    }
    for _ in range(chance.randrange(4)):
        data[chance.choice(names)] = chance.choice(ODD)
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": chance.choice(["/hotline/12345", "/departments/x", "boston", "/apps/a"]),
        "type": f"cn.chengyun.{kind}.v1",
        "time": "2026-03-05T10:00:00+08:00",
        "data": data,
    }
    for _ in range(chance.randrange(2)):
        event[chance.choice([*event, "traceparent"])] = chance.choice(ODD)
    value = orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)
    if chance.random() < 0.1:
        at = chance.randrange(len(value))
        value = value[:at] + bytes([chance.randrange(256)]) + value[at + 1 :]
    if chance.random() < 0.05:
        value = value[: chance.randrange(len(value))]
    key = f"{event['source']}/{data['service_request_id']}".encode()
    return value, chance.choice([key, key, key, None, b"other"])


def judge(lane: Any, value: bytes | None, key: bytes | None) -> None:
    """Give a message, follow it if it is sent on once, and look at its end."""
    consequences = lane.give(value, key)
    if [topic for topic, _, _ in consequences] == [INTAKE_REPORTS.name]:
        _, proper, same = consequences[0]
        assert same == value
        consequences = lane.give(same, proper.encode())
    ends = [topic for topic, _, _ in consequences]
    assert ends, "nothing came of it"
    assert set(ends) <= ENDS
    assert len(ends) == len(set(ends))
    for topic, _, message in consequences:
        reread = read_tier if topic in (STREET_INBOX.name, DISTRICT_INBOX.name) else read_any
        assert reread(message.model_dump_json(by_alias=True, exclude_none=True).encode())
        if topic == DEAD_LETTERS.name:
            assert message.data.reason.code not in ("step_raised", "undecodable")
            assert message.data.reason.message


def is_tick(value: bytes) -> bool:
    """A tick that can be read is for the wrapper of time, not for intake."""
    try:
        return str(read_any(value).type) == "cn.chengyun.tick.v1"
    except SchemaError:
        return False


def fuzz(lane: Any, seed: int, count: int) -> None:
    chance = random.Random(seed)
    for number in range(count):
        value, key = scrambled(chance, number)
        if not is_tick(value):
            judge(lane, value, key)


def test_two_thousand_scrambled_messages_end_with_a_reason(lane: Any) -> None:
    fuzz(lane, 7, 2_000)


@pytest.mark.slow
def test_a_hundred_thousand_scrambled_messages_end_with_a_reason(lane: Any) -> None:
    fuzz(lane, 8, 100_000)


@given(st.binary(max_size=300), st.none() | st.binary(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_end_as_dead_letters(lane: Any, value: bytes, key: bytes | None) -> None:
    assert [topic for topic, _, _ in lane.give(value, key)] == [DEAD_LETTERS.name]
