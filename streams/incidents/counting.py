"""How much of each kind an area sees, in bins of ten minutes: the pulse that flows up.

A street says once a bin what it saw, as an absolute number; a late report corrects it by
a higher revision. A district adds up its streets and says so to the city. Bins close by
the watermark, so a number is complete when it is said.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from schemas.handoff import AreaCounts, AreaCountsEvent
from streams.incidents.case import BINS
from streams.incidents.messages import Maker
from streams.incidents.turn import Turn
from streams.program import Due
from streams.state import from_microseconds, to_microseconds

BIN_S = 600
_BIN_US = BIN_S * 1_000_000
KEPT = timedelta(days=1)

area_counts = Maker(AreaCounts)
area_counts_event = Maker(AreaCountsEvent)

# A bin: "said" is the revision last sent up, "own" what this desk saw itself,
# "below" {area: [revision, {kind: number}]} of the areas below.


def bin_of(moment: datetime) -> int:
    """Start of the bin a moment lies in, microseconds since 1970."""
    microseconds = to_microseconds(moment)
    return microseconds - microseconds % _BIN_US


def count(turn: Turn, kind: str, at: datetime) -> None:
    """This desk saw one more of a kind."""
    start = bin_of(at)
    key = f"{turn.area}/{start}"
    table = turn.state.table(BINS)
    found = table.get(key)
    if found is None:
        found = {"said": 0, "own": {}, "below": {}}
    own = found["own"]
    own[kind] = own.get(kind, 0) + 1
    table.put(key, found, from_microseconds(start + _BIN_US))


def on_counts(turn: Turn, counts: AreaCounts) -> None:
    """An area below says what it saw; an older revision of the same bin changes nothing."""
    start = to_microseconds(counts.bin_start)
    key = f"{turn.area}/{start}"
    table = turn.state.table(BINS)
    found = table.get(key)
    if found is None:
        found = {"said": 0, "own": {}, "below": {}}
    known = found["below"].get(counts.area)
    if known is not None and known[0] >= counts.revision:
        return
    found["below"][counts.area] = [counts.revision, counts.counts]
    table.put(key, found, from_microseconds(start + _BIN_US))


def totals(found: dict[str, Any]) -> dict[str, int]:
    """Own and below, per kind."""
    total: dict[str, int] = dict(found["own"])
    for _, counts in found["below"].values():
        for kind, number in counts.items():
            total[kind] = total.get(kind, 0) + number
    return total


def by_area(found: dict[str, Any], area: str) -> dict[str, dict[str, int]]:
    """Per area below (and this desk itself, if it saw something): number per kind."""
    each = {below: counts for below, (_, counts) in found["below"].items()}
    if found["own"]:
        each[area] = found["own"]
    return each


def is_old(due: Due) -> bool:
    """Whether a bin that comes due is to be forgotten, not to be said."""
    start = int(due.key.rpartition("/")[2])
    return due.at >= from_microseconds(start + _BIN_US) + KEPT


def say_up(turn: Turn, key: str, found: dict[str, Any]) -> None:
    """Send the bin to the area above, and keep it for a day in case somebody is late."""
    start = int(key.rpartition("/")[2])
    found["said"] += 1
    begin = from_microseconds(start)
    turn.state.put(BINS, key, found, begin + timedelta(seconds=BIN_S) + KEPT)
    parent = turn.policy.areas.parent(turn.area)
    if parent is None:
        return
    turn.send_to(
        parent,
        area_counts_event(
            id=f"{turn.area}/counts/{start}/{found['said']}",
            source=turn.source,
            subject=turn.area,
            time=turn.now,
            data=area_counts(
                area=turn.area,
                tier=turn.tier,
                bin_start=begin,
                revision=found["said"],
                counts=totals(found),
            ),
        ),
    )
