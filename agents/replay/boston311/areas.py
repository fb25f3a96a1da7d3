"""Boston's three tiers, read out of its own cases: precinct, neighbourhood, city.

A precinct is a street tier and belongs to the neighbourhood that most of its cases name;
over half of the precincts lie in several, so the cases that name another are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.replay.boston311.rows import CITY, DESK, Row, slug


@dataclass(frozen=True, slots=True)
class Areas:
    """The area tree of a recording.

    Attributes:
        districts: slug to name, the fallback desk not among them.
        precincts: precinct to the slug of its district.
        spanning: precincts whose cases name several neighbourhoods.
        differing: cases whose neighbourhood is not their precinct's district.
    """

    districts: dict[str, str]
    precincts: dict[str, str]
    spanning: int
    differing: int
    routed: dict[str, int] = field(default_factory=dict)


def district_code(neighborhood: str) -> str:
    """The code of a neighbourhood; one is called like the city, which has that code."""
    code = slug(neighborhood)
    return f"{code}-neighborhood" if code in (CITY, DESK) else code


def area_of(row: Row) -> str | None:
    """The area that a case itself names: its precinct, else its neighbourhood, else none.

    A precinct without a neighbourhood is not believed: such a case is for the desk of
    unknown places.
    """
    if not row.neighborhood:
        return None
    return row.precinct or district_code(row.neighborhood)


def areas_of(rows: Iterable[Row]) -> Areas:
    """Build the tree: majority neighbourhood of each precinct; ties go to the first by name."""
    named: dict[str, Counter[str]] = {}
    districts: dict[str, str] = {}
    routed: Counter[str] = Counter()
    for row in rows:
        if not row.neighborhood:
            routed[DESK] += 1
            continue
        district = district_code(row.neighborhood)
        districts.setdefault(district, row.neighborhood)
        routed["precinct" if row.precinct else "district"] += 1
        if row.precinct:
            named.setdefault(row.precinct, Counter())[district] += 1
    precincts: dict[str, str] = {}
    spanning = differing = 0
    for precinct, votes in named.items():
        winner = min(votes, key=lambda name: (-votes[name], name))
        precincts[precinct] = winner
        spanning += len(votes) > 1
        differing += sum(votes.values()) - votes[winner]
    return Areas(
        dict(sorted(districts.items())),
        dict(sorted(precincts.items())),
        spanning,
        differing,
        dict(routed),
    )
