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
        precincts: precinct to the slug of its district (None: no case names one).
        spanning: precincts whose cases name several neighbourhoods.
        differing: cases whose neighbourhood is not their precinct's district.
    """

    districts: dict[str, str]
    precincts: dict[str, str | None]
    spanning: int
    differing: int
    routed: dict[str, int] = field(default_factory=dict)


def district_code(neighborhood: str) -> str:
    """The code of a neighbourhood; one is called like the city, which has that code."""
    code = slug(neighborhood)
    return f"{code}-neighborhood" if code in (CITY, DESK) else code


def area_of(row: Row) -> str | None:
    """The area that a case itself names: its precinct, else its neighbourhood, else none."""
    if row.precinct:
        return row.precinct
    if row.neighborhood:
        return district_code(row.neighborhood)
    return None


def areas_of(rows: Iterable[Row]) -> Areas:
    """Build the tree: majority neighbourhood of each precinct; ties go to the first by name."""
    named: dict[str, Counter[str]] = {}
    districts: dict[str, str] = {}
    routed: Counter[str] = Counter()
    for row in rows:
        if row.neighborhood:
            districts.setdefault(district_code(row.neighborhood), row.neighborhood)
        if row.precinct:
            votes = named.setdefault(row.precinct, Counter())
            if row.neighborhood:
                votes[district_code(row.neighborhood)] += 1
        routed["precinct" if row.precinct else "district" if row.neighborhood else DESK] += 1
    precincts: dict[str, str | None] = {}
    spanning = differing = 0
    for precinct, votes in named.items():
        if not votes:
            precincts[precinct] = None
            continue
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
