"""Late work, told before it is late (W11): one warning for each unit that will not make it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.terms import COLOURS, AlertState, Colour
from streams.incidents import lamps
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
    key = f"{turn.area}/{rule.id}/{unit}"
    episode = turn.state.get(WARNINGS, key)
    risk = load.risk(minutes(turn.now))
    colour = None if risk is None else _colour(rule, risk)
    if risk is None or (colour is None and (episode is None or _over(rule, risk))):
        if episode is not None:
            lamps.end(turn, episode.alert)
            turn.state.delete(WARNINGS, key)
        return
    if colour is None:
        return  # between the two shares: an open warning stays as it is
    before = None if episode is None else episode.alert
    if before is not None:
        # Within an episode a colour only rises.
        if COLOURS.index(colour) < COLOURS.index(before.colour):
            colour = before.colour
        if before.colour == colour and before.observed == round(risk.late, 1):
            turn.state.put(WARNINGS, key, Episode(alert=before), _expiry(turn, rule))
            return
    state: AlertState = "opened"
    if before is not None:
        state = "raised" if before.colour != colour else "revised"
    language = turn.policy.language
    now = minutes(turn.now)
    lead = None if risk.first_due is None else (risk.first_due - now) * 60
    alert = lamps.alert_of(
        alert_id=f"{key}/{int(turn.now.timestamp())}" if before is None else before.alert_id,
        revision=1 if before is None else before.revision + 1,
        key=f"{rule.id}/{turn.area}/{unit}",
        trigger=lamps.trigger_of(id=rule.id, version=rule.version),
        scale="warning",
        tier=turn.tier,
        area=turn.area,
        colour=colour,
        state=state,
        title=words(
            language,
            "deadline_risk",
            title=rule.title.of(language),
            unit=turn.policy.unit_name(unit, language),
            late=risk.late,
            number=risk.number,
        ),
        observed=round(risk.late, 1),
        expected=float(risk.number),
        interval=(round(risk.interval[0], 1), round(risk.interval[1], 1)),
        threshold=rule.warn_share * risk.number,
        evidence=risk.cases,
        evidence_count=len(risk.cases),
        suggested_action=rule.action.of(language),
        owner=unit,
        lead_time_s=lead,
        opened_at=turn.now if before is None else before.opened_at,
        changed_at=turn.now,
        expires_at=_expiry(turn, rule),
        policy_version=turn.policy.version,
    )
    lamps.publish(turn, alert)
    turn.state.put(WARNINGS, key, Episode(alert=alert), alert.expires_at)


def _expiry(turn: Turn, rule: DeadlineRiskRule) -> Any:
    return turn.now + timedelta(seconds=4 * rule.every_s)


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
