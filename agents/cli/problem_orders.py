"""What people may order about a problem: to measure against it, to review, to close it."""

from __future__ import annotations

from agents.cli.desk import Desk
from agents.cli.ordering import Family, Home
from schemas.errors import ConfigurationError
from streams.incidents.governance import ARGUMENTS


def home_of(desk: Desk, problem_id: str) -> Home:
    """The desk that a problem belongs to: its id begins with the area.

    Raises:
        ConfigurationError: no area of the city stands there.
    """
    area = problem_id.partition("-")[0]
    tier = None if desk.words.policy is None else desk.words.policy.areas.tier_of(area)
    if tier is None:
        raise ConfigurationError(
            f"{problem_id}: got no problem's id, wanted one that begins with an area, "
            "as in 990101001-P-1a2b3c4d (or --as WHO@AREA)"
        )
    return Home(tier, area)


PROBLEM = Family(
    kind="problem",
    noun="problem",
    arguments=ARGUMENTS,
    roles=lambda action: ("operator", "supervisor"),
    reason=lambda action: action != "measure",
    name=lambda action: action,
    home=home_of,
)
