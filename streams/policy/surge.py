"""More of a kind than this desk should see (W10): what is watched, and who is told of it."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from schemas.terms import Tier
from streams.policy.section import Section, Text
from streams.warning.counts.colours import ColourRule

SurgeWidth = Literal["day", "hour"]


def _each_once(value: object) -> object:
    """One width alone, or none, is a list of it."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


Widths = Annotated[tuple[SurgeWidth, ...], BeforeValidator(_each_once), Field(max_length=2)]


class SurgeRule(Section):
    """Counts of each kind against the desk's own past (W10).

    Attributes:
        street, district, city: width of the bins that this tier judges, or both widths; None =
            it does not. What both see is one episode.
        kinds: codes or groups that are watched; empty = all.
        learn: bins that are learned from before the first is judged; None = what is usual
            for the width.
        lateness: closed bins that late reports may still change.
        at: the largest p of blue, yellow, orange and red, falling.
        quiet_bins: a surge ends after so many bins without one.
        early_from: so many reports of a kind may call before their bin is over; None = none do.
        rain_lag_s: rain is said to bring reports until so long after it.
        rain_effect: how far one step of a rain signal may move the logarithm of what is
            expected before anything is learned of it, one standard deviation.
    """

    id: str = "W10"
    version: str = Field(min_length=1, max_length=40)
    title: Text
    action: Text
    street: Widths = ("day",)
    district: Widths = ("hour",)
    city: Widths = ("hour",)
    kinds: tuple[str, ...] = ()
    learn: int | None = Field(default=None, ge=1, le=10_000)
    lateness: int = Field(default=1, ge=0, le=2)
    at: tuple[float, float, float, float] = (1e-3, 1e-4, 1e-5, 1e-6)
    quiet_bins: int = Field(default=2, ge=1, le=48)
    early_from: int | None = Field(default=5, ge=1)
    rain_lag_s: int = Field(default=10_800, ge=0, le=604_800)
    rain_effect: float = Field(default=0.3, gt=0, le=3)

    @field_validator("at")
    @classmethod
    def _falling(
        cls, value: tuple[float, float, float, float]
    ) -> tuple[float, float, float, float]:
        ColourRule(value)
        return value

    @field_validator("street", "district", "city")
    @classmethod
    def _no_width_twice(cls, value: tuple[SurgeWidth, ...]) -> tuple[SurgeWidth, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"got {', '.join(value)}, wanted each width once")
        return value

    @cached_property
    def colours(self) -> ColourRule:
        """The same as the judgement of a bin takes it."""
        return ColourRule(self.at)

    def widths(self, tier: Tier) -> tuple[SurgeWidth, ...]:
        """Widths of the bins that a tier judges."""
        return {"street": self.street, "district": self.district, "city": self.city}[tier]

    def watches(self, code: str, group: str) -> bool:
        """Whether a kind is among those that are watched."""
        return not self.kinds or code in self.kinds or group in self.kinds
