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
        self._seen: dict[str, tuple[int, int]] = {}

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
        if self._idle_ticks("loop", self.beats) > self.limit:
            self.end(f"stage {name}: its event loop has not turned for {self.limit} s. {advice}")
        waiting = stage.status in ("starting", "rebalancing", "opening", "stopping")
        ticks = self._idle_ticks("status", stage.progress)
        if waiting and ticks > self.limit:
            self.end(f"stage {name} is stuck while {stage.status} for {self.limit} s. {advice}")
        for lane in list(stage.lanes.values()):
            ticks = self._idle_ticks(f"lane {lane.number}", lane.progress)
            if not lane.busy:
                self._seen[f"lane {lane.number}"] = (lane.progress, 0)
            elif ticks > self.limit:
                self.end(
                    f"stage {name} partition {lane.number} is stuck in a chunk for "
                    f"{self.limit} s. {advice}"
                )

    def _idle_ticks(self, what: str, progress: int) -> int:
        """Looks in a row at which `progress` was the same."""
        before, ticks = self._seen.get(what, (progress, 0))
        ticks = ticks + 1 if before == progress else 0
        self._seen[what] = (progress, ticks)
        return ticks
