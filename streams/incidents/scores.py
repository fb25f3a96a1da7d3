"""What a desk remembers for the scoreboard: its weeks, their course, its problems."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import orjson

from schemas.score import Treated
from streams.state import Namespace
from streams.summaries.tally import Rows
from streams.warning.scoreboard import kind_of

MOST_PROBLEMS = 2_000
"""Problems of a desk that are counted; the oldest closed ones go first."""

MOST_TREATED = 200


class Below(NamedTuple):
    """What an area below last said about its week."""

    revision: int
    kinds: Rows
    unforeseen: dict[str, list[int]]
    days: list[int]
    treated: list[dict[str, Any]]
    problems: dict[str, int]
    untreated: list[dict[str, Any]] = []  # noqa: RUF012  (never changed)


class Scored:
    """The week of one desk.

    Attributes:
        own: kind → counter → number, of what this desk did, beside the two next.
        openings: kind, or kind at the place of a problem → minutes of the week of reports that
            opened a case: what happens most is only written down, and counted when it is told.
        closings: kind → cases closed that one person had reported, and the minutes from
            their reports to their ends.
        unforeseen: kind → minutes of first reports; warned: kind, or kind at a place → minutes
            of this desk's warnings, those of the week before negative.
        days: reports of each day; below: what each area below said.
        revision: how often it was told; changed: whether something came since; complete:
            whether it was told as complete.
        due: when it is looked at next.
    """

    __slots__ = (
        "below",
        "changed",
        "closings",
        "complete",
        "days",
        "due",
        "openings",
        "own",
        "revision",
        "unforeseen",
        "warned",
    )

    def __init__(self) -> None:
        self.own: Rows = {}
        self.openings: dict[str, list[int]] = {}
        self.closings: dict[str, list[int]] = {}
        self.unforeseen: dict[str, list[int]] = {}
        self.warned: dict[str, list[int]] = {}
        self.days = [0] * 7
        self.below: dict[str, Below] = {}
        self.revision = 0
        self.changed = False
        self.complete = False
        self.due: datetime | None = None


def counted(week: Scored, tier: str) -> tuple[Rows, dict[str, list[int]], list[int]]:
    """What this desk did in full: its rows, the minutes of unforeseen reports, and its days."""
    rows: Rows = {kind: dict(counts) for kind, counts in week.own.items()}
    unforeseen = {kind: list(minutes) for kind, minutes in week.unforeseen.items()}
    days = list(week.days)
    for name, minutes in week.openings.items():
        row = rows.setdefault(kind_of(name), {})
        for counter in ("opened", "reported"):
            row[counter] = row.get(counter, 0) + len(minutes)
        unforeseen.setdefault(name, []).extend(minutes)
        for minute in minutes:
            days[min(6, minute // 1_440)] += 1
    for kind, (number, watched) in week.closings.items():
        row = rows.setdefault(kind, {})
        row["watched_min"] = row.get("watched_min", 0) + watched
        for name in ("closed", "cases", "voices", "once", *(("low",) if tier == "street" else ())):
            row[name] = row.get(name, 0) + number
    return rows, unforeseen, days


def _encode_scored(week: Scored) -> bytes:
    return orjson.dumps(
        [
            week.own,
            week.openings,
            week.closings,
            week.unforeseen,
            week.warned,
            week.days,
            {area: tuple(said) for area, said in week.below.items()},
            week.revision,
            week.changed,
            week.complete,
            week.due,
        ]
    )


def _decode_scored(stored: bytes) -> Scored:
    week = Scored()
    (
        week.own,
        week.openings,
        week.closings,
        week.unforeseen,
        week.warned,
        week.days,
        below,
        week.revision,
        week.changed,
        week.complete,
        due,
    ) = orjson.loads(stored)
    week.below = {area: Below(*said) for area, said in below.items()}
    week.due = None if due is None else datetime.fromisoformat(due)
    return week


SCORES: Namespace[Scored] = Namespace(
    name="score",
    encode=_encode_scored,
    decode=_decode_scored,
    lifetime="the policy's days of revision after its week, and a few for the tiers above",
    rank=6,
    clock="watermark",
    decoded=2_000,
)
"""Key ``<area>/<ordinal of its Monday>``. One row a kind, of some two dozen numbers."""


class Heed(NamedTuple):
    """One week of an area below: reports of each day, and what was heard of known cases.

    ``expected`` is in thousandths.
    """

    days: list[int]
    again: int
    expected: int
    watched_min: int
    cases: int


class Course:
    """The weeks behind a desk.

    Attributes:
        begins: the first day that was counted, an ordinal; 0: none yet.
        kinds: kind → Monday → cases in the area. below: area → Monday → its week.
    """

    __slots__ = ("begins", "below", "kinds")

    KEPT_WEEKS = 60
    KEPT_BELOW = 14

    def __init__(self) -> None:
        self.begins = 0
        self.kinds: dict[str, dict[int, int]] = {}
        self.below: dict[str, dict[int, Heed]] = {}

    def forget(self, first: int) -> None:
        """Drop what lies too many weeks before the week that begins with `first`."""
        for weeks in self.kinds.values():
            for old in [each for each in weeks if each < first - 7 * self.KEPT_WEEKS]:
                del weeks[old]
        for heeds in self.below.values():
            for old in [each for each in heeds if each < first - 7 * self.KEPT_BELOW]:
                del heeds[old]


def _encode_course(course: Course) -> bytes:
    below = {
        area: {first: tuple(heed) for first, heed in weeks.items()}
        for area, weeks in course.below.items()
    }
    return orjson.dumps([course.begins, course.kinds, below], option=orjson.OPT_NON_STR_KEYS)


def _decode_course(stored: bytes) -> Course:
    course = Course()
    course.begins, kinds, below = orjson.loads(stored)
    course.kinds = {
        kind: {int(first): number for first, number in weeks.items()}
        for kind, weeks in kinds.items()
    }
    course.below = {
        area: {int(first): Heed(*heed) for first, heed in weeks.items()}
        for area, weeks in below.items()
    }
    return course


COURSES: Namespace[Course] = Namespace(
    name="course",
    encode=_encode_course,
    decode=_decode_course,
    lifetime="ever: one entry a desk, sixty weeks of a number for each kind",
    rank=8,
)
"""Key: the area."""


class Standing(NamedTuple):
    """How a problem stands.

    ``closed`` is the day it was closed, 0 while it is open; ``recurred``: how often it came
    back.
    """

    state: str
    closed: int
    recurred: int


class Cures:
    """The problems of one desk: how each stands, and the course of those that tell something.

    Attributes:
        standing: problem id → how it stands.
        treated: problem id → what became of it since its measure, at most `MOST_TREATED`.
        untreated: the same of problems without one, the newest `MOST_TREATED`.
    """

    __slots__ = ("standing", "treated", "untreated")

    def __init__(self) -> None:
        self.standing: dict[str, Standing] = {}
        self.treated: dict[str, Treated] = {}
        self.untreated: dict[str, Treated] = {}


def _encode_cures(cures: Cures) -> bytes:
    return orjson.dumps(
        [
            {name: tuple(each) for name, each in cures.standing.items()},
            *(
                {name: each.__dict__ for name, each in courses.items()}
                for courses in (cures.treated, cures.untreated)
            ),
        ]
    )


def _decode_cures(stored: bytes) -> Cures:
    cures = Cures()
    standing, treated, *untreated = orjson.loads(stored)
    cures.standing = {name: Standing(*each) for name, each in standing.items()}
    cures.treated = {name: Treated(**each) for name, each in treated.items()}
    for courses in untreated:
        cures.untreated = {name: Treated(**each) for name, each in courses.items()}
    return cures


CURES: Namespace[Cures] = Namespace(
    name="cures",
    encode=_encode_cures,
    decode=_decode_cures,
    lifetime="ever: one entry a desk; a closed problem leaves it after a year",
    rank=8,
    decoded=2_000,
)
"""Key: the area."""

SCORED: tuple[Namespace[Any], ...] = (SCORES, COURSES, CURES)
