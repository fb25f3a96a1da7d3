"""What the desk answers to a warning: confirmed, false, no finding, a duplicate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from schemas.alert import Alert, Answer
from schemas.codec import encode
from schemas.command import Command, CommandEvent
from schemas.outcome import Reply
from schemas.terms import AlertState
from streams.incidents import chains, lamps, scoring, verdicts
from streams.incidents.arguments import Argument, Given
from streams.incidents.case import SPREADS, WARNINGS, Case, Episode, Lamp
from streams.incidents.messages import event_id
from streams.incidents.refusal import Refused
from streams.incidents.turn import Turn
from streams.program import Output
from streams.topics import SENSING_READINGS

ARGUMENTS: Mapping[str, tuple[Argument, ...]] = {
    "confirm": (Argument("key", "text", required=True, note="the alert's key"),),
    "dismiss": (
        Argument("key", "text", required=True, note="the alert's key"),
        Argument("answer", "choice", required=True, choices=("false", "no_finding", "duplicate")),
    ),
}
"""Orders about alerts, and what each needs; dismissing wants a reason too."""

_WRONG: frozenset[Answer] = frozenset({"false", "no_finding"})
_ROLES = frozenset({"operator", "supervisor"})


def follow(turn: Turn, command: Command) -> Reply:
    """Take an operator's answer to a warning of this desk.

    What was wrong is withdrawn, except hard limits, danger to life and red: those stay
    lit, with the answer on them, until their cause is gone.

    Raises:
        Refused: no such warning is lit here, or it is not for the sender.
    """
    if command.action not in ARGUMENTS:
        wanted = ", ".join(ARGUMENTS)
        raise Refused("rejected", "not_for_alerts", f"got {command.action}, wanted {wanted}")
    actor = command.actor
    if actor.role not in _ROLES:
        raise Refused("forbidden", "not_your_action", f"alerts are not for the role {actor.role}")
    given = Given(command, turn.policy, ARGUMENTS)
    trigger, _, rest = given.needed("key").partition("/")
    area, _, subject = rest.partition("/")
    if area != turn.area or actor.area != turn.area:
        raise Refused("forbidden", "not_your_area", f"the alert is for the desk of {area}")
    answer: Answer = "confirmed"
    if command.action == "dismiss":
        answer = cast(Answer, given.needed("answer"))  # one of its choices, or it is refused
        if not (command.reason or "").strip():
            raise Refused("rejected", "reason_missing", "dismiss needs a reason")
    said: dict[str, Any] = {
        "answer": answer,
        "answered_by": actor.id,
        "answered_at": turn.now,
        "answer_reason": command.reason,
    }
    kind: str | None
    found = _case_of(turn, subject, command.subject.id)
    if found is not None:
        case, name, lamp = found
        before, kind = lamp.answer, case.incident.category.code
        if before != answer:
            _answer_lamp(turn, case, name, lamp, answer, said)
            _pass_on(turn, command, lamp.trigger, name, answer)
    else:
        key = f"{turn.area}/{trigger}/{subject}"
        before, kind = _answer_episode(turn, key, command.subject.id, answer, said)
    if before != answer:
        # A second click says nothing new; who changes his mind is counted once.
        verdicts.note(turn, trigger, kind, answer, before)
    if before is None:
        scoring.note_answer(turn, answer, kind)
    if before != answer and answer in _WRONG:
        chains.on_wrong(turn, trigger, subject)
    return Reply(command_id=command.command_id, outcome="applied")


def _pass_on(turn: Turn, command: Command, trigger: str, finding_id: str, answer: Answer) -> None:
    """Tell the stage that watches a device what its warning was worth, if that moves anything.

    Args:
        finding_id: ``<device>/<property>/<trigger>/<begin>``.
    """
    if trigger not in turn.policy.triggers.answered_devices:
        return
    device = finding_id.rsplit("/", 2)[0]
    data = command.model_copy(
        update={"arguments": {"trigger": trigger, "answer": answer, "device": device}}
    )
    identity = event_id(turn.cause, f"answer/{device}")
    event = CommandEvent(
        id=identity, source=turn.source, subject=finding_id, time=turn.now, data=data
    )
    turn.out.append(Output(SENSING_READINGS, device.rsplit("/", 1)[0], encode(event)))


def _stays(turn: Turn, trigger: str, colour: str, *, grave: bool = False) -> bool:
    return grave or colour == "red" or trigger in turn.policy.triggers.hard


def _case_of(turn: Turn, subject: str, alert_id: str) -> tuple[Case, str, Lamp] | None:
    """The case a warning hangs on, with the name of its lamp."""
    incident_id, _, name = subject.partition("/")
    case = turn.case(incident_id) if name else None
    if case is None:
        return None
    lamp = case.lamps.get(name)
    if lamp is None or lamp.alert_id != alert_id:
        raise _gone(alert_id)
    if lamp.scale != "warning":
        raise Refused(
            "rejected", "not_a_warning", "it speaks of late work, and nobody answers that it is not"
        )
    return case, name, lamp


def _answer_lamp(
    turn: Turn, case: Case, name: str, lamp: Lamp, answer: Answer, said: dict[str, Any]
) -> None:
    incident = case.incident
    grave = incident.danger_to_life or "casualties" in incident.sensitive
    stays = answer == "confirmed" or _stays(turn, lamp.trigger, lamp.colour, grave=grave)
    lamp.answer = answer
    lamps.answer(turn, case, name, said, stays=stays)
    turn.keep(case, alone=True)


def _answer_episode(
    turn: Turn, key: str, alert_id: str, answer: Answer, said: dict[str, Any]
) -> tuple[Answer | None, str | None]:
    """Answer a warning that hangs on no case.

    Returns:
        What was answered before, and the kind of matter it is about.
    """
    for namespace in (WARNINGS, SPREADS):
        episode = turn.state.get(namespace, key)
        if episode is None or episode.alert.alert_id != alert_id:
            continue
        alert = episode.alert
        if alert.answer == answer:
            return answer, alert.kind
        stays = answer == "confirmed" or _stays(turn, alert.trigger.id, alert.colour)
        state: AlertState = "revised" if stays else "withdrawn"
        changed: dict[str, Any] = {
            "revision": alert.revision + 1,
            "state": state,
            "changed_at": turn.now,
            **said,
        }
        told: Alert = alert.model_copy(update=changed)
        lamps.publish(turn, told)
        if stays:
            kept = Episode(alert=told, passed_to=episode.passed_to)
            due = told.expires_at
            if namespace is SPREADS and told.window is not None:
                due = told.window.end + (told.window.end - told.window.start)
            turn.state.put(namespace, key, kept, due)
        else:
            turn.state.delete(namespace, key)
        return alert.answer, alert.kind
    raise _gone(alert_id)


def _gone(alert_id: str) -> Refused:
    return Refused(
        "not_found",
        "alert_not_lit",
        f"no warning {alert_id!r} is lit at this desk; it has ended, or is answered as a problem",
    )
