"""Spread over streets and districts (W7), judged each time a bin of the counts is complete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from schemas.alert import Alert
from schemas.terms import Place
from streams.incidents import episodes, foresight, lifecycle, opening, ownership, surges
from streams.incidents.case import SPREADS, Bins, Case, Episode
from streams.incidents.counting import BIN_S, BIN_US, by_area, close_bins, end_of
from streams.incidents.endings import finish
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy import CategoryRule
from streams.policy.triggers import SpreadRule
from streams.warning import spread


def on_bins(turn: Turn, bins: Bins, until: datetime) -> None:
    """Bins are complete: say their sums to the tier above, and look for spread in the window."""
    ended = close_bins(turn, bins, until)
    foresight.look_ahead(turn, until)
    surges.on_bins(turn, bins, ended)
    rule = turn.policy.triggers.spread
    if rule is None or turn.tier == "street":
        return
    for start in ended:
        for kind in spread.kinds_of(by_area(bins[start], turn.area)):
            _judge(turn, rule, kind, start, bins)


def _needed(turn: Turn, rule: SpreadRule) -> int:
    return rule.streets if turn.tier == "district" else rule.districts


def _window(turn: Turn, rule: SpreadRule, start: int, bins: Bins) -> list[spread.AreaKinds]:
    """The bins of the sliding window that ends with the bin that begins at `start`."""
    number = max(1, round(rule.within_s / BIN_S))
    return [
        by_area(bins[each], turn.area)
        for each in range(start - (number - 1) * BIN_US, start + 1, BIN_US)
        if each in bins
    ]


def _judge(turn: Turn, rule: SpreadRule, kind: str, start: int, bins: Bins) -> None:
    category = turn.policy.category(None, kind)
    if category is None or not rule.watches(category.code, category.group):
        return
    areas = spread.touched(_window(turn, rule, start, bins), kind, rule.at_least)
    key = f"{turn.area}/{rule.id}/{kind}"
    episode = turn.state.get(SPREADS, key)
    needed = _needed(turn, rule)
    end = end_of(start)
    if len(areas) < needed:
        return  # an open episode ends when its own time comes, not with the first quiet bin
    number = len(areas)
    due = end + timedelta(seconds=rule.within_s)
    before = None if episode is None else episode.alert
    if episode is not None and before is not None and before.evidence == list(areas):
        turn.state.put(SPREADS, key, episode, due)
        return
    alert = _alert(turn, rule, kind, areas, start, before)
    if before is None:
        alert.incident_id = _take_command(turn, rule, category, alert, areas)
    else:
        alert.incident_id = before.incident_id
        if number > (before.observed or 0):
            alert.state = "raised"
        _reach_further(turn, alert, areas)
    episodes.send(turn, kind, alert, due=due, namespace=SPREADS)


def _take_command(
    turn: Turn, rule: SpreadRule, category: CategoryRule, alert: Alert, areas: Mapping[str, int]
) -> str | None:
    """Open this tier's own case for what has spread: it commands, the areas go on with theirs.

    The cases of the areas stay where they are; what they have in common is this one's.
    """
    severity = rule.severity if turn.tier == "district" else rule.city_severity
    if severity is None:
        return None
    district = turn.area if turn.tier == "district" else None
    place = Place(district=district, method="desk")
    case = opening.begin(
        turn, category, cause=alert.alert_id, place=place, severity=severity, urgency="urgent"
    )
    case.incident.title = alert.title
    case.incident.areas = list(areas)
    opening.start(turn, case, category, rule_name=rule.id)
    if case.owned:
        ownership.copy_up(turn, case)
    return case.incident.incident_id


def _commanded(turn: Turn, alert: Alert) -> Case | None:
    """The case of the command, as long as this desk owns it and the work is open."""
    case = None if alert.incident_id is None else turn.case(alert.incident_id)
    if case is None or not case.owned or case.incident.state not in lifecycle.RUNNING:
        return None
    return case


def _reach_further(turn: Turn, alert: Alert, areas: Mapping[str, int]) -> None:
    case = _commanded(turn, alert)
    if case is None:
        return
    incident = case.incident
    fresh = [code for code in areas if code not in incident.areas]
    if fresh:
        incident.areas = [*incident.areas, *fresh]
        incident.title = alert.title
        turn.move(case, "finding", rule=alert.trigger.id, detail={"areas": fresh})
        ownership.lift_as_needed(turn, case, "E4")


def _alert(
    turn: Turn,
    rule: SpreadRule,
    kind: str,
    areas: Mapping[str, int],
    start: int,
    before: Alert | None,
) -> Alert:
    language = turn.policy.language
    name = turn.policy.kind_name(kind, language)
    end = end_of(start)
    return episodes.compose(
        turn,
        rule,
        kind,
        before=before,
        begun=start,
        colour=rule.colour if turn.tier == "district" else rule.city_colour,
        title=words(
            language,
            "spread",
            kind=name,
            count=len(areas),
            areas=words(language, "streets" if turn.tier == "district" else "districts"),
            minutes=round(rule.within_s / 60),
        ),
        observed=float(len(areas)),
        threshold=float(_needed(turn, rule)),
        kind=kind,
        window=episodes.window_of(start=end - timedelta(seconds=rule.within_s), end=end),
        evidence=list(areas)[:50],
        evidence_count=sum(areas.values()),
        expires_at=end + timedelta(seconds=rule.expires_s),
    )


def on_due(turn: Turn, key: str, episode: Episode) -> None:
    """A whole window has passed without enough areas: the spread is over."""
    before = episode.alert
    episodes.end(turn, before.trigger.id, key.split("/", 2)[2], namespace=SPREADS)
    case = _commanded(turn, before)
    if case is not None:
        over = words(turn.policy.language, "spread_over")
        finish(turn, case, "resolve", reason=over, resolution=over)
