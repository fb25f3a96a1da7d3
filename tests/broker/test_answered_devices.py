"""An operator's answer to a warning of a device finds its way back to the device's own lane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from agents import policy_files, topic_admin
from agents.bench.cluster import read_all
from schemas.codec import encode
from schemas.command import Command, CommandEvent
from schemas.reading import Reading, ReadingEvent
from schemas.terms import Actor
from streams import topics
from streams.partitioner import Homes
from streams.topics import Topic
from streams.warning.opinions import OPINIONS
from tests.broker.towns import WIDTH, Fed, Town, opened, promises
from tests.streams.sensing.test_odd_devices import GAS, _breath

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
STREET, DEVICE = "990101001", "probe-7"
READINGS = 400


@pytest.fixture
async def town(broker: str, prefix: str, tmp_path: Path) -> AsyncIterator[Town]:
    policy = Path(policy_files.__file__).parents[1] / "deploy" / "policy"
    async with opened(broker, prefix, policy, tmp_path) as made:
        yield made


def _reading(number: int, value: float) -> Fed:
    at = BEGIN + timedelta(minutes=10 * number)
    event = ReadingEvent(
        id=f"reading-{number}",
        source="/iot",
        time=at,
        data=Reading(
            device_id=DEVICE, device_class=GAS, observed_property="lel", phenomenon_time=at,
            result=value, unit="%", street=STREET, lat=30.05, long=126.01,
        ),
    )  # fmt: skip
    partition = Homes(WIDTH)[DEVICE.encode()]
    return Fed(topics.SENSING_READINGS, partition, DEVICE, encode(event))


def _answer(alert: dict[str, Any], at: datetime) -> Fed:
    command = Command(
        command_id="answer-1",
        subject={"kind": "alert", "id": alert["alert_id"]},
        action="dismiss",
        actor=Actor(id="o", role="operator", tier="street", area=STREET),
        reason="the probe was cleaned",
        arguments={"key": alert["key"], "answer": "false"},
    )
    event = CommandEvent(id="answer-1", source="/desk", subject="a", time=at, data=command)
    return Fed(topics.STREET_INBOX, Homes(WIDTH)[STREET.encode()], STREET, encode(event))


async def _until(town: Town, topic: Topic, found: Any) -> Any:
    """Wait until a committed record of a topic is what is looked for; answers what it says."""
    name = town.settings.physical(topic.name)
    width = topic_admin.sizing(town.settings, embedded=False).partitions(topic.width)
    for _ in range(90):
        async for records in read_all(town.client, [name], width):
            for record in records:
                said = None if record.value is None else found(record)
                if said is not None:
                    return said
        await asyncio.sleep(0.5)
    logs = "\n".join(path.read_text()[-1_500:] for path in town.home.glob("*.log"))
    raise AssertionError(f"nothing of the kind in {name}\n{logs}")


async def test_an_answer_reaches_the_lane_of_the_device(town: Town) -> None:
    for stage in ("sensing", "street"):
        town.start(stage)
    values = [*_breath(7, READINGS), 18.0]
    await town.feed([[_reading(number, value) for number, value in enumerate(values)]])

    def is_finding(record: Any) -> Any:
        return b"cn.chengyun.finding.v1" in record.value or None

    def is_warning(record: Any) -> Any:
        data = orjson.loads(record.value)["data"]
        return data if data["trigger"]["id"] == "W15" else None

    def is_opinion(record: Any) -> Any:
        key = record.key.partition(b"opinion/")[2].decode()
        return OPINIONS.decode(record.value[8:]) if key == f"W15/{DEVICE}/lel" else None

    await _until(town, topics.STREET_INBOX, is_finding)
    end = BEGIN + timedelta(days=3)
    await town.feed([promises(end, final=False)])
    alert = await _until(town, topics.STREET_ALERTS, is_warning)
    assert alert["p"] <= alert["fires_at"]
    await town.feed([[_answer(alert, end)]])
    opinion = await _until(town, topics.STATES["sensing"], is_opinion)
    assert (opinion.confirmed, opinion.false) == (0, 1)
