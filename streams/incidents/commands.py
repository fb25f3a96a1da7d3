"""What operators and units order, and what they hear back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from schemas.command import Command, CommandEvent
from schemas.errors import TransitionError
from schemas.incident import Incident
from schemas.outcome import Reply
from streams.incidents import answers, clocks, governance, lifecycle, routing
from streams.incidents.case import ANSWERS, COPIES, Case
from streams.incidents.endings import finish
from streams.incidents.lifecycle import Move
from streams.incidents.orders import belonging, correction, entry, joint, pauses, tiers, work
from streams.incidents.orders.order import CREWS, Do, Order
from streams.incidents.orders.sense import MAKES_SENSE
from streams.incidents.refusal import Refused
from streams.incidents.turn import Turn

_FOR_THE_LEAD = frozenset({"start", "return", "resolve", "request", "stage", "appeal"})

HOPS = 6
ANSWER_DAYS = 7


def on_command(turn: Turn, event: CommandEvent) -> None:
    """Follow a command, or pass it on to where the case is; each gets one reply.

    A repeat takes the same way and gets the same reply. One that comes back from where it
    was passed on to has crossed the case on its way, and is looked at anew.
    """
    command = event.data
    key = f"{turn.area}/{command.command_id}"
    given = turn.state.get(ANSWERS, key)
    came_back = given is not None and command.hops > given.get("hops", HOPS)
    if given is not None and not came_back:
        passed = given.get("passed_to")
        if passed is None:
            turn.answer_command(command.command_id, Reply.model_validate(given["reply"]))
        else:
            _pass_on(turn, event, passed)
        return
    until = turn.now + timedelta(days=ANSWER_DAYS)
    try:
        onward = _route(turn, command)
        if onward is not None:
            passed_on = {"passed_to": onward, "hops": command.hops}
            turn.state.put(ANSWERS, key, passed_on, until)
            _pass_on(turn, event, onward)
            return
        reply = _FOLLOW[command.subject.kind](turn, command)
    except Refused as refused:
        case = turn.case(command.subject.id) if command.subject.kind == "incident" else None
        reply = Reply(
            command_id=command.command_id,
            outcome=refused.outcome,
            incident_id=None if case is None else command.subject.id,
            version=None if case is None else case.incident.version,
            allowed=[] if case is None else _allowed(turn, case, command),
            reason=refused.reason,
        )
    turn.state.put(ANSWERS, key, {"reply": reply.model_dump(mode="json", exclude_none=True)}, until)
    turn.answer_command(command.command_id, reply)


def _allowed(turn: Turn, case: Case, command: Command) -> list[str]:
    """What the sender could order now, by role, by where they sit, and by what makes sense."""
    if command.actor.role not in lifecycle.PEOPLE:
        return []
    state = case.incident.state
    return [
        action
        for action in lifecycle.allowed(state, command.actor, OFFERED)
        if _reaches(turn, lifecycle.find(action, state, command.actor), command)
        and (action not in MAKES_SENSE or MAKES_SENSE[action](turn, case))
    ]


def _route(turn: Turn, command: Command) -> str | None:
    """The area to pass the command on to; None: it is to be answered here.

    Along the shadow if the case was given away, to the owner of a copy, or down by the id,
    which begins with the area of birth.
    """
    kind = command.subject.kind
    if kind not in _FOLLOW:
        wanted = ", ".join(_FOLLOW)
        raise Refused("not_found", "no_such_subject", f"got a command on a {kind}, wanted {wanted}")
    if kind == "alert":
        return None  # a warning is answered at the desk that it calls
    if kind == "problem":
        return _down(turn, command)
    incident_id = command.subject.id
    case = turn.case(incident_id)
    onward: str | None = None
    if case is not None:
        onward = case.given_to
    else:
        copy = turn.state.get(COPIES, f"{turn.area}/{incident_id}")
        onward = copy.from_area if copy is not None else _down(turn, command)
        if onward is None:
            raise Refused("not_found", "unknown_incident", f"no case {incident_id!r} is known here")
    if onward is not None and command.hops >= HOPS:
        raise Refused("not_found", "too_many_hops", f"passed on {HOPS} times without an owner")
    return onward


def _down(turn: Turn, command: Command) -> str | None:
    """The desk below in whose line the subject was born, as its id says; None: not below."""
    birth = routing.birth_area(command.subject.id)
    return routing.child_towards(turn.policy, turn.area, birth)


def _pass_on(turn: Turn, event: CommandEvent, area: str) -> None:
    """Send the command towards the owner; a unit's work is noted on the shadow at once."""
    command = event.data
    case = turn.case(command.subject.id)
    update: dict[str, object] = {"hops": command.hops + 1}
    if case is not None and not case.owned:
        if command.noted_at is None:
            update["noted_at"] = turn.now
        _note_on_shadow(turn, case, command)
    data = command.model_copy(update=update)
    turn.send_to(area, event.model_copy(update={"data": data}))


def _note_on_shadow(turn: Turn, case: Case, command: Command) -> None:
    # Only what the crews of this ground do; desks decide where the case is owned.
    actor = command.actor
    state = case.incident.state
    if not lifecycle.possible(command.action, state, actor.role):
        return
    if command.action == "accept" and state == "dispatched":
        turn.move(case, "accept", actor)
    elif command.action == "resolve":
        finish(turn, case, "resolve", actor=actor, reason=command.reason)


def _reaches(turn: Turn, move: Move, command: Command) -> bool:
    """Whether the actor's area may do it: the owner's own, one above it, or one of its line."""
    area = command.actor.area
    if area == turn.area:
        return True
    if area is None or move.reach == "owner":
        return False
    policy = turn.policy
    if routing.is_above(policy, area, turn.area):
        return True
    return move.reach == "line" and routing.is_above(policy, turn.area, area)


def _leads(incident: Incident, command: Command) -> None:
    """What only the leading unit says is not for an officer of another one."""
    actor = command.actor
    if (
        command.action in _FOR_THE_LEAD
        and actor.role in CREWS
        and actor.unit not in (None, incident.unit)
    ):
        raise Refused(
            "forbidden",
            "not_your_unit",
            f"{command.action} is for {incident.unit}, which leads, not for {actor.unit}",
        )


def _follow(turn: Turn, command: Command) -> Reply:
    """Do what is ordered, as the owner of the case.

    Raises:
        Refused: a newer version, a role or area that may not, a state that does not allow it.
    """
    case = turn.case(command.subject.id)
    if case is None:
        raise Refused("not_found", "unknown_incident", "no such case here")
    incident = case.incident
    # What a crew of this case has done is so, whatever its owner has ordered meanwhile.
    done = command.action == "resolve" and command.noted_at is not None
    expected = None if done else command.expected_version
    if expected is not None and expected != incident.version:
        raise Refused(
            "conflict",
            "stale_version",
            f"the case is at version {incident.version}, the command saw {expected}",
        )
    if command.action not in OFFERED:
        raise Refused("forbidden", "unknown_action", f"{command.action} is not offered")
    if command.actor.role not in lifecycle.PEOPLE:
        raise Refused(
            "forbidden",
            "not_your_action",
            f"people give orders, not a {command.actor.role}",
        )
    try:
        move = lifecycle.find(command.action, incident.state, command.actor)
    except TransitionError as error:
        if error.code == "not_allowed_now":
            raise Refused("conflict", error.code, error.message) from None
        raise Refused("forbidden", error.code, error.message) from None
    if not _reaches(turn, move, command):
        raise Refused(
            "forbidden",
            "not_your_area",
            f"{command.action} is for the desk of {turn.area}, not for {command.actor.area}",
        )
    _leads(incident, command)
    if move.reason and not (command.reason and command.reason.strip()):
        raise Refused("rejected", "reason_missing", f"{command.action} needs a reason")
    OFFERED[command.action](Order(turn, case, command))
    clocks.follow_work(case, turn.policy, turn.now)
    return Reply(
        command_id=command.command_id,
        outcome="applied",
        incident_id=incident.incident_id,
        unit=incident.unit,
        due_at=incident.due_at,
        version=incident.version,
        allowed=_allowed(turn, case, command) if case.owned else [],
    )


OFFERED: dict[str, Do] = {
    **entry.ORDERS,
    **work.ORDERS,
    **pauses.ORDERS,
    **joint.ORDERS,
    **tiers.ORDERS,
    **correction.ORDERS,
    **belonging.ORDERS,
}

_FOLLOW: dict[str, Callable[[Turn, Command], Reply]] = {
    "incident": _follow,
    "problem": governance.follow,
    "alert": answers.follow,
}
"""Who follows commands on what."""
