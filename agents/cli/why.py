"""``chengyun why``: the reasons of one alert."""

from __future__ import annotations

import typer

from agents.cli.alert import why

app = typer.Typer()
app.command()(why)
