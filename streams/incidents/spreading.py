"""Spread over streets and districts (W7), judged each time a bin of the counts is complete."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from schemas.alert import Window
from schemas.terms import AlertState
from streams.incidents import foresight, lamps
from streams.incidents.case import SPREADS, Bins, Episode
from streams.incidents.counting import BIN_S, BIN_US, by_area, close_bins, end_of
from streams.incidents.messages import Maker
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.triggers import SpreadRule
from streams.warning import spread

window_of = Maker(Window)


def on_bins(turn: Turn, bins: Bins, until: datetime) -> None:
    """Bins are complete: say their sums to the tier above, and look for spread in the window."""
    ended = close_bins(turn, bins, until)
    foresight.look_ahead(turn, until)
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
    window = window_of(start=end - timedelta(seconds=rule.within_s), end=end)
    if episode is None:
        alert_id = f"{turn.area}/{rule.id}/{kind}/{start}"
        revision, opened = 1, turn.now
        state: AlertState = "opened"
    else:
        before = episode.alert
        if before.evidence == list(areas):
            turn.state.put(SPREADS, key, episode, end + timedelta(seconds=rule.within_s))
            return
        alert_id, revision, opened = before.alert_id, before.revision + 1, before.opened_at
        state = "raised" if number > (before.observed or 0) else "revised"
    alert = _alert(
        turn, rule, kind, areas, window, end, alert_id=alert_id, revision=revision,
        opened_at=opened, state=state,
    )  # fmt: skip
    lamps.publish(turn, alert)
    turn.state.put(SPREADS, key, Episode(alert=alert), end + timedelta(seconds=rule.within_s))


def _alert(
    turn: Turn,
    rule: SpreadRule,
    kind: str,
    areas: dict[str, int],
    window: Window,
    end: datetime,
    **episode: Any,
) -> Any:
    language = turn.policy.language
    category = turn.policy.category(None, kind)
    name = kind if category is None else category.name if language == "zh" else category.name_en
    below = words(language, "streets" if turn.tier == "district" else "districts")
    return lamps.alert_of(
        key=f"{rule.id}/{turn.area}/{kind}",
        trigger=lamps.trigger_of(id=rule.id, version=rule.version),
        scale="warning",
        tier=turn.tier,
        area=turn.area,
        colour=rule.colour if turn.tier == "district" else rule.city_colour,
        title=words(
            language,
            "spread",
            kind=name,
            count=len(areas),
            areas=below,
            minutes=round(rule.within_s / 60),
        ),
        observed=float(len(areas)),
        threshold=float(_needed(turn, rule)),
        window=window,
        evidence=list(areas)[:50],
        evidence_count=sum(areas.values()),
        suggested_action=rule.action.of(language),
        owner=turn.area,
        changed_at=turn.now,
        expires_at=end + timedelta(seconds=rule.expires_s),
        policy_version=turn.policy.version,
        **episode,
    )


def on_due(turn: Turn, key: str, episode: Episode) -> None:
    """A whole window has passed without enough areas: the spread is over."""
    before = episode.alert
    state: AlertState = "closed"
    ended = before.model_copy(
        update={"state": state, "revision": before.revision + 1, "changed_at": turn.now}
    )
    lamps.publish(turn, ended)
    turn.state.delete(SPREADS, key)
