"""How well hotspots are found: simulated cities, clusters put in, one false alarm in 100 days."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import numpy as np

from agents.evaluate.bootstrap import of_mean, of_ratio
from agents.evaluate.cell_scan import CellScan
from agents.evaluate.known_density import KnownDensity
from agents.evaluate.report import Cell, Evaluation, Goal, Plan, Table
from agents.evaluate.simulated_city import SIDE_KM, City, Points, sub_centres
from streams.warning.hotspots.detector import Hotspots

PER_DAY = 200
LEARN_DAYS = 100
QUIET_DAYS = 300
RECURRENCE_DAYS = 100.0
CITIES = 4
"""Of each kind; how hard a city is differs more between cities than between clusters."""

RUNS = 22
"""Clusters of each form in each city."""

EVERY_DAYS = 12
LONG_RUNS = 20
"""In the long file there is a cluster in so many days, and so many in each city."""

NEAR_KM = 1.5
"""An alert belongs to a cluster if their centres are at most so far apart."""


_ABOUT_CELLS = (
    "The cell scan is expectation-based over 1,600 cells, 6 radii and 5 windows, once a day, with "
    "its threshold from a Gumbel fit to its quiet days; it is computed here. The last two columns "
    "are figures on record for other cities of the same size, whose clusters begin with a day. "
    "With the true density stands what our scan would find if it knew where the city's events "
    "happen, and the cluster's radius, length and strength: hardly any scan can find more at "
    "this bar."
)


class Cluster(NamedTuple):
    """What is put into a city: so many events more, for so long, evenly over a disc."""

    extra: int
    days: int
    radius_km: float

    def __str__(self) -> str:
        return f"{self.extra} more in {self.days} days within {self.radius_km:g} km"


CLUSTERS = (Cluster(12, 3, 0.75), Cluster(16, 3, 0.75), Cluster(24, 5, 1.5))
ANCHORS = {CLUSTERS[0]: (0.42, 0.45), CLUSTERS[1]: (0.71, 0.77), CLUSTERS[2]: (0.48, 0.52)}
GOALS = {CLUSTERS[0]: 0.50, CLUSTERS[1]: 0.80}
WIDE_GOAL = {CLUSTERS[2]: 0.55}
"""For the cities that are like those on record alone."""


class _Kind(NamedTuple):
    """Cities of one kind.

    Attributes:
        centres, spread_km: how many, and how wide.
        anywhere: shares of the events that happen anywhere, for one city after another.
        from_midnight: whether clusters begin with a day.
        note: what must be known to read its figures.
    """

    name: str
    centres: int
    spread_km: tuple[float, float]
    anywhere: tuple[float, ...]
    from_midnight: bool
    note: str


KINDS = (
    _Kind(
        "like those on record",
        20,
        (1.5, 3.0),
        (0.5,),
        True,
        "Twenty centres, half of the events anywhere, clusters that begin with a day: in such "
        "cities the cell scan finds about as much as on record.",
    ),
    _Kind(
        "fifteen narrow centres",
        15,
        (0.5, 2.0),
        (0.3, 0.5),
        False,
        "In the middle of a narrow centre twenty events in three days are usual: twelve more "
        "hardly show there, whoever looks. Clusters begin at any time of a day.",
    ),
    _Kind(
        "eight broad centres",
        8,
        (1.5, 3.5),
        (0.3, 0.5),
        False,
        "Clusters begin at any time of a day.",
    ),
)


class _Seen(NamedTuple):
    """What became of one cluster: days until it was told, and whether the others saw it."""

    after: float | None
    by_cells: bool
    at_most: bool


def evaluate(plan: Plan) -> Evaluation:
    """Detection of clusters by our scan and by a scan over fixed cells, on the same events."""
    tables: list[Table] = []
    goals: list[Goal] = []
    rows: list[tuple[Cell, ...]] = []
    for kind in KINDS:
        found = _measured(plan, kind)
        tables.append(found.table)
        rows.append(found.quiet)
        goals += found.goals
    tables.append(
        Table(
            "Quiet days, and long files",
            (
                "cities",
                "quiet days",
                "alerts in 100 of them",
                "clusters in long files",
                "found",
                "other alerts in 100 days",
            ),
            tuple(rows),
            (
                (
                    f"A long file goes on after learning with a cluster of {CLUSTERS[1]} every "
                    f"{EVERY_DAYS} days: what the scan has found must not hide what comes next. "
                    "An alert counts as another one if it is near no cluster that goes on or ended "
                    "within a week."
                ),
            ),
        )
    )
    return Evaluation(
        title="Hotspots",
        about=(
            f"{plan.times(CITIES, 2)} simulated cities of each kind, of 20 × 20 km with {PER_DAY} "
            "events a day, with weekday rhythm and day levels that "
            f"spread by 15 %. The scan learns for {LEARN_DAYS} days; each cluster lies "
            "around a point drawn as events are. It is found if an alert comes "
            f"while it lasts, with a centre at most {NEAR_KM:g} km from its own."
        ),
        tables=tuple(tables),
        goals=tuple(goals),
    )


class _Measured(NamedTuple):
    """Of one kind of city: its table, its row of quiet days and long files, and its goals."""

    table: Table
    quiet: tuple[Cell, ...]
    goals: list[Goal]


def _measured(plan: Plan, kind: _Kind) -> _Measured:
    """Clusters found, alerts without one, and the goals, in cities of one kind."""
    seen: dict[Cluster, list[_Seen]] = {cluster: [] for cluster in CLUSTERS}
    alarms: list[float] = []
    long: list[tuple[list[bool], float, int]] = []
    for number, city in enumerate(_cities(plan, kind)):
        plan.tell(f"hotspots: {kind.name}, city {number + 1}")
        chance = np.random.default_rng((plan.seed, KINDS.index(kind), number))
        times, places = city.days(LEARN_DAYS, PER_DAY, chance)
        scan = Hotspots(LEARN_DAYS, RECURRENCE_DAYS)
        _feed(scan, times, places)
        cells = CellScan(places)
        alarms += _quiet(plan, city, scan, cells, chance)
        for cluster in CLUSTERS:
            known = KnownDensity(city, cluster.radius_km, cluster.days, cluster.extra)
            for _ in range(plan.times(RUNS, 2)):
                starts = 7 + (0.0 if kind.from_midnight else float(chance.random()))
                seen[cluster].append(
                    _one(city, cluster, starts, deepcopy(scan), cells, known, chance)
                )
        long.append(_long_file(plan, city, deepcopy(scan), kind, chance))
    seed = plan.seed
    figures = {
        cluster: of_mean([one.after is not None for one in seen[cluster]], seed, ".2f")
        for cluster in CLUSTERS
    }
    rows = tuple(
        (
            str(cluster),
            figures[cluster],
            of_mean([one.after for one in seen[cluster] if one.after is not None], seed, ".1f"),
            of_mean([one.at_most for one in seen[cluster]], seed, ".2f"),
            of_mean([one.by_cells for one in seen[cluster]], seed, ".2f"),
            *ANCHORS[cluster],
        )
        for cluster in CLUSTERS
    )
    rate = of_mean([RECURRENCE_DAYS * n for n in alarms], seed, ".2f")
    hits = [hit for found, _, _ in long for hit in found]
    others = of_ratio([100 * n for _, n, _ in long], [days for *_, days in long], seed, ".2f")
    table = Table(
        f"Clusters found at one false alarm in 100 days: {kind.name}",
        (
            "cluster",
            "found",
            "days until told",
            "true density and form known",
            "cells of 0.5 km, same events",
            "published permutation scan",
            "published cell scan",
        ),
        rows,
        (_ABOUT_CELLS, kind.note) if kind is KINDS[0] else (kind.note,),
    )
    goals = [
        Goal(
            f"{kind.name}, {cluster.extra} more in {cluster.days} days, share found",
            figures[cluster],
            goal,
            f"cell scan on the same events {np.mean([one.by_cells for one in seen[cluster]]):.2f}, "
            f"published {ANCHORS[cluster][1]:.2f}",
        )
        for cluster, goal in (GOALS | (WIDE_GOAL if kind is KINDS[0] else {})).items()
    ]
    goals.append(Goal(f"{kind.name}, alerts in 100 quiet days", rate, 1.0, at_most=True))
    in_long = of_mean(hits, seed, ".2f")
    if kind is KINDS[0]:
        goals.append(Goal("one cluster of 16 in twelve days, share found", in_long, 0.80))
    return _Measured(table, (kind.name, len(alarms), rate, len(hits), in_long, others), goals)


def _quiet(
    plan: Plan, city: City, scan: Hotspots, cells: CellScan, chance: np.random.Generator
) -> list[float]:
    """Alerts of each quiet day; the cell scan's threshold is set on the same days."""
    quiet = plan.times(QUIET_DAYS, 20)
    later, there = city.days(quiet, PER_DAY, chance)
    cells.set_threshold(later, there, RECURRENCE_DAYS)
    told = [day - LEARN_DAYS for day, _, _ in _feed(deepcopy(scan), LEARN_DAYS + later, there)]
    return [sum(d <= day < d + 1 for day in told) for d in range(quiet)]


def _one(
    city: City,
    cluster: Cluster,
    starts: float,
    scan: Hotspots,
    cells: CellScan,
    known: KnownDensity,
    chance: np.random.Generator,
) -> _Seen:
    """One cluster in one city, as the three scans see it."""
    times, places, centre = _with_cluster(city, cluster, starts, chance)
    inside = times < starts + cluster.days
    found = [
        day - LEARN_DAYS - starts
        for day, x, y in _feed(scan, LEARN_DAYS + times[inside], places[inside])
        if day - LEARN_DAYS >= starts and np.hypot(*(centre - (x, y))) <= NEAR_KM
    ]
    ends = int(np.ceil(starts + cluster.days))
    by_cells = cells.alarms(times, places, int(starts), ends)
    at_most = known.alarms(times[inside], places[inside], starts, RECURRENCE_DAYS)
    return _Seen(
        found[0] if found else None,
        any(np.hypot(*(centre - point)) <= NEAR_KM for point in by_cells),
        any(np.hypot(*(centre - point)) <= NEAR_KM for point in at_most),
    )


def _long_file(
    plan: Plan, city: City, scan: Hotspots, kind: _Kind, chance: np.random.Generator
) -> tuple[list[bool], float, int]:
    """Clusters one after another: which are found, alerts near none, and days."""
    cluster = CLUSTERS[1]
    many = plan.times(LONG_RUNS, 3)
    days = EVERY_DAYS * (many + 1)
    times, places = city.days(days, PER_DAY, chance)
    put: list[tuple[float, Points]] = []
    for n in range(many):
        starts = EVERY_DAYS * (n + 0.5) + (0.0 if kind.from_midnight else float(chance.random()))
        when, more, centre = _events_of(city, cluster, starts, chance)
        times, places = np.concatenate((times, when)), np.concatenate((places, more))
        put.append((starts, centre))
    order = np.argsort(times, kind="stable")
    told = _feed(scan, LEARN_DAYS + times[order], places[order])
    alerts = [(day - LEARN_DAYS, np.array((x, y))) for day, x, y in told]
    hits = [
        any(
            starts <= day < starts + cluster.days and np.hypot(*(at - centre)) <= NEAR_KM
            for day, at in alerts
        )
        for starts, centre in put
    ]
    others = sum(
        not any(
            starts <= day < starts + cluster.days + 7 and np.hypot(*(at - centre)) <= 2 * NEAR_KM
            for starts, centre in put
        )
        for day, at in alerts
    )
    return hits, others, days


def _cities(plan: Plan, kind: _Kind) -> list[City]:
    """Cities of one kind, others for each seed."""
    return [
        sub_centres(
            CITIES * plan.seed + n,
            kind.centres,
            kind.anywhere[n % len(kind.anywhere)],
            0.15,
            kind.spread_km,
        )
        for n in range(plan.times(CITIES, 2))
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
    when, more, centre = _events_of(city, cluster, starts, chance)
    times, places = np.concatenate((times, when)), np.concatenate((places, more))
    order = np.argsort(times, kind="stable")
    return times[order], places[order], centre


def _events_of(
    city: City, cluster: Cluster, starts: float, chance: np.random.Generator
) -> tuple[Points, Points, Points]:
    """A cluster's own events: times, points, and its centre."""
    centre = city.places(1, chance)[0]
    angle = chance.uniform(0, 2 * np.pi, cluster.extra)
    away = cluster.radius_km * np.sqrt(chance.random(cluster.extra))
    around = np.column_stack((away * np.cos(angle), away * np.sin(angle)))
    when = starts + cluster.days * chance.random(cluster.extra)
    return when, np.clip(centre + around, 0, SIDE_KM), centre
