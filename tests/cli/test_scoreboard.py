"""The scoreboard as people read it, from a real broker."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.cli.scoreboard import app
from schemas.alert import Window
from schemas.score import Score, ScoreEvent, Share, Spared, Voice
from streams.topics import SCOREBOARD
from streams.warning.scoreboard import line, whole

MONDAY = datetime(2026, 3, 1, 16, tzinfo=UTC)
TIERS = {"9901": "city", "990101": "district", "990102": "district"}


def scored(area: str, week: int = 0, revision: int = 1, **more: Any) -> ScoreEvent:
    start = MONDAY + timedelta(weeks=week)
    tier = TIERS[area]
    rows = {
        "200501": {
            "opened": 40 + week, "reported": 40, "preceded": 10, "t24": 10, "chance": 2_000,
            "warnings": 30, "confirmed": 12, "false": 3, "calls": 35, "closed": 30, "low": 24,
        },
        "200111": {"opened": 3, "reported": 3, "preceded": 3, "t8": 3},
    }  # fmt: skip
    lines = {"*": line(whole(rows), tier, 10)} | {
        kind: line(row, tier, 10) for kind, row in rows.items()
    }
    given: dict[str, Any] = {
        "area": area,
        "tier": tier,
        "week": f"2026-W{10 + week}",
        "window": Window(start=start, end=start + timedelta(days=7)),
        "revision": revision,
        "desks": 3,
        "calls_budget": 3 * 7 * 144.0,
        "lines": lines,
        "policy_version": "p@1",
        **more,
    }
    data = Score.model_validate(given)
    return ScoreEvent(
        id=f"{area}/{week}/{revision}", source=f"/{tier}/{area}", time=start, data=data
    )


async def test_shares_stand_with_their_interval_and_too_few_are_unknown(
    publish: Any, call: Callable[..., Any]
) -> None:
    below = {
        "990101": Voice(reports=3, silent=True, expected=60.0, p=1e-6),
        "990102": Voice(reports=50, per_1000=0.02, rate=Share(value=0.4, low=0.3, high=0.5, n=99)),
    }
    spared = Spared(value=9.5, low=1.0, high=18.0, expected=12.5, observed=3, problems=1)
    for week in range(2):
        for area in TIERS:
            more: dict[str, Any] = {"below": below, "spared": spared} if area == "9901" else {}
            await publish(SCOREBOARD, f"{area}/{week}", scored(area, week, **more))
    told = await call(app, "--plain")
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert lines[0].startswith("源头治理计分板  云川市  2026-W11"), lines[0]
    assert "30.2% (" in lines[2]
    assert "80.0% ·未答复15" in lines[2]
    assert "▲诉求骤减" in lines[3]
    assert "▲上报偏少" in lines[4]
    assert "10 " not in lines[2][:12]
    assert "治理减少案件:10" in told.output or "治理减少案件:9" in told.output
    kinds = await call(app, "--by", "kind", "--lang", "en", "--plain")
    few = next(each for each in kinds.output.splitlines() if "unknown (3)" in each)
    assert "100" not in few, "three of three is not all"
    weeks = await call(app, "--by", "week", "--area", "990101", "--plain")
    assert [each.split()[0] for each in weeks.output.splitlines()[2:4]] == ["2026-W10", "2026-W11"]
    heard = await call(app, "--by", "reporting", "--plain")
    rows = heard.output.splitlines()
    assert "▲诉求骤减" in rows[1], "who fell silent stands first"
    assert "0.40 (0.30–0.50)" in rows[2]
    assert "人口不详" in rows[1]


async def test_scripts_read_the_newest_revision_as_json_or_csv(
    publish: Any, call: Callable[..., Any]
) -> None:
    await publish(SCOREBOARD, "9901/0", scored("9901"))
    await publish(SCOREBOARD, "9901/0", scored("9901", revision=2, complete=False))
    told = await call(app, "--json")
    (row,) = [json.loads(each) for each in told.stdout.splitlines()]
    assert (row["area"], row["complete"]) == ("9901", False)
    assert row["preceded"]["n"] == 43
    table = await call(app, "--by", "kind", "--csv")
    rows = {row["kind"]: row for row in csv.DictReader(io.StringIO(table.stdout))}
    assert rows["200501"]["preceded"] == "0.25"
    assert rows["200111"]["preceded"] == "", "unknown is empty, not zero"
    wrong = await call(app, "--area", "nowhere")
    assert wrong.exit_code != 0
