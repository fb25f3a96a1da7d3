"""A policy for measured series: where the devices stand, what they measure, generous limits.

The limits only say what is beyond doubt; finer judgement is for statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.replay import policy_writer

CITY = "world"
DESK = "unplaced"
NAME = "sensors"

CLASSES = {
    "air": {"zh": "空气监测站", "en": "Air station"},
    "water": {"zh": "供水水质仪", "en": "Gauge of a water main"},
    "benchmark": {"zh": "基准序列", "en": "Benchmark series"},
}

PROFILES = {"air": "compact", "water": "limits", "benchmark": "full"}

Streets = Mapping[str, set[str]]
Properties = Mapping[str, Mapping[str, str]]
Values = dict[str, Any]


def write_policy(directory: Path, streets: Streets, properties: Properties) -> Path:
    """Write the policy files; the same series give the same bytes."""
    return policy_writer.write_sections(directory, policy(streets, properties))


def policy(streets: Streets, properties: Properties) -> policy_writer.Sections:
    """The policy as plain data.

    Args:
        streets: district to its streets.
        properties: device class to observed property and its unit.
    """
    return {
        "policy": {"name": NAME, "language": "en"},
        "areas": {
            "areas": {
                "city": {"code": CITY, "name": "All series"},
                "districts": [
                    *(
                        {
                            "code": district,
                            "name": district,
                            "streets": [{"code": name, "name": name} for name in sorted(names)],
                        }
                        for district, names in sorted(streets.items())
                    ),
                    {"code": DESK, "name": "Place unknown"},
                ],
                "fallback": DESK,
            }
        },
        "calendar": {"calendar": policy_writer.calendar("UTC")},
        "categories": {
            "categories": {
                "name": NAME,
                "version": "1",
                "groups": [
                    {
                        "code": "measured",
                        "name": {"zh": "感知", "en": "Measured"},
                        "kind": "event",
                        "entries": [
                            {"code": "bad-air", "name": {"zh": "空气污染", "en": "Bad air"}},
                            {"code": "bad-water", "name": {"zh": "水质异常", "en": "Bad water"}},
                            {"code": "unusual", "name": {"zh": "读数异常", "en": "Unusual"}},
                        ],
                    }
                ],
            }
        },
        "units": {"units": [{"code": "environment", "name": "Environment"}]},
        "routing": {"routing": {"default": {"unit": "environment"}}},
        "merging": {"merging": {"default": {"radius_m": 0, "within_s": 0}}},
        "paces": {"paces": policy_writer.only_limit_clocks()},
        "supervision": {"supervision": policy_writer.supervision()},
        "escalation": {"escalation": {"whistle_answer": "30 minute"}},
        "intake": {"intake": {"answers": policy_writer.answers()}},
        "desk": {"desk": {"synthetic_acceptance": True, "closes_after": "1 natural_day"}},
        "devices": {
            "devices": {kind: _device(kind, units) for kind, units in sorted(properties.items())}
        },
        "triggers": {"triggers": {"limits": _limits(properties), **_beyond_limits()}},
    }


def _device(kind: str, units: Mapping[str, str]) -> Values:
    """A class of devices, each series held against its own past.

    The gauges of a water main stand side by side and are witnesses of one another; minute
    by minute that finds more, earlier, than each one's own past.
    """
    profile = PROFILES[kind]
    device: Values = {
        "name": CLASSES[kind],
        "properties": {
            name: {"unit": unit, "profile": profile} for name, unit in sorted(units.items())
        },
    }
    if kind == "water" and len(units) > 1:
        device["station"] = {"properties": sorted(units)[:9]}
    return device


def _beyond_limits() -> Values:
    """What is told of a series that is unlike its own past, or of gauges that agree."""
    common = {"version": "1", "category": "unusual", "action": "Look at the curve."}
    return {
        "anomaly": common | {"id": "W15", "title": "Unusual reading"},
        "together": common | {"id": "W15-together", "title": "Several gauges leave their course"},
    }


def _limits(properties: Properties) -> list[dict[str, Any]]:
    """Steps for what the series at hand measure.

    PM2.5: 150 heavily, 250 severely polluted by the Chinese index, 500 beyond its scale
    (HJ 633-2012). Water: pH outside 6.5 to 8.5 by GB 5749-2022, with a margin of 0.5 for
    the gauge; turbidity 1 NTU is its limit.
    """
    rules = []
    if "pm25" in properties.get("air", {}):
        steps: list[Values] = [
            {"at": 150, "colour": "yellow", "severity": "V"},
            {"at": 250, "colour": "orange", "severity": "IV"},
            {"at": 500, "colour": "red", "severity": "III"},
        ]
        clearing: Values = {"at": 115, "for_s": 7200, "readings": 3}
        rules.append(_limit("air", "pm25", "bad-air", "Heavy air pollution", steps, clearing))
    if "ph" in properties.get("water", {}):
        high: list[Values] = [{"at": 9.0, "colour": "yellow", "severity": "IV"}]
        low: list[Values] = [{"at": 6.0, "colour": "yellow", "severity": "IV"}]
        clearing = {"at": 8.8, "for_s": 600, "readings": 3}
        rules.append(_limit("water", "ph", "bad-water", "Water too alkaline", high, clearing))
        clearing = {"at": 6.5, "for_s": 600, "readings": 3}
        acid = _limit("water", "ph", "bad-water", "Water too acid", low, clearing)
        rules.append(acid | {"id": "water-ph-low", "direction": "below"})
    if "trueb_ntu" in properties.get("water", {}):
        steps = [{"at": 1.0, "colour": "yellow", "severity": "IV"}]
        clearing = {"at": 0.5, "for_s": 600, "readings": 3}
        rules.append(_limit("water", "trueb_ntu", "bad-water", "Cloudy water", steps, clearing))
    return rules


def _limit(
    kind: str,
    observed: str,
    category: str,
    title: str,
    steps: list[Values],
    clearing: Values,
) -> dict[str, Any]:
    return {
        "id": f"{kind}-{observed}",
        "version": "1",
        "title": title,
        "device_class": kind,
        "observed_property": observed,
        "category": category,
        "steps": steps,
        "clearing": clearing,
        "action": "Look at the gauge and its neighbours.",
    }
