"""What a desk keeps to see that a kind comes more often than usual: its pulse and its series.

The days and hours are the city's own, numbered from a Monday; the pulse holds the open one,
the series what was learned from those before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import orjson

from streams.incidents import rhythms
from streams.incidents.turn import Turn
from streams.policy.surge import SurgeRule, SurgeWidth
from streams.state import EPOCH, Namespace
from streams.warning.counts.expectation import Expectation
from streams.warning.counts.rhythm import RHYTHMS, Rhythm
from streams.warning.counts.series import Judgement, Prior, Series
from streams.warning.counts.stored import decode

FIRST_MONDAY = date(1970, 1, 5)
WEEKS_A_YEAR = 365.25 / 7.0
SECONDS: dict[SurgeWidth, int] = {"day": 86_400, "hour": 3_600}
REMEMBERED: dict[SurgeWidth, int] = {"day": 28, "hour": 336}
"""Bins over which it is remembered who usually speaks."""
REGULAR = 0.8
"""An area below is missed when it says nothing, if it speaks in this share of the bins."""
MOST_NAMED = 50
"""Ids of a kind that are kept of a slot, the first."""
MOST_NAMED_WHOLE = 2_000
"""Ids of all kinds of a slot: a desk's pulse is one entry of its state."""
POOLED = 12
"""Series of a desk that a new one learns its rhythm from: the first that it watched."""


@dataclass(slots=True)
class Pulse:
    """What a desk counts for its series.

    Attributes:
        slot: number of the open day or hour; None before the first report.
        counts: reports of the open slot, per kind.
        told: totals of the ten-minute bins that are in a slot already, by their start.
        kinds: all kinds that have a series here.
        limit: the p up to which the last slot's kinds were called; tests: among how many.
        limits: reports of a kind from which on the open slot warns before it closes.
        early: kinds that it has warned of, before it closed.
        heard: areas below, at a street the channels, that spoke in the open slot; usual:
            share of the slots in which each speaks; slots: how many that is remembered of.
        complete: share of those who usually speak that spoke in the last slot; None where
            nobody does.
        pending: judgements of the last slot that wait until all desks of the tier have
            closed it, by kind.
        named: ids of what was counted, the first of each kind, for the two newest slots.
    """

    slot: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    told: dict[int, dict[str, int]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    limit: float = 0.0
    limits: dict[str, int] = field(default_factory=dict)
    early: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    usual: dict[str, float] = field(default_factory=dict)
    slots: int = 0
    complete: float | None = None
    tests: int = 1
    pending: dict[str, Judgement] = field(default_factory=dict)
    named: dict[int, dict[str, list[str]]] = field(default_factory=dict)

    def name(self, slot: int, kind: str, ids: Sequence[str]) -> None:
        """These were counted in a slot."""
        if slot not in self.named:
            self.named[slot] = {}
            for old in sorted(self.named)[:-2]:
                del self.named[old]
        kinds = self.named.get(slot)
        if kinds is None:
            return  # too old to be judged again
        room = MOST_NAMED_WHOLE - sum(map(len, kinds.values()))
        known = kinds.setdefault(kind, [])
        known += ids[: max(0, min(MOST_NAMED - len(known), room))]

    def names(self, slot: int, kind: str) -> list[str]:
        """Ids of what was counted of a kind in a slot, the first."""
        return self.named.get(slot, {}).get(kind, [])

    def hear(self, areas: list[str]) -> None:
        """These areas below, or channels, spoke in the open slot."""
        self.heard.extend(area for area in areas if area not in self.heard)

    def over(self, width: SurgeWidth) -> None:
        """The open slot is over: was everybody heard who usually is?"""
        expected = [area for area, share in self.usual.items() if share >= REGULAR]
        spoke = sum(area in self.heard for area in expected)
        self.complete = round(spoke / len(expected), 3) if expected else None
        self.slots = min(self.slots + 1, REMEMBERED[width])
        for area in self.heard:
            self.usual.setdefault(area, 0.0)
        pace = 1.0 / self.slots
        for area, share in self.usual.items():
            self.usual[area] = round(share + pace * ((area in self.heard) - share), 4)
        self.heard, self.early, self.limits = [], [], {}


def _encode(pulse: Pulse) -> bytes:
    told = [[start, counts] for start, counts in pulse.told.items()]
    return orjson.dumps(
        [
            pulse.slot,
            pulse.counts,
            told,
            pulse.kinds,
            pulse.limit,
            [
                pulse.limits,
                pulse.early,
                pulse.heard,
                pulse.usual,
                pulse.slots,
                pulse.complete,
                pulse.tests,
                [[kind, *answer] for kind, answer in pulse.pending.items()],
                list(pulse.named.items()),
            ],
        ]
    )


def _decode(stored: bytes) -> Pulse:
    slot, counts, told, kinds, limit, *more = orjson.loads(stored)
    # Whoever wrote no list there knew nothing of it yet.
    rest = more[0] if more and isinstance(more[0], list) else ()
    if len(rest) > 6:
        *rest, pending, named = rest
        rest.append({kind: _judgement(*answer) for kind, *answer in pending})
        rest.append(dict(named))
    return Pulse(slot, counts, dict(told), kinds, limit, *rest)


def _judgement(at: int, observed: int, expected: list[float], *rest: float) -> Judgement:
    return Judgement(at, observed, Expectation(*expected), *rest)


PULSES: Namespace[Pulse] = Namespace(
    name="pulse",
    encode=_encode,
    decode=_decode,
    lifetime="ever: one entry for each desk that watches for surges",
    rank=7,
    clock="watermark",
)
"""Key: the area for the first width that its tier judges, ``<area>/<width>`` for the other."""

SERIES: Namespace[bytes] = Namespace(
    name="series",
    encode=bytes,
    decode=bytes,
    lifetime="ever: at most 450 bytes for each kind that a desk has seen",
    rank=8,
)
"""Key ``<area>/<kind>``, and ``<area>/<kind>/<width>`` for the second width of a tier."""


def pulse_key(turn: Turn, rule: SurgeRule, width: SurgeWidth) -> str:
    """Where the desk's pulse of a width is kept."""
    return turn.area if width == rule.widths(turn.tier)[0] else f"{turn.area}/{width}"


def series_key(turn: Turn, rule: SurgeRule, width: SurgeWidth, kind: str) -> str:
    """Where the desk's series of a kind is kept."""
    own = f"{turn.area}/{kind}"
    return own if width == rule.widths(turn.tier)[0] else f"{own}/{width}"


@lru_cache(maxsize=8)
def rhythm_of(width: SurgeWidth, learn: int | None) -> Rhythm:
    """What is learned of each kind: its rhythm, and what holidays and rain do to it."""
    rhythm = RHYTHMS[width](WEEKS_A_YEAR, ("holiday", "rain"))
    return rhythm if learn is None else replace(rhythm, learn=learn)


def series_of(turn: Turn, rule: SurgeRule, width: SurgeWidth, kind: str) -> Series | None:
    """The series of a kind; None where there is none yet, or one of another shape."""
    stored = turn.state.get(SERIES, series_key(turn, rule, width, kind))
    if stored is None:
        return None
    try:
        return decode(stored, rhythm_of(width, rule.learn), rule.lateness)
    except ValueError:
        return None  # the rule's width, or what is learned, has changed since: it begins anew


def new_series(
    turn: Turn, rule: SurgeRule, width: SurgeWidth, kinds: list[str], kind: str = ""
) -> Series:
    """A series for a kind that is new here: it expects the rhythm that the kind has in the city.

    Where the city has told none it expects that of the desk's others: week and day look alike
    for most kinds at one desk, and what the first of them have learned is what a new one
    assumes, the less so the fewer they are.

    Args:
        kinds: of the desk; kind: the new one.
    """
    rhythm = rhythm_of(width, rule.learn)
    above = rhythms.prior(turn, width, kind, rhythm)
    if above is not None:
        return Series(rhythm, above, rule.lateness)
    known: list[Prior] = []
    for kind in kinds[:POOLED]:
        series = series_of(turn, rule, width, kind)
        if series is not None and series.seen >= rhythm.learn:
            known.append(series.prior())
    if not known:
        return Series(rhythm, lateness=rule.lateness)
    share = 1.0 / (len(known) + 1.0)
    terms = tuple(share * sum(column) for column in zip(*(p.terms for p in known), strict=True))
    scatter = sum(prior.scatter for prior in known) / len(known)
    return Series(rhythm, Prior(terms, scatter), rule.lateness)


def _offset(turn: Turn, moment: datetime) -> timedelta:
    """The city's clock against UTC, summer time left out: each hour has one number."""
    local = moment.astimezone(turn.policy.tz)
    return (local.utcoffset() or timedelta()) - (local.dst() or timedelta())


def slot_of(turn: Turn, moment: datetime, width: SurgeWidth) -> int:
    """Number of the day or hour a moment lies in; slot 0 began on a Monday."""
    since = moment + _offset(turn, moment) - EPOCH - (FIRST_MONDAY - EPOCH.date())
    return int(since.total_seconds() // SECONDS[width])


def begin_of(turn: Turn, slot: int, width: SurgeWidth) -> datetime:
    """When a day or hour begins."""
    seconds = slot * SECONDS[width]
    about = EPOCH + (FIRST_MONDAY - EPOCH.date()) + timedelta(seconds=seconds)
    return about - _offset(turn, about)
