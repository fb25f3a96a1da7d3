"""The scoreboard: what came before what, what is due to chance, and what cannot be known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.warning.scoreboard import (
    WEEK_MIN,
    at_place,
    by_chance,
    covered,
    effect,
    hold_against,
    judge,
    line,
    quantile_min,
    share,
)

minutes = st.lists(st.integers(0, WEEK_MIN - 1), max_size=40)


def test_a_share_of_too_few_is_unknown_and_never_all() -> None:
    assert share(3, 3, told_from=10).value is None
    assert share(0, 0).value is None
    sure = share(10, 10, told_from=10)
    assert sure.value == 1.0
    assert sure.low is not None
    assert sure.low < 0.8, "ten of ten is not certain"


def test_the_interval_is_wilsons() -> None:
    found = share(30, 100)
    assert found.low == pytest.approx(0.2306, abs=1e-3)
    assert found.high == pytest.approx(0.3799, abs=1e-3)


@pytest.mark.parametrize(
    ("reported", "warned", "lead"),
    [
        (100, [50], 50),
        (100, [100], None),  # at the same minute is not before
        (100, [150], None),
        (2_000, [100], None),  # more than a day before
        (1_540, [100], 1_440),
        (100, [20, 60], 80),  # the earliest that reaches it
        (100, [-700], 800),  # last week's warning, still lit
    ],
)
def test_a_report_is_warned_of_by_what_was_lit_within_a_day_before(
    reported: int, warned: list[int], lead: int | None
) -> None:
    leads, others = hold_against([reported], warned, 1_440)
    assert leads == ([] if lead is None else [lead])
    assert others == ([reported] if lead is None else [])


@given(minutes, minutes)
def test_every_report_is_either_warned_of_or_left_to_the_desk_above(
    reported: list[int], warned: list[int]
) -> None:
    judged = judge({"k": {"reported": len(reported)}}, {"k": reported}, {"k": warned}, 1_440)
    told = judged.rows["k"].get("preceded", 0)
    assert told + len(judged.unforeseen.get("k", [])) == len(reported)
    again = judge(
        {"k": {"reported": len(reported)}}, {"k": reported[::-1]}, {"k": warned[::-1]}, 1_440
    )
    assert again == judged, "the order in which things came changes nothing"


def test_warnings_at_random_reach_the_share_of_the_week_that_they_cover() -> None:
    assert covered([0, 720], 1_440) == pytest.approx(2_160 / WEEK_MIN)
    assert covered([-1_000], 1_440) == pytest.approx(440 / WEEK_MIN)
    assert covered(range(0, WEEK_MIN, 600), 1_440) == 1.0
    always = judge(
        {"k": {"reported": 3}}, {"k": [50, 500, 5_000]}, {"k": list(range(0, WEEK_MIN, 600))}, 1_440
    )
    told = line(always.rows["k"], "street", 1)
    assert told.preceded.value == 1.0
    assert told.preceded_by_chance == 1.0, "whoever always warns foresees nothing"


def test_chance_is_what_reports_at_random_times_after_the_first_warning_would_reach() -> None:
    day = 1_440
    mornings = [n * day + 540 for n in range(7)]
    # Lit for two days of the week that remains after it.
    told = by_chance(mornings, [480, day + 480], day)
    assert told == pytest.approx(7 * 2 * day / (WEEK_MIN - 480))
    # What caused a warning came before it, and is no proof against it.
    assert by_chance([100, 200, 300], [300], day) == 0.0
    assert by_chance([100, 200, 300, 900], [300], day) == pytest.approx(day / (WEEK_MIN - 300))
    assert by_chance([100, 200], [50], day, 1_000) == pytest.approx(2.0)


def test_a_warning_about_a_place_is_held_against_reports_there_alone() -> None:
    here, there = at_place("k", "P-1"), at_place("k", "P-2")
    unforeseen = {"k": [300], here: [100, 200], there: [250]}
    judged = judge({"k": {"reported": 4}}, unforeseen, {here: [150]}, 1_440)
    assert judged.rows["k"]["preceded"] == 1
    assert judged.unforeseen == {"k": [100, 250, 300]}, "the desk above knows kinds alone"
    of_all = judge({"k": {"reported": 4}}, unforeseen, {here: [150], "k": [240]}, 1_440)
    assert of_all.rows["k"]["preceded"] == 3


def test_precision_goes_by_answers_and_says_what_nobody_answered() -> None:
    counts = {"warnings": 40, "confirmed": 12, "false": 3, "no_finding": 5, "duplicate": 4}
    told = line(counts, "city", 10)
    assert told.precision.value == 0.6
    assert told.precision.n == 20
    assert told.unanswered == 16
    silent = line({"warnings": 40}, "city", 10)
    assert silent.precision.value is None
    assert silent.unanswered == 40


def test_what_left_a_tier_was_not_settled_below() -> None:
    counts = {"closed": 30, "low": 30, "lifted_from_street": 10}
    assert line(counts, "street", 10).settled_low.value == 0.75
    assert line(counts, "city", 10).settled_low.value == 1.0


def test_quantiles_of_leads() -> None:
    assert quantile_min({}, 0.5) is None
    assert quantile_min({"t24": 9, "t40": 1}, 0.5) == pytest.approx(2 ** (23.5 / 4), rel=0.01)
    assert quantile_min({"t24": 9, "t40": 2}, 0.9) == pytest.approx(2 ** (39.5 / 4), rel=0.01)


def test_a_measure_is_told_as_a_ratio_of_rates_with_what_it_may_be() -> None:
    found = effect([100, 105, 110, 115, 120, 125, 140], 100, 130, 160)
    assert found is not None
    assert (found.before, found.after, found.before_days, found.after_days) == (6, 1, 30, 30)
    assert found.ratio == pytest.approx(1 / 6, rel=0.01)
    assert found.low < 0.1
    assert 0.5 < found.high < 1.0
    assert effect([100], 100, 130, 130) is None, "on the day of the measure"
    nothing = effect([131, 132], 100, 130, 160)
    assert nothing is not None
    assert nothing.ratio is None
