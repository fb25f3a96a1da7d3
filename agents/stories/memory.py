"""The whole city in this process, for a script: the same decisions, no broker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agents.backtest.city import City
from agents.backtest.run import programs
from agents.replay.feed import Entry
from agents.stories.heard import Heard
from streams.policy import Policy
from streams.topics import Topic


class InMemory:
    """Five stages joined in memory, whose time is that of the events."""

    def __init__(self, policy: Policy) -> None:
        self.heard = Heard()
        self._city = City(programs(policy), mode="event", listener=self._hear)

    def _hear(self, topic: Topic, key: str, value: bytes) -> None:
        self.heard.take(topic.name, key, value)

    async def advance(
        self, entries: Sequence[Entry], watermark: datetime, *, final: bool = False
    ) -> None:
        """Let these happen and time pass; everything is answered when it returns."""
        for entry in entries:
            self._city.publish(entry.topic, entry.key.decode(), entry.value)
        self._city.tick(watermark, final=final)
        self._city.run()
