"""How often a desk found the warnings of a trigger right, and how much sooner they come for it."""

from __future__ import annotations

from schemas.alert import Answer
from streams.incidents.turn import Turn
from streams.state import Namespace
from streams.warning.feedback import Verdicts

VERDICTS: Namespace[Verdicts] = Namespace(
    name="verdicts",
    encode=Verdicts.encode,
    decode=Verdicts.decode,
    lifetime="ever: four numbers for each trigger, and each kind it warned of, at a desk",
    rank=8,
)
"""Key ``<area>/<trigger>`` for all kinds of matter, ``<area>/<trigger>/<kind>`` for one."""


def note(
    turn: Turn, trigger: str, kind: str | None, answer: Answer, instead_of: Answer | None = None
) -> None:
    """Count the desk's answer: for its trigger, and for the kind of matter it was about.

    Args:
        instead_of: what it had answered to the same warning before.
    """
    keys = [f"{turn.area}/{trigger}"]
    if kind is not None:
        keys.append(f"{turn.area}/{trigger}/{kind}")
    for key in keys:
        verdicts = turn.state.get(VERDICTS, key) or Verdicts()
        verdicts.count(answer)
        if instead_of is not None:
            verdicts.take_back(instead_of)
        turn.state.put(VERDICTS, key, verdicts)


def believed(turn: Turn, trigger: str, p: float, *, kind: str | None = None, red: float) -> float:
    """The p of a finding after what the desk answered to earlier ones.

    Args:
        red: what is so improbable is red, whatever anybody answered.
    """
    return p if p <= red else min(1.0, p / factor(turn, trigger, kind))


def factor(turn: Turn, trigger: str, kind: str | None = None) -> float:
    """What the tolerated p of a trigger is multiplied with at this desk, 0.1 to 10.

    Args:
        kind: code of the matter it is about; few answers of one kind count beside those
            of all kinds.
    """
    verdicts = turn.state.get(VERDICTS, f"{turn.area}/{trigger}")
    if verdicts is None:
        return 1.0
    own = None if kind is None else turn.state.get(VERDICTS, f"{turn.area}/{trigger}/{kind}")
    return verdicts.factor if own is None else own.factor_beside(verdicts.without(own).factor)
