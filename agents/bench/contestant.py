"""The job of the bench as a process, so that it can run beside those of other engines.

Reads and writes the topics it is told, and ends with one JSON line that says how many
records it committed, in what time, and what the processor spent on it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from agents.bench.job import Job
from agents.runtime.observe import CommittedChunk, LaneStatus, Observer
from agents.runtime.options import Guarantee, StageOptions
from agents.runtime.stage import Chunks, Stage
from agents.runtime.worker import run_stage
from agents.settings import load_settings
from schemas.errors import ChengyunError
from streams.program import Program


@dataclass(frozen=True, slots=True)
class Task:
    """What a contestant works on.

    Attributes:
        stage: group, transactional ids and state topic are made of it.
        source, target: topics to read and write, without the prefix.
        prefix: stands before every topic, group and transactional id.
        until: end after so many records; 0 runs until told to stop.
    """

    stage: str
    source: str
    target: str
    bootstrap: str
    prefix: str = ""
    instance: str | None = None
    until: int = 0
    guarantee: Guarantee = "exactly_once"

    def as_argument(self) -> str:
        """The task as a process's one argument."""
        return json.dumps(asdict(self))


class Tachometer(Observer):
    """Counts what is committed, from the first record to the last."""

    def __init__(self, until: int) -> None:
        self.until = until
        self.records = 0
        self.chunks = 0
        self.dead = 0
        self.outputs = 0
        self.began = 0.0
        self.cpu_began = 0.0
        self.ended = 0.0
        self.cpu_ended = 0.0
        self.opened = 0.0
        self.restore_s = 0.0
        self.entries = 0
        self.step_s = 0.0
        self.transactions_s: list[float] = []
        self._lanes: dict[int, LaneStatus] = {}
        self.done: Callable[[], None] = lambda: None

    def status(self, stage: str, partition: int, status: LaneStatus) -> None:
        """The clock of the restore starts with the first lane, that of the job after it."""
        self._lanes[partition] = status
        now = time.perf_counter()
        if status == "opening" and not self.opened:
            self.opened = now
        if self.began or set(self._lanes.values()) != {"flowing"}:
            return
        self.began = now
        self.cpu_began = time.process_time()
        self.restore_s = now - self.opened
        if not self.until:
            sys.stdout.write("flowing\n")
            sys.stdout.flush()

    def restored(
        self, stage: str, partition: int, state: Mapping[bytes, bytes], program: Program
    ) -> None:
        """Count what came back."""
        self.entries += len(state)

    def committed(self, stage: str, partition: int, chunk: CommittedChunk) -> None:
        """Count; end when everything is done."""
        effects = chunk.effects
        self.records += effects.consumed
        self.chunks += 1
        self.dead += len(effects.dead)
        self.outputs += len(effects.outputs)
        self.step_s += chunk.step_s
        self.transactions_s.append(chunk.transaction_s)
        self.ended = time.perf_counter()
        self.cpu_ended = time.process_time()
        if self.until and self.records >= self.until:
            self.done()

    def report(self) -> dict[str, Any]:
        """The figures of the run."""
        seconds = self.ended - self.began
        spent = sorted(self.transactions_s) or [0.0]
        return {
            "records": self.records,
            "outputs": self.outputs,
            "dead": self.dead,
            "seconds": round(seconds, 3),
            "per_second": round(self.records / seconds) if seconds > 0 else 0,
            "cpu_s": round(self.cpu_ended - self.cpu_began, 3),
            "cpu_s_per_million": round(
                (self.cpu_ended - self.cpu_began) / max(1, self.records) * 1e6, 3
            ),
            "cpu_s_whole_process": round(time.process_time(), 3),
            "restored": self.entries,
            "restore_s": round(self.restore_s, 3),
            "chunks": self.chunks,
            "step_s": round(self.step_s, 3),
            "transaction_ms_p50": round(spent[len(spent) // 2] * 1e3, 2),
            "transaction_ms_p99": round(spent[int(len(spent) * 0.99)] * 1e3, 2),
            "rss_mb": round(_rss_mb(), 1),
        }


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def compete(task: Task) -> None:
    """Run the job as this process; the report is the last line of standard output.

    Limits, linger and time-outs are the settings (CHENGYUN_CHUNK_RECORDS and so on), as
    for any worker.
    """
    settings = load_settings(broker=task.bootstrap, prefix=task.prefix, instance_id=task.instance)
    options = replace(StageOptions.of(settings, task.stage), guarantee=task.guarantee)
    meter = Tachometer(task.until)

    def make(ended: Callable[[ChengyunError], None]) -> Stage:
        program: Program = Job(task.stage, task.source, task.target)
        stage = Stage(program, options, observer=meter, ended=ended)
        meter.done = lambda: _finish(meter)

        @stage.agent
        async def bench(chunks: Chunks) -> None:
            async for chunk in chunks:
                chunk.apply()

        return stage

    run_stage(make, last=lambda: _print(meter))


def _print(meter: Tachometer) -> None:
    sys.stdout.write(json.dumps(meter.report()) + "\n")
    sys.stdout.flush()


def _finish(meter: Tachometer) -> None:
    """Everything is committed: say so and end at once."""
    _print(meter)
    os._exit(0)


def main() -> None:
    """Run the task that the one argument describes."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    compete(Task(**json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
