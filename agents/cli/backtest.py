"""``chengyun backtest``: the same decisions over history, in one process, without Kafka."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agents.backtest.run import Outcome, run
from agents.policy_files import load
from agents.replay.api import prepare
from agents.replay.feed import microseconds
from agents.replay.source import Slice

app = typer.Typer()


@app.command()
def backtest(
    dataset: Annotated[str, typer.Argument(help="boston311, pge-outages or sensors.")],
    path: Annotated[Path, typer.Argument(help="The recording, or the directory with it.")],
    policy: Annotated[
        Path | None,
        typer.Option(help="Decide by this policy directory instead of the recording's own."),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first rows.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False,
) -> None:
    """Replay a recorded city through all five stages and count what came of it."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="chengyun-backtest-") as workdir:
        with console.status("reading the recording"):
            prepared = prepare(dataset, path, Path(workdir), Slice(limit=limit))
            rules = load(policy or prepared.policy_dir)
        columns = (
            TextColumn("{task.completed:>9,} of {task.total:,} events"),
            BarColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("events", total=prepared.events)
            outcome = run(
                rules,
                prepared.source.entries(),
                microseconds(prepared.ends),
                progress=lambda events: bar.update(task, completed=events),
            )
    if as_json:
        typer.echo(orjson.dumps(_figures(outcome, rules.version)).decode())
    else:
        Console().print(_table(outcome, rules.version))


def _figures(outcome: Outcome, version: str) -> dict[str, object]:
    tiers: dict[str, int] = {}
    overdue = 0
    for tier, _, late, _ in outcome.incidents.values():
        tiers[tier] = tiers.get(tier, 0) + 1
        overdue += late
    return {
        "policy_version": version,
        "events": outcome.events,
        "seconds": round(outcome.seconds, 2),
        "events_per_s": round(outcome.events / outcome.seconds) if outcome.seconds else None,
        "incidents": len(outcome.incidents),
        "owned_by": tiers,
        "overdue": overdue,
        "escalations": dict(outcome.escalations),
        "alerts": {" ".join(key): n for key, n in sorted(outcome.alerts.items())},
        "dead_letters": dict(outcome.dead_letters),
        "messages": dict(outcome.messages),
    }


def _table(outcome: Outcome, version: str) -> Table:
    table = Table(title=f"Backtest under {version}", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in _figures(outcome, version).items():
        if isinstance(value, dict):
            table.add_row(name.replace("_", " "), "")
            for key, count in value.items():
                table.add_row(f"  {key}", f"{count:,}")
        elif name != "policy_version":
            shown = f"{value:,}" if isinstance(value, int | float) else str(value)
            table.add_row(name.replace("_", " "), shown)
    return table
