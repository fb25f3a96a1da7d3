"""What was said to each desk, read back from the alert and audit topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from agents.alert_book import AlertReader
from agents.ledger import Ledger, Progress
from schemas.alert import Alert
from schemas.terms import TIERS
from streams.topics import ALERTS, AUDIT
from streams.warning.alarm_load import Answer, Load, Said, measure

TOPICS = (*ALERTS.values(), AUDIT)
MOST = 2_000_000
"""Alert revisions read at most; beyond it the oldest desks' history would not fit in memory."""

_LOOKS = frozenset({"acknowledge"})
_NOT_WORK = frozenset({"inform", "merge", "end_report"})
"""Steps that people cause without answering an alert: they told more."""

Desk = tuple[str, str]
"""Tier and area."""

_HEIGHT: dict[str, int] = {tier: number for number, tier in enumerate(TIERS)}


@dataclass(slots=True)
class Loads:
    """The load of every desk that was called: the city first, then the busiest of each tier."""

    begin: datetime
    end: datetime
    desks: list[tuple[Desk, Load]] = field(default_factory=list)
    unreadable: int = 0
    cut: bool = False


async def read_loads(
    ledger: Ledger,
    *,
    tier: str | None,
    area: str | None,
    length: timedelta,
    until: datetime | None,
    operators: int,
    progress: Progress,
) -> Loads | None:
    """Measure every desk over the newest `length` of the city's time; None without any alert.

    Args:
        until: the time of day in the city; None takes that of the newest alert.
        operators: how many were signed in at each desk.
    """
    said: dict[Desk, list[Said]] = defaultdict(list)
    newest: datetime | None = None
    oldest: datetime | None = None
    count = 0
    reader = AlertReader(ledger, tier)
    async with aclosing(reader.revisions(progress)) as revisions_read:
        async for alert in revisions_read:
            if area not in (None, alert.area):
                continue
            newest = max(newest or alert.changed_at, alert.changed_at)
            oldest = min(oldest or alert.changed_at, alert.changed_at)
            said[alert.tier, alert.area].append(said_of(alert))
            count += 1
            if count >= MOST:
                break
    if newest is None or oldest is None:
        return None
    end = max(newest, until or newest) + timedelta(microseconds=1)
    begin = max(oldest, end - length)
    wanted = {each.incident_id for revisions in said.values() for each in revisions}
    wanted.discard(None)
    steps: dict[str, list[Answer]] = defaultdict(list)
    async for batch in ledger.scan([AUDIT], progress=progress):
        for record in batch:
            if record.key is not None and record.key.decode() in wanted:
                step = None if record.value is None else step_of(record.value)
                if step is not None:
                    steps[record.key.decode()].append(step)
    found = loads_of(said, steps, begin, end, operators=operators)
    found.unreadable, found.cut = reader.unreadable, count >= MOST
    return found


def loads_of(
    said: Mapping[Desk, Sequence[Said]],
    steps: Mapping[str, Sequence[Answer]],
    begin: datetime,
    end: datetime,
    *,
    operators: int = 1,
) -> Loads:
    """Measure every desk that was called between two moments.

    Args:
        steps: what people did about the cases the alerts hang on, by incident id, in time order.
    """
    desks = [
        (desk, measure(revisions, begin, end, operators=operators, answers=steps))
        for desk, revisions in said.items()
    ]
    desks.sort(key=lambda pair: (-_HEIGHT[pair[0][0]], -pair[1].annunciations, pair[0]))
    return Loads(begin, end, desks)


def said_of(alert: Alert) -> Said:
    """One revision of an alert, as far as it matters to the load of its desk."""
    what = alert.key.split("/")[-1] if alert.incident_id is None else alert.title
    named = what.startswith(alert.trigger.id)
    # What a flood, planned work, the budget or a known cause took in called nobody.
    called = alert.calls
    return Said(
        alert.changed_at,
        alert.alert_id,
        alert.revision,
        alert.state if called or alert.state in ("closed", "withdrawn") else "revised",
        alert.colour,
        what if named else f"{alert.trigger.id} {what}",
        alert.incident_id,
    )


def step_of(value: bytes) -> Answer | None:
    """One step of a case that people made, from its audit entry; None for any other."""
    entry = orjson.loads(value)["data"]
    if entry["actor"]["role"] == "system" or entry["action"] in _NOT_WORK:
        return None
    return Answer(datetime.fromisoformat(entry["at"]), entry["action"] in _LOOKS)
