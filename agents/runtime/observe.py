"""What a stage tells those who watch it: figures for metrics, states for readiness.

All calls come from the stage's event loop and must be quick; `committed` comes once a
transaction, never once a record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from streams.effects import Effects
from streams.program import Program

LaneStatus = Literal["opening", "restoring", "flowing", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class CommittedChunk:
    """One committed transaction.

    Attributes:
        effects: what it did: outputs, dead letters, counts.
        oldest_ms: broker timestamp of its oldest record, milliseconds since 1970, real
            time; None for a chunk of deadlines alone.
        step_s, transaction_s: seconds spent deciding, and committing.
        now: the lane's clock when it decided, simulated or real.
        next: where the lane begins to read each input after a restart, by bare topic name.
    """

    effects: Effects
    oldest_ms: int | None
    step_s: float
    transaction_s: float
    now: datetime
    next: Mapping[str, int] = field(default_factory=dict)


class Observer:
    """Watches the lanes of a stage; of what it does not override it takes no notice."""

    def assigned(self, stage: str, partitions: Collection[int]) -> None:
        """The group gave this worker these partitions (all that it has now)."""

    def revoked(self, stage: str, partitions: Collection[int]) -> None:
        """The group takes partitions back; a new assignment follows."""

    def fenced(self, stage: str, partition: int) -> None:
        """Another worker has taken over the lane, or a commit failed: it starts again."""

    def restoring(self, stage: str, partition: int, restored: int, remaining: int) -> None:
        """Entries of the changelog read so far, and about how many are left."""

    def restored(
        self, stage: str, partition: int, state: Mapping[bytes, bytes], program: Program
    ) -> None:
        """The lane's state is complete; `state` must not be kept."""

    def status(self, stage: str, partition: int, status: LaneStatus) -> None:
        """What a lane is doing; it is ready when it flows."""

    def committed(self, stage: str, partition: int, chunk: CommittedChunk) -> None:
        """A transaction was committed."""

    def watermark(self, stage: str, partition: int, moment: datetime) -> None:
        """The input of the lane is complete up to there."""

    def buffered(self, stage: str, partition: int, records: int) -> None:
        """So many records were read and not yet taken; comes about twice a second."""

    def idle(self, stage: str, partition: int) -> None:
        """The lane has caught up: nothing waits."""

    def alive(self) -> None:
        """The stage's event loop turns; comes about twice a second."""
