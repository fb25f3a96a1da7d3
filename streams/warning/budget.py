"""A desk's budget of calls in vain, over all triggers that go by what is improbable.

What is tested often finds something by chance. So all that closes in one hour at a desk is
judged together, whichever trigger it comes from, and the improbable calls a desk only so
often a day. What is beyond that is shown in blue. Red is never held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.terms import Colour

SLOT_S = 3_600
MOST_SLOTS = 3
MOST_DAYS = 3
MOST_NOTED = 200


@dataclass(slots=True)
class Slot:
    """What was tested in one closing hour.

    Attributes:
        tests: how many p there were.
        small: those that may matter, at most `MOST_NOTED`.
    """

    tests: int = 0
    small: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Budget:
    """What a desk has spent.

    Attributes:
        slots: by the number of the hour in which the tested window ended; the newest few.
        days: warnings that called it, by the number of the local day; the newest few.
    """

    slots: dict[int, Slot] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)

    def limit(
        self, end_s: float, ps: Sequence[float], false_share: float, tests: int | None = None
    ) -> float:
        """The p up to which these are told, judged with all else that closed in their hour.

        Args:
            end_s: when the window of these ended, seconds since 1970.
            ps: one for each hypothesis that was tested, or only the small ones.
            tests: how many were tested, if more than `ps` holds.

        Returns:
            At least what a single one of them would have needed: a correction that comes
            later is held to the same.

        Source: Benjamini & Hochberg 1995, J. R. Statist. Soc. B 57:289.
        """
        number = int(end_s // SLOT_S)
        slot = self.slots.setdefault(number, Slot())
        slot.tests += max(len(ps), tests or 0)
        slot.small = sorted([*slot.small, *(p for p in ps if p <= false_share)])[:MOST_NOTED]
        for old in sorted(self.slots)[:-MOST_SLOTS]:
            del self.slots[old]
        each = false_share / max(slot.tests, 1)
        called = [p for rank, p in enumerate(slot.small, start=1) if p <= rank * each]
        return max([each, *called[-1:]])

    def spend(self, day: int, colour: Colour, most: int) -> bool:
        """Whether one more warning of that colour may call the desk on that local day.

        Blue takes at most half of the day's calls, so that something is left for what is
        graver; red always calls, and counts.
        """
        spent = self.days.get(day, 0)
        allowed = most if colour != "blue" else max(1, most // 2)
        if colour != "red" and spent >= allowed:
            return False
        self.days[day] = spent + 1
        for old in sorted(self.days)[:-MOST_DAYS]:
            del self.days[old]
        return True


def as_plain(budget: Budget) -> list[Any]:
    """In JSON terms, for the desk's state."""
    slots = [[number, slot.tests, slot.small] for number, slot in budget.slots.items()]
    return [slots, [[day, spent] for day, spent in budget.days.items()]]


def from_plain(plain: list[Any]) -> Budget:
    """The opposite of `as_plain`."""
    slots, days = plain
    return Budget({number: Slot(tests, small) for number, tests, small in slots}, dict(days))
