"""A city's alerts beside its other files, so that one of them is found without reading topics.

The topics are the truth; this is what was read of them so far, by alert. Whoever reads on
adds to it: `up` a little at a time while a city runs, and a command what it needs. It is
bounded: the oldest revisions go, and are then read from the topics again.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from agents.settings import Settings
from streams.partitioner import partition_of
from streams.topics import ALERTS

if TYPE_CHECKING:
    from agents.ledger import Ledger

MOST = 60_000
"""Revisions kept, about 1.5 kB each."""
TRIM_EVERY = 2_000
FRESH_S = 3.0
"""What was complete so lately needs no look at the broker."""
A_SECOND = 500
"""Records that `up` reads a second: about a hundredth of a processor."""

_TABLES = """
CREATE TABLE IF NOT EXISTS said (
  n INTEGER PRIMARY KEY AUTOINCREMENT, alert TEXT NOT NULL, value BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS said_of ON said (alert);
CREATE TABLE IF NOT EXISTS read_to (
  topic TEXT, lane INTEGER, upto INTEGER NOT NULL, whole_at REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (topic, lane));
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, value REAL NOT NULL);
"""

Progress = Callable[[int, int], None]


def _silent(read: int, of: int) -> None:
    """Report nothing."""


Place = tuple[str, int]
"""Topic without prefix, and partition."""


def index_path(settings: Settings) -> Path:
    """Where the alerts of a city are kept; removed with its other files."""
    return settings.data_dir / "up" / (settings.prefix.rstrip(".") or "city") / "alerts.sqlite"


class AlertIndex:
    """Alerts of one city by their ids. Use it as a context manager; it closes the file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, timeout=2.0, isolation_level=None)
        # It can be read anew from the topics: losing the newest lines at a crash is nothing.
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=OFF")
        self._file.executescript(_TABLES)

    def __enter__(self) -> AlertIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def revisions(self, alert_id: str) -> list[bytes]:
        """What was said of an alert, as it lies in the topic, oldest first."""
        rows = self._file.execute("SELECT value FROM said WHERE alert = ? ORDER BY n", (alert_id,))
        return [row[0] for row in rows]

    def explained_by(self, cause: str) -> list[bytes]:
        """The newest revision of each alert that ever named this cause, oldest first.

        Looks at all that is kept: for the few alerts that are causes.
        """
        named = f'"inhibited_by":"{cause}"'.encode()
        rows = self._file.execute(
            "SELECT value FROM said WHERE n IN (SELECT MAX(n) FROM said WHERE alert IN "
            "(SELECT alert FROM said WHERE instr(value, ?) > 0) GROUP BY alert) ORDER BY n",
            (named,),
        )
        return [row[0] for row in rows]

    def read_to(self) -> dict[Place, int]:
        """The offset up to which each partition was read."""
        rows = self._file.execute("SELECT topic, lane, upto FROM read_to")
        return {(topic, lane): upto for topic, lane, upto in rows}

    @property
    def trimmed(self) -> bool:
        """Whether old revisions were dropped: what is not here may still be in the topics."""
        return self._known("trimmed") > 0

    def is_whole(self, alert_id: str, since: float | None) -> bool:
        """Whether all that is said of an alert must be here, so that nobody need ask the broker.

        Args:
            since: the moment after which nothing more was said, seconds since 1970; None: the
                city lives, and what was whole a moment ago counts.
        """
        least = time.time() - FRESH_S if since is None else since
        rows = self._file.execute("SELECT topic, lane, whole_at FROM read_to").fetchall()
        widths: dict[str, int] = {}
        for topic, _, _ in rows:
            widths[topic] = widths.get(topic, 0) + 1
        homes = {(topic, partition_of(alert_id.encode(), width)) for topic, width in widths.items()}
        whole = {(topic, lane) for topic, lane, at in rows if at >= least}
        return len(homes) == len(ALERTS) and homes <= whole

    def whole(self, places: Iterable[Place], at: float) -> None:
        """Note that these partitions had been read to their ends at that moment."""
        self._file.executemany(
            "UPDATE read_to SET whole_at = ? WHERE topic = ? AND lane = ?",
            [(at, topic, lane) for topic, lane in places],
        )

    def _known(self, name: str) -> float:
        row = self._file.execute("SELECT value FROM known WHERE name = ?", (name,)).fetchone()
        return 0.0 if row is None else float(row[0])

    def _note(self, name: str, value: float) -> None:
        self._file.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (name, value))

    def clear(self) -> None:
        """Forget all: the topics are not those that were read."""
        self._file.executescript("DELETE FROM said; DELETE FROM read_to; DELETE FROM known;")

    def add(
        self, said: Iterable[tuple[Place, int, str, bytes]], ends: dict[Place, int] | None = None
    ) -> None:
        """Add records in their order; what was read before is not added twice.

        Args:
            said: partition, offset, alert id, value.
            ends: where reading has come to, past what is no record.
        """
        file = self._file
        file.execute("BEGIN IMMEDIATE")
        try:
            upto = self.read_to()
            rows = []
            for place, offset, alert_id, value in said:
                if offset >= upto.get(place, 0):
                    rows.append((alert_id, value))
                    upto[place] = offset + 1
            for place, end in (ends or {}).items():
                upto[place] = max(end, upto.get(place, 0))
            file.executemany("INSERT INTO said (alert, value) VALUES (?, ?)", rows)
            file.executemany(
                "INSERT INTO read_to (topic, lane, upto) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET upto = excluded.upto",
                [(topic, lane, end) for (topic, lane), end in upto.items()],
            )
            last = file.execute("SELECT MIN(n), MAX(n) FROM said").fetchone()
            if last[0] is not None and last[1] - last[0] >= MOST + TRIM_EVERY:
                file.execute("DELETE FROM said WHERE n <= ?", (last[1] - MOST,))
                self._note("trimmed", 1.0)
            file.execute("COMMIT")
        except BaseException:
            file.execute("ROLLBACK")
            raise


async def read_on(
    index: AlertIndex,
    ledger: Ledger,
    *,
    alert_id: str | None = None,
    most: int | None = None,
    progress: Progress = _silent,
) -> None:
    """Read on from where the index has come to.

    Args:
        alert_id: only the partitions of this alert.
        most: about so many records of each partition and no more.
    """
    from agents.alert_book import alert_topics

    topics = alert_topics()
    looked_at = time.time()
    ends = await ledger.ends(topics)
    since = index.read_to()
    if any(since[place] > ends.get(place, 0) for place in since):
        index.clear()
        since = {}
    if len(since) < len(ends):
        since = dict.fromkeys(ends, 0) | since
        index.add((), since)  # every partition has its line from now on
    if alert_id is not None:
        homes = {(topic.name, ledger.home(topic, alert_id)) for topic in topics}
        ends = {place: end for place, end in ends.items() if place in homes}
    until = {
        place: end if most is None else min(end, since[place] + most) for place, end in ends.items()
    }
    if any(since[place] < end for place, end in until.items()):
        batches = ledger.scan(topics, key=alert_id, since=since, until=until, progress=progress)
        async for batch in batches:
            index.add(
                ((record.topic, record.partition), record.offset, record.key.decode(), record.value)
                for record in batch
                if record.value is not None and record.key is not None
            )
    index.add((), until)
    index.whole((place for place, end in until.items() if end == ends[place]), looked_at)


async def keep(settings: Settings, bootstrap: str) -> None:
    """Follow a city's alerts, a little at a time, until cancelled.

    What goes wrong here costs a command its speed and nothing else, so it is tried again.
    """
    from aiokafka.errors import KafkaError

    from agents.alert_book import alert_topics
    from agents.ledger import open_ledger
    from schemas.errors import ConfigurationError

    while True:
        try:
            with AlertIndex(index_path(settings)) as index:
                async with open_ledger(settings, bootstrap, alert_topics()) as ledger:
                    lanes = sum(ledger.width(topic) for topic in alert_topics())
                    while True:
                        await read_on(index, ledger, most=max(1, A_SECOND // lanes))
                        await asyncio.sleep(1.0)
        except (KafkaError, ConfigurationError, OSError, sqlite3.Error):
            await asyncio.sleep(5.0)
