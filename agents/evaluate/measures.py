"""Whether the scoreboard knows what measures have spared: a city that cures, and its truth.

A made-up district lives for months through all tiers. Some of its problems get a measure,
drawn by lot, which really keeps a share of the matters away; others end by themselves. What
stays away is counted one by one, so the scoreboard's estimate and interval have a truth.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import timedelta
from itertools import takewhile
from typing import NamedTuple

from agents import policy_files
from agents.backtest.run import run
from agents.evaluate.report import Cell, Evaluation, Figure, Goal, Plan, Table
from agents.replay.feed import Entry, microseconds
from agents.simulate.api import ORIGIN
from agents.simulate.city import SimulatedCity
from agents.simulate.governance import Governance, Habits
from agents.simulate.people import People
from agents.simulate.troubles import Troubles
from agents.simulate.weather import Rain, Sky
from schemas.score import ScoreEvent, Spared
from streams.policy import Policy
from streams.topics import SCOREBOARD, Topic
from streams.warning.scoreboard import share

DAYS = 84
SEEDS = 6
TREATS = 0.35
WAITS = {"within days": (1.0, 6.0), "after three weeks": (16.0, 30.0)}
REMOVES = (0.0, 0.4, 0.8)
_LEAST_AFTER = 20
_BATCH = 300


def quiet(policy: Policy) -> Policy:
    """The policy without the detectors that no measure depends on: a tenth of the time."""
    without = dict.fromkeys(("surge", "hotspots", "chains", "repeats", "deadline_risk", "spread"))
    summaries = policy.summaries.model_copy(update={"interim_s": 86_400.0})
    triggers = policy.triggers.model_copy(update=without)
    return policy.model_copy(update={"triggers": triggers, "summaries": summaries})


def smallest_district(policy: Policy) -> str:
    """The district with the fewest people among those with streets."""
    with_streets = [each.code for each in policy.areas.districts if each.streets]
    return min(with_streets, key=lambda code: policy.areas.population(code) or 0)


class Found(NamedTuple):
    """What the city's last word was, and what was true."""

    spared: Spared
    truth: int
    measures: int


def live(
    policy: Policy, seed: int, days: int, habits: Habits, within: str, *, troubled: bool = True
) -> Found:
    """Let a district live and cure, and read the city's scoreboard at the end.

    Args:
        days: from a Monday on; the last day is not complete.
        within: the district. troubled: whether it has troubles that end by themselves.
    """
    begins = ORIGIN.replace(hour=0, minute=0)
    ends = begins + timedelta(days=days)
    city = SimulatedCity(policy, seed, within)
    dry = Rain(ends + timedelta(days=1), timedelta(hours=1), 0.0, "blue", frozenset())
    people = People(city, Sky(city, seed, dry, alone=True), seed, begins)
    governance = Governance(people, seed, habits)
    last: dict[str, Spared] = {}

    def hear(topic: Topic, key: str, value: bytes) -> None:
        governance.hear(topic, key, value)
        if topic is SCOREBOARD and key.startswith(f"{city.code}/"):
            last[city.code] = ScoreEvent.model_validate_json(value).data.spared

    def entries() -> Iterator[Entry]:
        troubles = Troubles(city, seed, begins).entries() if troubled else iter(())
        both = heapq.merge(people.entries(), troubles, key=lambda entry: entry.at)
        end = microseconds(ends)
        return governance.governed(takewhile(lambda entry: entry.at < end, both))

    run(policy, entries(), microseconds(ends), listener=hear, batch=_BATCH)
    today = ends.astimezone(policy.tz).toordinal()
    return Found(last[city.code], governance.spared(today), governance.measures)


def evaluate(plan: Plan) -> Evaluation:
    """Estimates beside the truth, and how often the interval holds it."""
    policy = quiet(policy_files.load())
    district = smallest_district(policy)
    rows: list[tuple[Cell, ...]] = []
    held: list[bool] = []
    none: list[bool] = []
    for name, waits in WAITS.items():
        for removes in REMOVES:
            found: list[Found] = []
            for number in range(plan.times(SEEDS)):
                plan.tell(f"measures: {name}, removes {removes:.0%}, city {number + 1}")
                until = ORIGIN + timedelta(days=DAYS - _LEAST_AFTER)
                habits = Habits(TREATS, waits, removes, until)
                found.append(live(policy, 100 * plan.seed + number, DAYS, habits, district))
            right = [_holds(each.spared, each.truth) for each in found]
            held += right
            if not removes:
                none += right
            number = len(found)
            rows.append(
                (
                    name,
                    f"{removes:.0%}",
                    round(sum(each.spared.problems for each in found) / number, 1),
                    round(sum(each.truth for each in found) / number, 1),
                    round(sum(each.spared.value or 0.0 for each in found) / number, 1),
                    round(sum(_width(each.spared) for each in found) / number, 1),
                    f"{sum(right)} of {number}",
                )
            )
    return Evaluation(
        title="What measures have spared",
        about=(
            f"A made-up district of {DAYS} days through all tiers; {TREATS:.0%} of its problems "
            "get a measure, drawn by lot. The truth is counted matter by matter."
        ),
        tables=(
            Table(
                "Cases spared in one city, mean over cities",
                (
                    "measure",
                    "keeps away",
                    "problems judged",
                    "truth",
                    "estimate",
                    "width of the interval",
                    "interval holds the truth",
                ),
                tuple(rows),
            ),
        ),
        goals=(
            _goal("share of 90 % intervals that hold the truth", held),
            _goal("the same where measures change nothing", none),
        ),
    )


def _holds(spared: Spared, truth: int) -> bool:
    return spared.low is not None and spared.high is not None and spared.low <= truth <= spared.high


def _width(spared: Spared) -> float:
    return 0.0 if spared.low is None or spared.high is None else spared.high - spared.low


def _goal(name: str, right: list[bool]) -> Goal:
    found = share(sum(right), len(right))
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    return Goal(name, Figure(found.value, found.low, found.high, ".2f"), 0.8)
