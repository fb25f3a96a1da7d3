"""The recordings that can be replayed, by the name a person types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from agents.replay.source import Slice, Source

    Opener = Callable[[Path, Slice], Source]


@dataclass(frozen=True, slots=True)
class Recording:
    """A kind of recording: where its reader is, its zone, and one line for people.

    The module is loaded only when the recording is asked for.
    """

    module: str
    reader: str
    zone: str
    words: str


DATASETS: dict[str, Recording] = {
    "boston311": Recording(
        "agents.replay.boston311.source",
        "Boston311",
        "America/New_York",
        "Boston's 311 service requests of a year: openings, closings, limits",
    ),
    "pge-outages": Recording(
        "agents.replay.outages.source",
        "Outages",
        "America/Los_Angeles",
        "power outages of northern California: full life cycles, late and reopened",
    ),
    "sensors": Recording(
        "agents.replay.sensors.source",
        "Sensors",
        "UTC",
        "measured series (NAB, city air, drinking water) as readings of devices",
    ),
}


def recording_of(dataset: str) -> Recording:
    """The recording of that name.

    Raises:
        ConfigurationError: nobody knows it.
    """
    known = DATASETS.get(dataset)
    if known is None:
        raise ConfigurationError(
            f"No recording is called {dataset!r}. Operator action: name one of "
            f"{', '.join(DATASETS)}."
        )
    return known


def open_source(dataset: str, path: Path, part: Slice) -> Source:
    """Read a recording.

    Raises:
        ConfigurationError: an unknown name, or nothing readable at the path.
    """
    recording = recording_of(dataset)
    reader = getattr(import_module(recording.module), recording.reader)
    opened: Source = reader(path, part)
    return opened
