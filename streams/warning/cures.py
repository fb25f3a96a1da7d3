"""What measures have spared: cases that treated places did not have, and how sure that is.

A place becomes a problem because much has just happened there. Most such runs end by
themselves: luck turns, a building site moves on, the season changes. Each would look like
the success of a measure. So a treated place is held against problems that were found by
the same rule at about the same time and have no measure: they lose their luck, their
trouble and their season as fast. How well they tell each other's course is how sure the
figure is. The days before a place was found never tell what is usual there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from schemas.score import Spared, Treated
from streams.warning.fairness import poisson_limits

LEAST_PEERS = 8
"""Problems without a measure, found about the same time, that must be known."""

LEAST_CASES = 10
"""Cases that they must have had, or that the kind must have had elsewhere before a measure."""

MOST_PEERS = 40
"""The nearest in time are enough."""

APART_DAYS = 21
"""So far apart peers were found at most."""

OWN_DAYS = 14
"""Days before its measure in which a place's own cases tell how it will go on."""

STEPS_D = (7, 14, 28, 56, 112)
"""Days after a measure at which its peers' rates are told anew."""

SPREADS = (0.05, 20.0)
"""Between which the squared variation of the rates of problems is believed."""

_ELSEWHERE_SCATTER = 1.5
_SMOOTH = 4.0
_WEEK = 7


@dataclass(frozen=True, slots=True)
class KindCourse:
    """Cases of each kind in a whole area, by week.

    Attributes:
        weeks: kind → first day of a week (ordinal) → cases in that week, treated places
            included. known: the first day that was counted. today: the first that was not.
    """

    weeks: Mapping[str, Mapping[int, int]]
    known: int
    today: int

    def between(self, kind: str, begin: int, end: int) -> float:
        """Cases between two days; of a week that lies partly within, that part."""
        total = 0.0
        for first, number in self.weeks.get(kind, {}).items():
            since, until = max(first, self.known), min(first + _WEEK, self.today)
            if until > since:
                total += number * max(0, min(end, until) - max(begin, since)) / (until - since)
        return total


@dataclass(slots=True)
class _Sums:
    """What is added up over the places that are judged.

    ``scatter`` sums expected cases times variance over mean of such a forecast; ``peers``
    says of each how many expected cases rest on one of its own, and how many these are;
    ``elsewhere`` is the variance that comes from the course of kinds elsewhere.
    """

    expected: float = 0.0
    observed: int = 0
    scatter: float = 0.0
    peers: dict[str, tuple[float, int]] = field(default_factory=dict)
    elsewhere: float = 0.0
    problems: int = 0
    early: int = 0


def spared(
    treated: Sequence[Treated], untreated: Sequence[Treated], course: KindCourse, least_days: int
) -> Spared:
    """Cases that treated places did not have, against what would have come without a measure.

    What to expect is what peers had at the same ages, moved towards the place's own cases
    between its finding and its measure as far as problems differ. Where too few peers are
    known, it is the place's own rate since its finding, moved by the course of its kind at
    other places; that takes the end of a trouble for success, so it is told of places alone
    that were watched long enough before. The interval (90 %) is that of the forecast: it
    errs at treated places as it errs at peers. The day of a measure is neither before nor
    after.

    Args:
        least_days: days that must be known after a measure; a place that was known for fewer
            days before rests on its peers alone, and is counted as early.
    """
    others = sorted(untreated, key=lambda each: (each.since, each.problem_id))
    sums = _Sums()
    for each in treated:
        end = min(course.today, each.until or course.today)
        if end - each.measured - 1 < least_days:
            continue
        early = each.measured - each.since - 1 < least_days
        peers = _peers(each, others, end, course.today)
        if peers is not None:
            _by_peers(sums, each, peers, end)
        elif early or not _by_kind(sums, each, treated, course, end):
            continue
        sums.observed += _count(each, each.measured + 1, end)
        sums.problems += 1
        sums.early += early
    return _told(sums)


def _told(sums: _Sums) -> Spared:
    if not sums.problems:
        return Spared()
    variance = sums.scatter + sums.elsewhere
    if sums.expected:  # a peer that tells many places' course is wrong for all of them
        mean = sums.scatter / sums.expected
        variance += mean * sum(weight * weight * n for weight, n in sums.peers.values())
    low, high = _limits(sums.expected, variance)
    return Spared(
        value=round(sums.expected - sums.observed, 1),
        low=round(low - sums.observed, 1),
        high=round(high - sums.observed, 1),
        expected=round(sums.expected, 1),
        observed=sums.observed,
        problems=sums.problems,
        early=sums.early,
    )


def _limits(value: float, variance: float) -> tuple[float, float]:
    """Between which a sum lies that scatters like a multiple of a Poisson count (90 %)."""
    if value <= 0 or variance <= 0:
        return max(0.0, value), max(0.0, value) + poisson_limits(0)[1]
    number = value * value / variance
    low, high = poisson_limits(number)
    return low * value / number, high * value / number


def _count(each: Treated, begin: int, end: int) -> int:
    """Cases from a day to before another."""
    return sum(begin <= day < end for day in each.cases)


class _Peer(NamedTuple):
    """A problem without a measure beside a treated place, at the same ages.

    ``before`` and ``after`` (by steps) are cases; the other two are days times the cases for
    which it was found.
    """

    name: str
    before: int
    at_risk_before: int
    after: list[int]
    at_risk_after: list[int]


def _peers(each: Treated, others: Sequence[Treated], end: int, today: int) -> list[_Peer] | None:
    """Problems without a measure that were found about the same time.

    Those of the same kind where there are enough; None where there are too few of any.
    """
    since = each.since
    first = bisect_left(others, since - APART_DAYS, key=lambda other: other.since)
    last = bisect_left(others, since + APART_DAYS + 1, key=lambda other: other.since)
    # Found earlier, found for more: the nearest from either side.
    near = sorted(others[first:last], key=lambda other: abs(other.since - since))
    same = [other for other in near if other.kind == each.kind]
    for some in (same, near):
        peers: list[_Peer] = []
        for other in some:
            peer = _beside(other, each, end, today)
            if peer is not None:
                peers.append(peer)
                if len(peers) == MOST_PEERS:
                    break
        known = sum(peer.before + sum(peer.after) for peer in peers)
        if len(peers) >= LEAST_PEERS and known >= LEAST_CASES:
            return peers
    return None


def _steps(begin: int, end: int) -> list[tuple[int, int]]:
    """The days after a measure, cut into steps: troubles end, so each age has its own rate."""
    edges = [begin, *(begin + days for days in STEPS_D if begin + days < end), end]
    return list(pairwise(edges))


def _own_since(each: Treated, measured: int) -> int:
    """The day from which a place's own cases tell how it will go on without a measure.

    Never that on which it was found; and lately, for what ended long before says nothing.
    """
    return min(measured, max(each.since + 1, measured - OWN_DAYS))


def _beside(other: Treated, each: Treated, end: int, today: int) -> _Peer | None:
    """A problem at the ages at which another was before and after its measure.

    None if it had not reached the age of the measure, or nobody watched it so long.
    """
    apart = other.since - each.since
    known = min(today, other.until or today)
    measured = each.measured + apart
    if not other.founding or known <= measured + 1:
        return None
    steps = [
        (min(begin, known), min(until, known)) for begin, until in _steps(measured + 1, end + apart)
    ]
    begin = _own_since(other, measured)
    return _Peer(
        other.problem_id,
        _count(other, begin, measured),
        other.founding * (measured - begin),
        [_count(other, *step) for step in steps],
        [other.founding * (until - begin) for begin, until in steps],
    )


def _by_peers(sums: _Sums, each: Treated, peers: Sequence[_Peer], end: int) -> None:
    """Expect of a place what its peers had, and of its own cases as much as tells."""
    at_risk = sum(peer.at_risk_before for peer in peers)
    rate_before = sum(peer.before for peer in peers) / at_risk if at_risk else 0.0
    rates: list[float] = []
    for step in range(len(peers[0].after)):
        risk = sum(peer.at_risk_after[step] for peer in peers)
        came = sum(peer.after[step] for peer in peers)
        rates.append(came / risk if risk else rates[-1])

    def forecast(at_risk_before: float, at_risk_after: Sequence[float]) -> tuple[float, float]:
        after = sum(rate * risk for rate, risk in zip(rates, at_risk_after, strict=True))
        return at_risk_before * rate_before, after

    means = [forecast(peer.at_risk_before, peer.at_risk_after) for peer in peers]
    prior = 1 / _spread(peers, [before + after for before, after in means])
    told = [
        after * (peer.before + prior) / (before + prior)
        for peer, (before, after) in zip(peers, means, strict=True)
    ]
    errors = sum((sum(peer.after) - m) ** 2 for peer, m in zip(peers, told, strict=True))
    # Drawn towards a Poisson count while the peers are few, and never below it.
    scatter = max(1.0, (errors + _SMOOTH) / (sum(told) + _SMOOTH))
    begin = _own_since(each, each.measured)
    before, after = forecast(
        each.founding * (each.measured - begin),
        [each.founding * (until - begin) for begin, until in _steps(each.measured + 1, end)],
    )
    own = _count(each, begin, each.measured)
    expected = after * (own + prior) / (before + prior)
    sums.expected += expected
    sums.scatter += scatter * expected
    came = sum(sum(peer.after) for peer in peers)
    for peer in peers:
        weight, number = sums.peers.get(peer.name, (0.0, 0))
        number = max(number, sum(peer.after))
        sums.peers[peer.name] = weight + expected / max(1, came), number


def _spread(peers: Sequence[_Peer], means: Sequence[float]) -> float:
    """How much the rates of problems differ beyond chance: their squared variation."""
    numbers = [peer.before + sum(peer.after) for peer in peers]
    surplus = sum((n - m) ** 2 - m for n, m in zip(numbers, means, strict=True))
    squares = sum(m * m for m in means)
    return min(SPREADS[1], max(SPREADS[0], surplus / squares if squares else SPREADS[1]))


def _by_kind(
    sums: _Sums, each: Treated, treated: Sequence[Treated], course: KindCourse, end: int
) -> bool:
    """Expect of a place what it had, moved as its kind went on elsewhere; whether that is known."""
    begin = max(each.since + 1, course.known)
    if each.measured <= begin:
        return False
    before = course.between(each.kind, begin, each.measured)
    after = course.between(each.kind, each.measured + 1, end)
    for other in treated:  # what these were spared would hide itself
        if other.kind == each.kind:
            before -= _count(other, begin, each.measured)
            after -= _count(other, each.measured + 1, end)
    if before < LEAST_CASES or after < 1:
        return False
    usual = _count(each, begin, each.measured)
    worth = after / before
    expected = worth * usual
    sums.expected += expected
    sums.scatter += _ELSEWHERE_SCATTER * expected
    sums.elsewhere += _ELSEWHERE_SCATTER * worth * worth * max(usual, 0.5)
    sums.elsewhere += expected * expected * (1 / before + 1 / after)
    return True
