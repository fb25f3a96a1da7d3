"""What a desk is told of a surge (W10): one episode a kind, whichever width of bins saw it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.alert import Alert
from schemas.terms import COLOURS, Colour
from streams.incidents import episodes, verdicts
from streams.incidents.counting import BIN_S, MOST_NAMED
from streams.incidents.pulse import SECONDS, Pulse, begin_of, series_of
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.surge import SurgeRule, SurgeWidth
from streams.warning.counts.series import Judgement, Series


class Desk(NamedTuple):
    """One desk's look at one width of bins."""

    turn: Turn
    rule: SurgeRule
    width: SurgeWidth
    pulse: Pulse


def believed(turn: Turn, rule: SurgeRule, kind: str, answer: Judgement) -> float:
    """The p of a bin after what the desk answered to earlier surges of the kind."""
    return verdicts.believed(turn, rule.id, answer.p_score, kind=kind, red=rule.at[-1])


def colour_of(rule: SurgeRule, p: float) -> Colour:
    """How grave a surge of that p is; blue where it is none."""
    return COLOURS[max(sum(p <= at for at in rule.at) - 1, 0)]


def tell(
    desk: Desk, kind: str, answer: Judgement, limit: float, tests: int, series: Series | None = None
) -> None:
    """Open a surge, raise or revise it, or take it back.

    Args:
        limit: the p up to which this slot is told; tests: among how many it was found.
        series: as it judged the slot, if that is not stored.
    """
    turn, rule, width, pulse = desk
    before = episodes.lit(turn, rule.id, kind)
    p = believed(turn, rule, kind, answer)
    begin = begin_of(turn, answer.at, width)
    end = begin + timedelta(seconds=SECONDS[width])
    if p > limit:
        told = None if before is None else before.window
        if before is None or told is None or (told.start, told.end) != (begin, end):
            return
        if before.p is None or answer.p_score > before.p:
            # Corrected counts are no surge any more.
            observed = float(answer.observed)
            episodes.end(
                turn, rule.id, kind, state="withdrawn", observed=observed, p=answer.p_score
            )
            return
        # It was told early, alone; beside all that its slot brought it is told still.
    colour = colour_of(rule, p)
    if before is not None and _is_within(before, width, begin) and not _rises(before, colour):
        return
    series = series or series_of(turn, rule, width, kind)
    eased = limit * verdicts.factor(turn, rule.id, kind)
    least = None if series is None else series.least_told(answer.at, eased)
    language = turn.policy.language
    name = turn.policy.kind_name(kind, language)
    low, high = answer.expected.interval()
    over = pulse.slot != answer.at or turn.now >= end
    named = pulse.names(answer.at, kind)
    episodes.tell(
        turn,
        rule,
        kind,
        begun=answer.at if width == rule.widths(turn.tier)[0] else f"{width}{answer.at}",
        colour=colour,
        title=words(
            language,
            f"surge_{width}" if over else f"surge_{width}_early",
            title=rule.title.of(language),
            kind=name,
            count=answer.observed,
            expected=answer.expected.mean,
            low=low,
            high=high,
            number=tests,
        ),
        observed=float(answer.observed),
        expected=round(answer.expected.mean, 2),
        interval=(float(low), float(high)),
        threshold=None if least is None else float(least),
        p=answer.p_score,
        fires_at=min(1.0, eased),
        tests=tests,
        kind=kind,
        window=episodes.window_of(start=begin, end=end),
        evidence=named[:MOST_NAMED],
        evidence_count=answer.observed,
        completeness=pulse.complete if over else None,
        expires_at=_expires(rule, width, before, end),
    )


def _is_within(before: Alert, width: SurgeWidth, begin: datetime) -> bool:
    """Whether a wider bin has said so already: an hour of a day that is told."""
    told = before.window
    if told is None or (told.end - told.start).total_seconds() <= SECONDS[width]:
        return False
    return told.start <= begin < told.end


def _rises(before: Alert, colour: Colour) -> bool:
    return COLOURS.index(colour) > COLOURS.index(before.colour)


def _expires(rule: SurgeRule, width: SurgeWidth, before: Alert | None, end: datetime) -> datetime:
    """After so many quiet bins, and not before what the other width has said is over."""
    until = end + timedelta(seconds=rule.quiet_bins * SECONDS[width] + 2 * BIN_S)
    known = None if before is None else before.expires_at
    return until if known is None else max(until, known)
