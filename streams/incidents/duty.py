"""Whom an alert calls: the officer on duty, the next one, the deputy; then the tier above."""

from __future__ import annotations

from streams.incidents.turn import Turn
from streams.policy.rota import Officer

FIRST, NEXT = 0, 1


def _on_duty(turn: Turn) -> tuple[Officer, ...]:
    roster = turn.policy.roster(turn.area)
    return () if roster is None else roster.on_duty(turn.now.astimezone(turn.policy.tz))


def to_call(turn: Turn, rank: int) -> str | None:
    """Name and line of the officer to be called at that point, as an alert says it.

    Args:
        rank: how many have been called in vain; beyond the crew it is the deputy.

    Returns:
        None where the policy has no rota for this desk.
    """
    officers = _on_duty(turn)
    if not officers:
        return None
    officer = officers[min(rank, len(officers) - 1)]
    name = officer.name.of(turn.policy.language)
    return name if officer.line is None else f"{name} {officer.line}"


def in_reserve(turn: Turn, rank: int) -> bool:
    """Whether there is somebody to call after so many who have not answered."""
    return rank < len(_on_duty(turn))
