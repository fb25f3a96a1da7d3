"""More of a kind than a desk should see (W10): its counts against their own past, bin by bin.

The ten-minute bins of the desk are added up to days or hours of the city's own clock. An
open day or hour warns as soon as its count alone is too rare; it is judged when its last
ten minutes have been told, all kinds together. Late reports judge it again, and may raise,
revise or withdraw what was said.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import log1p

from schemas.terms import COLOURS, Colour
from streams.incidents import episodes, holding, rainfall, verdicts
from streams.incidents.case import Bins
from streams.incidents.counting import BIN_S, KEPT_BINS, totals
from streams.incidents.pulse import (
    PULSES,
    SECONDS,
    SERIES,
    Pulse,
    begin_of,
    new_series,
    series_of,
    slot_of,
)
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.surge import SurgeRule, SurgeWidth
from streams.state import from_microseconds
from streams.warning.counts.series import Judgement
from streams.warning.counts.stored import encode

MOST_SILENT = 168
"""Bins without any report that are learned as zeros; a longer silence is unknown."""
MOST_KINDS = 400
"""Kinds that one desk watches; those it sees first."""


def on_bins(turn: Turn, bins: Bins, ended: list[int]) -> None:
    """Ten-minute bins are complete, or corrected: add what is new to their day or hour."""
    rule = turn.policy.triggers.surge
    width = None if rule is None else rule.width(turn.tier)
    if rule is None or width is None or not ended:
        return
    pulse = turn.state.get(PULSES, turn.area) or Pulse()
    grown: dict[str, None] = {}
    for start in ended:
        now = {kind: n for kind, n in totals(bins[start]).items() if _watched(turn, rule, kind)}
        before = pulse.told.get(start, {})
        pulse.told[start] = now
        at = slot_of(turn, from_microseconds(start), width)
        for kind in sorted(now.keys() | before.keys()):
            more = now.get(kind, 0) - before.get(kind, 0)
            if more and _add(turn, rule, width, pulse, at, kind, more):
                grown[kind] = None
        if at == pulse.slot and bins[start].below:
            pulse.hear(list(bins[start].below))
    oldest = max(pulse.told) - KEPT_BINS * BIN_S * 1_000_000
    pulse.told = {start: each for start, each in pulse.told.items() if start >= oldest}
    for kind in grown:
        _look_early(turn, rule, width, pulse, kind)
    _keep(turn, width, pulse)


def on_due(turn: Turn, pulse: Pulse, at: datetime) -> None:
    """The open day or hour is over, and its last ten minutes had time to be told."""
    rule = turn.policy.triggers.surge
    width = None if rule is None else rule.width(turn.tier)
    if rule is None or width is None or pulse.slot is None:
        turn.state.put(PULSES, turn.area, pulse)
        return
    _advance(turn, rule, width, pulse, slot_of(turn, at - timedelta(seconds=BIN_S), width))
    _keep(turn, width, pulse)


def _watched(turn: Turn, rule: SurgeRule, kind: str) -> bool:
    category = turn.policy.category(None, kind)
    return category is not None and rule.watches(category.code, category.group)


def _add(
    turn: Turn, rule: SurgeRule, width: SurgeWidth, pulse: Pulse, at: int, kind: str, more: int
) -> bool:
    """Count reports of a bin in its slot; whether the open slot has more of them now."""
    if pulse.slot is None:
        pulse.slot = at
    if at > pulse.slot:
        _advance(turn, rule, width, pulse, at)
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
    turn.state.put(SERIES, f"{turn.area}/{kind}", encode(series))
    if answers:
        _tell(turn, rule, width, pulse, kind, answers[-1], pulse.limit, len(pulse.kinds))
    return False


def _look_early(turn: Turn, rule: SurgeRule, width: SurgeWidth, pulse: Pulse, kind: str) -> None:
    """The open slot has more of a kind: is that too rare before the slot is over?

    Its limit is found once a slot, as a whole number of reports; that is all most reports
    are held against. What is told early is as rare as a surge that is alone in its slot, so
    the slot's own judgement tells it too.
    """
    count = pulse.counts.get(kind, 0)
    if rule.early_from is None or count < rule.early_from:
        return
    known = pulse.limits.get(kind)
    if known is not None and count < known:
        return
    series = series_of(turn, rule, width, kind)
    if series is None or pulse.slot is None:
        return
    alpha = min(turn.policy.triggers.budget.false_share / len(pulse.kinds), rule.at[0])
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
    p = _believed(turn, rule, kind, answer)
    lit = episodes.lit(turn, rule.id, kind)
    graver = lit is None or COLOURS.index(_colour(rule, p)) > COLOURS.index(
        lit.earned or lit.colour
    )
    if p <= alpha and (kind not in pulse.early or graver):
        if kind not in pulse.early:
            pulse.early.append(kind)
        _tell(turn, rule, width, pulse, kind, answer, alpha, len(pulse.kinds))


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
    extra = _extra(turn, rule, width, at)
    early = set(pulse.early)
    pulse.over(width)
    judged: list[tuple[str, Judgement]] = []
    for kind in pulse.kinds:
        series = series_of(turn, rule, width, kind)
        if series is None:
            series = new_series(turn, rule, width, pulse.kinds)
        answer = series.close(at, counts.get(kind, 0), extra)
        turn.state.put(SERIES, f"{turn.area}/{kind}", encode(series))
        if answer is not None:
            judged.append((kind, answer))
    ps = [_believed(turn, rule, kind, answer) for kind, answer in judged]
    pulse.limit = min(holding.limit(turn, begin_of(turn, at + 1, width), ps), rule.at[0])
    # The most surprising first: they are called before the day's calls are spent.
    for p, (kind, answer) in sorted(
        zip(ps, judged, strict=True), key=lambda each: (each[0], each[1][0])
    ):
        # What is no more than usual is quiet, whatever was gathered before it.
        told = p <= pulse.limit and answer.observed > answer.expected.mean
        if told or kind in early:
            _tell(turn, rule, width, pulse, kind, answer, pulse.limit, len(judged))


def _extra(turn: Turn, rule: SurgeRule, width: SurgeWidth, at: int) -> tuple[float, float]:
    """What is known of a slot besides its number: a holiday, and rain in it or shortly before."""
    begin, end = begin_of(turn, at, width), begin_of(turn, at + 1, width)
    holiday = float(begin.astimezone(turn.policy.tz).date() in turn.policy.calendar.holidays)
    rain = rainfall.gravest(turn, begin - timedelta(seconds=rule.rain_lag_s), end)
    return holiday, rule.rain_effect * log1p(rain)


def _believed(turn: Turn, rule: SurgeRule, kind: str, answer: Judgement) -> float:
    return verdicts.believed(turn, rule.id, answer.p_score, kind=kind, red=rule.at[-1])


def _colour(rule: SurgeRule, p: float) -> Colour:
    return COLOURS[max(sum(p <= at for at in rule.at) - 1, 0)]


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
    begin = begin_of(turn, answer.at, width)
    if p > limit:
        same = before is not None and before.window is not None and before.window.start == begin
        if before is None or not same:
            return
        if before.p is None or answer.p_score > before.p:
            # Corrected counts are no surge any more.
            observed = float(answer.observed)
            episodes.end(
                turn, rule.id, kind, state="withdrawn", observed=observed, p=answer.p_score
            )
            return
        # It was told early, alone; beside all that its slot brought it is told still.
    language = turn.policy.language
    category = turn.policy.category(None, kind)
    name = kind if category is None else category.name if language == "zh" else category.name_en
    low, high = answer.expected.interval()
    seconds = SECONDS[width]
    end = begin + timedelta(seconds=seconds)
    over = pulse.slot != answer.at or turn.now >= end
    episodes.tell(
        turn,
        rule,
        kind,
        begun=answer.at,
        colour=_colour(rule, p),
        title=words(
            language,
            f"surge_{width}" if over else f"surge_{width}_early",
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
        completeness=pulse.complete if over else None,
        expires_at=end + timedelta(seconds=rule.quiet_bins * seconds + 2 * BIN_S),
    )


def _keep(turn: Turn, width: SurgeWidth, pulse: Pulse) -> None:
    """Store the desk's pulse; it is due when the open slot has been told, if it has counts."""
    due = None
    if pulse.slot is not None and pulse.counts:
        due = begin_of(turn, pulse.slot + 1, width) + timedelta(seconds=BIN_S)
    turn.state.put(PULSES, turn.area, pulse, due)
