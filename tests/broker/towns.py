"""Three tiers that are fed in one process, or on the broker by workers that can be killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from agents import topic_admin
from agents.backtest.city import City
from agents.bench.cluster import read_all
from agents.settings import load_settings
from schemas.codec import encode
from schemas.tick import Tick, TickEvent
from streams import city, district, street, topics
from streams.policy import Policy
from streams.program import Output
from streams.topics import Sizing, Topic
from tests.broker.workers import Workers

WIDTH = 2


class Fed(NamedTuple):
    """One record for one partition of an inbox: a report, or a promise of an upstream lane."""

    topic: Topic
    partition: int
    key: str
    value: bytes


def promises(watermark: datetime, *, final: bool) -> list[Fed]:
    return [
        Fed(
            topic,
            partition,
            "",
            encode(
                TickEvent(
                    id=f"{stage}/{lane}/{watermark.isoformat()}",
                    source=f"/{stage}/{lane}",
                    time=watermark,
                    data=Tick(
                        stage=stage, partition=lane, of=WIDTH, watermark=watermark, final=final
                    ),
                )
            ),
        )
        for stage, listens in (
            ("intake", (topics.STREET_INBOX, topics.DISTRICT_INBOX)),
            ("sensing", (topics.STREET_INBOX,)),
        )
        for topic in listens
        for lane in range(WIDTH)
        for partition in range(WIDTH)
    ]


Words = dict[str, tuple[Any, ...]]


def _note(words: Words, policy: Policy, alert: dict[str, Any]) -> None:
    """Keep the last word of each episode that only speaks of what is improbable."""
    if alert["trigger"]["id"] in policy.triggers.improbable:
        words[alert["alert_id"]] = (
            *(
                alert.get(name)
                for name in ("key", "colour", "state", "observed", "expected", "interval", "p",
                             "window", "evidence_count", "completeness", "held_back", "fires_at",
                             "threshold")
            ),
            sorted(alert.get("evidence", ())),
        )  # fmt: skip


def judged_in_process(policy: Policy, fed: Iterable[Sequence[Fed]]) -> Words:
    """The last words when nothing dies, of what arrives bit by bit."""
    words: Words = {}

    def listen(topic: Topic, key: str, value: bytes) -> None:
        if topic in topics.ALERTS.values():
            _note(words, policy, orjson.loads(value)["data"])

    programs = {
        "street": street.program(policy),
        "district": district.program(policy),
        "city": city.program(policy),
    }
    sizing = Sizing(intake=WIDTH, sensing=WIDTH, street=WIDTH, district=WIDTH, outbox=WIDTH)
    town = City(programs, mode="event", sizing=sizing, listener=listen)
    for bit in fed:
        for one in bit:
            town._queue(Output(one.topic, one.key, one.value, one.partition))
        town.run()
    return words


class Town(Workers):
    """The three tiers on the broker, in the time of their events."""

    async def feed(self, hours: Sequence[Sequence[Fed]]) -> None:
        """Write what arrives, each record where its partition is read."""
        producer = AIOKafkaProducer(**self.client, acks="all")
        await producer.start()
        try:
            for fed in hours:
                for one in fed:
                    name = self.settings.physical(one.topic.name)
                    await producer.send(
                        name, one.value, key=one.key.encode(), partition=one.partition
                    )
            await producer.flush()
        finally:
            await producer.stop()

    async def words(self, policy: Policy) -> Words:
        """The last words that are committed now."""
        found: Words = {}
        for topic in topics.ALERTS.values():
            width = topic_admin.sizing(self.settings, embedded=False).partitions(topic.width)
            async for records in read_all(self.client, [self.settings.physical(topic.name)], width):
                for record in records:
                    _note(found, policy, orjson.loads(record.value)["data"])
        return found

    async def until(self, policy: Policy, said: Callable[[Words], bool]) -> Words:
        """Wait until so much is said, for some minutes at most; answers what is."""
        words: Words = {}
        for _ in range(120):
            words = await self.words(policy)
            if said(words):
                break
            await asyncio.sleep(1.0)
        return words


@asynccontextmanager
async def opened(broker: str, prefix: str, policy_dir: Path, home: Path) -> AsyncIterator[Town]:
    """A town of its own topics, whose workers are ended with it."""
    settings = load_settings(
        broker=broker, prefix=prefix, partitions=WIDTH, replication=1, policy_dir=policy_dir
    )
    await topic_admin.apply(settings)
    told = {
        "PARTITIONS": str(WIDTH),
        "REPLICATION": "1",
        "POLICY_DIR": str(policy_dir),
        "TIME": "event",
    }
    with Town(settings, broker, home, **told) as made:
        yield made
