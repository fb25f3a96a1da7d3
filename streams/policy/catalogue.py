"""The catalogue of matters: what kinds there are, and what follows from a kind."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from schemas.report import Intent
from schemas.terms import Category, Severity, Urgency
from streams.policy.limits import Limit, Stage
from streams.policy.section import Section, Text

Kind = Literal["component", "event", "request", "local"]
"""部件 (things), 事件 (happenings), 诉求 (requests), and a city's own extension."""

DEFAULT = "default"
"""The key under which routing, limits and merging say what holds for all other codes."""


class Routing(Section):
    """Who deals with a kind of matter: the lead unit, and those who assist (条)."""

    unit: str = Field(min_length=1)
    assisting: tuple[str, ...] = ()


class Merging(Section):
    """When two reports of a kind are the same matter: so near, and so soon after.

    Attributes:
        radius_m: metres; 0 never merges.
        within_s: seconds between the incident's last report and the new one.
        recurrence_radius_m: metres within which a later incident counts as the same place.
    """

    radius_m: float = Field(ge=0, le=5_000)
    within_s: float = Field(ge=0, le=366 * 86_400)
    recurrence_radius_m: float = Field(default=50, ge=0, le=5_000)


class Entry(Section):
    """One line of the catalogue as the file has it; what is left out comes from its group.

    Routing, limit and merging stand with the entry or, more often, in their own
    sections by code or group.
    """

    code: str = Field(min_length=1, max_length=100)
    name: Text
    severity: Severity | None = None
    urgency: Urgency | None = None
    intent: Intent | None = None
    danger_to_life: bool = False
    routing: Routing | None = None
    limit: Limit | None = None
    merging: Merging | None = None


class Group(Section):
    """A major class of the catalogue (大类) with its minor classes (小类)."""

    code: str = Field(min_length=1, max_length=100)
    name: Text
    kind: Kind
    severity: Severity = "V"
    urgency: Urgency = "normal"
    intent: Intent = "report"
    entries: tuple[Entry, ...] = Field(min_length=1)


class Mapping(Section):
    """How another catalogue's codes translate into ours, because equal codes differ in meaning."""

    catalogue: str = Field(min_length=1, max_length=100)
    codes: dict[str, str] = Field(min_length=1)


class Catalogue(Section):
    """All kinds of matter of a city, under a name and a version.

    Source of codes: the 6-digit numbering of GB/T 30428 as city clients use it.
    """

    name: str = Field(min_length=1, max_length=100)
    version: str = Field(min_length=1, max_length=40)
    groups: tuple[Group, ...] = Field(min_length=1)
    mappings: tuple[Mapping, ...] = ()

    @model_validator(mode="after")
    def _each_code_once(self) -> Catalogue:
        seen: set[str] = set()
        for group in self.groups:
            for entry in group.entries:
                if entry.code in seen:
                    raise ValueError(f"the code {entry.code!r} stands for two kinds, wanted one")
                seen.add(entry.code)
        names = [mapping.catalogue for mapping in self.mappings]
        if len(set(names)) < len(names) or self.name in names:
            raise ValueError("mappings: wanted each foreign catalogue once, and not our own name")
        return self


class CategoryRule(Section):
    """Everything the city decides from the kind of a matter, looked up in one access.

    Attributes:
        category: what messages carry.
        unit, assisting: lead unit and the others, unit codes.
        limit: until it must be resolved; None leaves it to the pace.
        stages: parts of the work with limits of their own, beside that of the whole.
        merge_radius_m: 0 never merges.
        group: code of the major class.
        danger_to_life: such a matter always gets the advice to call 110, 119, 120.
    """

    category: Category
    code: str
    name: str
    name_en: str
    group: str
    kind: Kind
    severity: Severity
    urgency: Urgency
    intent: Intent
    danger_to_life: bool
    unit: str
    assisting: tuple[str, ...]
    limit: Limit | None
    stages: tuple[Stage, ...] = ()
    merge_radius_m: float
    merge_within_s: float
    recurrence_radius_m: float
