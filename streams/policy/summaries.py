"""The numbers of the summaries by day, week, month and season (日巡周查月评季通报)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from streams.policy.limits import Limit
from streams.policy.section import Section


class SummaryRules(Section):
    """How a desk's work is summed up.

    Attributes:
        shortest: the shortest period that is summed up; longer ones are its sums. Months
            for a recorded year whose desks have a case or two a day.
        contact: from a report on, until somebody has spoken with its sender: what counts
            as contacted in time for the response rate (响应率).
        kept_days: so long after its end the shortest period is revised by what comes late.
        interim_s: a running period is told this often before it has ended; None: only
            when it has ended.
        few_whistles, many_whistles: whistles (吹哨) per 100 incidents below or above which
            an area is marked: too few means hidden trouble, too many means shifted work.
        judged_from: an area with fewer incidents in the period is not marked.
    """

    shortest: Literal["day", "month"] = "day"
    contact: Limit = Limit(amount=24, clock="urgent_hour")
    kept_days: int = Field(default=10, ge=1, le=60)
    interim_s: float | None = Field(default=None, ge=60, le=86_400)
    few_whistles: float = Field(default=0.5, ge=0, le=100)
    many_whistles: float = Field(default=10, ge=0, le=100)
    judged_from: int = Field(default=20, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> SummaryRules:
        if self.few_whistles > self.many_whistles:
            raise ValueError("wanted few_whistles at most as great as many_whistles")
        return self
