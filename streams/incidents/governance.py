"""Curing at the source (源头治理): what people decide about a problem, and whether it helped.

A problem is opened by the cases themselves (E6). Then somebody says what lies behind
them, who treats it, how, and when to look again; the review says whether it helped. A
case at the place within the relapse time after the end opens it again and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.command import Command
from schemas.outcome import Problem, Reply
from streams.incidents import repeats, routing
from streams.incidents.arguments import Argument, Given
from streams.incidents.case import PROBLEMS
from streams.incidents.problems import NAMED, publish
from streams.incidents.refusal import Refused
from streams.incidents.turn import Turn

ARGUMENTS: Mapping[str, tuple[Argument, ...]] = {
    "measure": (
        Argument("measure", "text", required=True, note="what is done against the cause"),
        Argument(
            "review_at", "moment", required=True, note="when somebody looks whether it helped"
        ),
        Argument("cause", "text", note="what lies behind the cases"),
        Argument("unit", "unit", note="who does it; default the unit of the cases"),
    ),
    "review": (
        Argument("verdict", "choice", required=True, choices=("effective", "not_effective")),
        Argument("review_at", "moment", note="when to look again"),
    ),
    "close": (),
}
"""Orders about problems, and what each needs; all of them a reason but ``measure``."""

_ROLES = frozenset({"operator", "supervisor"})


def follow(turn: Turn, command: Command) -> Reply:
    """Do what is ordered about a problem of this desk.

    Raises:
        Refused: no such problem here, not for the sender, or not possible now.
    """
    key = turn.state.get(NAMED, f"{turn.area}/{command.subject.id}")
    problem = None if key is None else turn.state.get(PROBLEMS, key)
    if key is None or problem is None:
        raise Refused("not_found", "unknown_problem", f"no problem {command.subject.id!r} here")
    if command.action not in ARGUMENTS:
        wanted = ", ".join(ARGUMENTS)
        raise Refused("rejected", "not_for_problems", f"got {command.action}, wanted {wanted}")
    actor = command.actor
    if actor.role not in _ROLES:
        raise Refused("forbidden", "not_your_action", f"problems are not for the role {actor.role}")
    above = actor.area is not None and routing.is_above(turn.policy, actor.area, turn.area)
    if actor.area != turn.area and not above:
        raise Refused("forbidden", "not_your_area", f"the problem is of {turn.area}")
    if command.expected_version is not None and command.expected_version != problem.revision:
        raise Refused(
            "conflict",
            "stale_version",
            f"the problem is at revision {problem.revision}, the order saw "
            f"{command.expected_version}",
        )
    reason = (command.reason or "").strip()
    if command.action != "measure" and not reason:
        raise Refused("rejected", "reason_missing", f"{command.action} needs a reason")
    _do(turn, command, problem, Given(command, turn.policy, ARGUMENTS))
    problem.changed_by = actor.id
    problem.reason = reason or None
    publish(turn, key, problem)
    if problem.state == "closed":
        repeats.on_problem(turn, problem, "closed")
    return Reply(
        command_id=command.command_id,
        outcome="applied",
        version=problem.revision,
        allowed=[] if problem.state == "closed" else list(ARGUMENTS),
    )


def _do(turn: Turn, command: Command, problem: Problem, given: Given) -> None:
    if problem.state == "closed":
        raise Refused("conflict", "not_allowed_now", "the problem is closed; a relapse opens it")
    review_at = given.moment("review_at")
    if review_at is not None and review_at <= turn.now:
        raise Refused("rejected", "wrong_argument", f"review_at {review_at}, wanted a time to come")
    if command.action == "measure":
        problem.state = "measured"
        problem.measure = given.needed("measure")
        problem.measured_at = turn.now
        problem.cause = given.text("cause") or problem.cause
        problem.owner = given.text("unit") or problem.owner
        problem.review_at, problem.effective = review_at, None
    elif command.action == "review":
        if problem.state != "measured":
            raise Refused("conflict", "not_allowed_now", "there is no measure to review yet")
        problem.reviews += 1
        problem.effective = given.needed("verdict") == "effective"
        problem.review_at = review_at
        if not problem.effective:
            problem.state = "opened"
    else:
        problem.state = "closed"
        problem.closed_at = turn.now
