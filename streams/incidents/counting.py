"""How much of each kind an area sees, in bins of ten minutes: the pulse that flows up.

A street says once a bin what it saw, as an absolute number; a late report corrects it by
a higher revision. A district adds up its streets and says so to the city. Bins close by
the watermark, so a number is complete when it is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from schemas.handoff import AreaCounts
from streams.incidents.case import BINS, Bin, Bins
from streams.incidents.turn import Turn
from streams.state import from_microseconds, to_microseconds

BIN_S = 600
BIN_US = BIN_S * 1_000_000
KEPT_BINS = 12
"""A desk remembers two hours of bins; what comes later than that counts as seen now."""

MOST_OPENED = 1_000
"""Cases of a kind that a desk tells one by one in a bin; further ones are in its counts."""

MOST_NAMED = 50
"""Ids of a kind that are told of a bin, the first; further ones are in its counts."""

MOST_ID = 200
"""Characters of an id that is told; a longer one is only counted."""

MOST_SOURCES = 20

_COUNTS_KIND = b"cn.chengyun.area-counts.v1"


def bin_of(moment: datetime) -> int:
    """Start of the bin a moment lies in, microseconds since 1970."""
    microseconds = to_microseconds(moment)
    return microseconds - microseconds % BIN_US


def count(turn: Turn, kind: str, at: datetime, event_id: str, source: str) -> None:
    """This desk saw one more of a kind; what no rule of the policy looks at is not counted.

    Args:
        event_id: of the report or finding.
        source: the channel or class of devices that it came through.
    """
    if kind not in turn.policy.counted:
        return
    slot = turn.state.table(BINS).slot(turn.area)
    bins: Bins = slot.value or {}
    start = bin_of(at)
    if bins and start < max(bins) - KEPT_BINS * BIN_US:
        start = bin_of(turn.now)
    found = _open(bins, start)
    found.own[kind] = found.own.get(kind, 0) + 1
    if kind in turn.policy.pulses:
        _name(found, kind, (event_id,))
        if source not in found.sources and len(found.sources) < MOST_SOURCES:
            found.sources.append(source)
    if found.unsaid:
        slot.touched = True  # it is due already
        return
    found.unsaid = True
    _keep(turn, bins)


def _name(found: Bin, kind: str, ids: Iterable[str]) -> None:
    known = found.fresh.setdefault(kind, [])
    for each in ids:
        if len(known) >= MOST_NAMED:
            return
        if len(each) <= MOST_ID:
            known.append(each)


def note_place(
    turn: Turn, kind: str, at: datetime, incident_id: str, lat: float, lon: float
) -> None:
    """A case was opened near the border: the tier above hears where, with the bin's counts."""
    bins = turn.state.get(BINS, turn.area) or {}
    start = bin_of(at)
    if bins and start < max(bins) - KEPT_BINS * BIN_US:
        start = bin_of(turn.now)
    found = _open(bins, start)
    found.places.setdefault(kind, []).append(f"{lat:.5f} {lon:.5f} {incident_id}")
    found.unsaid = True
    _keep(turn, bins)


def note_opened(turn: Turn, opened: dict[str, list[str]], start: int) -> None:
    """Cases were opened whose patterns are looked for above: told with their bin's counts.

    Args:
        opened: per kind, as `AreaCounts` has them.
        start: of the bin, microseconds since 1970.
    """
    bins = turn.state.get(BINS, turn.area) or {}
    if bins and start < max(bins) - KEPT_BINS * BIN_US:
        start = bin_of(turn.now)
    found = _open(bins, start)
    for kind, texts in opened.items():
        known = found.opened.setdefault(kind, [])
        known += texts[: MOST_OPENED - len(known)]
    if found.unsaid:
        turn.state.table(BINS).slot(turn.area).touched = True  # it is due already
        return
    found.unsaid = True
    _keep(turn, bins)


def parse_place(text: str) -> tuple[str, float, float]:
    """Incident id, latitude, longitude of a place that an area below has told."""
    lat, lon, incident_id = text.split(" ", 2)
    return incident_id, float(lat), float(lon)


def on_counts(turn: Turn, counts: AreaCounts) -> None:
    """An area below says what it saw; an older revision of the same bin changes nothing."""
    bins = turn.state.get(BINS, turn.area) or {}
    start = to_microseconds(counts.bin_start)
    if bins and start < max(bins) - KEPT_BINS * BIN_US:
        return  # corrects a bin that nobody looks at any more
    found = _open(bins, start)
    known = found.below.get(counts.area)
    if known is not None and known[0] >= counts.revision:
        return
    found.below[counts.area] = (counts.revision, counts.counts)
    for kind, ids in counts.reports.items():
        _name(found, kind, ids)
    found.unsaid = True
    _keep(turn, bins)


def _open(bins: Bins, start: int) -> Bin:
    found = bins.get(start)
    if found is None:
        found = bins[start] = Bin()
    return found


def _keep(turn: Turn, bins: Bins) -> None:
    """Store a desk's bins; they are due when the first unsaid one ends."""
    first = 0
    for start, each in bins.items():
        if each.unsaid and (start < first or not first):
            first = start
    due = from_microseconds(first + BIN_US) if first else None
    turn.state.put(BINS, turn.area, bins, due)


def close_bins(turn: Turn, bins: Bins, until: datetime) -> list[int]:
    """Say every bin that ended by `until` and was not said yet; answers their starts.

    What nobody asks about any more is forgotten, but not before those who asked have
    looked: what ended just now stays until the next time, however old it is.
    """
    limit = to_microseconds(until) - BIN_US
    ended = sorted(start for start, each in bins.items() if each.unsaid and start <= limit)
    for start in ended:
        _say(turn, start, bins[start])
    oldest = max(bins) - KEPT_BINS * BIN_US
    for start in [each for each in bins if each < oldest]:
        if not bins[start].unsaid and start not in ended:
            del bins[start]
    _keep(turn, bins)
    return ended


def _say(turn: Turn, start: int, found: Bin) -> None:
    found.said += 1
    found.unsaid = False
    found.named, found.fresh = found.fresh, {}
    parent = turn.policy.areas.parent(turn.area)
    if parent is None:
        return
    begin = from_microseconds(start)
    data: dict[str, Any] = {
        "area": turn.area,
        "tier": turn.tier,
        "bin_start": begin,
        "bin_s": BIN_S,
        "revision": found.said,
        "counts": totals(found),
    }
    if found.places:
        data["places"] = found.places
    if found.opened:
        data["opened"], found.opened = found.opened, {}
    if found.named:
        data["reports"] = found.named
    identity = f"{turn.area}/counts/{start}/{found.said}"
    turn.send_to(
        parent,
        turn.enveloped(_COUNTS_KIND, identity, turn.area, data),
    )


def totals(found: Bin) -> dict[str, int]:
    """Own and below, per kind."""
    if not found.below:
        return found.own
    total = dict(found.own)
    for _, counts in found.below.values():
        for kind, number in counts.items():
            total[kind] = total.get(kind, 0) + number
    return total


def by_area(found: Bin, area: str) -> dict[str, dict[str, int]]:
    """Per area below (and this desk itself, if it saw something): number per kind."""
    each = {below: counts for below, (_, counts) in found.below.items()}
    if found.own:
        each[area] = found.own
    return each


def end_of(start: int) -> datetime:
    """When a bin ends."""
    return from_microseconds(start) + timedelta(seconds=BIN_S)
