"""The newest alerts of all tiers, without reading all of them."""

from __future__ import annotations

import asyncio
import time

from aiokafka.errors import KafkaError

from agents.ledger import Ledger
from schemas.alert import Alert, AlertEvent
from schemas.errors import ConfigurationError
from streams.topics import ALERTS

EACH = 8
MOST = 30
TIMEOUT_S = 2.0


class NewestAlerts:
    """Looks at the ends of the alert topics: a flood of alerts costs no more than a few."""

    TOPICS = tuple(ALERTS.values())

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._begin: dict[tuple[str, int], int] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._newest: list[Alert] = []
        self._answered = time.monotonic()

    async def begin(self) -> None:
        """From here on; what was before is not new."""
        self._begin = await self._ledger.ends(self.TOPICS)
        self._ends = dict(self._begin)

    @property
    def silent_s(self) -> float:
        """For how long the broker has not answered, seconds."""
        return time.monotonic() - self._answered

    async def look(self) -> list[Alert]:
        """The newest alerts, newest first; the same as before while the broker is away."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                ends = await self._ledger.ends(self.TOPICS)
                if ends != self._ends:
                    records = await self._ledger.newest(self.TOPICS, EACH, after=self._begin)
                    self._newest = _alerts([record.value for record in records])
                    self._ends = ends
            self._answered = time.monotonic()
        except (TimeoutError, KafkaError, ConfigurationError):
            return self._newest
        return self._newest


def _alerts(values: list[bytes | None]) -> list[Alert]:
    """The newest revision of each alert, newest first."""
    found: dict[str, Alert] = {}
    for value in values:
        if value is None:
            continue
        try:
            alert = AlertEvent.model_validate_json(value).data
        except ValueError:
            continue
        if not alert.calls:
            continue  # it calls nobody: a flood or planned work explains it
        before = found.get(alert.alert_id)
        if before is None or before.revision <= alert.revision:
            found[alert.alert_id] = alert
    return sorted(found.values(), key=lambda alert: alert.changed_at, reverse=True)[:MOST]
