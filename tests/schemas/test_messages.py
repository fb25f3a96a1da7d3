"""Messages: round trips, what is refused and how, and the exported schemas."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.errors import SchemaError
from schemas.export import EXPORTED, as_files
from schemas.outcome import AuditEntry, AuditEntryEvent
from schemas.report import ServiceRequest, ServiceRequestEvent
from schemas.terms import Actor

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def a_report(**changes: object) -> ServiceRequestEvent:
    fields: dict[str, object] = {
        "service_request_id": "7",
        "service_code": "200102",
        "requested_datetime": NOON,
    }
    return ServiceRequestEvent(
        id="hotline/7",
        source="hotline",
        time=NOON,
        data=ServiceRequest.model_validate({**fields, **changes}),
    )


def test_a_report_comes_back_as_it_was_sent() -> None:
    sent = a_report(lat=30.6, long=104.1, description="井盖缺失", sensitive=["minors"])
    assert codec.read_intake(codec.encode(sent)) == sent


def test_the_bytes_of_a_report_do_not_change() -> None:
    assert codec.encode(a_report(area_code="990101001")) == (
        b'{"specversion":"1.0","id":"hotline/7","source":"hotline",'
        b'"time":"2026-07-01T12:00:00Z","datacontenttype":"application/json",'
        b'"type":"cn.chengyun.service-request.v1","data":{"service_request_id":"7",'
        b'"service_code":"200102","requested_datetime":"2026-07-01T12:00:00Z",'
        b'"intent":"report","channel":"other","area_code":"990101001","areas":[],'
        b'"danger_to_life":false,"sensitive":[],"self_handled":false}}'
    )


def test_an_unknown_field_is_ignored_because_newer_writers_add_fields() -> None:
    value = orjson.loads(codec.encode(a_report()))
    value["data"]["added_later"] = 1
    assert codec.read_intake(orjson.dumps(value)) == a_report()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "empty"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe\x00", "not_utf8"),
        (b"[]", "wrong_value"),
        (b"{}", "unknown_type"),
        (b'{"type":"cn.chengyun.alert.v1"}', "unknown_type"),
        (codec.encode(a_report()).replace(b'"id":"hotline/7",', b""), "missing_field"),
        (codec.encode(a_report()).replace(b"12:00:00Z", b"12:00:00"), "time_without_zone"),
        (codec.encode(a_report(lat=1.0)).replace(b'"lat":1.0', b'"lat":91'), "wrong_value"),
        (codec.encode(a_report(lat=1.0)).replace(b'"lat":1.0', b'"lat":NaN'), "wrong_value"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_stable_code(value: bytes | None, code: str) -> None:
    with pytest.raises(SchemaError) as refused:
        codec.read_intake(value)
    assert refused.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_end_as_a_message_or_a_refusal(value: bytes) -> None:
    for read in (codec.read_intake, codec.read_sensing, codec.read_tier, codec.read_any):
        with contextlib.suppress(SchemaError):
            assert read(value).type.startswith("cn.chengyun.")


def test_binary_mode_is_read_like_structured_mode() -> None:
    sent = a_report()
    whole = orjson.loads(codec.encode(sent))
    data = whole.pop("data")
    headers = tuple((f"ce_{name}", str(text).encode()) for name, text in whole.items())
    value = codec.structured(headers, orjson.dumps(data))
    assert codec.read_intake(value) == sent


def test_binary_mode_with_broken_bytes_is_refused() -> None:
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"\xff"))
    with pytest.raises(SchemaError, match="UTF-8"):
        codec.structured(headers, b"{}")
    with pytest.raises(SchemaError, match="not JSON"):
        codec.structured((("ce_specversion", b"1.0"),), b"{")


def test_a_record_without_cloudevents_headers_is_left_alone() -> None:
    assert codec.structured((("trace", b"1"),), b"abc") == b"abc"


def test_an_audit_entry_says_from_on_the_wire() -> None:
    entry = AuditEntry(
        incident_id="990101001-1",
        n=1,
        **{"from": None},
        to="registered",
        action="register",
        actor=Actor(id="street", role="system"),
        at=NOON,
        version=1,
        policy_version="p",
        previous_hash="0" * 64,
        hash="1" * 64,
    )
    event = AuditEntryEvent(id="a", source="/street", time=NOON, data=entry)
    entry.from_ = "dispatched"
    assert orjson.loads(codec.encode(event))["data"]["from"] == "dispatched"
    assert codec.read_any(codec.encode(event)) == event


def test_the_exported_schemas_equal_the_code() -> None:
    committed = {path.name: path.read_bytes() for path in EXPORTED.glob("*.json")}
    assert committed == as_files(), "run: chengyun schemas export"
