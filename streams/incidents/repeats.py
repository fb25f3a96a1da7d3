"""Again at the same place, and still not settled: warned of before it is a habit (W8, W9, W17)."""

from __future__ import annotations

from datetime import timedelta
from math import log10
from typing import Any, NamedTuple

from schemas.alert import Alert, Trigger
from schemas.handoff import Notice
from schemas.incident import ReportedCase
from schemas.outcome import Problem
from schemas.terms import COLOURS, AlertState, Colour
from streams.incidents import episodes, lamps
from streams.incidents.case import WARNINGS, Case, Episode
from streams.incidents.messages import Maker, body
from streams.incidents.troubled import Again
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.patterns import RepeatRule
from streams.policy.triggers import ComplaintsRule, RecurrenceRule

COMPLAINTS = "complaints"
"""The lamp of a case that several people complain of."""

_NOTICE_KIND = b"cn.chengyun.notice.v1"
notice_of = Maker(Notice)


class _Said(NamedTuple):
    """One revision of a problem's warning, before it is written down.

    Attributes:
        rules: ids of the rules that hold, the one that opened the episode first.
        stands: fields of the alert that the reasons bring.
    """

    rules: list[str]
    colour: Colour
    stands: dict[str, Any]


def on_problem(
    turn: Turn, problem: Problem, state: AlertState = "revised", again: Again | None = None
) -> None:
    """A case has joined a problem, or the problem is over: say so, but not at every case.

    One episode a problem, whichever rule sees it first: so many cases in the window (W8),
    or a place that complains beyond its own past (W17). It rises when so many cases concern
    the tier above, and is revised when the other rule joins and each time the number of
    cases has doubled.

    Args:
        state: "opened" when the problem is new or has relapsed, "closed" when it is over.
        again: what the newest complaint has shown about the place.
    """
    before = _lit(turn, problem)
    rules = turn.policy.escalation
    above = problem.incident_count >= rules.recurrence_district_count
    if state == "closed":
        if before is not None:
            ended = episodes.end(turn, before.trigger.id, problem.problem_id)
            if above and ended is not None:
                _tell_above(turn, ended)
        return
    said = _reasons(turn, problem, before, again, anew=state == "opened")
    if said is None:
        return
    lead = said.rules[0]
    rule = _rules(turn)[lead]
    relapse = f"/{problem.recurred}" if problem.recurred else ""
    language = turn.policy.language
    joined = " · ".join(_rules(turn)[each].title.of(language) for each in said.rules)
    alert = episodes.compose(
        turn,
        rule,
        problem.problem_id,
        before=before,
        colour=said.colour,
        title=f"{joined}：{problem.title}",
        alert_id=f"{problem.problem_id}/{lead}{relapse}",
        evidence=problem.incidents[-50:],
        evidence_count=problem.incident_count,
        owner=problem.owner or turn.area,
        expires_at=turn.now + timedelta(days=rules.recurrence_days),
        references=[problem.problem_id],
        kind=problem.category.code,
        also=[_trigger(turn, each) for each in said.rules[1:]],
        **said.stands,
    )
    lamps.publish(turn, alert)
    # It ends with its problem, not when its last word expires.
    kept = Episode(alert=alert, incident_id=alert.incident_id)
    turn.state.put(WARNINGS, episodes.key_of(turn, lead, problem.problem_id), kept)
    if above:
        _tell_above(turn, alert)


def _reasons(
    turn: Turn, problem: Problem, before: Alert | None, again: Again | None, *, anew: bool
) -> _Said | None:
    """What holds of a problem now, and whether that is worth a word; None: it is not."""
    triggers, limits = turn.policy.triggers, turn.policy.escalation
    plain, count = triggers.recurrence, problem.incident_count
    enough = plain is not None and count >= limits.recurrence_count
    told = [] if before is None else [before.trigger.id, *(each.id for each in before.also)]
    told = [each for each in told if each in _rules(turn)]
    rules = list(told)
    colours: list[Colour] = [] if before is None else [before.colour]
    stands: dict[str, Any] = {} if before is None else _stands(before)
    if enough and plain is not None:
        if plain.id not in rules:
            rules.append(plain.id)
        above = count >= limits.recurrence_district_count
        colours.append(plain.district_colour if above else plain.colour)
        stands["threshold"] = float(limits.recurrence_count)
    if again is not None and triggers.repeats is not None:
        if triggers.repeats.id not in rules:
            rules.append(triggers.repeats.id)
        colours.append(again.colour)
        stands |= stands_of(turn, again)
    if not rules:
        return None
    if before is None:
        # What the desk has dismissed is not said again, unless a rule fires anew.
        fires = anew or (enough and count == limits.recurrence_count)
        if not fires and (again is None or again.repeat.silenced):
            return None
    colour = max(colours, key=COLOURS.index)
    rises = before is not None and COLOURS.index(colour) > COLOURS.index(before.colour)
    doubled = enough and not count & (count - 1)
    if before is not None and not rises and rules == told and not doubled:
        return None
    if "p" not in stands:
        end = turn.now
        since = end - timedelta(days=limits.recurrence_days)
        stands |= {"observed": float(count), "window": episodes.window_of(start=since, end=end)}
    return _Said(rules, colour, stands)


_KEPT = (
    "observed", "expected", "interval", "p", "fires_at", "tests", "threshold", "window",
    "contributions",
)  # fmt: skip


def _stands(alert: Alert) -> dict[str, Any]:
    """What an alert's reasons brought: it holds until they bring something newer."""
    return {name: getattr(alert, name) for name in _KEPT if getattr(alert, name) is not None}


def stands_of(turn: Turn, again: Again) -> dict[str, Any]:
    """The numbers of a place that complains beyond chance, as an alert has them."""
    repeat = again.repeat
    return {
        "observed": float(repeat.observed),
        "expected": round(1.0 + repeat.expected, 2),
        "interval": (1.0 + repeat.low, 1.0 + repeat.high),
        "p": again.p,
        "fires_at": again.fires_at,
        "tests": 1,
        "window": episodes.window_of(start=again.since, end=turn.now),
        "contributions": {
            "surprise": round(-log10(max(again.p, 1e-300)), 2),
            "street_busier": round(repeat.busier, 2),
        },
    }


def _lit(turn: Turn, problem: Problem) -> Alert | None:
    """The warning that is lit for a problem."""
    triggers = turn.policy.triggers
    for rule in (triggers.recurrence, triggers.repeats):
        alert = None if rule is None else episodes.lit(turn, rule.id, problem.problem_id)
        if alert is not None:
            return alert
    return None


def _rules(turn: Turn) -> dict[str, RecurrenceRule | ComplaintsRule | RepeatRule]:
    triggers = turn.policy.triggers
    rules = (triggers.recurrence, triggers.complaints, triggers.repeats)
    return {rule.id: rule for rule in rules if rule is not None}


def _reach(turn: Turn) -> float:
    """How far back a trouble may have begun, days."""
    rule = turn.policy.triggers.repeats
    return turn.policy.escalation.recurrence_days if rule is None else rule.window_days


def _trigger(turn: Turn, trigger: str) -> Trigger:
    return episodes.trigger_of(id=trigger, version=_rules(turn)[trigger].version)


def on_complaint(turn: Turn, case: Case, again: Again | None = None) -> None:
    """One more complaint of an open case: with enough of them the tier above hears of it.

    Enough are so many that were not answered (W9), or so many as are beyond the place's own
    past (W17); one warning of the case, whichever sees it first.
    """
    rule, rare = turn.policy.triggers.complaints, turn.policy.triggers.repeats
    if not case.owned:
        return
    lamp = case.lamps.get(COMPLAINTS)
    told = [] if lamp is None else [lamp.trigger, *lamp.also]
    told = [each for each in told if each in _rules(turn)]
    rules = list(told)
    colours: list[Colour] = [] if lamp is None else [lamp.colour]
    said: dict[str, Any] = {}
    if rule is not None and rule.id not in told:
        open_ones = _unanswered(turn, case, rule)
        if len(open_ones) >= rule.complaints:
            rules.append(rule.id)
            colours.append(rule.colour)
            said = {
                "observed": float(len(open_ones)),
                "threshold": float(rule.complaints),
                "evidence": [report.report_id for report in open_ones[-50:]],
                "evidence_count": len(open_ones),
                "window": episodes.window_of(
                    start=turn.now - timedelta(days=rule.days), end=turn.now
                ),
                "expires_at": turn.now + timedelta(seconds=rule.expires_s),
            }
    if rare is not None and again is not None and (lamp is not None or not again.repeat.silenced):
        if rare.id not in rules:
            rules.append(rare.id)
        colours.append(again.colour)
        reports = case.incident.reports
        said.setdefault("evidence", [report.report_id for report in reports[-50:]])
        said.setdefault("evidence_count", len(reports))
        said.setdefault("expires_at", turn.now + timedelta(days=rare.window_days))
        said |= stands_of(turn, again)
    if not said:
        return
    colour = max(colours, key=COLOURS.index)
    if lamp is not None and rules == told and colour == lamp.colour:
        return
    _light(turn, case, rules, colour, said)


def _light(turn: Turn, case: Case, rules: list[str], colour: Colour, said: dict[str, Any]) -> None:
    incident, language = case.incident, turn.policy.language
    lead, *others = rules
    first = _rules(turn)[lead]
    title = words(
        language,
        "complaints",
        title=" · ".join(_rules(turn)[each].title.of(language) for each in rules),
        count=int(said["observed"]),
        days=first.days if isinstance(first, ComplaintsRule) else _reach(turn),
        matter=incident.title,
    )
    said["also"] = [_trigger(turn, each) for each in others]
    lamps.light(
        turn,
        case,
        COMPLAINTS,
        trigger=lead,
        version=first.version,
        colour=colour,
        title=title,
        scale="warning",
        suggested_action=first.action.of(language),
        **said,
    )
    lamp = case.lamps[COMPLAINTS]
    lamp.also = others
    alert = episodes.compose(
        turn,
        first,
        incident.incident_id,
        colour=colour,
        title=title,
        alert_id=lamp.alert_id,
        revision=lamp.revision,
        owner=incident.unit or turn.area,
        incident_id=incident.incident_id,
        kind=incident.category.code,
        **said,
    )
    _tell_above(turn, alert)


def _unanswered(turn: Turn, case: Case, rule: ComplaintsRule) -> list[ReportedCase]:
    incident = case.incident
    if incident.report_count < rule.complaints:
        return []
    since = turn.now - timedelta(days=rule.days)
    return [
        report
        for report in incident.reports
        if report.ended_at is None and report.reported_at >= since
    ]


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
