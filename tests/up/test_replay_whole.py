"""`chengyun up --replay`: every row is accounted for, and a killed worker changes nothing."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.ledger import open_ledger
from agents.replay.boston311.rows import COLUMNS
from agents.settings import load_settings
from schemas.incident import IncidentEvent
from streams.topics import INCIDENTS

pytestmark = pytest.mark.slow

BEGIN = datetime.fromisoformat("2015-03-02T09:00:00-05:00")
ROWS = 240


def recording(path: Path) -> Path:
    """A made-up quarter of a city: some cases late, some never closed, some at one place."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        for number in range(ROWS):
            opened = BEGIN + timedelta(hours=3 * number)
            target = opened + timedelta(days=5)
            days = number % 11
            closed = None if days == 10 else opened + timedelta(days=days)
            writer.writerow(
                {
                    "case_id": f"10{number:010}",
                    "opened_at": opened.isoformat(),
                    "closed_at": closed.isoformat() if closed else "",
                    "sla_target_at": target.isoformat(),
                    "sla_status": "ONTIME" if closed and closed <= target else "OVERDUE",
                    "status": "Closed" if closed else "Open",
                    "resolution": "Case Resolved" if closed else "",
                    "channel": "Constituent Call",
                    "department": "PWDx",
                    "reason": "Street Lights",
                    "type": ("Street Light Outages", "Pothole", "Graffiti")[number % 3],
                    "street": "Tremont St",
                    "zip": "02116",
                    "precinct": f"05{number % 7:02}" if number % 13 else "",
                    "neighborhood": "Back Bay" if number % 17 else "",
                    "lat": f"{42.34 + number % 30 / 1000:.4f}",
                    "lon": "-71.0672",
                }
            )
    return path


async def replay(
    broker: str, home: Path, prefix: str, recorded: Path, *, kill: bool
) -> dict[str, Any]:
    """Run the recording through the whole city; answers the summary."""
    environment = {
        **os.environ,
        "CHENGYUN_BROKER": broker,
        "CHENGYUN_REPLICATION": "1",
        "CHENGYUN_PARTITIONS": "2",
        "CHENGYUN_DATA_DIR": str(home),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from agents.cli.main import main; main()", "up", "--json"),
        *("--prefix", prefix, "--replay", "boston311", str(recorded), "--until-done"),
        *("--for", "120s"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    if kill:
        assert process.stderr is not None
        text = ""
        while "开始送入" not in text:
            text += (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
        _kill_a_street_of(process.pid)
    async with asyncio.timeout(180):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return dict(json.loads(out.decode().splitlines()[-1]))


def _kill_a_street_of(parent: int) -> None:
    streets = (e for e in Path("/proc").iterdir() if e.name.isdigit() and _is_street_of(e, parent))
    os.kill(int(next(streets).name), signal.SIGKILL)


def _is_street_of(entry: Path, parent: int) -> bool:
    try:
        stat = (entry / "stat").read_text().rpartition(")")[2].split()
        command = (entry / "cmdline").read_text().split("\0")
    except OSError:
        return False
    return int(stat[1]) == parent and "worker" in command and "street" in command


async def outcome(broker: str, prefix: str) -> dict[str, dict[str, Any]]:
    """Each incident as it ended, without what a new run may call differently."""
    found: dict[str, dict[str, Any]] = {}
    settings = load_settings(prefix=prefix, broker=broker)
    async with open_ledger(settings, broker, [INCIDENTS]) as ledger:
        async for batch in ledger.scan([INCIDENTS]):
            for record in batch:
                assert record.value is not None
                data = IncidentEvent.model_validate_json(record.value).data
                found[data.incident_id] = data.model_dump(mode="json")
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")
async def test_a_replay_accounts_for_every_row_and_a_killed_worker_changes_nothing(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    recorded = recording(tmp_path / "cases.csv")
    name = prefix[:11]
    first = await replay(broker, tmp_path / "a", f"{name}a", recorded, kill=False)
    assert first["ended"] == "done"
    assert first["drained_s"] > 0
    assert first["account"] is not None
    again = await replay(broker, tmp_path / "b", f"{name}b", recorded, kill=True)
    assert again["ended"] == "done"
    assert again["restarts"]["street"] == 1
    one, other = await outcome(broker, f"{name}a."), await outcome(broker, f"{name}b.")
    assert len(one) > ROWS / 2
    assert one == other
    for part in ("tiers", "escalations", "dead_letters", "settled_at_street"):
        assert first[part] == again[part], part
    assert first["escalations"], "nothing was late enough to be handed up"
