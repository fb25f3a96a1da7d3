"""Days, weeks, months and seasons as the city's own calendar has them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["day", "week", "month", "season"]

Shortest = Literal["day", "month"]

LONGER: dict[Shortest, tuple[Period, ...]] = {
    "day": ("week", "month", "season"),
    "month": ("season",),
}
"""Periods that are sums of the shortest one."""


def day_of(moment: datetime, tz: ZoneInfo) -> int:
    """The city's day a moment lies in, as a proleptic ordinal."""
    return moment.astimezone(tz).toordinal()


@lru_cache(maxsize=4_096)
def first_day(period: Period, day: int) -> int:
    """The first day of the period that a day lies in.

    A week begins on Monday; a season is a quarter of the year.
    """
    if period == "day":
        return day
    if period == "week":
        return day - (day - 1) % 7
    when = date.fromordinal(day)
    month = when.month if period == "month" else when.month - (when.month - 1) % 3
    return date(when.year, month, 1).toordinal()


def day_after(period: Period, first: int) -> int:
    """The day after the last of the period that begins with `first`."""
    if period == "day":
        return first + 1
    if period == "week":
        return first + 7
    when = date.fromordinal(first)
    months = when.month - 1 + (1 if period == "month" else 3)
    return date(when.year + months // 12, months % 12 + 1, 1).toordinal()


@lru_cache(maxsize=4_096)
def begin_of(day: int, tz: ZoneInfo) -> datetime:
    """Midnight with which a day of the city begins, in UTC."""
    return datetime.combine(date.fromordinal(day), time(), tz).astimezone(UTC)


def next_moment(now: datetime, interim_s: float | None, tz: ZoneInfo) -> datetime:
    """When a running period is told next: at the next full interval, at latest at midnight."""
    midnight = begin_of(day_of(now, tz) + 1, tz)
    if interim_s is None:
        return midnight
    began = begin_of(day_of(now, tz), tz)
    step = timedelta(seconds=interim_s)
    return min(midnight, began + step * ((now - began) // step + 1))
