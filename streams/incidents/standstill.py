"""The work stands still, gets more time, or is held back by its cause: its limits follow.

A limit that stands still keeps what is left of it, by office time where it runs by that.
"""

from __future__ import annotations

from datetime import datetime

from streams.incidents import clocks
from streams.incidents.case import Case
from streams.policy import Limit, Policy


def pause(case: Case, policy: Policy, now: datetime, until: datetime) -> None:
    """The work stands still until then (挂账): its limits move at once to where they will be.

    So what everybody reads as the limit is true for as long as the pause is. Nobody is
    pressed meanwhile.
    """
    move_limits(case, policy, now, until)
    clocks.stop(case, clocks.ACCEPT, clocks.PROGRESS)
    clocks.start(case, clocks.SUSPENDED, policy, now, until)


def resume(case: Case, policy: Policy, now: datetime) -> None:
    """The work goes on, at the end of its pause, before it, or after an outage later."""
    running = clocks.of_kind(case, clocks.SUSPENDED)
    if running is None:
        return
    move_limits(case, policy, running.limit_at, now)
    clocks.stop(case, clocks.SUSPENDED)
    clocks.follow_work(case, policy, now)


def move_limits(case: Case, policy: Policy, stood: datetime, goes_on: datetime) -> None:
    """Every open limit of the work goes on at `goes_on` as it stood at `stood`.

    What was overdue by then stays so.
    """
    if stood == goes_on:
        return
    incident = case.incident
    moved = policy.calendar.moved
    clocks.standard_due(case, policy)
    length = goes_on - stood
    for report in incident.reports:
        if report.ended_at is None and report.due_at is not None and report.overdue is None:
            report.due_at += length
            began = (report.limit_from or report.reported_at) + length
            report.limit_from = None if began == report.reported_at else began
    if case.standard_due is not None:
        words = case.standard_limit
        runs = "urgent_hour" if words is None else clocks.limit_of(words).clock
        case.standard_due = moved(case.standard_due, stood, goes_on, runs)
        began = case.standard_from or incident.opened_at
        case.standard_from = moved(began, stood, goes_on, runs)
    for running in case.clocks:
        staged = running.kind.startswith(clocks.STAGE)
        if running.kind != clocks.RESOLVE and not staged:
            continue
        runs = "urgent_hour" if running.limit is None else clocks.limit_of(running.limit).clock
        running.started_at = moved(running.started_at, stood, goes_on, runs)
        running.limit_at = moved(running.limit_at, stood, goes_on, runs)
        if running.points is not None:
            running.points = [moved(each, stood, goes_on, runs) for each in running.points]
        running.at = clocks.next_point(running, policy)
        if staged:
            for verdict in incident.stages or ():
                if running.kind == f"{clocks.STAGE}/{verdict.stage}":
                    verdict.due_at = running.limit_at
            continue
        incident.due_at = running.limit_at
        incident.provisional = clocks.is_provisional(policy, running.limit_at, running.limit)
    incident.version += 1


def extend(case: Case, policy: Policy, now: datetime, granted: int = 0) -> datetime | None:
    """The work gets one more of its original limit (延期), and so do its open reports.

    Args:
        granted: how many extensions it has had before; each is as long as the first limit.

    Returns:
        The new limit of the work; None if it has none.
    """
    incident = case.incident
    due = clocks.standard_due(case, policy)
    parts = granted + 1
    for report in incident.reports:
        if report.ended_at is None and report.due_at is not None and report.overdue is None:
            report.due_at += (report.due_at - (report.limit_from or report.reported_at)) / parts
    if due is not None:
        began = case.standard_from or incident.opened_at
        if case.standard_limit is None:
            case.standard_due = due + (due - began) / parts
        else:
            whole = clocks.limit_of(case.standard_limit)
            longer = Limit(amount=whole.amount * (parts + 1) / parts, clock=whole.clock)
            clocks.set_standard(case, longer, began, policy.calendar.add(began, longer))
    clocks.follow_due(case, policy)
    clocks.has_spoken(case, policy, now)
    return incident.due_at


def let_go(case: Case, policy: Policy, now: datetime) -> None:
    """What held the case back is over: its clocks speak again, at once if they are late."""
    for running in case.clocks:
        if running.kind == clocks.RESOLVE or running.kind.startswith(clocks.STAGE):
            running.at = clocks.next_point(running, policy)
    clocks.stop(case, clocks.ACCEPT, clocks.PROGRESS)
    clocks.start_acknowledge(case, policy, now)
    clocks.follow_work(case, policy, now)
