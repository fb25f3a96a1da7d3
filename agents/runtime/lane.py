"""One lane: the state, the input position and the producer of one partition number."""

from __future__ import annotations

import asyncio
import collections
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from agents.runtime.clock import Clock
from agents.runtime.observe import CommittedChunk, LaneStatus, Observer
from agents.runtime.options import StageOptions
from agents.runtime.position import POSITION_KEY, Position, decode_position
from agents.runtime.producer import Hook, LaneProducer
from streams.dead_letters import DefectBudget
from streams.effects import Effects
from streams.partition import Partition
from streams.program import Program

log = logging.getLogger(__name__)

IDLE_POLL_S = 1.0
GATHERED = 1_000  # records that make a transaction worth its price without waiting for more
LONGEST_LINGER_S = 0.04
PACE_WEIGHT = 0.2


class BrokenChainError(Exception):
    """Records are missing between two reads of the input; the lane reads again."""


class Source(Protocol):
    """Where a lane's records come from."""

    async def seek(self, partition: int, positions: Mapping[str, int], tag: object) -> None:
        """Read the lane's inputs from these positions; what comes is marked with `tag`."""

    def throttle(self, partition: int, paused: bool) -> None:
        """Stop or resume fetching for a lane."""

    async def deliver(self, chunk: Chunk) -> None:
        """Hand a chunk to the stage's agent."""


class Chunk:
    """Records of one lane on their way through the agent, which applies them."""

    __slots__ = ("_lane", "done", "records", "step_s", "topic", "tries")

    def __init__(self, lane: Lane, topic: str, records: list[Any]) -> None:
        self._lane = lane
        self.topic = topic
        self.records = records
        self.step_s = 0.0
        self.tries = lane.tries
        self.done: asyncio.Future[Effects] = asyncio.get_running_loop().create_future()

    @property
    def partition(self) -> int:
        """The number of the lane."""
        return self._lane.number

    def apply(self) -> None:
        """Decode, decide, fire what is due. Pure computing; the lane commits."""
        if self.done.done() or self.tries != self._lane.tries:
            return  # the lane was reopened meanwhile and reads these records again
        began = time.perf_counter()
        try:
            effects = self._lane.compute(self.topic, self.records)
        except Exception as error:  # noqa: BLE001 - handed to the lane, which reopens
            self.done.set_exception(error)
            return
        self.step_s = time.perf_counter() - began
        self.done.set_result(effects)


class Lane:
    """One partition number of a stage, from fence to flow.

    Memory is valid while `warm`: it equals the changelog as of our last commit. Any
    failure makes it cold, and only fence and restore make it warm again.
    """

    def __init__(
        self,
        number: int,
        program: Program,
        options: StageOptions,
        clock: Clock,
        observer: Observer,
        budget: DefectBudget,
        partitions: int,
        hook: Hook | None = None,
    ) -> None:
        self.number = number
        self.program = program
        self.options = options
        self.clock = clock
        self.observer = observer
        self.budget = budget
        self.partitions = partitions
        self.producer = LaneProducer(options, number, hook)
        self.partition = self._empty_partition()
        self.position = Position()
        self._read: dict[str, int] = {}
        self._heard = 0
        self.warm = False
        self.tries = 0
        self.commits = 0
        self.reads = 0
        self.busy = False
        self.progress = 0
        self.task: asyncio.Task[None] | None = None
        self._queue: collections.deque[tuple[str, list[Any]]] = collections.deque()
        self._wake = asyncio.Event()
        self._tag: object = None
        self._expected: dict[str, int] = {}
        self._broken: str | None = None
        self._waiting_records = 0
        self._waiting_bytes = 0
        self._throttled = False
        self._last_commit = 0.0
        self._pace_s = 0.0
        self._more_due = True  # the first compute finds out what is overdue

    def _empty_partition(self) -> Partition:
        return Partition(
            self.program,
            self.number,
            self.options.limits,
            # The processor's time: on a busy machine the clock on the wall would make
            # chunks smaller just when they should be large.
            seconds=time.thread_time,
            partitions=self.partitions,
        )

    # --- fence, restore ------------------------------------------------------------------

    async def fence(self) -> None:
        """Become the only writer and forget everything."""
        self.status("opening")
        await self.close()
        self.tries += 1
        await self.producer.open()
        self.partition = self._empty_partition()
        self.position = Position()
        self._read = {}
        self._heard = 0
        self._more_due = True

    async def end_hanging(self, partitions: Iterable[Any]) -> None:
        """Abort what earlier owners of the lane left undecided in these partitions."""
        await self.producer.end_hanging(partitions)

    def load_many(self, records: list[Any]) -> None:
        """Take entries of the changelog."""
        base = self.partition.base
        for record in records:
            key = record.key
            value = record.value
            if key == POSITION_KEY:
                self.position = decode_position(value)
            elif value is None:
                base.pop(key, None)
            else:
                base[key] = value
        self.progress += 1

    def loaded(self) -> None:
        """The changelog is at its end: memory is valid."""
        self.partition.loaded()
        self.partition.applied_until = self.position.applied_until
        self._read = dict(self.position.read)
        self.warm = True
        self.observer.restored(
            self.options.stage, self.number, self.partition.base, self.partition.program
        )

    async def close(self) -> None:
        """Give up the producer; what was not committed never happened."""
        self.warm = False
        await self.producer.close()

    def status(self, status: LaneStatus) -> None:
        """Tell the observer what the lane is doing."""
        self.observer.status(self.options.stage, self.number, status)

    # --- input ---------------------------------------------------------------------------

    def await_input(self, tag: object, positions: Mapping[str, int]) -> None:
        """Drop what was read ahead; only records marked with `tag` count from now on."""
        self._queue.clear()
        self._waiting_records = self._waiting_bytes = 0
        self._tag = tag
        self._expected = dict(positions)
        self._broken = None
        again = [read for topic, read in self._read.items() if positions.get(topic, read) < read]
        self.partition.read_again(max(again, default=0))

    def feed(self, topic: str, records: list[Any], start: int, end: int, size: int) -> None:
        """Take what was read of one input; positions must form an unbroken chain."""
        expected = self._expected.get(topic, start)
        if start != expected:
            self._broken = f"{topic}: read from {start}, expected {expected}"
        self._expected[topic] = end
        self.reads += 1
        if records:
            self._queue.append((topic, records))
            self._waiting_records += len(records)
            self._waiting_bytes += size
        self._wake.set()

    def listens_to(self, tag: object) -> bool:
        """Whether records marked with `tag` are those the lane waits for."""
        return tag is not None and tag is self._tag

    def behind(self, ends: Mapping[str, int]) -> bool:
        """Whether an input has more than was read, and nothing explains why.

        Args:
            ends: where each input ends for a committed reader, by bare topic name.
        """
        if not self.warm or self.busy or self._queue or self._throttled:
            return False
        return any(end > self._expected.get(topic, end) for topic, end in ends.items())

    @property
    def buffered(self) -> int:
        """Records that were read and not yet taken."""
        return self._waiting_records

    @property
    def full(self) -> bool:
        """Whether enough was read ahead."""
        return (
            self._waiting_records > self.options.backlog_records
            or self._waiting_bytes > self.options.backlog_bytes
        )

    def throttle(self, source: Source, paused: bool) -> None:
        """Pause or resume reading ahead."""
        if paused != self._throttled:
            self._throttled = paused
            source.throttle(self.number, paused)

    def _take(self) -> tuple[str, list[Any]]:
        """Records of one input, as many as a chunk may have."""
        topic, records = self._queue.popleft()
        limit = self.options.limits.records
        if len(records) > limit:
            self._queue.appendleft((topic, records[limit:]))
            records = records[:limit]
        else:
            while (
                self._queue
                and self._queue[0][0] == topic
                and len(records) + len(self._queue[0][1]) <= limit
            ):
                records = records + self._queue.popleft()[1]
        return topic, records

    # --- the loop ------------------------------------------------------------------------

    async def run(self, source: Source) -> None:
        """Take, apply, commit, until cancelled or something fails."""
        self.status("flowing")
        try:
            while True:
                if self._broken is not None:
                    raise BrokenChainError(self._broken)
                if not self._more_due and not await self._something_to_do():
                    continue
                await self._turn(source)
        finally:
            self.busy = False

    async def _something_to_do(self) -> bool:
        """Wait for records or for the next due entry; False when it came to nothing."""
        if self._queue:
            if self._waiting_records < GATHERED:
                rest = self._last_commit + self._linger_s() - time.monotonic()
                if rest > 0:
                    await asyncio.sleep(rest)
            return True
        due = self.partition.next_due()
        wait = IDLE_POLL_S
        if due is not None:
            wait = self.clock.real_seconds_until(due)
            if wait <= 0:
                return True
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), min(wait, IDLE_POLL_S))
        except TimeoutError:
            if due is None:
                self.observer.idle(self.options.stage, self.number)
        return False

    def _linger_s(self) -> float:
        """How long after a commit records gather: a transaction costs the same for a hundred.

        At least as long as set, and twice what transactions take of late: when many lanes
        commit at once they slow each other down, and fewer, larger ones are sooner done.
        """
        return max(self.options.linger_s, min(LONGEST_LINGER_S, 2 * self._pace_s))

    async def _turn(self, source: Source) -> None:
        """One chunk: through the agent, into one transaction.

        Ended half-way it leaves memory cold: what was computed had taken armings along.
        """
        try:
            await self._carry_out(source)
        except BaseException:
            self.warm = False
            raise

    async def _carry_out(self, source: Source) -> None:
        self.busy = True
        topic, records = self._take() if self._queue else ("", [])
        if records:
            chunk = Chunk(self, topic, records)
            await source.deliver(chunk)
            effects = await chunk.done
            step_s = chunk.step_s
        else:
            began = time.perf_counter()
            effects = self.compute(topic, records)
            step_s = time.perf_counter() - began
        self._more_due = effects.more_due
        taken = effects.consumed
        self._book(topic, records, taken)
        if not self.full:
            self.throttle(source, False)
        if taken:
            read = max(self._read.get(topic, 0), records[taken - 1].offset + 1)
            self._read = {**self._read, topic: read}
        if effects.empty:
            self.partition.accept(effects)
        elif effects.heard_only:
            self.partition.postpone(effects)
            self._heard += taken
        else:
            await self._commit(records, effects, step_s)
        self.progress += 1
        self.busy = False

    def compute(self, topic: str, records: list[Any]) -> Effects:
        """What these records and the due entries would do."""
        return self.partition.compute(records, self.clock.now(), topic)

    def _book(self, topic: str, records: list[Any], consumed: int) -> None:
        """What a chunk did not reach is first in line again."""
        if consumed < len(records):
            self._queue.appendleft((topic, records[consumed:]))
        if consumed:
            share = self._waiting_bytes * consumed // max(1, self._waiting_records)
            self._waiting_records -= consumed
            self._waiting_bytes -= share

    async def _commit(self, records: list[Any], effects: Effects, step_s: float) -> None:
        self.budget.book(self.options.stage, effects.applied, effects.defects)
        oldest = records[0].timestamp if effects.consumed else None
        effects.consumed += self._heard
        self._heard = 0
        position = self.position.after(self._read, effects.waits_from, effects.applied_until)
        began = time.perf_counter()
        now = self.clock.now()
        # When it fails the outcome is unknown: fence, restore, and ask the log.
        await self.producer.commit(effects, position)
        transaction_s = time.perf_counter() - began
        self.partition.accept(effects)
        self.position = position
        self.commits += 1
        self._pace_s += (transaction_s - self._pace_s) * PACE_WEIGHT
        self._last_commit = time.monotonic()
        self.observer.committed(
            self.options.stage,
            self.number,
            CommittedChunk(effects, oldest, step_s, transaction_s, now, position.next),
        )
        if effects.reached.watermark is not None:
            self.observer.watermark(self.options.stage, self.number, effects.reached.watermark)
