"""Where a report is: the sender's area, else the cell table, else the fallback desk."""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.dead_letter import Reason
from schemas.report import ServiceRequest
from schemas.terms import Tier
from streams.policy import Policy

CELL_CONFIDENCE = 0.8
"""A cell is a square that a boundary may cross, so its street is likely, not certain (D)."""


class Desk(NamedTuple):
    """Which desk gets a report, and what is known of the place.

    Attributes:
        tier: street, or district where no street is known.
        place: fields of `schemas.terms.Place`, absent ones left out.
        areas: all streets or districts the sender named as touched.
        mergeable: False where there is no point that distance could be taken from.
    """

    tier: Tier
    area: str
    place: dict[str, Any]
    areas: list[str]
    mergeable: bool


def find_desk(request: ServiceRequest, address: str | None, policy: Policy) -> Desk | Reason:
    """The desk of a report, or why there is none.

    A street or district that the sender names is believed; a city's code names no desk.
    A stand-in point (city hall, 0/0) is no place: it neither locates nor merges.

    Args:
        address: already masked.
    """
    areas = policy.areas
    for at, touched in enumerate(request.areas):
        if areas.tier_of(touched) is None:
            return _unknown(touched, f"/data/areas/{at}")
    lat, lon = request.lat, request.long
    if lat is None or lon is None or (policy.void_points and policy.is_void(lat, lon)):
        lat = lon = None
    mergeable = lat is not None
    code = request.area_code
    street: str | None = None
    district: str | None = None
    method, confidence = "given", 1.0
    if code is not None:
        tier = areas.tier_of(code)
        if tier is None:
            return _unknown(code, "/data/area_code")
        if tier == "street":
            street, district = code, areas.parent(code)
        elif tier == "district":
            district = code
    if street is None and lat is not None and lon is not None:
        found = areas.locate(lat, lon)
        # A sender's district stands against our table: a cell may lie across its border.
        if found is not None and district in (None, areas.parent(found)):
            street, district = found, areas.parent(found)
            method, confidence = "cell", CELL_CONFIDENCE
    if district is None:
        district = areas.fallback
        method, confidence = "desk", 0.0
    place: dict[str, Any] = {}
    if lat is not None:
        place["lat"] = lat
        place["lon"] = lon
    if address is not None:
        place["address"] = address
    if street is not None:
        place["street"] = street
    place["district"] = district
    place["method"] = method
    place["confidence"] = confidence
    if street is None:
        return Desk("district", district, place, request.areas, mergeable)
    return Desk("street", street, place, request.areas, mergeable)


def _unknown(code: str, path: str) -> Reason:
    return Reason(
        code="unknown_area",
        message=f"area {code[:60]!r} is not in the city's table, wanted a street, district or "
        "city code, or none",
        path=path,
    )
