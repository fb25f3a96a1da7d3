"""What measures have spared, held against made-up places whose truth is known."""

from __future__ import annotations

from collections import defaultdict
from math import exp
from random import Random
from typing import NamedTuple

import pytest

from schemas.score import Spared, Treated
from streams.warning.cures import KindCourse, spared

FIRST = 736
"""A Monday of the year 2."""


def alone(before: int, after: int, *, early: bool = False) -> Treated:
    """A place that was found on the first Monday and treated four weeks later."""
    measured = FIRST + (3 if early else 28)
    days = [FIRST + 1 + n % 27 for n in range(before)] + [FIRST + 29 + n % 27 for n in range(after)]
    return Treated(problem_id="p", kind="k", since=FIRST, measured=measured, cases=days)


def course(before: int, after: int, weeks: int = 8) -> KindCourse:
    """So many cases of the kind in each week of the first month, and of the second."""
    firsts = range(FIRST, FIRST + 7 * weeks, 7)
    of_kind = {first: before if first < FIRST + 28 else after for first in firsts}
    return KindCourse({"k": of_kind}, FIRST, FIRST + 7 * weeks)


def test_without_peers_a_place_is_held_against_its_kind_elsewhere() -> None:
    found = spared([alone(12, 3)], [], course(53, 53), 14)
    assert found.value == pytest.approx(9.0, abs=0.8)
    assert found.observed == 3
    assert found.low is not None
    assert found.high is not None
    assert found.low < 9 < found.high


def test_a_fall_that_happened_everywhere_is_no_success() -> None:
    found = spared([alone(12, 6)], [], course(53, 26), 14)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


def test_nobody_judges_too_soon_or_without_anything_to_hold_it_against() -> None:
    young = KindCourse(course(53, 53).weeks, FIRST, FIRST + 34)
    assert spared([alone(12, 0)], [], young, 14).value is None
    assert spared([alone(12, 3)], [], course(2, 1), 14).value is None
    assert spared([alone(12, 3, early=True)], [], course(53, 53), 14).value is None


def test_a_week_that_still_runs_counts_for_the_days_that_it_has() -> None:
    running = KindCourse({"k": {FIRST: 70, FIRST + 7: 30}}, FIRST, FIRST + 10)
    assert running.between("k", FIRST, FIRST + 7) == 70
    assert running.between("k", FIRST + 7, FIRST + 10) == 30
    late = KindCourse({"k": {FIRST: 40}}, FIRST + 3, FIRST + 7)
    assert late.between("k", FIRST + 3, FIRST + 5) == 20


def test_what_is_not_watched_any_more_is_not_counted_as_spared() -> None:
    ended = alone(12, 0).model_copy(update={"until": FIRST + 44})
    found = spared([ended], [], course(53, 53), 14)
    still = spared([alone(12, 0)], [], course(53, 53), 14)
    assert found.expected == pytest.approx(still.expected * 15 / 27, rel=0.05)


class World(NamedTuple):
    """What the scoreboard is told of a made-up city, and what was really spared."""

    found: Spared
    truth: int


def poisson(rng: Random, mean: float) -> int:
    number, product, least = 0, rng.random(), exp(-mean)
    while product > least:
        number, product = number + 1, product * rng.random()
    return number


def live(seed: int, removes: float, *, waits: tuple[int, int], season: float) -> World:
    """Places of unequal rates; half of them have a trouble that ends by itself.

    Three cases within thirty days make a problem, as in a real city; a third of them are
    treated, by lot, so many days later.
    """
    rng, days = Random(seed), 160
    weeks: dict[int, int] = defaultdict(int)
    treated: list[Treated] = []
    untreated: list[Treated] = []
    truth = 0
    for place in range(180):
        ends = rng.random() < 0.5
        until = rng.randrange(20, days) if ends else days
        begins = max(0, until - rng.randrange(8, 40)) if ends else 0
        rate = rng.gammavariate(0.7, 0.09)
        found, founding, measured, lot = 0, 0, 0, False
        cases: list[int] = []
        for day in range(begins, until):
            now = rate * (1 - season * (day > days / 2))
            for chance in [rng.random() for _ in range(poisson(rng, now))]:
                if measured and day > measured and chance < removes:
                    truth += 1
                    continue
                cases.append(FIRST + day)
                weeks[FIRST + day - day % 7] += 1
            if not found and sum(case > FIRST + day - 30 for case in cases) >= 3:
                found, founding = day, len(cases)
                lot, due = rng.random() < 0.35, day + rng.randint(*waits)
            if lot and not measured and found and day >= due and day < days - 20:
                measured = day
        if found:
            problem = Treated(
                problem_id=str(place),
                kind="k",
                since=FIRST + found,
                founding=founding,
                measured=FIRST + measured if measured else 0,
                cases=cases[-200:],
            )
            (treated if measured else untreated).append(problem)
    for day in range(days):
        weeks[FIRST + day - day % 7] += poisson(rng, 8 * (1 - season * (day > days / 2)))
    return World(
        spared(treated, untreated, KindCourse({"k": weeks}, FIRST, FIRST + days), 14), truth
    )


@pytest.mark.parametrize("removes", [0.0, 0.7])
@pytest.mark.parametrize(("waits", "season"), [((1, 5), 0.0), ((16, 30), 0.0), ((1, 20), 0.4)])
def test_the_interval_holds_the_truth_though_troubles_end_by_themselves(
    removes: float, waits: tuple[int, int], season: float
) -> None:
    worlds = [live(seed, removes, waits=waits, season=season) for seed in range(30)]
    held = 0
    for found, truth in worlds:
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert held >= 22, "of thirty 90 % intervals"
    truth = sum(world.truth for world in worlds)
    told = sum(world.found.value or 0.0 for world in worlds)
    expected = sum(world.found.expected for world in worlds)
    assert abs(told - truth) < 0.2 * expected, "over many cities the error is small"
