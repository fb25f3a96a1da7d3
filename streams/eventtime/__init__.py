"""How time passes in a stage: by the clock on the wall, or by the events themselves.

A tier's program decides what a report or a deadline means; it does not know what time
is. These wrappers do: `wall` for a city that runs now, `event` for history that is
replayed. Both pass ticks on, so that a window closes when its input is complete.
"""

from streams.eventtime.event import EventTime
from streams.eventtime.wall import WallTime
from streams.program import Program
from streams.topics import Sizing


def wall(program: Program, sizing: Sizing, tick_s: float = 1.0) -> WallTime:
    """Run a program by the clock on the wall, with a tick downstream every `tick_s` seconds."""
    return WallTime(program, sizing, tick_s)


def event(program: Program, sizing: Sizing) -> EventTime:
    """Run a program by the time in its events: records and deadlines in (time, id) order."""
    return EventTime(program, sizing)


__all__ = ["EventTime", "WallTime", "event", "wall"]
