"""What people may order about an incident, as the table of the life cycle says."""

from __future__ import annotations

import typer

from agents.cli.desk import Desk, run
from agents.cli.incident.showing import tell_story
from agents.cli.ordering import Family, Home, add_orders
from schemas.errors import ConfigurationError
from streams.incidents import lifecycle
from streams.incidents.arguments import ARGUMENTS

HUMAN: tuple[str, ...] = ("operator", "supervisor", "unit", "department")
NAMES: dict[str, str] = {"acknowledge": "ack"}
"""Sub-commands that are not called as their action is."""


def name_of(action: str) -> str:
    """What an operator types for an action."""
    return NAMES.get(action, action.replace("_", "-"))


def roles_of(action: str) -> tuple[str, ...]:
    """The people's roles that some row of the table lets do it."""
    allowed = {role for row in lifecycle.TABLE if row.action == action for role in row.roles}
    return tuple(role for role in HUMAN if role in allowed)


def wants_reason(action: str) -> bool:
    """Whether every row of the action demands a reason."""
    return all(row.reason for row in lifecycle.TABLE if row.action == action)


def owner_of(desk: Desk, incident_id: str) -> Home:
    """The tier and area that own an incident now.

    Raises:
        ConfigurationError: there is none of that id.
    """
    story = run(tell_story(desk, incident_id))
    if story.incident is None:
        raise ConfigurationError(
            f"{desk.words.say('no_incident', id=incident_id)} (--as WHO@AREA)", code="not_found"
        )
    return Home(story.incident.tier, story.incident.area)


INCIDENT = Family(
    kind="incident",
    noun="incident",
    arguments=ARGUMENTS,
    roles=roles_of,
    reason=wants_reason,
    name=name_of,
    home=owner_of,
)


def add_to(app: typer.Typer) -> None:
    """Add a sub-command for each action that people can order."""
    add_orders(app, INCIDENT, lifecycle.COMMANDS)
