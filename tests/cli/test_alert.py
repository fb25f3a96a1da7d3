"""What is lit, and why, read back from a real broker."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from agents import policy_files, topic_admin
from agents.cli.alert import app
from agents.settings import load_settings
from schemas.alert import Alert, AlertEvent
from schemas.codec import encode
from streams.topics import STREET_ALERTS
from streams.warning.explain import PARTS, explain

NOW = datetime.now(UTC)


def alert(revision: int, **fields: Any) -> Alert:
    return Alert.model_validate(
        {
            "alert_id": "a1",
            "revision": revision,
            "key": "W3/990101001/i/f",
            "trigger": {"id": "W3", "version": "1"},
            "scale": "warning",
            "tier": "street",
            "area": "990101001",
            "colour": "yellow",
            "state": "revised",
            "title": "道路积水",
            "opened_at": NOW - timedelta(minutes=30),
            "changed_at": NOW,
            "policy_version": policy_files.load().version,
            **fields,
        }
    )


async def test_an_alert_tells_its_reasons(
    broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"BROKER": broker, "PREFIX": prefix, "REPLICATION": "1"}.items():
        monkeypatch.setenv(f"CHENGYUN_{name}", value)
    monkeypatch.setenv("CHENGYUN_PARTITIONS", "2")
    settings = load_settings()
    await topic_admin.apply(settings)
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    evidence = {"evidence": ["gauge/1"], "evidence_count": 3}
    try:
        for one in (
            alert(1, state="opened", observed=12.0, threshold=10.0, unit="cm", **evidence),
            alert(2, observed=18.0, threshold=10.0, unit="cm", suggested_action="pump"),
            alert(3, answer="confirmed", answered_by="li"),
        ):
            event = AlertEvent(id=f"a1/{one.revision}", source="/street/x", time=NOW, data=one)
            where = settings.physical(STREET_ALERTS.name)
            await producer.send_and_wait(where, encode(event), b"a1")
    finally:
        await producer.stop()

    async def typed(*words: str) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, app, list(words))
        assert result.exit_code == 0, result.output
        return result.output

    told = await typed("why", "a1")
    assert "18 cm" in told, "what an earlier revision measured is not lost"
    assert "12 → 18" in told
    assert "下一档:25 cm 升为红" in told
    assert "gauge/1" in told
    assert "属实 · li" in told
    listed = [json.loads(line) for line in (await typed("list", "--json")).splitlines()]
    assert [(one["alert_id"], one["revision"]) for one in listed] == [("a1", 3)]
    nothing = await asyncio.to_thread(CliRunner().invoke, app, ["why", "none"])
    assert nothing.exit_code != 0


def test_every_shipped_trigger_says_what_ends_it() -> None:
    policy = policy_files.load()
    named = {*policy.trigger_texts, "E2", "deadline"}
    for trigger in sorted(named):
        scale = "supervision" if trigger in ("E2", "deadline", "flood") else "warning"
        one = alert(1, trigger={"id": trigger, "version": "1"}, scale=scale, observed=3.0)
        for language in ("zh", "en"):
            assert explain(one, policy, language).clears, trigger


def test_every_shipped_trigger_says_what_would_not_have_fired_and_why_a_part_is_not_there() -> None:
    policy = policy_files.load()
    bare: dict[str, Any] = {"observed": None, "evidence": [], "evidence_count": 0}
    general = {explain(alert(1, trigger={"id": "?", "version": "1"}), policy, lang).not_fired
               for lang in ("zh", "en")}  # fmt: skip
    for trigger in sorted({*policy.trigger_texts, "E2", "deadline"}):
        scale = "supervision" if trigger in ("E2", "deadline", "flood") else "warning"
        held = 3.0 if trigger in ("W12-stuck", "W12-gaps", "W15-together") else None
        one = alert(1, trigger={"id": trigger, "version": "1"}, scale=scale, threshold=held, **bare)
        for language in ("zh", "en"):
            told = explain(one, policy, language)
            assert told.not_fired, trigger
            if trigger != "W12-beyond":
                assert told.not_fired not in general, trigger
            assert set(told.missing) == set(PARTS), trigger
            assert all(told.missing.values()), trigger
