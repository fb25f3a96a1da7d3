"""A drill: one day of the made-up city, and what each desk was told in it, without Kafka."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from agents.alarm_ledger import Desk, Loads, loads_of, said_of, step_of
from agents.backtest.run import run
from agents.replay.feed import microseconds
from agents.simulate.api import ORIGIN, Day, Simulation
from schemas.alert import AlertEvent
from streams.policy import Policy
from streams.topics import ALERTS, AUDIT, Topic
from streams.warning.alarm_load import Answer, Said

STORM_BREAKS: Final = timedelta(hours=13)
"""After midnight of the day of a storm."""

_ALERT_TOPICS = frozenset(topic.name for topic in ALERTS.values())


def drill(
    policy: Policy,
    day: Day,
    *,
    seed: int,
    days_before: int = 2,
    progress: Callable[[int], None] = lambda events: None,
) -> Loads:
    """Let a day happen through all five stages and measure the load of every desk that was called.

    Args:
        day: ``normal`` or ``storm``.
        days_before: usual days before it, from which the city learns and brings open cases.
        progress: called with the number of events applied so far.
    """
    midnight = ORIGIN.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight + timedelta(days=days_before)
    end = begin + timedelta(days=1)
    city = Simulation(policy, seed=seed, begins=midnight, day=day, storm_at=begin + STORM_BREAKS)
    said: dict[Desk, list[Said]] = defaultdict(list)
    steps: dict[str, list[Answer]] = defaultdict(list)

    def hear(topic: Topic, key: str, value: bytes) -> None:
        if topic.name in _ALERT_TOPICS:
            alert = AlertEvent.model_validate_json(value).data
            said[alert.tier, alert.area].append(said_of(alert))
        elif topic is AUDIT:
            step = step_of(value)
            if step is not None:
                steps[key].append(step)

    hours = (end - midnight) / timedelta(hours=1)
    run(policy, city.entries(hours), microseconds(end), progress, hear)
    found = loads_of(said, steps, begin, end)
    found.desks = [(desk, load) for desk, load in found.desks if load.annunciations]
    return found
