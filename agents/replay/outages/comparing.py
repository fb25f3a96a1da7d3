"""The outage log's own end of each outage, to be held beside what the stages made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from agents.replay.comparison import Pair, Side
from agents.replay.feed import microseconds
from agents.replay.outages.rows import Row

_HOUR_US = 3_600_000_000


class Log:
    """What the utility's own log says of each outage: cause, promise, beginning and last end."""

    def __init__(self) -> None:
        self._outages: dict[str, list[Any]] = {}

    def note(self, row: Row) -> None:
        """One observation, in their order."""
        if row.event == "reported":
            began = min(row.started_at or row.observed_at, row.observed_at)
            promise = row.etor if row.etor > row.observed_at else None
            self._outages[row.report_id] = [row.cause, _at(began), promise, None]
            return
        known = self._outages.get(row.report_id)
        if known is None:
            return
        if row.cause:
            known[0] = row.cause
        if row.event == "cleared":
            known[3] = row.at
        elif row.event == "reopened":
            known[3] = None

    def pairs(self, cases: Mapping[str, dict[str, Any]]) -> Iterator[Pair]:
        """Each outage as the log ends with it, and as it stands in an incident.

        Args:
            cases: report id → the report as an incident lists it.
        """
        for report_id, (cause, began, promise, cleared) in self._outages.items():
            late = None if promise is None or cleared is None else cleared > _at(promise)
            theirs = Side(None if cleared is None else (cleared - began) / _HOUR_US, late)
            case = cases.get(report_id)
            ours = None
            if case is not None:
                end = case.get("ended_at")
                began_here = _at(case["reported_at"])
                ours = Side(
                    None if end is None else (_at(end) - began_here) / _HOUR_US,
                    case.get("overdue") if late is not None else None,
                )
            yield Pair(cause or "unknown", theirs, ours)


def _at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))
