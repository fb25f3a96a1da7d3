"""Who there is to call (units), who speaks to us (sources), and who sits at a desk."""

from __future__ import annotations

from pydantic import Field

from streams.policy.limits import Limit
from streams.policy.section import Section, Text

OWNER_UNKNOWN = "unknown"
"""The unit of a kind of matter that nobody answers for yet: the district names one (E5)."""


class Unit(Section):
    """A department or company that takes work: its code and its name."""

    code: str = Field(min_length=1, max_length=100)
    name: Text


class SourceRule(Section):
    """How far a sender is believed. A sender nobody listed is heard, but believed in nothing.

    Attributes:
        name: the envelope's ``source``; a final ``*`` stands for any ending.
        trusts_limit: its ``expected_datetime`` is the limit of the work.
        trusts_severity: its severity and urgency count.
        may_update: report ids (exact, or with a final ``*``) of other senders that it may
            speak about by naming the whole id; its own reports it always may. The own
            numbers of such a sender hold no ``/``.
        units: its words for departments (``agency``) → our unit codes.
    """

    name: str = Field(min_length=1, max_length=400)
    known: bool = True
    trusts_limit: bool = False
    trusts_severity: bool = False
    may_update: tuple[str, ...] = ()
    units: dict[str, str] = Field(default_factory=dict)

    def unit_of(self, agency: str | None) -> str | None:
        """Our unit for the sender's department name; None if it named none that we know."""
        return None if agency is None else self.units.get(agency)

    def speaks_about(self, report_id: str) -> bool:
        """Whether it may update that report of another sender."""
        return matches(self.may_update, report_id)


def matches(patterns: tuple[str, ...], name: str) -> bool:
    """Whether a name is among patterns, of which a final ``*`` stands for any ending."""
    for pattern in patterns:
        if pattern == name or (pattern.endswith("*") and name.startswith(pattern[:-1])):
            return True
    return False


class DeskRule(Section):
    """Who acts where no person is at the desk.

    Attributes:
        synthetic_acceptance: a ``system`` actor, marked synthetic, acknowledges and
            accepts at opening, so that only limit clocks run (replays of history).
        closes_after: a resolved case that nobody contradicts for so long closes by itself.
    """

    synthetic_acceptance: bool = False
    closes_after: Limit = Limit(amount=7, clock="natural_day")


class VoidPoint(Section):
    """A point that stands for "no place": what lies within `radius_m` of it is nowhere."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    radius_m: float = Field(gt=0, le=10_000)
    reason: str | None = None
