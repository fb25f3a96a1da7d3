"""The recordings that can be replayed, by the name a person types."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from agents.replay.source import Slice, Source
from schemas.errors import ConfigurationError

Opener = Callable[[Path, Slice], Source]

DATASETS: dict[str, tuple[str, str, str]] = {
    "boston311": (
        "agents.replay.boston311.source",
        "Boston311",
        "Boston's 311 service requests of a year: openings, closings, limits",
    ),
    "pge-outages": (
        "agents.replay.outages.source",
        "Outages",
        "power outages of northern California: full life cycles, late and reopened",
    ),
    "sensors": (
        "agents.replay.sensors.source",
        "Sensors",
        "measured series (NAB, city air, drinking water) as readings of devices",
    ),
}
"""Name to module, class and one line for people; modules are loaded when asked for."""


def open_source(dataset: str, path: Path, part: Slice) -> Source:
    """Read a recording.

    Raises:
        ConfigurationError: an unknown name, or nothing readable at the path.
    """
    if dataset not in DATASETS:
        names = ", ".join(DATASETS)
        raise ConfigurationError(f"No recording is called {dataset!r}. Known: {names}.")
    module, name, _ = DATASETS[dataset]
    return cast(Opener, getattr(import_module(module), name))(path, part)
