"""The numbers and conditions of what people may order: verification, whistles, pauses, causes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.terms import Severity
from streams.policy.limits import Limit
from streams.policy.section import Section, Text

Ground = Literal["a", "b", "c"]
"""Of a whistle: a, beyond the street's power; b, joint enforcement; c, emergency."""

Missing = Literal["point", "address", "place", "description"]
"""``place``: neither a point nor an address."""


class Verification(Section):
    """Which reports somebody looks at before they become cases (核查).

    Attributes:
        missing: what a report lacks that is looked at; any one of them.
        below_confidence: a place that is less certain than this is looked at.
        kinds: codes or groups it is for; empty for all.
        at_once_from: from this severity on nothing waits.
        within: what nobody has decided by then is registered as it stands.
    """

    missing: tuple[Missing, ...] = ("place",)
    below_confidence: float = Field(default=0.0, ge=0, le=1)
    kinds: tuple[str, ...] = ()
    at_once_from: Severity = "IV"
    within: Limit


class OrderRules(Section):
    """What orders may do, and for how long.

    Attributes:
        verification: None: every report is registered at once.
        arrival: how soon a whistled department must report, by ground; what is not named
            follows ``escalation.whistle_answer``.
        suspension_days: the longest suspension; a case has one.
        extensions: how many a case may have.
        assist_for: how long an added unit stays where no end is given.
        flapping_within: what comes back so soon after its end is the same work under the
            same limit; for cities whose sources are machines. None: whoever contradicts an
            end reopens the case.
    """

    verification: Verification | None = None
    arrival: dict[Ground, Limit] = Field(default_factory=dict)
    suspension_days: float = Field(default=365, gt=0, le=366)
    extensions: int = Field(default=2, ge=0, le=10)
    assist_for: Limit = Limit(amount=3, clock="natural_day")
    flapping_within: Limit | None = None


class CauseRule(Section):
    """One kind of matter that explains others: the burst main and the forty dry taps.

    Attributes:
        id: names the rule in the audit.
        cause, consequences: category codes.
        radius_m: how far from the cause; None: anywhere in the area that owns the cause.
        within_s: how long after the cause was opened a consequence may still be opened,
            and how long before it one may have been.
    """

    id: str = Field(min_length=1, max_length=60)
    title: Text
    cause: tuple[str, ...] = Field(min_length=1)
    consequences: tuple[str, ...] = Field(min_length=1)
    radius_m: float | None = Field(default=None, gt=0, le=20_000)
    within_s: float = Field(default=86_400, gt=0, le=30 * 86_400)
