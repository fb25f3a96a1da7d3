"""The load of the desks, read back from a real broker."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from agents import topic_admin
from agents.cli.desk_load import app
from agents.settings import load_settings
from schemas.alert import Alert, AlertEvent, Trigger
from schemas.codec import encode
from schemas.terms import AlertState
from streams.topics import CITY_ALERTS

NOON = datetime.now(UTC) - timedelta(hours=6)


def _alert(number: int, revision: int, state: AlertState, at: datetime) -> bytes:
    alert = Alert(
        alert_id=f"a{number}",
        revision=revision,
        key=f"W3/9901/underpass-{number % 2}",
        trigger=Trigger(id="W3", version="1"),
        scale="warning",
        tier="city",
        area="9901",
        colour="yellow",
        state=state,
        title="积水",
        opened_at=NOON,
        changed_at=at,
        policy_version="p",
    )
    return encode(AlertEvent(id=f"a{number}/{revision}", source="/city/9901", time=at, data=alert))


async def test_a_flood_of_a_desk_is_measured_and_told(
    broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHENGYUN_BROKER", broker)
    monkeypatch.setenv("CHENGYUN_PREFIX", prefix)
    monkeypatch.setenv("CHENGYUN_REPLICATION", "1")
    monkeypatch.setenv("CHENGYUN_PARTITIONS", "2")
    settings = load_settings()
    await topic_admin.apply(settings)
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        topic = settings.physical(CITY_ALERTS.name)
        for number in range(12):
            at = NOON + timedelta(seconds=10 * number)
            value = _alert(number, 1, "opened", at)
            await producer.send_and_wait(topic, value, f"a{number}".encode())
        ended = _alert(0, 2, "closed", NOON + timedelta(hours=2))
        await producer.send_and_wait(topic, ended, b"a0")
    finally:
        await producer.stop()
    runner = CliRunner()
    told = await asyncio.to_thread(runner.invoke, app, ["--json"])
    assert told.exit_code == 0, told.output
    (desk,) = json.loads(told.output)["desks"]
    assert desk["verdict"] == "flooded"
    assert (desk["annunciations"], desk["floods"], desk["standing"]) == (12, 1, 11)
    assert desk["worst"] == [["W3 underpass-0", 6], ["W3 underpass-1", 6]]
    shown = await asyncio.to_thread(runner.invoke, app, ["--plain"])
    assert "■告警洪泛" in shown.output
    none = await asyncio.to_thread(runner.invoke, app, ["--area", "990101"])
    assert none.output.startswith("没有")
