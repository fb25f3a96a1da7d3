"""How much chance and consequence may cost a duty desk: the budget of calls, and inhibition."""

from __future__ import annotations

from pydantic import Field, model_validator

from schemas.terms import Colour, Tier
from streams.policy.section import Section, Text


class BudgetRule(Section):
    """How often a desk may be called by what is only improbable, of whatever trigger.

    Attributes:
        false_share: wanted share of calls in vain among all that is told of one closing hour.
        street, district, city: so many such warnings a local day call a desk of the tier, blue
            ones at most half of them; further ones are shown in blue and call nobody.
    """

    false_share: float = Field(default=0.05, gt=0, lt=1)
    street: int = Field(default=6, ge=1, le=1_000)
    district: int = Field(default=6, ge=1, le=1_000)
    city: int = Field(default=6, ge=1, le=1_000)

    def calls_a_day(self, tier: Tier) -> int:
        """How many such warnings a day may call a desk of the tier."""
        return {"street": self.street, "district": self.district, "city": self.city}[tier]


class InhibitionRule(Section):
    """A known cause explains further warnings: they are folded under it and call nobody.

    Attributes:
        causes: codes of cases, and names of triggers, whose being open explains others.
        explains: codes and triggers of the warnings that are folded, or both as
            ``trigger/code``.
        cause_from: an alert is a cause from this colour on.
        radius_m: how far from the cause; None: anywhere in the area of the desk. Where
            either has no point on the map the radius cannot be kept, and nothing is folded.
        within_s: how long after the cause began a warning may still be explained by it,
            and how long before.
    """

    id: str = Field(min_length=1, max_length=60)
    title: Text
    causes: tuple[str, ...] = Field(min_length=1)
    explains: tuple[str, ...] = Field(min_length=1)
    cause_from: Colour = "blue"
    radius_m: float | None = Field(default=None, gt=0, le=50_000)
    within_s: float = Field(default=86_400, gt=0, le=30 * 86_400)

    @model_validator(mode="after")
    def _nothing_explains_itself(self) -> InhibitionRule:
        both = set(self.causes) & set(self.explains)
        if both:
            raise ValueError(f"{', '.join(sorted(both))} is cause and consequence: wanted one")
        return self
