"""One series of counts, learned bin by bin: what is expected, how surprising what came is.

The expected count follows a generalized linear model whose coefficients may drift
(a dynamic negative-binomial regression in the conjugate approximation of West, Harrison
& Migon 1985, JASA 80:73); evidence of a rise gathers in a leaky Shiryaev–Roberts
statistic of likelihood ratios (Roberts 1966, Technometrics 8:411).

A bin is judged when it closes and learned from when it can no longer change: late events
re-judge the bins in between. So the answers do not depend on the order of arrival.
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt
from typing import NamedTuple

import numpy as np

from streams.warning.counts.distribution import digamma, normal_score, upper_tail
from streams.warning.counts.evidence import gathered, tail_of
from streams.warning.counts.expectation import MOST_COUNT, Expectation, least_count
from streams.warning.counts.rhythm import Array, Rhythm, Singles
from streams.warning.counts.spread import drift_level, loosen_level, shrunk

OUTLYING = 3.0
"""Normal score beyond which a count is not trusted in full when it is learned from."""
MOST_DRIFT = 3.0
"""Normal scores count towards drift up to here."""
RELEARN = 0.02
"""Variance that a level gains with each bin while it has plainly moved, log scale."""
MOST_UNSURE = 4.0
"""Largest variance of the logarithm of the expected count: a series that was silent for
long must not be surprised by nothing."""
SCATTER = 2.0
"""Ratio of variance to mean before anything is known."""
_LEAST_LOG, _MOST_LOG = -14.0, 23.0
"""The logarithm of an expected count lies within; the upper end is beyond ``MOST_COUNT``."""
_MOST_MEAN = 2.0 * MOST_COUNT
_MOST_STEPS = 520
"""Bins of a gap that are forgotten over; a longer gap leaves what is known as unsure."""


class Judgement(NamedTuple):
    """How surprising a bin is.

    Attributes:
        at: number of the bin.
        observed: its count.
        p: P(Y ≥ observed) for this bin alone.
        score: evidence gathered up to this bin and that of the bin alone, ≥ 0, on a log scale;
            higher is more surprising.
        p_score: how rarely the score is as high when nothing happens.
    """

    at: int
    observed: int
    expected: Expectation
    p: float
    score: float
    p_score: float


class Prior(NamedTuple):
    """What the tier above knows: its seasonal terms, and the dispersion of its counts."""

    terms: tuple[float, ...]
    scatter: float


class Closed:
    """A bin that was judged and may still change.

    Attributes:
        observed: its count so far.
        expected, extra: what was expected of it, and the regressors it was expected with.
        tails: P(Y ≥ observed) and P(Y > observed).
        evidence: gathered up to this bin.
    """

    __slots__ = ("at", "evidence", "expected", "extra", "observed", "tails")

    def __init__(
        self, at: int, observed: int, expected: Expectation, extra: tuple[float, ...]
    ) -> None:
        self.at = at
        self.observed = observed
        self.expected = expected
        self.extra = extra
        self.tails = (1.0, 1.0)
        self.evidence = 0.0


class Series:
    """The counts of one kind in one area.

    Attributes:
        rhythm: what is learned; the same object for all series of a kind of bins.
        lateness: so many closed bins may still change.
        drift: weighted mean of the latest normal scores: far from 0 the level has moved.
        learned: number of the last bin that was learned from; None before the first.
        seen: bins learned from so far, the bins without a count left out.
        count: events of the open bin so far.
        limit: the count at which the open bin warns before it closes; 0 until it is known.
        terms, sd, correlation: the coefficients, and how unsure they are.
        excess, total: sums whose ratio is the dispersion.
        evidence: that of the bins before those that may still change.
    """

    __slots__ = (
        "_expected",
        "_opened",
        "closed",
        "correlation",
        "count",
        "drift",
        "evidence",
        "excess",
        "lateness",
        "learned",
        "limit",
        "rhythm",
        "sd",
        "seen",
        "terms",
        "total",
    )

    def __init__(self, rhythm: Rhythm, prior: Prior | None = None, lateness: int = 0) -> None:
        self.rhythm = rhythm
        self.lateness = lateness
        self.learned: int | None = None
        self.seen = 0
        self.count = 0
        self.limit = 0
        self.terms: Singles = np.zeros(rhythm.size, dtype=np.float32)
        if prior is not None:
            self.terms[rhythm.first_season :] = prior.terms
        self.sd: Singles = rhythm.prior_sd.astype(np.float32)
        self.correlation: Array = np.eye(rhythm.size)
        self.total = rhythm.scatter_counts
        self.excess = self.total * (SCATTER if prior is None else prior.scatter)
        self.evidence = 0.0
        self.drift = 0.0
        self.closed: list[Closed] = []
        self._opened: tuple[int, float, tuple[float, ...]] | None = None
        self._expected: tuple[int, tuple[float, ...], _Forecast] | None = None

    @property
    def scatter(self) -> float:
        """Ratio of variance to mean, at least 1."""
        return max(1.0, self.excess / self.total)

    def prior(self) -> Prior:
        """What series of the tier below may start from."""
        seasons = self.terms[self.rhythm.first_season :]
        return Prior(tuple(float(term) for term in seasons), self.scatter)

    def open(self, at: int, alpha: float, extra: tuple[float, ...] = (), count: int = 0) -> None:
        """Begin a bin, whose events are counted by `observe`, or take one up again.

        Args:
            count: its events so far: `count` of a series that was stored in between.
            alpha: `observe` warns when the bin alone, or with the bins before it, would be
                as rare as that.
        """
        self._opened = (at, alpha, rounded(extra))
        self.count = count
        self.limit = 0

    def observe(self) -> bool:
        """Count an event of the open bin; whether the bin is surprising already."""
        self.count += 1
        return self.count >= self.limit and (self.limit > 0 or self._reaches())

    def _reaches(self) -> bool:
        if self._opened is None:
            return False
        at, alpha, extra = self._opened
        if self.seen + len(self.closed) < self.rhythm.learn:
            self.limit = MOST_COUNT
        else:
            forecast = self._forecast(at, extra)
            self.limit = self._least_alarming(forecast.expected, alpha)
        return self.count >= self.limit

    def close(self, at: int, observed: int, extra: tuple[float, ...] = ()) -> Judgement | None:
        """Judge a bin that is complete as far as the watermark knows.

        Args:
            at: later than all bins closed before; bins left out are unknown, not zero.
            observed: its count, from 0; more than `MOST_COUNT` counts as that.
            extra: one value for each regressor of the rhythm's `extras`.

        Returns:
            The judgement; None while the series still learns.

        Raises:
            ValueError: the bin is not later than the last, or the count is negative.
        """
        last = self.closed[-1].at if self.closed else self.learned
        if last is not None and at <= last:
            raise ValueError(f"bin: got {at}, wanted one after {last}")
        if observed < 0:
            raise ValueError(f"count: got {observed}, wanted one from 0")
        observed = min(observed, MOST_COUNT)
        extra = rounded(extra)
        forecast = self._forecast(at, extra)
        self.closed.append(Closed(at, observed, forecast.expected, extra))
        self._opened, self.count, self.limit = None, 0, 0
        judged = self.judge_from(len(self.closed) - 1)
        while len(self.closed) > self.lateness:
            self._settle(self.closed.pop(0))
        return judged[0] if judged else None

    def revise(self, at: int, by: int = 1) -> list[Judgement] | None:
        """Add late events to a closed bin.

        Returns:
            The judgements of this bin and of those after it, in order, as they are now; empty
            while the series still learns. None: the bin can no longer change.

        Raises:
            ValueError: more events are taken back than there were.
        """
        found = next((i for i, closed in enumerate(self.closed) if closed.at == at), None)
        if found is None:
            return None
        changed = self.closed[found].observed + by
        if changed < 0:
            raise ValueError(f"count of bin {at}: got {changed}, wanted one from 0")
        self.closed[found].observed = min(changed, MOST_COUNT)
        return self.judge_from(found)

    def judge_from(self, index: int) -> list[Judgement]:
        """Judge a bin that may still change, and those after it; none that is learned from."""
        index = max(index, self.rhythm.learn - self.seen)
        answers = []
        for closed in self.closed[index:]:
            evidence = self.closed[index - 1].evidence if index else self.evidence
            closed.evidence, told = gathered(
                self.rhythm, evidence, closed.observed, closed.expected
            )
            mean, size = closed.expected
            closed.tails = upper_tail(closed.observed, size, mean)
            answers.append(
                Judgement(
                    closed.at,
                    closed.observed,
                    closed.expected,
                    closed.tails[0],
                    log1p(told),
                    tail_of(self.rhythm, told),
                )
            )
            index += 1
        return answers

    def least_told(self, at: int, alpha: float) -> int | None:
        """The smallest count of a closed bin that would have been as rare as that.

        Returns:
            More than the expected count, at most what was observed; None: what was observed
            is not as rare, or the bin can no longer change.
        """
        found = next((i for i, closed in enumerate(self.closed) if closed.at == at), None)
        if found is None:
            return None
        evidence = self.closed[found - 1].evidence if found else self.evidence
        closed = self.closed[found]
        low, high = int(closed.expected.mean) + 1, closed.observed
        if low > high or self._tail_of(evidence, high, closed.expected) > alpha:
            return None
        return self._least_between(low, high, evidence, closed.expected, alpha)

    def _least_alarming(self, expected: Expectation, alpha: float) -> int:
        """The smallest count that is too rare, alone or with the evidence so far."""
        evidence = self.closed[-1].evidence if self.closed else self.evidence
        alone = least_count(expected, alpha)
        return max(self._least_between(0, alone, evidence, expected, alpha), 1)

    def _least_between(
        self, low: int, high: int, evidence: float, expected: Expectation, alpha: float
    ) -> int:
        # The ratio grows with the count: the boundary is found by halving.
        while low < high:
            middle = (low + high) // 2
            if self._tail_of(evidence, middle, expected) <= alpha:
                high = middle
            else:
                low = middle + 1
        return low

    def _tail_of(self, evidence: float, count: int, expected: Expectation) -> float:
        return tail_of(self.rhythm, gathered(self.rhythm, evidence, count, expected).told)

    def _forecast(self, at: int, extra: tuple[float, ...]) -> _Forecast:
        """What is expected of a bin, from what was learned so far."""
        known = self._expected
        if known is not None and known[0] == at and known[1] == extra:
            return known[2]
        rhythm = self.rhythm
        terms: Singles | Array = self.terms
        steps = 1 if self.learned is None else min(at - self.learned, _MOST_STEPS)
        correlation = self.correlation
        sd = self.sd * (rhythm.forgetting if steps == 1 else rhythm.forgetting**steps)
        if rhythm.trend:
            terms = terms.astype(np.float64)
            terms[0] += steps * terms[1]
            correlation, sd = drift_level(correlation, sd, steps)
        row = rhythm.regressors(at, extra)
        wide = row * sd
        pull = correlation.dot(wide)
        unsure = float(pull.dot(wide))
        if unsure > MOST_UNSURE:
            root = sqrt(MOST_UNSURE / unsure)
            sd *= root
            pull *= root
            unsure = MOST_UNSURE
        unsure = max(unsure, 1e-6)
        middle = min(max(float(terms.dot(row)), _LEAST_LOG), _MOST_LOG)
        shape = (1.0 + sqrt(1.0 + 2.0 * unsure)) / (2.0 * unsure)
        rate = exp(digamma(shape) - middle)
        mean = min(max(shape / rate, 1e-6), _MOST_MEAN)
        scatter = self.scatter
        beyond = (scatter - 1.0) * mean + mean * mean / shape
        expected = Expectation(
            float(np.float32(mean)),
            float(np.float32(max(mean * mean / max(beyond, 1e-3 * mean), 1e-6))),
        )
        forecast = _Forecast(terms, correlation, sd, pull, unsure, middle, shape, rate, expected)
        self._expected = (at, extra, forecast)
        return forecast

    def _settle(self, closed: Closed) -> None:
        """Learn from a bin that can no longer change."""
        at, observed = closed.at, closed.observed
        judged = self.seen >= self.rhythm.learn
        if self.learned is None:
            self.terms[0] = np.float32(log(observed + 0.3))
            self._expected = None
        forecast = self._forecast(at, closed.extra)
        terms, correlation, sd, pull, unsure, middle, shape, rate, expected = forecast
        if judged:
            self.evidence = closed.evidence
        weight, trusted, mean = 1.0, float(observed), expected.mean
        if judged:
            known = closed.expected == expected
            tails = closed.tails if known else upper_tail(observed, expected.size, mean)
            score = normal_score(0.5 * (tails[0] + tails[1]))
            # By the tail, not by the residual: one event in a silent series is no outlier.
            # A level that has moved is believed, or it would never be learned again.
            if score > OUTLYING and abs(self.drift) < self.rhythm.moved:
                weight = (OUTLYING / score) ** 2
                trusted = mean + (observed - mean) * weight
            step = min(max(score, -MOST_DRIFT), MOST_DRIFT) - self.drift
            self.drift += self.rhythm.drift_pace * step
        scatter = self.scatter
        shape_after = shape + trusted * weight / scatter
        rate_after = rate + weight / scatter
        step = (digamma(shape_after) - log(rate_after) - middle) / unsure
        left = (1.0 / shape_after + 1.0 / (2.0 * shape_after * shape_after)) / unsure
        shrink = (1.0 - min(left, 1.0)) / unsure
        gain = sd * pull
        gain *= step
        gain += terms
        self.terms = gain.astype(np.float32)
        self.correlation, roots = shrunk(correlation, pull, shrink)
        sd *= roots
        if abs(self.drift) >= self.rhythm.moved:
            loosen_level(self.correlation, sd, RELEARN)
        # A term that is not seen for long forgets no further than twice its prior.
        np.minimum(sd, self.rhythm.most_sd, out=sd)
        self.sd = sd.astype(np.float32)
        if self.seen >= self.rhythm.learn // 4:
            if self.seen == self.rhythm.learn // 4:
                self._weigh_scatter(mean)
            off = trusted - mean
            keep = self.rhythm.scatter_kept(self.seen)
            self.excess = self.excess * keep + max(off * off - mean * mean / shape, 0.0)
            self.total = self.total * keep + mean
        self.learned = at
        self.seen = min(self.seen + 1, MOST_COUNT)
        self._expected = None

    def _weigh_scatter(self, mean: float) -> None:
        """Before the first bin is held against it: what the assumed scatter is worth."""
        weight = max(self.total, self.rhythm.scatter_bins * mean)
        self.excess *= weight / self.total
        self.total = weight


class _Forecast(NamedTuple):
    """The state carried forward to a bin, and what it says of it."""

    terms: Singles | Array
    correlation: Array
    sd: Array
    pull: Array
    unsure: float
    middle: float
    shape: float
    rate: float
    expected: Expectation


def rounded(values: tuple[float, ...]) -> tuple[float, ...]:
    """The values in single precision, in which they are stored."""
    return tuple(float(np.float32(value)) for value in values) if values else values
