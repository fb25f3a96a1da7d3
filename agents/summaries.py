"""Finding what the desks have summed up: the newest word about each area and period."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest

from agents.ledger import Ledger, Progress
from schemas.outcome import Summary, SummaryEvent
from streams.incidents.routing import RANK
from streams.policy import Policy
from streams.topics import SUMMARIES


@dataclass(frozen=True, slots=True)
class Asked:
    """Which summaries are wanted.

    Attributes:
        period: day, week, month or season.
        tier, area: only of that tier; only that area and what lies below it. None: all.
        at: the period that this moment lies in; None: the newest ones.
        last: how many periods back, at least 1.
    """

    period: str = "day"
    tier: str | None = None
    area: str | None = None
    at: datetime | None = None
    last: int = 1

    def passes(self, summary: Summary, policy: Policy) -> bool:
        """Whether a summary is one of those wanted, whatever its age."""
        window = summary.window
        return (
            summary.period == self.period
            and self.tier in (None, summary.tier)
            and (self.area is None or _within(policy, summary.area, self.area))
            and (self.at is None or window.start <= self.at < window.end)
        )


def _within(policy: Policy, area: str, upper: str) -> bool:
    step: str | None = area
    while step is not None and step != upper:
        step = policy.areas.parent(step)
    return step == upper


@dataclass(slots=True)
class Rounds:
    """The summaries found, newest period first, from the city down."""

    summaries: list[Summary] = field(default_factory=list)
    unreadable: int = 0


async def find(ledger: Ledger, asked: Asked, policy: Policy, progress: Progress) -> Rounds:
    """Read the topic and keep the last word about each period that is wanted.

    What lies more periods back than asked for is forgotten at once.
    """
    kept: dict[datetime, dict[str, Summary]] = {}
    found = Rounds()
    async for batch in ledger.scan([SUMMARIES], progress=progress):
        for record in batch:
            if record.value is None:
                continue
            try:
                summary = SummaryEvent.model_validate_json(record.value).data
            except ValueError:
                found.unreadable += 1
                continue
            if not asked.passes(summary, policy):
                continue
            areas = kept.setdefault(summary.window.start, {})
            before = areas.get(summary.area)
            if before is None or before.revision <= summary.revision:
                areas[summary.area] = summary
            if len(kept) > asked.last:
                del kept[min(kept)]
    for start in nlargest(asked.last, kept):
        found.summaries += sorted(
            kept[start].values(), key=lambda summary: (-RANK[summary.tier], summary.area)
        )
    return found
