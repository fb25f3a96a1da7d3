"""``chengyun evaluate NAME``: how well the detectors warn, with intervals and anchors."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import orjson
import typer

from agents.evaluate.report import Evaluation, Plan, as_json, as_markdown, write
from schemas.errors import ConfigurationError

app = typer.Typer()

EVALUATIONS: dict[str, tuple[str, str]] = {
    "counts": (
        "agents.evaluate.counts",
        "rises of counts in simulated cities",
    ),
    "dengue": ("agents.evaluate.dengue", "warning of a recorded epidemic, by tier"),
    "outbreaks": ("agents.evaluate.outbreaks", "labelled outbreaks of recorded weeks"),
    "gecco": ("agents.evaluate.gecco", "sensor detectors on a water main with labelled events"),
    "nab": ("agents.evaluate.nab", "sensor detectors on the Numenta Anomaly Benchmark"),
    "hotspots": ("agents.evaluate.hotspots", "clusters put into simulated cities"),
    "repeats": ("agents.evaluate.repeats", "places with a trouble among simulated ones"),
    "chains": ("agents.evaluate.chains", "kinds of events that bring others about"),
    "levels": ("agents.evaluate.levels", "crossings of simulated gauges"),
}
"""Each module has ``evaluate(plan: Plan) -> Evaluation``."""

_NAMES = "; ".join(f"{name}: {text}" for name, (_, text) in EVALUATIONS.items())


@app.command()
def evaluate(
    name: Annotated[str, typer.Argument(help=_NAMES + ".")],
    data: Annotated[
        Path | None, typer.Option(help="Directory or file of the recording, where one is needed.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 1,
    share: Annotated[
        float, typer.Option(min=0.001, max=1.0, help="Share of the simulations, for a quick look.")
    ] = 1.0,
    directory: Annotated[
        Path | None, typer.Option(help="Also write NAME.md and NAME.json there.")
    ] = None,
    as_one_line: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False,
) -> None:
    """Measure a family of detectors on simulated or recorded cities."""
    if name not in EVALUATIONS:
        raise ConfigurationError(
            f"evaluate: got {name!r}, wanted one of {', '.join(EVALUATIONS)}. "
            "Operator action: name one of them."
        )
    plan = Plan(seed, data, share, lambda line: typer.echo(line, err=True))
    found: Evaluation = import_module(EVALUATIONS[name][0]).evaluate(plan)
    if as_one_line:
        typer.echo(orjson.dumps(as_json(name, found, plan)).decode())
    else:
        typer.echo(as_markdown(name, found, plan), nl=False)
    if directory is not None:
        for path in write(name, found, plan, directory):
            typer.echo(f"written: {path}", err=True)
