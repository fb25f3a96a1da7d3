"""The utility's policy: regions in cells of one degree in one service area."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from math import floor
from pathlib import Path
from typing import Any

from agents.replay import policy_writer
from agents.replay.outages.mapping import CATALOGUE, UNIT, UNKNOWN
from agents.replay.outages.rows import CITY, DESK, SOURCE, ZONE, slug

CAUSES = (
    "emergency",
    "equipment",
    "fire",
    "investigating",
    "planned",
    "psps",
    "unknown",
    "vegetation",
    "vehicle",
    "weather",
)
WIDE = ("fire", "psps", "weather")
"""Causes that come over many towns at once (W7); psps is a preventive shut-off in fire weather."""

Cells = Mapping[str, Counter[str]]
"""Region name to how many of its outages lie in which cell."""


def cell_of(lat: str, lon: str) -> str:
    """The district of a point: its cell of one degree, named by its south-west corner."""
    if not (lat and lon):
        return DESK
    south, west = floor(float(lat)), floor(float(lon))
    return f"{'n' if south >= 0 else 's'}{abs(south):02}{'e' if west >= 0 else 'w'}{abs(west):03}"


def write_policy(directory: Path, cells: Cells, causes: set[str]) -> Path:
    """Write the utility's policy files; the same log gives the same bytes."""
    return policy_writer.write_sections(directory, policy(cells, causes))


def policy(cells: Cells, causes: set[str]) -> policy_writer.Sections:
    """The utility's policy as plain data."""
    kinds = sorted({*CAUSES, *(slug(cause) or UNKNOWN for cause in causes)})
    return {
        **policy_writer.recorded_city(
            CATALOGUE, {"code": CITY, "name": "Service area"}, _districts(cells), DESK, ZONE
        ),
        "categories": {
            "categories": {
                "name": CATALOGUE,
                "version": "1",
                "groups": [
                    {
                        "code": "outage",
                        "name": {"zh": "停电", "en": "Power outage"},
                        "kind": "event",
                        "urgency": "utility",
                        "entries": [{"code": kind, "name": f"Outage: {kind}"} for kind in kinds],
                    }
                ],
            }
        },
        "units": {"units": [{"code": UNIT, "name": "Crews of the utility"}]},
        "routing": {"routing": {"default": {"unit": UNIT}}},
        "merging": {"merging": {"default": {"radius_m": 0, "within_s": 0}}},
        "sources": {
            "sources": [
                {
                    "name": SOURCE,
                    "trusts_limit": True,
                    "trusts_severity": True,
                    "units": {UNIT: UNIT},
                }
            ]
        },
        # Gone for half an hour is gone; what is back before was never away (flapping).
        "desk": {"desk": {"synthetic_acceptance": True, "closes_after": "30 minute"}},
        "orders": {"orders": {"flapping_within": "30 minute"}},
        "triggers": {"triggers": {"spread": _spread()}},
    }


def _districts(cells: Cells) -> list[dict[str, Any]]:
    """Each region in the cell where most of its outages lie."""
    streets: dict[str, list[dict[str, str]]] = defaultdict(list)
    seen: set[str] = set()
    for region, votes in sorted(cells.items()):
        code = slug(region)
        if code and code not in seen:
            seen.add(code)
            winner = min(votes, key=lambda cell: (-votes[cell], cell))
            streets[winner].append({"code": code, "name": region})
    streets.setdefault(DESK, [])
    return [
        {"code": cell, "name": f"Cell {cell}", "streets": regions}
        for cell, regions in sorted(streets.items())
    ]


def _spread() -> dict[str, Any]:
    return {
        "version": f"{CATALOGUE}-1",
        "title": {"zh": "大面积停电", "en": "Outages of one cause in many towns"},
        "action": {"zh": "启动应急响应。", "en": "Open the emergency centre."},
        "streets": 3,
        "districts": 3,
        "within_s": 3600,
        "kinds": list(WIDE),
    }
