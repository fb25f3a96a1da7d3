"""Who deals with a case: the lead unit, those who assist, and what the case is called."""

from __future__ import annotations

from schemas.terms import SEVERITIES, Place, Severity
from streams.policy import CategoryRule, Policy
from streams.policy.routing import OWNER_UNKNOWN

RANK: dict[str, int] = {"street": 0, "district": 1, "city": 2}
"""The order of the tiers, from the ground up."""

GRAVITY: dict[str, int] = {severity: number for number, severity in enumerate(SEVERITIES)}
"""0 is the gravest."""

TITLE_CHARACTERS = 200


def lead_unit(policy: Policy, rule: CategoryRule, agency: str | None) -> str | None:
    """The unit that leads: the one the sender named, if it is one of ours, else the kind's.

    None: nobody answers for this kind of matter, the district must name an owner (E5).
    """
    if agency is not None and policy.knows_unit(agency):
        return agency
    return None if rule.unit == OWNER_UNKNOWN else rule.unit


def graver(one: Severity, other: Severity) -> Severity:
    """The graver of two severities."""
    return one if GRAVITY[one] <= GRAVITY[other] else other


def raised(severity: Severity, levels: int) -> Severity:
    """A severity so many levels graver; Ⅰ stays Ⅰ."""
    return SEVERITIES[max(0, GRAVITY[severity] - levels)]


def title_of(policy: Policy, rule: CategoryRule, area: str, place: Place) -> str:
    """What a case is called: where, what, and the address if one was given."""
    text = policy.areas.text(area)
    name = area if text is None else text.of(policy.language)
    address = f" {place.address}" if place.address else ""
    if policy.language == "zh":
        return f"{name}{rule.name}{address}"[:TITLE_CHARACTERS]
    return f"{rule.name_en}, {name}{address}"[:TITLE_CHARACTERS]


def is_above(policy: Policy, upper: str, lower: str) -> bool:
    """Whether `upper` is the parent, or the parent's parent, of `lower`."""
    parent = policy.areas.parent(lower)
    return parent is not None and (parent == upper or policy.areas.parent(parent) == upper)


def birth_area(incident_id: str) -> str:
    """The area that opened a case: its id begins with it."""
    return incident_id.rsplit("-", 2)[0]


def child_towards(policy: Policy, area: str, below: str) -> str | None:
    """The child of `area` in whose line `below` lies; None if it does not lie below."""
    step: str | None = below
    while step is not None:
        parent = policy.areas.parent(step)
        if parent == area:
            return step
        step = parent
    return None
