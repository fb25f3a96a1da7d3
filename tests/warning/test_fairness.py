"""Who is heard: reporting rates from duplicates, unreported shares, areas that fall silent."""

from __future__ import annotations

from math import exp
from random import Random

import pytest

from streams.warning.fairness import Heard, heard, poisson_limits, rate, silence, unreported


def poisson(rng: Random, mean: float) -> int:
    """A count by multiplying uniform numbers (Knuth)."""
    limit, number, product = exp(-mean), 0, rng.random()
    while product > limit:
        number += 1
        product *= rng.random()
    return number


def area(again: int, hours: float, kind: str = "k") -> dict[str, dict[str, int]]:
    return {kind: {"again": again, "watched_min": round(60 * hours)}}


def test_an_area_that_reports_less_readily_is_found_however_many_cases_it_has() -> None:
    found = heard({"quiet": area(20, 600), "loud": area(100, 1_000), "third": area(80, 800)})
    told = rate(found["quiet"])
    assert told.value == pytest.approx(20 / (600 * 200 / 2_400), abs=0.001)
    assert told.high is not None
    assert told.high < 1
    # Twice the cases at the same readiness: the same rate.
    more = heard({"quiet": area(40, 1_200), "loud": area(100, 1_000), "third": area(80, 800)})
    assert rate(more["quiet"]).value == pytest.approx(0.5, abs=0.15)


def test_kinds_that_everybody_sees_do_not_make_an_area_loud() -> None:
    areas = {
        "a": {**area(90, 100, "seen"), **area(1, 100, "hidden")},
        "b": {**area(9, 10, "seen"), **area(10, 1_000, "hidden")},
    }
    for each in heard(areas).values():
        assert rate(each).value == pytest.approx(1.0, abs=0.01)


def test_too_few_further_reports_say_nothing() -> None:
    assert rate(heard({"a": area(1, 10), "b": area(1, 10)})["a"]).value is None
    assert unreported(Heard(again=1, watched_min=6_000, cases=10)).value is None


@pytest.mark.parametrize("open_h", [1.0, 24.0])
def test_the_unreported_share_is_found_again_however_quickly_cases_are_closed(
    open_h: float,
) -> None:
    inside, per_day = 0, 1.2
    for seed in range(40):
        rng = Random(f"{open_h}/{seed}")
        lengths = [rng.expovariate(1 / open_h) for _ in range(600)]
        again = sum(poisson(rng, per_day * hours / 24) for hours in lengths)
        told = unreported(Heard(again=again, watched_min=round(60 * sum(lengths)), cases=600))
        assert told.low is not None
        assert told.high is not None
        inside += told.low <= exp(-per_day) <= told.high
    assert inside >= 31, "nine in ten, give or take"


def test_limits_of_a_count() -> None:
    low, high = poisson_limits(10)
    assert low == pytest.approx(5.43, abs=0.05)
    assert high == pytest.approx(16.96, abs=0.05)
    assert poisson_limits(0)[0] == 0.0


def week(rng: Random, mean: float, days: int) -> list[int]:
    """Reports of each day, fewer at the weekend."""
    return [poisson(rng, mean * (0.8 if day % 7 > 4 else 1.1)) for day in range(days)]


def test_an_area_that_falls_silent_is_found_within_three_days() -> None:
    rng = Random(1)
    own, others = week(rng, 8, 40), week(rng, 200, 40)
    for day in range(37, 40):
        own[day] = 0
    found = silence(own, others, 8, 3)
    assert found is not None
    assert found.p < 1e-4
    assert found.expected > found.observed == 0


@pytest.mark.parametrize(("a_day", "within"), [(15, 3), (8, 4), (5, 5), (3, 9), (2, 14)])
def test_the_quieter_an_area_was_the_later_its_silence_is_seen(a_day: float, within: int) -> None:
    """Twenty areas at a desk, at the probability of the shipped policy."""
    seen = 0
    for seed in range(20):
        rng = Random(seed)
        own, others = week(rng, a_day, 63), week(rng, 19 * a_day, 63 + within)
        found = silence(own + [0] * within, others, 8, 3)
        seen += found is not None and found.p * 20 < 0.002
    assert seen >= 17


def test_what_all_areas_share_is_no_silence() -> None:
    rng = Random(2)
    own, others = week(rng, 8, 40), week(rng, 200, 40)
    for day in range(37, 40):
        own[day] //= 4
        others[day] //= 4
    found = silence(own, others, 8, 3)
    assert found is None or found.p > 0.05


def test_a_short_past_says_nothing() -> None:
    assert silence([8] * 20, [200] * 20, 8, 3) is None


def test_steady_areas_are_rarely_called_silent() -> None:
    rng = Random(3)
    called = judged = 0
    for _ in range(60):
        own, others = week(rng, 6, 80), week(rng, 150, 80)
        for day in range(50, 80):
            found = silence(own[:day], others[:day], 8, 3)
            judged += 1
            called += found is not None and found.p < 0.01
    assert called <= 0.015 * judged
