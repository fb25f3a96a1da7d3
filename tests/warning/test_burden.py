"""Which kind weighs on the city most, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.incident import Incident
from streams.warning.burden import weigh

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=30)


def incident(number: int, kind: str, **fields: Any) -> Incident:
    return Incident.model_validate(
        {
            "incident_id": f"A1-{number}",
            "version": 1,
            "state": "closed",
            "tier": "street",
            "area": "A1",
            "category": {"catalogue": "c", "version": "1", "code": kind, "name": kind},
            "severity": "V",
            "urgency": "normal",
            "title": "t",
            "place": {"street": "A1", "method": "given"},
            "opened_at": BEGIN + timedelta(days=1),
            "closed_at": BEGIN + timedelta(days=1, hours=2),
            "policy_version": "p",
            **fields,
        }
    )


def test_the_heaviest_first_with_its_reasons() -> None:
    found = weigh(
        [
            *(incident(n, "vendor", problem_id="P1") for n in range(6)),
            *(incident(n, "lamp") for n in range(4)),
            incident(9, "noise", closed_at=BEGIN + timedelta(days=20)),
        ],
        BEGIN,
        END,
    )
    assert [burden.code for burden in found] == ["vendor", "noise", "lamp"]
    vendor, noise, _ = found
    assert (vendor.cases, vendor.hours, vendor.recurrent, vendor.problems) == (6, 12.0, 6, {"P1"})
    assert vendor.reasons[0] == "recurrent"
    assert noise.reasons[0] == "hours"
    assert abs(sum(burden.weight for burden in found) - 0.8) < 1e-9, "nobody was called back"


def test_only_what_lies_in_the_stretch_counts() -> None:
    before = incident(1, "lamp", opened_at=BEGIN - timedelta(days=9))
    still = incident(2, "lamp", state="accepted", closed_at=None)
    after = incident(3, "lamp", opened_at=END)
    turned_down = incident(4, "lamp", state="rejected")
    (burden,) = weigh([before, still, after, turned_down], BEGIN, END)
    assert burden.cases == 1
    assert burden.hours == (1 * 24 + 2) + 29 * 24


def test_callers_who_are_not_content_weigh() -> None:
    def called(solved: bool, satisfied: bool | None) -> dict[str, Any]:
        return {
            "report_id": "r",
            "reported_at": BEGIN,
            "contacted_at": BEGIN + timedelta(days=2),
            "solved": solved,
            "satisfied": satisfied,
        }

    (burden,) = weigh(
        [
            incident(1, "x", reports=[called(True, True), called(False, None)]),
            incident(2, "x", reports=[called(True, False)]),
        ],
        BEGIN,
        END,
    )
    assert (burden.answered, burden.dissatisfied) == (3, 2)
