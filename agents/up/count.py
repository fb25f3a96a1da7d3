"""Counting what a run has done, from what the stages have committed: the only truth there is.

Counters of workers begin anew with each process; topics do not. So the summary is read
from the topics, once, at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from agents.census import standing
from agents.ledger import Ledger, Progress
from schemas.terms import TERMINAL, TIERS
from streams.program import Record
from streams.topics import ALERTS, DEAD_LETTERS, INCIDENTS

COUNTED = (INCIDENTS, *ALERTS.values(), DEAD_LETTERS)
_TIER_OF_TOPIC = {topic.name: tier for tier, topic in ALERTS.items()}


# Most incidents never leave their street: these few bytes spare decoding them.
_NEVER_LIFTED = b'"escalations":[]'

TierOf = Callable[[str], str | None]
"""The tier of an area's code, as the policy's area table has it."""


class _Seen(NamedTuple):
    """An incident as its newest state says; `lifts` are its hand-offs: rule and tier given to."""

    born: str
    tier: str
    over: bool
    overdue: bool
    lifts: tuple[tuple[str, str | None], ...]


@dataclass(slots=True)
class TierCount:
    """What one tier has done.

    Attributes:
        opened: incidents born here; received: hand-offs to it, up or down.
        closed, open, overdue: incidents that it owns now; overdue among the open ones.
        alerts: raised anew or to a higher colour, by colour.
    """

    opened: int = 0
    received: int = 0
    closed: int = 0
    open: int = 0
    overdue: int = 0
    alerts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Count:
    """What became of everything, by tier."""

    tiers: dict[str, TierCount] = field(
        default_factory=lambda: {tier: TierCount() for tier in TIERS}
    )
    escalations: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    settled_at_street: int = 0
    unreadable: int = 0

    @property
    def closed(self) -> int:
        """Incidents that have ended."""
        return sum(tier.closed for tier in self.tiers.values())

    @property
    def settled_share(self) -> float | None:
        """Share of the ended incidents that no tier but a street has ever owned."""
        return self.settled_at_street / self.closed if self.closed else None

    def as_dict(self) -> dict[str, object]:
        """For programs."""
        return {
            "tiers": {
                name: {
                    "opened": tier.opened,
                    "received": tier.received,
                    "closed": tier.closed,
                    "open": tier.open,
                    "overdue": tier.overdue,
                    "alerts": dict(tier.alerts),
                }
                for name, tier in self.tiers.items()
            },
            "settled_at_street": self.settled_at_street,
            "settled_at_street_share": self.settled_share,
            "escalations": dict(self.escalations),
            "dead_letters": dict(self.dead_letters),
        }


async def count(
    ledger: Ledger,
    tier_of: TierOf,
    progress: Progress,
    since: Mapping[tuple[str, int], int] | None = None,
) -> Count:
    """Read incidents, alerts and dead letters, and count them.

    Args:
        tier_of: the tier that an area's code belongs to.
        since: where alerts and dead letters of this run begin; incidents are counted
            as they stand, whoever opened them.
    """
    found = Count()
    incidents: dict[bytes, _Seen] = {}
    begin = {place: at for place, at in (since or {}).items() if place[0] != INCIDENTS.name}
    async for batch in ledger.scan(COUNTED, since=begin, progress=progress):
        for record in batch:
            if record.value is None:
                incidents.pop(record.key or b"", None)
                continue
            try:
                if record.topic == INCIDENTS.name and _NEVER_LIFTED in record.value:
                    told = standing(record.value)
                    over = told.state in TERMINAL
                    incidents[record.key or b""] = _Seen(
                        told.tier, told.tier, over, told.overdue, ()
                    )
                else:
                    _note(found, incidents, record, orjson.loads(record.value)["data"], tier_of)
            except (orjson.JSONDecodeError, KeyError, TypeError):
                found.unreadable += 1
    for seen in incidents.values():
        _close(found, seen)
    return found


def _note(
    found: Count,
    incidents: dict[bytes, _Seen],
    record: Record,
    data: dict[str, Any],
    tier_of: TierOf,
) -> None:
    if record.topic == INCIDENTS.name:
        incidents[record.key or b""] = _seen(data, tier_of)
    elif record.topic in _TIER_OF_TOPIC:
        if data["state"] in ("opened", "raised"):
            found.tiers[_TIER_OF_TOPIC[record.topic]].alerts[data["colour"]] += 1
    else:
        found.dead_letters[data["reason"]["code"]] += 1


def _seen(data: dict[str, Any], tier_of: TierOf) -> _Seen:
    lifts = data.get("escalations") or ()
    born = tier_of(lifts[0]["from_area"]) if lifts else None
    return _Seen(
        born if born in TIERS else data["tier"],
        data["tier"],
        data["state"] in TERMINAL,
        bool(data.get("overdue")),
        tuple((lift["rule"], tier_of(lift["to_area"])) for lift in lifts),
    )


def _close(found: Count, seen: _Seen) -> None:
    here = found.tiers[seen.tier]
    found.tiers[seen.born].opened += 1
    if seen.over:
        here.closed += 1
        if seen.tier == "street" and not seen.lifts:
            found.settled_at_street += 1
    else:
        here.open += 1
        here.overdue += seen.overdue
    for rule, to_tier in seen.lifts:
        found.escalations[rule] += 1
        if to_tier is not None:
            found.tiers[to_tier].received += 1
