"""Putting events into the entry topics: batches and their ticks, each in one transaction.

A feed is what stands before intake and sensing when no citizen does: a replay of history
or a simulated city. Each transaction carries events and one tick for every lane of the
entry topics; the last tick says how many events were written, so a feed that was killed
goes on after the last committed one, and nothing comes twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced, UnknownTopicOrPartitionError

from agents.settings import Settings, client_options
from schemas.codec import encode
from schemas.errors import ConfigurationError
from schemas.tick import Tick, TickEvent
from streams.partitioner import Homes
from streams.topics import INTAKE_REPORTS, SENSING_READINGS, Topic

TICKED: tuple[Topic, ...] = (INTAKE_REPORTS, SENSING_READINGS)
POSITION_HEADER = "chengyun-feed"
_BATCH_BYTES = 900_000  # below the 1 MiB that the entry topics take
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FENCED = (
    "Another feed has taken over under this prefix. Operator action: let one feed run, "
    "or give this one a prefix of its own."
)


class Entry(NamedTuple):
    """One event, ready for its topic: encoded, keyed and placed in time.

    ``at`` is its event time in microseconds since the epoch.
    """

    topic: Topic
    key: bytes
    value: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Position:
    """How far a feed has come: events written, the watermark told, whether it has ended.

    ``origin`` is the event time at which its source began, for sources that begin now.
    """

    written: int = 0
    watermark: int | None = None
    final: bool = False
    origin: int | None = None


def microseconds(moment: datetime) -> int:
    """Event time as microseconds since the epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(at: int) -> datetime:
    """The instant, in UTC, of microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=at)


def tick(watermark: int, *, final: bool) -> bytes:
    """The encoded promise of a feed: nothing before ``watermark`` will come any more."""
    moment = moment_of(watermark)
    return encode(
        TickEvent(
            id=f"feed/0/{watermark}{'/final' if final else ''}",
            source="/feed/0",
            time=moment,
            data=Tick(stage="feed", partition=0, of=1, watermark=moment, final=final),
        )
    )


class Feed:
    """The one writer of a prefix's entry topics, fenced against an earlier one.

    Args:
        settings: prefix and connection.
        bootstrap: servers of the embedded broker, when no cluster is named.
        name: what is fed (``boston311``); with ``digest`` it says whether a restart
            continues the same events under the same policy.
        digest: of the input, its options and the policy.
        live: the workers run by the clock on the wall and need no ticks; one to a single
            lane still keeps the position.
        origin: event time at which the source begins, microseconds; kept by the first feed.
    """

    def __init__(
        self,
        settings: Settings,
        bootstrap: str | None,
        name: str,
        digest: str,
        *,
        live: bool = False,
        origin: int | None = None,
    ) -> None:
        self._settings = settings
        self._options = client_options(settings, bootstrap)
        self._name = name
        self._digest = digest
        self._homes: dict[str, Homes] = {}
        self._producer: AIOKafkaProducer | None = None
        self._live = live
        self.position = Position(origin=origin)

    async def open(self) -> Position:
        """Become the one feed of this prefix and find where the last one stopped.

        Raises:
            ConfigurationError: the topics are missing, or the prefix holds another feed.
        """
        producer = AIOKafkaProducer(
            **self._options,
            transactional_id=self._settings.physical("chengyun-feed"),
            transaction_timeout_ms=max(self._settings.transaction_timeout_ms, 30_000),
            acks="all",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=8 << 20,
            client_id="chengyun-feed",
        )
        await producer.start()
        self._producer = producer
        try:
            self.position = await self._last_position()
        except BaseException:
            await self.close()
            raise
        return self.position

    async def close(self) -> None:
        """Let go of the connection; an open transaction is abandoned, as if it never was."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def write(
        self, entries: Sequence[Entry], watermark: int, *, final: bool = False
    ) -> Position:
        """Commit events, and after them a tick to every entry lane, all or nothing.

        Args:
            entries: in the order in which each lane shall see them.
            watermark: microseconds, exclusive: every event before it has been written.
            final: nothing will follow.

        Raises:
            ConfigurationError: another feed has taken over this prefix.
        """
        if self._producer is None:
            raise RuntimeError("the feed is not open")
        after = replace(
            self.position,
            written=self.position.written + len(entries),
            watermark=watermark,
            final=final,
        )
        try:
            await self._commit(self._producer, entries, after)
        except ProducerFenced as error:
            raise ConfigurationError(_FENCED, code="fenced") from error
        self.position = after
        return after

    async def _commit(
        self, producer: AIOKafkaProducer, entries: Sequence[Entry], after: Position
    ) -> None:
        pages = await self._pages(producer, entries, after)
        await producer.begin_transaction()
        try:
            # A commit succeeds although a batch failed, so each batch is awaited first.
            delivered = [
                await producer.send_batch(page, self._settings.physical(name), partition=lane)
                for (name, lane), batches in pages.by_lane.items()
                for page in batches
            ]
            await asyncio.gather(*delivered)
            await producer.commit_transaction()
        except ProducerFenced:
            raise
        except BaseException:
            await _abandon(producer)
            raise

    async def _pages(
        self, producer: AIOKafkaProducer, entries: Sequence[Entry], after: Position
    ) -> _Pages:
        assert after.watermark is not None
        pages = _Pages(producer)
        for topic, key, value, _ in entries:
            name = topic.name
            homes = self._homes[name] if name in self._homes else await self._lanes_of(topic)
            pages.append((name, homes[key]), key, value)
        promise = tick(after.watermark, final=after.final)
        headers = [(POSITION_HEADER, self._header(after))]
        for topic in TICKED:
            for lane in range(self._homes[topic.name].partitions):
                # Without a key: a lane sends on what is keyed for another one.
                pages.append((topic.name, lane), None, promise, headers)
                if self._live:
                    return pages
        return pages

    def _header(self, position: Position) -> bytes:
        return orjson.dumps(
            {
                "feed": self._name,
                "digest": self._digest,
                "written": position.written,
                "watermark": position.watermark,
                "final": position.final,
                "origin": position.origin,
            }
        )

    async def _lanes_of(self, topic: Topic) -> Homes:
        assert self._producer is not None
        physical = self._settings.physical(topic.name)
        try:
            lanes = await self._producer.partitions_for(physical)
        except UnknownTopicOrPartitionError:
            lanes = set()
        if not lanes:
            raise ConfigurationError(
                f"The topic {physical} does not exist. Operator action: run "
                "`chengyun topics apply` with the same prefix.",
                code="missing_topic",
            )
        homes = self._homes[topic.name] = Homes(len(lanes))
        return homes

    async def _last_position(self) -> Position:
        for topic in TICKED:
            await self._lanes_of(topic)
        header = await self._last_header(
            TopicPartition(self._settings.physical(INTAKE_REPORTS.name), 0)
        )
        if header is None:
            return self.position
        told = orjson.loads(header)
        if (told["feed"], told["digest"]) != (self._name, self._digest):
            raise ConfigurationError(
                f"The prefix {self._settings.prefix!r} already holds a feed of {told['feed']} "
                f"(other input, options or policy). Operator action: choose another prefix; "
                "a feed only continues what it began.",
                code="other_feed",
            )
        return Position(told["written"], told["watermark"], told["final"], told["origin"])

    async def _last_header(self, lane: TopicPartition) -> bytes | None:
        """The position in the newest committed tick of a lane, or None in a fresh one.

        Others may have written reports behind it, so the search widens backwards.
        """
        consumer = AIOKafkaConsumer(
            **self._options,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            client_id="chengyun-feed-position",
        )
        await consumer.start()
        try:
            consumer.assign([lane])
            begin = (await consumer.beginning_offsets([lane]))[lane]
            end = (await consumer.end_offsets([lane]))[lane]
            window = 256
            until = end
            while until > begin:
                since = max(begin, until - window)
                found = await _newest(consumer, lane, since, until)
                if found is not None:
                    return found
                until, window = since, window * 8
            return None
        finally:
            await consumer.stop()


class _Pages:
    """Whole record batches for each lane, in the order in which they were appended."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._new = producer.create_batch
        self.by_lane: dict[tuple[str, int], list[Any]] = {}

    def append(
        self,
        lane: tuple[str, int],
        key: bytes | None,
        value: bytes,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        batches = self.by_lane.get(lane)
        if batches is None:
            batches = self.by_lane[lane] = [self._new()]
        if batches[-1].append(key=key, value=value, timestamp=None, headers=headers) is None:
            batches.append(self._new())
            if batches[-1].append(key=key, value=value, timestamp=None, headers=headers) is None:
                raise ConfigurationError(
                    f"An event of {len(value)} bytes for {lane[0]} is larger than a batch may be.",
                    code="oversized",
                )


async def _newest(
    consumer: AIOKafkaConsumer, lane: TopicPartition, since: int, until: int
) -> bytes | None:
    consumer.seek(lane, since)
    found: bytes | None = None
    while await consumer.position(lane) < until:
        answer = await consumer.getmany(lane, timeout_ms=500)
        for record in answer.get(lane, ()):
            if record.offset < until:
                for name, value in record.headers:
                    if name == POSITION_HEADER:
                        found = value
        if not answer:  # nothing but markers was left up to the end
            break
    return found


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Abort what is open; when even that fails the broker's time-out or the next feed does it."""
    try:
        await asyncio.wait_for(producer.abort_transaction(), 5)
    except (KafkaError, TimeoutError) as error:
        raise ConfigurationError(
            f"A transaction of the feed could not be aborted ({error}); start the feed again, "
            "it continues after the last committed events.",
            code="abort",
        ) from error
