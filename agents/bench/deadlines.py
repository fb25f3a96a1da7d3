"""``chengyun bench deadlines``: does every deadline of a large city speak once and in time?

A street stage gets a state of so many open cases that were waiting all along: written to
its changelog, as a worker finds it when it starts. A few of their deadlines come at a
steady rate, many at one moment, and again at a steady rate while a worker is killed. What
is measured is what the tier above would: from the deadline of an acknowledgement to the
committed lift (E2), read from the audit: the whole case changes hands with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from agents import policy_files, topic_admin
from agents.backtest.city import City
from agents.bench.cluster import drop_topics, fill
from agents.bench.machine import percentile
from agents.settings import Settings, client_options
from agents.up.supervisor import worker_command
from schemas.errors import ChengyunError
from schemas.report import Report, ReportEvent
from schemas.terms import Place
from streams import street
from streams.incidents import clocks
from streams.incidents.case import CASES, Case
from streams.policy import Policy
from streams.state import DUE_BYTES, to_microseconds
from streams.topics import AUDIT, INBOXES

FAR = timedelta(days=30)
PATIENCE_S = 20.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What comes due when.

    Attributes:
        cases: open incidents in all; those that no phase needs are due in a month.
        rate: deadlines a second in the steady phases; steady_s: how long each lasts.
        burst: deadlines at one moment.
        lead_s: from the last entry written to the first deadline, in which the workers start
            and restore; gap_s: between two phases.
        workers: of the street stage; with more than one, one is lost for good at the end.
    """

    cases: int = 100_000
    rate: int = 100
    steady_s: float = 20.0
    burst: int = 10_000
    workers: int = 2
    partitions: int = 8
    seed: int = 1
    lead_s: float = 12.0
    gap_s: float = 5.0

    def phases(self, begin: float) -> dict[str, list[float]]:
        """The deadlines of each phase, seconds since 1970.

        Args:
            begin: of the first.
        """
        steady = [number / self.rate for number in range(round(self.rate * self.steady_s))]
        at = begin
        found = {"steady": [at + each for each in steady]}
        at += self.steady_s + self.gap_s
        found["burst"] = [at] * self.burst
        at += 2 * self.gap_s
        found["killed"] = [at + each for each in steady]
        if self.workers > 1:
            at += self.steady_s + self.gap_s
            found["lost"] = [at + each for each in steady]
        return found


@dataclass(slots=True)
class Heard:
    """Lifts as a reader of the audit gets them.

    Attributes:
        first: when the lift of an incident was read, seconds since 1970.
        again: lifts that came more than once.
        wanted: how many to wait for; complete: they are there.
    """

    first: dict[str, float] = field(default_factory=dict)
    again: int = 0
    wanted: int = 1 << 62
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, value: bytes, now: float) -> None:
        """One entry of the audit."""
        entry = orjson.loads(value)["data"]
        if entry["action"] != "escalate":
            return
        incident_id = entry["incident_id"]
        if incident_id in self.first:
            self.again += 1
        else:
            self.first[incident_id] = now
        if len(self.first) >= self.wanted:
            self.complete.set()

    async def until(self, number: int, latest: float) -> None:
        """Wait for so many, at most until `latest`, and a second more for those too many."""
        self.wanted = number
        if len(self.first) < number:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.complete.wait(), max(0.0, latest - time.time()))
        await asyncio.sleep(1.0)


class Bench:
    """One bench on one cluster, under a prefix of its own.

    Args:
        home: directory for the workers' logs and addresses.
    """

    def __init__(
        self, settings: Settings, bootstrap: str, plan: Plan, home: Path, tell: Tell
    ) -> None:
        self.settings = settings
        self.plan = plan
        self.home = home
        self.tell = tell
        self.bootstrap = bootstrap
        self.client = client_options(settings, bootstrap)
        self.policy = policy_files.load(settings.policy_dir)
        self._workers: list[asyncio.subprocess.Process] = []

    async def run(self) -> dict[str, Any]:
        """Fill, start, wait for every deadline, judge.

        Raises:
            ChengyunError: the workers were not ready when the first deadline came.
        """
        specs = topic_admin.wanted_topics(self.settings)
        await topic_admin.apply(self.settings, self.bootstrap, specs)
        try:
            return await self._measure()
        finally:
            for process in self._workers:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            await drop_topics(self.client, [spec.name for spec in specs])

    async def _measure(self) -> dict[str, Any]:
        plan = self.plan
        due = sum(map(len, plan.phases(0.0).values()))
        if due > plan.cases:
            raise ChengyunError(f"got {plan.cases} cases, wanted at least the {due} that come due")
        began = time.monotonic()
        width = topic_admin.sizing(self.settings, embedded=self.settings.embedded).street
        topic = self.settings.physical("chengyun.street.state.v1")
        far = datetime.now(UTC) + FAR
        case = sample(self.policy)
        names = identities(self.policy, plan.cases, plan.seed)
        rest = ((name, far) for name in names[due:])
        await fill(self.client, topic, width, entries(case, rest), area_of)
        phases = plan.phases(time.time() + plan.lead_s)
        moments = [moment for phase in phases.values() for moment in phase]
        dated = ((n, datetime.fromtimestamp(m, UTC)) for n, m in zip(names, moments, strict=False))
        await fill(self.client, topic, width, entries(case, dated), area_of)
        self.tell(
            f"{plan.cases:,} open incidents in {width} lanes, {due:,} of them with a deadline "
            f"soon, written in {time.monotonic() - began:.1f} s"
        )
        async with self._listening() as heard:
            await asyncio.gather(*(self._start(number) for number in range(plan.workers)))
            ready = await self._ready(range(plan.workers))
            if ready > moments[0]:
                raise ChengyunError(
                    f"the workers were ready {ready - moments[0]:.1f} s after the first deadline. "
                    "Operator action: repeat it on a machine that has less to do"
                )
            restart_s = await self._harm(phases)
            last = max(moments)
            await heard.until(due, last + PATIENCE_S)
        return self._judge(phases, names, heard, restart_s)

    async def _harm(self, phases: Mapping[str, list[float]]) -> float:
        """Kill a worker in the midst of one phase and start it again; lose one in the next."""
        middle = phases["killed"][len(phases["killed"]) // 2]
        await asyncio.sleep(max(0.0, middle - time.time()))
        await self._kill(0)
        killed = time.time()
        await self._start(0)
        restart_s = await self._ready([0]) - killed
        if "lost" in phases:
            middle = phases["lost"][len(phases["lost"]) // 2]
            await asyncio.sleep(max(0.0, middle - time.time()))
            await self._kill(self.plan.workers - 1)
        return restart_s

    def _judge(
        self,
        phases: Mapping[str, list[float]],
        names: list[tuple[str, str]],
        heard: Heard,
        restart_s: float,
    ) -> dict[str, Any]:
        found: dict[str, Any] = {"cases": self.plan.cases, "workers": self.plan.workers}
        number = 0
        missing = early = 0
        for phase, moments in phases.items():
            late: list[float] = []
            for moment in moments:
                at = heard.first.pop(names[number][1], None)
                number += 1
                if at is None:
                    missing += 1
                    continue
                late.append(at - moment)
                early += at < moment
            found[phase] = {
                "deadlines": len(moments),
                "p50_s": round(percentile(late, 0.5), 3),
                "p99_s": round(percentile(late, 0.99), 3),
                "max_s": round(max(late, default=0.0), 3),
            }
        found["restart_s"] = round(restart_s, 2)
        found |= {"missing": missing, "doubled": heard.again, "early": early}
        found["unasked"] = len(heard.first)
        return found

    # -- workers ---------------------------------------------------------------

    async def _start(self, number: int) -> None:
        """Start (again) one worker of the street stage, under a name that it keeps."""
        settings = self.settings
        self._address(number).unlink(missing_ok=True)
        told = {
            "BROKER": self.bootstrap,
            "PREFIX": settings.prefix,
            "DATA_DIR": str(self.home),
            "INSTANCE_ID": f"bench-{number}",
            "METRICS_PORT": "0",
            "METRICS_FILE": str(self._address(number)),
            "LOG_FORMAT": "text",
        }
        environment = {**os.environ, **{f"CHENGYUN_{name}": text for name, text in told.items()}}
        with (self.home / f"street-{number}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *worker_command("street"), stdout=log, stderr=log, env=environment
            )
        if number < len(self._workers):
            self._workers[number] = process
        else:
            self._workers.append(process)

    async def _kill(self, number: int) -> None:
        self._workers[number].kill()
        await self._workers[number].wait()

    def _address(self, number: int) -> Path:
        return self.home / f"street-{number}.address"

    async def _ready(self, numbers: Any) -> float:
        """Wait until these workers have restored and flow; answers when they were."""
        deadline = time.monotonic() + PATIENCE_S
        for number in numbers:
            while not await asyncio.to_thread(_answers, self._address(number)):
                if time.monotonic() > deadline or self._workers[number].returncode is not None:
                    log = self.home / f"street-{number}.log"
                    raise ChengyunError(f"a worker did not get ready: {log.read_text()[-2000:]}")
                await asyncio.sleep(0.05)
        return time.time()

    @asynccontextmanager
    async def _listening(self) -> Any:
        """Read the audit as it is committed."""
        heard = Heard()
        consumer = AIOKafkaConsumer(
            self.settings.physical(AUDIT.name),
            **self.client,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
        )
        await consumer.start()

        async def listen() -> None:
            while True:
                got = await consumer.getmany(timeout_ms=100)
                now = time.time()
                for records in got.values():
                    for record in records:
                        heard.take(record.value, now)

        listening = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listening.cancel()
            await consumer.stop()


def sample(policy: Policy) -> Case:
    """An open case as the street's own decisions make it, to be copied."""
    now = datetime.now(UTC)
    area = policy.areas.streets[0]
    rule = next(
        r for c in policy.codes if (r := policy.category(None, c)) and r.urgency == "urgent"
    )
    report = Report(
        report_id="bench/0",
        reported_at=now,
        intent="report",
        channel="hotline",
        category=rule.category,
        severity=rule.severity,
        urgency=rule.urgency,
        place=Place(street=area, district=policy.areas.parent(area)),
        policy_version=policy.version,
    )
    event = ReportEvent(id="bench/0/report", source="/intake", time=now, data=report)
    alone = City({"street": street.program(policy)}, mode="wall")
    alone.publish(INBOXES["street"], area, event)
    alone.run(now)
    (stored,) = alone.entries("street", "incident").values()
    return CASES.decode(stored)


def identities(policy: Policy, number: int, seed: int) -> list[tuple[str, str]]:
    """Street and id of so many incidents, over all streets of the city by chance."""
    chance = random.Random(seed)
    streets = policy.areas.streets
    found = []
    for each in range(number):
        area = chance.choice(streets)
        found.append((area, f"{area}-260101-{each:08x}"))
    return found


def entries(
    case: Case, dated: Iterator[tuple[tuple[str, str], datetime]]
) -> Iterator[tuple[bytes, bytes]]:
    """Lines of the changelog: the case once for each name, to be lifted then.

    Yields:
        The stored key, and the value with its due time before it. The partition of an
        entry is that of its area.
    """
    incident = case.incident
    far = datetime.now(UTC) + 2 * FAR
    for (area, identity), due in dated:
        incident.incident_id, incident.area = identity, area
        incident.place.street = area
        for running in case.clocks:
            running.limit_at = running.at = far
            if running.kind == clocks.ACKNOWLEDGE:
                running.stage = clocks.REMINDED
                running.limit_at = running.at = due
        stamp = to_microseconds(due).to_bytes(DUE_BYTES, "big")
        yield CASES.prefix + f"{area}/{identity}".encode(), stamp + CASES.encode(case)


def area_of(stored_key: bytes) -> bytes:
    """The area of a case's entry: it lies in that area's partition."""
    return stored_key.split(b"/")[1]


def _answers(address: Path) -> bool:
    try:
        url = f"http://{address.read_text(encoding='utf-8').strip()}/readyz"
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False
