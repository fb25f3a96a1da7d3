"""Watermarks: how far the input of a lane is complete, and ticks that say so downstream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson

from schemas.tick import Tick, TickEvent
from streams import topology
from streams.program import Output
from streams.state import Namespace, State, from_microseconds, to_microseconds
from streams.topics import INBOXES, Sizing

FEED = "feed"
"""The stage name under which a replayer or gateway ticks the entry topics."""

RESOLUTION = timedelta(microseconds=1)
KEY = "upstream"


class Progress:
    """What one lane knows of the time of others, and what it has told of its own.

    Attributes:
        heard: watermark of each upstream lane (``intake/3``), microseconds.
        ended: upstream lanes that have sent their final tick.
        told: the watermark last forwarded, microseconds; 0 for none.
        finished: whether the final tick has been forwarded.
    """

    __slots__ = ("ended", "finished", "heard", "told")

    def __init__(
        self, heard: dict[str, int], ended: set[str], told: int = 0, finished: bool = False
    ) -> None:
        self.heard = heard
        self.ended = ended
        self.told = told
        self.finished = finished

    def observe(self, tick: Tick) -> None:
        """Note an upstream lane's tick; one that is older than what is known changes nothing."""
        lane = f"{tick.stage}/{tick.partition}"
        moment = to_microseconds(tick.watermark)
        if moment > self.heard.get(lane, 0):
            self.heard[lane] = moment
        if tick.final:
            self.ended.add(lane)

    def complete_until(self, lanes: tuple[str, ...]) -> datetime | None:
        """The time before which nothing more will come, once every lane has spoken."""
        heard = self.heard
        try:
            return from_microseconds(min(heard[lane] for lane in lanes))
        except KeyError:
            return None


def _encode(progress: Progress) -> bytes:
    return orjson.dumps(
        {
            "heard": progress.heard,
            "ended": sorted(progress.ended),
            "told": progress.told,
            "finished": progress.finished,
        }
    )


def _decode(stored: bytes) -> Progress:
    value = orjson.loads(stored)
    return Progress(value["heard"], set(value["ended"]), value["told"], value["finished"])


PROGRESS: Namespace[Progress] = Namespace(
    name="ticks",
    encode=_encode,
    decode=_decode,
    lifetime="one entry a lane, as long as the lane",
)


def progress_of(state: State) -> Progress:
    """The lane's progress; a new one at the first look."""
    progress = state.get(PROGRESS, KEY)
    return progress if progress is not None else Progress({}, set())


def upstream_lanes(stage: str, sizing: Sizing, *, fed: bool) -> tuple[str, ...]:
    """All lanes whose ticks hold back a stage's time.

    An entry stage has none of its own; where a replayer feeds it (`fed`), the replayer
    is its one upstream lane.
    """
    upstream = topology.upstreams(stage)
    if not upstream:
        return (f"{FEED}/0",) if fed else ()
    return tuple(
        f"{source}/{partition}"
        for source in upstream
        for partition in range(sizing.partitions(source))
    )


class TickForwarder:
    """Makes the ticks that a lane sends to every lane downstream."""

    def __init__(self, stage: str, sizing: Sizing) -> None:
        self.stage = stage
        width = topology.BY_NAME[stage].inbox.width
        self.lanes = sizing.partitions(width)
        self.targets = tuple(
            (INBOXES[target], sizing.partitions(INBOXES[target].width))
            for target in topology.downstreams(stage)
        )

    def ticks(self, partition: int, watermark: datetime, *, final: bool) -> Iterator[Output]:
        """One tick for each lane downstream.

        `watermark` is exclusive: nothing before it will come from this lane.
        """
        watermark = watermark.astimezone(UTC)
        message = TickEvent.model_construct(
            id=f"{self.stage}/{partition}/{to_microseconds(watermark)}{'/final' if final else ''}",
            source=f"/{self.stage}/{partition}",
            time=watermark,
            data=Tick.model_construct(
                stage=self.stage,
                partition=partition,
                of=self.lanes,
                watermark=watermark,
                final=final,
            ),
        )
        for topic, width in self.targets:
            for lane in range(width):
                yield Output(topic, f"{self.stage}/{partition}", message, lane)
