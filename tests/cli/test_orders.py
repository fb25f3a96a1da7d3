"""Every order of the table is a sub-command with just its own options."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from agents import orders
from agents.cli import alert, incident, ordering, problems
from agents.cli.incident import app, name_of
from agents.cli.incident.orders import roles_of, wants_reason
from streams.incidents import answers, governance, lifecycle
from streams.incidents.arguments import ARGUMENTS

COMMAND: Any = typer.main.get_command(app)


@pytest.mark.parametrize("action", lifecycle.COMMANDS)
def test_an_action_is_typed_by_its_name_and_offers_its_arguments(action: str) -> None:
    order = COMMAND.get_command(None, name_of(action))
    options = {flag for parameter in order.params for flag in parameter.opts}
    for argument in ARGUMENTS[action]:
        assert f"--{argument.name.replace('_', '-')}" in options
    flags = [flag for parameter in order.params for flag in parameter.opts]
    assert len(flags) == len(set(flags))
    assert roles_of(action)
    about = next(p.help for p in order.params if p.name == "reason")
    assert ("demands" in about) == wants_reason(action)


def test_only_what_people_may_order_is_offered() -> None:
    offered = COMMAND.list_commands(None)
    assert {"list", "show", "transitions"} < set(offered)
    for action in ("overdue", "merge", "external_close", "open", "adopt"):
        assert name_of(action) not in offered


def test_what_help_knows_by_heart_is_so() -> None:
    assert incident.ORDERS == lifecycle.COMMANDS
    assert set(alert.ORDERS) == set(answers.ARGUMENTS)
    assert set(problems.ORDERS) == set(governance.ARGUMENTS)
    assert ordering.WAIT_S == orders.WAIT_S
