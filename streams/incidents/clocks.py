"""The clocks of a case: until the desk has seen it, until the work is done, until it closes.

A clock is started once and carried along in every hand-off; returns and hand-offs never
restart the limit of the work. What a clock does when it speaks is decided elsewhere
(`deadlines`), how a limit stands still or grows elsewhere too (`standstill`); here is
only when.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from schemas.handoff import Clock
from schemas.incident import ReportedCase
from streams.incidents.case import Case
from streams.incidents.messages import Maker
from streams.policy import Limit, Policy

ACKNOWLEDGE = "acknowledge"
"""The desk has not seen it; from its arrival at that desk."""
ACCEPT = "accept"
"""The unit has not accepted it; from its dispatch, whatever desk owns it."""
PROGRESS = "progress"
"""Seen, but nothing has moved on since; from the acknowledgement (E11)."""
RESOLVE = "resolve"
"""The work is not done; from the beginning of the matter, once."""
CLOSE = "close"
"""Done, and nobody has contradicted yet."""
WHISTLE = "whistle"
"""``whistle/<unit>``: a whistled department has not reported (E3); one clock each."""
ASSIST = "assist"
"""``assist/<unit>``: an added unit goes when it ends."""
STAGE = "stage"
"""``stage/<name>``: one stage of a staged limit is not done."""
DELEGATED = "delegated"
"""Handed down, and nobody below has taken it up; then it comes back."""
CALM = "calm"
"""No device alarms any more; what only they made grave goes back in time."""
VERIFY = "verify"
"""Nobody has decided yet whether the report becomes a case."""
SUSPENDED = "suspended"
"""The work stands still until then (挂账)."""

PRESSING = frozenset({ACKNOWLEDGE, ACCEPT, PROGRESS, RESOLVE, STAGE})
"""Clocks that press or lift; they are silent while the case's cause is open."""

REMINDED = 50
"""Stage of the acknowledgement clock after the desk was reminded; the last step lifts."""

_OFFICE = frozenset({"work_hour", "work_day"})

clock = Maker(Clock)


def of_kind(case: Case, kind: str) -> Clock | None:
    """The running clock of that kind, or None."""
    for running in case.clocks:
        if running.kind == kind:
            return running
    return None


def start(case: Case, kind: str, policy: Policy, now: datetime, until: Limit | datetime) -> Clock:
    """Start a clock of any kind, in place of one of the same kind; it speaks at its end.

    Args:
        until: the moment, or the limit that begins now.
    """
    at = until if isinstance(until, datetime) else policy.calendar.add(now, until)
    stop(case, kind)
    begun = clock(kind=kind, started_at=now, limit_at=at, at=at)
    case.clocks.append(begun)
    return begun


def stop(case: Case, *kinds: str) -> None:
    """Stop clocks of these kinds; all of them when none is named."""
    if case.clocks:
        case.clocks = [each for each in case.clocks if kinds and each.kind not in kinds]


def start_acknowledge(case: Case, policy: Policy, now: datetime) -> None:
    """The desk must see the case: reminded first, and one tier up if it still has not (E2)."""
    stop(case, ACKNOWLEDGE)
    incident = case.incident
    pace = policy.pace(incident.severity, incident.urgency)
    if incident.acknowledged_at is not None:
        return
    remind = None if pace.acknowledge is None else policy.calendar.add(now, pace.acknowledge)
    lift = None if pace.unacknowledged is None else policy.calendar.add(now, pace.unacknowledged)
    if remind is None and lift is None:
        return
    first = remind if lift is None or (remind is not None and remind < lift) else lift
    limit_at = lift if lift is not None else remind
    stage = 0 if first is remind and remind != lift else REMINDED
    case.clocks.append(
        clock(kind=ACKNOWLEDGE, started_at=now, limit_at=limit_at, stage=stage, at=first)
    )


def standard_limit(case: Case, policy: Policy) -> Limit | None:
    """The category's limit, else what the pace says for cases without one."""
    rule = policy.category(None, case.incident.category.code)
    if rule is not None and rule.limit is not None:
        return rule.limit
    return policy.pace(case.incident.severity, case.incident.urgency).unresolved


def standard_due(case: Case, policy: Policy) -> datetime | None:
    """The limit by the city's own rules; it is worked out when first asked for, then kept."""
    if case.standard_due is None:
        limit = standard_limit(case, policy)
        if limit is not None:
            began = case.incident.opened_at
            set_standard(case, limit, began, policy.calendar.add(began, limit))
    return case.standard_due


def set_standard(case: Case, limit: Limit | None, began: datetime, due: datetime | None) -> None:
    """Set the limit by the city's own rules; it holds where no open report brings its own."""
    case.standard_due = due
    case.standard_from = None if due is None else began
    case.standard_limit = str(limit) if limit is not None and limit.clock in _OFFICE else None


def first_due(case: Case) -> ReportedCase | None:
    """The open report whose limit ends first, or None if none has one."""
    first: ReportedCase | None = None
    for report in case.incident.reports:
        if (
            report.ended_at is None
            and report.due_at is not None
            and (first is None or first.due_at is None or report.due_at < first.due_at)
        ):
            first = report
    return first


def follow_due(case: Case, policy: Policy) -> None:
    """Set the case's limit anew: the earliest of its open reports, else its standard limit.

    The clock of the work is replaced only when the limit has changed; the version rises
    with it.
    """
    incident = case.incident
    report = first_due(case)
    limit: str | None = None
    if report is not None:
        due, started = report.due_at, report.limit_from or report.reported_at
    else:
        due = standard_due(case, policy)
        started = case.standard_from or incident.opened_at
        limit = case.standard_limit
    if due == incident.due_at and (due is None or of_kind(case, RESOLVE) is not None):
        return
    if due != incident.due_at:
        incident.due_at = due
        incident.version += 1
        incident.provisional = is_provisional(policy, due, limit)
    stop(case, RESOLVE)
    if due is None:
        return
    begun = clock(kind=RESOLVE, started_at=started, limit_at=due, stage=0, limit=limit)
    fix_points(begun, policy)
    begun.at = point(begun, policy, 0)
    case.clocks.append(begun)


def is_provisional(policy: Policy, due: datetime | None, limit: str | None) -> bool | None:
    """Whether office time was reckoned into a year whose holidays are not announced yet."""
    if due is None or limit is None:
        return None
    return policy.calendar.is_provisional(due.astimezone(policy.tz).year) or None


def follow_work(case: Case, policy: Policy, now: datetime) -> None:
    """Start and stop what depends on how far the work is; to be called when it has moved.

    A dispatched case waits for its unit. A case that was acknowledged, but is with no
    unit that has accepted it, waits for its next move (E11): a new dispatch or a return is
    one, and the time begins again.
    """
    incident = case.incident
    if not case.owned or incident.state not in ("registered", "dispatched", "returned"):
        stop(case, ACCEPT, PROGRESS)
        return
    pace = policy.pace(incident.severity, incident.urgency)
    accept = of_kind(case, ACCEPT)
    sent = incident.dispatched_at
    if incident.state != "dispatched" or sent is None or pace.accept is None:
        stop(case, ACCEPT)
    elif accept is None or accept.started_at != sent:
        start(case, ACCEPT, policy, sent, pace.accept)
    progress = of_kind(case, PROGRESS)
    seen = incident.acknowledged_at
    if seen is None or pace.moves_on is None:
        stop(case, PROGRESS)
        return
    returned = int(incident.state == "returned")
    moved = now if returned else seen if sent is None else max(seen, sent)
    begins = progress is None or progress.stage != returned
    if begins or (not returned and progress is not None and progress.started_at < moved):
        start(case, PROGRESS, policy, moved, pace.moves_on).stage = returned


def has_spoken(case: Case, policy: Policy, moment: datetime) -> None:
    """The clock of the work says nothing again that its limit had reached by `moment`."""
    running = of_kind(case, RESOLVE)
    if running is None:
        return
    case.colour = None
    for number, step in enumerate(policy.supervision):
        reached = point(running, policy, number)
        if reached is None or reached > moment:
            break
        running.stage, case.colour = step.percent, step.colour
    running.at = next_point(running, policy)


def next_point(running: Clock, policy: Policy) -> datetime | None:
    """When the clock next speaks, after the steps that it has reached."""
    for number, step in enumerate(policy.supervision):
        if step.percent > running.stage:
            return point(running, policy, number)
    return None


def fix_points(running: Clock, policy: Policy) -> None:
    """Keep the moments of a limit in office time: they stay under whatever calendar comes."""
    if running.limit is not None:
        steps = range(len(policy.supervision))
        points = [point(running, policy, number) for number in steps]
        running.points = [moment for moment in points if moment is not None]


def point(running: Clock, policy: Policy, step: int) -> datetime | None:
    """When the clock reaches the given step of supervision; None past the last."""
    if step >= len(policy.supervision):
        return None
    if running.points is not None and step < len(running.points):
        return running.points[step]
    percent = policy.supervision[step].percent
    if running.limit is not None:
        limit = limit_of(running.limit)
        return policy.calendar.at(running.started_at, limit, percent)
    # Times come out of messages and the calendar with fixed offsets, so this is true
    # time, also on a day when the clocks change.
    begin = running.started_at
    return begin + (running.limit_at - begin) * (percent / 100)


@cache
def limit_of(text: str) -> Limit:
    return Limit.model_validate(text)


def give_time(case: Case, policy: Policy, now: datetime) -> None:
    """A case reached its new desk late: it shall not be lifted again before the desk could act.

    Lifts whose moment has passed on the way are put off by as much as the steps lie
    apart. Colours keep their moments and tell the truth at once.
    """
    running = of_kind(case, RESOLVE)
    if running is None:
        return
    points = [point(running, policy, number) for number in range(len(policy.supervision))]
    span = running.limit_at - running.started_at
    base, percent, late = now, running.stage, False
    for number, step in enumerate(policy.supervision):
        moment = points[number]
        if not step.lifts or step.percent <= running.stage or step.percent in case.lifted:
            continue
        if moment is None or moment > base:
            break
        base += span * ((step.percent - percent) / 100)
        points[number], percent, late = base, step.percent, True
    if not late:
        return
    running.points = [moment for moment in points if moment is not None]
    pending = [
        moment
        for moment, step in zip(running.points, policy.supervision, strict=False)
        if step.percent > running.stage
    ]
    running.at = min(pending, default=None)


def start_close(case: Case, policy: Policy, now: datetime) -> None:
    """The work is done: the case closes by itself if nobody contradicts."""
    stop(case)
    at = policy.calendar.add(now, policy.desk.closes_after)
    case.clocks.append(clock(kind=CLOSE, started_at=now, limit_at=at, at=at))


def mark_overdue(case: Case, now: datetime) -> bool:
    """Note on each open report whose limit has passed that it is overdue; whether any was."""
    found = False
    for report in case.incident.reports:
        if (
            report.ended_at is None
            and report.overdue is None
            and report.due_at is not None
            and report.due_at <= now
        ):
            report.overdue = True
            found = True
    return found
