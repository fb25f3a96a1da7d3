"""A stage as a Faust app: which lanes this worker owns, and their way through rebalances."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, Literal

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.errors import ProducerFenced as ProducerFencedError

from agents.runtime import transport
from agents.runtime.app import FaustApp, faust_app
from agents.runtime.clock import Clock
from agents.runtime.lane import BrokenChainError, Chunk, Lane
from agents.runtime.observe import Observer
from agents.runtime.options import StageOptions
from agents.runtime.producer import Hook
from agents.runtime.raw import Fetched
from agents.runtime.restore import restore
from agents.runtime.vigil import StageFailedError, look_for_stuck_inputs
from schemas.errors import ChengyunError, ConfigurationError
from streams.dead_letters import DefectBudget, DefectLimitError
from streams.program import Program

log = logging.getLogger(__name__)

Chunks = AsyncIterable[Chunk]
StageStatus = Literal["starting", "rebalancing", "opening", "flowing", "idle", "stopping"]

QUIESCE_S = 2.0
BACK_OFF_S = 0.3
LONGEST_BACK_OFF_S = 3.0


class Stage:
    """One stage in this process: a program, its lanes, and the Faust app that feeds them.

    Args:
        program: what the stage decides.
        options: where and how it runs.
        clock: what time it is in the city.
        observer: who watches; nobody by default.
        hook: called around each commit; tests kill the process there.
        ended: called once when the stage cannot go on, with the reason.
    """

    def __init__(
        self,
        program: Program,
        options: StageOptions,
        *,
        clock: Clock | None = None,
        observer: Observer | None = None,
        hook: Hook | None = None,
        ended: Callable[[ChengyunError], None] | None = None,
    ) -> None:
        self.program = program
        self.options = options
        self.clock = clock or Clock()
        self.observer = observer or Observer()
        self.hook = hook
        self.ended = ended
        self.physical = {t.name: options.prefix + t.name for t in program.inputs}
        self.bare = {physical: name for name, physical in self.physical.items()}
        self.budget = DefectBudget(options.defect_limit)
        self.lanes: dict[int, Lane] = {}
        self.status: StageStatus = "starting"
        self.progress = 0
        self.failure: ChengyunError | None = None
        self._flow: asyncio.Task[None] | None = None
        self._vigil: asyncio.Task[None] | None = None
        self._widths: dict[str, int] = {}
        self.app: FaustApp = faust_app(self, options)
        self.chunks = self.app.topic(*self.physical.values(), schema=transport.ChunkSchema())

    def agent(self, function: Callable[[Chunks], Awaitable[None]]) -> Any:
        """Make a coroutine function the stage's Faust agent, under its own name."""
        return self.app.agent(self.chunks, name=function.__name__)(function)

    def set_status(self, status: StageStatus) -> None:
        """Note what the stage is doing now."""
        if status != self.status:
            log.info(
                "stage %s: %s → %s, lanes %s",
                self.options.stage,
                self.status,
                status,
                sorted(self.lanes),
            )
        self.status = status
        self.progress += 1

    def warm_lanes(self) -> list[int]:
        """The lanes whose state is in memory; asked from the consumer's thread."""
        return [number for number, lane in list(self.lanes.items()) if lane.warm]

    def position(self, topic: str, partition: int) -> int | None:
        """The committed position of one input, by physical topic name."""
        lane = self.lanes.get(partition)
        return None if lane is None else lane.position.next.get(self.bare[topic])

    def tell_buffered(self) -> None:
        """Let the observer know what lies in front of each lane."""
        for number, lane in self.lanes.items():
            self.observer.buffered(self.options.stage, number, lane.buffered)

    # --- what the transport tells ------------------------------------------------------------

    def feed(self, taken: Iterable[tuple[Fetched, object]]) -> None:
        """Give records that were read to their lanes."""
        for fetched, tag in taken:
            lane = self.lanes.get(fetched.partition.partition)
            if lane is None or not lane.listens_to(tag):
                continue  # read before the seek that counts
            lane.feed(
                self.bare[fetched.partition.topic],
                fetched.records,
                fetched.start,
                fetched.end,
                fetched.size,
            )
            if lane.full:
                lane.throttle(self.app.consumer, True)

    def hold(self) -> None:
        """Nothing may be applied until the next assignment; running commits may end."""
        for lane in self.lanes.values():
            if lane.task is not None and not lane.busy:
                lane.task.cancel()

    async def quiesce(self, why: str) -> None:
        """End or abandon what runs, before others may own our partitions. About 3 s at most."""
        self.set_status("stopping" if self.status == "stopping" else "rebalancing")
        log.info("stage %s: %s", self.options.stage, why)
        for task in (self._flow, self._vigil):
            if task is not None:
                task.cancel()
                await asyncio.wait([task], timeout=1.0)
        self._flow = self._vigil = None
        self.hold()
        running = [lane.task for lane in self.lanes.values() if lane.task is not None]
        if running:
            _, late = await asyncio.wait(running, timeout=QUIESCE_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)
        for lane in self.lanes.values():
            lane.task = None
            lane.tries += 1
            lane.await_input(None, {})
        self.observer.revoked(self.options.stage, sorted(self.lanes))

    def start(self, consumer: transport.Consumer) -> None:
        """After an assignment: open the lanes and let them flow."""
        if self.status == "stopping" or self.failure is not None:
            return
        numbers = {tp.partition for tp in consumer.assignment()}
        self.observer.assigned(self.options.stage, sorted(numbers))
        generation = self.app.consumer_generation_id
        if self._flow is not None:
            self._flow.cancel()
        self._flow = asyncio.ensure_future(self._open_and_run(consumer, numbers, generation))

    async def _open_and_run(
        self, consumer: transport.Consumer, numbers: set[int], generation: int
    ) -> None:
        try:
            self.set_status("opening")
            await self._open_all(consumer, numbers)
            for lane in self.lanes.values():
                lane.task = asyncio.ensure_future(self._keep(lane, consumer, generation))
            self.set_status("flowing" if numbers else "idle")
            self._vigil = asyncio.ensure_future(look_for_stuck_inputs(self, consumer))
        except ChengyunError as error:
            self.fail(error)
        except Exception as error:
            log.exception("stage %s cannot open its lanes", self.options.stage)
            self.fail(StageFailedError(f"stage {self.options.stage} cannot open: {error!r}"))

    async def _own(self, consumer: transport.Consumer, numbers: set[int]) -> None:
        """Close the lanes that went elsewhere, make those that are new."""
        for number in [n for n in self.lanes if n not in numbers]:
            lane = self.lanes.pop(number)
            await lane.close()
            lane.status("stopped")
        width = await self._width(consumer)
        for number in sorted(numbers - self.lanes.keys()):
            self.lanes[number] = Lane(
                number,
                self.program,
                self.options,
                self.clock,
                self.observer,
                self.budget,
                width,
                self.hook,
            )

    async def _width(self, consumer: transport.Consumer) -> int:
        """How many partitions the inputs have; they and the state must agree.

        Raises:
            ConfigurationError: they do not, or a topic is missing.
        """
        names = [*self.physical.values(), self.options.state_topic]
        if not self._widths:
            self._widths = await consumer.widths(names)
        if len(set(self._widths.values())) != 1 or 0 in self._widths.values():
            found = ", ".join(f"{name}: {self._widths[name] or 'missing'}" for name in names)
            raise ConfigurationError(
                f"stage {self.options.stage}: its topics have different partition counts "
                f"({found}), wanted the same for every input and the state. Operator action: "
                f"run `chengyun topics check`, then `chengyun topics apply`."
            )
        return self._widths[names[0]]

    # --- lanes ---------------------------------------------------------------------------------

    async def _open_all(self, consumer: transport.Consumer, numbers: set[int]) -> None:
        """Fence and restore every cold lane, together; try again while the broker is away."""
        for attempt in range(1, self.options.lane_attempts + 1):
            try:
                await self._own(consumer, numbers)
                cold = [lane for lane in self.lanes.values() if not lane.warm]
                if cold:
                    await self._revive(cold)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("opening lanes failed (attempt %d): %r", attempt, error)
                last = repr(error)
                await asyncio.sleep(self._back_off(attempt, error))
            else:
                return
        raise self._given_up(min(numbers), last)

    async def _revive(self, lanes: list[Lane]) -> None:
        """Fence, then replay the changelog."""
        began = time.monotonic()
        outcomes = await asyncio.gather(*(lane.fence() for lane in lanes), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        self.progress += 1
        fenced_s = time.monotonic() - began
        for lane in lanes:
            lane.status("restoring")

        def progress(partition: int, read: int, left: int) -> None:
            self.progress += 1
            self.observer.restoring(self.options.stage, partition, read, left)

        by_number = {lane.number: lane for lane in lanes}
        records, seconds = await restore(self.options, by_number, progress)
        for lane in lanes:
            lane.loaded()
        log.info(
            "stage %s: lanes %s fenced in %.2f s, %d entries restored in %.2f s (%.0f a second)",
            self.options.stage,
            sorted(by_number),
            fenced_s,
            records,
            seconds,
            records / seconds if seconds else 0,
        )

    async def _keep(self, lane: Lane, consumer: transport.Consumer, generation: int) -> None:
        """Run a lane; when it fails, drop its memory and open it again, so many times."""
        failures = 0
        while generation == self.app.consumer_generation_id:
            commits = lane.commits
            try:
                if not lane.warm:
                    await self._revive([lane])
                await self._seek(lane, consumer)
                await lane.run(consumer)
            except asyncio.CancelledError:
                raise
            except (DefectLimitError, ConfigurationError) as error:
                self.fail(error)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the log knows the truth
                failures = 1 if lane.commits > commits else failures + 1
                await self._recover(lane, error, failures)
                if failures >= self.options.lane_attempts:
                    self.fail(self._given_up(lane.number, repr(error)))
                    return
                await asyncio.sleep(self._back_off(failures, error))

    async def _recover(self, lane: Lane, error: Exception, failures: int) -> None:
        lane.warm = lane.warm and isinstance(error, BrokenChainError)
        lane.tries += 1
        lane.await_input(None, {})
        lane.status("failed")
        self.observer.fenced(self.options.stage, lane.number)
        expected = isinstance(error, KafkaError | OSError | TimeoutError | BrokenChainError)
        log.warning(
            "stage %s partition %d failed (%d in a row), it starts again at its last commit: %r",
            self.options.stage,
            lane.number,
            failures,
            error,
            exc_info=None if expected else error,
        )
        if not lane.warm:
            await lane.close()

    def _back_off(self, failures: int, error: Exception) -> float:
        """A fenced lane waits longer than a heartbeat: a zombie must learn that it is one."""
        wait = min(LONGEST_BACK_OFF_S, BACK_OFF_S * 2.0 ** min(failures, 4))
        if isinstance(error, ProducerFencedError):
            return max(wait, self.options.heartbeat_s * 1.2)
        return wait

    def _given_up(self, number: int, why: str) -> StageFailedError:
        return StageFailedError(
            f"stage {self.options.stage} partition {number} failed "
            f"{self.options.lane_attempts} times in a row without a commit; the last: {why}. "
            f"Operator action: see whether the broker is well (`chengyun doctor`), then start "
            f"the worker again; nothing was lost."
        )

    async def _seek(self, lane: Lane, consumer: transport.Consumer) -> None:
        """Let a lane read its inputs from its stored positions."""
        wanted = {
            name: TopicPartition(physical, lane.number) for name, physical in self.physical.items()
        }
        begins, ends = await consumer.bounds(wanted.values())
        positions: dict[str, int] = {}
        for name, partition in wanted.items():
            first, end = begins[partition], ends[partition]
            position = lane.position.next.get(name, first)
            if position < first:
                log.error(
                    "stage %s partition %d: %d records of %s expired before they were read; it "
                    "goes on with what is left. Operator action: lengthen the retention, and "
                    "ask the senders for what is missing",
                    self.options.stage,
                    lane.number,
                    first - position,
                    partition.topic,
                )
                position = first
            elif position > end:
                raise ConfigurationError(
                    f"stage {self.options.stage} partition {lane.number} stands at offset "
                    f"{position} of {partition.topic}, which ends at {end}: the topic was made "
                    f"anew or lost records. Operator action: restore the topic, or delete "
                    f"{self.options.state_topic} and start from the beginning."
                )
            positions[name] = position
        tag = object()
        lane.await_input(tag, positions)
        await consumer.seek(lane.number, positions, tag)

    # --- the end -----------------------------------------------------------------------------

    def fail(self, error: ChengyunError) -> None:
        """The stage cannot go on."""
        if self.failure is None:
            self.failure = error
            log.error("%s", error)
            if self.ended is not None:
                self.ended(error)

    async def stop(self) -> None:
        """End or abandon what runs, give up the lanes, leave the group. Under 3 s."""
        self.status = "stopping"
        await self.quiesce("stopping")
        await asyncio.gather(*(lane.close() for lane in self.lanes.values()))
        for lane in self.lanes.values():
            lane.status("stopped")
