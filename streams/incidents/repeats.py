"""Again at the same place, and still not settled: warnings before they become a habit (W8, W9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.alert import Alert
from schemas.handoff import Notice
from schemas.outcome import Problem
from schemas.terms import AlertState, Colour
from streams.incidents import episodes, lamps
from streams.incidents.case import Case
from streams.incidents.messages import Maker, body
from streams.incidents.turn import Turn
from streams.incidents.words import words

COMPLAINTS = "complaints"
"""The lamp of a case that several people complain of."""

_NOTICE_KIND = b"cn.chengyun.notice.v1"
notice_of = Maker(Notice)


def on_problem(turn: Turn, problem: Problem, state: AlertState = "revised") -> None:
    """A case has joined a problem, or the problem is over: say so, but not at every case (W8).

    The alert opens with the problem, rises when so many cases concern the tier above, and
    is revised each time their number has doubled.
    """
    rule = turn.policy.triggers.recurrence
    if rule is None:
        return
    rules = turn.policy.escalation
    count = problem.incident_count
    above = count >= rules.recurrence_district_count
    colour: Colour = rule.district_colour if above else rule.colour
    if state != "closed":
        if problem.revision == 1:
            state = "opened"
        elif count == rules.recurrence_district_count:
            state = "raised" if rule.district_colour != rule.colour else "revised"
        elif count & (count - 1):
            return  # neither a step nor a power of two
    end = turn.now
    alert = episodes.compose(
        turn,
        rule,
        problem.problem_id,
        colour=colour,
        title=f"{rule.title.of(turn.policy.language)}：{problem.title}",
        alert_id=f"{problem.problem_id}/{rule.id}",
        revision=problem.revision,
        state=state,
        observed=float(count),
        threshold=float(rules.recurrence_count),
        window=episodes.window_of(start=end - timedelta(days=rules.recurrence_days), end=end),
        evidence=problem.incidents[-50:],
        evidence_count=count,
        owner=problem.owner or turn.area,
        opened_at=problem.opened_at,
        expires_at=turn.now + timedelta(days=rules.recurrence_days),
        references=[problem.problem_id],
    )
    lamps.publish(turn, alert)
    if above:
        _tell_above(turn, alert)


def on_complaint(turn: Turn, case: Case) -> None:
    """One more complaint of an open case: with enough of them the tier above hears of it (W9)."""
    rule = turn.policy.triggers.complaints
    if rule is None or COMPLAINTS in case.lamps or not case.owned:
        return
    incident = case.incident
    if incident.report_count < rule.complaints:
        return
    since = turn.now - timedelta(days=rule.days)
    open_ones = [
        report
        for report in incident.reports
        if report.ended_at is None and report.reported_at >= since
    ]
    if len(open_ones) < rule.complaints:
        return
    language = turn.policy.language
    title = words(
        language,
        "complaints",
        title=rule.title.of(language),
        count=len(open_ones),
        days=rule.days,
        matter=incident.title,
    )
    evidence = [report.report_id for report in open_ones[-50:]]
    said: dict[str, Any] = {
        "observed": float(len(open_ones)),
        "threshold": float(rule.complaints),
        "evidence": evidence,
        "evidence_count": len(open_ones),
        "suggested_action": rule.action.of(language),
        "expires_at": turn.now + timedelta(seconds=rule.expires_s),
    }
    lamps.light(
        turn,
        case,
        COMPLAINTS,
        trigger=rule.id,
        version=rule.version,
        colour=rule.colour,
        title=title,
        scale="warning",
        **said,
    )
    lamp = case.lamps[COMPLAINTS]
    alert = episodes.compose(
        turn,
        rule,
        incident.incident_id,
        colour=rule.colour,
        title=title,
        alert_id=lamp.alert_id,
        owner=incident.unit or turn.area,
        incident_id=incident.incident_id,
        **said,
    )
    _tell_above(turn, alert)


def _tell_above(turn: Turn, alert: Alert) -> None:
    parent = turn.policy.areas.parent(turn.area)
    if parent is None:
        return
    identity = f"{alert.alert_id}/{alert.revision}/{parent}"
    notice = notice_of(
        notice_id=identity,
        purpose="warning",
        from_tier=turn.tier,
        from_area=turn.area,
        alert=alert,
        at=turn.now,
    )
    turn.send_to(parent, turn.enveloped(_NOTICE_KIND, identity, alert.alert_id, body(notice)))
