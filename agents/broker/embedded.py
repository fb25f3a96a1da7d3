"""Start, find and stop the embedded broker.

Everything lives in ``<data_dir>/broker``::

    broker.json         pid, ports and cluster id of the last start
    server.properties   what it was started with
    server.log          Kafka's own log; broker.out has what Java printed
    kafka/              the data
    lock                held while a start or stop runs, by the system, so it is never stale

A broker counts as running when a broker with our cluster id answers on our port.
A pid alone proves nothing: the system reuses them.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.broker import storage
from agents.broker.jars import Report, class_path, find_java, kafka_file, locked
from agents.broker.wire import identify
from agents.settings import Settings
from schemas.errors import ConfigurationError

HOST = "127.0.0.1"
_STOP_TIMEOUT_S = 20.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """How the embedded broker is: where it listens, what runs it, where its data is."""

    running: bool
    bootstrap: str | None
    pid: int | None
    cluster_id: str | None
    data_dir: str
    log: str
    started_at: str | None
    rss_mb: float | None
    started_now: bool = False

    def as_json(self) -> str:
        """One line of JSON for scripts."""
        return json.dumps(asdict(self))


def _quiet(_: str) -> None:
    """Report nothing."""


def bootstrap_servers(settings: Settings) -> str:
    """Where clients connect: the named cluster, or the embedded broker when it runs.

    Raises:
        ConfigurationError: no cluster is named and the embedded broker does not run.
    """
    if settings.broker is not None:
        return settings.broker
    here = status(settings)
    if here.bootstrap is None or not here.running:
        raise ConfigurationError(
            f"No broker is named and none runs for {here.data_dir}. Operator action: run "
            "`chengyun broker start`, or name a cluster with CHENGYUN_BROKER.",
            code="broker",
        )
    return here.bootstrap


def ensure_broker(settings: Settings, report: Report = _quiet) -> str:
    """The bootstrap servers; the embedded broker is started when no cluster is named."""
    if settings.broker is not None:
        return settings.broker
    running = start(settings, report)
    assert running.bootstrap is not None
    return running.bootstrap


def status(settings: Settings) -> BrokerStatus:
    """Look whether the embedded broker of this data directory runs; changes nothing."""
    home = _home(settings)
    record = _read(home)
    alive = record is not None and _answers(record)
    pid = record["pid"] if record is not None and alive else None
    return BrokerStatus(
        running=alive,
        bootstrap=f"{HOST}:{record['port']}" if record is not None else None,
        pid=pid,
        cluster_id=record["cluster_id"] if record is not None else None,
        data_dir=str(home),
        log=str(home / "server.log"),
        started_at=record["started_at"] if record is not None and alive else None,
        rss_mb=_rss_mb(pid) if pid is not None else None,
    )


def start(
    settings: Settings, report: Report = _quiet, *, die_with_parent: bool = False
) -> BrokerStatus:
    """Start the embedded broker, or find the one that runs; safe to call in parallel.

    After a crash it comes back on the same data and ports.

    Args:
        report: gets a line for each thing that takes long.
        die_with_parent: on Linux, let the broker end with the thread that called this.

    Raises:
        ConfigurationError: Java or Maven is missing, a port is taken, or the broker
            ended or did not answer in time; the message has the end of its log.
    """
    home = _home(settings)
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / "lock"):
        record = _read(home)
        if record is not None and _answers(record):
            return status(settings)
        if record is not None and _is_ours(record["pid"], home):
            _await_old(record, home, settings.broker_start_timeout_s)
            return status(settings)
        java, major = find_java()
        jars = class_path(settings.cache_dir.expanduser().absolute(), report)
        port, controller_port = storage.choose_ports(
            HOST,
            home,
            (settings.broker_port, settings.broker_controller_port),
            (record["port"], record["controller_port"]) if record is not None else None,
        )
        properties = storage.write_properties(home, HOST, port, controller_port)
        cluster_id = storage.format_directory(
            home, properties, java, jars, settings.cache_dir.expanduser().absolute()
        )
        report(f"starting the embedded Kafka on {HOST}:{port} (Java {major})")
        child = _launch(
            [str(java), *_flags(settings, home), "-cp", jars, "kafka.Kafka", str(properties)],
            home,
            die_with_parent,
        )
        record = {
            "pid": child.pid,
            "port": port,
            "controller_port": controller_port,
            "cluster_id": cluster_id,
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        storage.write_atomically(home / "broker.json", json.dumps(record))
        _await_ready(record, child, home, settings.broker_start_timeout_s)
        here = asdict(status(settings))
    return BrokerStatus(**{**here, "started_now": True})


def stop(settings: Settings) -> bool:
    """Stop the embedded broker in order; says whether one ran.

    It is asked to end and given 20 seconds to close its files, then ended by force.
    """
    return _end(settings, signal.SIGTERM)


def kill(settings: Settings) -> bool:
    """End the embedded broker without any warning, as a power cut would; for fault tests."""
    return _end(settings, signal.SIGKILL)


def _end(settings: Settings, how: signal.Signals) -> bool:
    home = _home(settings)
    if not home.exists():
        return False
    with locked(home / "lock"):
        record = _read(home)
        if record is None or not _is_ours(record["pid"], home):
            return False
        pid: int = record["pid"]
        _send(pid, how)
        if not _wait(lambda: not _is_ours(pid, home), _STOP_TIMEOUT_S):
            _send(pid, signal.SIGKILL)
            _wait(lambda: not _is_ours(pid, home), _STOP_TIMEOUT_S)
    return True


def _send(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return  # it ended by itself in between, which is what was wanted


def _home(settings: Settings) -> Path:
    return (settings.data_dir.expanduser() / "broker").absolute()


def _read(home: Path) -> dict[str, Any] | None:
    """What the last start wrote; None when there was none or the file is not whole."""
    try:
        record = json.loads((home / "broker.json").read_text(encoding="utf-8"))
        return record if isinstance(record, dict) and "cluster_id" in record else None
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _answers(record: dict[str, Any], timeout_s: float = 2.0) -> bool:
    identity = identify(HOST, record["port"], timeout_s)
    return (
        identity is not None
        and identity.cluster_id == record["cluster_id"]
        and bool(identity.nodes)
    )


def _is_ours(pid: int, home: Path) -> bool:
    """Whether that process is the broker of this directory: its command line says so."""
    _reap(pid)
    wanted = str(home / "server.properties")
    if Path("/proc/self/cmdline").exists():
        try:
            return wanted.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
    listed = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return wanted in listed.stdout


def _reap(pid: int) -> None:
    """Take note of the end of a child of ours, or it stays listed as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # another command started it


def _rss_mb(pid: int) -> float | None:
    """Memory that the broker occupies, MiB; None where the system has no /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20), 1)


def _flags(settings: Settings, home: Path) -> list[str]:
    return [
        f"-Xms{min(256, settings.broker_heap_mb)}m",
        f"-Xmx{settings.broker_heap_mb}m",
        # Few cores are shared with the stages: one collector thread, and the quick compiler
        # alone. Over the first three million records that took half the CPU time of the
        # full compiler, at a higher rate.
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={kafka_file('log4j2.properties')}",
        f"-Dchengyun.broker.log={home / 'server.log'}",
    ]


def _launch(command: list[str], home: Path, die_with_parent: bool) -> subprocess.Popen[bytes]:
    prepare: Callable[[], None] | None = None
    if die_with_parent and sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)

        def prepare() -> None:
            libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG

    with (home / "broker.out").open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            start_new_session=True,  # a Ctrl-C in the terminal is for the command, not for it
            preexec_fn=prepare,  # noqa: PLW1509  asked for by tests only, before threads
        )


def _wait(condition: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True


def _await_old(record: dict[str, Any], home: Path, timeout_s: float) -> None:
    """Wait for a broker that another start left on its way."""
    if not _wait(lambda: _answers(record) or not _is_ours(record["pid"], home), timeout_s):
        raise ConfigurationError(
            f"The embedded broker (pid {record['pid']}) is there but does not answer on "
            f"{HOST}:{record['port']}. Operator action: `chengyun broker stop`, then start again; "
            f"its log is {home / 'server.log'}.",
            code="broker",
        )


def _await_ready(
    record: dict[str, Any], child: subprocess.Popen[bytes], home: Path, timeout_s: float
) -> None:
    if _wait(lambda: child.poll() is not None or _answers(record, 1.0), timeout_s):
        if child.returncode is None:
            return
        what = f"ended with code {child.returncode}"
    else:
        what = f"did not answer within {timeout_s:g} s"
        child.kill()
        child.wait()
    raise ConfigurationError(
        f"The embedded broker {what}. Last lines: {storage.last_lines(home)} "
        f"Operator action: see {home / 'server.log'} and {home / 'broker.out'}.",
        code="broker",
    )
