"""What devices measure, and what sensing found in it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.envelope import Body, Envelope
from schemas.terms import Category, Colour, Place, Severity, Urgency


class Reading(Body):
    """One measurement of a device, in the words of OGC SensorThings.

    Attributes:
        device_id: the device; also the record key.
        device_class: the policy's class (``manhole_tilt`` …), which fixes unit and limits.
        observed_property: what is measured (``tilt``, ``depth``, ``lel`` …).
        phenomenon_time: when the value was true; result_time: when it was computed.
        result: the value in ``unit``; None says that the device has no value.
        street: the street the device stands in, 9 digits.
    """

    device_id: str = Field(min_length=1, max_length=200)
    device_class: str = Field(min_length=1, max_length=100)
    observed_property: str = Field(min_length=1, max_length=100)
    phenomenon_time: AwareDatetime
    result_time: AwareDatetime | None = None
    result: float | None
    unit: str = Field(min_length=1, max_length=40)
    street: str = Field(min_length=1, max_length=40)
    lat: float | None = Field(default=None, ge=-90, le=90)
    long: float | None = Field(default=None, ge=-180, le=180)


class Finding(Body):
    """Something a device's readings show that the street must know (W1–W5, W12, W15, W19).

    Attributes:
        finding_id: deterministic: device, trigger and begin of the episode.
        phase: opened, raised (a higher step) or cleared (back below, with hysteresis).
        observed, threshold: in ``unit``; what is merely unusual has no threshold.
        evidence: ids of the readings that carry it, at most 20, newest last.
        contributions: of an anomaly, what each part adds to the surprise, -log10 of how rare
            it is: the time of week and day, the range, the shape of the path.
        expected, interval, chance, lead_time_s: of a forecast, the highest value foretold with
            90 % around it, the chance of passing ``threshold``, and the time until then.
        p: how rare something merely unusual is among readings of the device.
        fires_at: the largest p, or the least chance, that is told of the device now, after what
            operators answered.
    """

    finding_id: str
    trigger: str
    trigger_version: str
    phase: Literal["opened", "raised", "cleared"]
    device_id: str
    device_class: str
    observed_property: str
    unit: str
    observed: float | None
    threshold: float | None = None
    colour: Colour
    category: Category
    severity: Severity
    urgency: Urgency
    place: Place
    began_at: AwareDatetime
    observed_at: AwareDatetime
    evidence: list[str] = Field(default_factory=list, max_length=20)
    evidence_count: int = 0
    policy_version: str
    contributions: dict[str, float] = Field(default_factory=dict, max_length=9)
    expected: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = Field(default=None, ge=0, le=1)
    chance: float | None = Field(default=None, ge=0, le=1)
    fires_at: float | None = Field(default=None, ge=0, le=1)
    lead_time_s: float | None = None


class ReadingEvent(Envelope):
    """A reading on its way into sensing."""

    type: Literal["cn.chengyun.reading.v1"] = "cn.chengyun.reading.v1"
    data: Reading


class FindingEvent(Envelope):
    """A finding on its way to the street."""

    type: Literal["cn.chengyun.finding.v1"] = "cn.chengyun.finding.v1"
    data: Finding
