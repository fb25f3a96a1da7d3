"""A city's alerts beside its other files, so that one of them is told without reading topics.

The topics are the truth; this is what was read of them so far, by alert, and the reasons of
each alert, ready in both languages. Whoever reads on adds to it: `up` while a city runs, and
a command what it needs. It is bounded: the oldest revisions go, and are then read from the
topics again.

A command that must answer at once reads this file and little else, so nothing is imported
here that takes time.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from streams.partitioner import partition_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agents.settings import Settings

MOST = 60_000
"""Revisions kept, about 1.5 kB each; and the reasons of the alerts among them, 1 kB each."""
TRIM_EVERY = 2_000
FRESH_S = 2.0
"""What was complete so lately needs no look at the broker."""
FORM = 3
"""Of the tables; a file of another form is read anew from the topics."""
TOPICS = 3
"""Topics that alerts lie in, one a tier."""

_TABLES = f"""
CREATE TABLE IF NOT EXISTS said (
  n INTEGER PRIMARY KEY AUTOINCREMENT, alert TEXT NOT NULL, value BLOB NOT NULL, cause TEXT);
CREATE INDEX IF NOT EXISTS said_of ON said (alert);
CREATE INDEX IF NOT EXISTS said_for ON said (cause) WHERE cause IS NOT NULL;
CREATE TABLE IF NOT EXISTS read_to (
  topic TEXT, lane INTEGER, upto INTEGER NOT NULL, whole_at REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (topic, lane));
CREATE TABLE IF NOT EXISTS unexplained (
  alert TEXT PRIMARY KEY, n INTEGER NOT NULL, warns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reasons (
  alert TEXT PRIMARY KEY, n INTEGER NOT NULL, given TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = {FORM};
"""
_CLEAR = """
DELETE FROM said; DELETE FROM read_to; DELETE FROM unexplained; DELETE FROM reasons;
DELETE FROM known WHERE name = 'trimmed';
"""
_CAUSE = b'"inhibited_by":"'  # quotes within a text are escaped, so this is nothing but the field
_WARNS = b'"scale":"warning"'

Place = tuple[str, int]
"""Topic without prefix, and partition."""


def index_path(settings: Settings) -> Path:
    """Where the alerts of a city are kept; removed with its other files."""
    return index_file(settings.data_dir, settings.prefix)


def index_file(data_dir: Path, prefix: str) -> Path:
    """The same by the data directory and the prefix of the city's topics."""
    return data_dir / "up" / (prefix.rstrip(".") or "city") / "alerts.sqlite"


class AlertIndex:
    """Alerts of one city by their ids. Use it as a context manager; it closes the file.

    Args:
        only_read: open what is there, for a command that adds nothing.

    Raises:
        sqlite3.Error: there is no such file to read, or it cannot be written.
    """

    def __init__(self, path: Path, *, only_read: bool = False) -> None:
        if only_read:
            where = f"file:{str(path).replace('%', '%25').replace('?', '%3f')}?mode=ro"
            self._file = sqlite3.connect(where, uri=True, timeout=0.2, isolation_level=None)
            if self._form() != FORM:
                self._file.close()
                raise sqlite3.DatabaseError(f"{path}: not of this form")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, timeout=2.0, isolation_level=None)
        # It can be read anew from the topics: losing the newest lines at a crash is nothing.
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=OFF")
        if self._form() != FORM:
            old = self._file.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            ).fetchall()
            for (name,) in old:
                self._file.execute(f"DROP TABLE {name}")
        self._file.executescript(_TABLES)

    def __enter__(self) -> AlertIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _form(self) -> int:
        return int(self._file.execute("PRAGMA user_version").fetchone()[0])

    # --- what was said

    def revisions(self, alert_id: str) -> list[bytes]:
        """What was said of an alert, as it lies in the topic, oldest first."""
        rows = self._file.execute("SELECT value FROM said WHERE alert = ? ORDER BY n", (alert_id,))
        return [row[0] for row in rows]

    def explained_by(self, cause: str) -> list[bytes]:
        """The newest revision of each alert that ever named this cause, oldest first."""
        rows = self._file.execute(
            "SELECT value FROM said WHERE n IN (SELECT MAX(n) FROM said WHERE alert IN "
            "(SELECT alert FROM said WHERE cause = ?) GROUP BY alert) ORDER BY n",
            (cause,),
        )
        return [row[0] for row in rows]

    def newest(self, most: int) -> list[str]:
        """Ids of the alerts that were spoken of last, the newest first."""
        rows = self._file.execute(
            "SELECT alert FROM said GROUP BY alert ORDER BY MAX(n) DESC LIMIT ?", (most,)
        )
        return [row[0] for row in rows]

    def read_to(self) -> dict[Place, int]:
        """The offset up to which each partition was read."""
        rows = self._file.execute("SELECT topic, lane, upto FROM read_to")
        return {(topic, lane): upto for topic, lane, upto in rows}

    @property
    def trimmed(self) -> bool:
        """Whether old revisions were dropped: what is not here may still be in the topics."""
        return self.known("trimmed") is not None

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
        return len(homes) == TOPICS and homes <= whole

    def whole(self, places: Iterable[Place], at: float) -> None:
        """Note that these partitions had been read to their ends at that moment."""
        self._file.executemany(
            "UPDATE read_to SET whole_at = ? WHERE topic = ? AND lane = ?",
            [(at, topic, lane) for topic, lane in places],
        )

    def known(self, name: str) -> str | None:
        """A remark about all of it, by its name."""
        row = self._file.execute("SELECT value FROM known WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def note(self, name: str, value: str) -> None:
        """Keep such a remark."""
        self._file.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (name, value))

    def clear(self) -> None:
        """Forget all: the topics are not those that were read."""
        self._file.executescript(_CLEAR)

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
                    rows.append((alert_id, value, _cause(value)))
                    upto[place] = offset + 1
            for place, end in (ends or {}).items():
                upto[place] = max(end, upto.get(place, 0))
            for alert_id, value, cause in rows:
                n = file.execute(
                    "INSERT INTO said (alert, value, cause) VALUES (?, ?, ?)",
                    (alert_id, value, cause),
                ).lastrowid
                file.execute(
                    "INSERT OR REPLACE INTO unexplained VALUES (?, ?, ?)",
                    (alert_id, n, _WARNS in value),
                )
            file.executemany(
                "INSERT INTO read_to (topic, lane, upto) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET upto = excluded.upto",
                [(topic, lane, end) for (topic, lane), end in upto.items()],
            )
            last = file.execute("SELECT MIN(n), MAX(n) FROM said").fetchone()
            if last[0] is not None and last[1] - last[0] >= MOST + TRIM_EVERY:
                for table in ("said", "unexplained", "reasons"):
                    file.execute(f"DELETE FROM {table} WHERE n <= ?", (last[1] - MOST,))
                self.note("trimmed", "1")
            file.execute("COMMIT")
        except BaseException:
            file.execute("ROLLBACK")
            raise

    # --- why it was said

    def reasons(self, alert_id: str) -> dict[str, Any] | None:
        """The reasons of an alert as they stand, by language; None: not explained yet."""
        row = self._file.execute(
            "SELECT given FROM reasons WHERE alert = ? AND n = "
            "(SELECT MAX(n) FROM said WHERE alert = ?)",
            (alert_id, alert_id),
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def unexplained(self, most: int, *, warnings: bool = False) -> list[tuple[str, int]]:
        """Alerts that nobody has explained as they stand, warnings first, the newest first.

        Args:
            warnings: no other ones.

        Returns:
            Id, and the number of its newest revision here.
        """
        rows = self._file.execute(
            "SELECT alert, n FROM unexplained WHERE warns >= ? ORDER BY warns DESC, n DESC LIMIT ?",
            (int(warnings), most),
        )
        return rows.fetchall()

    def explain(self, reasons: Iterable[tuple[str, int, Mapping[str, Any] | None]]) -> None:
        """Keep the reasons of alerts.

        Args:
            reasons: id, number of the revision that they hold for, and the reasons by language;
                None: there is nothing that could be explained.
        """
        self._file.execute("BEGIN IMMEDIATE")
        try:
            for alert_id, n, given in reasons:
                self._file.execute(
                    "DELETE FROM unexplained WHERE alert = ? AND n = ?", (alert_id, n)
                )
                if given is not None:
                    text = json.dumps(given, ensure_ascii=False)
                    self._file.execute(
                        "INSERT OR REPLACE INTO reasons VALUES (?, ?, ?)", (alert_id, n, text)
                    )
            self._file.execute("COMMIT")
        except BaseException:
            self._file.execute("ROLLBACK")
            raise

    def under(self, policy: str) -> None:
        """Note by which policy reasons are given; those given by another are given anew."""
        if self.known("policy") == policy:
            return
        self._file.executescript(
            "BEGIN IMMEDIATE; DELETE FROM reasons; INSERT OR REPLACE INTO unexplained "
            f"SELECT alert, MAX(n), MAX(instr(value, '{_WARNS.decode()}') > 0) FROM said "
            "GROUP BY alert; COMMIT;"
        )
        self.note("policy", policy)


def _cause(value: bytes) -> str | None:
    """The alert or case that an alert names as its cause."""
    at = value.find(_CAUSE)
    if at < 0:
        return None
    begin = at + len(_CAUSE)
    return value[begin : value.index(b'"', begin)].decode(errors="replace")
