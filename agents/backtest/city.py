"""The five stages joined in memory, each lane with the same engine as on Kafka.

What a lane sends to an inbox is queued for the lane of its key; everything else is
handed to whoever listens. Nothing is shared but bytes, as between real workers, so
what holds here holds there, except time-outs and crashes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import BaseModel

from schemas.tick import Tick, TickEvent
from streams import topics
from streams.dead_letters import DefectBudget
from streams.effects import Effects
from streams.eventtime import event, wall
from streams.eventtime.watermark import FEED
from streams.partition import ChunkLimits, Partition
from streams.partitioner import Homes
from streams.program import Output, Program, Record, written
from streams.topics import Sizing, Topic

Listener = Callable[[Topic, str, bytes], None]

ONE_LANE_EACH = Sizing(
    intake=1, sensing=1, street=1, district=1, outbox=1, city=1, replication=1, min_in_sync=1
)


@dataclass(slots=True)
class _Lane:
    partition: Partition
    waiting: deque[Record] = field(default_factory=deque)


class City:
    """Five stages in one process.

    Args:
        programs: the stages to run, by name; a stage that is left out swallows nothing:
            what is sent to it goes to the listener.
        mode: "event" for history (feed it with `tick`), "wall" for tests that set `now`.
        listener: called with topic, key and bytes of everything no stage reads.
        defect_limit: raising steps and timers that one stage may set aside before the city
            stops, as a worker would; None: there is no limit.

    Stages named in `stopped` stand still, as if their workers were down; what is sent to
    them waits.
    """

    def __init__(
        self,
        programs: Mapping[str, Program],
        *,
        mode: str = "event",
        sizing: Sizing = ONE_LANE_EACH,
        listener: Listener | None = None,
        limits: ChunkLimits | None = None,
        defect_limit: int | None = None,
    ) -> None:
        self.sizing = sizing
        self.listener = listener
        self.now = datetime(1970, 1, 1, tzinfo=UTC)
        self.events = 0
        self.stopped: frozenset[str] = frozenset()
        self.lanes: dict[str, list[_Lane]] = {}
        self._stage_of = {topic.name: stage for stage, topic in topics.INBOXES.items()}
        self._homes: dict[int, Homes] = {}
        self._offset = 0
        self._flowing = False
        self._budgets: dict[str, DefectBudget] = {}
        if defect_limit is not None:
            self._budgets = {stage: DefectBudget(defect_limit) for stage in programs}
        for stage, program in programs.items():
            wrapped: Program = event(program, sizing) if mode == "event" else wall(program, sizing)
            width = sizing.partitions(topics.INBOXES[stage].width)
            self.lanes[stage] = [_Lane(Partition(wrapped, n, limits)) for n in range(width)]
            for lane in self.lanes[stage]:
                lane.partition.loaded()

    def publish(self, topic: Topic, key: str, message: BaseModel | bytes) -> None:
        """Send a message as a citizen, a sensor or an operator does; `run` applies it."""
        self._queue(Output(topic, key, message))

    def tick(self, watermark: datetime, *, final: bool = False) -> None:
        """Promise the entry stages that nothing before `watermark` will be published."""
        message = TickEvent(
            id=f"{FEED}/0/{watermark.isoformat()}",
            source=f"/{FEED}/0",
            time=watermark,
            data=Tick(stage=FEED, partition=0, of=1, watermark=watermark, final=final),
        )
        for stage in ("intake", "sensing"):
            for number in range(len(self.lanes.get(stage, ()))):
                self._queue(Output(topics.INBOXES[stage], "", message, number))

    def run(self, now: datetime | None = None) -> None:
        """Apply everything published, and everything that follows, until the city is quiet.

        Args:
            now: the time of day in wall mode; it never goes back.

        Raises:
            DefectLimitError: a stage has raised more often than its limit allows.
        """
        if now is not None:
            self.now = max(self.now, now)
        if not self._flowing:
            self._flowing = True
            for lane in self._all_lanes():
                self._compute(lane)
        idle = False
        while not idle:
            idle = True
            for lane in self._all_lanes():
                while lane.waiting or self._is_due(lane):
                    idle = False
                    self._compute(lane)

    def run_until(self, end: datetime) -> None:
        """Let the time of day pass up to `end`, stopping at each deadline (wall mode)."""
        while True:
            dues = [
                due for lane in self._all_lanes() if (due := lane.partition.next_due()) is not None
            ]
            first = min(dues, default=end)
            if first >= end:
                break
            self.run(max(first, self.now))
        self.run(end)

    def entries(self, stage: str, namespace: str) -> dict[str, bytes]:
        """The committed entries of a namespace over all lanes, still encoded, by key."""
        found: dict[str, bytes] = {}
        for lane in self.lanes[stage]:
            for key, value in lane.partition.base.items():
                head, _, rest = key.partition(b"/")
                if head[1:].decode() == namespace:
                    found[rest.decode()] = value[8:]
        return found

    def _all_lanes(self) -> list[_Lane]:
        return [
            lane
            for stage, lanes in self.lanes.items()
            if stage not in self.stopped
            for lane in lanes
        ]

    def _is_due(self, lane: _Lane) -> bool:
        due = lane.partition.next_due()
        return due is not None and due <= self.now

    def _compute(self, lane: _Lane) -> None:
        batch = list(lane.waiting)
        effects = lane.partition.compute(batch, self.now)
        self._book(lane, effects)
        lane.partition.accept(effects)
        for _ in range(effects.consumed):
            lane.waiting.popleft()
        self.events += effects.consumed
        for output in (*effects.outputs, *effects.dead):
            self._queue(output)
        if effects.more_due:
            follow_up = lane.partition.compute((), self.now)
            while follow_up.more_due or not follow_up.empty:
                self._book(lane, follow_up)
                lane.partition.accept(follow_up)
                for output in (*follow_up.outputs, *follow_up.dead):
                    self._queue(output)
                if not follow_up.more_due:
                    break
                follow_up = lane.partition.compute((), self.now)

    def _book(self, lane: _Lane, effects: Effects) -> None:
        """Each defect computes its chunk anew, so a systematic one would hardly ever end."""
        stage = lane.partition.program.stage
        budget = self._budgets.get(stage)
        if budget is None:
            return
        budget.book(stage, effects.applied, effects.defects)

    def _queue(self, output: Output) -> None:
        topic, key, message, number, headers = output
        value = written(message)
        stage = self._stage_of.get(topic.name)
        lanes = self.lanes.get(stage or "")
        if lanes is None:
            if self.listener is not None:
                self.listener(topic, key, value)
            return
        if number is None:
            number = self._home(len(lanes), key)
        self._offset += 1
        timestamp_ms = int(self.now.timestamp() * 1000)
        lanes[number].waiting.append(
            Record(topic.name, number, self._offset, timestamp_ms, key.encode(), value, headers)
        )

    def _home(self, width: int, key: str) -> int:
        homes = self._homes.get(width)
        if homes is None:
            homes = self._homes[width] = Homes(width)
        return homes[key.encode()]
