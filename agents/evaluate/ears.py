"""EARS C1, C2 and C3, the surveillance field's plainest detectors, to stand beside ours.

Source: Hutwagner et al. 2003, J. Urban Health 80:i89.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BASELINE = 7
LAG = 2
LEAST_SD = 0.2


def c1(counts: NDArray[np.int64]) -> Floats:
    """Standard deviations above the mean of the seven bins before."""
    return _scores(counts, 0)


def c2(counts: NDArray[np.int64]) -> Floats:
    """The same, of seven bins that end two bins earlier."""
    return _scores(counts, LAG)


def c3(counts: NDArray[np.int64]) -> Floats:
    """What C2 was above 1, over the last three bins."""
    above: Floats = np.maximum(c2(counts) - 1.0, 0.0)
    padded: Floats = np.pad(above, (2, 0))
    return above + padded[1:-1] + padded[:-2]


def _scores(counts: NDArray[np.int64], lag: int) -> Floats:
    scores = np.zeros(len(counts))
    windows = np.lib.stride_tricks.sliding_window_view(counts.astype(float), BASELINE)
    first = BASELINE + lag
    before = windows[: len(counts) - first]
    sd = np.maximum(before.std(axis=1, ddof=1), LEAST_SD)
    scores[first:] = (counts[first:] - before.mean(axis=1)) / sd
    return scores
