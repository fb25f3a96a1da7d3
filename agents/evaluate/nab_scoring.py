"""The Numenta Anomaly Benchmark: its recordings, its labels and its rule of scoring.

Source: Lavin & Ahmad 2015, doi.org/10.1109/ICMLA.2015.141; version 1.1 of the data.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp
from pathlib import Path
from typing import NamedTuple

from schemas.errors import ConfigurationError

MOST_PROBATION = 750
PROBATION_SHARE = 0.15
"""The first rows of a series count for nothing: a detector may learn from them."""


class Weights(NamedTuple):
    """What a hit, a miss and a false alarm are worth under one application profile."""

    hit: float
    miss: float
    false: float


PROFILES = {
    "standard": Weights(1.0, 1.0, 0.11),
    "reward_low_FP_rate": Weights(1.0, 1.0, 0.22),
    "reward_low_FN_rate": Weights(1.0, 2.0, 0.11),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One recording.

    Attributes:
        name: group and file.
        windows: first and last row of each labelled anomaly.
    """

    name: str
    times: tuple[datetime, ...]
    values: tuple[float, ...]
    windows: tuple[tuple[int, int], ...]

    @property
    def group(self) -> str:
        """The category that the recording belongs to."""
        return self.name.partition("/")[0]

    @property
    def probation(self) -> int:
        """Rows at the beginning that count for nothing."""
        return min(int(PROBATION_SHARE * len(self.values)), MOST_PROBATION)


class Marks(NamedTuple):
    """What the alerts of one series earned, before weighting; marks of several series add up.

    Attributes:
        windows: how many there were.
        hits: credit of the windows found, at most 1 each, more for an early alert.
        missed: windows without an alert.
        false: debit of the alerts outside of windows, never positive.
        alerts_outside: their number.
    """

    windows: int
    hits: float
    missed: int
    false: float
    alerts_outside: int


def add(marks: Iterable[Marks]) -> Marks:
    """The marks of several series together."""
    columns = list(zip(*marks, strict=True))
    if not columns:
        return Marks(0, 0.0, 0, 0.0, 0)
    windows, hits, missed, false, outside = (sum(column) for column in columns)
    return Marks(int(windows), hits, int(missed), false, int(outside))


def score(marks: Marks, weights: Weights) -> float:
    """0 for a detector that never fires, 100 for a perfect one; NaN without windows."""
    if not marks.windows:
        return float("nan")
    raw = weights.hit * marks.hits - weights.miss * marks.missed + weights.false * marks.false
    silent = -weights.miss * marks.windows
    return 100.0 * (raw - silent) / (weights.hit * marks.windows - silent)


def mark(series: Series, alerts: Iterable[int]) -> Marks:
    """Judge the rows at which a detector fired, in rising order."""
    best: dict[int, float] = {}
    false, outside = 0.0, 0
    for row in alerts:
        if row < series.probation:
            continue
        window, before = _window(series.windows, row)
        if window is not None:
            first, last = series.windows[window]
            earned = _worth(-(last - row + 1) / (last - first + 1)) / _worth(-1.0)
            best[window] = max(earned, best.get(window, 0.0))
        else:
            outside += 1
            if before is None:
                false -= 1.0
            else:
                first, last = before
                false += _worth((row - last) / (last - first))
    missed = len(series.windows) - len(best)
    return Marks(len(series.windows), sum(best.values()), missed, false, outside)


def _window(
    windows: Sequence[tuple[int, int]], row: int
) -> tuple[int | None, tuple[int, int] | None]:
    """The window that a row lies in, and the nearest one before it."""
    before = None
    for at, (first, last) in enumerate(windows):
        if first <= row <= last:
            return at, before
        if last < row:
            before = (first, last)
    return None, before


def _worth(position: float) -> float:
    """1 at the window's begin, 0 at its end, falling to -1 behind it."""
    return -1.0 if position > 3.0 else 2.0 / (1.0 + exp(5.0 * position)) - 1.0


def read(directory: Path) -> list[Series]:
    """All recordings with their windows, in the order of their names.

    Raises:
        ConfigurationError: the directory is not a copy of the benchmark.
    """
    labels = directory / "labels" / "combined_windows.json"
    if not labels.is_file():
        raise ConfigurationError(
            f"--data: got {directory}, wanted the benchmark with data/ and "
            "labels/combined_windows.json. Operator action: name its directory after --data."
        )
    windows: dict[str, list[tuple[str, str]]] = json.loads(labels.read_text(encoding="utf-8"))
    return [_read(directory / "data" / name, name, windows[name]) for name in sorted(windows)]


def _read(file: Path, name: str, windows: list[tuple[str, str]]) -> Series:
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [(row["timestamp"], float(row["value"])) for row in csv.DictReader(lines)]
    stamps = [stamp for stamp, _ in rows]
    return Series(
        name,
        tuple(datetime.fromisoformat(stamp) for stamp in stamps),
        tuple(value for _, value in rows),
        # Windows carry microseconds; a repeated stamp belongs to the window as a whole.
        tuple(
            (stamps.index(begin[:19]), len(stamps) - 1 - stamps[::-1].index(end[:19]))
            for begin, end in windows
        ),
    )
