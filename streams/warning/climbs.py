"""How a gauge's water has moved in its last hours, in numbers that know neither unit nor gauge.

All lengths of time are parts of the horizon and all heights are held against what the water
would climb within it, so that a creek that rises by a hand in an hour and a river that rises
by metres in a day look alike if they do alike.
"""

from __future__ import annotations

from functools import cache
from math import asinh, hypot, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BODY = 15
"""Numbers about the water alone."""
INPUTS = BODY + 3
"""With those about what is still missing to a limit."""
_NOISES = 4.0
"""What climbs less than so many noises is standing water."""


class Climb(NamedTuple):
    """What the last hours say.

    Attributes:
        level: of the water now, the noise smoothed away.
        scale: what it would climb within the horizon, and at least four noises.
        height: above where it last stood low.
        slope: of the level by rows, over the last horizon, as it is now.
        rises: it climbs clearly more than its noise.
        body: the numbers without units.
    """

    level: float
    scale: float
    height: float
    slope: float
    rises: bool
    body: Floats


class Looks:
    """Weights of the newest levels in what is looked at; one for each horizon.

    Attributes:
        rows: levels that are needed.
        weights: per look its weights, the oldest level first.
        smooth: the look that is the mean of the last half-hour.
    """

    __slots__ = ("horizon", "rows", "weights")
    smooth = 2

    def __init__(self, horizon: int) -> None:
        third, half, double = max(4, horizon // 3), max(6, horizon // 2), 2 * horizon
        whole = max(8, horizon)
        self.horizon = horizon
        self.rows = 4 * horizon + third
        line, short = _fit(third, 1), _fit(half, 2)
        middle, long = _fit(whole, 2), _fit(max(12, double), 2)
        ago = (max(1, horizon // 2), horizon, double, 4 * horizon)
        newest = self._row(line[0])
        looks = [
            0.5 * newest + 0.5 * self._row(short[0]),
            newest,
            self._row(np.full(min(6, third + 2), 1 / min(6, third + 2))),
            *(self._row(one[1]) * horizon for one in (line, short, middle, long)),
            *(self._row(one[2]) * horizon * horizon / 2 for one in (short, middle, long)),
            *(newest - self._row(line[0], back) for back in ago),
            self._row(np.ones(1)) - newest,
        ]
        self.weights: Floats = np.array(looks)

    def _row(self, newest: Floats, back: int = 0) -> Floats:
        """Weights of the newest levels, the oldest of them first, as a row of all."""
        found = np.zeros(self.rows)
        end = self.rows - back
        found[end - len(newest) : end] = newest
        return found

    def climb(self, seen: Floats, low: float, sigma: float) -> Climb:
        """Bring what is seen to numbers without units.

        Args:
            low: where the water stood before it rose.
            sigma: noise of a reading, > 0.
        """
        level, newest, _, s8, s12, s24, s48, c12, c24, c48, *rest = seen.tolist()
        carry = 0.5 * max(s12, 0.0) + 0.5 * max(s24, 0.0)
        scale = hypot(carry, _NOISES * sigma)
        height = newest - low
        moved = (s8, s12, s24, s48, c12, c24, c48, height, *rest)
        body = [asinh(one / scale) for one in moved]
        body += (log(scale / sigma), log(scale / max(height, sigma)))
        return Climb(
            level,
            scale,
            height,
            s24 / self.horizon,
            scale > 2 * _NOISES * sigma,
            np.array(body),
        )


def missing(climb: Climb, needs: Floats, sigma: float) -> Floats:
    """Numbers about what the water still has to rise, one row for each.

    Args:
        needs: heights above the present level.
    """
    share = needs / climb.scale
    least = np.maximum(share, 0.01)
    over = climb.scale / max(climb.height, sigma)
    return np.stack([np.log(least), np.minimum(share, 4.0), np.log(least * over)], axis=1)


@cache
def looks(horizon: int) -> Looks:
    """The looks of a horizon of so many rows."""
    return Looks(horizon)


def _fit(rows: int, degree: int) -> Floats:
    """Per power of time its weights in the polynomial through the last rows; the newest is 0."""
    at = np.arange(rows) - (rows - 1.0)
    found: Floats = np.linalg.pinv(at[:, None] ** np.arange(degree + 1))
    return found
