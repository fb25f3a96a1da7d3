"""The covariance of what a series has learned, in the precision in which it is stored."""

from __future__ import annotations

import numpy as np

from streams.warning.counts.rhythm import Array, in_single

CORRELATION_STEPS = 32_767
_NEARLY = 1.0 - 5e-5


def settle_spread(spread: Array, most: Array) -> Array:
    """Round a covariance to what is stored, so that a stored series goes on as if it was not.

    Correlations are kept in 16 bits, a trifle nearer to 0 than they are: so the rounded
    matrix stays positive definite. A term that is not seen for long forgets no further
    than its prior.
    """
    variance = np.maximum(spread.diagonal(), 1e-12)
    sd = np.sqrt(variance)
    steps = np.rint(spread / np.outer(sd, sd) * (_NEARLY * CORRELATION_STEPS))
    kept = in_single(np.minimum(sd, 2.0 * most))
    return restore_spread(np.clip(steps, -CORRELATION_STEPS, CORRELATION_STEPS), kept)


def restore_spread(steps: Array, sd: Array) -> Array:
    """The covariance from correlations in 16-bit steps and standard deviations."""
    spread = steps * (1.0 / CORRELATION_STEPS)
    spread *= sd
    spread *= sd[:, None]
    spread.flat[:: len(sd) + 1] = sd * sd
    return spread
