"""Scoring a desk's week: what is counted of cases, warnings and answers while they happen.

A desk counts what it owns. Warnings are held against first reports only when the week is
told (`standings`), so the order in which things come within the week changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from schemas.score import Treated
from streams.incidents.scores import (
    CURES,
    MOST_PROBLEMS,
    MOST_TREATED,
    SCORES,
    Cures,
    Scored,
    Standing,
)
from streams.summaries.periods import begin_of
from streams.summaries.tally import Counts, time_counter
from streams.warning.fairness import WATCHED_DAYS
from streams.warning.scoreboard import ALL, MOST_MINUTES, MOST_WARNINGS, WEEK_MIN, at_place

if TYPE_CHECKING:
    from schemas.alert import Answer
    from schemas.incident import Incident
    from schemas.outcome import Problem
    from streams.incidents.case import Case
    from streams.incidents.turn import Turn

OPENS = frozenset({"open", "register", "self_handle"})
NOTED = OPENS | {"merge", "reject", "escalate"}
"""What happens to a case and is scored; whatever closes it is scored too."""

_CALLS = frozenset({"opened", "raised"})
_WATCHED = timedelta(days=WATCHED_DAYS)
_MINUTE = timedelta(minutes=1)
_DAY_MIN = 1_440
MOST_PLACES = 1_500
"""Kinds and places of a desk's week whose minutes are told apart; more count for their kind."""

_YEAR_DAYS = 365


@lru_cache(maxsize=4_096)
def _monday(hours: int, tz: ZoneInfo) -> tuple[int, int]:
    """Of an hour since 1970: the Monday of the city's week, and when it began, seconds."""
    day = datetime.fromtimestamp(hours * 3_600, tz).toordinal()
    first = day - (day - 1) % 7
    return first, int(begin_of(first, tz).timestamp())


def week_minute(moment: datetime, tz: ZoneInfo) -> tuple[int, int]:
    """The Monday (an ordinal) of the city's week that a moment lies in, and the minute of it."""
    seconds = int(moment.timestamp())
    first, begins = _monday(seconds // 3_600, tz)
    return first, (seconds - begins) // 60


def grace(tier: str) -> timedelta:
    """How long after midnight a desk tells its week: those below have told theirs by then."""
    return timedelta(minutes={"street": 0, "district": 5, "city": 10}[tier])


def week_of(turn: Turn, at: datetime) -> tuple[Scored, int]:
    """The desk's week that a moment lies in, due to be told, and the minute of the week.

    What comes too late for its week counts as of now.
    """
    tz = turn.policy.calendar.tz
    first, minute = week_minute(at, tz)
    slot = turn.state.table(SCORES).slot(f"{turn.area}/{first}")
    week: Scored | None = slot.value
    if week is not None and week.changed:  # it is due already
        slot.touched = True
        return week, minute
    if week is None and at is not turn.now:
        now, of_now = week_minute(turn.now, tz)
        if first != now and not _revisable(turn, first, now + of_now // _DAY_MIN):
            first, minute = now, of_now
    return touch(turn, first), minute


def _revisable(turn: Turn, first: int, today: int) -> bool:
    """Whether a week that ended lately still takes what comes late."""
    rules = turn.policy.scoreboard
    return rules is not None and first + 7 <= today <= first + 7 + rules.kept_days


def touch(turn: Turn, first: int) -> Scored:
    """The desk's week that begins with a day, about to be changed and told."""
    key = f"{turn.area}/{first}"
    table = turn.state.table(SCORES)
    slot = table.slot(key)
    slot.touched = True
    week = slot.value
    if week is None:
        week = slot.value = Scored()
    if not week.changed:
        week.changed = True
        due = next_telling(turn, first)
        if week.due is None or due < week.due:
            week.due = due
            table.put(key, week, due)
    found: Scored = week
    return found


def next_telling(turn: Turn, first: int) -> datetime:
    """When a week that has changed is told: at the next midnight, or at its end if weekly."""
    tz = turn.policy.calendar.tz
    late = grace(turn.tier)
    ends = begin_of(first + 7, tz) + late
    if turn.now < ends and turn.policy.summaries.shortest == "month":
        return ends
    today = (turn.now - late).astimezone(tz).toordinal()
    return begin_of(max(today, first) + 1, tz) + late


def note(turn: Turn, case: Case, action: str, before: str | None) -> None:
    """This desk made a move that is scored."""
    incident = case.incident
    closes = incident.state == "closed" and before != "closed"
    if not closes and action not in NOTED:
        return
    if turn.policy.scoreboard is None:
        return
    kind = incident.category.code
    if action in OPENS:
        if action == "register" and incident.dispatched_at is not None:
            return  # looked into once more after a return: opened before
        reports = incident.reports
        week, minute = week_of(turn, reports[-1].reported_at if reports else turn.now)
        name = kind
        if incident.problem_id is not None and len(week.openings) < MOST_PLACES:
            name = at_place(kind, incident.problem_id)
        openings = week.openings.get(name)
        if openings is None:
            openings = week.openings[name] = []
        if reports and len(openings) < MOST_MINUTES:
            openings.append(minute)
        else:
            row = _row(week, kind)
            _add(row, "opened")
            if reports:
                _first_report(week, row, kind, minute)
        if incident.problem_id is not None or incident.recurrence_of is not None:
            _add(_row(week, kind), "recurrent")
    elif action == "merge":
        reported = incident.reports[-1].reported_at
        week, minute = week_of(turn, reported)
        if incident.report_count > 1:
            week.days[min(6, minute // _DAY_MIN)] += 1
        else:
            # A device had found it before anybody said so.
            ahead = (reported - incident.opened_at) / _MINUTE if incident.findings else 0.0
            _first_report(week, _row(week, kind), kind, minute, ahead)
    elif not closes:
        week, _ = week_of(turn, turn.now)
        _add(_row(week, kind), "rejected" if action == "reject" else f"lifted_from_{turn.tier}")
    if closes:
        week, _ = week_of(turn, turn.now)
        _closed(turn, week, kind, incident)


def _row(week: Scored, kind: str) -> Counts:
    row = week.own.get(kind)
    if row is None:
        row = week.own[kind] = {}
    return row


def _add(row: Counts, name: str, number: int = 1) -> None:
    row[name] = row.get(name, 0) + number


def _first_report(week: Scored, row: Counts, kind: str, minute: int, ahead: float = 0.0) -> None:
    _add(row, "reported")
    week.days[min(6, minute // _DAY_MIN)] += 1
    if ahead > 0:
        _add(row, "preceded")
        _add(row, time_counter(ahead))
        return
    minutes = week.unforeseen.get(kind)
    if minutes is None:
        week.unforeseen[kind] = [minute]
    elif len(minutes) < MOST_MINUTES:
        minutes.append(minute)
    else:
        _add(row, "unjudged")


def _closed(turn: Turn, week: Scored, kind: str, incident: Incident) -> None:
    voices = incident.report_count
    reports = incident.reports
    located = bool(reports) and incident.place.lat is not None and not incident.self_handled
    if located:
        first = reports[0].reported_at
        if voices > 1:
            first = min(report.reported_at for report in reports)
        ended = incident.resolved_at or incident.closed_at or turn.now
        watched = max(1, int(min(ended - first, _WATCHED) / _MINUTE))
        if voices == 1:
            closings = week.closings.get(kind)
            if closings is None:
                closings = week.closings[kind] = [0, 0]
            closings[0] += 1
            closings[1] += watched
            return
    row = _row(week, kind)
    _add(row, "closed")
    if turn.tier == "street":
        _add(row, "low")
    if not located:
        return  # further reports of what nobody can place are not seen to be the same
    _add(row, "cases")
    _add(row, "voices", voices)
    if voices == 2:
        _add(row, "twice")
    _add(row, "watched_min", watched)
    _add(row, "again", voices - 1)


def note_alert(turn: Turn, alert: dict[str, Any]) -> None:
    """This desk tells one revision of an alert, after it was judged whether it calls anybody."""
    if alert["state"] not in _CALLS or turn.policy.scoreboard is None:
        return
    called = not (alert.get("grouped_by") or alert.get("silenced_by") or alert.get("held_back"))
    warns = alert["scale"] == "warning" and alert["state"] == "opened" and alert["revision"] == 1
    if not called and not warns:
        return
    kind = _kind_of(turn, alert)
    week, minute = week_of(turn, turn.now)
    row = _row(week, kind)
    if called:
        _add(row, "calls")
    if not warns:
        return
    _add(row, "warnings")
    if kind == ALL:
        return
    name = _held_against(turn, alert, kind)
    _warn(week, name, minute)
    rules = turn.policy.scoreboard
    if minute + rules.before_h * 60 > WEEK_MIN:
        first, _ = week_minute(turn.now, turn.policy.calendar.tz)
        _warn(touch(turn, first + 7), name, minute - WEEK_MIN)


def _held_against(turn: Turn, alert: dict[str, Any], kind: str) -> str:
    """Which reports a warning is held against: those of its kind in the area, or at a place.

    That a place complains again says nothing of the kind elsewhere; that a device has found
    something does so for its street, not for the district that hears of it.
    """
    parts = alert["key"].split("/", 3)
    subject = parts[2] if len(parts) > 2 else ""
    triggers = turn.policy.triggers
    of_places = (triggers.recurrence, triggers.complaints, triggers.repeats, triggers.hotspots)
    if any(rule is not None and rule.id == alert["trigger"]["id"] for rule in of_places):
        return at_place(kind, subject)
    if turn.tier != "street" and subject == alert.get("incident_id"):
        return at_place(kind, subject)
    return kind


def _warn(week: Scored, name: str, minute: int) -> None:
    minutes = week.warned.get(name)
    if minutes is None:
        if len(week.warned) >= MOST_PLACES:
            return
        minutes = week.warned[name] = []
    if len(minutes) < MOST_WARNINGS:
        minutes.append(minute)


def _kind_of(turn: Turn, alert: dict[str, Any]) -> str:
    """The kind of matter that an alert is about; `ALL` where it is about none or many."""
    known = alert.get("kind")
    if known is not None:
        return str(known)
    incident_id = alert.get("incident_id")
    if incident_id is not None:
        case = turn.touched.get(incident_id) or turn.case(incident_id)
        if case is not None:
            return case.incident.category.code
    parts = alert["key"].split("/", 3)
    if len(parts) > 2 and turn.policy.category(None, parts[2]) is not None:
        return str(parts[2])
    return ALL


def note_answer(turn: Turn, answer: Answer, kind: str | None) -> None:
    """The desk has answered a warning about a kind of matter; None: about none or many."""
    if turn.policy.scoreboard is None:
        return
    week, _ = week_of(turn, turn.now)
    _add(_row(week, kind or ALL), answer)


def note_problem(turn: Turn, problem: Problem) -> None:
    """A problem of this desk has changed."""
    rules = turn.policy.scoreboard
    if rules is None:
        return
    tz = turn.policy.calendar.tz
    today = turn.now.astimezone(tz).toordinal()
    cures = turn.state.get(CURES, turn.area) or Cures()
    name = problem.problem_id
    before = cures.standing.get(name)
    closed = today if problem.state == "closed" else 0
    if before is not None and before.state == problem.state:
        closed = before.closed
    cures.standing[name] = Standing(problem.state, closed, problem.recurred)
    _keep_bounded(cures, today)
    _follow(turn, cures, problem, closed, rules.measure_days)
    turn.state.put(CURES, turn.area, cures)
    if before != cures.standing[name] or problem.measure is not None:
        week_of(turn, turn.now)


def _follow(turn: Turn, cures: Cures, problem: Problem, closed: int, measure_days: int) -> None:
    """Keep the course of a problem: what its measure is judged by, or that of others."""
    tz = turn.policy.calendar.tz
    name = problem.problem_id
    known = cures.treated.get(name) or cures.untreated.pop(name, None)
    since = problem.opened_at.astimezone(tz).toordinal()
    founding = problem.incident_count if known is None else known.founding
    if since == turn.now.astimezone(tz).toordinal():
        founding = problem.incident_count
    measured = 0 if problem.measured_at is None else problem.measured_at.astimezone(tz).toordinal()
    course = Treated(
        problem_id=name,
        kind=problem.category.code,
        since=since,
        founding=founding,
        measured=measured,
        cases=days_of(problem.incidents)[-200:],
        early=bool(measured) and measured - since - 1 < measure_days,
        # A case later than that begins another problem.
        until=closed + round(turn.policy.escalation.relapse_days) if closed else 0,
    )
    courses = cures.treated if measured else cures.untreated
    courses[name] = course
    while len(courses) > MOST_TREATED:
        del courses[min(courses, key=lambda each: (courses[each].since, each))]


def _keep_bounded(cures: Cures, today: int) -> None:
    standing = cures.standing
    if len(standing) <= MOST_PROBLEMS:
        return
    for name, each in list(standing.items()):
        if each.closed and today - each.closed > _YEAR_DAYS:
            del standing[name]
            cures.treated.pop(name, None)
            cures.untreated.pop(name, None)
    while len(standing) > MOST_PROBLEMS:
        del standing[next(iter(standing))]


def days_of(incidents: Iterable[str]) -> list[int]:
    """The days of the city (ordinals) on which cases were opened, by their ids, in order."""
    return sorted(day for each in incidents if (day := _day_of_birth(each)))


def _day_of_birth(incident_id: str) -> int:
    """The day of the city in which a case was opened, by its id; 0 for an id of another form."""
    parts = incident_id.rsplit("-", 2)
    text = parts[1] if len(parts) == 3 else ""
    if len(text) != 6 or not text.isdigit():
        return 0
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:])).toordinal()
    except ValueError:
        return 0
