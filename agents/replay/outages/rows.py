"""One row of the outage log: what changed on the utility's map since it was last looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from agents.replay.feed import microseconds
from agents.replay.source import Slice, table_of
from schemas.errors import ConfigurationError

SOURCE = "pge-outages"
CITY = "pge"
ZONE = "America/Los_Angeles"
DESK = "unplaced"
PATTERN = "events_*.csv.gz"

COLUMNS = (
    "seq",
    "observed_at",
    "event",
    "outage_id",
    "started_at",
    "updated_at",
    "region",
    "lat",
    "lon",
    "crew_status",
    "cause",
    "customers",
    "hazards",
    "etor",
    "changed",
)
EVENTS = frozenset({"reported", "updated", "cleared", "reopened"})


class Row(NamedTuple):
    """One observation of one outage; times are the log's own text (UTC).

    ``at`` is when it was observed, microseconds: what the utility says comes late, and
    only then does anybody know it.
    """

    seq: str
    observed_at: str
    event: str
    outage_id: str
    started_at: str
    updated_at: str
    region: str
    lat: str
    lon: str
    crew_status: str
    cause: str
    customers: str
    hazards: str
    etor: str
    changed: str
    at: int

    @property
    def report_id(self) -> str:
        """The id under which every tier knows the outage."""
        return f"{SOURCE}/{self.outage_id}"


@lru_cache(maxsize=4096)
def slug(words: str) -> str:
    """A code out of a name: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def files_at(path: Path) -> tuple[Path, ...]:
    """The log's files that a person means by a path, in the order of their time.

    Raises:
        ConfigurationError: there are none.
    """
    if path.is_file():
        return (path,)
    found = tuple(sorted(path.glob(PATTERN))) if path.is_dir() else ()
    if not found:
        raise ConfigurationError(
            f"No outage log {PATTERN} at {path}. Operator action: give the directory or the file."
        )
    return found


def read(files: tuple[Path, ...], part: Slice) -> Iterator[Row]:
    """The observations of the part that is replayed, in their order.

    Raises:
        ConfigurationError: a column is missing or a row cannot be read.
    """
    since = microseconds(part.since) if part.since else None
    until = microseconds(part.until) if part.until else None
    taken = 0
    for row in _rows(files):
        if since is not None and row.at < since:
            continue
        if until is not None and row.at >= until:
            continue
        if part.limit is not None and taken >= part.limit:
            return
        taken += 1
        yield row


def _rows(files: tuple[Path, ...]) -> Iterator[Row]:
    parse = datetime.fromisoformat
    for file in files:
        for number, fields in enumerate(table_of(file, COLUMNS), start=2):
            if fields[2] not in EVENTS:
                raise ConfigurationError(f"{file}:{number}: an unknown event {fields[2]!r}")
            try:
                yield Row._make((*fields, microseconds(parse(fields[1]))))
            except ValueError as error:
                raise ConfigurationError(f"{file}:{number}: {error}") from error
