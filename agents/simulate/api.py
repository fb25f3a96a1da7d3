"""The made-up city as a source of events: what happens, from a moment and a seed on."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal
from zoneinfo import ZoneInfo

from agents import policy_files
from agents.broker import bootstrap_servers
from agents.replay.feed import Entry, Feed, microseconds, moment_of
from agents.replay.pour import Fed, Progress, pour, pour_live
from agents.runtime.clock import Clock
from agents.settings import Settings
from agents.simulate.city import SimulatedCity
from agents.simulate.devices import Fleet
from agents.simulate.people import People
from agents.simulate.storm import Storm
from agents.simulate.troubles import Troubles
from agents.simulate.weather import Rain, Sky
from agents.stories import CLOUDBURST_AFTER, Story, stories
from schemas.errors import ConfigurationError
from streams.policy import Policy

DEFAULT_SPEED = 240.0
"""Four minutes of the city's life in a second: in the first minute cases close, too."""

DEFAULT_SEED = 7

ORIGIN = datetime(2026, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
"""When the made-up city's life begins: a Monday morning of the rainy season."""


Day = Literal["stories", "normal", "storm"]
"""What kind of days a simulation has: the scripted ones in turn with chance rains; nothing
out of the ordinary; or nothing but one rainstorm."""

DAYS: tuple[Day, ...] = ("stories", "normal", "storm")

STORM_AFTER = timedelta(minutes=150)
"""When the storm breaks if nobody says when: the stages are up, its first signal is heard."""

_NEVER = datetime(2999, 1, 1, tzinfo=ZoneInfo("UTC"))


class Simulation:
    """A made-up city from a moment on; everything in it follows from the seed.

    Args:
        policy: whose areas, kinds and units are used.
        begins: the first moment, event time.
        day: what kind of days it has.
        storm_at: when the storm breaks; None: soon after the beginning.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        seed: int,
        begins: datetime,
        day: Day = "stories",
        storm_at: datetime | None = None,
    ) -> None:
        self.begins = begins.astimezone(policy.tz)
        self.city = SimulatedCity(policy, seed)
        self.stories: tuple[Story, ...] = ()
        self.storm: Storm | None = None
        rain = Rain(_NEVER, timedelta(hours=1), 0.0, "blue", frozenset())
        if day == "stories":
            self.stories = stories(self.city, seed, self.begins)
            rain = Rain(
                self.begins + CLOUDBURST_AFTER + timedelta(minutes=15),
                timedelta(minutes=150),
                32.0,
                "orange",
                frozenset(self.city.districts[:3]),
            )
        elif day == "storm":
            at = self.begins + STORM_AFTER if storm_at is None else storm_at.astimezone(policy.tz)
            self.storm = Storm(self.city, seed, at)
            rain = self.storm.rain
        self.sky = Sky(self.city, seed, rain, alone=day != "stories")
        self.troubles = Troubles(self.city, seed, self.begins)
        self.people = People(self.city, self.sky, seed, self.begins)
        scripted = [pair for story in self.stories for pair in story.devices]
        if self.storm is not None:
            scripted += self.storm.devices
        self.fleet = Fleet(
            self.city,
            self.sky,
            seed,
            self.begins,
            scripted,
            # The day of the storm has callers of its own.
            None if day == "storm" else self.people,
            leaks=day == "stories",
        )

    def entries(self, hours: float | None = None) -> Iterator[Entry]:
        """All that happens, in the order of its time, for so many hours or for ever."""
        scripted = [entry for story in self.stories for entry in story.entries]
        acts = sorted(scripted, key=lambda entry: entry.at)
        storm = iter(()) if self.storm is None else self.storm.entries(self.people)
        everything = heapq.merge(
            acts,
            storm,
            self.sky.signals(),
            self.people.entries(),
            self.fleet.entries(),
            self.fleet.shifted_covers(),
            self.troubles.entries(),
            key=lambda entry: entry.at,
        )
        if hours is None:
            return everything
        end = microseconds(self.begins + timedelta(hours=hours))
        return takewhile(lambda entry: entry.at < end, everything)


async def feed_city(
    settings: Settings,
    *,
    seed: int = DEFAULT_SEED,
    speed: float | None = DEFAULT_SPEED,
    hours: float | None = None,
    day: Day = "stories",
    progress: Progress,
    stop: asyncio.Event,
) -> Fed:
    """Let a made-up city happen under the settings' prefix, until `hours` have passed or `stop`.

    In wall mode the events keep time with the clock that the workers have (settings:
    speed and the two clock origins). In event mode there is no such clock: the city
    begins at `ORIGIN` and runs at `speed`, None for as fast as it goes.

    Raises:
        ConfigurationError: no broker or topics, another feed under the prefix, or a speed
            that is not the workers'.
    """
    policy = policy_files.load(settings.policy_dir)
    live = settings.time == "wall"
    clock = _clock(settings, speed) if live else None
    begins = ORIGIN if clock is None else clock.simulated_origin
    digest = f"{policy.version}/{seed}/{hours}" + ("" if day == "stories" else f"/{day}")
    feed = Feed(
        settings,
        bootstrap_servers(settings),
        "the simulated city",
        digest,
        live=live,
        origin=microseconds(begins),
    )
    position = await feed.open()
    try:
        # A city that goes on began when its first feed did, not now.
        begins = begins if position.origin is None else moment_of(position.origin)
        entries = Simulation(policy, seed=seed, begins=begins, day=day).entries(hours)
        if clock is not None:
            ends = None if hours is None else begins + timedelta(hours=hours)
            return await pour_live(
                feed, entries, now=clock.now, ends=ends, progress=progress, stop=stop
            )
        return await pour(
            feed, entries, of=None, stops=None, speed=speed, progress=progress, stop=stop
        )
    finally:
        await feed.close()


def _clock(settings: Settings, speed: float | None) -> Clock:
    """The clock that the workers have.

    Raises:
        ConfigurationError: it is not running at `speed`.
    """
    if speed != settings.speed:
        asked = "as fast as it goes" if speed is None else f"{speed:g}"
        raise ConfigurationError(
            f"The city was asked to run at speed {asked}, the workers' clock at "
            f"{settings.speed:g}. Operator action: give workers and simulation the same "
            "CHENGYUN_SPEED, CHENGYUN_CLOCK_REAL_ORIGIN and CHENGYUN_CLOCK_SIMULATED_ORIGIN "
            "(`chengyun up` does), or take time from the events (CHENGYUN_TIME=event).",
            code="speed",
        )
    return Clock.of(settings)
