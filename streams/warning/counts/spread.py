"""How unsure a series is of what it has learned, in the precision in which it is stored.

A covariance is kept as standard deviations, in single precision, and correlations, in
steps of 1/32767: what is stored is what is computed with.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from streams.warning.counts.rhythm import Array

CORRELATION_STEPS = 32_767
_NEARLY = 1.0 - 5e-5
_STEP = 1.0 / CORRELATION_STEPS


def drift_level(correlation: Array, sd: Array, steps: int) -> tuple[Array, Array]:
    """Carry level and slope forward: the level of later is level + steps × slope."""
    correlation, sd = correlation.copy(), sd.copy()
    level, slope = float(sd[0]), steps * float(sd[1])
    variance = level * level + slope * slope + 2.0 * level * slope * float(correlation[0, 1])
    sd[0] = after = sqrt(max(variance, 1e-12))
    row = (correlation[0] * level + correlation[1] * slope) / after
    row[0] = 1.0
    correlation[0], correlation[:, 0] = row, row
    return correlation, sd


def shrunk(correlation: Array, pull: Array, share: float) -> tuple[Array, Array]:
    """What is left to be unsure of after a count, and by what each deviation shrinks.

    Correlations end a trifle nearer to 0 than they are, so that the rounded matrix stays
    positive definite.

    Args:
        pull: correlation times the regressors in deviations; share: of it that is now known.
    """
    # The diagonal is 1 before. Rounding must not leave less than nothing.
    root = np.sqrt(np.maximum(1.0 - share * (pull * pull), 1e-9))
    scale = 1.0 / root
    left: Array = pull[:, None] * (pull * -share)
    left += correlation
    left *= scale * (_NEARLY * CORRELATION_STEPS)
    left *= scale[:, None]
    np.rint(left, out=left)
    left *= _STEP
    left.reshape(-1)[:: len(root) + 1] = 1.0
    return left, root


def loosen_level(correlation: Array, sd: Array, variance: float) -> None:
    """The level may have moved: it gains variance that nothing else shares; in place."""
    before = float(sd[0])
    after = sqrt(before * before + variance)
    row = np.rint(correlation[0] * (before / after * CORRELATION_STEPS)) * _STEP
    row[0] = 1.0
    correlation[0], correlation[:, 0] = row, row
    sd[0] = after
