"""A made-up city that cures at the source: some problems get a measure, and it takes effect.

What a measure really spared is known here matter by matter, which no real city can know: it
is what the scoreboard's estimate is held against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from agents.replay.feed import Entry, microseconds
from agents.simulate.people import Cure, People
from schemas.codec import encode
from schemas.command import Command, CommandEvent, Subject
from schemas.outcome import Problem, ProblemEvent
from schemas.terms import Actor
from streams.topics import INBOXES, PROBLEMS, Topic


class Habits(NamedTuple):
    """How a city governs.

    Attributes:
        treats: share of the problems that get a measure.
        waits: days from the finding of a problem to its measure, between these two.
        removes: share of the matters that a measure keeps away.
        until: no measure is decided after this moment.
    """

    treats: float
    waits: tuple[float, float]
    removes: float
    until: datetime


class Governance:
    """Hears of problems, orders measures about some of them, and lets these take effect."""

    def __init__(self, people: People, seed: int, habits: Habits) -> None:
        self._people = people
        self._rng = Random(f"{seed}/governance")
        self._habits = habits
        self._waiting: dict[str, tuple[datetime, Problem]] = {}
        self._known: set[str] = set()
        self._effects: dict[str, tuple[int, Cure | None]] = {}

    def hear(self, topic: Topic, key: str, value: bytes) -> None:
        """A desk tells how a problem stands."""
        if topic is not PROBLEMS:
            return
        problem = ProblemEvent.model_validate_json(value).data
        habits = self._habits
        if key not in self._known:
            self._known.add(key)
            due = problem.opened_at + timedelta(days=self._rng.uniform(*habits.waits))
            if self._rng.random() < habits.treats and due < habits.until:
                self._waiting[key] = due, problem
        if problem.measured_at is not None and key not in self._effects:
            lat, lon = problem.lat, problem.lon
            cure = None
            if lat is not None and lon is not None:
                cure = self._people.cure(problem.category.code, lat, lon, habits.removes)
            zone = habits.until.tzinfo
            self._effects[key] = problem.measured_at.astimezone(zone).toordinal(), cure

    def governed(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """What happens in the city, with the orders about its problems among it."""
        for entry in entries:
            for name in [
                n for n, (due, _) in self._waiting.items() if microseconds(due) <= entry.at
            ]:
                due, problem = self._waiting.pop(name)
                yield _order(due, entry.at, problem)
            yield entry

    @property
    def measures(self) -> int:
        """How many measures have been decided."""
        return len(self._effects)

    def spared(self, today: int) -> int:
        """Matters that did not happen, from the day after each measure to before `today`."""
        return sum(
            sum(measured < day < today for day in cure.spared)
            for measured, cure in self._effects.values()
            if cure is not None
        )


def _order(at: datetime, stamp: int, problem: Problem) -> Entry:
    review = at + timedelta(days=60)
    name = f"measure/{problem.problem_id}"
    command = Command(
        command_id=name,
        subject=Subject(kind="problem", id=problem.problem_id),
        action="measure",
        actor=Actor(
            id=f"operator@{problem.area}", role="operator", tier=problem.tier, area=problem.area
        ),
        arguments={"measure": "见治理方案", "review_at": review.isoformat()},
    )
    event = CommandEvent(id=name, source="/desk", subject=problem.problem_id, time=at, data=command)
    return Entry(INBOXES[problem.tier], problem.area.encode(), encode(event), stamp)
