"""How closely a kind of device is watched beyond its hard limits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from schemas.terms import Colour, Severity
from streams.policy.section import Section, Text

ProfileName = Literal["limits", "compact", "full"]
"""What is remembered of a device: nothing more, 416 bytes, or about 8 kilobytes."""


class SensorProfile(Section):
    """How surprising a value must be, and how often a device may say so.

    The defaults are one setting for all kinds of series; they were fixed by reasoning and
    measured on a public benchmark (``chengyun evaluate nab``). A city changes `alert_at`.

    Attributes:
        alert_at: mean surprise, -log10 of a tail probability, that an alert needs.
        tired_by: each alert of the near past asks for so much more.
        forget_alerts: a past alert is forgotten over so many paces.
        rest: after an alert the device is quiet for this share of a pace.
        learn_least: readings before the first alert.
        learn_share: the pace is this share of the readings seen so far …
        pace_most: … at least `learn_least` and at most so many readings.
        most_surprise: what one part can say at most: eight extremes of the past cannot
            carry a rarer statement.
    """

    alert_at: float = Field(default=1.34, gt=0, le=6)
    tired_by: float = Field(default=0.3, ge=0, le=3)
    forget_alerts: float = Field(default=2.0, gt=0, le=100)
    rest: float = Field(default=0.22, ge=0, le=10)
    learn_least: int = Field(default=250, ge=20, le=100_000)
    learn_share: float = Field(default=0.4, gt=0, le=1)
    pace_most: int = Field(default=750, ge=20, le=1_000_000)
    most_surprise: float = Field(default=3.0, ge=1, le=9)

    @model_validator(mode="after")
    def _in_order(self) -> SensorProfile:
        if self.pace_most < self.learn_least:
            raise ValueError(
                f"wanted pace_most at least learn_least ({self.learn_least}), got {self.pace_most}"
            )
        return self


FULL = SensorProfile()
COMPACT = SensorProfile(alert_at=1.1)
"""Fewer parts agree by chance more often, but each is also missed more often."""


class StuckCheck(Section):
    """A value that does not move at all, though it should.

    Attributes:
        for_s: the same value for so long, seconds …
        readings: … and in so many readings.
        above: only values above this; a dry road shows 0 for weeks and is well.
    """

    for_s: float = Field(ge=60, le=31 * 86_400)
    readings: int = Field(default=10, ge=3, le=100_000)
    above: float | None = None


class GapCheck(Section):
    """Readings that stay away again and again, though the device is never silent for long.

    Attributes:
        longer_s: so long between two readings is a gap, seconds.
        times, within_s: so many gaps in so many seconds are too many.
    """

    longer_s: float = Field(gt=0, le=31 * 86_400)
    times: int = Field(default=5, ge=1, le=10_000)
    within_s: float = Field(default=86_400, gt=0, le=31 * 86_400)


class BeyondCheck(Section):
    """Values that the device cannot show at all: `times` in a row and it is broken."""

    times: int = Field(default=3, ge=1, le=10_000)


class StationCheck(Section):
    """Properties of one device that leave their course together (W15).

    Attributes:
        properties: which of them are witnesses.
        within_s: readings of two of them so far apart still belong together, seconds.
        alert_at: geometric mean of their rarities, -log10 of a tail probability.
        calm_s: it is over when nothing was odd for so long, seconds.
    """

    properties: tuple[str, ...] = Field(min_length=2, max_length=9)
    within_s: float = Field(default=120, ge=0, le=3_600)
    alert_at: float = Field(default=3.2, gt=0, le=4)
    calm_s: float = Field(default=1_800, ge=0, le=7 * 86_400)


class DeviceRule(Section):
    """What is told about a device that is odd or cannot be believed (W12, W15)."""

    id: str = Field(min_length=1, max_length=40)
    version: str = Field(min_length=1, max_length=40)
    title: Text
    action: Text
    category: str
    colour: Colour = "blue"
    severity: Severity = "V"
    expires_s: float = Field(default=24 * 3600, gt=0)


class AnomalyRule(DeviceRule):
    """A value that is unusual for this very device, whatever the limits say (W15).

    Attributes:
        calm_readings: so many unremarkable readings in a row end it.
        full, compact: the two profiles.
    """

    calm_readings: int = Field(default=12, ge=1, le=10_000)
    full: SensorProfile = FULL
    compact: SensorProfile = COMPACT
