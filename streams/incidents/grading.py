"""How grave a case is: by what people say, by what devices find, and by a second witness (W6)."""

from __future__ import annotations

from datetime import timedelta

from schemas.incident import Incident
from schemas.reading import Finding
from schemas.report import Report
from schemas.terms import Actor, Severity
from streams.incidents import clocks, lamps
from streams.incidents.case import Case
from streams.incidents.places import metres
from streams.incidents.routing import GRAVITY, graver, raised
from streams.incidents.turn import Turn
from streams.policy.triggers import CorroborationRule
from streams.warning import corroboration

WITNESSED = "W6"
TOLD = "report"
"""What grades a case that a graver report joins."""


def regrade(
    turn: Turn,
    case: Case,
    severity: Severity,
    rule: str,
    *,
    actor: Actor | None = None,
    reason: str | None = None,
) -> None:
    """The case is graver than it was thought; a level is only ever raised here (E9).

    From here on the case is under the policy that graded it anew.

    Args:
        actor, reason: of the officer who orders it; None where a rule does.
    """
    incident = case.incident
    told = rule == TOLD or actor is not None
    if told and case.plain is not None:
        case.plain = graver(case.plain, severity)
    if GRAVITY[severity] >= GRAVITY[incident.severity]:
        return
    before = incident.severity
    if not told and case.plain is None:
        case.plain = before
    incident.severity = severity
    incident.policy_version = turn.policy.version
    case.waived = []
    if GRAVITY[severity] <= GRAVITY["IV"] and incident.urgency == "normal":
        incident.urgency = "urgent"
    incident.version += 1
    turn.move(
        case,
        "regrade",
        actor,
        rule=rule,
        reason=reason or f"{before} → {severity}",
        detail={"severity": severity},
    )
    _quicken(turn, case)


def _quicken(turn: Turn, case: Case) -> None:
    """A graver case has a quicker pace: limits get nearer, never farther."""
    policy = turn.policy
    limit = clocks.standard_limit(case, policy)
    if limit is not None:
        due = policy.calendar.add(turn.now, limit)
        before = clocks.standard_due(case, policy)
        if before is None or due < before:
            clocks.set_standard(case, limit, turn.now, due)
            clocks.follow_due(case, policy)
    if clocks.of_kind(case, clocks.ACKNOWLEDGE) is not None:
        clocks.start_acknowledge(case, policy, turn.now)


def awaits_a_witness(turn: Turn, case: Case, report: Report) -> bool:
    """Whether only W6 may say that what a device has found is as grave as its kind.

    A caller who joins it counts towards that; who says more than the kind does is heard.
    """
    if turn.policy.triggers.corroboration is None or case.witnessed or not case.findings:
        return False
    rule = turn.policy.category(None, case.incident.category.code)
    return rule is not None and report.severity == rule.severity


def is_call_nearby(turn: Turn, incident: Incident, report: Report) -> bool:
    rule = turn.policy.triggers.corroboration
    here, there = incident.place, report.place
    if rule is None or here.lat is None or here.lon is None:
        return False
    if there.lat is None or there.lon is None:
        return False
    return metres(here.lat, here.lon, there.lat, there.lon) <= rule.radius_m


def corroborate_by_calls(turn: Turn, case: Case) -> bool:
    """W6: a device and so many callers agree: what it found counts one level graver, once."""
    rule = turn.policy.triggers.corroboration
    if rule is None or not case.findings or case.witnessed:
        return False
    if not corroboration.calls_confirm(case.calls, rule):
        return False
    found = min(case.findings.values(), key=GRAVITY.__getitem__)
    _witnessed(turn, case, rule, found, observed=float(case.calls), threshold=float(rule.calls))
    return True


def corroborate_by_rain(turn: Turn, case: Case, finding: Finding) -> None:
    """W6: heavy rain is announced and the water stands: one level graver, once a case."""
    rule = turn.policy.triggers.corroboration
    if rule is not None and not case.witnessed:
        _witnessed(
            turn,
            case,
            rule,
            finding.severity,
            observed=finding.observed,
            threshold=finding.threshold,
        )


def _witnessed(
    turn: Turn,
    case: Case,
    rule: CorroborationRule,
    found: Severity,
    *,
    observed: float | None,
    threshold: float | None,
) -> None:
    case.witnessed = True
    severity = raised(found, rule.raise_by)
    regrade(turn, case, severity, rule.id)
    language = turn.policy.language
    lamps.light(
        turn,
        case,
        WITNESSED,
        trigger=rule.id,
        version=rule.version,
        colour=lamps.ALERT_OF_SEVERITY[case.incident.severity],
        title=f"{rule.title.of(language)}：{case.incident.title}",
        scale="warning",
        observed=observed,
        threshold=threshold,
        evidence=[
            *case.findings,
            *(each.report_id for each in case.incident.reports[-20:]),
        ][:50],
        evidence_count=len(case.findings) + case.incident.report_count,
        suggested_action=rule.action.of(language),
        expires_at=turn.now + timedelta(seconds=rule.expires_s),
    )
