# ruff: noqa: E501 - the table is read as a table
"""The life cycle as one table: what may be done in which state, by whom, and what it changes.

The work state says where the work stands (上报 核查 立案 派遣 签收 处置 退回 挂账 反馈 核实
结案 作废). Who owns the case, how late it is, who watches it, who was whistled for and what
it is part of are attributes beside it: a crew can resolve what has been escalated. The
table is the code; nothing moves outside of it. What an order needs beyond its subject is
in `arguments`, what it does in `orders`.
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
Reach = Literal["owner", "above", "line"]
"""Whose people may: the owning area's, or also those of the areas above it, or also below."""

NEW = "new"
"""The state before the first: nothing has been opened yet."""

ASKED: tuple[WorkState, ...] = ("reported", "verifying")
"""Somebody said so, and nobody has decided yet whether it becomes a case."""

WORKING: tuple[WorkState, ...] = ("dispatched", "accepted", "in_progress")
RUNNING: tuple[WorkState, ...] = (*ASKED, "registered", *WORKING, "returned")
"""States in which limits run."""

OPEN: tuple[WorkState, ...] = (*RUNNING, "suspended")
"""States in which work is still owed. A new report at the place joins such a case."""

DONE: tuple[WorkState, ...] = ("resolved", "checking")
LIVING: tuple[WorkState, ...] = (*OPEN, *DONE)
ALL: tuple[WorkState, ...] = (*LIVING, "closed", "rejected")

_KNOWN: tuple[WorkState, ...] = tuple(state for state in OPEN if state not in ASKED)
"""Open, and found to be a case."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row: an action, the states it starts from, and what it does.

    Attributes:
        to: the state afterwards; None: the state stays.
        roles: who may.
        reach: from which areas, for people; the system acts for the owner.
        reason: whether a reason must be given.
        stamps: fields of the incident set to the moment; clears: fields emptied.
        note: what holds beside it.
    """

    action: str
    states: tuple[str, ...]
    to: WorkState | None
    roles: tuple[Role, ...]
    reach: Reach = "owner"
    reason: bool = False
    stamps: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    note: str = ""


_DESK: tuple[Role, ...] = ("operator", "supervisor")
_TIER: tuple[Role, ...] = (*_DESK, "system")
_UNIT: tuple[Role, ...] = ("unit", "operator", "department")
_CREW: tuple[Role, ...] = ("unit", "department")
_ANY: tuple[Role, ...] = (*_DESK, *_CREW)
_OUTSIDE: tuple[Role, ...] = ("department", "citizen", "system")
_SYSTEM: tuple[Role, ...] = ("system",)

# fmt: off
TABLE: tuple[Move, ...] = (
    # action              from                        to             who        reach    reason  stamps, clears
    # - a report becomes a case, or not
    Move("receive",       (NEW,),                     "reported",    _SYSTEM,   note="where the policy wants a look first"),
    Move("verify",        ("reported", "returned"),   "verifying",   _TIER,     note="the nearest inspector looks; unanswered in time it is registered as it stands"),
    Move("register",      (NEW, *ASKED),              "registered",  _TIER,     note="the limit of the work begins; dispatched at once if a unit answers for the kind"),
    Move("reject",        ASKED,                      "rejected",    _DESK,     reason=True, stamps=("closed_at",), note="the caller hears why"),
    Move("open",          (NEW,),                     "dispatched",  _SYSTEM,   stamps=("dispatched_at",)),
    Move("self_handle",   (NEW,),                     "closed",      _SYSTEM,   stamps=("resolved_at", "closed_at"), note="found, settled and closed on the spot by the grid"),
    # - the work
    Move("acknowledge",   OPEN,                       None,          _TIER,     stamps=("acknowledged_at",)),
    Move("dispatch",      ("registered",),            "dispatched",  _TIER,     stamps=("dispatched_at",), clears=("accepted_at",)),
    Move("redispatch",    (*WORKING, "returned"),     "dispatched",  _TIER,     stamps=("dispatched_at",), clears=("accepted_at", "started_at")),
    Move("accept",        ("dispatched",),            "accepted",    (*_UNIT, "system"), "line", stamps=("accepted_at",), note="who accepts first leads"),
    Move("accept",        ("accepted", "in_progress"), None,         _UNIT,     "line", note="another unit joins, assisting"),
    Move("start",         ("accepted",),              "in_progress", _UNIT,     "line", stamps=("started_at",), note="somebody is on site"),
    Move("return",        WORKING,                    "returned",    _UNIT,     "line", reason=True, clears=("unit", "accepted_at", "started_at"), note="the assignment is revoked, nothing erased"),
    Move("resolve",       OPEN,                       "resolved",    (*_UNIT, "system"), "line", stamps=("resolved_at",), note="the clock stops at the unit's word"),
    Move("check",         ("resolved",),              "checking",    (*_TIER, "citizen"), note="by the acceptor, or by calling back"),
    Move("check_failed",  DONE,                       "in_progress", _DESK,     reason=True, clears=("resolved_at", "resolution"), note="the same unit, history kept; its limit goes on from where it stopped"),
    Move("close",         DONE,                       "closed",      _TIER,     stamps=("closed_at",)),
    Move("external_close", LIVING,                    "closed",      _OUTSIDE,  stamps=("resolved_at", "closed_at")),
    Move("withdraw",      LIVING,                     "closed",      ("citizen",), stamps=("resolved_at", "closed_at")),
    Move("close_with_parent", LIVING,                 "closed",      _SYSTEM,   stamps=("resolved_at", "closed_at"), note="its cause has ended"),
    Move("reopen",        (*DONE, "closed"),          "in_progress", ("citizen", *_DESK), "line", reason=True, clears=("resolved_at", "closed_at", "resolution"), note="a caller says, or says when called back, that it is not fixed; a new limit"),
    Move("come_back",     DONE,                       "in_progress", ("citizen", "system"), clears=("resolved_at", "resolution"), note="within the policy's quiet time after the end: a source that flaps; the same limit goes on"),
    # - time
    Move("request",       ("accepted", "in_progress"), None,         _CREW,     "line", reason=True, note="the unit asks for a suspension or an extension, before it is overdue"),
    Move("refuse",        ("accepted", "in_progress"), None,         _DESK,     reason=True, note="refused requests do not count"),
    Move("suspend",       ("accepted", "in_progress"), "suspended",  _DESK,     note="asked for by the unit; once, at most a year, not after overdue; the limit stands still"),
    Move("resume",        ("suspended",),             "in_progress", _TIER,     note="by itself at the end of the suspension"),
    Move("extend",        ("accepted", "in_progress"), None,         _DESK,     note="asked for by the unit; one more original limit, at most twice"),
    Move("stage",         (*WORKING, "registered"),   None,          _UNIT,     "line", note="one stage of a staged limit is done (停工 处罚 拆除)"),
    Move("appeal",        ("closed",),                None,          _CREW,     "line", reason=True, note="against having been overdue, once"),
    Move("decide_appeal", ("closed",),                None,          _DESK,     reason=True, note="the fact stays; granted, it does not count in statistics"),
    Move("overdue",       OPEN,                       None,          _SYSTEM),
    # - the tiers
    Move("escalate",      OPEN,                       None,          _TIER,     reason=True),
    Move("delegate",      OPEN,                       None,          _DESK,     reason=True, note="handed down, under supervision"),
    Move("take_over",     OPEN,                       None,          _SYSTEM,   note="the desk that it was given to has it"),
    Move("hand_back",     OPEN,                       None,          _TIER,     reason=True, note="to the area that gave it up, when what lifted it is gone"),
    Move("supervise",     OPEN,                       None,          _DESK,     "above", reason=True, note="督办: counted, and told to the owner's desk"),
    Move("remind",        OPEN,                       None,          (*_DESK, "citizen"), "above", note="催办, or a caller who asks again: counted, and told to the owner's desk"),
    # - several units
    Move("assist",        (*WORKING, "registered", "returned"), None, _DESK,    note="units are added, until they expire"),
    Move("whistle",       (*WORKING, "registered", "returned"), None, _DESK,    reason=True, note="a: beyond the street's power, b: joint enforcement, c: emergency"),
    Move("report",        (*_KNOWN, *DONE),           None,          _UNIT,     "line", note="a whistled department is there"),
    Move("feedback",      (*_KNOWN, *DONE),           None,          _UNIT,     "line", reason=True, note="what a unit has done so far"),
    Move("release",       LIVING,                     None,          _TIER,     note="an added unit goes; a whistled department only when the case closes"),
    Move("consult",       _KNOWN,                     None,          _DESK,     reason=True, note="会商: units meet on it"),
    Move("conclude",      (*_KNOWN, *DONE),           None,          _DESK,     reason=True, note="what the meeting came to"),
    # - what it is
    Move("regrade",       OPEN,                       None,          _TIER,     "line", reason=True, note="anybody of the line raises, only the owner lowers, never below what a tier above has set"),
    Move("mark",          OPEN,                       None,          _DESK,     "line", note="group event, casualties, minors"),
    Move("correct_category", OPEN,                    None,          _DESK,     reason=True),
    Move("correct_place", OPEN,                       None,          _DESK,     reason=True, note="out of the area it goes to the tier above"),
    Move("inform",        ALL,                        None,          (*_OUTSIDE, "operator", "supervisor", "unit"), "line", reason=True),
    # - what it is part of
    Move("merge",         OPEN,                       None,          _SYSTEM),
    Move("finding",       ALL,                        None,          _SYSTEM),
    Move("end_report",    LIVING,                     None,          _OUTSIDE),
    Move("split",         LIVING,                     None,          _DESK,     reason=True, note="one report becomes a case of its own"),
    Move("link",          OPEN,                       None,          _TIER,     note="under its cause: no clock lifts it, and it closes with it"),
    Move("adopt",         LIVING,                     None,          _SYSTEM,   note="the cause's side of a link"),
    Move("unlink",        OPEN,                       None,          _TIER,     reason=True),
)
# fmt: on

PEOPLE: frozenset[str] = frozenset({"operator", "supervisor", "unit", "department"})
_FROM_OUTSIDE: frozenset[str] = frozenset({"external_close", "end_report"})
"""What a department's own system says, as an update of a report; it is never ordered."""

COMMANDS: tuple[str, ...] = tuple(
    dict.fromkeys(
        row.action
        for row in TABLE
        if row.action not in _FROM_OUTSIDE and not PEOPLE.isdisjoint(row.roles)
    )
)
"""Actions that people can order; the others follow from reports and time."""

_ROWS: dict[tuple[str, str], tuple[Move, ...]] = {}
for _move in TABLE:
    for _state in _move.states:
        _ROWS[_move.action, _state] = (*_ROWS.get((_move.action, _state), ()), _move)


def rows(action: str, state: str) -> tuple[Move, ...]:
    """The rows of `action` that start from `state`."""
    return _ROWS.get((action, state), ())


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
