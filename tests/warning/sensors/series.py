"""Series that tests judge: a sensor with its days, noise from a fixed seed, and accidents."""

from __future__ import annotations

import random
from math import pi, sin

ROWS_A_DAY = 288


def calm(rows: int, seed: int = 1) -> list[float]:
    """Five-minute readings of a device that repeats its days."""
    chance = random.Random(seed)
    return [
        20.0 + 5.0 * sin(2 * pi * row / ROWS_A_DAY) + chance.gauss(0, 0.5) for row in range(rows)
    ]


def minute(row: int) -> int:
    """The minute of the week of a row, the first being a Monday 00:00."""
    return row * 5 % (7 * 1440)
