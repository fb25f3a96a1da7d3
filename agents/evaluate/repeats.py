"""How well repeated complaints are told from chance: simulated places, some with a trouble."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.evaluate.bootstrap import of_mean, of_ratio
from agents.evaluate.report import Cell, Evaluation, Figure, Goal, Plan, Table
from streams.warning.repeats import RepeatRules, Repeats

PLACES, STREETS = 50_000, 261
LEARN_DAYS, DAYS = 60, 60
TROUBLES_A_DAY = 10
QUIET_DAYS = 14
"""Further alerts of a place within so many days are one alert, for the rules too."""

RULES = ((2, 7.0), (3, 7.0), (4, 30.0))
LIMITS = (0.01, 0.003, 0.001, 0.0003)


class _Trouble(NamedTuple):
    """A trouble of a place: complaints come at a rate, evenly, from a day to another."""

    place: int
    begins: float
    ends: float


class _Kind(NamedTuple):
    """A kind of city: how unequal places are, and how much a trouble brings."""

    name: str
    unequal: str
    per_day: float
    lasts: float


KINDS = (
    _Kind("lognormal places, troubles of one a day for 7 days", "lognormal", 1.0, 7.0),
    _Kind("Gamma places, troubles of one a day for 7 days", "gamma", 1.0, 7.0),
    _Kind("lognormal places, troubles of one in two days for 14 days", "lognormal", 0.5, 14.0),
)

_Alerts = list[tuple[float, int]]


def evaluate(plan: Plan) -> Evaluation:
    """Alerts a day, precision and recall of the detector and of counting rules."""
    tables: list[Table] = []
    goals: list[Goal] = []
    for number, kind in enumerate(KINDS):
        plan.tell(f"repeats: {kind.name}")
        times, places, streets, troubles = _simulated((plan.seed, number), kind)
        rows: list[tuple[Cell, ...]] = [
            (f"{n} in {days:g} days", *_judged(_by_rule(times, places, n, days), troubles, plan))
            for n, days in RULES
        ]
        repeats = Repeats(max(LIMITS), RepeatRules(quiet_days=0))
        told = []
        for day, place in zip(times.tolist(), places.tolist(), strict=True):
            found = repeats.observe(day, place, int(streets[place]))
            if found is not None:
                told.append((day, place, found.p))
        for limit in LIMITS:
            alerts = _apart([(day, place) for day, place, p in told if p <= limit])
            rows.append((f"p ≤ {limit:g}", *_judged(alerts, troubles, plan)))
        tables.append(
            Table(
                kind.name,
                ("alert at", "alerts a day", "precision", "recall"),
                tuple(rows),
                (_ANCHOR,) if not number else (),
            )
        )
        precision, recall = rows[len(RULES) + 2][2:4]
        assert isinstance(precision, Figure), "the table holds figures there"
        assert isinstance(recall, Figure), "the table holds figures there"
        goals += [
            Goal(f"{kind.name}: precision at p ≤ 0.001", precision, 0.75, "three in 7 days 0.38"),
            Goal(f"{kind.name}: recall at p ≤ 0.001", recall, 0.93, "three in 7 days 0.97"),
        ]
    return Evaluation(
        title="Repeats",
        about=(
            f"{PLACES:,} places in {STREETS} streets, 390 complaints a day, {TROUBLES_A_DAY} "
            f"troubles a day at any place; {LEARN_DAYS} days of history, then {DAYS} days that "
            f"are judged. An alert is right if its place has a trouble at that time; alerts of a "
            f"place within {QUIET_DAYS} days are one."
        ),
        tables=tuple(tables),
        goals=tuple(goals),
    )


_ANCHOR = (
    "On record for such cities: 3 in 7 days 25 alerts a day, precision 0.38, recall 0.97; a "
    "Gamma-Poisson test against the place's own history over windows of 2, 7, 14 and 30 days "
    "13.3, 0.70 and 0.93 at p < 0.001."
)


def _simulated(
    seed: tuple[int, int], kind: _Kind
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], list[_Trouble]]:
    """Complaints (day, place), the street of each place, and the troubles."""
    chance = np.random.default_rng(seed)
    days = LEARN_DAYS + DAYS
    streets = chance.integers(0, STREETS, PLACES)
    rates = (
        chance.gamma(0.25, 1, PLACES)
        if kind.unequal == "gamma"
        else chance.lognormal(0, 1.5, PLACES)
    )
    rates *= chance.lognormal(0, 0.5, STREETS)[streets]
    rates *= (390 - TROUBLES_A_DAY * kind.per_day * kind.lasts) / rates.sum()
    many = chance.poisson(rates * days)
    of = np.repeat(np.arange(PLACES), many)
    when = [chance.random(len(of)) * days]
    where = [of]
    troubles = []
    for _ in range(TROUBLES_A_DAY * days):
        place, begins = int(chance.integers(PLACES)), float(chance.random()) * days
        troubles.append(_Trouble(place, begins, begins + kind.lasts))
        more = chance.poisson(kind.per_day * kind.lasts)
        when.append(begins + chance.random(more) * kind.lasts)
        where.append(np.full(more, place))
    times, places = np.concatenate(when), np.concatenate(where)
    order = np.argsort(times, kind="stable")
    order = order[times[order] < days]
    return times[order], places[order], streets, troubles


def _by_rule(
    times: NDArray[np.float64], places: NDArray[np.int64], many: int, days: float
) -> _Alerts:
    """Alerts of the rule "so many within so many days"."""
    recent: dict[int, list[float]] = defaultdict(list)
    told = []
    for day, place in zip(times.tolist(), places.tolist(), strict=True):
        seen = [one for one in recent[place] if one > day - days]
        seen.append(day)
        recent[place] = seen
        if len(seen) >= many:
            told.append((day, place))
    return _apart(told)


def _apart(told: _Alerts) -> _Alerts:
    """Without alerts of a place within the quiet days after one."""
    last: dict[int, float] = {}
    kept = []
    for day, place in told:
        if day - last.get(place, -QUIET_DAYS) >= QUIET_DAYS:
            last[place] = day
            kept.append((day, place))
    return kept


def _judged(alerts: _Alerts, troubles: list[_Trouble], plan: Plan) -> tuple[Cell, ...]:
    """Alerts a day, precision and recall over the days after learning."""
    at: dict[int, list[int]] = defaultdict(list)
    for number, trouble in enumerate(troubles):
        at[trouble.place].append(number)
    right, found = [], set()
    for day, place in alerts:
        if day < LEARN_DAYS:
            continue
        mine = [n for n in at[place] if troubles[n].begins <= day <= troubles[n].ends]
        right.append(float(bool(mine)))
        found.update(mine)
    judged = [
        n
        for n, trouble in enumerate(troubles)
        if trouble.begins >= LEARN_DAYS and trouble.ends <= LEARN_DAYS + DAYS
    ]
    return (
        round(len(right) / DAYS, 1),
        of_mean(right, plan.seed, ".2f"),
        of_ratio([float(n in found) for n in judged], [1.0] * len(judged), plan.seed, ".2f"),
    )
