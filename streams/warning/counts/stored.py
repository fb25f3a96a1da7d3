"""A series as bytes: what a partition keeps for each kind and area, at most 450 bytes.

What is stored is exactly what the series computes with, so a series that was stored and
read again answers as one that never was.
"""

from __future__ import annotations

import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streams.warning.counts.expectation import MOST_COUNT, Expectation
from streams.warning.counts.rhythm import Rhythm
from streams.warning.counts.series import Closed, Series
from streams.warning.counts.spread import CORRELATION_STEPS

VERSION = 1
_HEAD = struct.Struct("<BBBBqII4d")
_CLOSED = struct.Struct("<qIff")
_NEVER = -(2**63)


def encode(series: Series) -> bytes:
    """The state of a series; its rhythm and lateness are not in it."""
    rhythm = series.rhythm
    steps = np.rint(series.correlation[_upper(rhythm.size)] * CORRELATION_STEPS)
    parts = [
        _HEAD.pack(
            VERSION,
            rhythm.size,
            len(rhythm.extras),
            len(series.closed),
            _NEVER if series.learned is None else series.learned,
            series.seen,
            min(series.count, MOST_COUNT),
            series.evidence,
            series.excess,
            series.total,
            series.drift,
        ),
        series.terms.astype("<f4").tobytes(),
        series.sd.astype("<f4").tobytes(),
        steps.astype("<i2").tobytes(),
    ]
    for closed in series.closed:
        parts.append(_CLOSED.pack(closed.at, closed.observed, *closed.expected))
        parts.append(struct.pack(f"<{len(closed.extra)}f", *closed.extra))
    return b"".join(parts)


def decode(state: bytes, rhythm: Rhythm, lateness: int = 0) -> Series:
    """The series that was stored.

    Raises:
        ValueError: the state is of another version or rhythm, or it is cut off; what was
            learned cannot be used then, and the series begins anew.
    """
    if len(state) < _HEAD.size or state[0] != VERSION:
        raise ValueError(f"state of a series: got {state[:1].hex()}…, wanted version {VERSION}")
    _, size, extras, bins, learned, seen, count, evidence, excess, total, drift = _HEAD.unpack_from(
        state
    )
    if (size, extras) != (rhythm.size, len(rhythm.extras)):
        raise ValueError(
            f"state of a series: got {size} terms with {extras} extras, "
            f"wanted {rhythm.size} with {len(rhythm.extras)}"
        )
    pairs = size * (size - 1) // 2
    wanted = _HEAD.size + 8 * size + 2 * pairs + bins * (_CLOSED.size + 4 * extras)
    if len(state) != wanted:
        raise ValueError(f"state of a series: got {len(state)} bytes, wanted {wanted}")
    series = Series(rhythm, lateness=lateness)
    series.learned = None if learned == _NEVER else learned
    series.seen, series.count = seen, count
    series.evidence, series.excess, series.total = evidence, excess, total
    series.drift = drift
    at = _HEAD.size
    series.terms = np.frombuffer(state, "<f4", size, at).astype(np.float32)
    series.sd = np.frombuffer(state, "<f4", size, at + 4 * size).astype(np.float32)
    steps = np.zeros((size, size))
    steps[_upper(size)] = np.frombuffer(state, "<i2", pairs, at + 8 * size)
    series.correlation = (steps + steps.T) * (1.0 / CORRELATION_STEPS) + np.eye(size)
    at += 8 * size + 2 * pairs
    for _ in range(bins):
        number, observed, mean, spread = _CLOSED.unpack_from(state, at)
        extra = struct.unpack_from(f"<{extras}f", state, at + _CLOSED.size)
        series.closed.append(Closed(number, observed, Expectation(mean, spread), extra))
        at += _CLOSED.size + 4 * extras
    series.judge_from(0)
    return series


@lru_cache(maxsize=64)
def _upper(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column numbers above the diagonal."""
    rows, columns = np.triu_indices(size, 1)
    return rows, columns
