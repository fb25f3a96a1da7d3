"""When the city works: office hours, weekends, holidays, make-up days, in its own zone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from streams.policy.limits import Limit
from streams.policy.section import Section

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR_US = 3_600_000_000
_MINUTE_US = 60_000_000
_KEPT_YEARS = 64


def _pairs(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _since_1970(moment: datetime) -> int:
    """Whole microseconds; dividing the difference costs five times as much."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class _Year(NamedTuple):
    """The office time of one local year, in microseconds since 1970.

    `before[i]` is the office time of the year before span i opens; `until[i]` the same
    at its close.
    """

    opens: list[int]
    closes: list[int]
    before: list[int]
    until: list[int]


class PublicHolidays(Section):
    """Whose public holidays the calendar follows, and for which years they are looked up.

    Attributes:
        country: ISO 3166 code, such as CN; subdivision: a province or state of it.
        first, last: years, both included.
    """

    country: str = Field(min_length=2, max_length=3)
    subdivision: str | None = None
    first: int = Field(ge=1950, le=2100)
    last: int = Field(ge=1950, le=2100)

    @model_validator(mode="after")
    def _some_years(self) -> PublicHolidays:
        if self.last < self.first:
            raise ValueError("last: wanted a year not before first")
        return self


class Calendar(Section):
    """Turns a limit into a moment, as an officer with a calendar on the desk would.

    Attributes:
        zone: IANA name; office hours and days are local.
        office_hours: pairs of opening and closing time, in order, the same every working day.
        weekend: days without office, 1 = Monday … 7 = Sunday.
        public_holidays: whose holidays and make-up days are among the days below; who loads
            the files looks them up, and what the files say of a day wins.
        holidays: days without office whatever weekday they are.
        workdays: make-up working days (调休上班); they win over weekend and holidays.
        announced_until: last year whose holidays are announced; later ones are provisional.
    """

    zone: str
    office_hours: tuple[tuple[time, time], ...] = Field(min_length=1)
    weekend: frozenset[int] = frozenset({6, 7})
    public_holidays: PublicHolidays | None = None
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    announced_until: int | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("wanted an IANA zone such as Asia/Shanghai") from None
        return value

    @field_validator("office_hours", mode="before")
    @classmethod
    def _quoted_times(cls, value: object) -> object:
        # YAML reads an unquoted 12:00 as the number 720, which would pass for twelve minutes.
        if any(isinstance(edge, int) for pair in _pairs(value) for edge in _pairs(pair)):
            raise ValueError('wanted times in quotes, such as ["09:00", "12:00"]')
        return value

    @model_validator(mode="after")
    def _sound(self) -> Calendar:
        last: time | None = None
        for opens, closes in self.office_hours:
            if opens >= closes or (last is not None and opens < last):
                raise ValueError(
                    "office_hours: wanted pairs of opening and later closing, in order"
                )
            if opens.tzinfo is not None or closes.tzinfo is not None:
                raise ValueError("office_hours: wanted local times without a zone")
            last = closes
        if not self.weekend <= set(range(1, 8)) or len(self.weekend) == 7:
            raise ValueError("weekend: wanted days 1 (Monday) to 7 (Sunday), not all of them")
        both = self.holidays & self.workdays
        if both:
            raise ValueError(f"{min(both)} is both a holiday and a make-up working day")
        return self

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone of the city."""
        return ZoneInfo(self.zone)

    @cached_property
    def day_us(self) -> int:
        """Office time of one working day, microseconds."""
        today = date.min
        spans = (
            datetime.combine(today, closes) - datetime.combine(today, opens)
            for opens, closes in self.office_hours
        )
        return sum(span // _MICROSECOND for span in spans)

    @cached_property
    def years(self) -> dict[int, _Year]:
        """Office time of the years that were asked for, worked out once."""
        return {}

    def is_working(self, day: date) -> bool:
        """Whether the offices are open on that day."""
        if day in self.workdays:
            return True
        return day not in self.holidays and day.isoweekday() not in self.weekend

    def is_provisional(self, year: int) -> bool:
        """Whether that year's holidays are not announced yet, so that limits may move."""
        return self.announced_until is not None and year > self.announced_until

    def add(self, start: datetime, limit: Limit) -> datetime:
        """When a limit that starts at `start` ends. The answer is in UTC and never earlier.

        Hours of ``urgent_hour`` and ``minute`` pass at night and on holidays too.
        ``natural_day`` keeps the local time of day across a change of the clocks.
        ``work_hour`` passes in office hours only; a ``work_day`` is one working day's
        office hours, so that a day from Monday 10:00 ends on Tuesday 10:00.

        Raises:
            OverflowError: the end lies beyond the year 9999.
        """
        return self._add(start, limit.amount, limit.clock)

    def at(self, start: datetime, limit: Limit, percent: float) -> datetime:
        """When that share of the limit is used up (70 % blue, 90 % yellow …)."""
        return self._add(start, limit.amount * percent / 100, limit.clock)

    def moved(self, moment: datetime, stood: datetime, goes_on: datetime, clock: str) -> datetime:
        """Where a moment of a limit lies when its clock stands still for a while.

        As much of the limit as lay between `stood` and the moment lies between `goes_on`
        and the answer: office time for the clocks of the office, true time for the others.
        So the beginning of a limit moves as its end does, and moving back with the two
        moments exchanged undoes it.

        Args:
            stood: when the clock stood still.
            goes_on: when it goes on; earlier than `stood` takes a pause back.
        """
        if clock not in ("work_hour", "work_day"):
            return moment.astimezone(UTC) + (goes_on - stood)
        if moment >= stood:
            return self._add_office(goes_on, self._between(stood, moment))
        return self._back_office(goes_on, self._between(moment, stood))

    def _between(self, start: datetime, end: datetime) -> int:
        """Office time between two moments, microseconds."""
        first, last = start.astimezone(self.tz).year, end.astimezone(self.tz).year
        passed = self._used(self._year(last), _since_1970(end))
        passed -= self._used(self._year(first), _since_1970(start))
        for year in range(first, last):
            until = self._year(year).until
            passed += until[-1] if until else 0
        return passed

    def _back_office(self, end: datetime, amount: int) -> datetime:
        """The moment so much office time before `end`."""
        if amount <= 0:
            return end.astimezone(UTC)
        year = end.astimezone(self.tz).year
        table = self._year(year)
        position = self._used(table, _since_1970(end)) - amount
        while position < 0:
            year -= 1
            if year < 2:
                raise OverflowError(f"a limit that began before the year {year}")
            table = self._year(year)
            position += table.until[-1] if table.until else 0
        span = bisect_right(table.before, position) - 1
        return _EPOCH + timedelta(microseconds=table.opens[span] + position - table.before[span])

    def _add(self, start: datetime, amount: float, clock: str) -> datetime:
        if clock == "urgent_hour":
            return _in_utc(start) + timedelta(hours=amount)
        if clock == "minute":
            return _in_utc(start) + timedelta(minutes=amount)
        if clock == "natural_day":
            return self._add_days(start, amount)
        unit = _HOUR_US if clock == "work_hour" else self.day_us
        return self._add_office(start, round(amount * unit))

    def _add_days(self, start: datetime, days: float) -> datetime:
        here = start.astimezone(self.tz)
        plain = _in_utc(start) + timedelta(days=days)
        if plain.astimezone(self.tz).utcoffset() == here.utcoffset():
            return plain  # the clocks were not changed in between, or back again
        there = here.replace(tzinfo=None) + timedelta(days=days)
        minute = timedelta(minutes=1)
        while True:
            # A local time that the clocks jump over ends with the jump.
            end = there.replace(tzinfo=self.tz, fold=here.fold).astimezone(UTC)
            if end.astimezone(self.tz).replace(tzinfo=None) == there:
                return end
            there = there.replace(second=0, microsecond=0) + minute

    def _add_office(self, start: datetime, amount: int) -> datetime:
        begin = _since_1970(start)
        if amount <= 0:
            return _EPOCH + timedelta(microseconds=begin)
        year = start.astimezone(self.tz).year
        table = self._year(year)
        amount += self._used(table, begin)
        while not table.until or amount > table.until[-1]:
            amount -= table.until[-1] if table.until else 0
            year += 1
            if year > 9998:
                raise OverflowError(f"a limit that ends after the year {year}")
            table = self._year(year)
        span = bisect_left(table.until, amount)
        return _EPOCH + timedelta(microseconds=table.opens[span] + amount - table.before[span])

    @staticmethod
    def _used(table: _Year, moment: int) -> int:
        span = bisect_right(table.opens, moment) - 1
        if span < 0:
            return 0
        return table.before[span] + min(moment, table.closes[span]) - table.opens[span]

    def _year(self, year: int) -> _Year:
        known = self.years.get(year)
        if known is not None:
            return known
        if len(self.years) >= _KEPT_YEARS:
            self.years.clear()
        table = _Year([], [], [], [])
        total = 0
        day = date(year, 1, 1)
        while day.year == year:
            if self.is_working(day):
                for opens, closes in self.office_hours:
                    begin, end = self._instant(day, opens), self._instant(day, closes)
                    table.opens.append(begin)
                    table.closes.append(end)
                    table.before.append(total)
                    total += end - begin
                    table.until.append(total)
            day += timedelta(days=1)
        self.years[year] = table
        return table

    def _instant(self, day: date, local: time) -> int:
        return _since_1970(datetime.combine(day, local, self.tz))
