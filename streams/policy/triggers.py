"""Early-warning triggers W1 to W7, W12, W15: which reading or pattern warns whom, and of what."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field, model_validator

from schemas.terms import Colour, Severity
from streams.policy.budget import BudgetRule, InhibitionRule
from streams.policy.patterns import ChainRule, HotspotRule, RepeatRule
from streams.policy.section import Section, Text
from streams.policy.sensors import (
    AnomalyRule,
    BeyondCheck,
    DeviceRule,
    GapCheck,
    ProfileName,
    StationCheck,
    StuckCheck,
)
from streams.policy.sites import FanOutRule, SeasonRule
from streams.policy.surge import SurgeRule
from streams.policy.watches import ForecastRule, HardLimit, Rise
from streams.warning.attention import Limits


class Property(Section):
    """One thing a class of devices measures.

    Attributes:
        unit: the only unit that is taken.
        least, most: what the device can show at all; beyond is a broken reading.
        silence_s: without a reading for so long it counts as silent (W12); None = never.
        profile: how closely its own past is kept, for what is unusual (W15).
        stuck, gaps, beyond: when it cannot be believed (W12).
    """

    unit: str = Field(min_length=1, max_length=40)
    least: float | None = None
    most: float | None = None
    silence_s: float | None = Field(default=None, ge=60, le=366 * 86_400)
    profile: ProfileName = "limits"
    stuck: StuckCheck | None = None
    gaps: GapCheck | None = None
    beyond: BeyondCheck | None = None


class DeviceClass(Section):
    """A kind of device in the city's network.

    Attributes:
        station: its properties are sensors side by side, witnesses of one another.
    """

    name: Text
    properties: dict[str, Property] = Field(min_length=1)
    station: StationCheck | None = None


class WeatherRule(Section):
    """The weather bureau's signals (W4): from which colour on they are passed down.

    ``millimetres`` and ``hours`` say what each colour means, for the alert's text.
    """

    class Meaning(Section):
        """What a rain signal of one colour announces."""

        millimetres: float
        hours: float

    id: str = "W4"
    version: str
    title: Text
    action: Text
    events: tuple[str, ...]
    fan_out_from: Colour
    rain: dict[Colour, Meaning]
    expires_s: float = Field(default=24 * 3600, gt=0)


class CorroborationRule(Section):
    """Two witnesses of one thing raise it one level (W6).

    Attributes:
        rain_from, water_from: signal and depth colours that confirm one another within `within_s`.
        water_trigger: id of the depth trigger.
        calls, radius_m: so many reports of people near a device's finding confirm it.
        raise_by: levels of severity.
    """

    id: str = "W6"
    version: str
    title: Text
    action: Text
    rain_from: Colour
    water_from: Colour
    water_trigger: str = "W3"
    within_s: float = Field(gt=0)
    calls: int = Field(ge=1)
    radius_m: float = Field(gt=0)
    raise_by: int = Field(default=1, ge=1, le=4)
    expires_s: float = Field(default=6 * 3600, gt=0)


class SpreadRule(Section):
    """The same kind in many areas at once (W7).

    Attributes:
        streets: streets of one district that warn the district.
        districts: districts that warn the city.
        at_least: events of the kind an area must have to count as touched.
        kinds: codes or groups that are watched; empty = all.
        severity: of the case by which the district takes command of what has spread;
            city_severity: of the city's. None: an alert alone.
    """

    id: str = "W7"
    version: str
    title: Text
    action: Text
    streets: int = Field(ge=2)
    districts: int = Field(ge=2)
    within_s: float = Field(gt=0)
    at_least: int = Field(default=1, ge=1)
    kinds: tuple[str, ...] = ()
    colour: Colour = "yellow"
    city_colour: Colour = "orange"
    severity: Severity | None = None
    city_severity: Severity | None = None
    expires_s: float = Field(default=2 * 3600, gt=0)

    def watches(self, code: str, group: str) -> bool:
        """Whether a kind is among those that are watched."""
        return not self.kinds or code in self.kinds or group in self.kinds


class SilenceRule(Section):
    """Devices that say nothing (W12): a matter of data quality, never "all quiet".

    How long each kind of device may be silent stands with its property.
    """

    id: str = "W12"
    version: str
    title: Text
    action: Text
    category: str
    colour: Colour = "blue"
    severity: Severity = "V"


class RecurrenceRule(Section):
    """The same kind at the same place again and again (W8): a warning beside the problem (E6).

    Count, days and radius are those of the escalation rules; more incidents than
    `recurrence_district_count` tell the tier above too.
    """

    id: str = "W8"
    version: str
    title: Text
    action: Text
    colour: Colour = "blue"
    district_colour: Colour = "yellow"


class ComplaintsRule(Section):
    """Several people complain of one matter, and it is still not settled (W9).

    Attributes:
        complaints: so many on one open case within `days` warn its owner and the tier above.
    """

    id: str = "W9"
    version: str
    title: Text
    action: Text
    complaints: int = Field(default=3, ge=2)
    days: float = Field(default=30, gt=0, le=366)
    colour: Colour = "yellow"
    expires_s: float = Field(default=7 * 86_400, gt=0)


class DeadlineRiskRule(Section):
    """Units whose open cases will miss their limits, told before they do (W11).

    Attributes:
        warn_share, raise_share: share of a unit's open cases expected to be late, from
            which on it is blue, then yellow.
        at_least: expected late cases below which nobody is warned.
        every_s: how often a unit's open cases are looked at, seconds.
        quiet_looks: it ends after so many looks in a row that would not have warned.
    """

    id: str = "W11"
    version: str
    title: Text
    action: Text
    warn_share: float = Field(default=0.3, gt=0, le=1)
    raise_share: float = Field(default=0.6, gt=0, le=1)
    at_least: float = Field(default=3, ge=1)
    every_s: float = Field(default=3_600, ge=60, le=86_400)
    quiet_looks: int = Field(default=2, ge=1, le=48)


class FloodRule(Section):
    """When a duty desk is told too much to act on (ANSI/ISA-18.2): its alerts are grouped.

    Attributes:
        most: calls within `window_s` that a desk can take, those of the flood itself too.
        ends_below: a flood ends when fewer than that many came within `window_s`.
    """

    id: str = "flood"
    version: str
    title: Text
    action: Text
    most: int = Field(default=10, ge=4, le=1_000)
    ends_below: int = Field(default=5, ge=1)
    window_s: float = Field(default=600, gt=0, le=86_400)

    @model_validator(mode="after")
    def _ends_before_it_begins(self) -> FloodRule:
        if self.ends_below > self.most - 2:
            raise ValueError("wanted ends_below at most two less than most")
        return self

    @cached_property
    def limits(self) -> Limits:
        """The same as the desk's own count takes it."""
        return Limits(self.most, self.ends_below, self.window_s)


class Triggers(Section):
    """All triggers of a city.

    Attributes:
        late_s: a reading that much older than a device's newest says nothing about the
            danger of now, seconds.
    """

    late_s: float = Field(default=600, ge=0, le=86_400)
    limits: tuple[HardLimit, ...] = ()
    rises: tuple[Rise, ...] = ()
    forecasts: tuple[ForecastRule, ...] = ()
    silence: SilenceRule | None = None
    anomaly: AnomalyRule | None = None
    stuck: DeviceRule | None = None
    gaps: DeviceRule | None = None
    beyond: DeviceRule | None = None
    together: DeviceRule | None = None
    weather: WeatherRule | None = None
    corroboration: CorroborationRule | None = None
    spread: SpreadRule | None = None
    surge: SurgeRule | None = None
    recurrence: RecurrenceRule | None = None
    complaints: ComplaintsRule | None = None
    repeats: RepeatRule | None = None
    hotspots: HotspotRule | None = None
    chains: ChainRule | None = None
    deadline_risk: DeadlineRiskRule | None = None
    fan_out: FanOutRule | None = None
    seasons: tuple[SeasonRule, ...] = ()
    flood: FloodRule | None = None
    budget: BudgetRule = BudgetRule()
    inhibitions: tuple[InhibitionRule, ...] = ()

    @cached_property
    def causing(self) -> dict[str, tuple[InhibitionRule, ...]]:
        """Rules by the code or trigger whose being open explains others."""
        names = {name for rule in self.inhibitions for name in rule.causes}
        return {n: tuple(r for r in self.inhibitions if n in r.causes) for n in names}

    @cached_property
    def explained(self) -> dict[str, tuple[InhibitionRule, ...]]:
        """Rules by the code or trigger that they explain."""
        names = {name for rule in self.inhibitions for name in rule.explains}
        return {n: tuple(r for r in self.inhibitions if n in r.explains) for n in names}

    @cached_property
    def device_rules(self) -> dict[str, DeviceRule]:
        """What is told about devices that are odd or cannot be believed, by the check's name."""
        named = {
            "anomaly": self.anomaly,
            "stuck": self.stuck,
            "gaps": self.gaps,
            "beyond": self.beyond,
            "together": self.together,
        }
        return {name: rule for name, rule in named.items() if rule is not None}

    def forecast_of(
        self, device_class: str, observed_property: str
    ) -> tuple[ForecastRule, HardLimit] | None:
        """The forecast on a property of a class of devices, with the limit that it foretells."""
        for rule in self.forecasts:
            if (rule.device_class, rule.observed_property) == (device_class, observed_property):
                return rule, next(limit for limit in self.limits if rule.foretells(limit))
        return None

    @cached_property
    def improbable(self) -> frozenset[str]:
        """Ids of the rules that warn of what is only improbable; the budget is for them."""
        rules = (
            self.surge,
            self.repeats,
            self.hotspots,
            self.chains,
            self.anomaly,
            self.together,
        )
        return frozenset(rule.id for rule in rules if rule is not None)

    @cached_property
    def answered_devices(self) -> frozenset[str]:
        """Ids of the rules about devices whose thresholds operators' answers move."""
        found = {rule.id for rule in (self.anomaly, self.together) if rule is not None}
        return frozenset(found | {rule.id for rule in self.forecasts})

    @cached_property
    def hard(self) -> frozenset[str]:
        """Ids of the hard limits, which nothing may hide."""
        return frozenset(rule.id for rule in self.limits)
