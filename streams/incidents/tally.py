"""How often things have happened to a case."""

from __future__ import annotations

from schemas.incident import Tally
from streams.incidents.case import Case


def tally(case: Case) -> Tally:
    """The case's counts, to be raised in place."""
    counts = case.incident.tally
    if counts is None:
        counts = case.incident.tally = Tally()
    return counts
