"""The policy: everything a city has decided beforehand, in one immutable version."""

from __future__ import annotations

from functools import cached_property
from itertools import product
from math import cos, hypot, radians
from typing import get_args
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from schemas.terms import SEVERITIES, TIERS, Category, Severity, Urgency
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
from streams.policy.limits import Limit, Pace, PaceRow, Stage, SupervisionStep
from streams.policy.orders import CauseRule, OrderRules
from streams.policy.rota import Roster
from streams.policy.routing import DeskRule, SourceRule, Unit, VoidPoint, matches
from streams.policy.scoreboard import ScoreRules
from streams.policy.section import Language, Section, Text
from streams.policy.sites import Site
from streams.policy.summaries import SummaryRules
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
        routing, limits, stages, merging: by category code, by group code, or ``default``.
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
    stages: dict[str, tuple[Stage, ...]] = Field(default_factory=dict)
    merging: dict[str, Merging]
    paces: tuple[PaceRow, ...]
    supervision: tuple[SupervisionStep, ...] = Field(min_length=1)
    escalation: EscalationRules
    orders: OrderRules = OrderRules()
    causes: tuple[CauseRule, ...] = ()
    intake: IntakeBounds
    sources: tuple[SourceRule, ...] = ()
    desk: DeskRule = DeskRule()
    rota: tuple[Roster, ...] = ()
    void_points: tuple[VoidPoint, ...] = ()
    devices: dict[str, DeviceClass] = Field(default_factory=dict)
    triggers: Triggers = Triggers()
    sites: tuple[Site, ...] = ()
    summaries: SummaryRules = SummaryRules()
    scoreboard: ScoreRules | None = ScoreRules()

    @field_validator("routing", "merging")
    @classmethod
    def _has_default(cls, value: dict[str, Routing | Merging]) -> dict[str, Routing | Merging]:
        if DEFAULT not in value:
            raise ValueError(f"wanted an entry {DEFAULT!r} for all codes that are not named")
        return value

    @field_validator("paces")
    @classmethod
    def _every_pair_once(cls, rows: tuple[PaceRow, ...]) -> tuple[PaceRow, ...]:
        given = [pair for row in rows for pair in product(row.severity, row.urgency)]
        every = list(product(SEVERITIES, get_args(Urgency)))
        missing = ["/".join(pair) for pair in every if pair not in given]
        twice = ["/".join(pair) for pair in every if given.count(pair) > 1]
        if missing or twice:
            raise ValueError(
                "wanted one row for each severity and urgency; "
                f"missing: {', '.join(missing) or 'none'}; twice: {', '.join(twice) or 'none'}"
            )
        return rows

    @field_validator("supervision")
    @classmethod
    def _rising(cls, steps: tuple[SupervisionStep, ...]) -> tuple[SupervisionStep, ...]:
        percents = [step.percent for step in steps]
        if percents != sorted(set(percents)) or percents[0] <= 0:
            raise ValueError("wanted percents above 0, each greater than the one before")
        return steps

    # The tables are plain attributes of the instance after their first use: a private
    # attribute of a pydantic model costs more than the lookup itself.

    @cached_property
    def rules(self) -> dict[tuple[str | None, str], CategoryRule]:
        """What is decided about every code, by catalogue (None: our own) and code."""
        table: dict[tuple[str | None, str], CategoryRule] = {}
        for group in self.categories.groups:
            for entry in group.entries:
                rule = self._rule(group, entry)
                table[None, entry.code] = table[self.categories.name, entry.code] = rule
        for mapping in self.categories.mappings:
            for foreign, ours in mapping.codes.items():
                known = table.get((None, ours))
                if known is not None:
                    table[mapping.catalogue, foreign] = known
        return table

    @cached_property
    def told_openings(self) -> frozenset[str]:
        """Kinds of which each opened case is told to the tiers above: they look for patterns."""
        triggers = self.triggers
        rules = [] if triggers.hotspots is None else list(triggers.hotspots.groups)
        chains = triggers.chains
        watched = {
            code
            for (catalogue, code), rule in self.rules.items()
            if catalogue is None
            and (
                any(each.watches(code, rule.group) for each in rules)
                or (chains is not None and chains.watches(code, rule.group))
            )
        }
        return frozenset(watched)

    @cached_property
    def pace_table(self) -> dict[tuple[Severity, Urgency], Pace]:
        """The pace of every severity and urgency."""
        table: dict[tuple[Severity, Urgency], Pace] = {}
        for row in self.paces:
            pace = Pace.model_validate(row.model_dump(exclude={"severity", "urgency"}))
            table.update((pair, pace) for pair in product(row.severity, row.urgency))
        return table

    @cached_property
    def unit_names(self) -> dict[str, Text]:
        """What every unit is called."""
        return {unit.code: unit.name for unit in self.units}

    @cached_property
    def sites_of(self) -> dict[str, tuple[Site, ...]]:
        """The sites at risk in every street that has any."""
        table: dict[str, tuple[Site, ...]] = {}
        for site in self.sites:
            table[site.street] = (*table.get(site.street, ()), site)
        return table

    @cached_property
    def known_sources(self) -> dict[str, SourceRule]:
        """The sources that are named in full."""
        return {source.name: source for source in self.sources}

    @cached_property
    def source_patterns(self) -> tuple[SourceRule, ...]:
        """The sources whose name ends with any ending."""
        return tuple(source for source in self.sources if source.name.endswith("*"))

    @cached_property
    def trigger_texts(self) -> dict[str, tuple[str, Text]]:
        """Version and suggested action of every trigger."""
        triggers = self.triggers
        table: dict[str, tuple[str, Text]] = {}
        for watch in (*triggers.limits, *triggers.rises, *triggers.forecasts):
            table.setdefault(watch.id, (watch.version, watch.action))
        rules = (
            triggers.silence,
            triggers.weather,
            triggers.corroboration,
            triggers.spread,
            triggers.recurrence,
            triggers.complaints,
            triggers.repeats,
            triggers.hotspots,
            triggers.chains,
            triggers.deadline_risk,
            triggers.fan_out,
            triggers.flood,
            *triggers.seasons,
            *triggers.device_rules.values(),
        )
        for rule in rules:
            if rule is not None:
                table.setdefault(rule.id, (rule.version, rule.action))
        return table

    @cached_property
    def counted(self) -> frozenset[str]:
        """The kinds whose numbers some rule looks at, at some tier: spread, surges, chains.

        Where a season is announced all kinds are counted, since its day begins with a count.
        """
        triggers = self.triggers
        rules = [
            rule for rule in (triggers.spread, triggers.surge, triggers.chains) if rule is not None
        ]
        return frozenset(
            entry.code
            for group in self.categories.groups
            for entry in group.entries
            if triggers.seasons or any(rule.watches(entry.code, group.code) for rule in rules)
        )

    @cached_property
    def pulses(self) -> frozenset[str]:
        """The kinds whose surges some tier looks for."""
        rule = self.triggers.surge
        if rule is None or not any(map(rule.widths, TIERS)):
            return frozenset()
        return frozenset(
            entry.code
            for group in self.categories.groups
            for entry in group.entries
            if rule.watches(entry.code, group.code)
        )

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
            stages=self.stages.get(entry.code) or self.stages.get(group.code) or (),
            merge_radius_m=merging.radius_m,
            merge_within_s=merging.within_s,
            recurrence_radius_m=merging.recurrence_radius_m,
        )

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
        return self.rules.get((catalogue, code))

    def pace(self, severity: Severity, urgency: Urgency) -> Pace:
        """How fast such a case moves and who owns it at birth."""
        return self.pace_table[severity, urgency]

    def source(self, name: str) -> SourceRule:
        """How far a sender is believed; a stranger gets a rule that believes nothing."""
        rule = self.known_sources.get(name)
        if rule is not None:
            return rule
        for pattern in self.source_patterns:
            if matches((pattern.name,), name):
                return pattern
        return _UNKNOWN_SOURCE

    @cached_property
    def rosters(self) -> dict[str, Roster]:
        """The roster of each area or tier that has one."""
        return {area: roster for roster in self.rota for area in roster.areas}

    def roster(self, area: str) -> Roster | None:
        """The rota of a desk; None where nobody has set one."""
        return self.rosters.get(area) or self.rosters.get(self.areas.tier_of(area) or "")

    def knows_unit(self, code: str) -> bool:
        """Whether that is the code of one of the city's units."""
        return code in self.unit_names

    def unit_name(self, code: str, language: Language = "zh") -> str:
        """What a unit is called; its code if nobody named it."""
        text = self.unit_names.get(code)
        return code if text is None else text.of(language)

    def kind_name(self, code: str, language: Language = "zh") -> str:
        """What a kind of matter is called; its code if the catalogue has none of it."""
        rule = self.category(None, code)
        if rule is None:
            return code
        return rule.name if language == "zh" else rule.name_en

    def suggested_action(self, trigger: str, language: Language = "zh") -> str | None:
        """What the operator who gets an alert of this trigger should do first."""
        known = self.trigger_texts.get(trigger)
        return None if known is None else known[1].of(language)

    def trigger_version(self, trigger: str) -> str:
        """The version of a trigger's numbers; the policy's own if the trigger has none."""
        known = self.trigger_texts.get(trigger)
        return self.version if known is None else known[0]

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
