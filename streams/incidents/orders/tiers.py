"""Orders between the tiers: up, down, back, and pressing for a case."""

from __future__ import annotations

from typing import Literal

from schemas.incident import Supervision
from schemas.terms import Actor, Colour
from streams.incidents import lamps, ownership
from streams.incidents.case import Case
from streams.incidents.messages import Maker
from streams.incidents.orders.order import KEPT_CHARACTERS, Do, Order
from streams.incidents.refusal import Refused
from streams.incidents.tally import tally
from streams.incidents.turn import Turn
from streams.incidents.words import words

KEPT_SUPERVISIONS = 20

OFFICER = "officer"
"""The rule that is named where an officer of the owner lifts a case."""

supervision_of = Maker(Supervision)


def escalate(order: Order) -> None:
    """An officer of the owner gives it one tier up (提级)."""
    turn = order.turn
    parent = turn.policy.areas.parent(turn.area)
    if parent is None:
        raise Refused("conflict", "no_tier_above", f"{turn.area} is the last tier")
    ownership.give(turn, order.case, parent, OFFICER, order.reason, order.actor)


def delegate(order: Order) -> None:
    """Hand it down (交办): the area below decides, this one supervises."""
    area = order.given.needed("area")
    turn = order.turn
    if area not in turn.policy.areas.children(turn.area):
        raise Refused(
            "rejected", "wrong_area", f"got the area {area}, wanted one directly below {turn.area}"
        )
    ownership.give(turn, order.case, area, "delegation", order.reason, order.actor)


def hand_back(order: Order) -> None:
    """Give it back to the area that gave it up: what lifted it is gone (E8)."""
    against = ownership.cannot_hand_back(order.turn, order.case)
    if against is not None:
        raise Refused("conflict", "still_wanted_here", against)
    ownership.hand_back(order.turn, order.case, order.why, order.actor)


def press(order: Order) -> None:
    """Supervise (督办) or remind (催办): counted, and told to the owner's desk by an alert."""
    press_for(
        order.turn,
        order.case,
        "supervise" if order.action == "supervise" else "remind",
        order.actor,
        order.reason,
    )


def press_for(
    turn: Turn,
    case: Case,
    action: Literal["supervise", "remind"],
    actor: Actor,
    reason: str | None,
    **detail: str,
) -> None:
    """Somebody presses for a case: an officer, or the caller who asks again (催单)."""
    incident = case.incident
    incident.supervisions = [
        *(incident.supervisions or ()),
        supervision_of(
            kind=action,
            area=actor.area or turn.area,
            by=actor.id,
            at=turn.now,
            reason=None if reason is None else reason[:KEPT_CHARACTERS],
        ),
    ][-KEPT_SUPERVISIONS:]
    counts = tally(case)
    lamp: str
    colour: Colour
    if action == "supervise":
        count = counts.supervisions = counts.supervisions + 1
        lamp, colour = lamps.SUPERVISED, "yellow"
    else:
        count = counts.reminders = counts.reminders + 1
        lamp, colour = lamps.REMINDED, "blue"
    turn.move(case, action, actor, reason=reason, detail={"count": count, **detail})
    language = turn.policy.language
    lamps.light(
        turn,
        case,
        lamp,
        trigger=action,
        version=turn.policy.version,
        colour=colour,
        title=words(language, lamp, count=count, title=incident.title),
        suggested_action=words(language, "answer_press"),
    )


ORDERS: dict[str, Do] = {
    "escalate": escalate,
    "delegate": delegate,
    "hand_back": hand_back,
    "supervise": press,
    "remind": press,
}
