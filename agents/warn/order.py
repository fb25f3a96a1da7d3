"""Rows of many series in the order of time, each series checked for itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from agents.warn.rows import Row, refuse
from schemas.errors import InputError

MOST_ROWS = 10_000_000
"""Rows of a file that are held in memory, about two gigabytes."""

Event = TypeVar("Event")


def in_order(
    path: Path,
    rows: Iterator[Row],
    event: Callable[[tuple[Any, ...]], Event],
    series: Callable[[Event], Hashable],
    time: Callable[[Event], float],
) -> list[Event]:
    """All rows by time; rows of one time keep their order in the file.

    A time without a fraction stands for the whole hour or day, so that equal rows are several
    events of it; equal times with a fraction are one event twice.

    Args:
        event: makes a row's values into what is judged.
        series: within which time has to rise from row to row.

    Raises:
        InputError: time falls within a series, a row comes twice, or there are too many rows.
    """
    newest: dict[Hashable, float] = {}
    found: list[Event] = []
    for row in rows:
        one = event(row.values)
        key, now = series(one), time(one)
        before = newest.get(key)
        if before is not None and (now < before or (now == before and not now.is_integer())):
            what = "the same row again" if now == before else f"{now:g} after {before:g}"
            raise refuse(path, row.line, "time", what, f"a time after {before:g} of this series")
        newest[key] = now
        found.append(one)
        if len(found) > MOST_ROWS:
            raise InputError(
                f"{path}: got more than {MOST_ROWS:,} rows, wanted fewer. "
                "Operator action: cut the file by time and run each part."
            )
    found.sort(key=time)
    return found
