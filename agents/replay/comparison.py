"""What a recorded city wrote down about its own work, beside what the stages made of it.

One line for each department (or cause): how many cases, how many late, how long the middle
one took, how many were duplicates; the city's own figures first, ours after them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from agents.replay.accounting import Part

ALL = "all"


class Side(NamedTuple):
    """One case as one side has it.

    Attributes:
        hours: from opening to end; None while it is open.
        late: whether its limit was missed; None where it has none.
        duplicate: whether it was taken for another word about an earlier case.
    """

    hours: float | None
    late: bool | None
    duplicate: bool = False


class Pair(NamedTuple):
    """One case: who dealt with it, and what both sides say. `ours` None: it stands nowhere."""

    group: str
    theirs: Side
    ours: Side | None


@dataclass(slots=True)
class _Tally:
    cases: int = 0
    judged: int = 0
    late: int = 0
    duplicates: int = 0
    hours: list[float] = field(default_factory=list)

    def count(self, side: Side) -> None:
        self.cases += 1
        if side.late is not None:
            self.judged += 1
            self.late += side.late
        self.duplicates += side.duplicate
        if side.hours is not None:
            self.hours.append(side.hours)

    def figures(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "with_a_limit": self.judged,
            "late": self.late,
            "late_share": round(self.late / self.judged, 4) if self.judged else None,
            "ended": len(self.hours),
            "median_hours": round(median(self.hours), 2) if self.hours else None,
            "duplicates": self.duplicates,
            "duplicate_share": round(self.duplicates / self.cases, 4) if self.cases else None,
        }


def side_by_side(pairs: Iterable[Pair]) -> dict[str, dict[str, dict[str, Any]]]:
    """The figures of each group, largest first, with all together before them."""
    tallies: dict[str, tuple[_Tally, _Tally]] = {ALL: (_Tally(), _Tally())}
    for pair in pairs:
        for name in (ALL, pair.group):
            theirs, ours = tallies.setdefault(name, (_Tally(), _Tally()))
            theirs.count(pair.theirs)
            if pair.ours is not None:
                ours.count(pair.ours)
    names = sorted(tallies, key=lambda name: (name != ALL, -tallies[name][0].cases, name))
    return {
        name: {"theirs": tallies[name][0].figures(), "ours": tallies[name][1].figures()}
        for name in names
    }


def part(title: str, figures: dict[str, dict[str, dict[str, Any]]], note: str = "") -> Part:
    """The figures as a table of an account; each pair of columns is theirs, then ours."""
    duplicates = any(each["theirs"]["duplicates"] for each in figures.values())
    heads = ["cases", "late", "ours", "median h", "ours", "duplicates", "ours"]
    shown = heads if duplicates else heads[:5]
    lines = [("", "".join(f"{head:>11}" for head in shown))]
    for name, each in figures.items():
        theirs, ours = each["theirs"], each["ours"]
        both = (theirs, ours)
        cells = [f"{theirs['cases']:,}"]
        cells += [_percent(of["late_share"]) for of in both]
        cells += [_hours(of["median_hours"]) for of in both]
        if duplicates:
            cells += [_percent(of["duplicate_share"]) for of in both]
        lines.append((name, "".join(f"{cell:>11}" for cell in cells)))
    return Part(title, tuple(lines), note)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _hours(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
