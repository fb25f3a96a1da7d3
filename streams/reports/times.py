"""How far a sender's clock is believed."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.dead_letter import Reason
from streams.policy.intake import IntakeBounds

FIRST_YEAR, LAST_YEAR = 1970, 2199
_NOTHING = timedelta(0)
_LONGEST_PROMISE = timedelta(days=3660)


class TimeBounds:
    """Holds senders' times against the clock of the stage."""

    def __init__(self, bounds: IntakeBounds) -> None:
        self._ahead = timedelta(seconds=bounds.ahead_s)
        self._behind = timedelta(days=-bounds.behind_days)
        self._ahead_s = bounds.ahead_s

    def judge(self, moment: datetime, now: datetime, path: str) -> datetime | Reason:
        """The time to work with, or why there is none.

        Slightly ahead is a fast clock and counts as now; far behind counts as the time of
        receipt, because nothing that old can be told from a clock that was never set.
        """
        off = moment - now
        if off > self._ahead:
            return Reason(
                code="time_ahead",
                message=f"{moment.isoformat()} is {off.total_seconds():.0f} s ahead of "
                f"{now.isoformat()}, wanted at most {self._ahead_s:g} s",
                path=path,
            )
        return moment if self._behind <= off <= _NOTHING else now

    @staticmethod
    def clock_is_sane(now: datetime) -> bool:
        """Whether the clock itself can be worked with; a replayed envelope may say anything."""
        return FIRST_YEAR <= now.year <= LAST_YEAR

    @staticmethod
    def promise(due: datetime | None, reported_at: datetime) -> datetime | None:
        """A limit that a sender's system promised, if it can be one at all."""
        if due is None or abs(due - reported_at) > _LONGEST_PROMISE:
            return None
        return due
