"""``chengyun chaos``: torture the runtime on a broker of its own and check every event."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from agents.chaos.torture import Outcome, Plan

app = typer.Typer(rich_markup_mode=None, help="Torture the stages and check that nothing was lost.")


@app.command()
def chaos(
    faults: Annotated[int, typer.Option(min=1, help="How many faults.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed draws the same faults.")] = 1,
    rate: Annotated[int, typer.Option(min=1, help="Events a second.")] = 1_000,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of each topic.")] = 4,
    gap: Annotated[float, typer.Option(help="Mean time between two faults, seconds.")] = 1.5,
    keep: Annotated[bool, typer.Option(help="Keep the logs and the broker's data.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line last.")] = False,
) -> None:
    """Kill, stop and cut off two chained stages of two workers each; exit code 1 if wrong.

    The stages count and chain the events of each key, speak at every third and set a
    deadline at every fifth. A model recomputes from the input alone what must have come
    of it. The broker is one of its own, on a temporary directory, and is killed too.
    """
    import asyncio

    from agents.chaos.torture import Plan, Torture
    from agents.settings import load_settings

    # The client tells each of a thousand failed attempts to reach a broker that is dead.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    home = Path(tempfile.mkdtemp(prefix="chengyun-chaos-"))
    plan = Plan(faults, seed, rate, partitions, gap_s=gap)
    torture = Torture(plan, load_settings(data_dir=home), home, typer.echo)
    right = False
    try:
        outcome = asyncio.run(torture.run())
        right = outcome.right
    finally:
        if keep or not right:
            typer.echo(f"logs: {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)
    _tell(plan, outcome)
    if as_json:
        typer.echo(json.dumps(_as_dict(plan, outcome)))
    raise typer.Exit(0 if right else 1)


def _as_dict(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    """What was done and what came of it, for scripts."""
    return {
        "right": outcome.right,
        "plan": asdict(plan),
        "faults": dict(outcome.faults),
        "exits": {str(code): number for code, number in outcome.exits.items()},
        "events": outcome.events,
        "seconds": round(outcome.seconds, 1),
        "drained_s": round(outcome.drained_s, 1),
        "verdicts": [asdict(verdict) for verdict in outcome.verdicts],
    }


def _tell(plan: Plan, outcome: Outcome) -> None:
    """Faults done and the verdict on each stage, as two tables."""
    from agents.chaos.faults import MEANING

    typer.echo(f"\nfaults, seed {plan.seed}")
    for kind, number in outcome.faults.most_common():
        typer.echo(f"  {number:>5}  {MEANING[kind]}")
    typer.echo(f"  {outcome.faults.total():>5}  in {outcome.seconds:.0f} s")
    head = ("stage", "events", "applied", "outputs", "expected", "deadlines", "expected")
    typer.echo("\n" + "".join(f"{title:>11}" for title in head) + "  verdict")
    for v in outcome.verdicts:
        figures = (
            v.stage,
            v.events,
            v.applied,
            v.outputs,
            v.outputs_expected,
            v.deadlines,
            v.deadlines_expected,
        )
        wrong = ", ".join(f"{number} {what}" for what, number in v.wrong.items())
        verdict = wrong or "nothing lost, doubled or out of order"
        typer.echo("".join(f"{figure:>11}" for figure in figures) + "  " + verdict)
