"""Telling the scoreboard: a desk's week with that of all desks below, at the close of each day.

What comes late revises what was told. The desk above gets the same numbers, and the first
reports that no warning came before, to hold its own warnings against them.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zlib import crc32

from schemas.alert import Window
from schemas.score import (
    AreaScores,
    AreaScoresEvent,
    Score,
    ScoreEvent,
    Treated,
    Voice,
)
from schemas.score import Line as ScoreLine
from streams.incidents import episodes, scoring
from streams.incidents.scores import (
    COURSES,
    CURES,
    MOST_TREATED,
    SCORES,
    Below,
    Course,
    Cures,
    Heed,
    Scored,
    counted,
)
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.scoreboard import ScoreRules, SilentAreaRule
from streams.summaries.periods import begin_of
from streams.summaries.tally import Rows, totals
from streams.topics import SCOREBOARD
from streams.warning import fairness
from streams.warning.cures import KindCourse, spared
from streams.warning.fairness import Heard, Quiet
from streams.warning.scoreboard import ALL, WEEK_MIN, judge, line, whole

MOST_UNTREATED_TOLD = 60

_RELAPSE_DAYS = 60
_LATELY_DAYS = 200
_MILLI = 1_000


def on_scores(turn: Turn, event: AreaScoresEvent) -> None:
    """An area below says what its week was; an older revision changes nothing."""
    said: AreaScores = event.data
    if turn.policy.scoreboard is None:
        return
    key = f"{turn.area}/{said.first}"
    known = turn.state.get(SCORES, key)
    if known is not None:
        before = known.below.get(said.area)
        if before is not None and before.revision >= said.revision:
            return
    week = scoring.touch(turn, said.first)
    week.below[said.area] = Below(
        said.revision,
        said.kinds,
        said.unforeseen,
        said.days,
        [each.model_dump() for each in said.treated],
        said.problems,
        [each.model_dump() for each in said.untreated],
    )
    due = said.at + scoring.grace(turn.tier)
    if week.due is None or due < week.due:
        week.due = due
    turn.state.put(SCORES, key, week, week.due)


def on_due(turn: Turn, key: str, week: Scored, at: datetime) -> None:
    """A desk's week is complete up to `at`: tell it, or forget it when its time is up."""
    rules = turn.policy.scoreboard
    first = int(key.rpartition("/")[2])
    if rules is None:
        turn.state.delete(SCORES, key)
        return
    ends = begin_of(first + 7, turn.policy.calendar.tz)
    upto = at - scoring.grace(turn.tier)
    complete = upto >= ends
    week.due = None
    children = bool(turn.policy.areas.children(turn.area))
    if week.changed or (complete and not week.complete and week.revision):
        _tell(turn, rules, first, week, upto, complete=complete)
    elif complete and at >= _forgotten(turn, rules, first):
        turn.state.delete(SCORES, key)
        return
    if children and not complete:
        _listen(turn, rules, first, week, upto)
    if complete:
        week.due = _forgotten(turn, rules, first)
        if children:  # whoever falls silent is heard of by nobody else
            _open_next(turn, first + 7)
    elif children:
        week.due = scoring.next_telling(turn, first)
    else:
        week.due = ends + scoring.grace(turn.tier)
    turn.state.put(SCORES, key, week, week.due)


def _open_next(turn: Turn, first: int) -> None:
    key = f"{turn.area}/{first}"
    if turn.state.get(SCORES, key) is None:
        week = Scored()
        week.due = scoring.next_telling(turn, first)
        turn.state.put(SCORES, key, week, week.due)


def _forgotten(turn: Turn, rules: ScoreRules, first: int) -> datetime:
    """When a week is forgotten: a tier keeps it longer than the tier below."""
    more = {"street": 2, "district": 4, "city": 6}[turn.tier]
    return begin_of(first + 7 + rules.kept_days + more, turn.policy.calendar.tz)


def _tell(
    turn: Turn, rules: ScoreRules, first: int, week: Scored, upto: datetime, *, complete: bool
) -> None:
    """Say a week to whom it may concern, and to the desk above."""
    tz = turn.policy.calendar.tz
    begins = begin_of(first, tz)
    until = min(WEEK_MIN, max(1, int((upto - begins) / timedelta(minutes=1))))
    own, open_ones, own_days = counted(week, turn.tier)
    rows = totals(own, (below.kinds for below in week.below.values()))
    for below in week.below.values():
        for kind, minutes in below.unforeseen.items():
            open_ones.setdefault(kind, []).extend(minutes)
    judged = judge(rows, open_ones, week.warned, int(rules.before_h * 60), until)
    today = first + (until + 1_439) // 1_440
    course = _note_course(turn, first, week, judged.rows)
    treated, untreated, standing = _cures(turn, week, today)
    week.revision += 1
    week.changed, week.complete = False, complete or week.complete
    days = [sum(each) for each in zip(own_days, *_days_below(week), strict=True)]
    areas = turn.policy.areas
    lines = _lines(judged.rows, turn.tier, rules.told_from)
    number, year = (date.fromordinal(first).isocalendar()[i] for i in (1, 0))
    score = Score(
        area=turn.area,
        tier=turn.tier,
        week=f"{year}-W{number:02d}",
        window=Window(start=begins, end=begin_of(first + 7, tz)),
        revision=week.revision,
        complete=complete,
        population=areas.population(turn.area),
        desks=areas.desks(turn.area),
        calls_budget=rules.calls_a_day * areas.desks(turn.area) * until / 1_440,
        lines=lines,
        problems=standing,
        spared=spared(
            treated,
            untreated,
            KindCourse(course.kinds, course.begins, today),
            rules.measure_days,
        ),
        below=_voices(turn, rules, first, week, course, today),
        policy_version=turn.policy.version,
    )
    identity = f"{turn.area}/week/{date.fromordinal(first).isoformat()}"
    turn.send(
        SCOREBOARD,
        identity,
        ScoreEvent(
            id=f"{identity}/{week.revision}",
            source=turn.source,
            subject=turn.area,
            time=turn.now,
            data=score,
        ),
    )
    parent = areas.parent(turn.area)
    if parent is None:
        return
    said = AreaScores(
        area=turn.area,
        tier=turn.tier,
        first=first,
        revision=week.revision,
        at=upto,
        kinds=judged.rows,
        unforeseen=judged.unforeseen,
        days=days,
        treated=treated,
        problems=standing,
        untreated=_sample(untreated, today),
    )
    turn.send_to(
        parent,
        AreaScoresEvent(
            id=f"{turn.area}/scores/{first}/{week.revision}",
            source=turn.source,
            subject=turn.area,
            time=turn.now,
            data=said,
        ),
    )


def _lines(rows: Rows, tier: str, told_from: int) -> dict[str, ScoreLine]:
    of_kinds = {kind: line(rows[kind], tier, told_from) for kind in sorted(rows) if kind != ALL}
    return {ALL: line(whole(rows), tier, told_from), **of_kinds}


def _days_below(week: Scored) -> list[list[int]]:
    return [below.days or [0] * 7 for below in week.below.values()]


def _cures(
    turn: Turn, week: Scored, today: int
) -> tuple[list[Treated], list[Treated], dict[str, int]]:
    """The problems of the area and those below it: under a measure, without, all by state."""
    cures = turn.state.get(CURES, turn.area) or Cures()
    treated, untreated = list(cures.treated.values()), list(cures.untreated.values())
    standing: dict[str, int] = {}

    def count(name: str, number: int = 1) -> None:
        standing[name] = standing.get(name, 0) + number

    for each in cures.standing.values():
        count(each.state)
        if each.closed and today - each.closed <= _RELAPSE_DAYS:
            count("closed_60d")
        if each.recurred:
            count("relapsed")
    for below in week.below.values():
        treated += [Treated(**course) for course in below.treated]
        untreated += [Treated(**course) for course in below.untreated]
        for name, number in below.problems.items():
            count(name, number)
    treated.sort(key=lambda each: (-each.measured, each.problem_id))
    return treated[:MOST_TREATED], untreated, standing


def _sample(untreated: list[Treated], today: int) -> list[Treated]:
    """Some of the problems without a measure, for the tiers above to hold theirs against."""
    lately = [each for each in untreated if today - each.since <= _LATELY_DAYS]
    # By a hash of their names: the same ones each day, and no kind or street before another.
    lately.sort(key=lambda each: crc32(each.problem_id.encode()))
    return lately[:MOST_UNTREATED_TOLD]


# --- who is heard ----------------------------------------------------------------------


def _note_course(turn: Turn, first: int, week: Scored, rows: Rows) -> Course:
    """Write this week into the course of the weeks."""
    course = turn.state.get(COURSES, turn.area) or Course()
    if not course.begins:
        tz = turn.policy.calendar.tz
        course.begins = max(first, min((turn.now.astimezone(tz).toordinal() - 1), first + 6))
    for kind, counts in rows.items():
        opened = counts.get("opened", 0)
        if opened and kind != ALL:
            course.kinds.setdefault(kind, {})[first] = opened
    found = fairness.heard({area: below.kinds for area, below in week.below.items()})
    for area, below in week.below.items():
        each = found[area]
        course.below.setdefault(area, {})[first] = Heed(
            below.days or [0] * 7,
            each.again,
            round(each.expected * _MILLI),
            each.watched_min,
            each.cases,
        )
    course.forget(first)
    turn.state.put(COURSES, turn.area, course)
    return course


def _voices(
    turn: Turn, rules: ScoreRules, first: int, week: Scored, course: Course, today: int
) -> dict[str, Voice]:
    """How readily the people of each area below report."""
    areas = turn.policy.areas
    told: dict[str, Voice] = {}
    quiet = _quiet(turn, rules, course, today)
    for area in areas.children(turn.area):
        heeds = course.below.get(area, {})
        total = Heard()
        for heed in heeds.values():
            total = total.plus(
                Heard(
                    heed.again,
                    heed.expected / _MILLI,
                    heed.watched_min,
                    heed.cases,
                )
            )
        said = week.below.get(area)
        reports = sum(said.days) if said is not None else 0
        people = areas.population(area)
        silence = quiet.get(area)
        told[area] = Voice(
            reports=reports,
            per_1000=round(1_000 * reports / people, 4) if people else None,
            rate=fairness.rate(total),
            unreported=fairness.unreported(total),
            silent=_is_silent(turn, rules, area, silence, len(quiet)),
            expected=None if silence is None else round(silence.expected, 1),
            p=None if silence is None else round(min(1.0, silence.p * max(1, len(quiet))), 8),
        )
    return told


def _is_silent(turn: Turn, rules: ScoreRules, area: str, quiet: Quiet | None, number: int) -> bool:
    rule = rules.silent
    if rule is None or quiet is None:
        return False
    lit = episodes.lit(turn, rule.id, area) is not None
    # It ends where so few would surprise nobody any more, not at the limit where it began.
    return quiet.p * max(1, number) < (25 * rule.p if lit else rule.p)


def _quiet(turn: Turn, rules: ScoreRules, course: Course, today: int) -> dict[str, Quiet]:
    """How each area below compares with its past and its neighbours, up to yesterday."""
    rule = rules.silent
    children = turn.policy.areas.children(turn.area)
    if rule is None or len(children) < 2:
        return {}
    # The first day is a part of one.
    since = max(course.begins + 1, today - 7 * (rule.weeks + 1))
    if today - since < 7 * rule.history:
        return {}
    days = {area: _daily(course, area, since, today) for area in children}
    everybody = [sum(each) for each in zip(*days.values(), strict=True)]
    found: dict[str, Quiet] = {}
    for area, own in days.items():
        others = [all_ - mine for all_, mine in zip(everybody, own, strict=True)]
        quiet = fairness.silence(own, others, rule.weeks, rule.history)
        if quiet is not None:
            found[area] = quiet
    return found


def _daily(course: Course, area: str, since: int, until: int) -> list[int]:
    """Reports of each day from one to another, the latter not among them."""
    heeds = course.below.get(area, {})
    daily: list[int] = []
    for day in range(since, until):
        monday = day - (day - 1) % 7
        heed = heeds.get(monday)
        daily.append(0 if heed is None else heed.days[day - monday])
    return daily


def _listen(turn: Turn, rules: ScoreRules, first: int, week: Scored, upto: datetime) -> None:
    """Areas that have fallen silent are a matter of data quality: told, and ended."""
    rule = rules.silent
    if rule is None or turn.policy.summaries.shortest == "month":
        return
    course = turn.state.get(COURSES, turn.area)
    if course is None:
        return
    tz = turn.policy.calendar.tz
    today = upto.astimezone(tz).toordinal()
    quiet = _quiet(turn, rules, course, today)
    for area, each in quiet.items():
        silent = _is_silent(turn, rules, area, each, len(quiet))
        lit = episodes.lit(turn, rule.id, area)
        if not silent:
            if lit is not None:
                episodes.end(turn, rule.id, area)
            continue
        if lit is not None and lit.observed == each.observed:
            continue  # nothing new to say
        _warn(turn, rule, area, each, len(quiet), begin_of(today, tz))


def _warn(
    turn: Turn, rule: SilentAreaRule, area: str, quiet: Quiet, number: int, until: datetime
) -> None:
    language = turn.policy.language
    text = turn.policy.areas.text(area)
    name = area if text is None else text.of(language)
    days = timedelta(days=quiet.days)
    p = min(1.0, quiet.p * max(1, number))
    said: dict[str, Any] = {
        "observed": float(quiet.observed),
        "expected": round(quiet.expected, 1),
        "p": p,
        "window": Window(start=until - days, end=until),
        "threshold": rule.p,
    }
    episodes.tell(
        turn,
        rule,
        area,
        begun=int(until.timestamp()),
        colour="yellow",
        title=words(
            language,
            "silent_area",
            title=rule.title.of(language),
            area=name,
            days=quiet.days,
            observed=quiet.observed,
            expected=quiet.expected,
        ),
        **said,
    )
