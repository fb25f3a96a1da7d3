"""Places that come to harm first: told before it comes (W13), and kinds with a season (W14)."""

from __future__ import annotations

import re
from datetime import date, timedelta

from pydantic import Field, field_validator

from schemas.terms import Colour, Tier
from streams.policy.section import Section, Text

_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


class Site(Section):
    """A place at risk in bad weather: an underpass, a building site, a low-lying spot.

    Attributes:
        street: code of the street whose desk tells it.
        unit: who acts there before the harm.
        from_: the colour of the weather signal from which on it is told.
    """

    id: str = Field(min_length=1, max_length=100)
    kind: str = Field(min_length=1, max_length=100)
    name: Text
    street: str
    unit: str
    from_: Colour = Field(alias="from")


class FanOutRule(Section):
    """Sites at risk are told before harm comes (W13), each street its own."""

    id: str = "W13"
    version: str
    title: Text
    action: Text


class SeasonRule(Section):
    """Kinds of matter that come every year: treated before their season (W14).

    Attributes:
        kinds: codes or groups.
        begins: month and day of the season, ``11-15``; the warning comes `lead_days` earlier.
        tier: whose desks are told.
    """

    id: str = "W14"
    version: str
    title: Text
    action: Text
    kinds: tuple[str, ...] = Field(min_length=1)
    begins: str
    lead_days: int = Field(ge=1, le=180)
    tier: Tier = "district"
    colour: Colour = "blue"

    @field_validator("begins")
    @classmethod
    def _month_and_day(cls, value: str) -> str:
        if not _DAY.fullmatch(value) or value == "02-29":
            raise ValueError('wanted month and day of every year, such as "11-15"')
        return value

    def season_after(self, day: date) -> date:
        """The first beginning of the season on or after `day`."""
        month, of_month = (int(part) for part in self.begins.split("-"))
        this_year = date(day.year, month, of_month)
        return this_year if this_year >= day else date(day.year + 1, month, of_month)

    def warned_between(self, after: date, until: date) -> date | None:
        """The season whose warning falls on a day after `after` and not after `until`."""
        lead = timedelta(days=self.lead_days)
        season = self.season_after(after + lead + timedelta(days=1))
        return season if season - lead <= until else None
