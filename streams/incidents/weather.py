"""The weather bureau's signals (W4): an alert at every tier concerned, passed down as notices."""

from __future__ import annotations

from datetime import timedelta

from schemas.alert import Alert
from schemas.handoff import Notice, NoticeEvent
from schemas.terms import COLOURS
from schemas.tick import WeatherSignal
from streams.incidents import episodes, foresight, lamps, rainfall
from streams.incidents.case import WARNINGS, Episode
from streams.incidents.messages import Maker, body
from streams.incidents.opening import refuse
from streams.incidents.routing import RANK, child_towards
from streams.incidents.turn import Turn
from streams.incidents.words import words

_NOTICE_KIND = b"cn.chengyun.notice.v1"
notice_of = Maker(Notice)


def on_signal(turn: Turn, signal: WeatherSignal) -> None:
    """A signal of the weather bureau reaches the city: raise, change or cancel the warning."""
    rule = turn.policy.triggers.weather
    areas = [code for code in signal.areas if turn.policy.areas.tier_of(code) is not None]
    if rule is None or not areas:
        refuse(turn, "unknown_area", f"signal for {signal.areas}: none is an area of this city")
        return
    episode = _find(turn, signal.event)
    if signal.msg_type == "Cancel":
        if episode is not None:
            close(turn, episode)
        return
    language = turn.policy.language
    expires = signal.expires or turn.now + timedelta(seconds=rule.expires_s)
    if expires <= turn.now:
        return
    title = words(
        language,
        "weather",
        title=rule.title.of(language),
        colour=words(language, signal.colour),
        headline=signal.headline,
    )
    before = None if episode is None else episode.alert
    begun, references = signal.identifier, list(signal.references)
    if before is not None and COLOURS.index(signal.colour) < COLOURS.index(before.colour):
        # The bureau says that it is less grave. Within an episode a colour only rises: this
        # one is over, and a lesser one begins.
        assert episode is not None
        close(turn, episode)
        begun, references = f"{signal.identifier}/{signal.colour}", [before.alert_id]
        episode = before = None
    elif before is not None:
        references = [*before.references, *signal.references]
    alert = episodes.compose(
        turn,
        rule,
        signal.event,
        before=before,
        begun=begun,
        colour=signal.colour,
        title=title,
        evidence=[signal.identifier],
        evidence_count=1 if before is None else before.evidence_count + 1,
        suggested_action=signal.instruction or rule.action.of(language),
        opened_at=signal.onset,
        expires_at=expires,
        references=references[-20:],
    )
    lamps.publish(turn, alert)
    if COLOURS.index(signal.colour) < COLOURS.index(rule.fan_out_from):
        areas = []
    known = [] if episode is None else episode.passed_to
    _keep(turn, signal.event, alert, [*known, *(code for code in areas if code not in known)])


def _key(area: str, trigger: str, event: str) -> str:
    return f"{trigger}/{area}/{event}"


def rule_id(turn: Turn) -> str | None:
    """The id of the rule for the weather bureau's signals."""
    rule = turn.policy.triggers.weather
    return None if rule is None else rule.id


def _subject(alert: Alert) -> str:
    return alert.key.split("/", 2)[2]


def _find(turn: Turn, event: str) -> Episode | None:
    rule = turn.policy.triggers.weather
    return None if rule is None else turn.state.get(WARNINGS, f"{turn.area}/{rule.id}/{event}")


def in_force(turn: Turn) -> Alert | None:
    """The gravest rain signal in force at this desk, or None.

    Which kinds of weather are rain is the policy's word (`WeatherRule.events`).
    """
    rule = turn.policy.triggers.weather
    if rule is None:
        return None
    gravest: Alert | None = None
    for event in rule.events:
        episode = _find(turn, event)
        if episode is None:
            continue
        alert = episode.alert
        if gravest is None or COLOURS.index(alert.colour) > COLOURS.index(gravest.colour):
            gravest = alert
    return gravest


def _keep(turn: Turn, event: str, alert: Alert, passed_to: list[str]) -> None:
    """Remember the episode until it expires, and pass it on to the desks below."""
    key = f"{turn.area}/{alert.trigger.id}/{event}"
    turn.state.put(WARNINGS, key, Episode(alert=alert, passed_to=passed_to), alert.expires_at)
    _note_rain(turn)
    _pass_down(turn, alert, event, passed_to)


def _note_rain(turn: Turn) -> None:
    gravest = in_force(turn)
    rainfall.note(turn, None if gravest is None else gravest.colour)


def _pass_down(turn: Turn, alert: Alert, event: str, areas: list[str]) -> None:
    """One notice for each desk below in whose line a warned area lies."""
    policy = turn.policy
    below: dict[str, None] = {}
    for code in areas:
        if code == turn.area:
            below.update(dict.fromkeys(policy.areas.children(turn.area)))
        else:
            child = child_towards(policy, turn.area, code)
            if child is not None:
                below[child] = None
    for child in below:
        identity = f"{alert.alert_id}/{alert.revision}/{child}"
        notice = notice_of(
            notice_id=identity,
            purpose="warning",
            from_tier=turn.tier,
            from_area=turn.area,
            alert=alert,
            areas=[code for code in areas if _within(turn, code, child)] or [child],
            at=turn.now,
        )
        turn.send_to(
            child,
            turn.enveloped(_NOTICE_KIND, identity, event, body(notice)),
        )


def _within(turn: Turn, code: str, child: str) -> bool:
    return code == child or child_towards(turn.policy, child, code) is not None


def on_warning(turn: Turn, event: NoticeEvent) -> None:
    """A warning of another tier: this desk's own alert; from above it goes further down."""
    notice = event.data
    alert = notice.alert
    if alert is None:
        return
    subject = _subject(alert)
    episode = turn.state.get(WARNINGS, f"{turn.area}/{alert.trigger.id}/{subject}")
    if alert.state == "closed":
        if episode is not None:
            close(turn, episode)
        return
    if alert.expires_at is not None and alert.expires_at <= turn.now:
        return
    own = alert.model_copy(
        update={
            "alert_id": f"{turn.area}/{alert.alert_id}",
            "key": _key(turn.area, alert.trigger.id, subject),
            "tier": turn.tier,
            "area": turn.area,
            "owner": turn.area,
            "changed_at": turn.now,
            "revision": 1 if episode is None else episode.alert.revision + 1,
            "state": "opened" if episode is None else alert.state,
            "references": [alert.alert_id],
            "evidence": [event.id],
        }
    )
    above = RANK[notice.from_tier] > RANK[turn.tier]
    lamps.publish(turn, own, handed_down=above)
    if own.trigger.id == rule_id(turn):
        foresight.tell_sites(turn, own, own.state)
    _keep(turn, subject, own, notice.areas)


def close(turn: Turn, episode: Episode, *, pass_down: bool = True) -> None:
    """The warning is over: the alert closes here and, if asked, at every desk below."""
    alert = episode.alert
    subject = _subject(alert)
    ended = lamps.end(turn, alert)
    if ended.trigger.id == rule_id(turn):
        foresight.tell_sites(turn, ended, ended.state)
    turn.state.delete(WARNINGS, f"{turn.area}/{alert.trigger.id}/{subject}")
    _note_rain(turn)
    if pass_down:
        _pass_down(turn, ended, subject, episode.passed_to)


def on_due(turn: Turn, episode: Episode) -> None:
    """The signal's own end has come and nobody cancelled it; every desk sees that by itself."""
    close(turn, episode, pass_down=False)
