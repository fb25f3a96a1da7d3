"""Statistical alerts end the same however their events arrive, and whoever dies on the way.

The same reports are judged twice: in the order of their time in one process, and on the
real broker in the order of a storm of telephones, some of them late, while the workers of
street and district are killed and come back. What counts is the last word of each episode.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, product
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
import yaml
from aiokafka import AIOKafkaProducer

from agents import policy_files, topic_admin
from agents.backtest.city import City
from agents.bench.cluster import read_all
from agents.settings import Settings, load_settings
from agents.up.supervisor import worker_command
from schemas.codec import encode
from schemas.report import Report, ReportEvent
from schemas.terms import Place
from schemas.tick import Tick, TickEvent
from streams import city, district, street, topics
from streams.partitioner import Homes
from streams.policy import Policy
from streams.program import Output
from streams.topics import Sizing, Topic

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
WIDTH = 2
STREETS = ("990101001", "990101002", "990102001")
KINDS = ("100118", "100201")
"""Street lamps and car parks."""
STAGES = ("street", "district", "city")
HOURS = 40
LATEST = timedelta(minutes=55)
"""Reports come at most so long after the promise that nothing older would."""


class Fed(NamedTuple):
    """One record for one partition of an inbox: a report, or a promise of an upstream lane."""

    topic: Topic
    partition: int
    key: str
    value: bytes


def _policy(home: Path) -> Policy:
    """The shipped policy, with surges judged by the hour after a day."""
    shutil.copytree(Path(policy_files.__file__).parents[1] / "deploy" / "policy", home)
    file = home / "triggers.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    surge = document["triggers"]["surge"]
    surge |= {"street": "hour", "learn": 20, "at": [0.02, 0.001, 0.0001, 0.00001]}
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return policy_files.load(home)


def _reports(policy: Policy, seed: int) -> list[Report]:
    """An ordinary day and a half of two kinds in three streets, with five surges in it."""
    chance = random.Random(seed)
    kinds = [rule for code in KINDS if (rule := policy.category(None, code)) is not None]
    surges = {(STREETS[0], 0): {25: 14, 33: 9}, (STREETS[1], 1): {29: 25}, (STREETS[2], 0): {31: 7}}
    found = []
    for (code, (number, rule)), hour in product(
        product(STREETS, enumerate(kinds)), range(HOURS - 3)
    ):
        many = surges.get((code, number), {}).get(hour, chance.choice((0, 1, 1, 2)))
        for one in range(many):
            at = BEGIN + timedelta(hours=hour, seconds=chance.randrange(3600))
            found.append(
                Report(
                    report_id=f"calls/{code}/{number}/{hour}/{one}",
                    reported_at=at,
                    intent="report",
                    channel="hotline",
                    category=rule.category,
                    severity=rule.severity,
                    urgency=rule.urgency,
                    place=Place(street=code, district=code[:6], method="desk"),
                    policy_version=policy.version,
                )
            )
    return sorted(found, key=lambda report: (report.reported_at, report.report_id))


def _arrival(report: Report, chance: random.Random | None) -> datetime:
    """When a report is there: at once, or up to nearly an hour late."""
    late = chance is not None and chance.random() < 0.3
    return report.reported_at + (LATEST * chance.random() if late and chance else timedelta())


def _feed(reports: Sequence[Report], seed: int | None) -> Iterator[list[Fed]]:
    """What arrives, an hour at a time, each ended by the promise of intake and sensing.

    Args:
        seed: shuffles the reports of an hour and makes some late; None: as they happened.
    """
    chance = None if seed is None else random.Random(seed)
    arriving = sorted(
        ((_arrival(report, chance), report) for report in reports),
        key=lambda each: (each[0], each[1].report_id),
    )
    by_hour = {
        hour: [report for _, report in group]
        for hour, group in groupby(
            arriving, key=lambda each: int((each[0] - BEGIN).total_seconds() // 3600)
        )
    }
    homes = Homes(WIDTH)
    for hour in range(HOURS):
        fed = []
        for report in by_hour.get(hour, ()):
            assert report.place.street is not None
            event = ReportEvent(
                id=f"{report.report_id}/report",
                source="/intake",
                subject=report.report_id,
                time=report.reported_at,
                data=report,
            )
            key = report.place.street
            fed.append(Fed(topics.STREET_INBOX, homes[key.encode()], key, encode(event)))
        if chance is not None:
            chance.shuffle(fed)
        yield fed + _promises(BEGIN + timedelta(hours=hour + 1), final=hour == HOURS - 1)


def _promises(watermark: datetime, *, final: bool) -> list[Fed]:
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
        words[alert["alert_id"]] = tuple(
            alert.get(name)
            for name in ("key", "colour", "state", "observed", "expected", "interval", "p",
                         "window", "evidence_count", "completeness", "held_back")
        )  # fmt: skip


def judged_in_process(policy: Policy, reports: Sequence[Report], seed: int | None) -> Words:
    """The last words when nothing dies."""
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
    for fed in _feed(reports, seed):
        for one in fed:
            town._queue(Output(one.topic, one.key, one.value, one.partition))
        town.run()
    return words


class Town:
    """The three tiers on the broker, each a process that can be killed."""

    def __init__(self, settings: Settings, broker: str, home: Path) -> None:
        self.settings = settings
        self.client = {"bootstrap_servers": broker}
        self.home = home
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, stage: str) -> None:
        """Start a worker of that stage."""
        told = {
            "BROKER": self.client["bootstrap_servers"],
            "PREFIX": self.settings.prefix,
            "PARTITIONS": str(WIDTH),
            "REPLICATION": "1",
            "POLICY_DIR": str(self.settings.policy_dir),
            "DATA_DIR": str(self.home),
            "TIME": "event",
            "INSTANCE_ID": "town",
            "METRICS_PORT": "0",
        }
        environment = {**os.environ, **{f"CHENGYUN_{name}": text for name, text in told.items()}}
        with (self.home / f"{stage}.log").open("ab") as log:
            self.workers[stage] = subprocess.Popen(
                worker_command(stage), stdout=log, stderr=log, env=environment
            )

    def kill(self, stage: str) -> None:
        """kill -9."""
        self.workers[stage].kill()
        self.workers[stage].wait()

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


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return _policy(tmp_path_factory.mktemp("same") / "policy")


@pytest.fixture
async def town(broker: str, prefix: str, policy: Policy, tmp_path: Path) -> AsyncIterator[Town]:
    home = tmp_path / "policy"
    assert _policy(home) == policy
    settings = load_settings(
        broker=broker, prefix=prefix, partitions=WIDTH, replication=1, policy_dir=home
    )
    await topic_admin.apply(settings)
    made = Town(settings, broker, tmp_path)
    yield made
    for process in made.workers.values():
        process.kill()
        process.wait()


def test_arrival_within_the_lateness_changes_no_last_word(policy: Policy) -> None:
    reports = _reports(policy, 2)
    ordered = judged_in_process(policy, reports, None)
    assert len(ordered) >= 5
    assert judged_in_process(policy, reports, 12) == ordered


async def test_kills_and_late_arrivals_change_no_last_word(town: Town, policy: Policy) -> None:
    reports = _reports(policy, 1)
    ordered = judged_in_process(policy, reports, None)
    hours = list(_feed(reports, 11))
    for stage in STAGES:
        town.start(stage)
    await town.feed(hours[:30])
    begun = await town.until(policy, bool)
    assert begun, "no surge was told before the workers are killed"
    await town.feed(hours[30:])
    for stage in ("street", "district"):  # in the midst of it
        town.kill(stage)
    for stage in ("street", "district"):
        town.start(stage)
    found = await town.until(policy, lambda words: words == ordered)
    logs = "\n".join(path.read_text()[-1_500:] for path in town.home.glob("*.log"))
    assert found == ordered, logs
