"""The policy: everything a city has decided beforehand, in one immutable version."""

from __future__ import annotations

from math import cos, hypot, radians
from typing import get_args
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, model_validator

from schemas.terms import Category, Severity, Urgency
from streams.policy.areas import Areas
from streams.policy.calendar import Calendar
from streams.policy.catalogue import (
    DEFAULT,
    Catalogue,
    CategoryRule,
    Entry,
    Group,
    Merging,
    Routing,
)
from streams.policy.escalation import EscalationRules
from streams.policy.intake import IntakeBounds
from streams.policy.limits import Limit, Pace, PaceRow, SupervisionStep
from streams.policy.routing import DeskRule, SourceRule, Unit, VoidPoint, matches
from streams.policy.section import Language, Section, Text
from streams.policy.triggers import DeviceClass, Triggers

_METRES_PER_DEGREE = 111_195.0
_UNKNOWN_SOURCE = SourceRule(name="*", known=False)


class Policy(Section):
    """One version of a city's policy, as a worker runs it.

    Each field is a section of the policy files. Deadlines already set are never
    recomputed under another version, and every alert and transition names the version
    that decided it. Every method here is one dictionary access or close to it.

    Attributes:
        version: ``<name>@<hash of the files>``.
        language: of what citizens read; operators choose their own.
        routing, limits, merging: by category code, by group code, or ``default``.
    """

    version: str
    name: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9._-]*$")
    language: Language = "zh"
    areas: Areas
    calendar: Calendar
    categories: Catalogue
    units: tuple[Unit, ...] = Field(min_length=1)
    routing: dict[str, Routing]
    limits: dict[str, Limit] = Field(default_factory=dict)
    merging: dict[str, Merging]
    paces: tuple[PaceRow, ...]
    supervision: tuple[SupervisionStep, ...] = Field(min_length=1)
    escalation: EscalationRules
    intake: IntakeBounds
    sources: tuple[SourceRule, ...] = ()
    desk: DeskRule = DeskRule()
    void_points: tuple[VoidPoint, ...] = ()
    devices: dict[str, DeviceClass] = Field(default_factory=dict)
    triggers: Triggers = Triggers()

    _rules: dict[tuple[str | None, str], CategoryRule] = PrivateAttr(default_factory=dict)
    _paces: dict[tuple[Severity, Urgency], Pace] = PrivateAttr(default_factory=dict)
    _units: dict[str, Text] = PrivateAttr(default_factory=dict)
    _sources: dict[str, SourceRule] = PrivateAttr(default_factory=dict)
    _patterns: tuple[SourceRule, ...] = PrivateAttr(default=())
    _actions: dict[str, Text] = PrivateAttr(default_factory=dict)
    _versions: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _index(self) -> Policy:
        """Build the lookups; refuse gaps that would only show in the middle of the night."""
        for section in ("routing", "merging"):
            if DEFAULT not in getattr(self, section):
                raise ValueError(f"{section}: wanted an entry {DEFAULT!r} for all other codes")
        for group in self.categories.groups:
            for entry in group.entries:
                rule = self._rule(group, entry)
                self._rules[None, entry.code] = rule
                self._rules[self.categories.name, entry.code] = rule
        for mapping in self.categories.mappings:
            for foreign, ours in mapping.codes.items():
                known = self._rules.get((None, ours))
                if known is not None:
                    self._rules[mapping.catalogue, foreign] = known
        for row in self.paces:
            pace = Pace.model_validate(row.model_dump(exclude={"severity", "urgency"}))
            for severity in row.severity:
                for urgency in row.urgency:
                    if (severity, urgency) in self._paces:
                        raise ValueError(f"paces: {severity}/{urgency} stands twice, wanted once")
                    self._paces[severity, urgency] = pace
        for severity in get_args(Severity):
            for urgency in get_args(Urgency):
                if (severity, urgency) not in self._paces:
                    raise ValueError(f"paces: nothing for {severity}/{urgency}, wanted one row")
        percents = [step.percent for step in self.supervision]
        if percents != sorted(set(percents)) or percents[0] <= 0:
            raise ValueError("supervision: wanted rising percents above 0")
        self._units.update((unit.code, unit.name) for unit in self.units)
        self._sources.update((source.name, source) for source in self.sources)
        self._patterns = tuple(source for source in self.sources if source.name.endswith("*"))
        self._collect_triggers()
        return self

    def _rule(self, group: Group, entry: Entry) -> CategoryRule:
        def pick_routing() -> Routing:
            for key in (entry.code, group.code):
                if key in self.routing:
                    return self.routing[key]
            return self.routing[DEFAULT]

        def pick_merging() -> Merging:
            for key in (entry.code, group.code):
                if key in self.merging:
                    return self.merging[key]
            return self.merging[DEFAULT]

        routing = entry.routing or pick_routing()
        merging = entry.merging or pick_merging()
        return CategoryRule(
            category=Category(
                catalogue=self.categories.name,
                version=self.categories.version,
                code=entry.code,
                name=entry.name.of(self.language),
            ),
            code=entry.code,
            name=entry.name.zh,
            name_en=entry.name.en,
            group=group.code,
            kind=group.kind,
            severity=entry.severity or group.severity,
            urgency=entry.urgency or group.urgency,
            intent=entry.intent or group.intent,
            danger_to_life=entry.danger_to_life,
            unit=routing.unit,
            assisting=routing.assisting,
            limit=entry.limit or self.limits.get(entry.code) or self.limits.get(group.code),
            merge_radius_m=merging.radius_m,
            merge_within_s=merging.within_s,
            recurrence_radius_m=merging.recurrence_radius_m,
        )

    def _collect_triggers(self) -> None:
        triggers = self.triggers
        for watch in (*triggers.limits, *triggers.rises):
            self._actions.setdefault(watch.id, watch.action)
            self._versions.setdefault(watch.id, watch.version)
        for rule in (triggers.silence, triggers.weather, triggers.corroboration, triggers.spread):
            if rule is not None:
                self._actions[rule.id] = rule.action
                self._versions[rule.id] = rule.version

    @property
    def zone(self) -> str:
        """IANA name of the city's zone."""
        return self.calendar.zone

    @property
    def tz(self) -> ZoneInfo:
        """The city's zone."""
        return self.calendar.tz

    @property
    def catalogue(self) -> str:
        """Name of the city's own catalogue."""
        return self.categories.name

    @property
    def catalogue_version(self) -> str:
        """Version of the city's own catalogue."""
        return self.categories.version

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code of the city's own catalogue, in its order."""
        return tuple(entry.code for group in self.categories.groups for entry in group.entries)

    def category(self, catalogue: str | None, code: str) -> CategoryRule | None:
        """What follows from a code; a foreign catalogue's code is translated first.

        Args:
            catalogue: None for the city's own.

        Returns:
            None if nobody has decided anything about that code.
        """
        return self._rules.get((catalogue, code))

    def pace(self, severity: Severity, urgency: Urgency) -> Pace:
        """How fast such a case moves and who owns it at birth."""
        return self._paces[severity, urgency]

    def source(self, name: str) -> SourceRule:
        """How far a sender is believed; a stranger gets a rule that believes nothing."""
        rule = self._sources.get(name)
        if rule is not None:
            return rule
        for pattern in self._patterns:
            if matches((pattern.name,), name):
                return pattern
        return _UNKNOWN_SOURCE

    def knows_unit(self, code: str) -> bool:
        """Whether that is the code of one of the city's units."""
        return code in self._units

    def unit_name(self, code: str, language: Language = "zh") -> str:
        """What a unit is called; its code if nobody named it."""
        text = self._units.get(code)
        return code if text is None else text.of(language)

    def suggested_action(self, trigger: str, language: Language = "zh") -> str | None:
        """What the operator who gets an alert of this trigger should do first."""
        text = self._actions.get(trigger)
        return None if text is None else text.of(language)

    def trigger_version(self, trigger: str) -> str:
        """The version of a trigger's numbers; the policy's own if the trigger has none."""
        return self._versions.get(trigger, self.version)

    def is_void(self, lat: float, lon: float) -> bool:
        """Whether a point stands for "no place" (an address book's default, 0/0)."""
        for point in self.void_points:
            north = (lat - point.lat) * _METRES_PER_DEGREE
            if abs(north) > point.radius_m:
                continue
            east = (lon - point.lon) * _METRES_PER_DEGREE * cos(radians(point.lat))
            if hypot(north, east) <= point.radius_m:
                return True
        return False
