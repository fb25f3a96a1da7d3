"""The city: the end point of major risk, what spans districts, and warnings for all below."""

from __future__ import annotations

from schemas.handoff import AreaCountsEvent
from schemas.reading import FindingEvent
from schemas.tick import WeatherSignalEvent
from streams.incidents import openings
from streams.incidents.counting import on_counts
from streams.incidents.desk import Desk
from streams.incidents.findings import on_finding
from streams.incidents.problems import on_places
from streams.incidents.turn import Turn
from streams.incidents.weather import on_signal
from streams.policy import Policy


def program(policy: Policy) -> Desk:
    """The city, by its policy."""
    return Desk(
        policy,
        "city",
        {
            FindingEvent: on_finding,
            AreaCountsEvent: _on_counts,
            WeatherSignalEvent: _on_signal,
        },
    )


def _on_counts(turn: Turn, event: AreaCountsEvent) -> None:
    on_counts(turn, event.data)
    if event.data.places:
        on_places(turn, event.data)
    if event.data.opened:
        openings.on_opened(turn, event.data)


def _on_signal(turn: Turn, event: WeatherSignalEvent) -> None:
    on_signal(turn, event.data)
