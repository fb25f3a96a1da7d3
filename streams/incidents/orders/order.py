"""One order, allowed by the table, at the desk that owns the case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from schemas.command import Command
from schemas.terms import Actor
from streams.incidents.arguments import Given
from streams.incidents.case import Case, Draft
from streams.incidents.refusal import Refused
from streams.incidents.turn import Turn

KEPT_CHARACTERS = 300
"""Of a reason; the audit keeps all of it."""

CREWS = ("unit", "department")
"""Roles of those who do the work."""


class Order:
    """What somebody orders about a case, with everything that following it needs.

    Attributes:
        turn: the step it is followed in; case: the case, owned here.
        actor: who orders it; reason: why, None if none was given.
        given: its arguments, checked.
    """

    __slots__ = ("action", "actor", "case", "command", "given", "reason", "turn")

    def __init__(self, turn: Turn, case: Case, command: Command) -> None:
        self.turn = turn
        self.case = case
        self.command = command
        self.action: str = command.action
        self.actor: Actor = command.actor
        self.reason = command.reason.strip() if command.reason is not None else None
        self.given = Given(command, turn.policy)

    @property
    def incident(self) -> Draft:
        """The case's present state."""
        return self.case.incident

    @property
    def unit(self) -> str | None:
        """The unit that speaks: the one named in the order, else the sender's own.

        Raises:
            Refused: an officer of one unit speaks for another.
        """
        unit, own = self.given.text("unit"), self.actor.unit
        if own is None or not self.turn.policy.knows_unit(own):
            return unit
        if unit is None or unit == own:
            return own
        if self.actor.role in CREWS:
            raise Refused("forbidden", "not_your_unit", f"an officer of {own} speaks for {unit}")
        return unit

    @property
    def said_at(self) -> datetime:
        """When it was ordered: a tier that was cut off noted it earlier than it arrived here."""
        noted, now = self.command.noted_at, self.turn.now
        if noted is None or self.command.hops == 0:
            return now
        return min(max(noted, self.incident.opened_at), now)

    @property
    def why(self) -> str:
        """The reason as the case keeps it, for orders whose row of the table demands one."""
        return (self.reason or "")[:KEPT_CHARACTERS]

    def move(self, **detail: Any) -> None:
        """Make the move of the table that was ordered; what is None is left out of the detail."""
        told = {name: value for name, value in detail.items() if value is not None}
        self.turn.move(self.case, self.action, self.actor, reason=self.reason, detail=told)


Do = Callable[[Order], None]
"""Raises Refused where the city's rules beside the table do not allow the order."""
