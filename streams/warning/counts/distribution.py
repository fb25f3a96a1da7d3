"""Probabilities of a count that scatters more than a Poisson count: the negative binomial.

A count has mean `mu` and size `r`: its variance is mu + mu²/r. Everything here is finite
for any count from 0 and any mu, r > 0.
"""

from __future__ import annotations

from math import erfc, exp, expm1, lgamma, log, sqrt
from statistics import NormalDist

EXACT = 40
"""Counts up to here are summed term by term; above, a normal approximation is as good."""

_NORMAL = NormalDist()
_SMALL = 1e-18


def upper_tail(y: int, r: float, mu: float) -> tuple[float, float]:
    """P(Y ≥ y) and P(Y > y).

    Source: term recursion; above `EXACT` Paulson's approximation of the F distribution
    (Johnson, Kemp & Kotz, Univariate Discrete Distributions, 3rd ed., 5.6).
    """
    if y <= 0:
        return 1.0, -expm1(r * log(r / (r + mu)))
    if y > EXACT:
        return _paulson(y, r, mu), _paulson(y + 1, r, mu)
    q = mu / (r + mu)
    point = exp(lgamma(y + r) - lgamma(r) - lgamma(y + 1.0) + r * log(r / (r + mu)) + y * log(q))
    if y < mu + 3.0 * sqrt(mu + mu * mu / r):
        below, term = 0.0, point
        for k in range(y, 0, -1):
            term *= k / (q * (r + k - 1.0))
            below += term
            if term < _SMALL and k <= mu:
                break
        at_least = max(1.0 - below, 0.0)
        return at_least, max(at_least - point, 0.0)
    total = term = point
    for k in range(y, y + 1_000):
        term *= q * (r + k) / (k + 1.0)
        total += term
        if term < 1e-9 * total:
            break
    else:
        total += term * q / (1.0 - q)
    at_least = min(total, 1.0)
    return at_least, max(at_least - point, 0.0)


def _paulson(y: int, r: float, mu: float) -> float:
    """P(Y ≥ y) for a large y: P(F ≤ mu/y) with 2y and 2r degrees of freedom."""
    third = (mu / y) ** (1.0 / 3.0)
    up, down = 1.0 / (9.0 * r), 1.0 / (9.0 * y)
    z = ((1.0 - up) * third - (1.0 - down)) / sqrt(up * third * third + down)
    return 0.5 * erfc(-z / sqrt(2.0))


def normal_score(tail: float) -> float:
    """The value of a standard normal that is exceeded as rarely; within ±8."""
    return -_NORMAL.inv_cdf(min(max(tail, 1e-15), 1.0 - 1e-15))


BURST = 0.02
BURST_SHIFT = 5.0
"""Weight and height of the burst among the ways in which a level may be raised."""
BURST_MEAN = 2.0
BURST_SIZE = 1.0
"""A burst brings two events or more, and scatters no more than an exponential: a series that
is all but silent must not explain ten events at once by its own scatter."""
_MOST = 300.0


def likelihood_ratio(y: int, r: float, mu: float, shift: float) -> float:
    """How much better a raised level explains a count than the expected one.

    The raised level has mean mu + shift × sd and the same ratio of variance to mean, or, with
    the small weight `BURST`, a far higher mean and nearly the same size: so that ten events
    at once say at once what a lasting rise says by and by. Under the expected level the ratio
    has mean 1 whatever mu and r are: that makes silent and busy series comparable.
    """
    return likelihood_ratios(y, r, mu, (shift,))[0]


def likelihood_ratios(y: int, r: float, mu: float, shifts: tuple[float, ...]) -> tuple[float, ...]:
    """The ratio of the first shift as of `likelihood_ratio`; of the others without the burst."""
    sd = sqrt(1.0 / mu + 1.0 / r)
    usual = lgamma(y + r) - lgamma(r)
    none = log(r / (r + mu))
    found = []
    for shift in shifts:
        more = r * shift * sd
        raised = r + more
        steady = lgamma(y + raised) - lgamma(raised) - usual + more * none
        found.append(exp(min(steady, _MOST)))
    mean = max(mu * (1.0 + BURST_SHIFT * sd), BURST_MEAN)
    size = max(r, BURST_SIZE)
    burst = size * log(size / (size + mean)) - r * none
    burst += y * log(mean * (r + mu) / ((size + mean) * mu))
    if size > r:
        burst += lgamma(y + size) - lgamma(size) - usual
    found[0] = (1.0 - BURST) * found[0] + BURST * exp(min(burst, _MOST))
    return tuple(found)


def digamma(a: float) -> float:
    """Derivative of lgamma for a > 0, to about 1e-3 near 1 and far better above."""
    if a > 1.0:
        return log(a) - 1.0 / (2.0 * a) - 1.0 / (12.0 * a * a)
    b = a + 1.0
    return log(b) - 1.0 / (2.0 * b) - 1.0 / (12.0 * b * b) - 1.0 / a
