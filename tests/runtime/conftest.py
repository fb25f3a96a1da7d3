"""Running a stage as a process against the real broker, and reading what it wrote."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from agents.bench.cluster import drop_topics, make_topics, read_all

PARTITIONS = 2
STAGE = Path(__file__).with_name("poisoned_stage.py")


class Running:
    """One stage process and its log."""

    def __init__(self, log: Path, **options: Any) -> None:
        self.log = log
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, str(STAGE), json.dumps(options)], stdout=sink, stderr=sink
            )

    def said(self) -> str:
        """Everything it has logged."""
        return self.log.read_text(encoding="utf-8")

    async def until(self, text: str, timeout_s: float = 30.0) -> None:
        """Wait until it has logged `text`."""
        deadline = time.monotonic() + timeout_s
        while text not in self.said():
            assert self.process.poll() is None, f"it ended: {self.said()}"
            assert time.monotonic() < deadline, f"no {text!r} in: {self.said()}"
            await asyncio.sleep(0.05)

    async def ended(self, timeout_s: float = 30.0) -> int:
        """Wait for its end; the exit code."""
        return await asyncio.to_thread(self.process.wait, timeout_s)

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Bench:
    """Topics of one test, with helpers to write and read them."""

    def __init__(self, bootstrap: str, prefix: str, home: Path) -> None:
        self.client = {"bootstrap_servers": bootstrap}
        self.prefix = prefix
        self.home = home
        self.started: list[Running] = []
        self.state = f"{prefix}chengyun.poisoned.state.v1"
        self.dead = f"{prefix}chengyun.dead-letters.v1"
        self.out = f"{prefix}out"
        self.inbox = f"{prefix}in"

    def start(self, **options: Any) -> Running:
        """Start the stage as a process."""
        log = self.home / f"stage-{len(self.started)}.log"
        running = Running(
            log, client=self.client, prefix=self.prefix, session_timeout_s=2.0, **options
        )
        self.started.append(running)
        return running

    async def send(self, *values: bytes | None, **options: Any) -> None:
        """Write records; `key` and `headers` as for a producer."""
        producer = AIOKafkaProducer(**self.client, max_request_size=1_048_000)
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(
                    self.inbox,
                    value,
                    key=options.get("key", b"k"),
                    partition=options.get("partition"),
                    headers=options.get("headers", []),
                )
        finally:
            await producer.stop()

    async def read(self, topic: str, settle_s: float = 5.0) -> list[Any]:
        """Everything committed in a topic, after open transactions had time to end."""
        found: list[Any] = []
        async for records in read_all(self.client, [topic], PARTITIONS, settle_s=settle_s):
            found += records
        return found

    async def eventually(self, topic: str, number: int, timeout_s: float = 30.0) -> list[Any]:
        """Wait until a topic has so many committed records."""
        deadline = time.monotonic() + timeout_s
        while len(found := await self.read(topic, settle_s=0)) < number:
            assert time.monotonic() < deadline, (len(found), self.started[-1].said())
            await asyncio.sleep(0.1)
        return found


@pytest.fixture
async def bench(broker: str, prefix: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """Topics for the poisoned stage; its processes are ended afterwards."""
    made = Bench(broker, prefix, tmp_path)
    await make_topics(
        made.client, [made.inbox, made.out], PARTITIONS, [made.state], large=[made.dead]
    )
    yield made
    for running in made.started:
        running.kill()
    await drop_topics(made.client, [made.inbox, made.out, made.state, made.dead])


@pytest.fixture
def note() -> Callable[..., bytes]:
    """A valid record; keyword arguments change fields."""

    def write(number: int = 0, text: str = "good", **changed: Any) -> bytes:
        value = {"id": number, "at": "2026-06-01T12:00:00Z", "text": text} | changed
        return json.dumps(value).encode()

    return write
