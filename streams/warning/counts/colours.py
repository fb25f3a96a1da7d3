"""Which of many surprising series are called: false discoveries held down, then a colour.

Two thousand series judged each day would call someone twenty times a day at p < 0.01, and
almost always in vain. So the series of one bin are judged together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.terms import COLOURS, Colour


@dataclass(frozen=True, slots=True)
class ColourRule:
    """How rare a score must be for each colour, and how many calls may be in vain.

    Attributes:
        at: the largest p of blue, yellow, orange and red, falling.
        false_share: wanted share of false discoveries among the series called in a bin.
    """

    at: tuple[float, float, float, float] = (1e-3, 1e-4, 1e-5, 1e-6)
    false_share: float = 0.05

    def __post_init__(self) -> None:
        if not all(0.0 < b < a < 1.0 for a, b in zip(self.at, self.at[1:], strict=False)):
            raise ValueError(f"at: got {self.at}, wanted four falling probabilities")
        if not 0.0 < self.false_share < 1.0:
            raise ValueError(f"false_share: got {self.false_share}, wanted one within 0 and 1")


def discovery_limit(ps: Sequence[float], false_share: float) -> float:
    """The p up to which series are called, so that about this share is called in vain.

    Args:
        ps: one p for each series judged in the bin, called or not.

    Returns:
        A p of `ps`; 0 when none is called.

    Source: Benjamini & Hochberg 1995, J. R. Statist. Soc. B 57:289.
    """
    limit = 0.0
    each = false_share / len(ps) if ps else 0.0
    for rank, p in enumerate(sorted(p for p in ps if p <= false_share), start=1):
        if p <= rank * each:
            limit = p
    return limit


def colours(ps: Sequence[float], rule: ColourRule) -> list[Colour | None]:
    """The colour of each series of one bin; None for those that are not called."""
    limit = min(discovery_limit(ps, rule.false_share), rule.at[0])
    return [COLOURS[sum(p <= at for at in rule.at) - 1] if p <= limit else None for p in ps]
