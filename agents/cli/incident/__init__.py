"""``chengyun incident``: list incidents, tell the story of one, act on one."""

from __future__ import annotations

import typer

from agents.cli.incident import listing, orders, showing, transitions

app = typer.Typer(
    no_args_is_help=True,
    help="List incidents, tell the story of one, act on one.",
    rich_markup_mode=None,
)
app.command("list")(listing.list_)
app.command()(showing.show)
app.command()(transitions.transitions)
orders.add_to(app)
