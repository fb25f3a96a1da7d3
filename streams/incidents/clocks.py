"""The clocks of a case: until the desk has seen it, until the work is done, until it closes.

A clock is started once and carried along in every hand-off; returns and hand-offs never
restart the limit of the work. What a clock does when it speaks is decided elsewhere
(`deadlines`); here is only when.
"""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.handoff import Clock
from schemas.incident import ReportedCase
from streams.incidents.case import Case
from streams.incidents.messages import Maker
from streams.policy import CategoryRule, Limit, Policy

ACKNOWLEDGE = "acknowledge"
RESOLVE = "resolve"
CLOSE = "close"

REMINDED = 50
"""Stage of the acknowledgement clock after the desk was reminded; the next step lifts."""
LIFTED = 100

_OFFICE = frozenset({"work_hour", "work_day"})

clock = Maker(Clock)


def of_kind(case: Case, kind: str) -> Clock | None:
    """The running clock of that kind, or None."""
    for running in case.clocks:
        if running.kind == kind:
            return running
    return None


def stop(case: Case, *kinds: str) -> None:
    """Stop clocks of these kinds; all of them when none is named."""
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


def standard_due(
    case: Case, policy: Policy, rule: CategoryRule | None, now: datetime
) -> datetime | None:
    """The limit of the work by the city's own rules: the category's, else the pace's."""
    limit = standard_limit(case, policy, rule)
    return None if limit is None else policy.calendar.add(now, limit)


def standard_limit(case: Case, policy: Policy, rule: CategoryRule | None) -> Limit | None:
    """The category's limit, else what the pace says for cases without one."""
    if rule is not None and rule.limit is not None:
        return rule.limit
    return policy.pace(case.incident.severity, case.incident.urgency).unresolved


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


def follow_due(
    case: Case,
    policy: Policy,
    now: datetime,
    limit: Limit | None = None,
    begun_at: datetime | None = None,
) -> None:
    """Set the case's limit anew: the earliest of its open reports, else its standard limit.

    The clock of the work is replaced only when the limit has changed; the version rises
    with it.

    Args:
        limit: what the standard limit was made of, where the case has just begun.
        begun_at: when the standard limit began; None for the case's opening.
    """
    incident = case.incident
    report = first_due(case)
    if report is not None:
        due, started = report.due_at, report.reported_at
    else:
        due, started = case.standard_due, begun_at or incident.opened_at
    running = of_kind(case, RESOLVE)
    if due == incident.due_at and (running is not None or due is None):
        return
    if due != incident.due_at:
        incident.due_at = due
        incident.version += 1
    stop(case, RESOLVE)
    if due is None:
        return
    points: list[datetime] | None = None
    if report is None and limit is not None and limit.clock in _OFFICE:
        calendar = policy.calendar
        points = [calendar.at(started, limit, step.percent) for step in policy.supervision]
    begun = clock(kind=RESOLVE, started_at=started, limit_at=due, stage=0, points=points)
    begun.at = point(begun, policy, 0)
    case.clocks.append(begun)


def point(running: Clock, policy: Policy, step: int) -> datetime | None:
    """When the clock reaches the given step of supervision; None past the last."""
    if step >= len(policy.supervision):
        return None
    if running.points is not None and step < len(running.points):
        return running.points[step]
    # In UTC: wall-clock arithmetic would lose or win an hour when the clocks change.
    begin = running.started_at.astimezone(UTC)
    whole = running.limit_at.astimezone(UTC) - begin
    return begin + whole * (policy.supervision[step].percent / 100)


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
