"""The district: what streets cannot settle, what spans them, and what nobody can place."""

from __future__ import annotations

from schemas.handoff import AreaCountsEvent
from schemas.reading import FindingEvent
from streams.incidents import openings
from streams.incidents.counting import on_counts
from streams.incidents.desk import Desk
from streams.incidents.findings import on_finding
from streams.incidents.problems import on_places
from streams.incidents.turn import Turn
from streams.policy import Policy


def program(policy: Policy) -> Desk:
    """The districts of a city, by its policy."""
    return Desk(policy, "district", {FindingEvent: on_finding, AreaCountsEvent: _on_counts})


def _on_counts(turn: Turn, event: AreaCountsEvent) -> None:
    on_counts(turn, event.data)
    if event.data.places:
        on_places(turn, event.data)
    if event.data.opened:
        openings.on_opened(turn, event.data)
