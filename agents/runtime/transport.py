"""The Faust transport that hands agents chunks of raw records: ``chunks://host:port``.

Faust's aiokafka driver with a consumer of our own: it reads committed records only,
takes them as aiokafka's C code makes them, and marks them with the seek they follow,
so that nothing read before a seek can be mistaken for what comes after it.

Faust's order at a rebalance, which everything here relies on: partitions revoked →
group joined → partitions assigned → `perform_seek` (flow held) → `resume_flow`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata
from faust.events import Event
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from agents.runtime.assignor import LaneAssignor
from agents.runtime.lane import Chunk
from agents.runtime.raw import drain

if TYPE_CHECKING:
    from agents.runtime.stage import Stage

log = logging.getLogger(__name__)

SCHEME = "chunks"
FETCH_WAIT_MS = 500
FETCH_BYTES_PER_PARTITION = 2 << 20
PUMP_RESTART_S = 0.5


class ChunkSchema(faust.Schema):
    """Faust's decoding step for chunks: there is none, the chunk is the value."""

    def compile(
        self,
        app: Any,
        *,
        on_key_decode_error: Any = None,
        on_value_decode_error: Any = None,
        default_propagate: bool = False,
    ) -> Callable[..., Awaitable[Any]]:
        """A decoder that hands the chunk through."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return Event(app, None, message.value, None, message)

        return decode


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which the group's heartbeats and all fetching happen."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        stage: Stage = self.app.stage
        options = stage.options
        # The lanes that are warm now, for whoever shares them out.
        self._assignor = LaneAssignor(stage.warm_lanes)
        return AIOKafkaConsumer(
            **options.client,
            client_id=options.instance_id or options.group,
            group_id=options.group,
            group_instance_id=options.instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            fetch_min_bytes=1,
            max_partition_fetch_bytes=FETCH_BYTES_PER_PARTITION,
            session_timeout_ms=int(options.session_timeout_s * 1_000),
            heartbeat_interval_ms=int(options.heartbeat_s * 1_000),
            rebalance_timeout_ms=15_000,
            max_poll_interval_ms=300_000,
            request_timeout_ms=40_000,
            metadata_max_age_ms=30_000,
            retry_backoff_ms=100,
        )

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        """Tell the group how far we are, for tools that show lag.

        The position that counts is in the changelog, so a failure here changes
        nothing; Faust would crash the worker.
        """
        assigned = self.assignment()
        known = {
            driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, "")
            for tp, offset in offsets.items()
            if tp in assigned and offset is not None
        }
        if not known:
            return True
        try:
            await self._ensure_consumer().commit(known)
        except Exception as error:  # noqa: BLE001 - advisory, see above
            log.debug("advisory commit failed: %r", error)
            return False
        return True

    async def run_here(self, work: Any) -> Any:
        """Run a coroutine in this thread's loop and wait for it from the stage's.

        Faust's own queue for that has two workers, too few for a fetch per lane.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.thread_loop)
        return await asyncio.wrap_future(future)


class Consumer(driver.Consumer):
    """A consumer whose records go to lanes; Faust sees one message per chunk."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pump_tag: object = None
        self._tags: dict[int, object] = {}

    @property
    def stage(self) -> Stage:
        """The stage whose app this consumer serves."""
        stage: Stage = self.app.stage
        return stage

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # --- rebalance -----------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """End running transactions before the group may give our partitions away."""
        await self.stage.quiesce("partitions revoked")
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Faust would seek to committed offsets; lanes seek when they know their position."""
        self._tags = {}
        await self._thread.run_here(self._hold(self.assignment()))

    async def _hold(self, partitions: Iterable[Any]) -> None:
        """Fetch nothing until the lanes have said from where."""
        consumer = self._thread._ensure_consumer()
        assigned = consumer.assignment()
        consumer.pause(*(driver.ensure_aiokafka_TP(tp) for tp in partitions if tp in assigned))

    def resume_flow(self) -> None:
        """After an assignment: open the lanes, start reading."""
        super().resume_flow()
        self._start_pump()
        self.stage.start(self)

    def stop_flow(self) -> None:
        """Before a rebalance: nothing is read or applied from here on."""
        super().stop_flow()
        self._pump_tag = None
        self.stage.hold()

    async def verify_all_partitions_active(self) -> None:
        """Faust's own check only logs; the stage's watchdog ends the process."""

    def _new_offset(self, tp: Any) -> int | None:
        """What is committed to the group: the position that the lane has committed."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.stage.position(tp.topic, tp.partition)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetcher has nothing to do: the pump reads, the lanes deliver."""
        while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: ASYNC110
            await asyncio.sleep(0.2)

    # --- the pump: one for all partitions, in the consumer's thread ------------------------

    def _start_pump(self) -> None:
        self._pump_tag = tag = object()
        thread = self._thread
        running = asyncio.run_coroutine_threadsafe(self._pump(tag), thread.thread_loop)

        def ended(done: Any) -> None:
            if done.cancelled() or done.exception() is None or self._pump_tag is not tag:
                return
            log.warning("reading failed, trying again: %r", done.exception())
            with contextlib.suppress(RuntimeError):  # the loop is closed: we are stopping
                self.loop.call_soon_threadsafe(
                    self.loop.call_later, PUMP_RESTART_S, self._restart_pump, tag
                )

        running.add_done_callback(ended)

    def _restart_pump(self, tag: object) -> None:
        if self._pump_tag is tag:
            self._start_pump()

    async def _pump(self, tag: object) -> None:
        """Empty aiokafka's buffer again and again and feed the lanes.

        A partition left unread there holds up the fetches of all others of that broker.
        """
        consumer = self._thread._ensure_consumer()
        fetcher = consumer._fetcher
        subscriptions = fetcher._subscriptions
        feed = self.stage.feed
        while True:
            if subscriptions.reassignment_in_progress:
                await subscriptions.wait_for_assignment()
            # No await between this check and the drain: a pump that was replaced must not
            # move positions and throw the records away.
            if self._pump_tag is not tag:
                return
            with subscriptions.fetch_context():
                taken = [(f, self._tags.get(f.partition.partition)) for f in drain(consumer)]
            if taken:
                self.loop.call_soon_threadsafe(feed, taken)
            await asyncio.wait([fetcher._create_fetch_waiter()], timeout=0.5)

    # --- what lanes ask for ----------------------------------------------------------------

    async def seek(self, partition: int, positions: Mapping[str, int], tag: object) -> None:
        """Read the inputs of a lane from here; everything that follows bears `tag`.

        Seek and tag change in one step of the consumer's thread, so that no record read
        before can bear the new tag.

        Args:
            positions: next offset by bare topic name.
        """

        async def in_thread() -> None:
            consumer = self._thread._ensure_consumer()
            assigned = consumer.assignment()
            for topic, offset in positions.items():
                tp = TopicPartition(self.stage.physical[topic], partition)
                if tp not in assigned:
                    raise ConnectionResetError(f"{tp} is not ours any more")
                consumer._fetcher._records.pop(tp, None)
                consumer.seek(tp, offset)
                consumer.resume(tp)
            self._tags[partition] = tag

        await self._thread.run_here(in_thread())

    async def bounds(
        self, partitions: Iterable[TopicPartition]
    ) -> tuple[dict[Any, int], dict[Any, int]]:
        """First offset kept and next offset to be written of each."""

        async def in_thread() -> tuple[dict[Any, int], dict[Any, int]]:
            consumer = self._thread._ensure_consumer()
            wanted = list(partitions)
            return (
                await consumer.beginning_offsets(wanted),
                await consumer.end_offsets(wanted),
            )

        found: tuple[dict[Any, int], dict[Any, int]] = await self._thread.run_here(in_thread())
        return found

    async def widths(self, topics: Iterable[str]) -> dict[str, int]:
        """How many partitions each topic has; 0 for one that does not exist."""

        async def in_thread() -> dict[str, int]:
            cluster = await self._thread._ensure_consumer()._client.fetch_all_metadata()
            return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}

        answer: dict[str, int] = await self._thread.run_here(in_thread())
        return answer

    def throttle(self, partition: int, paused: bool) -> None:
        """Stop or resume fetching the inputs of a lane."""
        thread = self._thread
        topics = list(self.stage.physical.values())

        def in_thread() -> None:
            consumer = thread._ensure_consumer()
            assigned = consumer.assignment()
            ours = [tp for t in topics if (tp := TopicPartition(t, partition)) in assigned]
            (consumer.pause if paused else consumer.resume)(*ours)

        thread.thread_loop.call_soon_threadsafe(in_thread)

    async def deliver(self, chunk: Chunk) -> None:
        """Hand a chunk to the agent, as one message of Faust's."""
        topic = self.stage.physical[chunk.topic]
        tp = TP(topic, chunk.partition)
        last = chunk.records[-1]
        message = ConsumerMessage(
            topic,
            chunk.partition,
            last.offset,
            last.timestamp / 1_000,
            last.timestamp_type,
            (),
            None,
            chunk,
            None,
            0,
            0,
            tp,
            # Without it Faust drops the message silently.
            generation_id=self.app.consumer_generation_id,
        )
        await self.callback(message)
        self._read_offset[tp] = last.offset + 1

    async def leave(self) -> None:
        """Leave the group now, so that others need not wait for the session to end."""
        await self._thread.run_here(self._thread._ensure_consumer().stop())


class Producer(driver.Producer):
    """Faust's own producer, which has nothing to send: every lane has one of its own."""

    async def on_start(self) -> None:
        """Connect nowhere."""

    async def on_stop(self) -> None:
        """Nothing was connected."""

    async def flush(self) -> None:
        """Nothing is buffered."""


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = Consumer
    Producer = Producer


TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
