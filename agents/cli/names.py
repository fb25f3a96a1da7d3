"""What areas and units are called, apart from the policy that says so.

A policy takes long to read; the names in it are all that most sentences need.
"""

from __future__ import annotations

from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from streams.policy import Policy

Pair = tuple[str, str]
"""Chinese and English."""


class Names:
    """The names of a city's areas and units, by code."""

    __slots__ = ("areas", "units")

    def __init__(self, areas: Mapping[str, Pair], units: Mapping[str, Pair]) -> None:
        self.areas = areas
        self.units = units

    @classmethod
    def of(cls, policy: Policy) -> Names:
        """The names that a policy gives."""
        return cls(
            {code: (text.zh, text.en) for code, text in policy.areas.texts.items()},
            {code: (text.zh, text.en) for code, text in policy.unit_names.items()},
        )
