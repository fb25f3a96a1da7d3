"""Commands as a person types them, and incidents to type them about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from typer.testing import CliRunner, Result

from schemas.incident import Incident, IncidentEvent, ReportedCase
from schemas.terms import Category, Place
from streams.topics import Topic

NOON = datetime(2026, 9, 21, 6, 5, tzinfo=UTC)
KIND = Category(catalogue="yc", version="1", code="100101", name="道路积水")
RUNNER = CliRunner()


Publish = Callable[[Topic, str, BaseModel | bytes], Any]


def matter(number: int, **more: Any) -> IncidentEvent:
    given: dict[str, Any] = {
        "incident_id": f"990101001-260921-{number:04}",
        "version": 1,
        "state": "dispatched",
        "tier": "street",
        "area": "990101001",
        "category": KIND,
        "severity": "IV",
        "urgency": "normal",
        "title": f"道路积水 {number}",
        "place": Place(street="990101001", district="990101", address="建设路 12 号"),
        "reports": [ReportedCase(report_id=f"app/{number}", reported_at=NOON)],
        "report_count": 1,
        "opened_at": NOON,
        "due_at": NOON + timedelta(hours=number + 1),
        "policy_version": "p@1",
        **more,
    }
    data = Incident.model_validate(given)
    return IncidentEvent(
        id=f"{data.incident_id}/{data.version}", source="/street/990101001", time=NOON, data=data
    )


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def invoke(app: Any, *arguments: str) -> Result:
    return RUNNER.invoke(app, list(arguments))


async def call(app: Any, *arguments: str) -> Result:
    """A command in a thread of its own: it runs a loop of its own."""
    return await asyncio.to_thread(invoke, app, *arguments)
