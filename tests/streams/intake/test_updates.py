"""Updates find the desk of their report, for as long as it is remembered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.report import ReportUpdateEvent
from streams.topics import (
    DISTRICT_INBOX,
    INTAKE_REPORTS,
    STREET_INBOX,
)
from tests.streams.intake.told import STREET, Consequences, rejection


def only_update(consequences: Consequences) -> ReportUpdateEvent:
    assert len(consequences) == 1, consequences
    message = consequences[0][2]
    assert isinstance(message, ReportUpdateEvent)
    return message


def test_an_update_finds_the_desk_of_its_report(lane: Any) -> None:
    lane.report("1", area_code=STREET)
    lane.report("2")
    consequences = lane.update(
        "1", kind="resolved", unit="drainage", note="已修复，电话13800138000"
    )
    assert consequences[0][:2] == (STREET_INBOX.name, STREET)
    update = only_update(consequences)
    assert update.data.report_id == "/hotline/12345/1"
    assert (update.data.kind, update.data.unit) == ("resolved", "drainage")
    assert update.data.note == "已修复，电话138****8000"
    assert lane.update("2")[0][:2] == (DISTRICT_INBOX.name, "990101")


def test_an_update_about_nothing_known_is_refused(lane: Any) -> None:
    assert rejection(lane.update("7")) == "unknown_report"


def test_a_departments_system_speaks_about_what_others_reported(lane: Any) -> None:
    lane.report("1", area_code=STREET)
    about = "/hotline/12345/1"
    assert lane.update(about, source="/departments/drainage", kind="accepted")[0][1] == STREET
    stranger = lane.update(about, source="/apps/citizen", kind="closed")
    # an app may not: its words are about its own report of that number, in another lane
    assert [topic for topic, _, _ in stranger] == [INTAKE_REPORTS.name]


def test_a_closed_report_is_remembered_for_thirty_days(lane: Any) -> None:
    lane.report(area_code=STREET)
    lane.update(kind="closed")
    lane.now += timedelta(days=29)
    assert only_update(lane.update(kind="callback", callback={"contacted": True}))
    lane.now += timedelta(days=2)
    assert rejection(lane.update(kind="information")) == "unknown_report"


def test_a_report_that_is_not_fixed_is_remembered_on(lane: Any) -> None:
    lane.report(area_code=STREET)
    lane.update(kind="closed")
    lane.now += timedelta(days=1)
    lane.update(kind="not_fixed")
    lane.now += timedelta(days=300)
    assert only_update(lane.update(kind="resolved"))


def test_nothing_is_remembered_longer_than_four_hundred_days(lane: Any) -> None:
    lane.report("1", area_code=STREET)
    lane.now += timedelta(days=399)
    lane.update("1", kind="closed")
    lane.now += timedelta(days=2)
    assert rejection(lane.update("1")) == "unknown_report"
    assert lane.remembered() == 0
