"""Five scripted days of the made-up city, one file each, told in minutes after they begin.

A: a missing manhole cover (井盖缺失). B: a cloudburst (暴雨积水). C: a gas leak (燃气泄漏).
D: vendors who come back (占道经营). E: a noisy, overcrowded flat (群租与噪声).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from agents.simulate.city import SimulatedCity
from agents.simulate.stories.cover import cover
from agents.simulate.stories.flat import flat
from agents.simulate.stories.gas import gas
from agents.simulate.stories.rain import rain
from agents.simulate.stories.script import Story
from agents.simulate.stories.vendors import vendors

CLOUDBURST_AFTER = timedelta(minutes=65)
GAS_AFTER = timedelta(minutes=75)
"""Early, so that whoever has just started the city sees all three tiers at work, but not
before the stages are up: at the default speed they take about an hour of the city's life."""


def stories(city: SimulatedCity, seed: int, begins: datetime) -> tuple[Story, ...]:
    """All scripted days of a simulation that begins at `begins` (the city's own time)."""
    midnight = begins.replace(hour=0, minute=0, second=0, microsecond=0)
    night = midnight + timedelta(days=1, hours=2)
    return (
        cover(city, Random(f"{seed}/cover"), night),
        rain(city, Random(f"{seed}/rain"), begins + CLOUDBURST_AFTER),
        gas(city, Random(f"{seed}/gas"), begins + GAS_AFTER),
        vendors(city, Random(f"{seed}/vendors"), midnight + timedelta(hours=10)),
        flat(city, Random(f"{seed}/flat"), midnight + timedelta(hours=23, minutes=10)),
    )


__all__ = ["CLOUDBURST_AFTER", "Story", "stories"]
