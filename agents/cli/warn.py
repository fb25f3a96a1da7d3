"""``chengyun warn KIND``: one detector judges the rows of a file, one JSON line an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from agents.cli.root import LazyCommands

KINDS: dict[str, tuple[str, str]] = {
    "counts": ("agents.warn.counts", "Counts per week, day or hour: series,t,count."),
    "sensor": ("agents.warn.sensor", "How surprising each reading of one device is."),
    "space": ("agents.warn.space", "Hotspots: where more happens than the city explains."),
    "repeat": ("agents.warn.repeat", "Places that complain again beyond chance."),
    "chain": ("agents.warn.chain", "Kinds of events that bring others after them."),
    "level": ("agents.warn.level", "Gauges that will rise to their threshold."),
}
"""Each module has an ``app``: a Typer with one command."""


class Kinds(LazyCommands):
    """The detectors by name."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = KINDS


app = typer.Typer(
    cls=Kinds,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Let one detector judge the rows of a file.",
)


@app.callback()
def _warn() -> None:
    """Let one detector judge the rows of a file, in the order of their time.

    An answer depends on rows up to its own and on no later one.
    """
