"""What a case really is: how grave (E8, E9), how sensitive (E7), which kind, and where."""

from __future__ import annotations

from typing import cast

from schemas.terms import Place, Severity
from streams.incidents import clocks, family, ownership
from streams.incidents.grading import regrade as raise_to
from streams.incidents.orders.order import Do, Order
from streams.incidents.orders.telling import tell_unit
from streams.incidents.places import Spots
from streams.incidents.refusal import Refused
from streams.incidents.routing import GRAVITY, RANK, child_towards, lead_unit, title_of

CORRECTED = "correction"
"""The rule that is named where a correction moves or raises a case."""


def regrade(order: Order) -> None:
    """Graver, or less: anybody of the line raises (E9), only the owner lowers (E8).

    A level that a tier above has set holds for the tiers below: it is the case's floor.
    """
    incident = order.incident
    severity = cast("Severity", order.given.needed("severity"))
    step = GRAVITY[severity] - GRAVITY[incident.severity]
    if step == 0:
        raise Refused("conflict", "no_change", f"it is {severity} already")
    if step < 0:
        _raise(order, severity)
    else:
        _lower(order, severity)


def _raise(order: Order, severity: Severity) -> None:
    turn, case, incident = order.turn, order.case, order.incident
    areas = turn.policy.areas
    tier = areas.tier_of(order.actor.area or turn.area) or turn.tier
    raise_to(turn, case, severity, CORRECTED, actor=order.actor, reason=order.reason)
    set_by = incident.floor_tier
    if tier != "street" and (set_by is None or RANK[tier] >= RANK[set_by]):
        incident.floor, incident.floor_tier = severity, tier
    ownership.lift_as_needed(turn, case, "E1")


def _lower(order: Order, severity: Severity) -> None:
    turn, incident = order.turn, order.incident
    if order.actor.area != turn.area:
        raise Refused("forbidden", "only_the_owner_lowers", f"wanted an officer of {turn.area}")
    floor, set_by = incident.floor, incident.floor_tier
    if floor is not None and set_by is not None:
        if RANK[set_by] > RANK[turn.tier] and GRAVITY[severity] > GRAVITY[floor]:
            raise Refused("forbidden", "below_the_floor", f"the {set_by} has set {floor}")
        if RANK[set_by] <= RANK[turn.tier]:
            incident.floor, incident.floor_tier = severity, turn.tier
    before, incident.severity = incident.severity, severity
    incident.version += 1
    order.move(severity=severity, before=before)


def mark(order: Order) -> None:
    """Mark it as sensitive: the district is called at once (E7)."""
    incident = order.incident
    marks = [each for each in order.given.many("marks") if each not in incident.sensitive]
    if not marks:
        raise Refused("conflict", "no_change", "it is marked so already")
    incident.sensitive = [*incident.sensitive, *marks]
    order.move(marks=marks)
    ownership.lift_as_needed(order.turn, order.case, "E7")


def correct_category(order: Order) -> None:
    """It is another kind of matter: another limit from the same beginning, maybe another unit."""
    turn, case, incident = order.turn, order.case, order.incident
    policy = turn.policy
    code = order.given.needed("category")
    rule = policy.category(None, code)
    if rule is None or code == incident.category.code:
        raise Refused("conflict", "no_change", f"it is {code} already")
    before, unit_before = incident.category.code, incident.unit
    incident.category = rule.category
    incident.title = title_of(policy, rule, turn.area, incident.place)
    added = [each.unit for each in incident.assists or ()]
    incident.assisting = list(dict.fromkeys((*rule.assisting, *added)))
    order.move(category=code, before=before)
    began = case.standard_from or incident.opened_at
    limit = clocks.standard_limit(case, policy)
    due = None if limit is None else policy.calendar.add(began, limit)
    clocks.set_standard(case, limit, began, due)
    if incident.state not in ("reported", "verifying", "suspended"):
        clocks.follow_due(case, policy)
    place = incident.place
    if place.lat is not None and place.lon is not None:
        where = Spots(turn, rule)
        where.remember(incident.incident_id, place.lat, place.lon, incident.opened_at)
    unit = order.given.text("unit") or lead_unit(policy, rule, None)
    if unit is not None and unit != unit_before:
        incident.assisting = [each for each in incident.assisting if each != unit]
        _send(order, unit)
    if GRAVITY[rule.severity] < GRAVITY[incident.severity]:
        raise_to(turn, case, rule.severity, CORRECTED)
    if policy.causes:
        family.notice_case(turn, case)
    if not ownership.lift_as_needed(turn, case):
        family.tell_shadows(turn, case, order.command.command_id)


def _send(order: Order, unit: str) -> None:
    """Give it to the unit of its right kind, unless another one is at work already."""
    turn, case, incident = order.turn, order.case, order.incident
    state = incident.state
    if state in ("reported", "verifying"):
        incident.unit = unit
        return
    if state not in ("registered", "dispatched", "returned"):
        return
    incident.unit = unit
    incident.version += 1
    action = "dispatch" if state == "registered" else "redispatch"
    turn.move(case, action, order.actor, rule=CORRECTED, detail={"unit": unit})
    tell_unit(turn, case)


def correct_place(order: Order) -> None:
    """It lies elsewhere; out of this area, the tier above decides whose it is."""
    turn, case, incident = order.turn, order.case, order.incident
    policy = turn.policy
    before, area = incident.place, _area_of(order)
    place = incident.place = _corrected(order, area)
    rule = policy.category(None, incident.category.code)
    if rule is not None:
        incident.title = title_of(policy, rule, turn.area, place)
        spots, identity = Spots(turn, rule), incident.incident_id
        if before.lat is not None and before.lon is not None:
            spots.forget(identity, before.lat, before.lon)
        if place.lat is not None and place.lon is not None:
            spots.remember(identity, place.lat, place.lon, incident.opened_at)
    order.move(lat=place.lat, lon=place.lon, area=area)
    above = policy.areas.parent(turn.area)
    if area is None or area == turn.area or child_towards(policy, turn.area, area) is not None:
        family.tell_shadows(turn, case, order.command.command_id)
    elif above is not None:
        ownership.give(turn, case, above, CORRECTED, order.reason, order.actor)


def _area_of(order: Order) -> str | None:
    """The street it lies in: as given, else that of the point; None if neither says."""
    lat, lon = order.given.number("lat"), order.given.number("lon")
    area = order.given.text("area")
    if area is None and lat is not None and lon is not None:
        area = order.turn.policy.areas.locate(lat, lon)
    return area


def _corrected(order: Order, area: str | None) -> Place:
    given = order.given
    lat, lon, address = given.number("lat"), given.number("lon"), given.text("address")
    if lat is None and lon is None and address is None and area is None:
        raise Refused("rejected", "argument_missing", "got nothing, wanted lat and lon, …")
    update: dict[str, object] = {"method": "desk", "confidence": 1.0}
    if lat is not None or lon is not None:
        if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
            raise Refused("rejected", "wrong_argument", f"got {lat} {lon}, wanted lat and lon")
        update |= {"lat": lat, "lon": lon}
    if address is not None:
        update["address"] = address[:500]
    if area is not None:
        areas = order.turn.policy.areas
        on_street = areas.tier_of(area) == "street"
        update["street"] = area if on_street else None
        update["district"] = areas.parent(area) if on_street else area
    return order.incident.place.model_copy(update=update)


ORDERS: dict[str, Do] = {
    "regrade": regrade,
    "mark": mark,
    "correct_category": correct_category,
    "correct_place": correct_place,
}
