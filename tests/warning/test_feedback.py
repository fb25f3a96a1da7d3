"""Answers move a threshold, a little at first and never by more than ten times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.warning.feedback import BOUND, Verdicts


def test_few_answers_move_little() -> None:
    assert Verdicts().factor == 1.0
    assert 1.0 < Verdicts(confirmed=1).factor < 1.5
    assert 0.6 < Verdicts(false=1).factor < 1.0
    assert Verdicts(duplicate=9).factor == 1.0, "a duplicate says nothing about right or wrong"


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_within_bounds_and_in_the_right_direction(
    confirmed: int, false: int, no_finding: int
) -> None:
    verdicts = Verdicts(confirmed, false, no_finding)
    assert 1 / BOUND <= verdicts.factor <= BOUND
    verdicts.count("confirmed")
    assert verdicts.factor >= Verdicts(confirmed, false, no_finding).factor


def test_answers_of_one_kind_move_it_more_than_the_others_and_are_counted_once() -> None:
    all_of_it, own = Verdicts(confirmed=20, false=10), Verdicts(false=10)
    others = all_of_it.without(own)
    assert others == Verdicts(confirmed=20)
    assert own.factor_beside(others.factor) < all_of_it.factor < others.factor
    assert own.factor_beside(Verdicts().factor) == own.factor
