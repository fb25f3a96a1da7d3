"""What operators answer to a warning, and how that moves the threshold of its kind.

A warning that was right makes its kind a little easier to call, one that was wrong a
little harder, never by more than ten times either way. Few answers move little. Hard
limits are not moved by anybody's opinion: their numbers are the city's.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from schemas.alert import Answer

BOUND = 10.0
"""A threshold moves at most by this factor."""

_BELIEVED_AFTER = 8.0
"""So many answers count as much as the opinion that all is well as it is."""


@dataclass(slots=True)
class Verdicts:
    """How often operators found a kind of warning right or wrong."""

    confirmed: int = 0
    false: int = 0
    no_finding: int = 0
    duplicate: int = 0

    def count(self, answer: Answer) -> None:
        """One more answer."""
        setattr(self, answer, getattr(self, answer) + 1)

    def take_back(self, answer: Answer) -> None:
        """The desk has changed its mind about one."""
        setattr(self, answer, max(0, getattr(self, answer) - 1))

    def encode(self) -> bytes:
        """Four numbers, as they are stored."""
        return orjson.dumps([self.confirmed, self.false, self.no_finding, self.duplicate])

    @classmethod
    def decode(cls, stored: bytes) -> Verdicts:
        """Read what ``encode`` wrote."""
        return cls(*orjson.loads(stored))

    def without(self, part: Verdicts) -> Verdicts:
        """The answers that are not among those of `part`."""
        return Verdicts(
            self.confirmed - part.confirmed,
            self.false - part.false,
            self.no_finding - part.no_finding,
            self.duplicate - part.duplicate,
        )

    @property
    def number(self) -> int:
        """All answers that say whether there was something; a duplicate says nothing."""
        return self.confirmed + self.false + self.no_finding

    @property
    def precision(self) -> float | None:
        """Share of the answered warnings that were right; None before any answer."""
        return self.confirmed / self.number if self.number else None

    @property
    def factor(self) -> float:
        """What the tolerated p of the kind is multiplied with: above 1 it warns sooner.

        The odds of being right, drawn towards 1 while answers are few, within
        1/`BOUND` and `BOUND`.
        """
        return self.factor_beside(1.0)

    def factor_beside(self, general: float) -> float:
        """The same, drawn towards `general` instead of 1 while answers are few.

        Args:
            general: the factor of the other kinds of matter that the same trigger warns of.
        """
        right = self.confirmed + _BELIEVED_AFTER * general / (1.0 + general)
        wrong = self.false + self.no_finding + _BELIEVED_AFTER / (1.0 + general)
        return min(BOUND, max(1 / BOUND, right / wrong))
