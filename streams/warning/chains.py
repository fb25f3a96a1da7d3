"""Chains: kinds of events that bring others after them, in the same area, within hours.

For each ordered pair of kinds it is counted how often the second follows the first in its
area, hour by hour, and how often it would anyhow: by what the rest of the city has of it in
that very hour, times the area's usual share. So rain, rush hours and holidays, which the
whole city feels, are in the baseline and make no chain. What is left must be beyond chance
among all pairs, large, and plainly stronger forwards than backwards. A pair that other pairs
explain (A brings B, B brings C, so C follows A; or A brings both) is called indirect.

Source: pair counts against exposure with false-discovery control (Benjamini and Hochberg
1995, JRSS B 57:289); order by cross-correlogram asymmetry, as for spike trains (Brillinger
1976, Biol Cybern 22:213).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SchemaError
from streams.warning.packing import pack, unpack

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChainRules:
    """When a pair of kinds is a chain.

    Attributes:
        windows_h: a consequence comes within so many hours; the best window counts.
        false_share: share of the pairs asserted that may be chance.
        lift: the consequence is at least so many times as frequent as anyhow ...
        brings, least_lift: ... or each cause brings at least so many, and at least this lift.
        forwards: part of the lift, in logarithms, that is not there backwards too.
        doubt: standard errors that "beyond doubt" means.
        explained: part of a pair's excess which others bring that makes it indirect.
        settle_h: hours at the beginning that only teach the areas' shares.
        forget_h: half-life of the shares.
        most_kinds, most_areas: bounds of the memory.
    """

    windows_h: tuple[int, ...] = (4, 12)
    false_share: float = 0.001
    lift: float = 1.25
    brings: float = 0.1
    least_lift: float = 1.12
    forwards: float = 0.6
    doubt: float = 2.0
    explained: float = 0.5
    settle_h: int = 24
    forget_h: float = 24.0 * 60
    most_kinds: int = 200
    most_areas: int = 2_000


class Chain(NamedTuple):
    """A pair of kinds of which the second follows the first.

    Attributes:
        lift: how many times as frequent the consequence is in the window as it would be.
        low, high: interval of the lift, 90 %.
        lag_h: hours from cause to consequence, in the middle of the excess.
        window_h: hours within which it was counted.
        observed, expected: consequences so counted, and those that would be there anyhow.
        p: chance of so many, to be multiplied over the pairs tried.
        backwards: lift of the cause after the consequence.
        indirect: whether other chains explain most of it; ``through`` names the kind.
    """

    cause: int
    effect: int
    lift: float
    low: float
    high: float
    lag_h: float
    window_h: int
    observed: float
    expected: float
    p: float
    backwards: float
    indirect: bool
    through: int | None


_ARRAYS = (
    "_now",
    "_earlier",
    "_tied",
    "_tied_at",
    "_history",
    "_past",
    "_observed",
    "_expected",
    "_variance",
    "_within",
    "_causes",
)


class Chains:
    """Pair counters of a district or city; fixed memory for given areas and kinds."""

    def __init__(self, rules: ChainRules | None = None) -> None:
        self.rules = rules or ChainRules()
        self._hours = max(self.rules.windows_h)
        self._areas: dict[int | str, int] = {}
        self._kinds: dict[int, int] = {}
        self._hour: int | None = None
        self._seen_hours = 0
        zero = np.zeros((0, 0))
        self._now = zero
        self._earlier = zero
        self._tied = zero
        self._tied_at = np.zeros(0)
        self._history = zero
        self._past = np.zeros((self._hours - 1, 0, 0))
        # Per lag of whole hours, cause, effect.
        self._observed = np.zeros((self._hours, 0, 0))
        self._expected = np.zeros((self._hours, 0, 0))
        # Per window, cause, effect: variance of the observed without chains.
        self._variance = np.zeros((len(self.rules.windows_h), 0, 0))
        self._within = np.zeros((0, 0))
        self._causes = np.zeros(0)

    def observe(self, hour: float, area: int | str, kind: int) -> None:
        """Take an event in, not before the last one.

        Raises:
            SchemaError: it is before the last one, or there are too many kinds or areas.
        """
        whole = int(hour // 1)
        if self._hour is None:
            self._hour = whole
        if whole < self._hour:
            raise SchemaError(f"event of a chain: got hour {hour:g} after {self._hour}")
        # Beyond the windows an empty hour is like any other.
        for _ in range(min(whole - self._hour, self._hours + 1)):
            self._close()
        self._hour = whole
        at, of = self._place(area, kind)
        if hour > self._tied_at[at]:
            self._earlier[at] += self._tied[at]
            self._tied[at] = 0
            self._tied_at[at] = hour
        # Events of one moment come half before, half after each other.
        self._within[:, of] += self._earlier[at] + self._tied[at] / 2
        self._within[of] += self._tied[at] / 2
        self._tied[at, of] += 1
        self._now[at, of] += 1

    def asserted(self) -> list[Chain]:
        """The chains so far, by cause and effect; the open hour does not count yet."""
        found: dict[tuple[int, int], Chain] = {}
        kinds = sorted(self._kinds, key=self._kinds.__getitem__)
        tests = [
            (self._test(i, j, at), i, j, at)
            for i in range(len(kinds))
            for j in range(len(kinds))
            if i != j
            for at in range(len(self.rules.windows_h))
        ]
        tests.sort()
        many = len(tests)
        limit = max(
            (
                (rank + 1) / many * self.rules.false_share
                for rank, (p, *_) in enumerate(tests)
                if p <= (rank + 1) / many * self.rules.false_share
            ),
            default=0.0,
        )
        for p, i, j, at in tests:
            if p > limit:
                break
            if (i, j) not in found:
                chain = self._chain(i, j, at, p, kinds)
                if chain is not None:
                    found[i, j] = chain
        return self._explained(found, kinds)

    def encode(self) -> bytes:
        """About 30 kB for 60 areas and 20 kinds, compressed."""
        head = [list(self._areas), list(self._kinds), self._hour, self._seen_hours]
        return pack(head, *(getattr(self, name) for name in _ARRAYS))

    @classmethod
    def decode(cls, stored: bytes, rules: ChainRules | None = None) -> Chains:
        """Read what ``encode`` wrote.

        Raises:
            SchemaError: it is not a state of pair counters under these rules.
        """
        found = cls(rules)
        (areas, kinds, found._hour, found._seen_hours), arrays = unpack(stored, "chains")
        found._areas = {area: at for at, area in enumerate(areas)}
        found._kinds = {kind: at for at, kind in enumerate(kinds)}
        if kinds:
            found._grow()
        wanted = [getattr(found, name).shape for name in _ARRAYS]
        if [one.shape for one in arrays] != wanted:
            raise SchemaError(f"chains: got other arrays, wanted {wanted}")
        for name, one in zip(_ARRAYS, arrays, strict=True):
            setattr(found, name, one)
        return found

    def _place(self, area: int | str, kind: int) -> tuple[int, int]:
        at, of = self._areas.get(area), self._kinds.get(kind)
        if at is None or of is None:
            if at is None:
                at = self._areas[area] = len(self._areas)
            if of is None:
                of = self._kinds[kind] = len(self._kinds)
            self._grow()
        return at, of

    def _grow(self) -> None:
        """Make room for a new area or kind."""
        areas, kinds = len(self._areas), len(self._kinds)
        if areas > self.rules.most_areas or kinds > self.rules.most_kinds:
            raise SchemaError(
                f"event of a chain: got {areas} areas and {kinds} kinds, wanted at most "
                f"{self.rules.most_areas} and {self.rules.most_kinds}"
            )
        by_area = (areas, kinds)
        self._now = _wider(self._now, by_area)
        self._earlier = _wider(self._earlier, by_area)
        self._tied = _wider(self._tied, by_area)
        self._tied_at = _wider(self._tied_at, (areas,))
        self._history = _wider(self._history, by_area)
        self._past = _wider(self._past, (self._hours - 1, *by_area))
        pairs = (kinds, kinds)
        self._observed = _wider(self._observed, (self._hours, *pairs))
        self._expected = _wider(self._expected, (self._hours, *pairs))
        self._variance = _wider(self._variance, (len(self.rules.windows_h), *pairs))
        self._within = _wider(self._within, pairs)
        self._causes = _wider(self._causes, (kinds,))

    def _close(self) -> None:
        """Count the hour that ends against the hours before it."""
        now = self._now
        if self._seen_hours >= self.rules.settle_h and now.size and len(self._areas) > 2:
            usual = self._usual()
            before = self._past.transpose(0, 2, 1)
            self._observed[0] += self._within
            self._expected[0] += now.T @ usual / 2
            self._observed[1:] += before @ now
            self._expected[1:] += before @ usual
            for at, window in enumerate(self.rules.windows_h):
                weight = now / 2 + self._past[: window - 1].sum(axis=0)
                self._variance[at] += (weight**2).T @ usual
            self._causes += now.sum(axis=0)
        self._history *= 0.5 ** (1 / self.rules.forget_h)
        self._history += now
        self._past = np.concatenate((now[None], self._past[:-1]))
        self._now = np.zeros(now.shape)
        self._earlier = np.zeros(now.shape)
        self._tied = np.zeros(now.shape)
        self._within = np.zeros(self._within.shape)
        self._seen_hours += 1

    def _usual(self) -> Matrix:
        """What each area has of each kind by the rest of the city in this hour."""
        whole = self._history.sum()
        areas = len(self._areas)
        overall = (self._history.sum(axis=1) + 1) / (whole + areas)
        shares = (self._history + areas * overall[:, None]) / (self._history.sum(axis=0) + areas)
        shares = np.minimum(shares, 0.9)
        return np.asarray((self._now.sum(axis=0) - self._now) * shares / (1 - shares))

    def _counts(self, i: int, j: int, at: int) -> tuple[float, float, float]:
        """Observed and expected consequences, and how far chance spreads beyond Poisson."""
        window = self.rules.windows_h[at]
        observed = float(self._observed[:window, i, j].sum())
        expected = float(self._expected[:window, i, j].sum())
        spread = float(self._variance[at, i, j]) / expected if expected > 0 else 1.0
        return observed, expected, max(spread, 1.0)

    def _test(self, i: int, j: int, at: int) -> float:
        observed, expected, spread = self._counts(i, j, at)
        if observed <= expected or expected <= 0:
            return 1.0
        # The baseline is itself counted in the rest of the city.
        spread *= 1 + 1 / max(len(self._areas) - 1, 1)
        return _poisson_tail(observed / spread, expected / spread)

    def _chain(self, i: int, j: int, at: int, p: float, kinds: list[int]) -> Chain | None:
        rules = self.rules
        observed, expected, spread = self._counts(i, j, at)
        lift = observed / expected
        back, back_expected, back_spread = self._counts(j, i, at)
        backwards = (back + 1) / (back_expected + 1)
        error = sqrt(spread / observed)
        doubt = sqrt(spread / observed + back_spread / (back + 1))
        brings = (observed - expected) / max(self._causes[i], 1.0)
        if lift < rules.lift and (lift < rules.least_lift or brings < rules.brings):
            return None
        if log(lift / backwards) < max(rules.forwards * log(lift), rules.doubt * doubt):
            return None
        return Chain(
            cause=kinds[i],
            effect=kinds[j],
            lift=lift,
            low=lift * exp(-1.645 * error),
            high=lift * exp(1.645 * error),
            lag_h=_lag(self._excess(i, j)),
            window_h=rules.windows_h[at],
            observed=observed,
            expected=expected,
            p=p,
            backwards=backwards,
            indirect=False,
            through=None,
        )

    def _excess(self, i: int, j: int) -> Matrix:
        """Consequences beyond the usual ones, per lag of whole hours."""
        return np.asarray(self._observed[:, i, j] - self._expected[:, i, j])

    def _explained(self, found: dict[tuple[int, int], Chain], kinds: list[int]) -> list[Chain]:
        """Mark the pairs that follow from others."""
        per_cause = {
            (i, j): np.maximum(self._excess(i, j), 0) / max(self._causes[i], 1.0) for i, j in found
        }
        told = []
        for (i, j), chain in sorted(found.items(), key=lambda item: item[1][:2]):
            whole = float(np.maximum(self._excess(i, j), 0).sum()) or 1.0
            best, through = 0.0, None
            for k in range(len(kinds)):
                if (i, k) in found and (k, j) in found:
                    both = np.convolve(per_cause[i, k], per_cause[k, j])[: self._hours]
                    part = float(both.sum()) * self._causes[i] / whole
                    best, through = max((best, through), (part, k), key=lambda one: one[0])
                if (k, i) in found and (k, j) in found:
                    both = np.correlate(per_cause[k, j], per_cause[k, i], "full")
                    part = float(both[self._hours - 1 :].sum()) * self._causes[k] / whole
                    best, through = max((best, through), (part, k), key=lambda one: one[0])
            if through is None or best < self.rules.explained:
                told.append(chain)
            else:
                told.append(chain._replace(indirect=True, through=kinds[through]))
        return told


def _wider(field: Matrix, size: tuple[int, ...]) -> Matrix:
    return np.pad(field, [(0, new - old) for old, new in zip(field.shape, size, strict=True)])


def _lag(excess: Matrix) -> float:
    """Middle of the excess around its peak, hours; an event an hour later counts as one hour."""
    wide = np.convolve(np.maximum(excess, 0), [0.5, 1.0, 0.5], "same")
    peak = first = last = int(wide.argmax())
    while first > 0 and wide[first - 1] > wide[peak] / 4:
        first -= 1
    while last < len(wide) - 1 and wide[last + 1] > wide[peak] / 4:
        last += 1
    part = np.maximum(excess[first : last + 1], 0)
    hours = np.arange(first, last + 1, dtype=float)
    hours[hours == 0] = 1 / 3
    whole = float(part.sum())
    return float((part * hours).sum() / whole) if whole else float(peak)


def _poisson_tail(observed: float, expected: float) -> float:
    """P(at least `observed`) of a Poisson, continued to fractions; accurate in the far tail."""
    if expected > 1e6:
        return 0.5 * erfc((observed - expected) / sqrt(2 * expected))
    term = exp(observed * log(expected) - expected - lgamma(observed + 1))
    total, count = 0.0, observed
    for _ in range(10_000):
        total += term
        count += 1
        term *= expected / count
        if term < 1e-12 * total:
            break
    return min(total, 1.0)
