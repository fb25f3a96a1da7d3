"""From a case in Boston's records to what a citizen and a department would have sent.

The opening is a report at ``opened_at``; the closing is what the department's system says
at ``closed_at``, through the same door.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from agents.replay.boston311.areas import area_of
from agents.replay.boston311.rows import SOURCE, Row, slug
from agents.replay.feed import Entry
from schemas.report import Channel
from streams.topics import INTAKE_REPORTS

CATALOGUE = "boston311"
CLOSED_BEFORE_OPENED = "closed_before_opened"

CHANNELS: dict[str, Channel] = {
    "Constituent Call": "hotline",
    "Citizens Connect App": "app",
    "City Worker App": "inspector",
    "Employee Generated": "department",
    "Maximo Integration": "department",
    "Self Service": "web",
    "Twitter": "other",
}
OPENING, CLOSING = 0, 1


def request_of(row: Row) -> dict[str, Any]:
    """The report that opened a case."""
    data: dict[str, Any] = {
        "service_request_id": row.case_id,
        "service_code": slug(row.type),
        "catalogue": CATALOGUE,
        "requested_datetime": row.opened_at,
        "channel": CHANNELS.get(row.channel, "other"),
        "agency": row.department,
    }
    if row.sla_target_at:
        data["expected_datetime"] = row.sla_target_at
    area = area_of(row)
    if area is not None:
        data["area_code"] = area
    if row.street:
        data["address"] = f"{row.street}, {row.zip}" if row.zip else row.street
    if row.lat and row.lon:
        data["lat"] = float(row.lat)
        data["long"] = float(row.lon)
    return {
        "specversion": "1.0",
        "id": f"{row.case_id}/opened",
        "source": SOURCE,
        "type": "cn.chengyun.service-request.v1",
        "subject": row.report_id,
        "time": row.opened_at,
        "data": data,
    }


def closing_of(row: Row) -> dict[str, Any]:
    """What the department's system says at the end of a case.

    A closing that was written down before its opening is held until the opening and
    says so; ``updated_datetime`` keeps what the record said.
    """
    data: dict[str, Any] = {
        "service_request_id": row.case_id,
        "kind": "closed",
        "updated_datetime": row.closed_at,
        "unit": row.department,
    }
    if row.resolution:
        data["resolution"] = row.resolution
    if row.closed_before_opened:
        data["reason"] = CLOSED_BEFORE_OPENED
    return {
        "specversion": "1.0",
        "id": f"{row.case_id}/closed",
        "source": SOURCE,
        "type": "cn.chengyun.service-request-update.v1",
        "subject": row.report_id,
        "time": row.opened_at if row.closed_before_opened else row.closed_at,
        "data": data,
    }


def timeline(rows: Iterable[Row]) -> list[tuple[int, int, int]]:
    """When what happens: (microseconds, opening or closing, index of the row), sorted.

    At equal times openings come first; a closing before its opening is held until then.
    """
    moments: list[tuple[int, int, int]] = []
    for index, row in enumerate(rows):
        moments.append((row.opened, OPENING, index))
        if row.closed is not None:
            moments.append((max(row.opened, row.closed), CLOSING, index))
    moments.sort()
    return moments


def entries(rows: list[Row], moments: Iterable[tuple[int, int, int]]) -> Iterator[Entry]:
    """The events of a timeline, encoded and keyed by report id."""
    dumps = orjson.dumps
    for at, what, index in moments:
        row = rows[index]
        message = request_of(row) if what == OPENING else closing_of(row)
        yield Entry(INTAKE_REPORTS, row.report_id.encode(), dumps(message), at)
