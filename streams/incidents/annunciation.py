"""Calling the people at a desk: every alert passes here, and a flooded desk is called once.

What an alert says is decided elsewhere; here it only learns whether it calls somebody,
is put into the desk's flood, or falls under planned work. It is published either way.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from schemas.alert import Alert
from schemas.command import Silence
from schemas.dead_letter import Reason
from schemas.outcome import Reply
from schemas.terms import AlertState
from streams.incidents import holding, precursors, scoring
from streams.incidents.case import present
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.triggers import FloodRule
from streams.program import Output
from streams.state import Namespace, to_microseconds
from streams.topics import ALERTS
from streams.warning.attention import (
    MOST_SILENCES,
    Attention,
    Call,
    Flood,
    Quiet,
    as_plain,
    from_plain,
)

_ALERT_KIND = b"cn.chengyun.alert.v1"
_CALLS: frozenset[AlertState] = frozenset({"opened", "raised"})

_FAULTS = {
    "no_silences": "this city's policy has no triggers.flood section, so nothing is held back",
    "not_your_area": "a silence goes to the desk of its own area",
    "silence_over": "it ends before it begins, or has ended: wanted ends_at after now",
    "too_many_silences": f"the desk has {MOST_SILENCES} silences: wait for one to end",
}

ATTENTION: Namespace[Attention] = Namespace(
    name="attention",
    encode=lambda attention: orjson.dumps(as_plain(attention)),
    decode=lambda stored: from_plain(orjson.loads(stored)),
    lifetime="ever: one small entry for each desk",
    rank=6,
    decoded=2_000,
)
"""Key: the area. Due when a flood ends."""


def announce(
    turn: Turn,
    alert: dict[str, Any],
    *,
    street: str | None = None,
    place: tuple[float, float] | None = None,
    protected: bool = False,
    judged: bool = True,
    believed_p: float | None = None,
) -> None:
    """Publish one revision of an alert, after asking whether the desk can be called for it.

    Args:
        alert: the fields of an `Alert` in JSON terms; times may be datetimes.
        street: the street it is about, where that is known; what a flood groups by.
        protected: danger to life: no silence may hold it back. Hard limits never are.
        judged: False calls the desk whatever else it was told.
        place: where it is, latitude and longitude.
        believed_p: the largest p at which the desk still believes its trigger.
    """
    triggers = turn.policy.triggers
    rule = triggers.flood
    explains = False
    if alert["scale"] == "warning":
        spared = protected or alert["trigger"]["id"] in triggers.hard
        if alert["state"] in _CALLS:
            precursors.suspect(turn, alert, place, street)
        explains = holding.consider(
            turn, alert, protected=spared, place=place, believed_p=believed_p
        )
    if judged and rule is not None and alert["state"] in _CALLS and "held_back" not in alert:
        _judge(turn, rule, alert, street or turn.area, protected)
    scoring.note_alert(turn, alert)
    _send(turn, alert)
    if alert["state"] in holding.ENDED:
        cause_gone(turn, alert["alert_id"])
    if explains:
        cause_known(turn, alert["alert_id"])


def cause_known(turn: Turn, cause_id: str) -> None:
    """A case or a warning explains others from now on: what it explains is folded under it."""
    for alert, place in holding.explained(turn, cause_id):
        announce(turn, alert, place=place)


def cause_gone(turn: Turn, cause_id: str) -> None:
    """A case or a warning is over: what it explained calls the desk now, if it is still lit."""
    for alert in holding.released(turn, cause_id):
        announce(turn, alert)


def _judge(
    turn: Turn, rule: FloodRule, alert: dict[str, Any], street: str, protected: bool
) -> None:
    trigger = alert["trigger"]["id"]
    attention = turn.state.get(ATTENTION, turn.area) or Attention()
    at = turn.now.timestamp()
    ebbs = attention.ebbs_at(rule.limits)
    if ebbs is not None and ebbs <= at:
        _ebb(turn, rule, attention)
    call = Call(
        at,
        alert["alert_id"],
        alert["key"],
        trigger,
        street,
        alert["colour"],
        protected or trigger in turn.policy.triggers.hard,
    )
    flood_id = f"{turn.area}/{rule.id}/{to_microseconds(turn.now)}"
    verdict = attention.call(call, rule.limits, flood_id)
    if verdict.what == "grouped":
        alert["grouped_by"] = verdict.by
    elif verdict.what == "silenced":
        alert["silenced_by"] = verdict.by
    if verdict.flood is not None and attention.flood is not None:
        _send(turn, _told(turn, rule, attention.flood, verdict.flood))
    _keep(turn, rule, attention)


def _keep(turn: Turn, rule: FloodRule, attention: Attention) -> None:
    ebbs = attention.ebbs_at(rule.limits)
    due = None if ebbs is None else datetime.fromtimestamp(ebbs, UTC)
    turn.state.put(ATTENTION, turn.area, attention, due)


def on_due(turn: Turn, attention: Attention) -> None:
    """It has become quiet enough: the flood has its last word."""
    rule = turn.policy.triggers.flood
    if rule is None:  # the policy of today knows no floods any more
        attention.end_flood()
        turn.state.put(ATTENTION, turn.area, attention)
        return
    _ebb(turn, rule, attention)
    _keep(turn, rule, attention)


def _ebb(turn: Turn, rule: FloodRule, attention: Attention) -> None:
    flood = attention.end_flood()
    if flood is not None:
        _send(turn, _told(turn, rule, flood, "closed"))


def on_silence(turn: Turn, silence: Silence) -> None:
    """Planned work is announced: what matches calls nobody until it ends."""
    rule = turn.policy.triggers.flood
    quiet = Quiet(
        silence.silence_id,
        silence.starts_at.timestamp(),
        silence.ends_at.timestamp(),
        silence.owner.id,
        silence.trigger,
        silence.subject,
    )
    attention = turn.state.get(ATTENTION, turn.area) or Attention()
    if rule is None:
        fault: str | None = "no_silences"
    elif silence.area != turn.area:
        fault = "not_your_area"
    else:
        fault = attention.silence(quiet, turn.now.timestamp())
    if fault is not None or rule is None:
        reason = Reason(code=fault or "no_silences", message=_FAULTS[fault or "no_silences"])
        reply = Reply(command_id=silence.silence_id, outcome="rejected", reason=reason)
    else:
        _keep(turn, rule, attention)
        reply = Reply(command_id=silence.silence_id, outcome="applied")
    turn.answer_command(silence.silence_id, reply)


def _told(turn: Turn, rule: FloodRule, flood: Flood, state: AlertState) -> dict[str, Any]:
    """The flood's own alert, as it stands."""
    groups = flood.gravest_first()
    reds = sum(group.count for group in groups if group.colour == "red")
    language = turn.policy.language
    return {
        "alert_id": flood.alert_id,
        "revision": flood.revision,
        "key": f"{rule.id}/{turn.area}/{rule.id}",
        "trigger": {"id": rule.id, "version": rule.version},
        "scale": "supervision",
        "tier": turn.tier,
        "area": turn.area,
        "colour": flood.colour,
        "state": state,
        "title": words(
            language,
            "flood",
            title=rule.title.of(language),
            count=flood.count,
            groups=len(groups),
            reds=reds,
        ),
        "observed": float(flood.count),
        "threshold": float(rule.most),
        "evidence": flood.members,
        "evidence_count": flood.count,
        "suggested_action": rule.action.of(language),
        "owner": turn.area,
        "opened_at": datetime.fromtimestamp(flood.opened, UTC).astimezone(turn.policy.tz),
        "changed_at": turn.now,
        "groups": [
            {"trigger": g.trigger, "area": g.street, "count": g.count, "colour": g.colour}
            for g in groups
        ],
        "policy_version": turn.policy.version,
    }


def _send(turn: Turn, alert: dict[str, Any]) -> None:
    alert_id = alert["alert_id"]
    identity = f"{alert_id}/{alert['revision']}"
    message = turn.enveloped(_ALERT_KIND, identity, alert_id, alert)
    turn.out.append(Output(ALERTS[turn.tier], alert_id, message))


def fields_of(alert: Alert) -> dict[str, Any]:
    """The fields of an alert that say something, as `announce` takes them."""
    return {**present(alert), "trigger": present(alert.trigger)}
