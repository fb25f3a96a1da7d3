"""The same kind in many places at once (W7): counted per area, over a sliding hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

AreaKinds = Mapping[str, Mapping[str, int]]
"""Area → kind → number, of one bin."""


def touched(bins: Iterable[AreaKinds], kind: str, at_least: int) -> dict[str, int]:
    """The areas that saw a kind often enough within the window, with their numbers.

    Args:
        bins: the bins of the window.
        at_least: so many within the window make an area count as touched.

    Returns:
        Area → number, in the order of the area codes.
    """
    sums: dict[str, int] = {}
    for areas in bins:
        for area, kinds in areas.items():
            number = kinds.get(kind, 0)
            if number:
                sums[area] = sums.get(area, 0) + number
    return {area: sums[area] for area in sorted(sums) if sums[area] >= at_least}


def kinds_of(areas: AreaKinds) -> list[str]:
    """All kinds that a bin has, in the order of their codes."""
    return sorted({kind for kinds in areas.values() for kind in kinds})
