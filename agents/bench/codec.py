"""What it costs to read and to write the messages of the contract.

One message of each kind that travels in numbers, filled as a busy day fills it. Reading
is the whole of it: bytes to a validated message by the reader of its inbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import BaseModel

from agents.bench.machine import spread
from schemas import codec
from schemas.alert import Alert, AlertEvent, Trigger
from schemas.handoff import AreaCounts, AreaCountsEvent
from schemas.incident import Incident, IncidentEvent, ReportedCase
from schemas.reading import Reading, ReadingEvent
from schemas.report import Report, ReportEvent, ServiceRequest, ServiceRequestEvent
from schemas.terms import Category, Place

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)
STREET = "990101001"
_KIND = Category(catalogue="yunchuan", version="1", code="100102", name="污水井盖")
_PLACE = Place(
    lat=30.66123,
    lon=104.10456,
    address="柳湾街道88号农贸市场门口",
    street=STREET,
    district="990101",
    method="cell",
)


class Sample(NamedTuple):
    """A message, and the reader that its readers use."""

    name: str
    message: BaseModel
    read: Callable[[bytes | None], Any]


def samples() -> tuple[Sample, ...]:
    """One message of each kind that travels in numbers."""
    request = ServiceRequest(
        service_request_id="260701-000417",
        service_code="100102",
        requested_datetime=NOON,
        channel="hotline",
        area_code=STREET,
        lat=30.66123,
        long=104.10456,
        description="井盖缺失，夜间有行人经过，请尽快处理",
    )
    report = Report(
        report_id="12345/260701-000417",
        reported_at=NOON,
        intent="report",
        channel="hotline",
        category=_KIND,
        severity="IV",
        urgency="urgent",
        place=_PLACE,
        description=request.description,
        policy_version="yunchuan@78ad84f5b2",
    )
    reading = Reading(
        device_id="tilt-990101001-0042",
        device_class="manhole_tilt",
        observed_property="tilt",
        phenomenon_time=NOON,
        result=1.25,
        unit="deg",
        street=STREET,
    )
    incident = Incident(
        incident_id=f"{STREET}-260701-dcdd6950",
        version=4,
        state="accepted",
        tier="street",
        area=STREET,
        category=_KIND,
        severity="IV",
        urgency="urgent",
        title="柳湾街道污水井盖",
        place=_PLACE,
        reports=[ReportedCase(report_id=report.report_id, reported_at=NOON, due_at=NOON)],
        report_count=1,
        unit="drainage",
        opened_at=NOON,
        dispatched_at=NOON,
        acknowledged_at=NOON,
        accepted_at=NOON,
        due_at=NOON,
        policy_version=report.policy_version,
    )
    alert = Alert(
        alert_id=f"{incident.incident_id}/deadline/1",
        revision=1,
        key=f"deadline/{STREET}/{incident.incident_id}",
        trigger=Trigger(id="deadline", version="1"),
        scale="supervision",
        tier="street",
        area=STREET,
        colour="blue",
        state="opened",
        title="时限已用 70%：柳湾街道污水井盖",
        observed=70.0,
        evidence=[report.report_id],
        evidence_count=1,
        opened_at=NOON,
        changed_at=NOON,
        incident_id=incident.incident_id,
        policy_version=report.policy_version,
    )
    counts = AreaCounts(
        area=STREET, tier="street", bin_start=NOON, revision=1, counts={"100102": 3, "200102": 5}
    )

    def said(kind: type[BaseModel], data: BaseModel) -> BaseModel:
        return kind(id="a-cause/what-follows", source=f"/street/{STREET}", time=NOON, data=data)

    return (
        Sample("service request", said(ServiceRequestEvent, request), codec.read_intake),
        Sample("reading", said(ReadingEvent, reading), codec.read_sensing),
        Sample("report", said(ReportEvent, report), codec.read_tier),
        Sample("area counts", said(AreaCountsEvent, counts), codec.read_tier),
        Sample("incident", said(IncidentEvent, incident), codec.read_any),
        Sample("alert", said(AlertEvent, alert), codec.read_any),
    )


def measure(runs: int, repetitions: int) -> list[dict[str, Any]]:
    """Microseconds of processor time to read and to write each message: median and spread."""
    found = []
    for name, message, read in samples():
        value = codec.encode(message)
        if read(value) != message:
            raise AssertionError(f"{name}: what was read is not what was written")
        found.append(
            {
                "message": name,
                "bytes": len(value),
                "read_us": spread([_time(read, value, repetitions) for _ in range(runs)]),
                "write_us": spread(
                    [_time(codec.encode, message, repetitions) for _ in range(runs)]
                ),
            }
        )
    return found


def _time(work: Callable[[Any], Any], argument: Any, repetitions: int) -> float:
    begun = time.process_time()
    for _ in range(repetitions):
        work(argument)
    return (time.process_time() - begun) / repetitions * 1e6
