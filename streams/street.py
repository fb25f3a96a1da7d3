"""The street: one case out of many reports, settled here if it can be (小事不出网格)."""

from __future__ import annotations

from schemas.reading import FindingEvent
from streams.incidents.desk import Desk
from streams.incidents.findings import on_finding
from streams.policy import Policy


def program(policy: Policy) -> Desk:
    """The streets of a city, by its policy."""
    return Desk(policy, "street", {FindingEvent: on_finding})
