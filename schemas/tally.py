"""What a desk and those below it did in one period, on its way up: the stuff of summaries."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.envelope import Body, Envelope
from schemas.terms import Tier


class AreaTallies(Body):
    """How often what happened in an area on one day or in one month of the city, per unit.

    Numbers are absolute, not differences: a higher ``revision`` of the same period replaces
    the lower one. ``first`` is its first date in the city's zone, as a proleptic ordinal;
    ``at`` the moment up to which the numbers are complete. ``units`` maps unit → counter → number;
    counters ``t<n>`` count the cases that took as long as bucket n says.
    """

    area: str
    tier: Tier
    first: int = Field(ge=1)
    revision: int = Field(ge=1)
    at: AwareDatetime
    units: dict[str, dict[str, int]]


class AreaTalliesEvent(Envelope):
    """Tallies on their way to the tier above."""

    type: Literal["cn.chengyun.area-tallies.v1"] = "cn.chengyun.area-tallies.v1"
    data: AreaTallies
