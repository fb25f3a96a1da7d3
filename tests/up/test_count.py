"""The summary counts what the topics say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import orjson

from agents.ledger import Ledger
from agents.up.count import count
from streams.program import Record
from streams.topics import DEAD_LETTERS, DISTRICT_ALERTS, INCIDENTS, Topic

TIERS = {"s1": "street", "d1": "district", "c1": "city"}


class Written:
    """A ledger with these records in it."""

    def __init__(self, records: list[Record]) -> None:
        self._records = records

    async def scan(self, topics: object, **how: object) -> AsyncIterator[list[Record]]:
        yield self._records[:2]
        yield self._records[2:]


def record(topic: Topic, key: str, data: dict[str, Any] | None) -> Record:
    value = None if data is None else orjson.dumps({"data": data})
    return Record(topic.name, 0, 0, 0, key.encode(), value)


def incident(tier: str, state: str, *lifts: tuple[str, str, str], overdue: bool = False) -> Any:
    return {
        "incident_id": "x",
        "severity": "V",
        "tier": tier,
        "area": tier[0] + "1",
        "state": state,
        "overdue": overdue,
        "escalations": [{"rule": r, "from_area": f, "to_area": t} for r, f, t in lifts],
    }


async def test_an_incident_counts_once_where_it_stands_and_once_where_it_was_born() -> None:
    up = ("E2", "s1", "d1")
    written = Written(
        [
            record(INCIDENTS, "a", incident("street", "dispatched")),
            record(INCIDENTS, "a", incident("street", "closed")),
            record(INCIDENTS, "b", incident("district", "closed", up)),
            record(
                INCIDENTS, "c", incident("city", "accepted", up, ("E1", "d1", "c1"), overdue=True)
            ),
            record(INCIDENTS, "d", incident("district", "dispatched")),
            record(INCIDENTS, "gone", incident("street", "dispatched")),
            record(INCIDENTS, "gone", None),
            record(DISTRICT_ALERTS, "x", {"state": "opened", "colour": "red"}),
            record(DISTRICT_ALERTS, "x", {"state": "raised", "colour": "red"}),
            record(DISTRICT_ALERTS, "x", {"state": "closed", "colour": "red"}),
            record(DEAD_LETTERS, "y", {"reason": {"code": "not_json"}}),
            Record(DEAD_LETTERS.name, 0, 0, 0, b"z", b"{"),
        ]
    )
    found = await count(cast(Ledger, written), TIERS.get, lambda read, of: None)
    street, district, city = (found.tiers[tier] for tier in ("street", "district", "city"))
    assert (street.opened, street.closed, street.open, street.received) == (3, 1, 0, 0)
    assert (district.opened, district.closed, district.open, district.received) == (1, 1, 1, 2)
    assert (city.opened, city.received, city.open, city.overdue) == (0, 1, 1, 1)
    assert found.settled_at_street == 1
    assert found.settled_share == 0.5
    assert found.escalations == {"E2": 2, "E1": 1}
    assert district.alerts == {"red": 2}
    assert found.dead_letters == {"not_json": 1}
    assert found.unreadable == 1
