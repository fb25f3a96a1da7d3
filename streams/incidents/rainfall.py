"""Since when which rain signal has been in force at a desk: what its counts are held against.

Rain brings reports of blocked drains and fallen branches everywhere at once. What it
usually brings is expected, so that a surge is what comes beyond it.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from schemas.terms import COLOURS, Colour
from streams.incidents.turn import Turn
from streams.state import Namespace, to_microseconds

MOST_CHANGES = 48
"""Changes that are remembered; older rain counts as over."""

Changes = list[tuple[int, int]]
"""From when, microseconds since 1970, and how grave the signal was: 0 none, 1 blue … 4 red."""

RAIN: Namespace[Changes] = Namespace(
    name="rain",
    encode=orjson.dumps,
    decode=lambda stored: [(start, step) for start, step in orjson.loads(stored)],
    lifetime=f"ever: the last {MOST_CHANGES} changes at each desk that a rain signal reached",
    rank=8,
)
"""Key: the area."""


def note(turn: Turn, colour: Colour | None) -> None:
    """The gravest rain signal in force at this desk is this one now; None: there is none."""
    step = 0 if colour is None else COLOURS.index(colour) + 1
    changes = turn.state.get(RAIN, turn.area) or []
    if (changes[-1][1] if changes else 0) == step:
        return
    changes.append((to_microseconds(turn.now), step))
    turn.state.put(RAIN, turn.area, changes[-MOST_CHANGES:])


def gravest(turn: Turn, start: datetime, end: datetime) -> int:
    """The gravest step of rain in force at any moment from `start` to before `end`, 0 to 4."""
    begin, until = to_microseconds(start), to_microseconds(end)
    found, before = 0, 0
    for moment, step in turn.state.get(RAIN, turn.area) or ():
        if moment >= until:
            break
        if moment <= begin:
            before = step
        else:
            found = max(found, step)
    return max(found, before)
