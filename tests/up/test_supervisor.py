"""Workers are kept alive within a budget and ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agents.settings import load_settings
from agents.up.plan import Plan
from agents.up.supervisor import Budget, GaveUp, Supervisor, describe_end, last_lines
from streams.topics import Sizing

STAYS = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0)); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
CRASHES = "print('out of luck'); exit(75)"
REFUSES = "print('chengyun: no such policy'); exit(2)"


@dataclass
class Told:
    """What the supervisor said."""

    crashes: list[tuple[str, tuple[str, str | int], int]] = field(default_factory=list)
    gone: list[GaveUp] = field(default_factory=list)

    def crashed(self, stage: str, how: tuple[str, str | int], restart: int) -> None:
        self.crashes.append((stage, how, restart))

    def gave_up(self, gone: GaveUp) -> None:
        self.gone.append(gone)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    settings = load_settings(data_dir=tmp_path, prefix="t.", broker="127.0.0.1:1")
    return Plan(settings, "127.0.0.1:1", False, Sizing(), "nothing")


def script(code: str | dict[str, str]) -> Callable[[str], Sequence[str]]:
    """A command that runs Python code instead of a worker."""
    return lambda stage: (sys.executable, "-c", code if isinstance(code, str) else code[stage])


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)


async def test_a_worker_that_was_killed_is_started_again_and_the_others_are_left_alone(
    plan: Plan,
) -> None:
    told = Told()
    supervisor = Supervisor(plan, ("street", "city"), Budget(5, 60), told, script(STAYS))
    await supervisor.start()
    street, city = supervisor.posts["street"].pid, supervisor.posts["city"].pid
    assert street is not None
    os.kill(street, signal.SIGKILL)
    await until(lambda: supervisor.posts["street"].restarts == 1)
    await until(lambda: supervisor.posts["street"].running)
    assert supervisor.posts["street"].pid != street
    assert supervisor.posts["city"].pid == city
    assert told.crashes == [("street", ("how_signal", "SIGKILL"), 1)]
    await asyncio.wait_for(supervisor.stop(), 20)
    assert not any(post.running for post in supervisor.posts.values())


async def test_a_worker_that_ends_again_and_again_is_given_up_with_its_last_words(
    plan: Plan,
) -> None:
    told = Told()
    commands = script({"street": CRASHES, "city": STAYS})
    supervisor = Supervisor(plan, ("street", "city"), Budget(2, 60), told, commands)
    await supervisor.start()
    gone = await asyncio.wait_for(supervisor.failed, 15)
    assert gone == GaveUp("street", ("how_code", 75), refused=False)
    assert [n for _, _, n in told.crashes] == [1, 2]
    assert last_lines(plan.log_of("street")) == ["out of luck"] * 3
    await supervisor.stop()
    assert not supervisor.posts["city"].running


async def test_a_worker_that_refuses_to_start_is_not_asked_twice(plan: Plan) -> None:
    told = Told()
    supervisor = Supervisor(plan, ("city",), Budget(5, 60), told, script(REFUSES))
    await supervisor.start()
    gone = await asyncio.wait_for(supervisor.failed, 10)
    assert gone.refused
    assert told.crashes == []
    assert last_lines(plan.log_of("city")) == ["chengyun: no such policy"]
    await supervisor.stop()


async def test_a_worker_that_does_not_listen_is_ended_by_force(plan: Plan) -> None:
    supervisor = Supervisor(plan, ("city",), Budget(5, 60), Told(), script(DEAF))
    await supervisor.start()
    await asyncio.sleep(0.5)
    await asyncio.wait_for(supervisor.stop(within_s=0.5), 20)
    assert not supervisor.posts["city"].running


async def test_hurrying_ends_everything_at_once_and_nothing_is_started_again(plan: Plan) -> None:
    told = Told()
    supervisor = Supervisor(plan, ("street", "city"), Budget(5, 60), told, script(DEAF))
    await supervisor.start()
    supervisor.hurry()
    await supervisor.stop()
    assert told.crashes == []
    assert not any(post.running for post in supervisor.posts.values())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
async def test_workers_do_not_outlive_a_run_that_was_killed(plan: Plan, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    parent = f"""
import asyncio, sys
from agents.settings import load_settings
from agents.up.plan import Plan
from agents.up.supervisor import Budget, Supervisor
from pathlib import Path
from streams.topics import Sizing
from tests_told import Told

async def main():
    settings = load_settings(data_dir=Path({str(tmp_path)!r}), prefix="p.", broker="127.0.0.1:1")
    plan = Plan(settings, "127.0.0.1:1", False, Sizing(), "nothing")
    command = lambda stage: (sys.executable, "-c", {STAYS!r})
    supervisor = Supervisor(plan, ("city",), Budget(0, 1), Told(), command)
    await supervisor.start()
    Path({str(pid_file)!r}).write_text(str(supervisor.posts["city"].pid))
    await asyncio.sleep(60)

asyncio.run(main())
"""
    (tmp_path / "tests_told.py").write_text(
        "class Told:\n    def crashed(self, *a): ...\n    def gave_up(self, *a): ...\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    await until(lambda: pid_file.exists() and pid_file.read_text() != "")
    worker = int(pid_file.read_text())
    await asyncio.sleep(0.3)
    process.kill()
    await process.wait()

    def gone() -> bool:
        status = Path(f"/proc/{worker}/stat")
        return not status.exists() or status.read_text().split()[2] == "Z"

    await until(gone, 5)


def test_an_end_is_told_by_signal_or_code() -> None:
    assert describe_end(-9) == ("how_signal", "SIGKILL")
    assert describe_end(75) == ("how_code", 75)
    assert last_lines(Path("/nowhere/at/all.log")) == []


def test_a_worker_is_told_its_city_and_nothing_else(plan: Plan) -> None:
    told = plan.environment("street", {"PATH": "/bin", "CHENGYUN_PREFIX": "other."})
    assert told["PATH"] == "/bin"
    assert told["CHENGYUN_PREFIX"] == "t."
    assert told["CHENGYUN_METRICS_FILE"].endswith("street.address")
    assert told["CHENGYUN_METRICS_PORT"] == "0"
    assert "CHENGYUN_CLOCK_REAL_ORIGIN" not in told
    assert told["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    own = plan.environment("street", {"GLIBC_TUNABLES": "glibc.malloc.arena_max=1"})
    assert own["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=1"
