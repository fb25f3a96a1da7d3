"""Which desk has which report, so that a later word about it finds the same desk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.terms import Tier
from streams.policy.intake import IntakeBounds
from streams.state import Namespace, State, from_microseconds, to_microseconds

_CLOSES = frozenset({"closed", "withdrawn"})
_OPENS = frozenset({"not_fixed"})


class Remembered(NamedTuple):
    """What intake knows of a report it has passed on.

    Attributes:
        tier: of the desk; None for a question that was answered at once.
        since: when it came, microseconds since 1970.
    """

    tier: Tier | None
    area: str
    since: int
    closed: bool


_TIERS: dict[str, Tier | None] = {"s": "street", "d": "district", "a": None}
_LETTERS = {tier: letter for letter, tier in _TIERS.items()}


def _encode(value: Remembered) -> bytes:
    letter = _LETTERS[value.tier]
    return f"{letter}{'c' if value.closed else 'o'} {value.since} {value.area}".encode()


def _decode(stored: bytes) -> Remembered:
    marks, since, area = stored.decode().split(" ", 2)
    return Remembered(_TIERS[marks[0]], area, int(since), marks[1] == "c")


REPORTS: Namespace[Remembered] = Namespace(
    name="report",
    encode=_encode,
    decode=_decode,
    lifetime="30 days after the report was closed, 400 days after it came at the latest (policy)",
    on_due="expire",
)


class Memory:
    """Remembers reports as long as the policy says."""

    def __init__(self, bounds: IntakeBounds) -> None:
        self._after_close = timedelta(days=bounds.memory_days)
        self._at_most = timedelta(days=bounds.memory_max_days)

    def keep(
        self,
        state: State,
        report_id: str,
        tier: Tier | None,
        area: str,
        now: datetime,
        *,
        closed: bool,
    ) -> None:
        """Remember a report that was just passed on, or answered."""
        value = Remembered(tier, area, to_microseconds(now), closed)
        lasts = self._after_close if closed else self._at_most
        state.put(REPORTS, report_id, value, now + min(lasts, self._at_most))

    def note(
        self, state: State, report_id: str, known: Remembered, kind: str, now: datetime
    ) -> None:
        """An update has passed: a closed report is kept for a while, a reopened one longer."""
        end = from_microseconds(known.since) + self._at_most
        if kind in _CLOSES:
            state.put(
                REPORTS, report_id, known._replace(closed=True), min(end, now + self._after_close)
            )
        elif kind in _OPENS and known.closed:
            state.put(REPORTS, report_id, known._replace(closed=False), end)
