"""Boston's year as a replay: read, sorted, with the policy that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from agents.replay.accounting import Account, gather, read_replies
from agents.replay.boston311 import mapping
from agents.replay.boston311.account import listed, settle
from agents.replay.boston311.areas import Areas, areas_of
from agents.replay.boston311.policy import write_policy
from agents.replay.boston311.rows import PATTERN, ZONE, Row, read
from agents.replay.feed import Entry, moment_of
from agents.replay.source import Slice, digest_of, recording
from agents.settings import Settings


class Boston311:
    """A recording of Boston's 311 service, ready to be replayed.

    The clock of the replay stops at the last closing in the recording: an open case whose
    limit has passed by then is overdue, one whose limit lies later is not.
    """

    name = "boston311"
    time_mode: Literal["event", "wall"] = "event"
    zone = ZONE

    def __init__(self, path: Path, part: Slice) -> None:
        self.part = part
        self.file = recording(path, PATTERN)
        self.cases: list[Row] = read(self.file, part)
        self.timeline = mapping.timeline(self.cases)
        self.areas: Areas = areas_of(self.cases)
        self.rows = len(self.cases)
        self.events = len(self.timeline)
        zone = ZoneInfo(ZONE)
        self.begins: datetime = moment_of(self.timeline[0][0]).astimezone(zone)
        self.stops: datetime = moment_of(self.timeline[-1][0]).astimezone(zone)

    def entries(self) -> Iterator[Entry]:
        """Openings and closings in the order of their time."""
        return mapping.entries(self.cases, self.timeline)

    def fingerprint(self) -> str:
        """A short name for exactly these cases."""
        return digest_of((self.file,), self.name, self.part.words())

    async def account(self, settings: Settings, bootstrap: str, workdir: Path) -> Account:
        """Say what became of every case, and how it agrees with what the city found."""
        found = await gather(settings, bootstrap)
        if not listed(self.cases, found):
            await read_replies(settings, bootstrap, found)
        return settle(self.cases, self.areas, self.stops, found, workdir)

    def write_policy(self, directory: Path) -> Path:
        """Write Boston's areas, kinds, departments and limits as policy files."""
        write_policy(directory, self.cases, self.areas, self.begins.astimezone(UTC).year)
        return directory
