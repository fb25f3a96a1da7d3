"""C. Gas beside a pipe: the district owns it at once, the city when half the limit is reached."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.city import SimulatedCity
from agents.simulate.stories.script import Story

LEAK = "200403"

# Percent of the lower explosive limit at minutes after the first alarm.
PROBE = (
    *((0, 27.0), (2, 29.0), (5, 34.0), (8, 41.0), (12, 53.0), (20, 58.0), (30, 47.0)),
    *((45, 28.0), (60, 16.0), (75, 8.0), (90, 4.0), (106, 2.0), (116, 1.5)),
)
NEIGHBOUR = (
    *((0, 6.0), (10, 18.0), (14, 31.0), (24, 36.0), (36, 27.0), (50, 14.0)),
    *((66, 6.0), (82, 3.0), (97, 2.0), (112, 1.5)),
)


def gas(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """A probe speaks, a neighbour smells it, a second probe confirms; then three clean readings."""
    story = Story("gas", begins)
    spot = city.spot(rng)
    probe = story.device("1", "gas_pipe_probe", "lel", "%", spot)
    neighbour = story.device("2", "gas_pipe_probe", "lel", "%", spot.beside(60, 20))
    story.measures(probe, PROBE)
    story.measures(neighbour, NEIGHBOUR)
    call = story.calls(3, "1", LEAK, spot.beside(25), "楼下有很浓的燃气味", danger_to_life=True)
    story.unit_says(4, call, "accepted", "gas", "抢修队出发")
    story.unit_says(22, call, "information", "gas", "已到场，关阀疏散")
    story.unit_says(80, call, "resolved", "gas", "破损管段已更换")
    story.called_back(180, "1", solved=True)
    story.unit_says(200, call, "closed", "gas")
    return story
