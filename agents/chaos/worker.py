"""A tortured stage as a process: ``python -m agents.chaos.worker '{…}'``.

It dies and stalls on request: SIGUSR1 kills it in the midst of its next commit, all
batches sent and acknowledged; SIGUSR2 just after the next commit, before memory knows;
SIGHUP makes its next commit last longer than the transaction may.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from agents.chaos.program import Torture, topic
from agents.runtime.options import StageOptions
from agents.runtime.stage import Chunks, Stage
from agents.runtime.worker import run_stage
from schemas.errors import ChengyunError
from streams.effects import ChunkLimits


@dataclass(frozen=True, slots=True)
class Orders:
    """What one worker process is told.

    Attributes:
        inputs, output: bare topic names.
        instance: a name for static membership, or None.
        stall_s: how long a stalled commit lasts, seconds.
    """

    bootstrap: str
    prefix: str
    stage: str
    inputs: tuple[str, ...]
    output: str
    instance: str | None = None
    session_timeout_s: float = 2.0
    transaction_timeout_s: float = 5.0
    stall_s: float = 7.0

    def as_argument(self) -> str:
        """The orders as the process's one argument."""
        return json.dumps(asdict(self))


class Doom:
    """What is to happen around the next commit; set by signals."""

    def __init__(self, stall_s: float) -> None:
        self.stall_s = stall_s
        self.fates: set[str] = set()
        for number, fate in (
            (signal.SIGUSR1, "kill before_commit"),
            (signal.SIGUSR2, "kill after_commit"),
            (signal.SIGHUP, "stall before_commit"),
        ):
            asyncio.get_running_loop().add_signal_handler(number, self.fates.add, fate)

    async def hook(self, moment: str, partition: int) -> None:
        """Called by the producer around each commit."""
        if f"kill {moment}" in self.fates:
            os.kill(os.getpid(), signal.SIGKILL)
        if f"stall {moment}" in self.fates:
            self.fates.discard(f"stall {moment}")
            await asyncio.sleep(self.stall_s)


def build(orders: Orders, ended: Callable[[ChengyunError], None]) -> Stage:
    """The tortured stage, with its agent and its doom."""
    program = Torture(
        orders.stage, tuple(topic(name) for name in orders.inputs), topic(orders.output)
    )
    options = StageOptions(
        orders.stage,
        {"bootstrap_servers": orders.bootstrap},
        prefix=orders.prefix,
        instance_id=orders.instance,
        limits=ChunkLimits(records=500),
        session_timeout_s=orders.session_timeout_s,
        transaction_timeout_s=orders.transaction_timeout_s,
    )
    stage = Stage(program, options, hook=Doom(orders.stall_s).hook, ended=ended)

    @stage.agent
    async def torture(chunks: Chunks) -> None:
        async for chunk in chunks:
            chunk.apply()

    return stage


def main() -> None:
    """Run the worker that the one argument describes."""
    orders = json.loads(sys.argv[1])
    orders["inputs"] = tuple(orders["inputs"])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("faust").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    run_stage(lambda ended: build(Orders(**orders), ended))


if __name__ == "__main__":
    main()
