"""The numbers of the escalation rules E1 to E11."""

from __future__ import annotations

from pydantic import Field

from schemas.report import Sensitive
from schemas.terms import Severity
from streams.policy.limits import Limit
from streams.policy.section import Section


class EscalationRules(Section):
    """When a case leaves the tier that owns it.

    Attributes:
        city_from: from this severity on, the city owns at once (E1).
        district_from: from this severity on, the district owns, the city is copied (E1).
        delegation_answer: a delegated case that nobody below has taken up by then comes back.
        calm: what only a device had made grave goes back to the tier it came from when no
            device has alarmed for so long; None: never by itself (E8).
        whistle_answer: a whistled department that has not reported by then (E3).
        spans_streets, spans_districts: areas touched from which the tier above owns (E4).
        returns: returns of one case after which the district names an owner (E5).
        recurrence_count, recurrence_days, recurrence_radius_m: incidents of a kind at a
            place that make a problem (E6, W8); recurrence_district_count of them tell
            the district too.
        relapse_days: a case at the place of a closed problem within it is a relapse, and
            opens the problem again.
        sensitive: marks that call the district at once (E7).
        reopen_days: same place and kind within it is linked to the case before.
        keep_closed_days: how long a closed incident stays in state for that link.
    """

    city_from: Severity = "II"
    district_from: Severity = "III"
    whistle_answer: Limit
    delegation_answer: Limit = Limit(amount=1, clock="urgent_hour")
    calm: Limit | None = None
    spans_streets: int = Field(default=2, ge=2)
    spans_districts: int = Field(default=2, ge=2)
    returns: int = Field(default=2, ge=1)
    recurrence_count: int = Field(default=3, ge=2)
    recurrence_days: float = Field(default=30, gt=0, le=366)
    recurrence_radius_m: float = Field(default=50, gt=0, le=5_000)
    recurrence_district_count: int = Field(default=5, ge=2)
    relapse_days: float = Field(default=60, gt=0, le=366)
    sensitive: tuple[Sensitive, ...] = ("group_event", "casualties", "minors")
    reopen_days: float = Field(default=14, ge=0, le=366)
    keep_closed_days: float = Field(default=14, ge=0, le=366)
