"""Counts add up over units, areas and days, and the rates that follow from them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.summaries.periods import begin_of, day_after, day_of, first_day, next_moment
from streams.summaries.tally import add, bucket_of, median_hours, minus, rates, time_counter, totals

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOSTON = ZoneInfo("America/New_York")

rows = st.dictionaries(
    st.sampled_from("abc"),
    st.dictionaries(st.sampled_from(("opened", "closed", "t7")), st.integers(1, 9), min_size=1),
)


@given(rows, rows)
def test_what_is_added_can_be_taken_away_again(
    one: dict[str, dict[str, int]], other: dict[str, dict[str, int]]
) -> None:
    both = totals(one, [other])
    assert minus(both, other) == one
    assert minus(both, both) == {}
    again = totals({}, [other])
    add(again, one)
    assert again == both


@given(st.lists(st.floats(0.1, 2_000_000), min_size=1, max_size=60))
def test_the_median_of_the_buckets_is_near_the_true_one(minutes: list[float]) -> None:
    counts: dict[str, int] = {}
    for each in minutes:
        counts[time_counter(each)] = counts.get(time_counter(each), 0) + 1
    ordered = sorted(minutes)
    middle = ordered[(len(ordered) - 1) // 2]
    found = median_hours(counts)
    assert found is not None
    assert found * 60 == pytest.approx(max(middle, 0.5), rel=0.1, abs=0.6)


def test_buckets_rise_with_time_and_end() -> None:
    found = [bucket_of(minutes) for minutes in (0, 0.5, 1, 1.5, 2, 60, 1e9, 1e12)]
    assert found == [0, 0, 1, 3, 5, 24, 96, 96]


def test_the_three_rates_and_what_has_nothing_to_divide_by() -> None:
    counts = {
        "dispatched": 10,
        "contacts": 9,
        "contacted": 8,
        "answered": 5,
        "solved": 4,
        "satisfied": 3,
    }
    assert rates(counts, "street") == {"response": 0.8, "solution": 0.8, "satisfaction": 0.6}
    assert rates({"dispatched": 10}, "street") == {}, "nobody was called: that is not 0 %"


def test_what_left_the_area_upwards_was_not_settled_low() -> None:
    counts = {"closed": 8, "on_time": 6, "settled_low": 6, "lifted_from_street": 4}
    assert rates(counts, "street")["settled_low"] == 0.5
    assert rates(counts, "district")["settled_low"] == 0.75
    assert rates({**counts, "exempt": 2}, "district")["on_time"] == 1.0


def test_a_case_lifted_for_being_late_is_late_for_those_who_lost_it() -> None:
    counts = {"closed": 6, "on_time": 6, "lifted_from_street": 4, "late_from_street": 2}
    assert rates(counts, "street")["on_time"] == 0.75
    assert rates(counts, "district")["on_time"] == 1.0


@pytest.mark.parametrize(
    ("period", "day", "first", "after"),
    [
        ("week", "2026-03-01", "2026-02-23", "2026-03-02"),
        ("week", "2026-03-02", "2026-03-02", "2026-03-09"),
        ("month", "2026-12-31", "2026-12-01", "2027-01-01"),
        ("season", "2026-03-31", "2026-01-01", "2026-04-01"),
        ("season", "2026-12-01", "2026-10-01", "2027-01-01"),
    ],
)
def test_periods_begin_and_end_as_the_calendar_has_them(
    period: str, day: str, first: str, after: str
) -> None:
    found = first_day(period, date.fromisoformat(day).toordinal())
    assert date.fromordinal(found).isoformat() == first
    end = day_after(period, found)  # type: ignore[arg-type]
    assert date.fromordinal(end).isoformat() == after


def test_a_day_is_the_citys_own_also_when_its_clocks_change() -> None:
    late = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    assert day_of(late, SHANGHAI) == date(2026, 3, 2).toordinal()
    spring = date(2026, 3, 8).toordinal()
    length = begin_of(spring + 1, BOSTON) - begin_of(spring, BOSTON)
    assert length.total_seconds() == 23 * 3_600
    assert next_moment(late, 600, SHANGHAI) == datetime(2026, 3, 1, 16, 40, tzinfo=UTC)
    assert next_moment(late, None, SHANGHAI) == datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
