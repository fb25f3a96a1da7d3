"""Evidence of a rise, gathered bin by bin: a leaky Shiryaev–Roberts sum, and how rare it is.

Source: Roberts 1966, Technometrics 8:411.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.warning.counts.distribution import likelihood_ratios
from streams.warning.counts.expectation import Expectation
from streams.warning.counts.rhythm import Rhythm

MOST_EVIDENCE = 1e15


class Gathered(NamedTuple):
    """What is gathered after a bin, and what is told of it.

    Attributes:
        evidence: of a rise, carried to the next bin; from 0.
        told: with what the bin says alone; what the score is made of.
    """

    evidence: float
    told: float


def gathered(rhythm: Rhythm, evidence: float, observed: int, expected: Expectation) -> Gathered:
    """The evidence of a rise after one more bin, from that before it."""
    mean, size = expected
    alone = rhythm.alone
    shifts = (rhythm.shift, rhythm.alone_shift) if alone else (rhythm.shift,)
    better = likelihood_ratios(observed, size, mean, shifts)
    ratio = rhythm.lull + (1.0 - rhythm.lull) * better[0]
    most = rhythm.calm_most if observed <= mean else MOST_EVIDENCE
    after = min((1.0 + min(rhythm.hold * evidence, rhythm.carry_most)) * ratio, most)
    if not alone:
        return Gathered(after, after)
    return Gathered(after, after + alone * (min(better[1], MOST_EVIDENCE) - after))


def tail_of(rhythm: Rhythm, evidence: float) -> float:
    """How rarely evidence is as high when nothing happens."""
    factor, power = rhythm.tail
    return min(1.0, factor * evidence**-power) if evidence > 0.0 else 1.0
