"""What people may order about an incident, as the table of the life cycle says."""

from __future__ import annotations

from agents.cli.desk import Desk, run
from agents.cli.incident import name_of
from agents.cli.incident.showing import tell_story
from agents.cli.ordering import Family, Home
from schemas.errors import ConfigurationError
from streams.incidents.arguments import ARGUMENTS

HUMAN: tuple[str, ...] = ("operator", "supervisor", "unit", "department")


def roles_of(action: str) -> tuple[str, ...]:
    """The people's roles that some row of the table lets do it."""
    from streams.incidents import lifecycle

    allowed = {role for row in lifecycle.TABLE if row.action == action for role in row.roles}
    return tuple(role for role in HUMAN if role in allowed)


def wants_reason(action: str) -> bool:
    """Whether every row of the action demands a reason."""
    from streams.incidents import lifecycle

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
