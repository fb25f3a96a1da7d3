"""`chengyun up` on a real broker: comes up, survives a crash, counts truly, ends cleanly."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agents import broker as embedded
from agents.alert_index import AlertIndex, index_file
from agents.cli.at_once import answered
from agents.ledger import open_ledger
from agents.settings import load_settings
from agents.up.city import read_city
from schemas.incident import IncidentEvent
from streams.topics import INCIDENTS

pytestmark = pytest.mark.slow


class UpProcess:
    """A running `chengyun up` and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""

    async def read_until(self, wanted: str, seconds: float = 90.0) -> None:
        """Read what it prints to stderr until the text has come."""
        assert self.process.stderr is not None
        async with asyncio.timeout(seconds):
            while wanted not in self.text:
                line = await self.process.stderr.readline()
                assert line, self.text
                self.text += line.decode()

    async def end(self, seconds: float = 90.0) -> dict[str, Any]:
        """Wait for its end; answers the summary, the last line of stdout."""
        async with asyncio.timeout(seconds):
            out, rest = await self.process.communicate()
        self.text += rest.decode()
        return dict(json.loads(out.decode().splitlines()[-1]))

    def workers(self) -> dict[str, int]:
        """Pids of its workers by stage."""
        found: dict[str, int] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_text().split("\0")
            except OSError:
                continue
            if int(stat[1]) == self.process.pid and "worker" in command and stat[0] != "Z":
                found[command[command.index("worker") + 1]] = int(entry.name)
        return found


async def start(broker: str | None, home: Path, *options: str) -> UpProcess:
    environment = {
        **os.environ,
        **({"CHENGYUN_BROKER": broker} if broker is not None else {}),
        "CHENGYUN_REPLICATION": "1",
        "CHENGYUN_PARTITIONS": "2",
        "CHENGYUN_DATA_DIR": str(home),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from agents.cli.main import main; main()", "up", "--json"),
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    return UpProcess(process)


async def operator(broker: str, home: Path, *arguments: str) -> tuple[int | None, list[Any]]:
    """One `chengyun incident …` in a second terminal: it finds the city by itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from agents.cli.main import main; main()", "incident"),
        *arguments,
        "--json",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "CHENGYUN_BROKER": broker, "CHENGYUN_DATA_DIR": str(home)},
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    return process.returncode, [json.loads(line) for line in out.decode().splitlines()]


async def an_operator_acts(broker: str, home: Path) -> None:
    """Acknowledge an incident of the running city and read about it; a second try is refused."""
    name = await one_acknowledged(broker, home, "wang")
    code, again = await operator(broker, home, "ack", name, "--as", "li")
    assert code == 1
    assert again[0]["outcome"] == "conflict"
    code, stories = await operator(broker, home, "show", name)
    assert code == 0
    assert stories[0]["incident"]["incident_id"] == name
    acted = [e["action"] for e in stories[0]["audit"] if e["actor"]["id"] in ("wang", "li")]
    assert acted == ["acknowledge"]


async def one_acknowledged(broker: str, home: Path, who: str) -> str:
    """The newest case that the operator got hold of: a unit may be faster, then the next."""
    replies: list[dict[str, Any]] = []
    for _ in range(20):
        _, listed = await operator(
            broker, home, "list", "--state", "dispatched", "--tier", "street"
        )
        waiting = [i for i in listed if i.get("acknowledged_at") is None]
        if not waiting:
            await asyncio.sleep(1)
            continue
        name = str(max(waiting, key=lambda incident: incident["opened_at"])["incident_id"])
        code, replies = await operator(broker, home, "ack", name, "--as", who)
        if code == 0:
            assert replies[0]["outcome"] == "applied", replies
            return name
    raise AssertionError(f"no case was acknowledged in 20 tries, last reply: {replies}")


async def states(broker: str, prefix: str) -> Counter[tuple[str, bool]]:
    """The incidents as the topic has them: (tier, over) → how many."""
    newest: dict[bytes, tuple[str, bool]] = {}
    async with open_ledger(
        load_settings(prefix=prefix, broker=broker), broker, [INCIDENTS]
    ) as ledger:
        async for batch in ledger.scan([INCIDENTS]):
            for record in batch:
                assert record.value is not None
                data = IncidentEvent.model_validate_json(record.value).data
                newest[record.key or b""] = (data.tier, data.state in ("closed", "rejected"))
    return Counter(newest.values())


def told_why(home: Path, prefix: str, most: int) -> list[bool]:
    """Whether each of the newest alerts is told from the city's own files, without a broker."""
    try:
        with AlertIndex(index_file(home, prefix), only_read=True) as index:
            ids = index.newest(most)
    except sqlite3.Error:
        return []
    return [answered([alert_id, "--data-dir", str(home)]) for alert_id in ids]


async def told_why_while_it_lives(home: Path, prefix: str) -> bool:
    """Whether a new alert of a running city was ever told so, before the city ended."""
    while True:
        record = read_city(home)
        told = any(told_why(home, prefix, 5))
        if told or (record is not None and record.ended_at is not None):
            return told and record is not None and record.ended_at is None
        await asyncio.sleep(0.2)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
async def test_a_city_lives_survives_a_killed_worker_and_is_continued(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    name = prefix[:11]
    up = await start(broker, tmp_path, "--for", "14s", "--speed", "240", "--prefix", name)
    await up.read_until("个环节就绪")
    await asyncio.sleep(5)
    workers = up.workers()
    assert set(workers) == {"city", "district", "street", "intake", "sensing"}
    os.kill(workers["street"], signal.SIGKILL)
    await up.read_until("街道 意外退出(信号 SIGKILL),重启 1/5")
    living = asyncio.create_task(told_why_while_it_lives(tmp_path, f"{name}."))
    summary = await up.end()
    assert up.process.returncode == 0
    assert await living
    assert up.workers() == {}
    assert summary["ended"] == "time"
    assert summary["restarts"] == {"city": 0, "district": 0, "street": 1, "intake": 0, "sensing": 0}
    assert summary["bootstrap_servers"] == broker
    assert summary["prefix"] == f"{name}."
    assert summary["events"] > 100

    counted = await states(broker, f"{name}.")
    for tier, told in summary["tiers"].items():
        assert told["open"] == counted[tier, False]
        assert told["closed"] == counted[tier, True]
    assert summary["tiers"]["street"]["opened"] > 10
    raised = {tier: sum(told["alerts"].values()) for tier, told in summary["tiers"].items()}
    assert all(raised.values()), raised

    record = read_city(tmp_path)
    assert record is not None
    assert not record.runs()
    stood = record.now()
    assert stood is not None

    told = told_why(tmp_path, f"{name}.", 1_000)
    assert told
    assert all(told)

    again = await start(broker, tmp_path, "--for", "3s", "--prefix", name)
    after = await again.end()
    assert again.process.returncode == 0
    assert after["tiers"]["street"]["opened"] >= summary["tiers"]["street"]["opened"]
    resumed = read_city(tmp_path)
    assert resumed is not None
    assert resumed.speed == 240
    now = resumed.now()
    assert now is not None
    # It went on from where it stood; the time between the two runs did not pass in the city.
    assert 0 < (now - stood).total_seconds() < 240 * 60


async def test_an_operator_acts_and_a_signal_ends_the_city_in_order(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    up = await start(broker, tmp_path, "--prefix", prefix[:11], "--speed", "20")
    await up.read_until("开始送入")
    await an_operator_acts(broker, tmp_path)
    up.process.send_signal(signal.SIGTERM)
    summary = await up.end(20)
    assert up.process.returncode == 0
    assert summary["ended"] == "asked"
    assert "已停止" in up.text


async def test_a_stage_that_refuses_to_start_ends_the_run_with_its_reason(
    broker: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHENGYUN_METRICS_FILE", "")  # inherited settings are overridden
    monkeypatch.setenv("CHENGYUN_CHUNK_RECORDS", "10")
    name = prefix[:11]
    settings = load_settings(
        prefix=f"{name}.", broker=broker, replication=1, partitions=2, data_dir=tmp_path
    )
    from agents import topic_admin
    from streams.topics import STREET_INBOX

    # Somebody has made the street's inbox wider than its state: no lane can own both.
    wide = settings.model_copy(update={"partitions": 3})
    await topic_admin.apply(
        wide, broker, topic_admin.wanted_topics(wide, [STREET_INBOX], embedded=False)
    )
    up = await start(broker, tmp_path, "--prefix", name)
    summary = await up.end(120)
    assert up.process.returncode == 1
    assert summary["ended"] == "failed"
    assert "街道 无法启动" in summary["message"]
    assert "partition counts" in summary["message"]


async def test_the_city_starts_its_own_broker_and_starts_it_again_when_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHENGYUN_BROKER", raising=False)
    own = load_settings(data_dir=tmp_path)
    up = await start(None, tmp_path, "--speed", "120")
    try:
        await up.read_until("开始送入")
        await asyncio.sleep(4)
        embedded.kill(own)
        await up.read_until("没有应答")
        await up.read_until("恢复应答")
        await asyncio.sleep(5)  # it goes on
        up.process.send_signal(signal.SIGTERM)
        summary = await up.end()
        assert up.process.returncode == 0, up.text
        assert summary["ended"] == "asked"
        assert not summary["broker_runs"]  # whoever ends the run by hand ends all of it
        running = await asyncio.to_thread(embedded.start, own, die_with_parent=True)
        assert running.bootstrap is not None
        counted = await states(running.bootstrap, summary["prefix"])
        assert sum(counted.values()) == sum(t["opened"] for t in summary["tiers"].values()) > 10
    finally:
        if up.process.returncode is None:
            up.process.kill()
        embedded.stop(own)
    assert not embedded.status(own).running
