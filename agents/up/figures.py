"""What the workers' probes and figures say, as the board needs it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from agents.metrics import moment_of
from agents.up.plan import stage_of

TIMEOUT_S = 2.0


@dataclass(slots=True)
class Figures:
    """One look at one worker. Counters are of this process alone.

    Attributes:
        condition: ``ready``, ``restoring``, ``joining`` or ``stuck``.
        cpu_s: processor seconds.
        delays: sum of seconds and count of the delays observed.
        watermarks: event time completed, by partition.
        escalations: by (rule, direction); alerts: by (colour, state); dead: by reason.
    """

    condition: str = "starting"
    ready: bool = False
    restore_remaining: int = 0
    records_in: float = 0.0
    records_out: float = 0.0
    cpu_s: float = 0.0
    delays: tuple[float, float] = (0.0, 0.0)
    open: int = 0
    overdue: int = 0
    escalations: Counter[tuple[str, str]] = field(default_factory=Counter)
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    watermarks: dict[int, datetime] = field(default_factory=dict)

    @property
    def complete_until(self) -> datetime | None:
        """Event time up to which every lane seen is complete."""
        return min(self.watermarks.values(), default=None)


def of_stages(workers: Mapping[str, Figures | None]) -> dict[str, Figures | None]:
    """The figures of each stage, of all its workers together; None while one does not answer."""
    stages: dict[str, Figures | None] = {}
    for worker, figures in workers.items():
        stage = stage_of(worker)
        if stage not in stages:
            stages[stage] = figures
            continue
        before = stages[stage]
        stages[stage] = _together(before, figures) if before and figures else None
    return stages


def _together(one: Figures, other: Figures) -> Figures:
    """Two workers of a stage. A lane that has moved is told by both: the later word counts."""
    behind = other if one.ready else one
    return Figures(
        condition=behind.condition,
        ready=one.ready and other.ready,
        restore_remaining=one.restore_remaining + other.restore_remaining,
        records_in=one.records_in + other.records_in,
        records_out=one.records_out + other.records_out,
        cpu_s=one.cpu_s + other.cpu_s,
        delays=(one.delays[0] + other.delays[0], one.delays[1] + other.delays[1]),
        open=one.open + other.open,
        overdue=one.overdue + other.overdue,
        escalations=one.escalations + other.escalations,
        alerts=one.alerts + other.alerts,
        dead=one.dead + other.dead,
        watermarks={
            lane: max(w for f in (one, other) if (w := f.watermarks.get(lane)) is not None)
            for lane in {*one.watermarks, *other.watermarks}
        },
    )


def read_figures(exposition: str, ready: dict[str, Any]) -> Figures:
    """Make figures of ``/metrics`` and ``/readyz``."""
    figures = Figures(
        condition=str(ready.get("state", "starting")),
        ready=bool(ready.get("ready")),
        restore_remaining=int(ready.get("restore_remaining", 0)),
    )
    delay_sum = delay_count = 0.0
    for name, labels, value in _samples(exposition):
        match name:
            case "records_in_total":
                figures.records_in += value
            case "records_out_total":
                figures.records_out += value
            case "process_cpu_seconds_total":
                figures.cpu_s = value
            case "records_dead_total":
                figures.dead[labels["reason"]] += int(value)
            case "record_delay_seconds_sum":
                delay_sum += value
            case "record_delay_seconds_count":
                delay_count += value
            case "open_incidents":
                figures.open += int(value)
            case "overdue_incidents":
                figures.overdue += int(value)
            case "escalations_total":
                figures.escalations[labels["rule"], labels["direction"]] += int(value)
            case "alerts_total":
                figures.alerts[labels["colour"], labels["state"]] += int(value)
            case "watermark_timestamp_seconds":
                figures.watermarks[int(labels["partition"])] = moment_of(value)
    figures.delays = (delay_sum, delay_count)
    return figures


_SAMPLE = re.compile(
    r"^chengyun_(records_in_total|records_out_total|records_dead_total|record_delay_seconds_sum"
    r"|record_delay_seconds_count|open_incidents|overdue_incidents|escalations_total|alerts_total"
    r"|watermark_timestamp_seconds|process_cpu_seconds_total)(?:\{([^}]*)\})? (\S+)$",
    re.MULTILINE,
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def _samples(exposition: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """The samples the board needs, by name without ``chengyun_``.

    Five workers are asked every second beside their work, and the client library's own
    parser took more than the rest of the board; our label values need no escapes.
    """
    for name, labels, value in _SAMPLE.findall(exposition):
        yield name, dict(_LABEL.findall(labels)), float(value)


async def look(address_file: Path) -> Figures | None:
    """Ask one worker; None when it does not answer (yet, or any more)."""
    address = _address(address_file)
    if address is None:
        return None
    host, port = address
    try:
        async with asyncio.timeout(TIMEOUT_S):
            ready = orjson.loads(await _get(host, port, "/readyz"))
            exposition = (await _get(host, port, "/metrics")).decode()
    except (OSError, TimeoutError, orjson.JSONDecodeError, asyncio.IncompleteReadError):
        return None
    return read_figures(exposition, ready)


def _address(file: Path) -> tuple[str, int] | None:
    try:
        host, _, port = file.read_text().strip().rpartition(":")
    except OSError:
        return None  # the worker does not listen yet, or no longer
    return (host, int(port)) if port.isdigit() else None


async def _get(host: str, port: int, path: str) -> bytes:
    """The body of an answer of our own health server, whatever its status."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        await writer.drain()
        answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/"):
        raise OSError(f"{host}:{port} does not speak HTTP")
    return body
