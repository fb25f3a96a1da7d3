"""Reading lanes' changelogs back into memory, with progress for those who wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.runtime.hanging import Cluster
from agents.runtime.options import StageOptions
from agents.runtime.raw import drain

log = logging.getLogger(__name__)

Progress = Callable[[int, int, int], None]
"""Told (partition, entries read so far, offsets left), a few times a second."""

PROGRESS_S = 0.2
LOG_S = 2.0
FETCH_BYTES = 4 << 20
MARKER_ATTEMPTS = 20
MARKER_WAIT_S = 0.05


class Restorable(Protocol):
    """What takes the entries of a changelog."""

    async def end_hanging(self, partitions: Iterable[Any]) -> None:
        """Abort what earlier owners left undecided in these partitions."""

    def load_many(self, records: list[Any]) -> None:
        """Take entries, oldest first; each has a key and a value."""


async def restore(
    options: StageOptions, lanes: Mapping[int, Restorable], progress: Progress
) -> tuple[int, float]:
    """Replay the changelog of lanes, read committed, to its present end.

    To be called after the lanes were fenced: nobody else can write any more.

    Returns:
        Records read, and seconds taken.
    """
    began = time.monotonic()
    consumer = AIOKafkaConsumer(
        **options.client,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=8 * FETCH_BYTES,
        fetch_max_wait_ms=100,
        client_id=f"{options.group}-restore",
    )
    try:
        await consumer.start()
        return await _replay(consumer, options, lanes, progress), time.monotonic() - began
    finally:
        await consumer.stop()


async def _replay(
    consumer: Any, options: StageOptions, lanes: Mapping[int, Restorable], progress: Progress
) -> int:
    topic = options.state_topic
    partitions = {TopicPartition(topic, number): lane for number, lane in lanes.items()}
    consumer.assign(list(partitions))
    begins = await consumer.beginning_offsets(list(partitions))
    if options.guarantee == "exactly_once":
        await _end_hanging(consumer, options, partitions)
    ends = await consumer.end_offsets(list(partitions))
    left = {p: ends[p] - begins[p] for p in partitions}
    for partition in partitions:
        consumer.seek(partition, begins[partition])
    waiting = {p for p in partitions if left[p] > 0}
    total = sum(left.values())
    if total:
        log.info("restoring %d offsets of %s for lanes %s", total, topic, sorted(lanes))
    counts = dict.fromkeys(partitions, 0)
    began = told = logged = time.monotonic()
    fetcher = consumer._fetcher
    while waiting:
        for fetched in drain(consumer):
            partition = fetched.partition
            partitions[partition].load_many(fetched.records)
            counts[partition] += len(fetched.records)
            left[partition] = max(0, ends[partition] - fetched.end)
            if fetched.end >= ends[partition]:
                waiting.discard(partition)
                consumer.pause(partition)
        now = time.monotonic()
        if now - told > PROGRESS_S or not waiting:
            told = now
            for partition, count in counts.items():
                progress(partition.partition, count, left[partition])
        if now - logged > LOG_S:
            logged = now
            _log_progress(sum(counts.values()), total, sum(left.values()), now - began)
        if waiting:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(fetcher._create_fetch_waiter(), 0.5)
    return sum(counts.values())


async def _end_hanging(
    consumer: Any, options: StageOptions, states: Mapping[TopicPartition, Restorable]
) -> None:
    """Make sure that nothing of these lanes is undecided, in their state or elsewhere.

    Raises:
        KafkaError: a state partition stays undecided: its end is not to be trusted.
    """
    cluster = await Cluster.look(consumer._client)
    stuck = await cluster.stuck(cluster.partitions(options.prefix))
    if stuck:
        # Most often somebody else's long transaction; in our own state nobody else writes.
        log.log(
            logging.WARNING if stuck & states.keys() else logging.INFO,
            "%d partitions hold records that nobody has decided on, for example %s; lanes %s "
            "end whatever is theirs",
            len(stuck),
            min(stuck),
            sorted(p.partition for p in states),
        )
        await asyncio.gather(*(lane.end_hanging(stuck | {tp}) for tp, lane in states.items()))
    for _ in range(MARKER_ATTEMPTS):
        left = await cluster.undecided(states)
        if not left:
            return
        await asyncio.sleep(MARKER_WAIT_S)  # the markers are on their way
    raise KafkaError(f"undecided records in {sorted(left)}")


def _log_progress(read: int, total: int, left: int, seconds: float) -> None:
    rate = (total - left) / seconds if seconds else 0.0
    log.info(
        "restored %d entries, %.0f %% of the changelog, %.0f offsets a second, about %.0f s left",
        read,
        100 * (total - left) / max(1, total),
        rate,
        left / rate if rate else float("inf"),
    )
