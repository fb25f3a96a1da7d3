"""``chengyun incident``: what an operator does with incidents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from agents.cli.deeds import about_order
from agents.cli.root import OrderCommands

ORDERS = (
    "verify", "register", "reject", "acknowledge", "dispatch", "redispatch", "accept", "start",
    "return", "resolve", "check", "check_failed", "close", "reopen", "request", "refuse", "suspend",
    "resume", "extend", "stage", "appeal", "decide_appeal", "escalate", "delegate", "hand_back",
    "supervise", "remind", "assist", "whistle", "report", "feedback", "release", "consult",
    "conclude", "regrade", "mark", "correct_category", "correct_place", "inform", "split", "link",
    "unlink",
)  # fmt: skip
"""What people may order, in the order of the life cycle; a test holds it against the table."""
NAMES: dict[str, str] = {"acknowledge": "ack"}
"""Sub-commands that are not called as their action is."""


def name_of(action: str) -> str:
    """What an operator types for an action."""
    return NAMES.get(action, action.replace("_", "-"))


_ORDERED = {name_of(action): action for action in ORDERS}


class Incidents(OrderCommands):
    """Looking at incidents, and each order about one; what is not called is not loaded."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = {
        "list": (f"{__name__}.listing", "List incidents: the gravest and most overdue first."),
        "show": (f"{__name__}.showing", "Tell one incident's story."),
        "transitions": (f"{__name__}.transitions", "Print every transition there is."),
        **{
            name: (f"{__name__}.orders", about_order("incident", action))
            for name, action in _ORDERED.items()
        },
    }

    orders: ClassVar[Mapping[str, str]] = _ORDERED
    family = ("agents.cli.incident.orders", "INCIDENT")


app = typer.Typer(
    cls=Incidents,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List incidents, tell the story of one, act on one.",
)


@app.callback()
def _incident() -> None:
    """List incidents, tell the story of one, act on one."""
