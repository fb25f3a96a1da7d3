"""Public holidays and make-up working days as they were announced, from the table of `holidays`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import holidays

from streams.policy.calendar import PublicHolidays


class Days(NamedTuple):
    """What a country's table says of some years.

    Attributes:
        off: days without office; on: weekend days that are worked instead (调休上班).
        announced_until: the last year whose days are announced and not guessed; None where
            the law fixes them for good.
    """

    off: frozenset[date]
    on: frozenset[date]
    announced_until: int | None


def look_up(wanted: PublicHolidays) -> Days:
    """The days of a country.

    A country that shifts working days announces them a year at a time (China: a notice of
    the General Office of the State Council each autumn); what the table has for later years
    follows from the law alone, and the notice will move some of it.

    Raises:
        ValueError: the table has no such country or subdivision.
    """
    years = range(wanted.first, wanted.last + 1)
    try:
        table = holidays.country_holidays(wanted.country, subdiv=wanted.subdivision, years=years)
    except NotImplementedError as error:
        raise ValueError(str(error)) from None
    on = frozenset(day for day in table.weekend_workdays if day.year in years)
    shifted: Mapping[int, Any] = getattr(table, "special_public_holidays", {})
    announced = max(shifted, default=None) if table.has_substituted_holidays else None
    return Days(frozenset(table) - on, on, announced)


def merged(section: Mapping[str, Any], days: Days) -> dict[str, Any]:
    """A calendar's section with a country's days in it; what the section says of a day wins."""
    off, on = _days(section.get("holidays")), _days(section.get("workdays"))
    whole = {
        **section,
        "holidays": sorted((days.off - on) | off),
        "workdays": sorted((days.on - off) | on),
    }
    if days.announced_until is not None:
        whole.setdefault("announced_until", days.announced_until)
    return whole


def _days(value: object) -> frozenset[date]:
    if not isinstance(value, Iterable):
        return frozenset()
    return frozenset(day for day in value if isinstance(day, date))
