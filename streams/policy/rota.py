"""Who is on duty at which desk, and when they hand over (值班表)."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from streams.policy.section import Section, Text


def _quoted(value: object) -> object:
    # YAML reads an unquoted 8:30 as the number 510, which would pass for 510 seconds.
    if isinstance(value, int):
        raise ValueError('wanted a time in quotes, such as "08:30"')
    return value


Handover = Annotated[time, BeforeValidator(_quoted)]


class Officer(Section):
    """A post on the rota, and how it is reached: a post's line, never a person's own number."""

    name: Text
    line: str | None = Field(default=None, max_length=60)


class Roster(Section):
    """The rota of some desks: crews that follow each other, and who stands behind them.

    Attributes:
        areas: area codes, or a tier's name for every desk of that tier that no other
            roster names.
        handover: local times of day at which one crew hands over to the next.
        begins: the day on whose first handover the first crew takes over.
        crews: each in the order in which they are called.
        deputy: called when nobody of the crew has acknowledged (值班领导).
    """

    areas: tuple[str, ...] = Field(min_length=1)
    handover: tuple[Handover, ...] = Field(min_length=1, max_length=12)
    begins: date
    crews: tuple[tuple[Officer, ...], ...] = Field(min_length=1, max_length=366)
    deputy: Officer

    @model_validator(mode="after")
    def _in_order(self) -> Roster:
        if list(self.handover) != sorted(set(self.handover)):
            raise ValueError("handover: wanted times of day in order, each once")
        if any(not crew for crew in self.crews):
            raise ValueError("crews: wanted at least one officer in each")
        return self

    def on_duty(self, local: datetime) -> tuple[Officer, ...]:
        """Whom to call in which order: the crew on duty, then the deputy.

        Args:
            local: the time of day in the city.
        """
        handed = sum(1 for each in self.handover if each <= local.time())
        shift = (local.date() - self.begins).days * len(self.handover) + handed - 1
        return (*self.crews[shift % len(self.crews)], self.deputy)
