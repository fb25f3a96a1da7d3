"""One row of Boston's year: a case of the city's 311 service, as the city recorded it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from agents.replay.feed import microseconds
from agents.replay.source import Slice, recording, table_of
from schemas.errors import ConfigurationError

SOURCE = "boston311"
"""The sender of every case: report ids are ``boston311/<case_id>``."""

CITY = "boston"
DESK = "unknown"
"""The fallback desk: a district for what nobody can place."""

ZONE = "America/New_York"
CITY_HALL = (42.3594, -71.0587)
"""The stand-in point of cases without a place (the recording's description)."""

PATTERN = "boston311_*.csv.gz"

COLUMNS = (
    "case_id",
    "opened_at",
    "closed_at",
    "sla_target_at",
    "sla_status",
    "status",
    "resolution",
    "channel",
    "department",
    "reason",
    "type",
    "street",
    "zip",
    "precinct",
    "neighborhood",
    "lat",
    "lon",
)


class Row(NamedTuple):
    """A case. Times are the city's own text with offset, and microseconds beside it.

    ``closed`` is None while the case is open; ``closed_before_opened`` marks the cases
    whose closing was written down before their opening.
    """

    case_id: str
    opened_at: str
    closed_at: str
    sla_target_at: str
    sla_status: str
    status: str
    resolution: str
    channel: str
    department: str
    reason: str
    type: str
    street: str
    zip: str
    precinct: str
    neighborhood: str
    lat: str
    lon: str
    opened: int
    closed: int | None

    @property
    def report_id(self) -> str:
        """The id under which every tier knows the case."""
        return f"{SOURCE}/{self.case_id}"

    @property
    def closed_before_opened(self) -> bool:
        """Whether the recording says that it was closed before it was opened."""
        return self.closed is not None and self.closed < self.opened


@lru_cache(maxsize=4096)
def slug(words: str) -> str:
    """A code out of a name: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def read(path: Path, part: Slice) -> list[Row]:
    """Read the cases of a recording, in the order of the file.

    Raises:
        ConfigurationError: no such file, a column is missing, or a row cannot be read.
    """
    file = recording(path, PATTERN)
    rows = list(_within(_rows(file), part))
    if not rows:
        raise ConfigurationError(f"{file} has no cases in the part that was asked for.")
    return rows


def _rows(file: Path) -> Iterator[Row]:
    parse = datetime.fromisoformat
    for number, fields in enumerate(table_of(file, COLUMNS), start=2):
        try:
            opened = microseconds(parse(fields[1]))
            closed = microseconds(parse(fields[2])) if fields[2] else None
            yield Row._make((*fields, opened, closed))
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"{file}:{number}: {error}") from error


def _within(rows: Iterable[Row], part: Slice) -> Iterator[Row]:
    since = microseconds(part.since) if part.since else None
    until = microseconds(part.until) if part.until else None
    taken = 0
    for row in rows:
        if since is not None and row.opened < since:
            continue
        if until is not None and row.opened >= until:
            continue
        if part.limit is not None and taken >= part.limit:
            return
        taken += 1
        yield row
