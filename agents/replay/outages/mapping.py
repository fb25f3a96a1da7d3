"""From the outage log to reports and updates: each outage is one report with a long life.

Events happen when they are observed; when the utility changed them stands inside. The
difference is the real lateness of the log (a median of ten minutes, a hundredth of it over
eleven hours), and it stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from agents.replay.feed import Entry
from agents.replay.outages.rows import SOURCE, Row, slug
from schemas.report import UpdateKind
from schemas.terms import Severity
from streams.topics import INTAKE_REPORTS

CATALOGUE = "pge-outages"
UNIT = "crews"
UNKNOWN = "unknown"

KINDS: dict[str, UpdateKind] = {
    "updated": "information",
    "cleared": "resolved",
    "reopened": "not_fixed",
}
MANY_CUSTOMERS, SOME_CUSTOMERS = 5_000, 500
"""From so many customers on an outage is Ⅲ, or Ⅳ (our own steps)."""


def severity_of(customers: str) -> Severity:
    """How grave an outage is, by the customers without power."""
    count = int(customers) if customers.isdigit() else 0
    return "III" if count >= MANY_CUSTOMERS else "IV" if count >= SOME_CUSTOMERS else "V"


def request_of(row: Row) -> dict[str, Any]:
    """The report of an outage that was seen for the first time.

    A planned outage is announced before it starts; then it was reported when it was seen.
    The utility's first estimate of the restoration is the promise it is held to.
    """
    data: dict[str, Any] = {
        "service_request_id": row.outage_id,
        "service_code": slug(row.cause) or UNKNOWN,
        "catalogue": CATALOGUE,
        "requested_datetime": min(row.started_at or row.observed_at, row.observed_at),
        "channel": "department",
        "severity": severity_of(row.customers),
        "agency": UNIT,
        "description": _note(row, ("crew_status", "customers", "hazards", "started_at")),
    }
    if row.etor > row.observed_at:
        data["expected_datetime"] = row.etor
    if row.region:
        data["area_code"] = slug(row.region)
        data["address"] = row.region
    if row.lat and row.lon:
        data["lat"] = float(row.lat)
        data["long"] = float(row.lon)
    return _envelope(row, "service-request", "reported", data)


def update_of(row: Row) -> dict[str, Any]:
    """What the utility's map says later: a change, the end, or that it was not the end."""
    data: dict[str, Any] = {
        "service_request_id": row.outage_id,
        "kind": KINDS[row.event],
        "updated_datetime": row.updated_at or row.observed_at,
        "unit": UNIT,
    }
    note = _note(row, tuple(row.changed.split("|")) if row.changed else ())
    if note:
        data["note"] = note
    return _envelope(row, "service-request-update", row.event, data)


def entries(rows: Iterable[Row]) -> Iterator[Entry]:
    """The events of the log, encoded and keyed by report id."""
    dumps = orjson.dumps
    for row in rows:
        message = request_of(row) if row.event == "reported" else update_of(row)
        yield Entry(INTAKE_REPORTS, row.report_id.encode(), dumps(message), row.at)


def _envelope(row: Row, noun: str, what: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{row.outage_id}/{int(row.seq):09}/{what}",
        "source": SOURCE,
        "type": f"cn.chengyun.{noun}.v1",
        "subject": row.report_id,
        "time": row.observed_at,
        "data": data,
    }


def _note(row: Row, names: tuple[str, ...]) -> str:
    """The named fields in words, ``customers 12; etor 2019-06-11T07:00:00Z``."""
    known = row._asdict()
    parts = []
    for name in names:
        value = known.get("etor" if name == "auto_etor" else name)
        if value and value != "0":
            parts.append(f"{name} {value}")
    return "; ".join(parts)
