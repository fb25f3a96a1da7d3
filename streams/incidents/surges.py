"""More of a kind than a desk should see (W10): its counts against their own past, bin by bin.

The ten-minute bins of the desk are added up to days or hours of the city's own clock. A
day or hour is judged when its last ten minutes have been told, all kinds together; late
reports judge it again, and may raise, revise or withdraw what was said.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import orjson

from schemas.terms import COLOURS, Colour
from streams.incidents import episodes, holding, verdicts
from streams.incidents.case import Bins
from streams.incidents.counting import BIN_S, KEPT_BINS, totals
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.surge import SurgeRule, SurgeWidth
from streams.state import EPOCH, Namespace, from_microseconds
from streams.warning.counts.rhythm import RHYTHMS, Rhythm
from streams.warning.counts.series import Judgement, Series
from streams.warning.counts.stored import decode, encode

FIRST_MONDAY = date(1970, 1, 5)
MOST_SILENT = 168
"""Bins without any report that are learned as zeros; a longer silence is unknown."""
MOST_KINDS = 400
"""Kinds that one desk watches; those it sees first."""
WEEKS_A_YEAR = 365.25 / 7.0

_SECONDS: dict[SurgeWidth, int] = {"day": 86_400, "hour": 3_600}


@dataclass(slots=True)
class Pulse:
    """What a desk counts for its series.

    Attributes:
        slot: number of the open day or hour; None before the first report.
        counts: reports of the open slot, per kind.
        told: totals of the ten-minute bins that are in a slot already, by their start.
        kinds: all kinds that have a series here.
        limit: the p up to which the last slot's kinds were called.
    """

    slot: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    told: dict[int, dict[str, int]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    limit: float = 0.0


def _encode(pulse: Pulse) -> bytes:
    told = [[start, counts] for start, counts in pulse.told.items()]
    return orjson.dumps([pulse.slot, pulse.counts, told, pulse.kinds, pulse.limit])


def _decode(stored: bytes) -> Pulse:
    slot, counts, told, kinds, limit, *_ = orjson.loads(stored)
    return Pulse(slot, counts, dict(told), kinds, limit)


PULSES: Namespace[Pulse] = Namespace(
    name="pulse",
    encode=_encode,
    decode=_decode,
    lifetime="ever: one entry for each desk that watches for surges",
    rank=7,
    clock="watermark",
)
"""Key: the area."""

SERIES: Namespace[bytes] = Namespace(
    name="series",
    encode=bytes,
    decode=bytes,
    lifetime="ever: at most 450 bytes for each kind that a desk has seen",
    rank=8,
)
"""Key ``<area>/<kind>``."""


@lru_cache(maxsize=8)
def _rhythm(width: SurgeWidth, learn: int | None) -> Rhythm:
    rhythm = RHYTHMS[width](WEEKS_A_YEAR, ("holiday",))
    return rhythm if learn is None else replace(rhythm, learn=learn)


def on_bins(turn: Turn, bins: Bins, ended: list[int]) -> None:
    """Ten-minute bins are complete, or corrected: add what is new to their day or hour."""
    rule = turn.policy.triggers.surge
    width = None if rule is None else rule.width(turn.tier)
    if rule is None or width is None or not ended:
        return
    pulse = turn.state.get(PULSES, turn.area) or Pulse()
    for start in ended:
        now = {kind: n for kind, n in totals(bins[start]).items() if _watched(turn, rule, kind)}
        before = pulse.told.get(start, {})
        pulse.told[start] = now
        at = _slot_of(turn, from_microseconds(start), width)
        for kind in sorted(now.keys() | before.keys()):
            more = now.get(kind, 0) - before.get(kind, 0)
            if more:
                _add(turn, rule, width, pulse, at, kind, more)
    oldest = max(pulse.told) - KEPT_BINS * BIN_S * 1_000_000
    pulse.told = {start: each for start, each in pulse.told.items() if start >= oldest}
    _keep(turn, width, pulse)


def on_due(turn: Turn, pulse: Pulse, at: datetime) -> None:
    """The open day or hour is over, and its last ten minutes had time to be told."""
    rule = turn.policy.triggers.surge
    width = None if rule is None else rule.width(turn.tier)
    if rule is None or width is None or pulse.slot is None:
        turn.state.put(PULSES, turn.area, pulse)
        return
    _advance(turn, rule, width, pulse, _slot_of(turn, at - timedelta(seconds=BIN_S), width))
    _keep(turn, width, pulse)


def _watched(turn: Turn, rule: SurgeRule, kind: str) -> bool:
    category = turn.policy.category(None, kind)
    return category is not None and rule.watches(category.code, category.group)


def _add(
    turn: Turn, rule: SurgeRule, width: SurgeWidth, pulse: Pulse, at: int, kind: str, more: int
) -> None:
    if pulse.slot is None:
        pulse.slot = at
    if at > pulse.slot:
        _advance(turn, rule, width, pulse, at)
    if kind not in pulse.kinds:
        if len(pulse.kinds) >= MOST_KINDS:
            return
        pulse.kinds.append(kind)
    if at == pulse.slot:
        pulse.counts[kind] = max(0, pulse.counts.get(kind, 0) + more)
        return
    key = f"{turn.area}/{kind}"
    stored = turn.state.get(SERIES, key)
    if stored is None:
        return
    series = decode(stored, _rhythm(width, rule.learn), rule.lateness)
    answers = series.revise(at, more)
    if answers is None:
        return  # its bin was learned from: what is so late changes no judgement
    turn.state.put(SERIES, key, encode(series))
    if answers:
        _tell(turn, rule, width, pulse, kind, answers[-1], pulse.limit, len(pulse.kinds))


def _advance(turn: Turn, rule: SurgeRule, width: SurgeWidth, pulse: Pulse, to: int) -> None:
    """Close the open slot and the silent ones up to the one that is open now."""
    assert pulse.slot is not None
    if to <= pulse.slot:
        return
    _close(turn, rule, width, pulse, pulse.slot, pulse.counts)
    for at in range(max(pulse.slot + 1, to - MOST_SILENT), to):
        _close(turn, rule, width, pulse, at, {})
    pulse.slot, pulse.counts = to, {}


def _close(
    turn: Turn, rule: SurgeRule, width: SurgeWidth, pulse: Pulse, at: int, counts: dict[str, int]
) -> None:
    """Judge all kinds of a slot together."""
    rhythm = _rhythm(width, rule.learn)
    holiday = (_holiday(turn, _begin(turn, at, width).date()),)
    judged: list[tuple[str, Judgement]] = []
    for kind in pulse.kinds:
        key = f"{turn.area}/{kind}"
        stored = turn.state.get(SERIES, key)
        series = (
            Series(rhythm, lateness=rule.lateness)
            if stored is None
            else decode(stored, rhythm, rule.lateness)
        )
        answer = series.close(at, counts.get(kind, 0), holiday)
        turn.state.put(SERIES, key, encode(series))
        if answer is not None:
            judged.append((kind, answer))
    ps = [_believed(turn, rule, kind, answer) for kind, answer in judged]
    pulse.limit = min(holding.limit(turn, _begin(turn, at + 1, width), ps), rule.at[0])
    # The most surprising first: they are called before the day's calls are spent.
    for p, (kind, answer) in sorted(
        zip(ps, judged, strict=True), key=lambda each: (each[0], each[1][0])
    ):
        # What is no more than usual is quiet, whatever was gathered before it.
        if p <= pulse.limit and answer.observed > answer.expected.mean:
            _tell(turn, rule, width, pulse, kind, answer, pulse.limit, len(judged))


def _believed(turn: Turn, rule: SurgeRule, kind: str, answer: Judgement) -> float:
    return verdicts.believed(turn, rule.id, answer.p_score, kind=kind, red=rule.at[-1])


def _tell(
    turn: Turn,
    rule: SurgeRule,
    width: SurgeWidth,
    pulse: Pulse,
    kind: str,
    answer: Judgement,
    limit: float,
    number: int,
) -> None:
    """Open a surge, raise or revise it, or take it back."""
    before = episodes.lit(turn, rule.id, kind)
    p = _believed(turn, rule, kind, answer)
    begin = _begin(turn, answer.at, width)
    if p > limit:
        if before is not None and before.window is not None and before.window.start == begin:
            # Corrected counts are no surge any more.
            observed = float(answer.observed)
            episodes.end(
                turn, rule.id, kind, state="withdrawn", observed=observed, p=answer.p_score
            )
        return
    colour: Colour = COLOURS[sum(p <= at for at in rule.at) - 1]
    language = turn.policy.language
    category = turn.policy.category(None, kind)
    name = kind if category is None else category.name if language == "zh" else category.name_en
    low, high = answer.expected.interval()
    seconds = _SECONDS[width]
    end = begin + timedelta(seconds=seconds)
    episodes.tell(
        turn,
        rule,
        kind,
        begun=answer.at,
        colour=colour,
        title=words(
            language,
            f"surge_{width}",
            title=rule.title.of(language),
            kind=name,
            count=answer.observed,
            expected=answer.expected.mean,
            low=low,
            high=high,
            number=number,
        ),
        observed=float(answer.observed),
        expected=round(answer.expected.mean, 2),
        interval=(float(low), float(high)),
        p=answer.p_score,
        tests=number,
        kind=kind,
        window=episodes.window_of(start=begin, end=end),
        evidence_count=answer.observed,
        expires_at=end + timedelta(seconds=rule.quiet_bins * seconds + 2 * BIN_S),
    )


def _keep(turn: Turn, width: SurgeWidth, pulse: Pulse) -> None:
    """Store the desk's pulse; it is due when the open slot has been told, if it has counts."""
    due = None
    if pulse.slot is not None and pulse.counts:
        due = _begin(turn, pulse.slot + 1, width) + timedelta(seconds=BIN_S)
    turn.state.put(PULSES, turn.area, pulse, due)


def _holiday(turn: Turn, day: date) -> float:
    return float(day in turn.policy.calendar.holidays)


def _offset(turn: Turn, moment: datetime) -> timedelta:
    """The city's clock against UTC, summer time left out: each hour has one number."""
    local = moment.astimezone(turn.policy.tz)
    return (local.utcoffset() or timedelta()) - (local.dst() or timedelta())


def _slot_of(turn: Turn, moment: datetime, width: SurgeWidth) -> int:
    """Number of the day or hour a moment lies in; slot 0 began on a Monday."""
    since = moment + _offset(turn, moment) - EPOCH - (FIRST_MONDAY - EPOCH.date())
    return int(since.total_seconds() // _SECONDS[width])


def _begin(turn: Turn, slot: int, width: SurgeWidth) -> datetime:
    """When a day or hour begins."""
    seconds = slot * _SECONDS[width]
    about = EPOCH + (FIRST_MONDAY - EPOCH.date()) + timedelta(seconds=seconds)
    return about - _offset(turn, about)
