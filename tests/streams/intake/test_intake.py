"""Each report becomes a desk's report, a reply or a dead letter; never nothing, never two."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.codec import encode
from streams.topics import (
    DISTRICT_INBOX,
    REPLIES,
    STREET_INBOX,
)
from tests.streams.intake.told import STREET, only_report, rejection


def test_a_report_goes_to_the_street_it_names(lane: Any) -> None:
    consequences = lane.report(area_code=STREET, lat=30.1, long=126.0, address="青溪路12号")
    assert [(topic, key) for topic, key, _ in consequences] == [(STREET_INBOX.name, STREET)]
    event = only_report(consequences)
    report = event.data
    assert event.id == "/hotline/12345/1/report"
    assert event.source == "/intake"
    assert event.subject == report.report_id == "/hotline/12345/1"
    assert event.time == lane.now
    assert report.reported_at == lane.now - timedelta(minutes=1)
    assert (report.severity, report.urgency) == ("IV", "urgent")
    assert (report.category.code, report.category.name) == ("100102", "污水井盖")
    assert (report.place.street, report.place.district) == (STREET, "990101")
    assert (report.place.method, report.place.confidence) == ("given", 1.0)
    assert report.mergeable
    assert report.policy_version == lane.policy.version


def test_without_an_area_the_cell_table_decides(lane: Any) -> None:
    lat, lon = lane.policy.areas.centre("990105003")
    consequences = lane.report(lat=lat, long=lon)
    assert consequences[0][:2] == (STREET_INBOX.name, "990105003")
    place = only_report(consequences).data.place
    assert (place.street, place.district, place.method) == ("990105003", "990105", "cell")
    assert 0 < place.confidence < 1


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"lat": 0.0, "long": 0.0},
        {"lat": 51.5, "long": -0.1},
        {"lat": 30.0},
        {"area_code": "9901"},
    ],
)
def test_what_nobody_can_place_goes_to_the_fallback_desk(lane: Any, where: dict[str, Any]) -> None:
    consequences = lane.report(**where)
    assert consequences[0][:2] == (DISTRICT_INBOX.name, lane.policy.areas.fallback)
    place = only_report(consequences).data.place
    assert (place.street, place.district, place.method) == (None, "990101", "desk")
    assert place.confidence == 0


def test_a_district_that_the_sender_names_gets_the_report(lane: Any) -> None:
    consequences = lane.report(area_code="990107")
    assert consequences[0][:2] == (DISTRICT_INBOX.name, "990107")
    place = only_report(consequences).data.place
    assert (place.street, place.district, place.method) == (None, "990107", "given")


def test_a_point_finds_the_street_within_the_district_that_was_named(lane: Any) -> None:
    lat, lon = lane.policy.areas.centre("990107004")
    assert lane.report("1", area_code="990107", lat=lat, long=lon)[0][1] == "990107004"
    # ... but does not overrule the sender where the table says another district
    assert lane.report("2", area_code="990108", lat=lat, long=lon)[0][1] == "990108"


def test_a_stand_in_point_is_no_place(lane: Any) -> None:
    report = only_report(lane.report(area_code=STREET, lat=0.001, long=0.001)).data
    assert not report.mergeable
    assert report.place.lat is None
    assert report.place.street == STREET


def test_a_foreign_catalogue_is_translated(lane: Any) -> None:
    report = only_report(
        lane.report(area_code=STREET, catalogue="inspection-app", service_code="0406")
    ).data
    assert (report.category.catalogue, report.category.code) == ("yunchuan", "200111")


@pytest.mark.parametrize(
    ("data", "code", "path"),
    [
        ({"service_code": "999999"}, "unknown_code", "/data/service_code"),
        ({"catalogue": "nobody"}, "unknown_code", "/data/service_code"),
        ({"area_code": "510108001"}, "unknown_area", "/data/area_code"),
        ({"areas": [STREET, "x"]}, "unknown_area", "/data/areas/1"),
        (
            {"requested_datetime": "2026-03-05T02:05:01Z"},
            "time_ahead",
            "/data/requested_datetime",
        ),
        (
            {"requested_datetime": "9999-12-31T23:59:59Z"},
            "time_ahead",
            "/data/requested_datetime",
        ),
    ],
)
def test_what_cannot_be_used_is_quarantined_and_the_sender_told(
    lane: Any, data: dict[str, Any], code: str, path: str
) -> None:
    consequences = lane.report(**{"area_code": STREET, **data})
    assert rejection(consequences) == code
    assert consequences[0][2].data.reason.path == path
    assert lane.remembered() == 0


def test_a_rejected_report_may_be_mended_and_sent_again(lane: Any) -> None:
    assert rejection(lane.report(service_code="999999")) == "unknown_code"
    assert only_report(lane.report(area_code=STREET))


def test_an_envelope_from_the_future_is_refused(lane: Any) -> None:
    consequences = lane.report(envelope={"time": "2026-03-05T03:00:00Z"}, area_code=STREET)
    assert rejection(consequences) == "time_ahead"


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("2026-03-05T02:04:59Z", "2026-03-05T02:00:00Z"),  # a fast clock counts as now
        ("2026-03-05T09:58:00+08:00", "2026-03-05T01:58:00Z"),
        ("2025-03-01T00:00:00Z", "2025-03-01T00:00:00Z"),  # old, but told
        ("2024-03-01T00:00:00Z", "2026-03-05T02:00:00Z"),  # nobody believes that
        ("0001-01-01T00:00:00+08:00", "2026-03-05T02:00:00Z"),
    ],
)
def test_a_senders_clock_is_believed_within_bounds(lane: Any, said: str, taken: str) -> None:
    report = only_report(lane.report(area_code=STREET, requested_datetime=said)).data
    assert report.reported_at == datetime.fromisoformat(taken)


def test_a_duplicate_changes_nothing(lane: Any) -> None:
    first = lane.report(area_code=STREET)
    before = dict(lane.partition.base)
    again = lane.report(area_code=STREET, description="once more")
    assert len(first) == 1
    assert [(topic, message.data.outcome) for topic, _, message in again] == [
        (REPLIES.name, "duplicate")
    ]
    assert lane.partition.base == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"intent": "enquiry"}, "12345"),
        ({"intent": "praise"}, "感谢"),
        ({"service_code": "990201"}, "12345"),
        ({"service_code": "990202"}, "感谢"),
    ],
)
def test_questions_and_praise_are_answered_without_a_case(
    lane: Any, data: dict[str, Any], words: str
) -> None:
    consequences = lane.report(area_code=STREET, **data)
    (topic, key, message) = consequences[0]
    assert len(consequences) == 1
    assert (topic, key) == (REPLIES.name, "/hotline/12345/1")
    assert message.data.outcome == "answered"
    assert words in message.data.result
    assert lane.report(area_code=STREET, **data)[0][2].data.outcome == "duplicate"
    assert rejection(lane.update()) == "no_case"


@pytest.mark.parametrize(
    "data",
    [{"danger_to_life": True}, {"service_code": "200411"}, {"service_code": "200403"}],
)
def test_danger_to_life_goes_on_at_once_and_the_caller_is_told_whom_to_call(
    lane: Any, data: dict[str, Any]
) -> None:
    consequences = lane.report(area_code=STREET, **data)
    messages = {topic: message for topic, _, message in consequences}
    report = messages[STREET_INBOX.name].data
    assert report.danger_to_life
    assert report.urgency == "urgent"
    assert report.severity in ("I", "II", "III", "IV")
    reply = messages[REPLIES.name].data
    assert reply.outcome == "accepted"
    assert all(number in reply.advice for number in ("110", "119", "120"))


def test_danger_raises_a_routine_matter_but_lowers_nothing(lane: Any) -> None:
    report = lane.report(area_code=STREET, service_code="100118", danger_to_life=True)[0][2].data
    assert (report.severity, report.urgency) == ("IV", "urgent")
    fire = lane.report("2", area_code=STREET, service_code="200411", danger_to_life=True)[0][2].data
    assert fire.severity == "III"


def test_a_question_about_a_danger_is_a_report(lane: Any) -> None:
    report = lane.report(area_code=STREET, intent="enquiry", danger_to_life=True)[0][2].data
    assert report.intent == "report"


def test_only_trusted_senders_grade_and_promise(lane: Any) -> None:
    promised = lane.now + timedelta(days=2)
    words = {
        "area_code": STREET,
        "severity": "II",
        "expected_datetime": promised.isoformat(),
    }
    citizen = only_report(lane.report("1", envelope={"source": "/apps/citizen"}, **words)).data
    hotline = only_report(lane.report("2", envelope={"source": "/hotline/12345"}, **words)).data
    superior = only_report(lane.report("3", envelope={"source": "/superior/sc"}, **words)).data
    stranger = only_report(lane.report("4", envelope={"source": "nobody"}, **words)).data
    assert (citizen.severity, citizen.due_at) == ("IV", None)
    assert (hotline.severity, hotline.due_at) == ("II", None)
    assert (superior.severity, superior.due_at) == ("II", promised)
    assert (stranger.severity, stranger.due_at) == ("IV", None)


def test_marks_pass_through(lane: Any) -> None:
    report = only_report(
        lane.report(
            area_code=STREET,
            areas=[STREET, "990101002"],
            sensitive=["minors"],
            self_handled=True,
            channel="grid",
            intent="complaint",
            envelope={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        )
    )
    assert report.traceparent is not None
    assert report.data.areas == [STREET, "990101002"]
    assert report.data.sensitive == ["minors"]
    assert report.data.self_handled
    assert (report.data.channel, report.data.intent) == ("grid", "complaint")


def test_personal_data_stays_behind(lane: Any) -> None:
    consequences = lane.report(
        area_code=STREET,
        address="青溪路12号，联系 13800138000",
        description="我叫王小明，身份证 11010519491231002X，车牌川A12345，请回电。李大力",
        contact={"name": "李大力", "phone": "028-85551234"},
        agency="13900139000",
    )
    sent = encode(consequences[0][2]).decode()
    for secret in (
        "13800138000",
        "王小明",
        "11010519491231002X",
        "川A12345",
        "李大力",
        "85551234",
        "13900139000",
        "contact",
    ):
        assert secret not in sent
    assert "138****8000" in sent
    assert "王**" in sent
