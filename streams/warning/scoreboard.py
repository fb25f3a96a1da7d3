"""The scoreboard of 源头治理: how far a city has come from treating incidents to removing causes.

Every figure says what it rests on. A share of nothing is None, not zero; what cannot be
known from what the city writes down is not guessed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt

from schemas.alert import Alert
from schemas.incident import Incident
from schemas.outcome import Problem

BEFORE = timedelta(hours=24)
"""A warning counts for an incident that is reported within so long after it."""

LEAST_DAYS = 14
"""Days that must be known before and after a measure, or nothing is said about it."""

_ENDED = ("closed", "withdrawn")
_AVERAGE = ("W7", "W10")
"""Warnings of a kind in an area; the others speak of one place, by its incident."""

Key = tuple[str, str, str]
"""ISO week, area, kind; ``*`` where a line sums over all of them."""

ALL = "*"


@dataclass(slots=True)
class Line:
    """The figures of one week, area and kind.

    Attributes:
        incidents: opened; with_reports: of them, those that people reported.
        preceded: reported ones that a warning came before; leads_s: by how long, seconds.
        recurrent: at a place that had the kind before; settled, settled_low: closed ones,
            and of them at street or below.
        warnings: opened; right, wrong: as the desks answered; acted: ended with work done.
        calls: alerts that called a desk.
    """

    incidents: int = 0
    with_reports: int = 0
    preceded: int = 0
    leads_s: list[float] = field(default_factory=list)
    recurrent: int = 0
    settled: int = 0
    settled_low: int = 0
    warnings: int = 0
    right: int = 0
    wrong: int = 0
    ended: int = 0
    acted: int = 0
    calls: int = 0

    @property
    def lead_s(self) -> float | None:
        """Median time between the warning and the first report; None without any."""
        found = sorted(self.leads_s)
        return found[len(found) // 2] if found else None

    @property
    def precision(self) -> float | None:
        """Share of answered warnings that were right; where nobody answered, that led to work."""
        answered = self.right + self.wrong
        if answered:
            return self.right / answered
        return self.acted / self.ended if self.ended else None


def share(part: int, whole: int) -> float | None:
    """A share, or None of nothing."""
    return part / whole if whole else None


def interval(part: int, whole: int) -> tuple[float, float] | None:
    """Between which shares the true one lies, 90 % (Wilson's score interval)."""
    if not whole:
        return None
    z = 1.6449
    p, n = part / whole, float(whole)
    centre = p + z * z / (2 * n)
    reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    down = 1 + z * z / n
    return max(0.0, (centre - reach) / down), min(1.0, (centre + reach) / down)


@dataclass(slots=True)
class Cure:
    """What came of the problems.

    Attributes:
        open, measured, closed: how many there are; relapsed: closed ones that came back
            within the policy's relapse time; effective: reviews that found it helped.
        avoided: cases fewer than the same places had before the measures, with the rest of
            the city as the yardstick; None where no measure is old enough to tell.
        avoided_interval: 90 %.
    """

    open: int = 0
    measured: int = 0
    closed: int = 0
    relapsed: int = 0
    effective: int = 0
    reviewed: int = 0
    avoided: float | None = None
    avoided_interval: tuple[float, float] | None = None


class Scoreboard:
    """Adds up incidents, warnings and problems by week, area and kind.

    Warnings are added first: an incident is then compared with what was lit before it.

    Args:
        parent: the area above an area, None above the city.
        week: the ISO week of a moment in the city, ``2026-W23``.
    """

    def __init__(
        self, parent: Callable[[str], str | None], week: Callable[[datetime], str]
    ) -> None:
        self._parent = parent
        self._week = week
        self.lines: dict[Key, Line] = defaultdict(Line)
        self._of_case: dict[str, datetime] = {}
        self._of_area: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        self._worked: set[str] = set()
        self._kind_of: dict[str, str] = {}
        self._bound: list[tuple[str, Alert, Alert, int]] = []
        self.cure = Cure()
        self._treated: dict[str, int] = {}
        self._cases: dict[str, Counter[int]] = defaultdict(Counter)

    def add_alert(self, first: Alert, last: Alert, calls: int) -> None:
        """One episode of an alert: its first and last revision, and how often it called."""
        kind = ALL
        parts = first.key.split("/")
        if first.trigger.id in _AVERAGE and len(parts) >= 3:
            kind = parts[2]
        week = self._week(first.opened_at)
        for line in self._sums(week, first.area, kind):
            _count(line, first, last, calls)
        if first.incident_id is not None:
            # Its kind is that of its case, which comes later.
            self._bound.append((week, first, last, calls))
        if first.scale != "warning":
            return
        if first.incident_id is not None:
            known = self._of_case.get(first.incident_id)
            if known is None or first.opened_at < known:
                self._of_case[first.incident_id] = first.opened_at
        elif kind != ALL:
            self._of_area[first.area, kind].append(first.opened_at)

    def warned(self) -> None:
        """All warnings are in: from here on incidents are added."""
        for times in self._of_area.values():
            times.sort()

    def add_incident(self, incident: Incident) -> None:
        """The present state of one incident."""
        if incident.state == "rejected":
            return
        street = incident.place.street or incident.area
        kind = incident.category.code
        opened = incident.opened_at
        day = opened.toordinal()
        lead = self._lead(incident, street, kind)
        worked = incident.accepted_at is not None or incident.self_handled
        self._kind_of[incident.incident_id] = kind
        if worked:
            self._worked.add(incident.incident_id)
        if incident.problem_id is not None:
            self._cases[incident.problem_id][day] += 1
        self._cases[ALL][day] += 1
        for line in self._lines(opened, street, kind):
            line.incidents += 1
            line.recurrent += bool(incident.problem_id or incident.recurrence_of)
            if incident.reports:
                line.with_reports += 1
                if lead is not None:
                    line.preceded += 1
                    line.leads_s.append(lead)
            if incident.state == "closed":
                line.settled += 1
                line.settled_low += incident.tier == "street"

    def add_problem(self, problem: Problem) -> None:
        """The present state of one problem."""
        cure = self.cure
        if problem.state == "opened":
            cure.open += 1
        elif problem.state == "measured":
            cure.measured += 1
        else:
            cure.closed += 1
        cure.relapsed += problem.recurred > 0
        cure.reviewed += problem.reviews > 0
        cure.effective += problem.effective is True
        if problem.measure is not None:
            self._treated[problem.problem_id] = problem.changed_at.toordinal()

    @property
    def days(self) -> int:
        """Days from the first incident to the last, both counted; 0 without any."""
        seen = self._cases[ALL]
        return max(seen) - min(seen) + 1 if seen else 0

    def finish(self) -> None:
        """Everything is in: work out what needs all of it."""
        for week, first, last, calls in self._bound:
            incident_id = first.incident_id or ""
            kind = self._kind_of.get(incident_id)
            sums = self._sums(week, first.area, kind or ALL)
            of_kind = sums[::2] if kind is not None else []
            for line in of_kind:
                _count(line, first, last, calls)
            if first.scale == "warning" and last.state in _ENDED:
                for line in sums:
                    line.ended += 1
                    line.acted += incident_id in self._worked
        self._bound.clear()
        self._weigh_measures()

    def _lead(self, incident: Incident, street: str, kind: str) -> float | None:
        """How long before its first report a warning was lit, seconds; None: there was none."""
        if not incident.reports:
            return None
        reported = min(report.reported_at for report in incident.reports)
        found: list[float] = []
        own = self._of_case.get(incident.incident_id)
        if own is not None and own < reported:
            found.append((reported - own).total_seconds())
        area: str | None = street
        while area is not None:
            times = self._of_area.get((area, kind))
            if times:
                before = bisect_right(times, reported) - 1
                if before >= 0 and times[before] < reported <= times[before] + BEFORE:
                    found.append((reported - times[before]).total_seconds())
            area = self._parent(area)
        return max(found, default=None)

    def _lines(self, at: datetime, area: str, kind: str) -> list[Line]:
        return self._sums(self._week(at), area, kind)

    def _sums(self, week: str, area: str, kind: str) -> list[Line]:
        """The line itself and all that sum it up: over weeks, over areas above, over kinds."""
        line: list[str] = []
        above: str | None = area
        while above is not None:
            line.append(above)
            above = self._parent(above)
        kinds = (kind,) if kind == ALL else (kind, ALL)
        return [self.lines[w, a, k] for w in (week, ALL) for a in line for k in kinds]

    def _weigh_measures(self) -> None:
        """Cases that treated places did not have, against the course of the whole city.

        Before and after a measure, as long as both are known; the city's own change over
        the same stretches takes out season and weather. The interval is that of Poisson
        counts; places are treated because they were bad, so part of the fall is chance
        (regression to the mean), and the figure is an upper estimate.
        """
        city = self._cases[ALL]
        if not city:
            return
        begin, end = min(city), max(city)
        saved, variance, told = 0.0, 0.0, False
        for problem_id, treated in self._treated.items():
            days = min(treated - begin, end - treated)
            if days < LEAST_DAYS:
                continue
            own = self._cases[problem_id]
            before = _between(own, treated - days, treated)
            after = _between(own, treated, treated + days)
            whole = _between(city, treated - days, treated)
            if not before or not whole:
                continue
            told = True
            course = _between(city, treated, treated + days) / whole
            saved += before * course - after
            variance += before * course * course + after
        if told:
            reach = 1.6449 * sqrt(variance)
            self.cure.avoided = saved
            self.cure.avoided_interval = (saved - reach, saved + reach)


def _count(line: Line, first: Alert, last: Alert, calls: int) -> None:
    """One more episode in a line."""
    line.calls += calls
    if first.scale == "warning":
        line.warnings += 1
        line.right += last.answer == "confirmed"
        line.wrong += last.answer in ("false", "no_finding")


def _between(cases: Counter[int], begin: int, end: int) -> int:
    """Cases from the day `begin` on, before the day `end`."""
    return sum(count for day, count in cases.items() if begin <= day < end)
