"""``chengyun bench runtime``: throughput, delay, restore and recovery of one stage.

All of it with one setting of the stage: what is gained for a backlog must not be paid
for in delay. The contestant is a process of its own; generator and reader are here.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from agents.bench.cluster import drop_topics, fill, make_topics, read_all
from agents.bench.contestant import Task
from agents.bench.job import TALLIES, Tally, event_bytes, events, expected
from agents.bench.machine import percentile, spread
from streams.partitioner import Homes

Report = Callable[[str], None]

STAGE = "bench"
SOURCE = "bench.in"
TARGET = "bench.out"
READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured and how often."""

    records: int = 1_000_000
    partitions: int = 8
    runs: int = 3
    seed: int = 1
    rates: tuple[int, ...] = (2_000, 5_000)
    rate_s: float = 20.0
    restore_keys: int = 1_000_000
    kills: int = 5


@dataclass(slots=True)
class Bench:
    """One bench on one cluster. `environment` reaches every contestant: its settings."""

    client: Mapping[str, str]
    plan: Plan
    environment: Mapping[str, str]
    report: Report

    async def run(self) -> dict[str, Any]:
        """Everything, one after the other."""
        plan = self.plan
        self.report(f"{plan.records:,} events of about 400 bytes, {plan.partitions} lanes")
        found: dict[str, Any] = {"backlog": await self.backlog()}
        found["rates"] = {str(rate): await self.delay(rate) for rate in plan.rates}
        if plan.restore_keys:
            found["restore"] = await self.restore()
        if plan.kills:
            found["recovery"] = await self.recovery()
        return found

    # --- throughput ------------------------------------------------------------------------

    async def backlog(self) -> dict[str, Any]:
        """Events a second and processor seconds on a backlog, checked against the reference."""
        plan = self.plan
        reference = expected(plan.records, plan.seed)
        runs: list[dict[str, Any]] = []
        for number in range(1, plan.runs + 1):
            async with self._topics() as task:
                await fill(
                    self.client,
                    self._name(task, SOURCE),
                    plan.partitions,
                    events(plan.records, plan.seed),
                )
                process = await self._start(replace(task, until=plan.records))
                out, _ = await process.communicate()
                figures = json.loads(out.splitlines()[-1])
                figures["wrong"] = await self._check(task, reference)
            runs.append(figures)
            self.report(
                f"run {number}: {figures['per_second']:,} events/s, "
                f"{figures['cpu_s_per_million']:.2f} CPU s per million, wrong: {figures['wrong']}"
            )
        return {
            "per_second": spread([r["per_second"] for r in runs]),
            "cpu_s_per_million": spread([r["cpu_s_per_million"] for r in runs]),
            "cpu_s_whole_process": spread([r["cpu_s_whole_process"] for r in runs]),
            "wrong": max(r["wrong"] for r in runs),
            "runs": runs,
        }

    async def _check(self, task: Task, reference: tuple[dict[tuple[str, int], int], int]) -> int:
        """How many outputs and dead letters differ from what must come out."""
        wanted, broken = reference
        got: dict[tuple[str, int], int] = {}
        doubled = dead = 0
        async for records in read_all(
            self.client, [self._name(task, TARGET)], self.plan.partitions
        ):
            for record in records:
                said = orjson.loads(record.value)
                doubled += (said["tally"], said["count"]) in got
                got[said["tally"], said["count"]] = said["id"]
        async for records in read_all(self.client, [_dead(task)], self.plan.partitions):
            dead += len(records)
        return doubled + len(wanted.items() ^ got.items()) + abs(dead - broken)

    # --- delay -----------------------------------------------------------------------------

    async def delay(self, rate: int) -> dict[str, Any]:
        """Milliseconds from an event's time to its output, read committed, at a rate."""
        async with self._topics() as task, self._running(task) as process:
            delays: list[float] = []
            begins = time.time() + 3.0
            ends = begins + self.plan.rate_s

            def arrived(records: list[Any], now: float) -> None:
                for record in records:
                    at = orjson.loads(record.value)["time"]
                    if begins <= at <= ends:
                        delays.append((now - at) * 1_000)

            async with self._listening(task, arrived):
                before = _cpu_s(process.pid)
                sent = await self._offer(task, rate, ends)
                spent = _cpu_s(process.pid) - before
                await asyncio.sleep(1.5)
            process.send_signal(signal.SIGTERM)
            out, _ = await process.communicate()
            told = json.loads(out.splitlines()[-1])
        found = {
            "sent": sent,
            "outputs": len(delays),
            "p50_ms": round(percentile(delays, 0.5), 1),
            "p99_ms": round(percentile(delays, 0.99), 1),
            "max_ms": round(max(delays, default=0.0), 1),
            "transactions_per_second": round(told["chunks"] / told["seconds"], 1),
            "transaction_ms_p50": told["transaction_ms_p50"],
            "cpu_share": round(spent / (self.plan.rate_s + 3.0), 3),
        }
        self.report(
            f"{rate:,} events/s: p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms, "
            f"max {found['max_ms']} ms, {found['cpu_share']:.0%} of a core, "
            f"{found['transactions_per_second']:.0f} transactions/s"
        )
        return found

    async def _offer(self, task: Task, rate: int, until: float) -> int:
        """Send events at a steady rate, stamped with the time they are sent at."""
        chance = random.Random(self.plan.seed)
        topic = self._name(task, SOURCE)
        homes = Homes(self.plan.partitions)
        producer = AIOKafkaProducer(**self.client, acks="all", linger_ms=0)
        await producer.start()
        sent = 0
        began = time.time()
        try:
            while (now := time.time()) < until:
                batches: dict[int, Any] = {}
                while sent < (now - began) * rate:
                    key, value = event_bytes(sent, chance, now)
                    batch = batches.get(homes[key])
                    if batch is None:
                        batch = batches[homes[key]] = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None)
                    sent += 1
                for number, batch in batches.items():
                    await producer.send_batch(batch, topic, partition=number)
                await asyncio.sleep(0.004)
        finally:
            await producer.stop()
        return sent

    # --- restore ---------------------------------------------------------------------------

    async def restore(self) -> dict[str, Any]:
        """Seconds to bring back a large state, from the open changelog to flowing lanes."""
        plan = self.plan
        async with self._topics() as task:
            await fill(self.client, _state(task), plan.partitions, _entries(plan.restore_keys))
            runs: list[dict[str, Any]] = []
            for _ in range(plan.runs):
                process = await self._start(task)
                await self._until_flowing(process)
                process.send_signal(signal.SIGTERM)
                out, _ = await process.communicate()
                runs.append(json.loads(out.splitlines()[-1]))
        seconds = spread([r["restore_s"] for r in runs])
        self.report(
            f"{plan.restore_keys:,} keys restored in {seconds['median']:.2f} s "
            f"({plan.restore_keys / seconds['median']:,.0f} a second)"
        )
        return {
            "keys": plan.restore_keys,
            "restored": runs[-1]["restored"],
            "seconds": seconds,
            "rss_mb": runs[-1]["rss_mb"],
        }

    # --- recovery --------------------------------------------------------------------------

    async def recovery(self) -> dict[str, Any]:
        """Seconds from a kill -9 with restart at once to the first output after it."""
        seconds: list[float] = []
        async with self._topics() as task:
            static = replace(task, instance="bench-0")
            killed = float("inf")
            again = asyncio.Event()

            def arrived(records: list[Any], now: float) -> None:
                if any(record.timestamp / 1_000 > killed + 0.05 for record in records):
                    again.set()

            until = time.time() + 3_600
            async with self._listening(task, arrived):
                offering = asyncio.create_task(self._offer(task, 2_000, until))
                process = await self._start(static)
                await self._until_flowing(process)
                for _ in range(self.plan.kills):
                    await asyncio.sleep(3.0)
                    process.send_signal(signal.SIGKILL)
                    killed = time.time()
                    await process.wait()
                    process = await self._start(static)
                    await asyncio.wait_for(again.wait(), READY_S)
                    seconds.append(time.time() - killed)
                    killed = float("inf")
                    again.clear()
                offering.cancel()
                process.kill()
                await process.wait()
        found = spread([round(s, 2) for s in seconds])
        self.report(f"first output {found['median']} s after a kill -9 (at most {found['max']} s)")
        return {"seconds": found}

    # --- the contestant --------------------------------------------------------------------

    @asynccontextmanager
    async def _topics(self) -> Any:
        """Fresh topics for one measurement, deleted afterwards."""
        prefix = f"bench{random.SystemRandom().randrange(1 << 32):08x}."
        task = Task(
            stage=STAGE,
            source=SOURCE,
            target=TARGET,
            prefix=prefix,
            bootstrap=self.client["bootstrap_servers"],
        )
        names = [prefix + SOURCE, prefix + TARGET]
        await make_topics(
            self.client,
            names,
            self.plan.partitions,
            [_state(task)],
            large=[_dead(task)],
            group=prefix + STAGE,
        )
        try:
            yield task
        finally:
            await drop_topics(self.client, [*names, _state(task), _dead(task)])

    async def _start(self, task: Task) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agents.bench.contestant",
            task.as_argument(),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **self.environment},
        )

    @asynccontextmanager
    async def _running(self, task: Task) -> Any:
        process = await self._start(task)
        try:
            await self._until_flowing(process)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _until_flowing(self, process: asyncio.subprocess.Process) -> None:
        """The contestant prints one line when all its lanes flow."""
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), READY_S)
        if line.strip() != b"flowing":
            raise RuntimeError(f"the contestant said {line!r}, wanted 'flowing'")

    @asynccontextmanager
    async def _listening(self, task: Task, arrived: Callable[[list[Any], float], None]) -> Any:
        """Read the outputs as they are committed."""
        consumer = AIOKafkaConsumer(
            self._name(task, TARGET),
            **self.client,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
        )
        await consumer.start()

        async def listen() -> None:
            while True:
                got = await consumer.getmany(timeout_ms=200)
                now = time.time()
                for records in got.values():
                    arrived(records, now)

        listening = asyncio.create_task(listen())
        try:
            yield
        finally:
            listening.cancel()
            await consumer.stop()

    def _name(self, task: Task, topic: str) -> str:
        return task.prefix + topic


def _state(task: Task) -> str:
    return f"{task.prefix}chengyun.{task.stage}.state.v1"


def _dead(task: Task) -> str:
    return f"{task.prefix}chengyun.dead-letters.v1"


def _entries(keys: int) -> Iterator[tuple[bytes, bytes]]:
    """A changelog of so many tallies."""
    none = bytes(8)
    for number in range(keys):
        key = TALLIES.prefix + b"9901%07d/%d" % (number // 60, number % 60)
        yield key, none + TALLIES.encode(Tally(number, number, 1.0, 1.0, 1.0))


def _cpu_s(pid: int) -> float:
    """Processor seconds that a process has used; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
