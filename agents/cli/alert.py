"""``chengyun alert``: what is lit, why, and the operator's answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from agents.cli.deeds import about_order
from agents.cli.root import OrderCommands

ORDERS = ("confirm", "dismiss")
"""The answers; a test holds them against those that desks know."""


class Alerts(OrderCommands):
    """Looking at alerts, and the answers to one; what is not called is not loaded."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = {
        "list": ("agents.cli.alert_list", "List what is lit: red first, then the newest."),
        "why": ("agents.cli.why", "Tell why an alert was raised, and what would end it."),
        **{action: ("agents.cli.alert_orders", about_order("alert", action)) for action in ORDERS},
    }

    orders: ClassVar[Mapping[str, str]] = {action: action for action in ORDERS}
    family = ("agents.cli.alert_orders", "ALERT")


app = typer.Typer(
    cls=Alerts,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What is lit at the desks, why, and your answer to it.",
)


@app.callback()
def _alert() -> None:
    """What is lit at the desks, why, and your answer to it."""
