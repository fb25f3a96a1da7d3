"""Rows of many series in the order of time, each series checked for itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from agents.warn.rows import Row, refuse
from schemas.errors import InputError

MOST_ROWS = 10_000_000
"""Rows of a file that are held in memory, about two gigabytes."""

LEAST_CHANCE = 1e-3
"""Equal rows expected by chance, for each one met, below which a row was delivered twice."""

FEW_ROWS = 20
"""Up to so many rows equal ones are no chance, unless all times are whole."""
MOST_DECIMALS = 17
"""Of a number so small that it is written with an exponent."""

Event = TypeVar("Event")


def in_order(
    path: Path,
    rows: Iterator[Row],
    event: Callable[[tuple[Any, ...]], Event],
    series: Callable[[Event], Hashable],
    time: Callable[[Event], float],
) -> list[Event]:
    """All rows by time; rows of one time keep their order in the file.

    Where times are so coarse that some rows are equal by chance, as whole hours are, equal rows
    are several events; where they are too fine for that, they are one event twice.

    Args:
        event: makes a row's values into what is judged.
        series: within which time has to rise from row to row.

    Raises:
        InputError: time falls within a series, a row comes twice, or there are too many rows.
    """
    newest: dict[Hashable, tuple[float, int]] = {}
    found: list[Event] = []
    ties = _Ties()
    for row in rows:
        one = event(row.values)
        key, now = series(one), time(one)
        before, earlier = newest.get(key, (now - 1.0, 0))
        if now < before:
            wanted = f"a time from {before:g} of this series on"
            raise refuse(path, row.line, "time", now, wanted)
        if not ties.plausible(now, earlier, now == before):
            wanted = "each event once: times as fine as in this file are not equal by chance"
            raise refuse(path, row.line, "row", "the same row again", wanted)
        newest[key] = (now, earlier + 1)
        found.append(one)
        if len(found) > MOST_ROWS:
            raise InputError(
                f"{path}: got more than {MOST_ROWS:,} rows, wanted fewer. "
                "Operator action: cut the file by time and run each part."
            )
    found.sort(key=time)
    return found


class _Ties:
    """Whether rows of one series and one time are more than chance explains, in rows so far."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.rows = 0
        self.decimals = 0
        self.pairs = 0
        self.equal = 0

    def plausible(self, now: float, earlier: int, equal: bool) -> bool:
        """Take a row in, after so many of its series; whether it can be an event of its own."""
        if self.first is None:
            self.first = now
        if not now.is_integer():
            _, _, fraction = repr(now).partition(".")
            self.decimals = max(self.decimals, len(fraction) or MOST_DECIMALS)
        self.rows += 1
        self.pairs += earlier
        self.equal += equal
        if not equal or not self.decimals:
            return True
        span = max(now - self.first, 1.0)
        by_chance = self.pairs * 10.0**-self.decimals / span
        return self.rows > FEW_ROWS and by_chance >= LEAST_CHANCE * self.equal
