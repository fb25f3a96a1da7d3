"""``chengyun problem``: what is to be cured at its source, and what is ordered about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from agents.cli.deeds import about_order
from agents.cli.root import OrderCommands

ORDERS = ("measure", "review", "close")
"""The orders; a test holds them against those that desks know."""


class Problems(OrderCommands):
    """Looking at problems, and the orders about one; what is not called is not loaded."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = {
        "list": ("agents.cli.problem", "List problems: those to be reviewed first."),
        "show": ("agents.cli.problem", "Tell one problem's story."),
        "candidates": ("agents.cli.problem", "Rank candidates for the month's theme."),
        **{
            action: ("agents.cli.problem_orders", about_order("problem", action))
            for action in ORDERS
        },
    }
    orders: ClassVar[Mapping[str, str]] = {action: action for action in ORDERS}
    family = ("agents.cli.problem_orders", "PROBLEM")


app = typer.Typer(
    cls=Problems,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What is to be cured at its source: list, show, decide, choose the next theme.",
)


@app.callback()
def _problem() -> None:
    """What is to be cured at its source: list, show, decide, choose the next theme."""
