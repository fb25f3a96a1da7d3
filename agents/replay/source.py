"""What a replay needs from any recorded city: its events in order, its policy, its span."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from agents.replay.accounting import Account
from agents.replay.feed import Entry
from agents.settings import Settings
from schemas.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a recording is replayed; ``until`` is exclusive, ``limit`` counts rows."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None

    def words(self) -> str:
        """The slice as text: part of what makes a replay the same replay."""
        return f"{self.since or ''}/{self.until or ''}/{self.limit or ''}"


class Source(Protocol):
    """A recording, read and sorted, ready to be written out.

    Attributes:
        rows: rows of the recording that are replayed (a row may be several events).
        events: events that ``entries`` yields.
        begins, stops: the first event, and when the clock of the replay stops: every
            deadline up to then has spoken.
        zone: IANA name of the city's zone.
    """

    rows: int
    events: int
    begins: datetime
    stops: datetime
    zone: str
    time_mode: Literal["event", "wall"]

    def entries(self) -> Iterator[Entry]:
        """Every event in the order of its time; the same order each time."""

    def fingerprint(self) -> str:
        """A short name for exactly this part of this recording."""

    async def account(self, settings: Settings, bootstrap: str, workdir: Path) -> Account:
        """Say what became of every row, from what the stages have committed."""

    def write_policy(self, directory: Path) -> Path | None:
        """Write the city's policy files; None if the shipped policy fits."""


def recording(path: Path, pattern: str) -> Path:
    """The file that a person means by a path: itself, or the one match in a directory.

    Raises:
        ConfigurationError: nothing there, or several candidates.
    """
    if path.is_file():
        return path
    found = sorted(path.glob(pattern)) if path.is_dir() else []
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(each.name for each in found)
        raise ConfigurationError(
            f"{path} holds several recordings ({names}). Operator action: name one of the files."
        )
    raise ConfigurationError(
        f"No recording {pattern} at {path}. Operator action: give the directory or the file."
    )


@contextmanager
def text_of(path: Path) -> Iterator[io.TextIOBase]:
    """Read a recording as text, packed or not."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            yield lines
    else:
        with path.open(encoding="utf-8", newline="") as lines:
            yield lines


def table_of(path: Path, wanted: tuple[str, ...]) -> Iterator[list[str]]:
    """The rows of a CSV file, just the wanted columns, in their order.

    Raises:
        ConfigurationError: a wanted column is missing.
    """
    with text_of(path) as lines:
        reader = csv.reader(lines)
        names = next(reader, [])
        missing = [name for name in wanted if name not in names]
        if missing:
            raise ConfigurationError(f"{path} lacks the columns {', '.join(missing)}.")
        places = [names.index(name) for name in wanted]
        for row in reader:
            yield [row[place] for place in places]


def digest_of(paths: tuple[Path, ...], *more: str) -> str:
    """A short name for exactly this input with exactly these options."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    for word in more:
        digest.update(word.encode() + b"\0")
    return digest.hexdigest()[:16]
