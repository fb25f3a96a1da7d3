"""Ends the process when it is stuck, with a message, instead of letting it hang.

Heartbeats to the group run in another thread than the stage, so a stage that is stuck
keeps its partitions for ever: nobody else would take them over.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.runtime.stage import Stage

log = logging.getLogger(__name__)

EXIT_STUCK = 75  # EX_TEMPFAIL: starting again is the remedy
TICK_S = 1.0


def end_process(message: str) -> None:
    """Say why, and end at once: nothing in this process can be trusted to tidy up."""
    log.critical("%s", message)
    logging.shutdown()
    os._exit(EXIT_STUCK)


class Watchdog:
    """Looks at a stage once a second from a thread of its own.

    It counts its own ticks without progress and does not compare times, so that a
    process that was stopped (SIGSTOP, a suspended machine) is not taken for a stuck one.

    Args:
        limit_s: about how long anything may make no progress, seconds.
        end: what to do then.
    """

    def __init__(
        self, stage: Stage, limit_s: float, end: Callable[[str], None] = end_process
    ) -> None:
        self.stage = stage
        self.limit = max(1, round(limit_s / TICK_S))
        self.end = end
        self.beats = 0
        self._seen: dict[str, int] = {}
        self._ticks: dict[str, int] = {}

    def start(self) -> None:
        """Watch until the process ends."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def beat(self) -> None:
        """Called by the stage's event loop: it turns."""
        self.beats += 1

    def _watch(self) -> None:
        while True:
            time.sleep(TICK_S)
            self.look()

    def look(self) -> None:
        """One look; ends the process when something has made no progress for too long."""
        stage = self.stage
        name = stage.options.stage
        advice = (
            "Operator action: the process ends so that another can take over; see what the "
            "log says before this line."
        )
        if self._ticks_while("loop", self._same("loop", self.beats)):
            self.end(f"stage {name}: its event loop has not turned for {self.limit} s. {advice}")
        waiting = stage.status in ("starting", "rebalancing", "opening", "stopping")
        if self._ticks_while("status", self._same("status", stage.progress) and waiting):
            self.end(f"stage {name} is stuck while {stage.status} for {self.limit} s. {advice}")
        for lane in list(stage.lanes.values()):
            place = f"stage {name} partition {lane.number}"
            runs = lane.task is not None and not lane.task.done()
            if self._ticks_while(f"gone {lane.number}", stage.status == "flowing" and not runs):
                self.end(f"{place} has stopped by itself for {self.limit} s. {advice}")
            stuck = lane.busy and self._same(f"lane {lane.number}", lane.progress)
            if self._ticks_while(f"busy {lane.number}", stuck):
                self.end(f"{place} is stuck in a chunk for {self.limit} s. {advice}")

    def _same(self, what: str, progress: int) -> bool:
        """Whether a count is what it was at the last look."""
        before = self._seen.get(what)
        self._seen[what] = progress
        return before == progress

    def _ticks_while(self, what: str, holds: bool) -> bool:
        """Whether something has held at more looks in a row than the limit allows."""
        self._ticks[what] = self._ticks.get(what, 0) + 1 if holds else 0
        return self._ticks[what] > self.limit
