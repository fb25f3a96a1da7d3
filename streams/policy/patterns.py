"""What only many events together show: repeats (W17), hotspots (W16), chains (W18)."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field, field_validator, model_validator

from schemas.terms import Colour, Tier
from streams.policy.section import Section, Text
from streams.warning.counts.colours import ColourRule
from streams.warning.hotspots.rules import HotspotRules
from streams.warning.repeats import RepeatRules

MOST_RECENT = 8
"""Complaints of a place that are weighed one by one: each costs, and older ones are its rate."""

Steps = tuple[float, float, float, float]
"""The largest p of blue, yellow, orange and red, falling."""


def _falling(value: Steps) -> Steps:
    ColourRule(value)
    return value


class _Kinds(Section):
    """A choice of kinds: codes or groups; empty = all."""

    kinds: tuple[str, ...] = ()

    def watches(self, code: str, group: str) -> bool:
        """Whether a kind is among those that are watched."""
        return not self.kinds or code in self.kinds or group in self.kinds


class RepeatRule(_Kinds):
    """A place complains more than its own past lets expect (W17).

    Attributes:
        at: the largest p of blue, yellow, orange and red, falling.
        window_days: how far back a trouble may have begun.
        apart_s: complaints of a place within so many seconds are one: several callers
            about the same matter repeat nothing.
        learn_days: a street says nothing so long after its first complaint.
        memory_days: a place without a complaint for so long is forgotten.
    """

    id: str = "W17"
    version: str = Field(min_length=1, max_length=40)
    title: Text
    action: Text
    at: Steps = (1e-3, 1e-4, 1e-5, 1e-6)
    window_days: float = Field(default=30, ge=2, le=90)
    apart_s: float = Field(default=43_200, ge=0, le=7 * 86_400)
    learn_days: float = Field(default=30, ge=0, le=366)
    memory_days: float = Field(default=400, ge=30, le=1_000)

    _steps = field_validator("at")(_falling)

    @cached_property
    def rules(self) -> RepeatRules:
        """The same as the judgement of a place takes it."""
        return RepeatRules(window_days=self.window_days, most_recent=MOST_RECENT)


class HotspotGroup(_Kinds):
    """Kinds whose places are looked at together, because one cause may bring them all."""

    name: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: Text


class HotspotRule(Section):
    """More cases around a place than the level of the day explains (W16).

    Attributes:
        tiers: whose desks look for them; each over its own area.
        groups: kinds that are looked at together; one scan each.
        learn_days: nothing is told so long after the first case.
        recurrence_days: one false alarm of a desk's group in so many days is accepted.
        every_s: the desk looks so often; what came since is looked at in order.
        at: the largest p of blue, yellow, orange and red, falling; blue is
            1 / `recurrence_days`.
        quiet_days: an episode ends so long after it was last seen to go on.
        most_events: cases of the longest window that a group remembers.
        problem: whether its cases become a problem, to be cured at its source.
    """

    id: str = "W16"
    version: str = Field(min_length=1, max_length=40)
    title: Text
    action: Text
    tiers: tuple[Tier, ...] = ("district",)
    groups: tuple[HotspotGroup, ...] = Field(min_length=1, max_length=12)
    learn_days: float = Field(default=30, ge=1, le=366)
    recurrence_days: float = Field(default=100, ge=2, le=10_000)
    every_s: float = Field(default=3_600, ge=600, le=86_400)
    at: Steps = (1e-2, 1e-3, 1e-4, 1e-5)
    quiet_days: float = Field(default=2, gt=0, le=30)
    most_events: int = Field(default=5_000, ge=100, le=50_000)
    cell_km: float = Field(default=0.25, ge=0.1, le=5)
    most_cells: int = Field(default=40_000, ge=100, le=250_000)
    problem: bool = True

    _steps = field_validator("at")(_falling)

    @model_validator(mode="after")
    def _as_it_says(self) -> HotspotRule:
        if self.at[0] < 1 / self.recurrence_days:
            raise ValueError(
                f"wanted at[0] at least 1 / recurrence_days ({1 / self.recurrence_days:g}), "
                f"got {self.at[0]:g}"
            )
        names = [group.name for group in self.groups]
        if len(set(names)) < len(names):
            raise ValueError("groups: wanted each name once")
        return self

    @cached_property
    def rules(self) -> HotspotRules:
        """The same as the scan takes it."""
        return HotspotRules(
            cell_km=self.cell_km, most_cells=self.most_cells, most_events=self.most_events
        )


class ChainRule(_Kinds):
    """Kinds that bring others after them, learned from the city's own cases (W18).

    Attributes:
        windows_h: a consequence comes within so many hours.
        learn_days: nothing is asserted before so many days.
        lift: a chain is told to people from this lift on.
        most: chains that are told at once, the strongest.
        colour: of the proposal that the city's desk reads.
        reach_m: a precursor of another street is named as what may have brought a warning only
            if it was no further away, where both have a place.
    """

    id: str = "W18"
    version: str = Field(min_length=1, max_length=40)
    title: Text
    action: Text
    kinds: tuple[str, ...] = Field(min_length=2, max_length=60)
    windows_h: tuple[int, ...] = (4, 12)
    learn_days: float = Field(default=14, ge=1, le=366)
    lift: float = Field(default=1.5, ge=1.1, le=1_000)
    most: int = Field(default=40, ge=1, le=200)
    colour: Colour = "blue"
    reach_m: float = Field(default=3_000, gt=0, le=100_000)

    @field_validator("windows_h")
    @classmethod
    def _rising(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or list(value) != sorted(set(value)) or value[0] < 1 or value[-1] > 48:
            raise ValueError("wanted hours from 1 to 48, rising")
        return value
