"""Pouring a recording into the city: at a pace of event time, or as fast as it goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from agents.replay.feed import Entry, Feed, microseconds, moment_of

PER_TRANSACTION = 4_000
"""Events of one transaction at full speed: large enough to be cheap, small enough that the
tiers' watermarks move often and hold little."""

LAST_INSTANT = 1_000
"""Microseconds by which the final tick lies behind the last event: a watermark is exclusive,
and what a tier passes on is dated just after what it was about."""

BEAT_S = 0.2
"""Real seconds between transactions at a given pace."""

LIVE_BEAT_S = 0.1
"""The same in a city that lives by the clock."""


@dataclass(frozen=True, slots=True)
class FedSoFar:
    """Progress of a feed: events written of all, the event time reached, real seconds."""

    events: int
    total: int | None
    event_time: datetime | None
    elapsed_s: float
    resumed_from: int = 0
    done: bool = False

    @property
    def per_second(self) -> float:
        """Events written per real second by this run."""
        return (self.events - self.resumed_from) / self.elapsed_s if self.elapsed_s else 0.0


@dataclass(frozen=True, slots=True)
class Fed:
    """How a feed ended.

    Attributes:
        events: written under the prefix so far, `resumed_from` of them by earlier runs.
        seconds: real time of this run.
        complete: the last tick was final; nothing more will come.
        begins: event time of the first event, where this run knows it.
        last_tick: the watermark of the last tick.
    """

    events: int
    resumed_from: int
    seconds: float
    complete: bool
    begins: datetime | None
    last_tick: datetime | None


Progress = Callable[[FedSoFar], None]


async def pour(
    feed: Feed,
    entries: Iterator[Entry],
    *,
    of: int | None,
    stops: int | None,
    speed: float | None,
    progress: Progress,
    stop: asyncio.Event,
) -> Fed:
    """Write events and ticks until the recording ends or somebody says stop.

    Args:
        feed: opened; events that it has already written are skipped.
        entries: the whole recording in the order of event time.
        of: how many there are, for the progress.
        stops: microseconds; the last tick lets everything up to this instant pass.
            None for a source without an end of its own: its last event decides.
        speed: event seconds per real second; None for as fast as the broker takes it.
        stop: set it, and the feed ends after the running transaction, without a final tick.
    """
    begun = time.monotonic()
    resumed_from = feed.position.written
    _skip(entries, resumed_from)

    def told() -> FedSoFar:
        position = feed.position
        at = moment_of(position.watermark) if position.watermark is not None else None
        elapsed = time.monotonic() - begun
        return FedSoFar(position.written, of, at, elapsed, resumed_from, position.final)

    if not feed.position.final:
        pace = _Pace(feed, entries, stops, progress, told, stop)
        await (pace.at_full_speed() if speed is None else pace.at(speed))
    end = told()
    progress(end)
    origin = feed.position.origin
    return Fed(
        events=end.events,
        resumed_from=resumed_from,
        seconds=end.elapsed_s,
        complete=feed.position.final,
        begins=None if origin is None else moment_of(origin),
        last_tick=end.event_time,
    )


def _skip(entries: Iterator[Entry], count: int) -> None:
    for _ in islice(entries, count):
        continue


async def pour_live(
    feed: Feed,
    entries: Iterator[Entry],
    *,
    now: Callable[[], datetime],
    ends: datetime | None,
    progress: Progress,
    stop: asyncio.Event,
) -> Fed:
    """Write each event when the city's clock shows its time, until `ends` or `stop`.

    Args:
        feed: opened; events that it has already written are skipped.
        now: the clock that the workers have too.
    """
    begun = time.monotonic()
    resumed_from = feed.position.written
    _skip(entries, resumed_from)
    following = next(entries, None)
    first = feed.position.origin
    while not stop.is_set():
        moment = microseconds(now())
        batch: list[Entry] = []
        while following is not None and following.at <= moment and len(batch) < PER_TRANSACTION:
            batch.append(following)
            following = next(entries, None)
        over = following is None and (ends is None or microseconds(ends) <= moment)
        if batch or over:
            await feed.write(batch, moment, final=over)
        told = FedSoFar(
            events=feed.position.written,
            total=None,
            event_time=moment_of(moment),
            elapsed_s=time.monotonic() - begun,
            resumed_from=resumed_from,
            done=over,
        )
        progress(told)
        if over:
            break
        await _sleep_unless(stop, LIVE_BEAT_S if len(batch) < PER_TRANSACTION else 0)
    position = feed.position
    return Fed(
        events=position.written,
        resumed_from=resumed_from,
        seconds=time.monotonic() - begun,
        complete=position.final,
        begins=None if first is None else moment_of(first),
        last_tick=None if position.watermark is None else moment_of(position.watermark),
    )


class _Pace:
    """One run of a feed, with the next event looked at before it is written."""

    def __init__(
        self,
        feed: Feed,
        entries: Iterator[Entry],
        stops: int | None,
        progress: Progress,
        told: Callable[[], FedSoFar],
        stop: asyncio.Event,
    ) -> None:
        self.feed = feed
        self.entries = entries
        self.stops = stops
        self.progress = progress
        self.told = told
        self.stop = stop
        self.last = feed.position.watermark or 0

    async def at_full_speed(self) -> None:
        """Write as much in each transaction as is good for the tiers."""
        following = next(self.entries, None)
        while not self.stop.is_set():
            batch = (
                [] if following is None else [following, *islice(self.entries, PER_TRANSACTION - 1)]
            )
            following = next(self.entries, None) if batch else None
            if following is None:
                await self._finish(batch)
                return
            await self._write(batch, following.at)

    async def at(self, speed: float) -> None:
        """Write each event when its time has come, and a tick at each beat."""
        following = next(self.entries, None)
        if following is None:
            await self._finish([])
            return
        origin, started = max(following.at, self.last), time.monotonic()
        while not self.stop.is_set():
            now = origin + int((time.monotonic() - started) * speed * 1e6)
            batch: list[Entry] = []
            while following is not None and following.at < now and len(batch) < PER_TRANSACTION:
                batch.append(following)
                following = next(self.entries, None)
            if following is None and (self.stops is None or now > self.stops):
                await self._finish(batch)
                return
            watermark = now if following is None else min(now, following.at)
            if batch or watermark > self.last:
                await self._write(batch, watermark)
            await _sleep_unless(self.stop, BEAT_S if len(batch) < PER_TRANSACTION else 0)

    async def _write(self, batch: list[Entry], watermark: int) -> None:
        self.last = max(watermark, self.last)
        await self.feed.write(batch, self.last)
        self.progress(self.told())

    async def _finish(self, batch: list[Entry]) -> None:
        end = batch[-1].at if batch else self.last
        await self.feed.write(batch, max(end, self.stops or 0) + LAST_INSTANT, final=True)


async def _sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
