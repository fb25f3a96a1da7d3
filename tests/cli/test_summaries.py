"""Summaries as operators read them, from a real broker."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.cli.summaries import app
from schemas.alert import Window
from schemas.errors import ConfigurationError
from schemas.outcome import Summary, SummaryEvent
from streams.topics import SUMMARIES

MONDAY = datetime(2026, 3, 1, 16, tzinfo=UTC)
TIERS = {"9901": "city", "990101": "district", "990101001": "street"}


def summed(area: str, day: int = 0, revision: int = 1, **more: Any) -> SummaryEvent:
    start = MONDAY + timedelta(days=day)
    counts = {"opened": 40, "closed": 30, "complaints": 44, "returned": 2}
    rates = {"response": 0.875, "on_time": 0.9, "whistles_per_100": 0.0, "median_hours": 1.5}
    given: dict[str, Any] = {
        "area": area,
        "tier": TIERS[area],
        "period": "day",
        "window": Window(start=start, end=start + timedelta(days=1)),
        "revision": revision,
        "counts": counts,
        "rates": rates,
        "units": {"urban-management": {"counts": counts, "rates": rates}},
        "marks": ["whistles_few"],
        "policy_version": "p@1",
        **more,
    }
    data = Summary.model_validate(given)
    return SummaryEvent(
        id=f"{area}/{day}/{revision}", source=f"/{data.tier}/{area}", time=start, data=data
    )


async def test_the_newest_period_is_shown_from_the_city_down(
    publish: Any, call: Callable[..., Any]
) -> None:
    for area in reversed(TIERS):
        for day in range(2):
            await publish(SUMMARIES, f"{area}/day/{day}", summed(area, day))
    later = summed("990101", 1, 2, counts={"opened": 41}, rates={"on_time": 1.0})
    await publish(SUMMARIES, "990101/day/1", later)

    told = await call(app)
    assert told.exit_code == 0, told.output
    lines = [line.split() for line in told.output.splitlines()]
    assert lines[0] == ["日巡", "2026-03-03"]
    assert [line[0] for line in lines[2:]] == ["市", "区", "街道"]
    assert "87.5%" in lines[2]
    assert "0" in lines[2]
    assert "偏少" in lines[2]
    assert "41" in lines[3], "the higher revision counts"
    english = await call(app, "--lang", "en", "--unit", "all", "--last", "2", "--tier", "city")
    assert [line.split()[0] for line in english.output.splitlines() if line] == [
        "Day", "area", "city", "Day", "area", "city",
    ]  # fmt: skip


async def test_scripts_read_every_count_as_csv_or_json(
    publish: Any, call: Callable[..., Any]
) -> None:
    for area in TIERS:
        await publish(SUMMARIES, f"{area}/day/0", summed(area, complete=False))
    told = await call(app, "--csv", "--area", "990101", "--at", "2026-03-02")
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    assert [row["area"] for row in rows] == ["990101", "990101001"]
    assert (rows[0]["opened"], rows[0]["rate_response"], rows[0]["marks"]) == (
        "40",
        "0.875",
        "whistles_few",
    )
    assert rows[0]["complete"] == "false"
    told = await call(app, "--json", "--tier", "city")
    (found,) = [json.loads(line) for line in told.stdout.splitlines()]
    assert found["units"]["urban-management"]["counts"]["opened"] == 40
    assert (await call(app, "--at", "2026-03-01", "--csv")).stdout.count("\n") == 1


async def test_what_the_policy_does_not_know_is_refused(publish: Any, call: Any) -> None:
    for wrong in (("--area", "7"), ("--unit", "nobody"), ("--period", "hour"), ("--at", "soon")):
        answer = await call(app, *wrong)
        assert isinstance(answer.exception, ConfigurationError), wrong
