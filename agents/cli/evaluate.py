"""``chengyun evaluate NAME``: how well the detectors warn, with intervals and anchors."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.evaluate.summary import Chapter
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from agents.evaluate.report import Evaluation

app = typer.Typer(rich_markup_mode=None)

EVALUATIONS: dict[str, Chapter] = {
    "counts": Chapter("agents.evaluate.counts", "rises of counts in simulated cities"),
    "outbreaks": Chapter(
        "agents.evaluate.outbreaks",
        "labelled outbreaks of recorded weeks",
        ("outbreaks_surveillance",),
    ),
    "dengue": Chapter(
        "agents.evaluate.dengue", "warning of a recorded epidemic, by tier", ("dengue_taiwan",)
    ),
    "storms": Chapter(
        "agents.evaluate.storms",
        "storms and other rises in a year of service requests",
        ("boston311_2015",),
    ),
    "outages": Chapter(
        "agents.evaluate.outages", "power outages, before their cause was known", ("pge_outages",)
    ),
    "flooding": Chapter(
        "agents.evaluate.flooding",
        "complaints of flooded streets, by day",
        ("nyc_street_flooding_daily",),
    ),
    "nab": Chapter(
        "agents.evaluate.nab", "sensor detectors on the Numenta Anomaly Benchmark", ("nab",)
    ),
    "gecco": Chapter(
        "agents.evaluate.gecco",
        "sensor detectors on a water main with labelled events",
        ("water_quality_gecco2017",),
    ),
    "levels": Chapter("agents.evaluate.levels", "crossings of simulated gauges"),
    "air": Chapter(
        "agents.evaluate.air",
        "heavily polluted air, hours before",
        ("air_chengdu_pm25", "air_beijing_multisite"),
    ),
    "hotspots": Chapter("agents.evaluate.hotspots", "clusters put into simulated cities"),
    "repeats": Chapter("agents.evaluate.repeats", "places with a trouble among simulated ones"),
    "chains": Chapter("agents.evaluate.chains", "kinds of events that bring others about"),
    "measures": Chapter("agents.evaluate.measures", "what measures against causes have spared"),
}
"""In the order of the summary page."""
ALL = "all"
SUMMARY = "summary"
PAGES = Path("docs/evaluation")
"""Where the pages lie, from where the command is typed."""

_NAMES = "; ".join(f"{name}: {chapter.text}" for name, chapter in EVALUATIONS.items())


@app.command()
def evaluate(
    name: Annotated[
        str,
        typer.Argument(help=f"{_NAMES}; {ALL}: one after the other; {SUMMARY}: of a directory."),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Directory with the recordings' folders, or the one recording that is needed."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 1,
    share: Annotated[
        float, typer.Option(min=0.001, max=1.0, help="Share of the simulations, for a quick look.")
    ] = 1.0,
    directory: Annotated[
        Path | None,
        typer.Option(
            help="Where NAME.md and NAME.json are written, and README.md of all; default "
            f"{PAGES}, and nothing of a --share below 1."
        ),
    ] = None,
    as_one_line: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False,
) -> None:
    """Measure a family of detectors on simulated or recorded cities."""
    import orjson

    from agents.evaluate.report import Plan, as_json, as_markdown, write
    from agents.evaluate.summary import as_page, as_plain, gather, run_all

    plan = Plan(seed, data, share, lambda line: typer.echo(line, err=True))
    if directory is None and share == 1.0:
        directory = PAGES
    if name in (ALL, SUMMARY):
        if name == SUMMARY:
            gathered = Plan(seed, Path("PATH"), share)
            results = gather(EVALUATIONS, gathered, PAGES if directory is None else directory)
        else:
            results = run_all(EVALUATIONS, plan, directory)
        if as_one_line:
            typer.echo(orjson.dumps(as_plain(results, plan)).decode())
        else:
            typer.echo(as_page(results, plan), nl=False)
        return
    if name not in EVALUATIONS:
        raise ConfigurationError(
            f"evaluate: got {name!r}, wanted one of {', '.join(EVALUATIONS)}, {ALL}, {SUMMARY}. "
            "Operator action: name one of them."
        )
    found: Evaluation = import_module(EVALUATIONS[name].module).evaluate(plan)
    if as_one_line:
        typer.echo(orjson.dumps(as_json(name, found, plan)).decode())
    else:
        typer.echo(as_markdown(name, found, plan), nl=False)
    if directory is not None:
        for path in write(name, found, plan, directory):
            typer.echo(f"written: {path}", err=True)
