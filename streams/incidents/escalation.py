"""Which tier a case belongs to by what it is: rules E1, E4, E5 and E7, each by its name.

The other rules stand where their causes are: E2, E3 and E11 (time) in `deadlines`, E6
(recurrence) in `problems`, E8 (only the owner gives back) in `ownership`, E9 (no level
below one set above) with the order that grades anew; E10, that a case never changes its
id, is a property of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from schemas.incident import Incident
from schemas.terms import Tier
from streams.incidents.routing import GRAVITY, RANK
from streams.incidents.words import ROMAN, words
from streams.policy import Policy


class Wanted(NamedTuple):
    """A tier that should own a case, and the rule that says so."""

    tier: Tier
    rule: str
    reason: str


def grave(policy: Policy, incident: Incident) -> Wanted | None:
    """E1: from Ⅱ on the city owns, from Ⅲ on the district; and whom the pace names."""
    rules = policy.escalation
    gravity = GRAVITY[incident.severity]
    owner: Tier = policy.pace(incident.severity, incident.urgency).owner
    if gravity <= GRAVITY[rules.city_from]:
        owner = "city"
    elif gravity <= GRAVITY[rules.district_from] and owner == "street":
        owner = "district"
    if owner == "street":
        return None
    return Wanted(
        owner, "E1", words(policy.language, "severity", severity=ROMAN[incident.severity])
    )


def spanning(policy: Policy, incident: Incident) -> Wanted | None:
    """E4: a place that spans several streets is the district's, several districts the city's."""
    if not incident.areas:
        return None
    tier_of, parent = policy.areas.tier_of, policy.areas.parent
    streets: set[str] = set()
    districts: set[str] = set()
    for code in {*incident.areas, incident.place.street, incident.place.district}:
        if code is None:
            continue
        tier = tier_of(code)
        if tier == "street":
            streets.add(code)
            above = parent(code)
            if above is not None:
                districts.add(above)
        elif tier == "district":
            districts.add(code)
    if len(districts) >= policy.escalation.spans_districts:
        return Wanted("city", "E4", words(policy.language, "spans_districts", count=len(districts)))
    if len(streets) >= policy.escalation.spans_streets:
        return Wanted("district", "E4", words(policy.language, "spans_streets", count=len(streets)))
    return None


def ownerless(policy: Policy, incident: Incident) -> Wanted | None:
    """E5: nobody can be named, or the units have sent it back too often: the district decides."""
    if incident.returns >= policy.escalation.returns:
        return Wanted(
            "district", "E5", words(policy.language, "returned_often", count=incident.returns)
        )
    if incident.unit is None and incident.state == "registered":
        return Wanted("district", "E5", words(policy.language, "no_owner"))
    return None


def sensitive(policy: Policy, incident: Incident) -> Wanted | None:
    """E7: group events, casualties and minors call the district at once."""
    if not incident.sensitive:
        return None
    language = policy.language
    marks = [
        words(language, mark) for mark in incident.sensitive if mark in policy.escalation.sensitive
    ]
    if not marks:
        return None
    return Wanted("district", "E7", words(language, "sensitive", marks="、".join(marks)))


RULES: tuple[Callable[[Policy, Incident], Wanted | None], ...] = (
    grave,
    sensitive,
    spanning,
    ownerless,
)
"""In the order of precedence among rules that want the same tier."""


def wanted(
    policy: Policy, tier: Tier, incident: Incident, waived: Collection[str] = ()
) -> Wanted | None:
    """The tier above `tier` that should own the case, by the rule that lifts it highest.

    Args:
        waived: names of rules that a tier above has overruled by delegating the case.

    Returns:
        None: it may stay where it is.
    """
    best: Wanted | None = None
    reached = RANK[tier]
    for rule in RULES:
        want = rule(policy, incident)
        if want is not None and RANK[want.tier] > reached and want.rule not in waived:
            best, reached = want, RANK[want.tier]
    return best


def overruled(policy: Policy, tier: Tier, incident: Incident) -> list[str]:
    """The rules that want a case above `tier`, which a delegation to that tier overrules."""
    wants = (rule(policy, incident) for rule in RULES)
    return [want.rule for want in wants if want is not None and RANK[want.tier] > RANK[tier]]
