"""History decided under one policy as fast as one core can: five stages joined by objects.

The order is that of the workers in event time: intake and sensing apply what comes as it
comes; a tier applies records and deadlines in the order of (time, id) up to where its
input is complete; what comes from above or from people is applied at once. So it decides
what the workers decide; a test holds the two side by side.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from agents.backtest.city import ONE_LANE_EACH
from agents.backtest.deciding import Letter, day_in, deciding
from agents.backtest.facts import Facts
from agents.backtest.memory import Armed, Memory
from agents.replay.feed import Entry
from agents.replay.pour import LAST_INSTANT
from schemas.errors import ChengyunError, SchemaError
from streams.eventtime.event import EventTime
from streams.incidents.desk import Arrival
from streams.policy import Policy
from streams.program import Due, Output, Program, Record, Refuse, written
from streams.state import from_microseconds
from streams.topics import ALERTS, DEAD_LETTERS, INBOXES, PROBLEMS, SUMMARIES

_WAITING = b"0waiting/"
_ALERT_TOPICS = frozenset(topic.name for topic in ALERTS.values())
_STAGE_OF = {topic.name: stage for stage, topic in INBOXES.items()}


class BacktestError(ChengyunError):
    """A decision raised; a worker would set the record aside, a backtest cannot go on."""

    code = "backtest"


class _Lane:
    """One stage with all that it remembers."""

    __slots__ = (
        "applied_until",
        "arrived",
        "complete",
        "inbox",
        "memory",
        "program",
        "stage",
        "waiting",
        "waits",
    )

    def __init__(self, stage: str, program: Program) -> None:
        self.stage = stage
        self.program = program
        self.waits = EventTime(program, ONE_LANE_EACH).waits
        self.memory = Memory(program.namespaces)
        self.waiting: dict[Armed, Any] = {}
        self.arrived: deque[Any] = deque()
        self.applied_until: Armed = (0, b"")
        self.complete = 0
        self.inbox = INBOXES[stage].name


class Trial:
    """One city under one policy, told its history batch by batch."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.facts = Facts()
        self.lanes = {
            stage: _Lane(stage, program) for stage, program in deciding(policy, self.facts).items()
        }
        self._tiers = [self.lanes[stage] for stage in ("street", "district", "city")]
        self._entries = [self.lanes[stage] for stage in ("intake", "sensing")]
        self._day = (-1, "")

    def read(self, entry: Entry) -> Any:
        """What an entry says, for every trial of the same history; None: it cannot be read."""
        lane = self.lanes[_STAGE_OF[entry.topic.name]]
        return self._decode(lane, entry.key, entry.value)

    def tell(self, entry: Entry, event: Any) -> None:
        """Something happened; `event` is what `read` made of it."""
        lane = self.lanes[_STAGE_OF[entry.topic.name]]
        self.facts.inputs[lane.stage] += 1
        if event is None:
            self._refused(lane, "undecodable")
        else:
            if lane in self._tiers:
                self.facts.messages[lane.stage] -= 1  # it is counted as an input already
            lane.arrived.append(event)

    def run_until(self, watermark: int) -> None:
        """Nothing before `watermark` (microseconds) will be told any more: decide up to there."""
        for lane in self._entries:
            while lane.arrived:
                event = lane.arrived.popleft()
                self._step(lane, event, event.time)
            self._advance(lane, watermark - 1)
        # A tier below speaks first; what it is told from above waits for the next round.
        quiet = False
        while not quiet:
            quiet = True
            for lane in self._tiers:
                if lane.arrived:
                    quiet = False
                    self._hear(lane)
                lane.complete = watermark
                self._advance(lane, watermark - 1)

    # --- one stage -----------------------------------------------------------------------

    def _advance(self, lane: _Lane, until: int) -> None:
        """Apply what was held and fire what is due, in the order of time and key."""
        memory, program, waiting, stage = lane.memory, lane.program, lane.waiting, lane.stage
        heap, live, step, fire = memory.heap, memory.live, program.step, program.fire
        messages = timers = 0
        what: Any = ""
        at = from_microseconds(0)
        try:
            while heap and heap[0][0] <= until:
                armed = heappop(heap)
                due, what = armed
                if what.startswith(_WAITING):
                    event = waiting.pop(armed, None)
                    if event is None:
                        continue
                    messages += 1
                    lane.applied_until = armed
                    at = from_microseconds(due)
                    outputs = step(memory, event, at)
                else:
                    prefix = what[: what.index(b"/") + 1]
                    table = live[prefix]
                    name = what[len(prefix) :].decode()
                    slot = table.standing(name, due)
                    if slot is None:
                        continue
                    namespace = table.namespace
                    if namespace.on_due == "expire":
                        table.delete(name)
                        continue
                    timers += 1
                    slot.due = 0
                    at = from_microseconds(due)
                    outputs = fire(memory, Due(namespace, name, slot.value, at), at)
                for output in outputs:
                    self._send(lane, output, at)
        except Exception as error:
            raise _raised(lane, what.decode(), at, error) from error
        self.facts.messages[stage] += messages
        self.facts.timers[stage] += timers

    def _step(self, lane: _Lane, event: Any, now: datetime) -> None:
        try:
            for output in lane.program.step(lane.memory, event, now):
                self._send(lane, output, now)
        except Exception as error:
            raise _raised(lane, str(getattr(event, "id", event)), now, error) from error

    def _hear(self, lane: _Lane) -> None:
        """Let what has arrived wait for its time, or apply it where it does not wait."""
        arrived, waits = lane.arrived, lane.waits
        while arrived:
            event = arrived.popleft()
            wait = waits(event)
            if wait is None:
                self.facts.messages[lane.stage] += 1
                self._step(lane, event, max(event.time, from_microseconds(lane.complete)))
            elif wait > lane.applied_until:
                lane.waiting[wait] = event
                heappush(lane.memory.heap, wait)
            elif wait != lane.applied_until:
                self.facts.messages[lane.stage] += 1
                self._step(lane, event, from_microseconds(wait[0]))

    # --- between stages ------------------------------------------------------------------

    def _send(self, lane: _Lane, output: Output | Refuse, now: datetime) -> None:
        if isinstance(output, Refuse):
            self._refused(lane, output.reason.code)
            return
        topic, key, message = output.topic, output.key, output.message
        stage = _STAGE_OF.get(topic.name)
        if stage is None:
            self._publish(topic.name, key, message, now)
            return
        target = self.lanes[stage]
        event: Any
        if type(message) is Letter:
            event = message.arrival(key)
        elif isinstance(message, bytes) or target in self._entries:
            event = self._decode(target, key.encode(), written(message))
        else:
            event = Arrival(key, message)
        if event is None:
            self._refused(target, "undecodable")
            return
        if target in self._entries:
            self.facts.messages[stage] += 1
        target.arrived.append(event)

    def _publish(self, topic: str, key: str, message: Any, now: datetime) -> None:
        facts = self.facts
        if topic in _ALERT_TOPICS:
            data = message.data if type(message) is Letter else None
            if isinstance(data, dict):
                facts.alert(data, self._day_of(now))
        elif topic == PROBLEMS.name:
            facts.problems.add(key)
        elif topic == SUMMARIES.name:
            facts.summaries += 1
        elif topic == DEAD_LETTERS.name:
            raise ValueError(f"a stage wrote a dead letter itself, under {key}")

    def _day_of(self, now: datetime) -> str:
        # Days of all zones begin at a full quarter of an hour.
        quarter = int(now.timestamp()) // 900
        if self._day[0] != quarter:
            self._day = quarter, day_in(self.policy.tz, now)
        return self._day[1]

    def _refused(self, lane: _Lane, code: str) -> None:
        self.facts.refused[lane.stage, code] += 1

    def _decode(self, lane: _Lane, key: bytes, value: bytes) -> Any:
        try:
            return lane.program.decode(Record(lane.inbox, 0, 0, 0, key, value))
        except SchemaError:
            return None


def _raised(lane: _Lane, what: str, at: datetime, error: Exception) -> BacktestError:
    return BacktestError(
        f"{lane.stage} at {at.isoformat()}: {what}: {type(error).__name__}: {error}. "
        "Operator action: run it with --full, which sets such a record aside as a worker does."
    )


BATCH = 2_000


def run_trials(
    policies: Iterable[Policy],
    entries: Iterable[Entry],
    stops: int,
    progress: Callable[[int], None] = lambda events: None,
) -> list[Trial]:
    """Tell the same history to a city under each policy, reading each event once.

    Args:
        entries: in the order of their time.
        stops: when the clock stops, microseconds: deadlines up to then have spoken.
        progress: called with the number of inputs after each batch.
    """
    trials = [Trial(policy) for policy in policies]
    batch: list[Entry] = []
    inputs = 0

    def settle(watermark: int) -> None:
        began = time.process_time()
        events = [trials[0].read(entry) for entry in batch]
        read = time.process_time() - began
        for trial in trials:
            began = time.process_time()
            heard = events
            if trial.policy.sources != trials[0].policy.sources:
                # Who may speak for whom decides how an update is read.
                heard = [trial.read(entry) for entry in batch]
            for entry, event in zip(batch, heard, strict=True):
                trial.tell(entry, event)
            trial.run_until(watermark)
            trial.facts.seconds += read + time.process_time() - began
        batch.clear()
        progress(inputs)

    for entry in entries:
        if len(batch) >= BATCH:
            settle(entry.at)
        batch.append(entry)
        inputs += 1
    settle(stops + LAST_INSTANT)
    return trials
