"""What a desk answers to a warning, as orders."""

from __future__ import annotations

from agents.cli.desk import Desk
from agents.cli.ordering import Family, Home
from agents.cli.said import fields_of
from agents.cli.why import said_of
from streams.incidents.answers import ARGUMENTS


def _home(desk: Desk, alert_id: str) -> Home:
    """The desk at which an alert is lit, and the key by which the desk knows it."""
    alert = fields_of(said_of(desk, alert_id)[-1])
    return Home(alert["tier"], alert["area"], {"key": alert["key"]})


ALERT = Family(
    kind="alert",
    noun="alert",
    arguments=ARGUMENTS,
    roles=lambda action: ("operator", "supervisor"),
    reason=lambda action: action == "dismiss",
    name=lambda action: action,
    home=_home,
    filled=frozenset({"key"}),
)
