"""More of a kind than a desk should see (W10): its counts against their own past, bin by bin.

The ten-minute bins of the desk are added up to days or hours of the city's own clock, or to
both. An open day or hour warns as soon as its count alone is too rare; it is judged when its
last ten minutes have been told, and told when all desks of the tier have judged it, all
kinds together. Late reports judge it again, and may raise, revise or withdraw what was said.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import log1p

from schemas.terms import COLOURS
from streams.incidents import episodes, holding, rainfall, rhythms
from streams.incidents.case import Bins
from streams.incidents.counting import BIN_S, KEPT_BINS, totals
from streams.incidents.pulse import (
    PULSES,
    SERIES,
    Pulse,
    begin_of,
    new_series,
    pulse_key,
    series_key,
    series_of,
    slot_of,
)
from streams.incidents.surge_news import Desk, believed, colour_of, tell
from streams.incidents.turn import Turn
from streams.policy.surge import SurgeRule, SurgeWidth
from streams.state import from_microseconds
from streams.warning.counts.series import Series
from streams.warning.counts.stored import encode

MOST_SILENT = 168
"""Bins without any report that are learned as zeros; a longer silence is unknown."""
MOST_KINDS = 400
"""Kinds that one desk watches; those it sees first."""
AFTER_ALL = timedelta(seconds=1)
"""How long after it has judged a slot a desk tells: the others of its tier judge meanwhile."""


def on_bins(turn: Turn, bins: Bins, ended: list[int]) -> None:
    """Ten-minute bins are complete, or corrected: add what is new to their days and hours."""
    rule = turn.policy.triggers.surge
    if rule is None or not ended:
        return
    for width in rule.widths(turn.tier):
        pulse = turn.state.get(PULSES, pulse_key(turn, rule, width)) or Pulse()
        _count(Desk(turn, rule, width, pulse), bins, ended)
    for start in ended:
        bins[start].named = {}


def on_due(turn: Turn, key: str, pulse: Pulse, at: datetime) -> None:
    """The open slot is over and told by all below, or all desks have judged the one before.

    Args:
        key: of the pulse.
    """
    rule = turn.policy.triggers.surge
    widths: tuple[SurgeWidth, ...] = () if rule is None else rule.widths(turn.tier)
    width = next((each for each in widths if rule and pulse_key(turn, rule, each) == key), None)
    if rule is None or width is None or pulse.slot is None:
        turn.state.put(PULSES, key, pulse)
        return
    desk = Desk(turn, rule, width, pulse)
    _tell_all(desk)
    _advance(desk, slot_of(turn, at - timedelta(seconds=BIN_S), width))
    _keep(desk)


def _count(desk: Desk, bins: Bins, ended: list[int]) -> None:
    turn, rule, width, pulse = desk
    grown: dict[str, None] = {}
    for start in ended:
        now = {kind: n for kind, n in totals(bins[start]).items() if _watched(turn, rule, kind)}
        before = pulse.told.get(start, {})
        pulse.told[start] = now
        at = slot_of(turn, from_microseconds(start), width)
        for kind in sorted(now.keys() | before.keys()):
            more = now.get(kind, 0) - before.get(kind, 0)
            ids = bins[start].named.get(kind)
            if ids:
                pulse.name(at, kind, ids)
            if more and _add(desk, at, kind, more):
                grown[kind] = None
        if at == pulse.slot:
            pulse.hear(bins[start].sources if turn.tier == "street" else list(bins[start].below))
    oldest = max(pulse.told) - KEPT_BINS * BIN_S * 1_000_000
    pulse.told = {start: each for start, each in pulse.told.items() if start >= oldest}
    for kind in grown:
        _look_early(desk, kind)
    _keep(desk)


def _watched(turn: Turn, rule: SurgeRule, kind: str) -> bool:
    category = turn.policy.category(None, kind)
    return category is not None and rule.watches(category.code, category.group)


def _add(desk: Desk, at: int, kind: str, more: int) -> bool:
    """Count reports of a bin in its slot; whether the open slot has more of them now."""
    turn, rule, width, pulse = desk
    if pulse.slot is None:
        pulse.slot = at
    if at > pulse.slot:
        _advance(desk, at)
    if kind not in pulse.kinds:
        if len(pulse.kinds) >= MOST_KINDS:
            return False
        pulse.kinds.append(kind)
    if at == pulse.slot:
        pulse.counts[kind] = max(0, pulse.counts.get(kind, 0) + more)
        return more > 0
    series = series_of(turn, rule, width, kind)
    answers = None if series is None else series.revise(at, more)
    if series is None or answers is None:
        return False  # its bin was learned from: what is so late changes no judgement
    turn.state.put(SERIES, series_key(turn, rule, width, kind), encode(series))
    if answers:
        pending = pulse.pending.get(kind)
        if pending is not None and pending.at == answers[-1].at:
            pulse.pending[kind] = answers[-1]
        else:
            tell(desk, kind, answers[-1], pulse.limit, pulse.tests)
    return False


def _look_early(desk: Desk, kind: str) -> None:
    """The open slot has more of a kind: is that too rare before the slot is over?

    Its limit is found once a slot, as a whole number of reports; that is all most reports
    are held against. What is told early is as rare as a surge that is alone in its slot at
    its tier, so the slot's own judgement tells it too.
    """
    turn, rule, width, pulse = desk
    count = pulse.counts.get(kind, 0)
    if rule.early_from is None or count < rule.early_from:
        return
    known = pulse.limits.get(kind)
    if known is not None and count < known:
        return
    series = series_of(turn, rule, width, kind)
    if series is None or pulse.slot is None:
        return
    tests = max(len(pulse.kinds), holding.usual_tests(turn, _round(desk)))
    alpha = min(turn.policy.triggers.budget.false_share / tests, rule.at[0])
    extra = _extra(turn, rule, width, pulse.slot)
    if known is None:
        series.open(pulse.slot, alpha, extra, count - 1)
        series.observe()
        pulse.limits[kind] = series.limit
        if count < series.limit:
            return
    answer = series.close(pulse.slot, count, extra)
    if answer is None or answer.observed <= answer.expected.mean:
        return
    p = believed(turn, rule, kind, answer)
    lit = episodes.lit(turn, rule.id, kind)
    graver = lit is None or COLOURS.index(colour_of(rule, p)) > COLOURS.index(
        lit.earned or lit.colour
    )
    if p <= alpha and (kind not in pulse.early or graver):
        if kind not in pulse.early:
            pulse.early.append(kind)
        tell(desk, kind, answer, alpha, tests, series)


def _round(desk: Desk) -> str:
    return f"{desk.rule.id}/{desk.width}"


def _advance(desk: Desk, to: int) -> None:
    """Close the open slot and the silent ones up to the one that is open now."""
    pulse = desk.pulse
    assert pulse.slot is not None
    if to <= pulse.slot:
        return
    _tell_all(desk)
    _close(desk, pulse.slot, pulse.counts)
    for at in range(max(pulse.slot + 1, to - MOST_SILENT), to):
        _tell_all(desk)
        _close(desk, at, {})
    pulse.slot, pulse.counts = to, {}


def _close(desk: Desk, at: int, counts: dict[str, int]) -> None:
    """Judge all kinds of a slot; what may be a surge is told when all desks have judged it."""
    turn, rule, width, pulse = desk
    extra = _extra(turn, rule, width, at)
    early = set(pulse.early)
    pulse.over(width)
    ps: list[float] = []
    learned: dict[str, Series] = {}
    passes_down = rhythms.is_time(turn, width, at)
    for kind in pulse.kinds:
        series = series_of(turn, rule, width, kind)
        if series is None:
            series = new_series(turn, rule, width, pulse.kinds, kind)
        answer = series.close(at, counts.get(kind, 0), extra)
        turn.state.put(SERIES, series_key(turn, rule, width, kind), encode(series))
        if passes_down:
            learned[kind] = series
        if answer is None:
            continue
        p = believed(turn, rule, kind, answer)
        ps.append(p)
        # What is no more than usual is quiet, whatever was gathered before it.
        if kind in early or (p <= rule.at[0] and answer.observed > answer.expected.mean):
            pulse.pending[kind] = answer
    if learned:
        rhythms.tell(turn, width, learned)
    end = begin_of(turn, at + 1, width)
    holding.enter(turn, end, ps, closes=_round(desk))
    _limit(desk, end)


def _limit(desk: Desk, end: datetime) -> None:
    limit, tests = holding.limit(desk.turn, end)
    desk.pulse.limit, desk.pulse.tests = min(limit, desk.rule.at[0]), max(tests, 1)


def _tell_all(desk: Desk) -> None:
    """Tell what the last slot has shown, by what all desks of the tier have seen of it."""
    turn, rule, width, pulse = desk
    if not pulse.pending:
        return
    pending, pulse.pending = pulse.pending, {}
    at = next(iter(pending.values())).at
    _limit(desk, begin_of(turn, at + 1, width))
    ranked = sorted(
        (believed(turn, rule, kind, answer), at, kind, answer)
        for at, (kind, answer) in enumerate(pending.items())
    )
    # The most surprising first: they are called before the day's calls are spent.
    for _, _, kind, answer in ranked:
        tell(desk, kind, answer, pulse.limit, pulse.tests)


def _extra(turn: Turn, rule: SurgeRule, width: SurgeWidth, at: int) -> tuple[float, float]:
    """What is known of a slot besides its number: a holiday, and rain in it or shortly before."""
    begin, end = begin_of(turn, at, width), begin_of(turn, at + 1, width)
    holiday = float(begin.astimezone(turn.policy.tz).date() in turn.policy.calendar.holidays)
    rain = rainfall.gravest(turn, begin - timedelta(seconds=rule.rain_lag_s), end)
    return holiday, rule.rain_effect * log1p(rain)


def _keep(desk: Desk) -> None:
    """Store the desk's pulse; it is due when the open slot has been told, if it has counts."""
    turn, rule, width, pulse = desk
    due = None
    if pulse.slot is not None and pulse.counts:
        due = begin_of(turn, pulse.slot + 1, width) + timedelta(seconds=BIN_S)
    if pulse.pending:
        soon = turn.now + AFTER_ALL
        due = soon if due is None else min(due, soon)
    turn.state.put(PULSES, pulse_key(turn, rule, width), pulse, due)
