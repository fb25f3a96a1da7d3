"""Problems and candidates for a month's theme, read back from a real broker."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from agents import topic_admin
from agents.cli.problem import app
from agents.settings import load_settings
from schemas.codec import encode
from schemas.incident import IncidentEvent
from schemas.outcome import Problem, ProblemEvent
from schemas.terms import Category
from streams.topics import INCIDENTS, PROBLEMS
from tests.warning.test_burden import incident

KIND = Category(catalogue="c", version="1", code="200501", name="无照经营")
NOW = datetime.now(UTC)


async def test_problems_are_listed_shown_and_ranked(
    broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"BROKER": broker, "PREFIX": prefix, "REPLICATION": "1"}.items():
        monkeypatch.setenv(f"CHENGYUN_{name}", value)
    monkeypatch.setenv("CHENGYUN_PARTITIONS", "2")
    settings = load_settings()
    await topic_admin.apply(settings)
    problem = Problem(
        problem_id="990101001-P-1",
        revision=4,
        state="measured",
        tier="street",
        area="990101001",
        category=KIND,
        title="无照经营在同一地点重复发生 5 次",
        rule="E6",
        incident_count=5,
        measure="早市疏导点",
        review_at=NOW - timedelta(days=1),
        opened_at=NOW - timedelta(days=40),
        changed_at=NOW - timedelta(days=20),
        policy_version="p",
    )
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        event = ProblemEvent(id="p/4", source="/street/990101001", time=NOW, data=problem)
        topic = settings.physical(PROBLEMS.name)
        await producer.send_and_wait(topic, encode(event), problem.problem_id.encode())
        for number, kind in enumerate(["vendor", "vendor", "lamp"]):
            one = incident(number, kind, problem_id="990101001-P-1" if kind == "vendor" else None)
            sent = IncidentEvent(id=str(number), source="/street/A1", time=NOW, data=one)
            where = settings.physical(INCIDENTS.name)
            await producer.send_and_wait(where, encode(sent), one.incident_id.encode())
    finally:
        await producer.stop()

    async def typed(*words: str) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, app, list(words))
        assert result.exit_code == 0, result.output
        return result.output

    listed = await typed("list", "--plain")
    assert "▲治理中" in listed
    assert "超时" in listed, "its review is overdue"
    assert "早市疏导点" in await typed("show", "990101001-P-1")
    ranked = [json.loads(line) for line in (await typed("candidates", "--json")).splitlines()]
    assert [(each["code"], each["recurrent"]) for each in ranked] == [("vendor", 2), ("lamp", 0)]
    assert "vendor" in await typed("candidates", "--month", "2026-06")
    missing = await asyncio.to_thread(CliRunner().invoke, app, ["show", "none"])
    assert missing.exit_code == 1
