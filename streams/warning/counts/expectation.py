"""What a bin should bring, and from which count on it is too rare."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from streams.warning.counts.distribution import upper_tail

MOST_COUNT = 2**32 - 1
"""Counts are stored in 32 bits; no bin of a city is larger."""


class Expectation(NamedTuple):
    """What a bin should bring: a negative binomial with this mean and size.

    The size holds scatter as well as doubt about the mean: variance = mean + mean²/size.
    """

    mean: float
    size: float

    def interval(self, share: float = 0.9) -> tuple[int, int]:
        """The counts between which this share of all outcomes lies."""
        tail = (1.0 - share) / 2.0
        low, high = least_count(self, 1.0 - tail), least_count(self, tail)
        return max(low - 1, 0), max(high - 1, 0)


def least_count(expected: Expectation, alpha: float) -> int:
    """The smallest count whose upper tail is at most `alpha`; within ``MOST_COUNT``."""
    mean, size = expected
    high = max(1, int(mean + 4.0 * sqrt(mean + mean * mean / size)))
    while high < MOST_COUNT and upper_tail(high, size, mean)[0] > alpha:
        high = min(2 * high, MOST_COUNT)
    low = 0
    while low < high:
        middle = (low + high) // 2
        if upper_tail(middle, size, mean)[0] <= alpha:
            high = middle
        else:
            low = middle + 1
    return low
