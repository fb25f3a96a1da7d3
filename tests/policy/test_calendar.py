"""Limits become moments as an officer with a calendar on the desk would work them out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.policy import Calendar, Limit

SHANGHAI = Calendar.model_validate(
    {
        "zone": "Asia/Shanghai",
        "office_hours": [["09:00", "12:00"], ["13:00", "17:00"]],
        "holidays": ["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"],
        "workdays": ["2026-10-10"],
        "announced_until": 2026,
    }
)
BOSTON = Calendar.model_validate(
    {"zone": "America/New_York", "office_hours": [["08:30", "17:00"]], "holidays": ["2015-07-03"]}
)
ROUND_THE_CLOCK = Calendar.model_validate(
    {
        "zone": "America/New_York",
        "office_hours": [["00:30", "04:00"], ["22:00", "23:30"]],
        "weekend": [],
    }
)
CALENDARS = (SHANGHAI, BOSTON, ROUND_THE_CLOCK)
CLOCKS = ("urgent_hour", "work_hour", "work_day", "natural_day", "minute")


def local(calendar: Calendar, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(calendar.zone))


# (start, limit, end) in Shanghai; 2026-03-06 is a Friday.
SHANGHAI_EXAMPLES = [
    ("2026-03-05 23:30", "2 urgent_hour", "2026-03-06 01:30"),
    ("2026-03-07 02:00", "2 urgent_hour", "2026-03-07 04:00"),
    ("2026-03-05 10:00", "30 minute", "2026-03-05 10:30"),
    ("2026-03-05 10:00", "2 work_hour", "2026-03-05 12:00"),
    ("2026-03-05 11:00", "2 work_hour", "2026-03-05 14:00"),  # the noon break does not count
    ("2026-03-05 16:00", "4 work_hour", "2026-03-06 12:00"),
    ("2026-03-06 16:00", "4 work_hour", "2026-03-09 12:00"),  # over the weekend
    ("2026-03-07 11:00", "1 work_hour", "2026-03-09 10:00"),  # reported on a Saturday
    ("2026-03-05 03:00", "7 work_hour", "2026-03-05 17:00"),
    ("2026-03-05 10:00", "1 work_day", "2026-03-06 10:00"),
    ("2026-03-05 20:00", "1 work_day", "2026-03-06 17:00"),
    ("2026-03-07 20:00", "1 work_day", "2026-03-09 17:00"),
    ("2026-03-06 10:00", "4 work_day", "2026-03-12 10:00"),
    ("2026-09-30 16:00", "2 work_hour", "2026-10-08 10:00"),  # over the national holiday
    ("2026-10-09 16:00", "2 work_hour", "2026-10-10 10:00"),  # a Saturday made up for
    ("2026-03-05 23:30", "7 natural_day", "2026-03-12 23:30"),
    ("2026-12-31 16:00", "2 work_hour", "2027-01-01 10:00"),  # over the year
]


@pytest.mark.parametrize(("start", "limit", "end"), SHANGHAI_EXAMPLES)
def test_a_limit_ends_when_the_office_would_say(start: str, limit: str, end: str) -> None:
    due = SHANGHAI.add(local(SHANGHAI, start), Limit.model_validate(limit))
    assert due == local(SHANGHAI, end)


BOSTON_EXAMPLES = [
    # the clocks go forward on 2015-03-08 at 02:00 and back on 2015-11-01 at 02:00
    ("2015-03-07 12:00", "1 natural_day", "2015-03-08T12:00-04:00"),
    ("2015-03-07 12:00", "24 urgent_hour", "2015-03-08T13:00-04:00"),
    ("2015-03-07 02:30", "1 natural_day", "2015-03-08T03:00-04:00"),  # 02:30 does not exist
    ("2015-10-31 12:00", "1 natural_day", "2015-11-01T12:00-05:00"),
    ("2015-10-31 12:00", "24 urgent_hour", "2015-11-01T11:00-05:00"),
    ("2015-10-31 01:30", "1 natural_day", "2015-11-01T01:30-04:00"),  # the first of the two
    ("2015-03-06 16:00", "2 work_hour", "2015-03-09T09:30-04:00"),
    ("2015-07-02 16:30", "1 work_hour", "2015-07-06T09:00-04:00"),  # a holiday and a weekend
]


@pytest.mark.parametrize(("start", "limit", "end"), BOSTON_EXAMPLES)
def test_limits_are_right_across_a_change_of_the_clocks(start: str, limit: str, end: str) -> None:
    due = BOSTON.add(local(BOSTON, start), Limit.model_validate(limit))
    assert due == datetime.fromisoformat(end)


def test_the_second_of_two_equal_hours_stays_the_second() -> None:
    second = datetime(2015, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1)
    due = BOSTON.add(second, Limit(amount=0.001, clock="natural_day"))
    assert due - second == timedelta(days=0.001)


def test_supervision_colours_fall_on_shares_of_the_office_time() -> None:
    start = local(SHANGHAI, "2026-03-05 15:00")
    limit = Limit.model_validate("4 work_hour")
    assert SHANGHAI.at(start, limit, 50) == local(SHANGHAI, "2026-03-05 17:00")
    assert SHANGHAI.at(start, limit, 100) == SHANGHAI.add(start, limit)
    assert SHANGHAI.at(start, limit, 150) == local(SHANGHAI, "2026-03-06 14:00")


FIRST, LAST = datetime(2013, 1, 1, tzinfo=UTC), datetime(2030, 12, 31, tzinfo=UTC)
moments = st.integers(0, int((LAST - FIRST).total_seconds() * 1_000)).map(
    lambda ms: FIRST + timedelta(milliseconds=ms)
)
amounts = st.floats(min_value=0.01, max_value=60, allow_nan=False)
calendars = st.sampled_from(CALENDARS)
clocks = st.sampled_from(CLOCKS)


@given(calendars, moments, amounts, clocks)
def test_a_limit_never_ends_before_it_starts(
    calendar: Calendar, start: datetime, amount: float, clock: str
) -> None:
    limit = Limit.model_validate({"amount": amount, "clock": clock})
    assert calendar.add(start, limit) >= start


@given(calendars, moments, amounts, amounts, clocks)
def test_a_longer_limit_never_ends_earlier(
    calendar: Calendar, start: datetime, a: float, b: float, clock: str
) -> None:
    short, long = sorted((a, b))
    first = calendar.add(start, Limit.model_validate({"amount": short, "clock": clock}))
    second = calendar.add(start, Limit.model_validate({"amount": long, "clock": clock}))
    assert first <= second


@given(calendars, moments, st.integers(0, 10**7), amounts, st.sampled_from(["work_hour", "minute"]))
def test_who_starts_later_never_ends_earlier(
    calendar: Calendar, start: datetime, later_s: int, amount: float, clock: str
) -> None:
    limit = Limit.model_validate({"amount": amount, "clock": clock})
    later = start + timedelta(seconds=later_s)
    assert calendar.add(start, limit) <= calendar.add(later, limit)


@given(calendars, moments, amounts, amounts)
def test_two_parts_of_office_time_make_the_whole(
    calendar: Calendar, start: datetime, a: float, b: float
) -> None:
    def hours(amount: float) -> Limit:
        return Limit(amount=amount, clock="work_hour")

    in_parts = calendar.add(calendar.add(start, hours(a)), hours(b))
    # Each part is rounded to a microsecond, and one may fall on the other side of a break.
    assert calendar.add(start, hours(a + b - 1e-8)) <= in_parts
    assert in_parts <= calendar.add(start, hours(a + b + 1e-8))


@given(calendars, moments, amounts)
def test_office_time_ends_within_office_hours(
    calendar: Calendar, start: datetime, amount: float
) -> None:
    end = calendar.add(start, Limit(amount=amount, clock="work_hour")).astimezone(calendar.tz)
    assert calendar.is_working(end.date())
    assert any(
        opens <= end.replace(fold=0).time() <= closes for opens, closes in calendar.office_hours
    )


@given(calendars, moments, amounts, clocks, amounts, amounts)
def test_a_limit_that_stands_still_keeps_what_is_left_of_it(
    calendar: Calendar, start: datetime, amount: float, clock: str, after: float, pause: float
) -> None:
    limit = Limit.model_validate({"amount": amount, "clock": clock})
    end = calendar.add(start, limit)
    stood = start + min(timedelta(hours=after), (end - start) / 2)
    goes_on = stood + timedelta(hours=pause)
    began = calendar.moved(start, stood, goes_on, clock)
    ends = calendar.moved(end, stood, goes_on, clock)
    assert began <= goes_on <= ends
    if clock in ("work_hour", "work_day"):
        # The moved limit is as long by the office's clock as it was.
        assert abs(calendar.add(began, limit) - ends) <= timedelta(milliseconds=1)
    assert abs(calendar.moved(ends, goes_on, stood, clock) - end) <= timedelta(milliseconds=1)


@given(moments, amounts)
def test_office_time_counted_by_the_minute_agrees(start: datetime, amount: float) -> None:
    """The slow way: walk minute by minute and count those in which the office is open."""
    start = start.replace(second=0, microsecond=0)
    minutes = round(min(amount, 12) * 60)
    end = SHANGHAI.add(start, Limit(amount=minutes / 60, clock="work_hour")) if minutes else start
    moment, left = start, minutes
    while left:
        here = moment.astimezone(SHANGHAI.tz)
        left -= SHANGHAI.is_working(here.date()) and any(
            opens <= here.time() < closes for opens, closes in SHANGHAI.office_hours
        )
        moment += timedelta(minutes=1)
    assert abs(end - moment) <= timedelta(microseconds=1)


def test_years_that_are_not_announced_are_provisional() -> None:
    assert not SHANGHAI.is_provisional(2026)
    assert SHANGHAI.is_provisional(2027)
    assert not BOSTON.is_provisional(2027)


def test_a_working_day_made_up_for_wins_over_the_weekend() -> None:
    assert SHANGHAI.is_working(date(2026, 10, 10))
    assert not SHANGHAI.is_working(date(2026, 10, 11))
    assert not SHANGHAI.is_working(date(2026, 10, 1))


@pytest.mark.parametrize(
    "change",
    [
        {"zone": "Mars/Olympus"},
        {"office_hours": []},
        {"office_hours": [["12:00", "09:00"]]},
        {"office_hours": [["09:00", "12:00"], ["11:00", "17:00"]]},
        {"office_hours": [[540, 720]]},  # what YAML makes of 09:00 without quotes
        {"weekend": [0]},
        {"weekend": [1, 2, 3, 4, 5, 6, 7]},
        {"workdays": ["2026-10-01"]},
    ],
)
def test_a_calendar_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    whole = {
        "zone": "Asia/Shanghai",
        "office_hours": [["09:00", "17:00"]],
        "holidays": ["2026-10-01"],
    }
    with pytest.raises(ValidationError):
        Calendar.model_validate({**whole, **change})


@pytest.mark.parametrize(
    "text", ["4 workhour", "work_hour", "4", "-1 minute", "0 minute", "4  work_hour", "nan minute"]
)
def test_a_limit_that_nobody_can_read_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Limit.model_validate(text)


def test_a_limit_reads_as_it_is_written() -> None:
    assert str(Limit.model_validate("4 work_hour")) == "4 work_hour"
    assert str(Limit.model_validate("0.5 natural_days")) == "0.5 natural_day"
