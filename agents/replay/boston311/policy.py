"""Boston's policy, built from the cases that are replayed: areas, kinds, departments.

What the city decided is taken from its own records: the limit of a case is its SLA
target, its department is the one that the city names. Everything else (colours, lifts,
merging) is ours, and written down here with the reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from agents.replay import policy_writer
from agents.replay.boston311.areas import Areas
from agents.replay.boston311.mapping import CATALOGUE
from agents.replay.boston311.rows import CITY, CITY_HALL, DESK, SOURCE, ZONE, Row, slug

DUPLICATE = "Duplicate of Existing Case"

MERGE_RADIUS_M = 15.0
"""Coordinates come with four decimals, 8 to 11 m: a neighbouring point is the same place."""

MERGE_WITHIN_S = 30 * 86_400.0
"""The city closes most duplicates within a month of the first report."""

MERGED_SHARE, MERGED_CASES = 0.02, 5
"""A kind merges when the city itself closes that share of its cases, and that many, as
duplicates. Other kinds concern one household (a recycling cart, an inspection): two of
them at one address are two matters."""

EMERGENCIES = (
    "Downed Wire",
    "Heat - Excessive  Insufficient",
    "Major System Failure",
    "Misc. Snow Complaint",
    "Request for Snow Plowing (Emergency Responder)",
    "Street Light Knock Downs",
    "Traffic Signal Repair",
    "Tree Emergencies",
    "Watermain Break",
)
"""Kinds that one storm or one failure brings to many precincts within the hour (W7)."""


def write_policy(directory: Path, rows: Iterable[Row], areas: Areas, year: int) -> Path:
    """Write Boston's policy files; the same cases give the same bytes."""
    return policy_writer.write_sections(directory, policy(rows, areas, year))


def policy(rows: Iterable[Row], areas: Areas, year: int) -> policy_writer.Sections:
    """Boston's policy as plain data."""
    kinds = _kinds(rows)
    emergencies = sorted(slug(name) for name in EMERGENCIES if slug(name) in kinds.names)
    return {
        **policy_writer.recorded_city(
            CATALOGUE, {"code": CITY, "name": "Boston"}, _districts(areas), DESK, ZONE
        ),
        "categories": {
            "categories": {
                "name": CATALOGUE,
                "version": str(year),
                "groups": kinds.groups(),
            }
        },
        "units": {
            "units": [{"code": slug(name), "name": name} for name in sorted(kinds.departments)]
        },
        "routing": {"routing": kinds.routing()},
        "merging": {"merging": kinds.merging()},
        "sources": {
            "sources": [
                {
                    "name": SOURCE,
                    "trusts_limit": True,
                    "units": {name: slug(name) for name in sorted(kinds.departments)},
                }
            ]
        },
        "desk": {"desk": {"synthetic_acceptance": True}},
        "void_points": {
            "void_points": [
                {
                    "lat": CITY_HALL[0],
                    "lon": CITY_HALL[1],
                    "radius_m": 20,
                    "reason": "City Hall stands for a case without a place",
                }
            ]
        },
        "triggers": {"triggers": {"spread": _spread(emergencies)} if emergencies else {}},
    }


def _districts(areas: Areas) -> list[dict[str, Any]]:
    streets: dict[str, list[dict[str, str]]] = defaultdict(list)
    for precinct, district in areas.precincts.items():
        streets[district].append({"code": precinct, "name": f"Precinct {precinct}"})
    districts = [
        {"code": code, "name": name, "streets": streets[code]}
        for code, name in areas.districts.items()
    ]
    desk = {"code": DESK, "name": "Place unknown", "streets": streets[DESK]}
    return [*districts, desk]


def _spread(emergencies: list[str]) -> dict[str, Any]:
    return {
        "version": f"{CATALOGUE}-1",
        "title": {"zh": "同类事件蔓延", "en": "The same kind in many areas"},
        "action": {"zh": "检查共同原因。", "en": "Look for one common cause."},
        "streets": 3,
        "districts": 3,
        "within_s": 3600,
        "kinds": emergencies,
    }


class _Kinds:
    """What the cases say about each type: its reason, its department, its duplicates."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.reasons: dict[str, Counter[str]] = defaultdict(Counter)
        self.leads: dict[str, Counter[str]] = defaultdict(Counter)
        self.cases: Counter[str] = Counter()
        self.duplicates: Counter[str] = Counter()
        self.departments: set[str] = set()

    def add(self, row: Row) -> None:
        code = slug(row.type)
        department = row.department or DESK
        self.names.setdefault(code, row.type)
        self.reasons[code][row.reason or "Other"] += 1
        self.leads[code][department] += 1
        self.cases[code] += 1
        self.duplicates[code] += row.resolution == DUPLICATE
        self.departments.add(department)

    def groups(self) -> list[dict[str, Any]]:
        by_reason: dict[str, list[str]] = defaultdict(list)
        for code, reasons in self.reasons.items():
            by_reason[_first(reasons)].append(code)
        return [
            {
                "code": f"reason-{slug(reason)}",
                "name": reason,
                "kind": "request",
                "entries": [{"code": code, "name": self.names[code]} for code in sorted(codes)],
            }
            for reason, codes in sorted(by_reason.items())
        ]

    def routing(self) -> dict[str, Any]:
        total: Counter[str] = Counter()
        for leads in self.leads.values():
            total.update(leads)
        return {
            "default": {"unit": slug(_first(total))},
            **{code: {"unit": slug(_first(leads))} for code, leads in sorted(self.leads.items())},
        }

    def merging(self) -> dict[str, Any]:
        rules: dict[str, Any] = {"default": {"radius_m": 0, "within_s": 0}}
        for code in sorted(self.cases):
            marked = self.duplicates[code]
            if marked >= MERGED_CASES and marked >= MERGED_SHARE * self.cases[code]:
                rules[code] = {"radius_m": MERGE_RADIUS_M, "within_s": MERGE_WITHIN_S}
        return rules


def _kinds(rows: Iterable[Row]) -> _Kinds:
    kinds = _Kinds()
    for row in rows:
        kinds.add(row)
    return kinds


def _first(votes: Counter[str]) -> str:
    return min(votes, key=lambda name: (-votes[name], name))
