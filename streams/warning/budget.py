"""What calls in vain may cost: chance is judged over a whole tier, and each desk has so many a day.

What is tested often finds something by chance. So all that closes in one hour at the desks
of a tier is judged together, whichever trigger it comes from, and the improbable calls a
desk only so often a day. What is beyond that is shown in blue. Red is never held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.terms import Colour

SLOT_S = 3_600
MOST_SLOTS = 3
MOST_DAYS = 3
MOST_NOTED = 500
MOST_ROUNDS = 20


@dataclass(slots=True)
class Slot:
    """What was tested in one closing hour.

    Attributes:
        tests: how many p there were.
        small: those that may matter, at most `MOST_NOTED`, rising.
    """

    tests: int = 0
    small: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Round:
    """What closes again and again together, such as the days of all kinds at all desks.

    Attributes:
        slot: number of the hour that it closes in now.
        tests: so far in this one; before: in the one before it.
    """

    slot: int
    tests: int = 0
    before: int = 0


@dataclass(slots=True)
class Pool:
    """All that is tested at the desks of a tier, as far as one partition holds them.

    Attributes:
        slots: by the number of the hour in which the tested window ended; the newest few.
        rounds: by what closes.
    """

    slots: dict[int, Slot] = field(default_factory=dict)
    rounds: dict[str, Round] = field(default_factory=dict)

    def enter(
        self,
        end_s: float,
        ps: Sequence[float],
        false_share: float,
        tests: int | None = None,
        closes: str | None = None,
    ) -> None:
        """Note what was tested in an hour.

        Args:
            end_s: when the window of these ended, seconds since 1970.
            ps: one for each hypothesis that was tested, or only the small ones.
            tests: how many were tested, if more than `ps` holds.
            closes: name of the round that they belong to.
        """
        number, many = int(end_s // SLOT_S), max(len(ps), tests or 0)
        slot = self.slots.setdefault(number, Slot())
        slot.tests += many
        slot.small = sorted([*slot.small, *(p for p in ps if p <= false_share)])[:MOST_NOTED]
        for old in sorted(self.slots)[:-MOST_SLOTS]:
            del self.slots[old]
        if closes is None:
            return
        round_ = self.rounds.get(closes)
        if round_ is None:
            if len(self.rounds) >= MOST_ROUNDS:
                return
            round_ = self.rounds[closes] = Round(number)
        if number > round_.slot:
            round_.slot, round_.before, round_.tests = number, round_.tests, 0
        if number == round_.slot:
            round_.tests += many

    def limit(self, end_s: float, false_share: float) -> float:
        """The p up to which what closed in an hour is told, by all that is known of it so far.

        Returns:
            At least what a single one of them would have needed: a correction that comes
            later is held to the same.

        Source: Benjamini & Hochberg 1995, J. R. Statist. Soc. B 57:289.
        """
        slot = self.slots.get(int(end_s // SLOT_S)) or Slot()
        each = false_share / max(slot.tests, 1)
        called = [p for rank, p in enumerate(slot.small, start=1) if p <= rank * each]
        return max([each, *called[-1:]])

    def tests(self, end_s: float) -> int:
        """How many hypotheses were tested in an hour, as far as is known."""
        slot = self.slots.get(int(end_s // SLOT_S))
        return 0 if slot is None else slot.tests

    def usual(self, closes: str) -> int:
        """How many hypotheses a round has: those of the last whole one, or more so far."""
        round_ = self.rounds.get(closes)
        return 0 if round_ is None else max(round_.tests, round_.before)


@dataclass(slots=True)
class Budget:
    """What a desk has spent.

    Attributes:
        days: warnings that called it, by the number of the local day; the newest few.
    """

    days: dict[int, int] = field(default_factory=dict)

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


def pool_as_plain(pool: Pool) -> list[Any]:
    """In JSON terms, for the state of a lane."""
    slots = [[number, slot.tests, slot.small] for number, slot in pool.slots.items()]
    rounds = [[name, r.slot, r.tests, r.before] for name, r in pool.rounds.items()]
    return [slots, rounds]


def pool_from_plain(plain: list[Any]) -> Pool:
    """The opposite of `pool_as_plain`."""
    slots, rounds = plain
    return Pool(
        {number: Slot(tests, small) for number, tests, small in slots},
        {name: Round(*rest) for name, *rest in rounds},
    )


def as_plain(budget: Budget) -> list[Any]:
    """In JSON terms, for the desk's state."""
    return [[[day, spent] for day, spent in budget.days.items()]]


def from_plain(plain: list[Any]) -> Budget:
    """The opposite of `as_plain`; what an earlier version kept before the days is passed over."""
    return Budget(dict(plain[-1]))
