"""Reports as they come in bytes: modes, keys, ids, order, and what is passed on as it came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from schemas.codec import encode, read_any
from schemas.outcome import ReplyEvent
from streams.program import Record
from streams.topics import (
    DEAD_LETTERS,
    INTAKE_REPORTS,
)
from tests.streams.intake.told import STREET, only_report


def test_binary_mode_means_the_same_as_structured_mode(
    new_lane: Callable[[], Any],
) -> None:
    one, other = new_lane(), new_lane()
    structured = one.report(area_code=STREET)
    body = {
        "service_request_id": "1",
        "service_code": "100102",
        "requested_datetime": (one.now - timedelta(minutes=1)).isoformat(),
        "area_code": STREET,
    }
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"event-1"),
        ("ce_source", b"/hotline/12345"),
        ("ce_type", b"cn.chengyun.service-request.v1"),
        ("ce_time", one.now.isoformat().encode()),
        ("content-type", b"application/json"),
    )
    binary = other.give(orjson.dumps(body), b"/hotline/12345/1", headers)
    assert encode(binary[0][2]) == encode(structured[0][2])


@pytest.mark.parametrize("key", [None, b"", b"wrong", b"\xff"])
def test_a_report_under_a_foreign_key_is_sent_to_its_own_lane(lane: Any, key: bytes | None) -> None:
    event = {
        "specversion": "1.0",
        "id": "e",
        "source": "/apps/x",
        "type": "cn.chengyun.service-request.v1",
        "time": lane.now.isoformat(),
        "data": {
            "service_request_id": "1",
            "service_code": "100102",
            "requested_datetime": lane.now.isoformat(),
        },
    }
    value = orjson.dumps(event)
    assert lane.give(value, key) == [(INTAKE_REPORTS.name, "/apps/x/1", value)]
    assert lane.remembered() == 0
    assert only_report(lane.give(value, b"/apps/x/1"))


def test_an_id_too_long_to_be_carried_is_refused(lane: Any) -> None:
    consequences = lane.report("1" * 200, envelope={"source": "/" + "s" * 399})
    assert [message.data.reason.code for _, _, message in consequences] == ["id_too_long"]


def test_a_long_event_id_stays_within_the_envelope(lane: Any) -> None:
    lane.report("1" * 150, area_code=STREET)
    consequences = lane.report("1" * 150, area_code=STREET, envelope={"id": "e" * 400})
    reply = consequences[0][2]
    assert isinstance(reply, ReplyEvent)
    assert isinstance(read_any(encode(reply)), ReplyEvent)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "empty"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[]", "wrong_value"),
        (b"\xff\xfe", "not_utf8"),
        (b'{"type":"cn.chengyun.reading.v1"}', "unknown_type"),
        (b'{"type":"cn.chengyun.service-request.v1"}', "missing_field"),
    ],
)
def test_bytes_that_are_no_report_become_dead_letters(
    lane: Any, value: bytes | None, code: str
) -> None:
    consequences = lane.give(value, b"k")
    assert [topic for topic, _, _ in consequences] == [DEAD_LETTERS.name]
    assert consequences[0][2].data.reason.code == code


# --- order -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_chunks_of_any_size_decide_the_same(new_lane: Callable[[], Any], size: int) -> None:
    base = new_lane()
    records: list[Record] = []
    for number in range(6):
        for kind in ("report", "closed", "not_fixed", "report", "closed"):
            name = "service-request" if kind == "report" else "service-request-update"
            data = {
                "service_request_id": str(number),
                "service_code": "100102",
                "requested_datetime": base.now.isoformat(),
                "updated_datetime": base.now.isoformat(),
                "kind": kind,
                "area_code": STREET,
            }
            event = {
                "specversion": "1.0",
                "id": f"{number}-{kind}",
                "source": "/apps/x",
                "type": f"cn.chengyun.{name}.v1",
                "time": base.now.isoformat(),
                "data": data,
            }
            key = f"/apps/x/{number}".encode()
            records.append(
                Record(INTAKE_REPORTS.name, 0, len(records), 0, key, orjson.dumps(event))
            )

    def run(step: int) -> tuple[list[Any], dict[bytes, bytes]]:
        lane = new_lane()
        outputs: list[Any] = []
        for at in range(0, len(records), step):
            effects = lane.partition.compute(records[at : at + step], lane.now)
            lane.partition.accept(effects)
            outputs += [(o.key, o.message) for o in (*effects.outputs, *effects.dead)]
        return outputs, lane.partition.base

    assert run(size) == run(len(records))


# --- bytes that go on ------------------------------------------------------------------------


def test_what_is_passed_on_is_written_as_the_model_writes_itself(lane: Any) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    lat, lon = lane.policy.areas.centre(STREET)
    lane.give = raw(lane)
    passed = [
        *lane.report("1", area_code=STREET),
        *lane.report(
            "2",
            lat=lat,
            long=lon,
            address="青溪路12号",
            description="井盖\u0000\u2028不见了😀",
            expected_datetime="2026-03-07T10:00:00.5+08:00",
            requested_datetime="2026-03-05T09:59:00.123456+08:00",
            agency="x",
            sensitive=["minors"],
            areas=[STREET],
            envelope={"source": "/superior/sc", "traceparent": trace},
        ),
        *lane.update("1", kind="callback", callback={"contacted": True, "solved": False}),
        *lane.update("1", unit="drainage", note="已修复", resolution="fixed", reason="r"),
    ]
    assert len(passed) == 4
    for output in passed:
        assert isinstance(output.message, bytes)
        message = read_any(output.message)
        assert encode(message) == output.message
        assert dict(output.headers)["type"] == message.type.encode()
    assert dict(passed[1].headers)["traceparent"] == trace.encode()


def raw(lane: Any) -> Callable[..., list[Any]]:
    """As `Lane.give`, but the outputs as the engine sends them."""

    def give(value: bytes, key: bytes) -> list[Any]:
        lane.offset += 1
        record = Record(INTAKE_REPORTS.name, 0, lane.offset, 0, key, value)
        effects = lane.partition.compute([record], lane.now)
        lane.partition.accept(effects)
        return list(effects.outputs)

    return give
