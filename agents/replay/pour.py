"""Pouring a recording into the city: at a pace of event time, or as fast as it goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from agents.replay.feed import Entry, Feed, moment_of

PER_TRANSACTION = 4_000
"""Events of one transaction at full speed: large enough to be cheap, small enough that the
tiers' watermarks move often and hold little."""

BEAT_S = 0.2
"""Real seconds between transactions at a given pace."""


@dataclass(frozen=True, slots=True)
class FedSoFar:
    """Progress of a feed: events written of all, the event time reached, real seconds."""

    written: int
    of: int | None
    at: datetime | None
    elapsed_s: float
    resumed_from: int = 0

    @property
    def per_second(self) -> float:
        """Events written per real second by this run."""
        return (self.written - self.resumed_from) / self.elapsed_s if self.elapsed_s else 0.0


@dataclass(frozen=True, slots=True)
class Fed:
    """How a feed ended; ``complete`` when its last tick was final."""

    written: int
    resumed_from: int
    elapsed_s: float
    complete: bool
    at: datetime | None


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
        return FedSoFar(position.written, of, at, time.monotonic() - begun, resumed_from)

    if not feed.position.final:
        pace = _Pace(feed, entries, stops, progress, told, stop)
        await (pace.at_full_speed() if speed is None else pace.at(speed))
    end = told()
    progress(end)
    return Fed(end.written, resumed_from, end.elapsed_s, feed.position.final, end.at)


def _skip(entries: Iterator[Entry], count: int) -> None:
    for _ in islice(entries, count):
        continue


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
        # The watermark is exclusive: one microsecond later, so that the last instant counts.
        await self.feed.write(batch, max(end, self.stops or 0) + 1, final=True)


async def _sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
