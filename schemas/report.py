"""What people and department systems say about the city, in the words of Open311."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.envelope import Body, Envelope
from schemas.terms import Category, Place, Severity, Urgency

Channel = Literal[
    "hotline", "app", "web", "inspector", "grid", "video", "department", "superior", "other"
]
Intent = Literal["report", "complaint", "enquiry", "praise"]
Sensitive = Literal["group_event", "casualties", "minors"]
UpdateKind = Literal[
    "accepted",
    "resolved",
    "closed",
    "withdrawn",
    "information",
    "not_fixed",
    "callback",
    "reminder",
]


class ServiceRequest(Body):
    """A citizen's, inspector's or department's report as the sender wrote it.

    Attributes:
        service_request_id: the sender's own number; with the envelope's source it is the report id.
        service_code: a code of the sender's catalogue; unknown codes are quarantined.
        requested_datetime: when the sender says it happened.
        expected_datetime: the limit the sender's system already promised; used only
            where the policy trusts the source.
        area_code: street (9 digits), district (6) or city (4) if the sender knows it.
        lat, long: WGS 84 degrees.
        contact: the caller's name and phone; personal, never leaves intake unmasked.
        sensitive: marks that call the district at once (E7).
        self_handled: found, settled and closed on the spot by the grid (小事不出网格).
    """

    service_request_id: str = Field(min_length=1, max_length=200)
    service_code: str = Field(min_length=1, max_length=100)
    catalogue: str | None = Field(default=None, max_length=100)
    requested_datetime: AwareDatetime
    expected_datetime: AwareDatetime | None = None
    intent: Intent = "report"
    channel: Channel = "other"
    area_code: str | None = Field(default=None, max_length=40)
    areas: list[str] = Field(default_factory=list, max_length=64)
    address: str | None = Field(default=None, max_length=500)
    lat: float | None = Field(default=None, ge=-90, le=90)
    long: float | None = Field(default=None, ge=-180, le=180)
    description: str | None = Field(default=None, max_length=20_000)
    media_url: str | None = Field(default=None, max_length=2_000)
    contact: dict[str, str] | None = None
    severity: Severity | None = None
    urgency: Urgency | None = None
    danger_to_life: bool = False
    sensitive: list[Sensitive] = Field(default_factory=list, max_length=3)
    self_handled: bool = False
    agency: str | None = Field(default=None, max_length=200)


class Callback(Body):
    """What a caller said when called back: the three rates (三率) come from here."""

    contacted: bool
    solved: bool | None = None
    satisfied: bool | None = None


class ServiceRequestUpdate(Body):
    """What is said later about a report, by its sender or by a department's system.

    ``kind``: a department accepted, resolved or closed it; the sender withdrew it,
    adds information, urges (催单), says it is not fixed, or was called back.
    """

    service_request_id: str = Field(min_length=1, max_length=200)
    kind: UpdateKind
    updated_datetime: AwareDatetime
    unit: str | None = Field(default=None, max_length=200)
    note: str | None = Field(default=None, max_length=20_000)
    resolution: str | None = Field(default=None, max_length=200)
    callback: Callback | None = None
    reason: str | None = Field(default=None, max_length=200)


class Report(Body):
    """A report that intake has accepted: known kind, known desk, personal data masked.

    Attributes:
        report_id: ``<source>/<the sender's own id>``.
        reported_at: event time, trusted within bounds, otherwise the time of receipt.
        due_at: the limit promised by the sender's system, if the policy trusts it.
        areas: further streets or districts that the place spans (E4), codes.
        mergeable: False where the place is none (a stand-in point), so that distance says nothing.
        incident_id: set by a lower tier that passes the report on to the incident's owner.
    """

    report_id: str
    reported_at: AwareDatetime
    due_at: AwareDatetime | None = None
    intent: Intent
    channel: Channel
    category: Category
    severity: Severity
    urgency: Urgency
    place: Place
    areas: list[str] = Field(default_factory=list)
    mergeable: bool = True
    description: str | None = None
    danger_to_life: bool = False
    sensitive: list[Sensitive] = Field(default_factory=list)
    self_handled: bool = False
    agency: str | None = None
    incident_id: str | None = None
    policy_version: str


class ReportUpdate(Body):
    """An update that intake has matched to a report, on its way to the report's desk.

    ``incident_id`` is set by a tier that passes it on to the incident's owner; ``reason``
    says why it is applied at another time than the sender gave (``closed_before_opened``).
    """

    report_id: str
    kind: UpdateKind
    updated_at: AwareDatetime
    unit: str | None = None
    note: str | None = None
    resolution: str | None = None
    callback: Callback | None = None
    reason: str | None = None
    incident_id: str | None = None


class ServiceRequestEvent(Envelope):
    """A report on its way into intake."""

    type: Literal["cn.chengyun.service-request.v1"] = "cn.chengyun.service-request.v1"
    data: ServiceRequest


class ServiceRequestUpdateEvent(Envelope):
    """An update on its way into intake."""

    type: Literal["cn.chengyun.service-request-update.v1"] = "cn.chengyun.service-request-update.v1"
    data: ServiceRequestUpdate


class ReportEvent(Envelope):
    """A report on its way to the desk of a tier."""

    type: Literal["cn.chengyun.report.v1"] = "cn.chengyun.report.v1"
    data: Report


class ReportUpdateEvent(Envelope):
    """An update on its way to the desk that has the report."""

    type: Literal["cn.chengyun.report-update.v1"] = "cn.chengyun.report-update.v1"
    data: ReportUpdate
