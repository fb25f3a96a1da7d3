"""Five scripted days of the made-up city, one file each, told in minutes after they begin.

A: a missing manhole cover (井盖缺失). B: a cloudburst (暴雨积水). C: a gas leak (燃气泄漏).
D: vendors who come back (占道经营). E: a noisy, overcrowded flat (群租与噪声).

A script says what happens, who orders what, and how everything must then stand. The
made-up city plays its events and orders; `chengyun story run` plays it alone and checks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from agents.simulate.city import SimulatedCity
from agents.stories.cover import cover
from agents.stories.flat import flat
from agents.stories.gas import gas
from agents.stories.rain import rain
from agents.stories.script import Story
from agents.stories.vendors import vendors

CLOUDBURST_AFTER = timedelta(minutes=65)
GAS_AFTER = timedelta(minutes=75)
"""Early, so that whoever has just started the city sees all three tiers at work, but not
before the stages are up: at the default speed they take about an hour of the city's life."""


class Scripted(NamedTuple):
    """One of the five: its letter, its file's name, its title, and when it begins.

    ``after`` is counted from the beginning of the city's life, or from midnight of its
    first day.
    """

    letter: str
    name: str
    title: tuple[str, str]
    write: Callable[[SimulatedCity, Random, datetime], Story]
    after: timedelta
    from_midnight: bool = True

    def story(self, city: SimulatedCity, seed: int, begins: datetime) -> Story:
        """The script, laid out in a city whose life begins at `begins`."""
        start = begins
        if self.from_midnight:
            start = begins.replace(hour=0, minute=0, second=0, microsecond=0)
        return self.write(city, Random(f"{seed}/{self.name}"), start + self.after)


STORIES: tuple[Scripted, ...] = (
    Scripted("A", "cover", ("井盖缺失", "A missing cover"), cover, timedelta(days=1, hours=2)),
    Scripted("B", "rain", ("暴雨积水", "A cloudburst"), rain, CLOUDBURST_AFTER, False),
    Scripted("C", "gas", ("燃气泄漏", "A gas leak"), gas, GAS_AFTER, False),
    Scripted("D", "vendors", ("占道经营", "Vendors who come back"), vendors, timedelta(hours=10)),
    Scripted("E", "flat", ("群租噪声", "A noisy flat"), flat, timedelta(hours=23, minutes=10)),
)
BY_LETTER: dict[str, Scripted] = {each.letter: each for each in STORIES}


def stories(city: SimulatedCity, seed: int, begins: datetime) -> tuple[Story, ...]:
    """All scripted days of a simulation that begins at `begins` (the city's own time)."""
    return tuple(each.story(city, seed, begins) for each in STORIES)


__all__ = ["BY_LETTER", "CLOUDBURST_AFTER", "STORIES", "Scripted", "Story", "stories"]
