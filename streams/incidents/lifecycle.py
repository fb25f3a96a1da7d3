# ruff: noqa: E501 - the table is read as a table
"""The life cycle as one table: what may be done in which state, by whom, and what it changes.

The work state says where the work stands (立案 派遣 签收 处置 退回 反馈 核查 结案). Who owns
the case, how late it is and who watches it are attributes beside it: a crew can resolve
what has been escalated. The table is the code; nothing moves outside of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.errors import TransitionError
from schemas.incident import Incident
from schemas.terms import Actor, WorkState

Role = Literal["operator", "unit", "supervisor", "system", "citizen", "department"]
Reach = Literal["owner", "line"]
"""Whose people may: only the owning area's, or also those of the areas above and below it."""

NEW = "new"
"""The state before the first: nothing has been opened yet."""

WORKING: tuple[WorkState, ...] = ("dispatched", "accepted", "in_progress")
OPEN: tuple[WorkState, ...] = ("registered", *WORKING, "returned", "suspended")
"""States in which work is still owed. A new report at the place joins such a case."""

LIVING: tuple[WorkState, ...] = (*OPEN, "resolved", "checking")
ALL: tuple[WorkState, ...] = (*LIVING, "closed")


@dataclass(frozen=True, slots=True)
class Move:
    """One row: an action, the states it starts from, and what it does.

    Attributes:
        to: the state afterwards; None: the state stays.
        roles: who may.
        reach: from which areas, for people; the system acts for the owner.
        reason: whether a reason must be given.
        stamps: fields of the incident set to the moment; clears: fields emptied.
    """

    action: str
    states: tuple[str, ...]
    to: WorkState | None
    roles: tuple[Role, ...]
    reach: Reach = "owner"
    reason: bool = False
    stamps: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()


_DESK: tuple[Role, ...] = ("operator", "supervisor")
_UNIT: tuple[Role, ...] = ("unit", "operator", "department")
_OUTSIDE: tuple[Role, ...] = ("department", "citizen", "system")
_SYSTEM: tuple[Role, ...] = ("system",)

# fmt: off
TABLE: tuple[Move, ...] = (
    # action          from                to             who         reach    reason  stamps, clears
    Move("register",       (NEW,),             "registered",  _SYSTEM),
    Move("open",           (NEW,),             "dispatched",  _SYSTEM,   stamps=("dispatched_at",)),
    Move("self_handle",    (NEW,),             "closed",      _SYSTEM,   stamps=("resolved_at", "closed_at")),
    Move("acknowledge",    OPEN,               None,          (*_DESK, "system"), stamps=("acknowledged_at",)),
    Move("accept",         ("dispatched",),    "accepted",    (*_UNIT, "system"), "line", stamps=("accepted_at",)),
    Move("return",         WORKING,            "returned",    _UNIT,     "line", reason=True, clears=("unit", "accepted_at")),
    Move("redispatch",     ("registered", *WORKING, "returned"), "dispatched", (*_DESK, "system"), stamps=("dispatched_at",), clears=("accepted_at",)),
    Move("resolve",        (*WORKING, "registered", "returned"), "resolved", (*_UNIT, "system"), "line", stamps=("resolved_at",)),
    Move("close",          ("resolved", "checking"), "closed", (*_DESK, "system"), stamps=("closed_at",)),
    Move("external_close", LIVING,             "closed",      _OUTSIDE,  stamps=("resolved_at", "closed_at")),
    Move("withdraw",       LIVING,             "closed",      ("citizen",), stamps=("resolved_at", "closed_at")),
    Move("reopen",         ("resolved", "checking", "closed"), "in_progress", ("citizen", "system"), clears=("resolved_at", "closed_at", "resolution")),
    Move("merge",          OPEN,               None,          _SYSTEM),
    Move("finding",        ALL,                None,          _SYSTEM),
    Move("inform",         ALL,                None,          (*_OUTSIDE, "operator")),
    Move("end_report",     LIVING,             None,          _OUTSIDE),
    Move("regrade",        OPEN,               None,          _SYSTEM,   reason=True),
    Move("overdue",        OPEN,               None,          _SYSTEM),
    Move("escalate",       OPEN,               None,          _SYSTEM,   reason=True),
    Move("delegate",       OPEN,               None,          _DESK,     reason=True),
)
# fmt: on

COMMANDS: tuple[str, ...] = (
    "acknowledge",
    "accept",
    "return",
    "redispatch",
    "resolve",
    "close",
    "delegate",
)
"""Actions that an operator or a unit can order; the others follow from reports and time."""

_ROWS: dict[tuple[str, str], tuple[Move, ...]] = {}
for _move in TABLE:
    for _state in _move.states:
        _ROWS[_move.action, _state] = (*_ROWS.get((_move.action, _state), ()), _move)


def find(action: str, state: str, actor: Actor) -> Move:
    """The row that lets `actor` do `action` in `state`.

    Raises:
        TransitionError: code ``not_allowed_now`` when nobody may in this state,
            ``not_your_action`` when somebody else may.
    """
    rows = _ROWS.get((action, state))
    if not rows:
        raise TransitionError(
            f"{action} is not possible while the case is {state}",
            allowed=allowed(state, actor),
            code="not_allowed_now",
        )
    for row in rows:
        if actor.role in row.roles:
            return row
    raise TransitionError(
        f"{action} is not for the role {actor.role}, wanted one of {', '.join(rows[0].roles)}",
        allowed=allowed(state, actor),
        code="not_your_action",
    )


def possible(action: str, state: str, role: str) -> bool:
    """Whether that role may do `action` in `state`."""
    return any(role in row.roles for row in _ROWS.get((action, state), ()))


def allowed(state: str, actor: Actor, actions: Iterable[str] = COMMANDS) -> tuple[str, ...]:
    """The commands that `actor`'s role can give in `state`, in the order of the table."""
    return tuple(
        action
        for action in actions
        if any(actor.role in row.roles for row in _ROWS.get((action, state), ()))
    )


def apply(incident: Incident, move: Move, at: datetime) -> None:
    """Make the move: state, stamps and resets. The version rises when the state changes."""
    for field in move.clears:
        setattr(incident, field, None)
    for field in move.stamps:
        if field == "resolved_at" and incident.resolved_at is not None:
            continue  # the clock stopped when the unit confirmed; closing does not move it
        setattr(incident, field, at)
    if move.to is not None and move.to != incident.state:
        incident.state = move.to
        incident.version += 1
