"""The whole city on a real broker, for a script: five workers whose time is that of the events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents import topic_admin
from agents.replay.feed import Entry, Feed, microseconds
from agents.runtime.position import POSITION_KEY, decode_position
from agents.runtime.widths import sizing_of
from agents.settings import Settings, client_options
from agents.stories.heard import LISTENED, Heard
from agents.up.figures import look
from agents.up.plan import STAGES, Plan
from agents.up.supervisor import Budget, GaveUp, Supervisor
from schemas.codec import encode
from schemas.command import Command, CommandEvent, Subject
from schemas.errors import ConfigurationError
from schemas.terms import Actor
from streams.topics import CITY_INBOX, INBOXES, STATES, Sizing

READY_S = 90.0
QUIET_S = 60.0
PAUSE_S = 0.01
_TICK = b"cn.chengyun.tick.v1"
_UPSTREAM = {"city": "district", "district": "street"}


class OnBroker:
    """The theatre: feeds the entry topics and reads what comes out, until all is quiet.

    Quiet means: no transaction is open anywhere, every lane has come to the end of its
    inbox, the ticks that tell of the watermark have come through, and the city has
    answered a question that was asked behind them.
    """

    def __init__(
        self,
        feed: Feed,
        readers: tuple[AIOKafkaConsumer, AIOKafkaConsumer],
        settings: Settings,
        sizing: Sizing,
        city: str,
    ) -> None:
        self._city = city
        self._asked = 0
        self.heard = Heard()
        self._feed = feed
        self._committed, self._uncommitted = readers
        self._settings = settings
        self._bare = {settings.physical(topic.name): topic.name for topic in LISTENED}
        inboxes = {settings.physical(topic.name): stage for stage, topic in INBOXES.items()}
        self._stage_of = inboxes
        self._state_of = {settings.physical(topic.name): stage for stage, topic in STATES.items()}
        self._seen: dict[TopicPartition, int] = {}
        self._done: dict[TopicPartition, int] = {}
        self._lanes: dict[str, int] = {
            stage: sizing.partitions(INBOXES[stage].width) for stage in STAGES
        }
        self._ticked: dict[tuple[str, int, str], datetime] = {}

    async def advance(
        self, entries: Sequence[Entry], watermark: datetime, *, final: bool = False
    ) -> None:
        """Let these happen and time pass; everything is answered when it returns.

        Raises:
            ConfigurationError: the city did not become quiet in time.
        """
        at = microseconds(watermark)
        await self._feed.write(entries, at, final=final)
        await self._until(lambda: self._told(watermark), watermark)
        # The city tells no tier of the watermark: a question behind it is answered after it.
        self._asked += 1
        question = f"{self._settings.prefix}{self._asked}"
        await self._feed.write([_question(question, self._city, watermark)], at, final=final)
        await self._until(lambda: question in self.heard.replies, watermark)

    async def _until(self, enough: Callable[[], bool], watermark: datetime) -> None:
        deadline = time.monotonic() + QUIET_S
        while not (await self._quiet() and enough()):
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    f"The city was not quiet within {QUIET_S:g} s after {watermark}. Operator "
                    "action: look at the logs of its workers.",
                    code="stuck",
                )
            await asyncio.sleep(PAUSE_S)

    async def _quiet(self) -> bool:
        # With no transaction open, everything is seen that a stage has answered, and with
        # it how far the stage has come: its position is written in the same transaction.
        open_ends = await self._uncommitted.end_offsets(list(self._uncommitted.assignment()))
        ends = await self._committed.end_offsets(list(self._committed.assignment()))
        await self._read(ends)
        if ends != open_ends:
            return False
        return all(self._done.get(lane, 0) > last for lane, last in self._seen.items())

    def _told(self, watermark: datetime) -> bool:
        """Whether every lane below a tier has told every lane of it of the watermark."""
        return all(
            self._ticked.get((stage, lane, f"/{below}/{n}"), _LONG_AGO) >= watermark
            for stage, below in _UPSTREAM.items()
            for lane in range(self._lanes[stage])
            for n in range(self._lanes[below])
        )

    async def _read(self, ends: dict[TopicPartition, int]) -> None:
        reader = self._committed
        while any([await reader.position(lane) < end for lane, end in ends.items()]):
            for lane, records in (await reader.getmany(timeout_ms=50)).items():
                for record in records:
                    self._take(lane, record)

    def _take(self, lane: TopicPartition, record: Any) -> None:
        bare = self._bare.get(lane.topic)
        if bare is not None:
            key = "" if record.key is None else record.key.decode()
            self.heard.take(bare, key, record.value)
            return
        stage = self._state_of.get(lane.topic)
        if stage is not None:
            if record.key == POSITION_KEY and record.value is not None:
                self._place(lane.partition, decode_position(record.value).read)
            return
        if record.value is None or _TICK not in record.value[:400]:
            self._seen[lane] = record.offset
        else:
            # A lane that has heard ticks alone says so with its next commit, not at once.
            event = orjson.loads(record.value)
            reached = datetime.fromisoformat(event["data"]["watermark"])
            self._ticked[self._stage_of[lane.topic], lane.partition, event["source"]] = reached

    def _place(self, partition: int, positions: dict[str, int]) -> None:
        for topic, position in positions.items():
            self._done[TopicPartition(self._settings.physical(topic), partition)] = position


def _question(name: str, city: str, at: datetime) -> Entry:
    """An order about a case that nobody knows: it changes nothing, and is answered."""
    event = CommandEvent(
        id=name,
        source="/operators/stage",
        time=at,
        data=Command(
            command_id=name,
            subject=Subject(kind="incident", id=f"{city}-000000-{name}"),
            action="acknowledge",
            actor=Actor(id="stage", tier="city", area=city),
        ),
    )
    return Entry(CITY_INBOX, city.encode(), encode(event), microseconds(at))


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(slots=True)
class _Notes:
    """A worker that ends is told by the one who waits for it."""

    last: str = ""

    def crashed(self, stage: str, how: tuple[str, str | int], restart: int) -> None:
        """A worker has ended unexpectedly and will be started again."""
        self.last = f"{stage} ended ({how[1]}), restart {restart}"

    def gave_up(self, gone: GaveUp) -> None:
        """A worker has ended too often."""
        self.last = f"{gone.worker} ended too often ({gone.how[1]})"


@asynccontextmanager
async def city_on_broker(
    settings: Settings, bootstrap: str, name: str, begins: datetime, city: str
) -> AsyncIterator[OnBroker]:
    """A city of its own, with topics and workers, for as long as the script is played.

    Args:
        settings: prefix, data directory and the policy; the time must be that of the events.
        name: of what is fed; begins: its first moment.
        city: the code of the city.

    Raises:
        ConfigurationError: a worker does not start, or the broker does not answer.
    """
    client = client_options(settings, bootstrap)
    embedded = settings.embedded
    specs = topic_admin.wanted_topics(settings, embedded=embedded)
    await topic_admin.apply(settings, bootstrap, specs)
    planned = topic_admin.sizing(settings, embedded=embedded)
    sizing = await sizing_of(client, settings.prefix, planned)
    plan = Plan(settings, bootstrap, embedded, sizing, name)
    notes = _Notes()
    supervisor = Supervisor(plan, STAGES, Budget(0, 60.0), notes)
    async with AsyncExitStack() as stack:
        await supervisor.start()
        stack.push_async_callback(supervisor.stop)
        feed = Feed(settings, bootstrap, name, name, origin=microseconds(begins))
        stack.push_async_callback(feed.close)
        await feed.open()
        topics = (*INBOXES.values(), *STATES.values(), *LISTENED)
        names = [settings.physical(topic.name) for topic in topics]
        lanes = [
            TopicPartition(name, n)
            for name, topic in zip(names, topics, strict=True)
            for n in range(sizing.partitions(topic.width))
        ]
        readers = (
            await _reader(stack, client, lanes, "read_committed"),
            await _reader(stack, client, lanes, "read_uncommitted"),
        )
        await _await_ready(plan, supervisor, notes)
        yield OnBroker(feed, readers, settings, sizing, city)


async def _reader(
    stack: AsyncExitStack, client: dict[str, Any], lanes: list[TopicPartition], level: str
) -> AIOKafkaConsumer:
    reader = AIOKafkaConsumer(
        **client,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=level,
        fetch_max_wait_ms=50,
    )
    await reader.start()
    stack.push_async_callback(reader.stop)
    reader.assign(lanes)
    if level == "read_committed":
        await reader.seek_to_beginning(*lanes)
    return reader


async def _await_ready(plan: Plan, supervisor: Supervisor, notes: _Notes) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        figures = [await look(plan.address_file(stage)) for stage in STAGES]
        if all(each is not None and each.ready for each in figures):
            return
        if supervisor.failed.done() or time.monotonic() > deadline:
            raise ConfigurationError(
                f"The workers did not become ready: {notes.last or 'too slow'}. Operator action: "
                f"look at {plan.logs}.",
                code="workers",
            )
        await asyncio.sleep(0.1)
