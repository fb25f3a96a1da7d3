"""A street without its district, on the real broker: it works on, and nothing is doubled after."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from agents import policy_files, topic_admin
from agents.bench.cluster import read_all
from agents.settings import load_settings
from schemas.codec import encode
from schemas.command import Command, CommandEvent, Subject
from schemas.report import Report, ReportEvent
from schemas.terms import Actor, Place
from streams import topics
from streams.incidents import audit
from streams.topics import Topic
from tests.broker.workers import Workers

STREET, DISTRICT = "990101001", "990101"
WIDTH = 2


class Town(Workers):
    """Two stages of one city on the broker, in wall time."""

    async def send(self, topic: Topic, key: str, message: Any) -> None:
        """As an officer or a caller's intake does."""
        producer = AIOKafkaProducer(**self.client, acks="all")
        await producer.start()
        try:
            name = self.settings.physical(topic.name)
            await producer.send_and_wait(name, encode(message), key=key.encode())
        finally:
            await producer.stop()

    async def read(self, topic: Topic) -> list[dict[str, Any]]:
        """The bodies of everything committed in a topic, in order."""
        width = topic_admin.sizing(self.settings, embedded=False).partitions(topic.width)
        found = []
        async for records in read_all(self.client, [self.settings.physical(topic.name)], width):
            found += [orjson.loads(record.value) for record in records]
        return found

    async def until(self, topic: Topic, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until a topic holds such a body; answers it."""
        for _ in range(300):
            for message in await self.read(topic):
                if what(message["data"]):
                    data: dict[str, Any] = message["data"]
                    return data
            await asyncio.sleep(0.1)
        logs = "\n".join(path.read_text()[-1500:] for path in self.home.glob("*.log"))
        raise AssertionError(f"it never came: {logs}")


@pytest.fixture
async def town(broker: str, prefix: str, tmp_path: Path) -> AsyncIterator[Town]:
    settings = load_settings(broker=broker, prefix=prefix, partitions=WIDTH, replication=1)
    await topic_admin.apply(settings)
    with Town(settings, broker, tmp_path) as made:
        yield made


def report(number: int) -> ReportEvent:
    rule = policy_files.load().category(None, "200403")  # gas, Ⅲ: the district's
    assert rule is not None
    now = datetime.now(UTC)
    data = Report(
        report_id=f"calls/{number}",
        reported_at=now,
        intent="report",
        channel="hotline",
        category=rule.category,
        severity="III",
        urgency=rule.urgency,
        place=Place(lat=30.1, lon=126.1, street=STREET, district=DISTRICT),
        policy_version="test",
    )
    return ReportEvent(id=f"calls/{number}/report", source="/intake", time=now, data=data)


def order(identity: str, action: Any, area: str, role: Any, name: str) -> CommandEvent:
    tier: Any = "street" if area == STREET else "district"
    data = Command(
        command_id=name,
        subject=Subject(kind="incident", id=identity),
        action=action,
        actor=Actor(id="x", role=role, tier=tier, area=area, unit="gas"),
        arguments={},
    )
    return CommandEvent(id=name, source="/desk", time=datetime.now(UTC), data=data)


async def test_what_waited_for_the_district_is_taken_over_once(town: Town) -> None:
    town.start("street")
    await town.send(topics.STREET_INBOX, STREET, report(1))
    waiting = await town.until(topics.INCIDENTS, lambda data: data.get("handed_at") is not None)
    identity = waiting["incident_id"]
    assert (waiting["tier"], waiting["area"]) == ("district", DISTRICT)
    # The crew works on while the district is away; the street's worker dies in between.
    await town.send(topics.STREET_INBOX, STREET, report(2))
    await town.send(topics.STREET_INBOX, STREET, order(identity, "accept", STREET, "unit", "o-1"))
    town.kill("street")
    await town.send(
        topics.DISTRICT_INBOX, DISTRICT, order(identity, "acknowledge", DISTRICT, "operator", "o-2")
    )
    await town.send(topics.STREET_INBOX, STREET, order(identity, "resolve", STREET, "unit", "o-3"))
    town.start("street")
    town.start("district")
    done = await town.until(topics.INCIDENTS, lambda data: data["state"] == "resolved")
    assert (done.get("handed_at"), done["report_count"]) == (None, 2)
    entries = [message["data"] for message in await town.read(topics.AUDIT)]
    assert audit.verify([orjson.dumps(entry) for entry in entries]) == []
    actions = Counter(entry["action"] for entry in entries)
    once = ("open", "escalate", "take_over", "merge", "accept", "resolve")
    assert {action: actions[action] for action in once} == dict.fromkeys(once, 1)
    replies = Counter(
        message["data"].get("command_id")
        for message in await town.read(topics.REPLIES)
        if message["data"].get("command_id")
    )
    assert replies == {"o-1": 1, "o-2": 1, "o-3": 1}
    assert await town.read(topics.DEAD_LETTERS) == []
