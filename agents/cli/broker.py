"""``chengyun broker start|stop|status``: the embedded Kafka."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.cli.options import group

if TYPE_CHECKING:
    from agents.settings import Settings

app = group("Start, stop or look at the embedded Kafka on this machine.")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Directory of its data; default .chengyun")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON line for scripts.")]


def _settings(data_dir: Path | None, **given: int | None) -> Settings:
    from agents.settings import load_settings

    settings = load_settings(data_dir=data_dir, **given)
    if settings.broker is not None:
        typer.echo(
            f"CHENGYUN_BROKER names {settings.broker}; this command is about the embedded one.",
            err=True,
        )
    return settings


@app.command()
def start(
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(help="Client port; default a free one, kept.")] = None,
    heap_mb: Annotated[int | None, typer.Option(help="Java heap, MiB.")] = None,
    as_json: AsJson = False,
) -> None:
    """Start the embedded Kafka, or find the one that runs."""
    from agents import broker

    settings = _settings(data_dir, broker_port=port, broker_heap_mb=heap_mb)
    begin = time.monotonic()
    here = broker.start(settings, lambda line: typer.echo(line, err=True))
    if as_json:
        typer.echo(here.as_json())
    elif here.started_now:
        typer.echo(f"Kafka runs at {here.bootstrap} (started in {time.monotonic() - begin:.1f} s)")
    else:
        typer.echo(f"Kafka runs at {here.bootstrap} (pid {here.pid}, since {here.started_at})")


@app.command()
def stop(data_dir: DataDir = None) -> None:
    """Stop the embedded Kafka; its data stays."""
    from agents import broker

    begin = time.monotonic()
    if broker.stop(_settings(data_dir)):
        typer.echo(f"Kafka stopped in {time.monotonic() - begin:.1f} s")
    else:
        typer.echo("No embedded Kafka was running.")


@app.command()
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Tell whether the embedded Kafka runs and where; exit code 1 when it does not."""
    from agents import broker

    here = broker.status(_settings(data_dir))
    if as_json:
        typer.echo(here.as_json())
    elif here.running:
        typer.echo(
            f"Kafka runs at {here.bootstrap}: pid {here.pid}, since {here.started_at}, "
            f"{here.rss_mb} MiB, data in {here.data_dir}"
        )
    else:
        typer.echo(f"No embedded Kafka runs for {here.data_dir}.")
    raise typer.Exit(0 if here.running else 1)
