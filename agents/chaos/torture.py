"""The torture itself: a broker, two chained stages of two workers each, faults, a verdict."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents import broker
from agents.bench.cluster import make_topics
from agents.chaos.faults import Fault, draw
from agents.chaos.model import Verdict, judge
from agents.chaos.worker import Orders
from agents.settings import Settings

PREFIX = "chaos."
KEYS = 300
FIRST = "chaos-one"
SECOND = "chaos-two"
INPUTS = ("in-a", "in-b")
MIDDLE = "middle"
LAST = "last"
DRAIN_S = 90.0
LONGEST_DRAIN_S = 600.0
RESTART_S = 0.1

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard.

    Attributes:
        rate: events per second.
        partitions: of every topic.
        workers: per stage; the first of each is a static member, the others are dynamic.
        gap_s: mean time between faults, seconds.
    """

    faults: int
    seed: int
    rate: int = 1_000
    partitions: int = 4
    workers: int = 2
    gap_s: float = 1.5


@dataclass(slots=True)
class Outcome:
    """What was done and what came of it."""

    faults: Counter[str]
    exits: Counter[int]
    verdicts: list[Verdict]
    events: int
    seconds: float
    drained_s: float

    @property
    def right(self) -> bool:
        """Whether nothing was lost, doubled or out of order anywhere."""
        return bool(self.verdicts) and all(verdict.right for verdict in self.verdicts)


@dataclass(slots=True)
class Victim:
    """One worker process and its log; started again whenever it ends."""

    orders: Orders
    log: TextIO
    process: subprocess.Popen[bytes] | None = None
    frozen: bool = False
    started_at: float = 0.0

    def start(self) -> None:
        """Start the process."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agents.chaos.worker", self.orders.as_argument()],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def end(self) -> None:
        """End it for good."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.log.close()


@dataclass
class Torture:
    """One run. `home` gets the broker's data and the workers' logs."""

    plan: Plan
    settings: Settings
    home: Path
    report: Report
    exits: Counter[int] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    victims: list[Victim] = field(default_factory=list)
    sent: int = 0

    async def run(self) -> Outcome:
        """Torture, drain, judge."""
        began = time.monotonic()
        running = await asyncio.to_thread(broker.start, self.settings, self.report)
        assert running.bootstrap is not None
        client = {"bootstrap_servers": running.bootstrap}
        tasks: list[asyncio.Task[Any]] = []
        try:
            await self._prepare(client)
            stop = asyncio.Event()
            feeding = asyncio.create_task(self._feed(client, stop))
            tasks = [feeding, asyncio.create_task(self._restart())]
            await asyncio.sleep(3.0)
            await self._hurt(tasks)
            stop.set()
            await feeding
            self.report(f"{self.sent} events sent; waiting until the stages have settled")
            ended = time.monotonic()
            verdicts = await self._settle(client)
            return Outcome(
                self.done,
                self.exits,
                verdicts,
                self.sent,
                time.monotonic() - began,
                time.monotonic() - ended,
            )
        finally:
            for task in tasks:
                task.cancel()
            for victim in self.victims:
                victim.end()
            await asyncio.to_thread(broker.stop, self.settings)

    async def _prepare(self, client: dict[str, str]) -> None:
        plan = self.plan
        names = [PREFIX + name for name in (*INPUTS, MIDDLE, LAST)]
        states = [f"{PREFIX}chengyun.{stage}.state.v1" for stage in (FIRST, SECOND)]
        await make_topics(client, names, plan.partitions, states)
        for stage, inputs, output in ((FIRST, INPUTS, MIDDLE), (SECOND, (MIDDLE,), LAST)):
            for number in range(plan.workers):
                orders = Orders(
                    client["bootstrap_servers"],
                    PREFIX,
                    stage,
                    inputs,
                    output,
                    instance=f"{stage}-{number}" if number == 0 else None,
                )
                log = (self.home / f"{stage}-{number}.log").open("a", encoding="utf-8")
                victim = Victim(orders, log)
                victim.start()
                self.victims.append(victim)

    async def _feed(self, client: dict[str, str], stop: asyncio.Event) -> None:
        """Send events at the planned rate, keys uneven, each key to one input only."""
        chance = random.Random(self.plan.seed + 1)
        producer = AIOKafkaProducer(
            **client, acks="all", enable_idempotence=True, linger_ms=5, request_timeout_ms=60_000
        )
        await producer.start()
        began = time.monotonic()
        numbers: Counter[int] = Counter()
        try:
            while not stop.is_set():
                due = int((time.monotonic() - began) * self.plan.rate)
                while self.sent < due:
                    uneven = chance.random() < 0.5
                    key = (
                        int(chance.paretovariate(1.2)) % KEYS if uneven else chance.randrange(KEYS)
                    )
                    numbers[key] += 1
                    name = f"k{key}"
                    value = orjson.dumps({"id": numbers[key], "key": name})
                    source = PREFIX + INPUTS[key % 3 == 0]
                    await producer.send(source, value, key=name.encode())
                    self.sent += 1
                await asyncio.sleep(0.01)
            await producer.flush()
        finally:
            await producer.stop()

    async def _restart(self) -> None:
        """Start again whoever ended, as a supervisor would."""
        while True:
            for victim in self.victims:
                process = victim.process
                if process is not None and process.poll() is not None:
                    self.exits[process.returncode] += 1
                    victim.start()
            await asyncio.sleep(RESTART_S)

    # --- faults ----------------------------------------------------------------------------

    async def _hurt(self, tasks: list[asyncio.Task[Any]]) -> None:
        """Do every fault of the plan."""
        lasting: list[asyncio.Task[None]] = []
        told = time.monotonic()
        for number, fault in enumerate(draw(self.plan.faults, self.plan.seed, self.plan.gap_s), 1):
            await asyncio.sleep(fault.wait_s)
            for task in tasks:
                if task.done():
                    task.result()
            lasting += await self._do(fault)
            self.done[fault.kind] += 1
            if time.monotonic() - told > 10 or number == self.plan.faults:
                told = time.monotonic()
                self.report(f"{number} of {self.plan.faults} faults, {self.sent} events sent")
        await asyncio.gather(*lasting)

    async def _do(self, fault: Fault) -> list[asyncio.Task[None]]:
        if fault.kind == "kill broker":
            await asyncio.to_thread(broker.kill, self.settings)
            await asyncio.sleep(fault.lasts_s)
            await asyncio.to_thread(broker.start, self.settings)
            return []
        if fault.kind == "join":
            return [asyncio.create_task(self._join(fault))]
        victim = await self._choose(fault)
        if fault.kind == "freeze":
            return [asyncio.create_task(self._freeze(victim, fault.lasts_s))]
        victim.send(
            {
                "kill": signal.SIGKILL,
                "term": signal.SIGTERM,
                "kill before commit": signal.SIGUSR1,
                "kill after commit": signal.SIGUSR2,
                "stall": signal.SIGHUP,
            }[fault.kind]
        )
        return []

    async def _choose(self, fault: Fault) -> Victim:
        """A worker that runs, is not frozen, and is old enough to have heard of signals."""
        while True:
            now = time.monotonic()
            ready = [
                v for v in self.victims if v.alive and not v.frozen and now - v.started_at > 2.0
            ]
            if ready:
                return ready[fault.worker % len(ready)]
            await asyncio.sleep(0.1)

    async def _freeze(self, victim: Victim, seconds: float) -> None:
        """Stop a worker as a hypervisor would, and let it go on as if nothing had been."""
        process = victim.process
        assert process is not None
        victim.frozen = True
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
        victim.frozen = False

    async def _join(self, fault: Fault) -> None:
        """A further worker comes, takes partitions, and leaves in order."""
        orders = replace(self.victims[fault.worker % len(self.victims)].orders, instance=None)
        log = (self.home / f"{orders.stage}-guest.log").open("a", encoding="utf-8")
        guest = Victim(orders, log)
        guest.start()
        try:
            await asyncio.sleep(2.0 + fault.lasts_s)
            guest.send(signal.SIGTERM)
            for _ in range(50):
                if not guest.alive:
                    break
                await asyncio.sleep(0.1)
        finally:
            guest.end()

    # --- the verdict -----------------------------------------------------------------------

    async def _settle(self, client: dict[str, str]) -> list[Verdict]:
        """Judge until everything is right, or until it should long have been.

        A busy machine may take its time: the patience begins anew while something moves.
        """
        began = time.monotonic()
        until = began + DRAIN_S
        before: list[Verdict] = []
        while True:
            await asyncio.sleep(4.0)
            try:
                verdicts = [
                    await self._judge(client, FIRST, INPUTS, MIDDLE),
                    await self._judge(client, SECOND, (MIDDLE,), LAST),
                ]
            except KafkaError:
                if time.monotonic() > until:
                    raise
                continue
            if all(verdict.right for verdict in verdicts) or time.monotonic() > until:
                return verdicts
            if verdicts != before:
                before = verdicts
                until = min(time.monotonic() + DRAIN_S, began + LONGEST_DRAIN_S)

    async def _judge(
        self, client: dict[str, str], stage: str, inputs: tuple[str, ...], output: str
    ) -> Verdict:
        return await judge(
            client,
            stage,
            [PREFIX + name for name in inputs],
            PREFIX + output,
            f"{PREFIX}chengyun.{stage}.state.v1",
            self.plan.partitions,
        )


def _uneven_key(chance: random.Random) -> int:
    """Half of the events fall on a few keys, the other half evenly on all."""
    if chance.random() < 0.5:
        return int(chance.paretovariate(1.2)) % KEYS
    return chance.randrange(KEYS)
