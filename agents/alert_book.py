"""Reading alerts back from their topics: every command that looks at alerts reads them here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from agents.ledger import Ledger, Progress
from schemas.alert import Alert, AlertEvent
from streams.program import Record
from streams.topics import ALERTS, Topic


def alert_topics(tier: str | None = None) -> list[Topic]:
    """The alert topics of one tier, or of all."""
    return [topic for name, topic in ALERTS.items() if tier in (None, name)]


def alert_in(record: Record) -> Alert | None:
    """The alert that a record carries; None for what is deleted or cannot be read."""
    if record.value is None:
        return None
    try:
        return AlertEvent.model_validate_json(record.value).data
    except ValueError:
        return None


class AlertReader:
    """One pass over the alerts of some tiers.

    Attributes:
        unreadable: records that are no alert; said once the pass is over, so that nobody
            takes a gap for silence.
    """

    def __init__(self, ledger: Ledger, tier: str | None = None) -> None:
        self._ledger = ledger
        self._topics: Sequence[Topic] = alert_topics(tier)
        self.unreadable = 0

    async def revisions(
        self, progress: Progress, *, alert_id: str | None = None
    ) -> AsyncGenerator[Alert, None]:
        """Every revision that is still kept, in order for each alert.

        Args:
            alert_id: only those of this alert; reads its partitions alone.
        """
        key = None if alert_id is None else alert_id.encode()
        async for batch in self._ledger.scan(self._topics, key=alert_id, progress=progress):
            for record in batch:
                if key is not None and record.key != key:
                    continue
                alert = alert_in(record)
                if alert is not None:
                    yield alert
                elif record.value is not None:
                    self.unreadable += 1

    async def newest(self, progress: Progress) -> dict[str, Alert]:
        """How each alert stands now, by its id; memory for one revision of each."""
        return {alert.alert_id: alert async for alert in self.revisions(progress)}
