"""The probes of real workers through a start, a rebalance and an end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from agents import topic_admin
from agents.settings import Settings, load_settings

pytestmark = pytest.mark.slow


def ask(address_file: Path, path: str) -> tuple[int, str]:
    """What a worker answers; status 0 while it does not."""
    try:
        address = address_file.read_text().strip()
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, "{}"


class Workers:
    """Workers of one stage and what they say of themselves."""

    def __init__(self, settings: Settings, broker: str, home: Path) -> None:
        self._settings = settings
        self._broker = broker
        self._home = home
        self.processes: dict[str, asyncio.subprocess.Process] = {}

    async def start(self, name: str) -> None:
        environment = {
            **os.environ,
            "CHENGYUN_BROKER": self._broker,
            "CHENGYUN_PREFIX": self._settings.prefix,
            "CHENGYUN_PARTITIONS": "2",
            "CHENGYUN_REPLICATION": "1",
            "CHENGYUN_METRICS_FILE": str(self.file(name)),
            "CHENGYUN_DATA_DIR": str(self._home),
        }
        with (self._home / f"{name}.log").open("wb") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "from agents.cli.main import main; main()"),
                *("worker", "street"),
                env=environment,
                stdout=log,
                stderr=log,
            )

    def file(self, name: str) -> Path:
        return self._home / f"{name}.address"

    async def ready(self, name: str) -> tuple[bool, dict[str, Any]]:
        status, body = await asyncio.to_thread(ask, self.file(name), "/readyz")
        return status == 200, json.loads(body)

    async def until(self, name: str, condition: Callable[[dict[str, Any]], bool]) -> None:
        told: dict[str, Any] = {}
        for _ in range(400):
            _, told = await self.ready(name)
            if condition(told):
                return
            assert self.processes[name].returncode is None
            await asyncio.sleep(0.1)
        raise AssertionError(f"{name} says {told}")

    async def owned(self, name: str) -> set[str]:
        _, text = await asyncio.to_thread(ask, self.file(name), "/metrics")
        marks = [line for line in text.splitlines() if line.startswith("chengyun_partition_owned")]
        return {line.split('partition="')[1][0] for line in marks if line.endswith(" 1.0")}


@pytest.fixture
async def workers(broker: str, prefix: str, tmp_path: Path) -> AsyncIterator[Workers]:
    settings = load_settings(broker=broker, prefix=prefix, replication=1, partitions=2)
    await topic_admin.apply(settings)
    started = Workers(settings, broker, tmp_path)
    yield started
    for process in started.processes.values():
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_readiness_follows_the_partitions_through_a_rebalance(workers: Workers) -> None:
    await workers.start("a")
    await workers.until("a", lambda told: told.get("flowing") == [0, 1])
    assert (await workers.ready("a"))[0]
    assert await workers.owned("a") == {"0", "1"}

    await workers.start("b")
    await workers.until("b", lambda told: len(told.get("flowing", ())) == 1)
    await workers.until("a", lambda told: len(told.get("flowing", ())) == 1)
    assert (await workers.ready("a"))[0]
    assert (await workers.ready("b"))[0]
    owned = [await workers.owned("a"), await workers.owned("b")]
    assert owned[0] | owned[1] == {"0", "1"}
    assert not owned[0] & owned[1], "a partition has two owners"

    workers.processes["b"].terminate()
    assert await workers.processes["b"].wait() == 0
    assert not workers.file("b").exists(), "an address that nobody listens on was left"
    await workers.until("a", lambda told: told.get("flowing") == [0, 1])
    assert await workers.owned("a") == {"0", "1"}
    status, _ = await asyncio.to_thread(ask, workers.file("a"), "/livez")
    assert status == 200
