"""The alerts of a case: lit, raised and put out as one episode each, at the tier that sees them.

A case carries the lamps that are lit for it here. Lighting the same lamp in the same
colour says nothing new, so a desk hears of a change only.
"""

from __future__ import annotations

from typing import Any, Literal

from schemas.alert import Alert, Trigger
from schemas.terms import COLOURS, AlertState, Colour
from streams.incidents.annunciation import announce, fields_of
from streams.incidents.case import Case, Lamp
from streams.incidents.messages import Maker, short_hash
from streams.incidents.turn import Turn

DEADLINE = "deadline"
ACKNOWLEDGE = "acknowledge"
ESCALATION = "escalation"
UNACCEPTED = "unaccepted"
SUPERVISED = "supervised"
REMINDED = "reminded"

Scale = Literal["warning", "supervision"]

alert_of = Maker(Alert)
trigger_of = Maker(Trigger)
lamp_of = Maker(Lamp)

ALERT_OF_SEVERITY: dict[str, Colour] = {
    "I": "red",
    "II": "orange",
    "III": "yellow",
    "IV": "blue",
    "V": "blue",
}


def publish(
    turn: Turn,
    alert: Alert,
    *,
    handed_down: bool = False,
    place: tuple[float, float] | None = None,
) -> None:
    """Send one revision of an alert to the operators of this tier.

    Args:
        handed_down: a warning of the tier above: it reaches everybody, flooded or not.
        place: where it is on the map, latitude and longitude.
    """
    announce(turn, fields_of(alert), judged=not handed_down, place=place)


def end(turn: Turn, alert: Alert) -> Alert:
    """An episode that hangs on no case is over: say so; answers its last revision."""
    state: AlertState = "closed"
    last = alert.model_copy(
        update={"revision": alert.revision + 1, "state": state, "changed_at": turn.now}
    )
    publish(turn, last)
    return last


def light(
    turn: Turn,
    case: Case,
    subject: str,
    *,
    trigger: str,
    version: str,
    colour: Colour,
    title: str,
    scale: Scale = "supervision",
    calls: bool = False,
    **fields: Any,
) -> None:
    """Light a lamp of the case, or change its colour.

    Args:
        subject: what about the case it speaks of; one lamp each.
        calls: what changes is graver, though the colour may be the same.
        fields: more fields of the alert (observed, threshold, evidence, action …), and
            ``believed_p`` as `announce` takes it.
    """
    believed_p = fields.pop("believed_p", None)
    lamp = case.lamps.get(subject)
    if lamp is None:
        incident_id = case.incident.incident_id
        begun = str(case.audit_n)
        if not case.owned:
            # Nothing is added to a shadow's chain: its lamp may go out and on again meanwhile.
            begun += f".{short_hash(turn.cause)}"
        lamp = lamp_of(
            alert_id=f"{incident_id}/{subject}/{begun}",
            trigger=trigger,
            version=version,
            scale=scale,
            colour=colour,
            revision=1,
            opened_at=turn.now,
            title=title,
        )
        case.lamps[subject] = lamp
        state: AlertState = "opened"
    else:
        if lamp.colour == colour and lamp.title == title:
            return
        rises = calls or COLOURS.index(colour) > COLOURS.index(lamp.colour)
        state = "raised" if rises else "revised"
        colour = max(colour, lamp.colour, key=COLOURS.index)
        lamp.colour, lamp.title, lamp.trigger = colour, title, trigger
        lamp.revision += 1
    _say(turn, case, subject, lamp, state, fields, believed_p)


def answer(turn: Turn, case: Case, subject: str, said: dict[str, Any], *, stays: bool) -> None:
    """The desk has answered a warning: it is withdrawn, or stays lit with the answer on it."""
    lamp = case.lamps[subject]
    lamp.revision += 1
    if not stays:
        del case.lamps[subject]
    _say(turn, case, subject, lamp, "revised" if stays else "withdrawn", said)


def put_out(turn: Turn, case: Case, subject: str) -> None:
    """Close one episode: what it spoke of is over, or is now another tier's business."""
    lamp = case.lamps.pop(subject, None)
    if lamp is not None:
        lamp.revision += 1
        _say(turn, case, subject, lamp, "closed", {})


def put_out_all(turn: Turn, case: Case, *, keep: tuple[str, ...] = ()) -> None:
    """Close all episodes of the case at this tier."""
    for subject in sorted(case.lamps):
        if subject not in keep:
            put_out(turn, case, subject)


def _say(
    turn: Turn,
    case: Case,
    subject: str,
    lamp: Lamp,
    state: AlertState,
    fields: dict[str, Any],
    believed_p: float | None = None,
) -> None:
    # The fields of an `Alert` in its own order, written directly: a city whose limits run
    # out by the thousand says more of these than of anything else.
    incident = case.incident
    data: dict[str, Any] = {
        "alert_id": lamp.alert_id,
        "revision": lamp.revision,
        "key": f"{lamp.trigger}/{turn.area}/{incident.incident_id}/{subject}",
        "trigger": {"id": lamp.trigger, "version": lamp.version},
        "scale": lamp.scale,
        "tier": turn.tier,
        "area": turn.area,
        "colour": lamp.colour,
        "state": state,
        "title": lamp.title,
        "owner": incident.unit or turn.area,
        "opened_at": lamp.opened_at,
        "changed_at": turn.now,
        "incident_id": incident.incident_id,
        "policy_version": turn.policy.version,
    }
    data.update({name: value for name, value in fields.items() if value is not None})
    grave = incident.danger_to_life or "casualties" in incident.sensitive
    place = incident.place
    at = None if place.lat is None or place.lon is None else (place.lat, place.lon)
    if lamp.scale == "warning":
        data["kind"] = incident.category.code
    announce(turn, data, street=place.street, place=at, protected=grave, believed_p=believed_p)
