"""Keeps the workers of a run alive within a budget, and ends them all together.

A worker that refuses to start (exit code 2) is not started again: it would refuse
again. Any other end that nobody asked for is told and answered by a restart, at most
`Budget.restarts` within `Budget.window_s`; beyond that the run ends with a message.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agents.up.plan import Plan, stage_of

REFUSED = 2
STOP_S = 4.0
LONGEST_BACK_OFF_S = 3.0


@dataclass(frozen=True, slots=True)
class Budget:
    """How many restarts of one worker within how many seconds are borne."""

    restarts: int
    window_s: float


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A worker that could not be kept alive.

    Attributes:
        worker: its name in the run.
        how: its last end, as `describe_end` tells it.
        refused: it said itself that it cannot run (a setting, a policy, a topic).
    """

    worker: str
    how: tuple[str, str | int]
    refused: bool


class Notes(Protocol):
    """Told what happens to the workers, to show it."""

    def crashed(self, stage: str, how: tuple[str, str | int], restart: int) -> None:
        """A worker has ended unexpectedly and will be started again."""

    def gave_up(self, gone: GaveUp) -> None:
        """A worker has ended too often."""


@dataclass(slots=True)
class Post:
    """One worker's place in the run and who fills it now."""

    worker: str
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    recent: deque[float] = field(default_factory=deque)

    @property
    def stage(self) -> str:
        """The stage that it serves."""
        return stage_of(self.worker)

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.returncode is None

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self.process.pid if self.process is not None and self.running else None


Command = Callable[[str], Sequence[str]]


def worker_command(stage: str) -> Sequence[str]:
    """How a worker is started: the command of this very installation."""
    return (sys.executable, "-P", "-c", _START, "worker", stage)


_START = "from agents.cli.main import main; main()"


class Supervisor:
    """Starts, watches, restarts and stops the workers of one run."""

    def __init__(
        self,
        plan: Plan,
        workers: Sequence[str],
        budget: Budget,
        notes: Notes,
        command: Command = worker_command,
    ) -> None:
        self.posts = {worker: Post(worker) for worker in workers}
        self.failed: asyncio.Future[GaveUp] = asyncio.get_running_loop().create_future()
        self._plan = plan
        self._budget = budget
        self._notes = notes
        self._command = command
        self._stopping = False
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start every worker; returns when the processes are there, not when they are ready."""
        self._plan.logs.mkdir(parents=True, exist_ok=True)
        await asyncio.gather(*(self._launch(post) for post in self.posts.values()))
        self._keepers = [asyncio.create_task(self._keep(post)) for post in self.posts.values()]

    def stopping(self) -> bool:
        """Whether the workers have been asked to end."""
        return self._stopping

    @property
    def restarts(self) -> dict[str, int]:
        """How often the workers of each stage have been started again."""
        again: dict[str, int] = {}
        for post in self.posts.values():
            again[post.stage] = again.get(post.stage, 0) + post.restarts
        return again

    @property
    def running(self) -> dict[str, bool]:
        """Whether all workers of a stage are there."""
        there: dict[str, bool] = {}
        for post in self.posts.values():
            there[post.stage] = there.get(post.stage, True) and post.running
        return there

    async def stop(self, within_s: float = STOP_S) -> None:
        """Ask every worker to end, wait, and end by force what has not."""
        self._stopping = True
        self._signal(signal.SIGTERM)
        waiting = [post.process.wait() for post in self.posts.values() if post.process]
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(*waiting)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await asyncio.gather(*(p.process.wait() for p in self.posts.values() if p.process))
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def hurry(self) -> None:
        """End every worker at once; nothing is lost, what was not committed comes again."""
        self._stopping = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for post in self.posts.values():
            if post.running and post.process is not None:
                post.process.send_signal(number)

    async def _launch(self, post: Post) -> None:
        self._plan.address_file(post.worker).unlink(missing_ok=True)
        log = self._plan.log_of(post.worker)
        with log.open("ab") as output:
            post.process = await asyncio.create_subprocess_exec(
                *self._command(post.stage),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=self._plan.environment(post.worker, os.environ),
                # A Ctrl-C in the terminal is for us; we end the workers in order.
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    async def _keep(self, post: Post) -> None:
        """Wait for the worker's end, start it again, until the budget is spent."""
        loop = asyncio.get_running_loop()
        while post.process is not None:
            code = await post.process.wait()
            if self.stopping():
                return
            now = loop.time()
            post.recent.append(now)
            while post.recent and now - post.recent[0] > self._budget.window_s:
                post.recent.popleft()
            refused = code == REFUSED
            if refused or len(post.recent) > self._budget.restarts:
                gone = GaveUp(post.worker, describe_end(code), refused)
                self._notes.gave_up(gone)
                if not self.failed.done():
                    self.failed.set_result(gone)
                return
            self._notes.crashed(post.stage, describe_end(code), len(post.recent))
            # The first restart comes at once: most crashes are single.
            await asyncio.sleep(min(LONGEST_BACK_OFF_S, 0.5 * (len(post.recent) - 1)))
            if self.stopping():
                return
            post.restarts += 1
            await self._launch(post)


def describe_end(code: int) -> tuple[str, str | int]:
    """The text and the value that tell how a process ended."""
    if code < 0:
        try:
            return "how_signal", signal.Signals(-code).name
        except ValueError:
            return "how_signal", -code
    return "how_code", code


def last_lines(log: Path, count: int = 12, most_bytes: int = 20_000) -> list[str]:
    """The end of a worker's log, for whoever must see at once why it ended."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most_bytes))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-count:]


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Between fork and exec: if we are killed outright, the worker is told to end too."""
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
