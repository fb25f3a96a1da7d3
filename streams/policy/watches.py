"""What is watched on the readings of devices: limits (W1 to W3), rises (W5), forecasts (W19)."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from schemas.terms import Colour, Severity, Urgency
from streams.policy.section import Section, Text


class Watch(Section):
    """What all triggers on readings have in common.

    Attributes:
        id: the trigger's name in the city (``W2``); several rules may share it.
        device_class, observed_property: the readings it looks at.
        category: code of the matter it reports.
        expires_s: how long an alert of it holds without news, seconds.
    """

    id: str = Field(min_length=1, max_length=40)
    version: str = Field(min_length=1, max_length=40)
    title: Text
    device_class: str
    observed_property: str
    category: str
    action: Text
    expires_s: float = Field(default=6 * 3600, gt=0)


class Step(Section):
    """One step of a limit: from `at` on, held for `hold_s` seconds."""

    at: float
    colour: Colour
    severity: Severity
    urgency: Urgency = "normal"
    hold_s: float = Field(default=0, ge=0, le=86_400)


class Clearing(Section):
    """When the danger counts as over: back past `at`, `readings` times, over `for_s` seconds.

    Together with the step this is the hysteresis that keeps an alert from flapping.
    """

    at: float
    for_s: float = Field(default=0, ge=0, le=7 * 86_400)
    readings: int = Field(default=1, ge=1, le=100)


class HardLimit(Watch):
    """A limit with rising steps on a measured value (W1 tilt, W2 gas, W3 water).

    A value reaches a step when it is at or past it, in the given direction.
    """

    direction: Literal["above", "below"] = "above"
    steps: tuple[Step, ...] = Field(min_length=1, max_length=4)
    clearing: Clearing

    @model_validator(mode="after")
    def _in_order(self) -> HardLimit:
        sign = 1 if self.direction == "above" else -1
        values = [self.clearing.at * sign, *(step.at * sign for step in self.steps)]
        if any(a >= b for a, b in itertools.pairwise(values)):
            raise ValueError(
                "wanted clearing.at, then the steps, each further out than the one before"
            )
        return self


class Rise(Watch):
    """A value that rises too fast (W5): by `by` within `within_s` seconds."""

    by: float = Field(gt=0)
    within_s: float = Field(gt=0, le=6 * 3600)
    colour: Colour
    severity: Severity
    urgency: Urgency = "normal"
    clear_for_s: float = Field(default=0, ge=0, le=7 * 86_400)


class ForecastRule(Watch):
    """A limit that a device is about to pass (W19), told before it does.

    It opens the episode of its limit, so that what comes raises the same warning.

    Attributes:
        limit: id of the hard limit on the same readings; at: the step that is foretold.
        horizon_s: how far ahead it is looked.
        p: the chance of passing from which on it is told.
        readings: so many in a row must have left the calm: one jump is no rise.
        p_over, readings_over: it is over when the chance was below for so many readings.
        calm: values up to this need no look, the device's usual state; None: all do.
        colour: at most that of the step that is foretold, which raises it.
    """

    id: str = Field(default="W19", min_length=1, max_length=40)
    limit: str
    at: float
    horizon_s: float = Field(default=7_200, ge=1_800, le=21_600)
    p: float = Field(default=0.9, gt=0, lt=1)
    readings: int = Field(default=2, ge=1, le=100)
    p_over: float = Field(default=0.5, gt=0, lt=1)
    readings_over: int = Field(default=3, ge=1, le=100)
    calm: float | None = None
    colour: Colour = "blue"
    severity: Severity = "V"
    urgency: Urgency = "normal"

    @model_validator(mode="after")
    def _ends_later_than_it_begins(self) -> ForecastRule:
        if self.p_over > self.p:
            raise ValueError(f"wanted p_over at most p ({self.p:g}), got {self.p_over:g}")
        return self

    def foretells(self, limit: HardLimit) -> bool:
        """Whether it is the limit whose step is foretold."""
        return (
            limit.id == self.limit
            and limit.device_class == self.device_class
            and limit.observed_property == self.observed_property
            and limit.direction == "above"
            and any(step.at == self.at for step in limit.steps)
        )

    @cached_property
    def horizon_rows(self) -> int:
        """The same in rows of five minutes."""
        return round(self.horizon_s / 300)
