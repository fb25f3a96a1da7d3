"""Tails and likelihood ratios of counts agree with sums over all outcomes."""

from __future__ import annotations

from math import exp, inf, isfinite, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.warning.counts.distribution import likelihood_ratio, normal_score, upper_tail


def _point(y: int, r: float, mu: float) -> float:
    q = mu / (r + mu)
    return exp(lgamma(y + r) - lgamma(r) - lgamma(y + 1) + r * log(1 - q) + y * log(q))


@pytest.mark.parametrize(
    ("y", "r", "mu"),
    [(0, 2, 0.1), (1, 0.3, 0.05), (3, 2, 1.0), (12, 5, 20.0), (40, 50, 22.0), (9, 1, 0.5)],
)
def test_small_counts_have_the_exact_tail(y: int, r: float, mu: float) -> None:
    at_least, above = upper_tail(y, r, mu)
    points = [_point(k, r, mu) for k in range(3_000)]
    assert at_least == pytest.approx(sum(points[y:]), rel=1e-6)
    assert above == pytest.approx(sum(points[y + 1 :]), rel=1e-6)


@pytest.mark.parametrize(("r", "mu"), [(20, 55.0), (400, 60.0), (6, 30.0)])
@pytest.mark.parametrize("y", [41, 60, 80])
def test_large_counts_have_nearly_the_exact_tail(y: int, r: float, mu: float) -> None:
    exact = sum(_point(k, r, mu) for k in range(y, 3_000))
    assert upper_tail(y, r, mu)[0] == pytest.approx(exact, rel=0.06)


@pytest.mark.parametrize(("r", "mu"), [(0.05, 0.05), (2, 0.3), (30, 4.0), (10, 12.0)])
@pytest.mark.parametrize("shift", [1.0, 2.5])
def test_evidence_of_nothing_has_mean_one(r: float, mu: float, shift: float) -> None:
    mean = sum(_point(y, r, mu) * likelihood_ratio(y, r, mu, shift) for y in range(2_000))
    assert mean == pytest.approx(1.0, rel=1e-3)


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e9), st.floats(1e-6, 1e9), st.floats(0.5, 4.0))
def test_any_count_has_a_tail_and_a_ratio(y: int, r: float, mu: float, shift: float) -> None:
    at_least, above = upper_tail(y, r, mu)
    assert 0.0 <= above <= at_least <= 1.0
    assert isfinite(likelihood_ratio(y, r, mu, shift))


def test_a_burst_says_more_than_a_few() -> None:
    ratios = [likelihood_ratio(y, 0.002, 0.0006, 2.5) for y in (0, 1, 2, 10)]
    assert ratios[0] < 1.0 < ratios[1] < ratios[2]
    assert ratios[3] > 100 * ratios[2]


def test_scores_are_those_of_a_standard_normal() -> None:
    assert normal_score(0.00135) == pytest.approx(3.0, abs=1e-3)
    assert normal_score(0.5) == pytest.approx(0.0)
    assert -inf < normal_score(1.0) < 0.0 < normal_score(0.0) < inf
