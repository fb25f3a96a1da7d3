"""Warnings that hang on no case: one episode of one rule at a desk, from first word to last.

Every rule tells its warnings through here, so that all of them say the same things in the
same way, rise and never fall, and are remembered until they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from schemas.alert import Alert, Trigger, Window
from schemas.terms import COLOURS, AlertState, Colour
from streams.incidents import lamps
from streams.incidents.case import WARNINGS, Episode
from streams.incidents.messages import Maker
from streams.incidents.turn import Turn
from streams.policy.section import Text
from streams.state import Namespace

alert_of = Maker(Alert)
trigger_of = Maker(Trigger)
window_of = Maker(Window)


_ANSWERED = ("answer", "answered_by", "answered_at", "answer_reason")


class Rule(Protocol):
    """What every rule of the policy that warns has: its name, its words and what to do."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def title(self) -> Text: ...
    @property
    def action(self) -> Text: ...


def key_of(turn: Turn, rule_id: str, subject: str) -> str:
    """Where the episode of a rule about a subject is remembered at this desk."""
    return f"{turn.area}/{rule_id}/{subject}"


def lit(
    turn: Turn, rule_id: str, subject: str, namespace: Namespace[Episode] = WARNINGS
) -> Alert | None:
    """The warning of a rule about a subject that is lit at this desk, or None."""
    episode = turn.state.get(namespace, key_of(turn, rule_id, subject))
    return None if episode is None else episode.alert


def compose(
    turn: Turn,
    rule: Rule,
    subject: str,
    *,
    before: Alert | None = None,
    begun: object = "",
    colour: Colour,
    title: str,
    **said: Any,
) -> Alert:
    """One revision of a warning, complete and not yet sent.

    Its colour is never below that of the revision before; a higher one raises it.

    Args:
        before: the revision before; None: the episode begins.
        begun: what tells this episode from others of the same subject; part of its id.
            Not needed with an ``alert_id`` of its own.
        said: further fields of an `Alert`, in place of what follows from the rule
            (``state``, ``owner``, ``suggested_action``, ``opened_at``) or beside it.
    """
    state: AlertState = "opened"
    if before is not None:
        rises = COLOURS.index(colour) > COLOURS.index(before.colour)
        state = "raised" if rises else "revised"
        if not rises:
            colour = before.colour
    fields: dict[str, Any] = {
        "alert_id": f"{key_of(turn, rule.id, subject)}/{begun}",
        "revision": 1,
        "key": f"{rule.id}/{turn.area}/{subject}",
        "trigger": trigger_of(id=rule.id, version=rule.version),
        "scale": "warning",
        "tier": turn.tier,
        "area": turn.area,
        "colour": colour,
        "state": state,
        "title": title,
        "suggested_action": rule.action.of(turn.policy.language),
        "owner": turn.area,
        "opened_at": turn.now,
        "changed_at": turn.now,
        "policy_version": turn.policy.version,
        **said,
    }
    if before is not None:
        fields["alert_id"] = before.alert_id
        fields["revision"] = before.revision + 1
        fields["opened_at"] = before.opened_at
        for name in _ANSWERED:
            fields.setdefault(name, getattr(before, name))
    return alert_of(**fields)


def tell(
    turn: Turn,
    rule: Rule,
    subject: str,
    *,
    begun: object,
    colour: Colour,
    title: str,
    due: datetime | None = None,
    namespace: Namespace[Episode] = WARNINGS,
    handed_down: bool = False,
    place: tuple[float, float] | None = None,
    **said: Any,
) -> Alert:
    """Open, raise or revise the warning of a rule about a subject, and remember it.

    Args:
        due: when it ends without further news; None: when it expires.
        handed_down: a warning of the tier above reaches everybody, flooded or not.
        begun, said: as `compose` takes them.
    """
    before = lit(turn, rule.id, subject, namespace)
    alert = compose(
        turn,
        rule,
        subject,
        before=before,
        begun=begun,
        colour=colour,
        title=title,
        **said,
    )
    send(
        turn,
        subject,
        alert,
        due=due,
        namespace=namespace,
        handed_down=handed_down,
        place=place,
    )
    return alert


def send(
    turn: Turn,
    subject: str,
    alert: Alert,
    *,
    due: datetime | None = None,
    namespace: Namespace[Episode] = WARNINGS,
    handed_down: bool = False,
    place: tuple[float, float] | None = None,
    passed_to: Sequence[str] = (),
) -> None:
    """Send a composed revision to the desk, and remember it until it is due, or expires."""
    lamps.publish(turn, alert, handed_down=handed_down, place=place)
    kept = Episode(alert=alert, incident_id=alert.incident_id, passed_to=list(passed_to))
    key = key_of(turn, alert.trigger.id, subject)
    turn.state.put(namespace, key, kept, due or alert.expires_at)


def end(
    turn: Turn,
    rule_id: str,
    subject: str,
    *,
    state: AlertState = "closed",
    namespace: Namespace[Episode] = WARNINGS,
    **said: Any,
) -> Alert | None:
    """The warning is over, or was none: it has its last word and is forgotten.

    Args:
        state: ``closed``, or ``withdrawn`` for what turned out to be none.

    Returns:
        Its last revision; None where it was not lit.
    """
    before = lit(turn, rule_id, subject, namespace)
    if before is None:
        return None
    last = before.model_copy(
        update={"revision": before.revision + 1, "state": state, "changed_at": turn.now, **said}
    )
    lamps.publish(turn, last)
    turn.state.delete(namespace, key_of(turn, rule_id, subject))
    return last
