"""Late work, told before it is late (W11): one warning for each unit that will not make it."""

from __future__ import annotations

from datetime import timedelta

from schemas.terms import COLOURS, Colour
from streams.incidents import episodes
from streams.incidents.case import WARNINGS, Episode
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.incidents.workloads import LOADS, minutes, next_look
from streams.policy.triggers import DeadlineRiskRule
from streams.warning.workload import Risk, Workload


def on_due(turn: Turn, unit: str, load: Workload) -> None:
    """Look at a unit's open cases: warn, raise, or end the warning."""
    rule = turn.policy.triggers.deadline_risk
    if rule is None:
        turn.state.put(LOADS, f"{turn.area}/{unit}", load)
        return
    turn.state.put(LOADS, f"{turn.area}/{unit}", load, next_look(turn.now, rule.every_s, load))
    before = episodes.lit(turn, rule.id, unit)
    risk = load.risk(minutes(turn.now))
    colour = None if risk is None else _colour(rule, risk)
    if risk is None:
        episodes.end(turn, rule.id, unit)
        return
    if colour is None and (before is None or _over(rule, risk)):
        return  # one that is lit ends after so many looks that found nothing
    expires = turn.now + timedelta(seconds=(rule.quiet_looks + 0.5) * rule.every_s)
    if before is not None:
        rises = colour is not None and COLOURS.index(colour) > COLOURS.index(before.colour)
        if colour is None or (not rises and before.expected == round(risk.late, 1)):
            # Between the two shares an open warning stays as it is.
            key = episodes.key_of(turn, rule.id, unit)
            turn.state.put(WARNINGS, key, Episode(alert=before), expires)
            return
    assert colour is not None, "nothing is lit, and nothing to warn of: returned above"
    language = turn.policy.language
    lead = None if risk.first_due is None else (risk.first_due - minutes(turn.now)) * 60
    episodes.tell(
        turn,
        rule,
        unit,
        begun=int(turn.now.timestamp()),
        colour=colour,
        title=words(
            language,
            "deadline_risk",
            title=rule.title.of(language),
            unit=turn.policy.unit_name(unit, language),
            late=risk.late,
            number=risk.number,
        ),
        observed=float(risk.number),
        expected=round(risk.late, 1),
        interval=(round(risk.interval[0], 1), round(risk.interval[1], 1)),
        threshold=rule.warn_share * risk.number,
        evidence=risk.cases,
        evidence_count=len(risk.cases),
        owner=unit,
        lead_time_s=lead,
        expires_at=expires,
    )


def _colour(rule: DeadlineRiskRule, risk: Risk) -> Colour | None:
    """The colour that so many late cases deserve; None: none."""
    if risk.late < rule.at_least or not risk.number:
        return None
    share = risk.late / risk.number
    if share >= rule.raise_share:
        return "yellow"
    return "blue" if share >= rule.warn_share else None


def _over(rule: DeadlineRiskRule, risk: Risk) -> bool:
    """Whether a warning can end: well below where it begins, so that it does not flap."""
    return risk.late < rule.at_least / 2 or risk.late < rule.warn_share * risk.number / 2
