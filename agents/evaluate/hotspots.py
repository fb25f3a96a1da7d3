"""How well hotspots are found: simulated cities, clusters put in, one false alarm in 100 days."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import numpy as np

from agents.evaluate.bootstrap import of_mean
from agents.evaluate.cell_scan import CellScan
from agents.evaluate.report import Evaluation, Goal, Plan, Table
from agents.evaluate.simulated_city import SIDE_KM, City, Points, sub_centres
from streams.warning.hotspots.detector import Hotspots

PER_DAY = 200
LEARN_DAYS = 100
QUIET_DAYS = 300
RECURRENCE_DAYS = 100.0
RUNS = 45
"""Clusters of each kind in each city."""

NEAR_KM = 1.5
"""An alert belongs to a cluster if their centres are at most so far apart."""


_ABOUT_CELLS = (
    "The cell scan is expectation-based over 1,600 cells, 6 radii and 5 windows, once a day, with "
    "its threshold from a Gumbel fit to its quiet days; it is computed here. The last two columns "
    "are figures on record for other cities of the same size, whose clusters begin with a day."
)


class Cluster(NamedTuple):
    """What is put into a city: so many events more, for so long, evenly over a disc."""

    extra: int
    days: int
    radius_km: float


CLUSTERS = (Cluster(12, 3, 0.75), Cluster(16, 3, 0.75), Cluster(24, 5, 1.5))
ANCHORS = {CLUSTERS[0]: (0.42, 0.45), CLUSTERS[1]: (0.71, 0.77), CLUSTERS[2]: (0.48, 0.52)}
GOALS = {CLUSTERS[0]: 0.50, CLUSTERS[1]: 0.80}


class _Kind(NamedTuple):
    """Cities of one kind: how many centres, and how wide."""

    name: str
    centres: int
    spread_km: tuple[float, float]


KINDS = (
    _Kind("fifteen narrow centres", 15, (0.5, 2.0)),
    _Kind("eight broad centres", 8, (1.5, 3.5)),
)
_NARROW = (
    "In the middle of a narrow centre twenty events in three days are usual: twelve more hardly "
    "show there. The cell scan finds on these events less than on record, in broad centres more "
    "nearly as much."
)


def evaluate(plan: Plan) -> Evaluation:
    """Detection of clusters by our scan and by a scan over fixed cells, on the same events."""
    tables: list[Table] = []
    goals: list[Goal] = []
    for kind in KINDS:
        table, quiet, reached = _measured(plan, kind)
        tables += (table, quiet)
        goals += reached
    return Evaluation(
        title="Hotspots",
        about=(
            f"Two simulated cities of each kind, of 20 × 20 km with {PER_DAY} events a day, with "
            "30 % and 50 % of the events anywhere, weekday rhythm and day levels that "
            f"spread by 15 %. The scan learns for {LEARN_DAYS} days; each cluster begins at any "
            "time of a day around a point drawn as events are. It is found if an alert comes "
            f"while it lasts, with a centre at most {NEAR_KM:g} km from its own."
        ),
        tables=tuple(tables),
        goals=tuple(goals),
    )


def _measured(plan: Plan, kind: _Kind) -> tuple[Table, Table, list[Goal]]:
    """Clusters found, alerts without one, and the goals, in cities of one kind."""
    hits: dict[Cluster, list[float]] = {cluster: [] for cluster in CLUSTERS}
    delays: dict[Cluster, list[float]] = {cluster: [] for cluster in CLUSTERS}
    by_cells: dict[Cluster, list[float]] = {cluster: [] for cluster in CLUSTERS}
    alarms: list[float] = []
    quiet = plan.times(QUIET_DAYS, 20)
    for name, city in _cities(plan.seed, kind):
        plan.tell(f"hotspots: {kind.name}, {name}")
        chance = np.random.default_rng((plan.seed, len(name)))
        times, places = city.days(LEARN_DAYS, PER_DAY, chance)
        scan = Hotspots(LEARN_DAYS, RECURRENCE_DAYS)
        _feed(scan, times, places)
        cells = CellScan(places)
        later, there = city.days(quiet, PER_DAY, chance)
        cells.set_threshold(later, there, RECURRENCE_DAYS)
        told = [
            day
            for day, _, _ in _feed(deepcopy(scan), LEARN_DAYS + later, there)
            if day >= LEARN_DAYS
        ]
        alarms += [
            sum(LEARN_DAYS + d <= day < LEARN_DAYS + d + 1 for day in told) for d in range(quiet)
        ]
        for cluster in CLUSTERS:
            for _ in range(plan.times(RUNS)):
                starts = 7 + float(chance.random())
                times, places, centre = _with_cluster(city, cluster, starts, chance)
                inside = times < starts + cluster.days
                found = [
                    day - LEARN_DAYS - starts
                    for day, x, y in _feed(
                        deepcopy(scan), LEARN_DAYS + times[inside], places[inside]
                    )
                    if day - LEARN_DAYS >= starts and np.hypot(*(centre - (x, y))) <= NEAR_KM
                ]
                hits[cluster].append(bool(found))
                delays[cluster] += found[:1]
                seen = cells.alarms(times, places, int(starts), int(starts) + cluster.days + 1)
                by_cells[cluster].append(
                    any(np.hypot(*(centre - point)) <= NEAR_KM for point in seen)
                )
    rows = tuple(
        (
            f"{cluster.extra} more in {cluster.days} days within {cluster.radius_km:g} km",
            of_mean(hits[cluster], plan.seed, ".2f"),
            of_mean(delays[cluster], plan.seed, ".1f"),
            of_mean(by_cells[cluster], plan.seed, ".2f"),
            *ANCHORS[cluster],
        )
        for cluster in CLUSTERS
    )
    rate = of_mean([RECURRENCE_DAYS * n for n in alarms], plan.seed, ".2f")
    table = Table(
        f"Clusters found at one false alarm in 100 days: {kind.name}",
        (
            "cluster",
            "found",
            "days until told",
            "cells of 0.5 km, same events",
            "published permutation scan",
            "published cell scan",
        ),
        rows,
        (_ABOUT_CELLS, _NARROW) if kind is KINDS[0] else (),
    )
    goals = [
        Goal(
            f"{kind.name}, {cluster.extra} more in {cluster.days} days, share found",
            of_mean(hits[cluster], plan.seed, ".2f"),
            goal,
            f"cell scan on the same events {np.mean(by_cells[cluster]):.2f}, "
            f"published {ANCHORS[cluster][1]:.2f}",
        )
        for cluster, goal in GOALS.items()
    ]
    goals.append(Goal(f"{kind.name}, alerts in 100 quiet days", rate, 1.0, at_most=True))
    quiet_days = Table(
        f"Quiet days: {kind.name}",
        ("days", "alerts in 100 days"),
        ((len(alarms), rate),),
    )
    return table, quiet_days, goals


def _cities(seed: int, kind: _Kind) -> list[tuple[str, City]]:
    many, spread_km = kind.centres, kind.spread_km
    return [
        ("many centres", sub_centres(2 * seed, many, 0.3, 0.15, spread_km)),
        ("half anywhere", sub_centres(2 * seed + 1, many, 0.5, 0.15, spread_km)),
    ]


def _feed(scan: Hotspots, times: Points, places: Points) -> list[tuple[float, float, float]]:
    """The alerts: day and centre."""
    told = []
    for day, (x_km, y_km) in zip(times.tolist(), places.tolist(), strict=True):
        found = scan.observe(day, x_km, y_km)
        if found is not None:
            told.append((day, found.x_km, found.y_km))
    return told


def _with_cluster(
    city: City, cluster: Cluster, starts: float, chance: np.random.Generator
) -> tuple[Points, Points, Points]:
    """Days of the city with one cluster in them: times, points and the cluster's centre."""
    times, places = city.days(8 + cluster.days, PER_DAY, chance)
    centre = city.places(1, chance)[0]
    angle = chance.uniform(0, 2 * np.pi, cluster.extra)
    away = cluster.radius_km * np.sqrt(chance.random(cluster.extra))
    around = np.column_stack((away * np.cos(angle), away * np.sin(angle)))
    more = np.clip(centre + around, 0, SIDE_KM)
    when = starts + cluster.days * chance.random(cluster.extra)
    times, places = np.concatenate((times, when)), np.concatenate((places, more))
    order = np.argsort(times, kind="stable")
    return times[order], places[order], centre
