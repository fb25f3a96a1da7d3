"""The fixed words of the city: tiers, severities, colours, states.

Only words that programs branch on stand here; what differs from city to city
(categories, limits, units, areas) is policy.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.envelope import Body

Tier = Literal["street", "district", "city"]
"""The three strokes of 王: 街道, 区(县), 市."""

Severity = Literal["I", "II", "III", "IV", "V"]
"""What happened, gravest first: 特别重大, 重大, 较大, 一般, and our own Ⅴ 日常 (routine)."""

Colour = Literal["blue", "yellow", "orange", "red"]
"""What may come, or how near a deadline is: 蓝 黄 橙 红. Never the same field as severity."""

Urgency = Literal["normal", "utility", "urgent"]
"""How a case of one severity is paced: 日常, 水电气热 (water, power, gas, heating), 紧急."""

WorkState = Literal[
    "reported",
    "verifying",
    "registered",
    "dispatched",
    "accepted",
    "in_progress",
    "returned",
    "suspended",
    "resolved",
    "checking",
    "closed",
    "rejected",
]
"""Where the work on an incident stands.

上报 核查 立案 派遣 签收 处置 退回 挂账 反馈 核实 结案 作废.
"""

AlertState = Literal["opened", "raised", "revised", "withdrawn", "closed"]

SEVERITIES: tuple[Severity, ...] = ("I", "II", "III", "IV", "V")
COLOURS: tuple[Colour, ...] = ("blue", "yellow", "orange", "red")
TIERS: tuple[Tier, ...] = ("street", "district", "city")
TERMINAL: frozenset[str] = frozenset({"closed", "rejected"})


class Category(Body):
    """A kind of matter in a versioned catalogue; codes of two cities may differ in meaning.

    ``code`` is the catalogue's own (six digits in GB/T 30428 catalogues).
    """

    catalogue: str
    version: str
    code: str
    name: str


class Place(Body):
    """Where it is: WGS 84 degrees, words, and the areas that follow from them.

    ``method`` says how the areas were found: given by the sender, from the cell table,
    or by the fallback desk. ``confidence`` is 0 to 1. Without coordinates a place can
    be routed, never merged by distance.
    """

    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    address: str | None = Field(default=None, max_length=500)
    street: str | None = None
    district: str | None = None
    method: Literal["given", "cell", "device", "desk"] = "given"
    confidence: float = Field(default=1.0, ge=0, le=1)


class Actor(Body):
    """Who does something: an operator, a unit's officer, or the system itself.

    ``unit`` is the code of the unit that an officer speaks for.
    ``synthetic`` marks what the system does in somebody's stead (a replay's
    acknowledgement), so that no report counts it as a person's work.
    """

    id: str = Field(min_length=1, max_length=200)
    role: Literal["operator", "unit", "supervisor", "system", "citizen", "department"] = "operator"
    tier: Tier | None = None
    area: str | None = None
    unit: str | None = None
    synthetic: bool = False
