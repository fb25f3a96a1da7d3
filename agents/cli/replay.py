"""``chengyun replay DATASET PATH``: feed a recorded city into the entry topics."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from agents.replay.catalogue import DATASETS
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from agents.replay import api
    from agents.replay.pour import Fed, FedSoFar
    from agents.replay.source import Slice

_NAMES = "\n\n".join(f"{name}: {known.words}" for name, known in DATASETS.items())

app = typer.Typer(rich_markup_mode=None)


@app.command(
    help=f"Feed the recorded events of a real city; stages that run apply them.\n\n{_NAMES}"
)
def replay(
    dataset: Annotated[str, typer.Argument(help=f"One of: {', '.join(DATASETS)}.")],
    path: Annotated[Path, typer.Argument(help="The recording: its file or directory.")],
    speed: Annotated[
        str,
        typer.Option(help="Seconds of the recording per real second; max = as fast as it goes."),
    ] = "max",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", help="First day or moment, the city's time.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", help="Day or moment to stop before.")
    ] = None,
    prefix: Annotated[str | None, typer.Option(help="Stands before every topic's name.")] = None,
    workdir: Annotated[
        Path | None, typer.Option(help="For policy and account files; default in the data dir.")
    ] = None,
    policy_only: Annotated[
        bool,
        typer.Option("--policy-only", help="Write the policy directory and stop."),
    ] = False,
    account: Annotated[
        bool,
        typer.Option("--account", help="Feed nothing: say what became of every row."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line for scripts.")] = False,
) -> None:
    """Feed a recording; a feed that was stopped or killed goes on after its last event."""
    import asyncio

    from agents.replay import api
    from agents.settings import load_settings

    settings = load_settings(prefix=prefix)
    place = workdir or settings.data_dir / "replay" / (settings.prefix or "plain")
    prepared = api.prepare(dataset, path, place, _part(dataset, since, until, limit))
    if policy_only:
        typer.echo(prepared.policy_dir)
        return
    if account:
        found = asyncio.run(api.account(prepared, settings))
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False) if as_json else found.text())
        raise typer.Exit(0 if found.complete else 1)
    line = ProgressLine(quiet=as_json)
    if not as_json:
        typer.echo(
            f"{dataset}: {prepared.rows:,} rows, {prepared.events:,} events, "
            f"{prepared.begins:%Y-%m-%d} to {prepared.ends:%Y-%m-%d} ({prepared.zone})"
        )
        if prepared.policy_dir is not None:
            typer.echo(f"policy: {prepared.policy_dir} (workers: CHENGYUN_POLICY_DIR)")
    fed = asyncio.run(until_told(prepared, settings, pace(speed), line))
    line.end()
    report_fed(fed, as_json)


async def until_told(
    prepared: api.Prepared, settings: Any, speed: float | None, line: ProgressLine
) -> Fed:
    """Feed until the recording ends or the first Ctrl-C or SIGTERM."""
    import asyncio

    from agents.replay import api

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    return await api.feed(prepared, settings, speed=speed, progress=line, stop=stop)


def pace(text: str) -> float | None:
    """Seconds of event time per real second; None for as fast as it goes.

    Raises:
        ConfigurationError: neither a positive number nor ``max``.
    """
    if text == "max":
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)x?", text)
    if match is None or float(match[1]) <= 0:
        raise ConfigurationError(f"--speed is {text!r}, wanted a number above 0, or max.")
    return float(match[1])


def report_fed(fed: Fed, as_json: bool) -> None:
    """Say how a feed ended, for people or for programs."""
    if as_json:
        typer.echo(json.dumps(asdict(fed), default=str))
        return
    new = fed.events - fed.resumed_from
    rate = f", {new / fed.seconds:,.0f} a second" if fed.seconds > 0 and new else ""
    again = f" (went on after {fed.resumed_from:,})" if fed.resumed_from else ""
    state = "complete" if fed.complete else "stopped; the same command goes on from here"
    typer.echo(f"{fed.events:,} events{again} in {fed.seconds:.1f} s{rate}: {state}")


class ProgressLine:
    """One line that tells how far a feed is; on a terminal it overwrites itself."""

    def __init__(self, *, quiet: bool, every_s: float | None = None) -> None:
        self._terminal = sys.stderr.isatty()
        self._quiet = quiet
        self._every_s = every_s or (0.2 if self._terminal else 5.0)
        self._last = time.monotonic()
        self._shown = False

    def __call__(self, told: FedSoFar) -> None:
        """Show the progress, unless it was shown a moment ago."""
        now = time.monotonic()
        if self._quiet or now - self._last < self._every_s:
            return
        self._last = now
        part = f" of {told.total:,} ({told.events / told.total:.0%})" if told.total else ""
        moment = f", {told.event_time:%Y-%m-%d %H:%M} UTC" if told.event_time else ""
        text = f"{told.events:,}{part} events, {told.per_second:,.0f} a second{moment}"
        sys.stderr.write(f"\r\x1b[K{text}" if self._terminal else f"{text}\n")
        sys.stderr.flush()
        self._shown = True

    def end(self) -> None:
        """Leave the line."""
        if self._shown and self._terminal:
            sys.stderr.write("\r\x1b[K")


def _part(dataset: str, since: datetime | None, until: datetime | None, limit: int | None) -> Slice:
    from agents.replay.catalogue import recording_of
    from agents.replay.source import Slice

    zone = ZoneInfo(recording_of(dataset).zone)

    def local(moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=zone) if moment and moment.tzinfo is None else moment

    return Slice(local(since), local(until), limit)
