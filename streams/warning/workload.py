"""Whether a unit will make it in time: how long its cases take, which open ones will be late.

How long work takes is learned for each kind at each unit, as the logarithm of the time
from opening to done; old cases fade. The chance that an open case misses its limit is
that of a log-normal time, given that it has lasted so long already. Few cases mean much
doubt: the spread is widened by it, and below a least number nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import erfc, log, sqrt
from typing import Any, NamedTuple

MOST_OPEN = 1_000
MOST_KINDS = 300
MEMORY = 200.0
"""A pace rests on about so many of the latest cases."""

LEAST = 20.0
"""Cases that a pace must rest on before it foretells anything."""

ANY = "*"
_LEAST_SPREAD = 0.05
_LEAST_MINUTES = 1.0


@dataclass(slots=True)
class Pace:
    """How long cases take: weight, mean and variance of the logarithm of the minutes."""

    weight: float = 0.0
    mean: float = 0.0
    variance: float = 0.0

    def learn(self, minutes: float) -> None:
        """One more case is done."""
        value = log(max(minutes, _LEAST_MINUTES))
        self.weight = self.weight * (1 - 1 / MEMORY) + 1
        step = value - self.mean
        self.mean += step / self.weight
        self.variance += (step * (value - self.mean) - self.variance) / self.weight

    @property
    def known(self) -> bool:
        """Whether it rests on enough cases to foretell with."""
        return self.weight >= LEAST

    def late(self, elapsed_min: float, limit_min: float) -> float:
        """The chance that a case open for so long takes longer than its limit."""
        if limit_min <= elapsed_min:
            return 1.0
        spread = sqrt(max(self.variance, _LEAST_SPREAD) * (1 + 1 / self.weight))
        reached = _beyond((log(max(elapsed_min, _LEAST_MINUTES)) - self.mean) / spread)
        missed = _beyond((log(max(limit_min, _LEAST_MINUTES)) - self.mean) / spread)
        return min(1.0, missed / reached) if reached > 1e-12 else 1.0


def _beyond(z: float) -> float:
    """P(Z > z) of a standard normal."""
    return 0.5 * erfc(z / sqrt(2))


class Risk(NamedTuple):
    """What will become of a unit's open cases.

    Attributes:
        number: open cases that something is known about; late: expected to miss their limit.
        interval: 90 % for `late`.
        first_due: when the limit of the first case ends that will more likely miss it than
            not, minutes since 1970; None without any.
        cases: the likeliest to be late, at most 50.
    """

    number: int
    late: float
    interval: tuple[float, float]
    first_due: float | None
    cases: list[str]


@dataclass(slots=True)
class Workload:
    """A unit's work at one desk: its paces by kind, and what is open with it.

    Attributes:
        open: incident id → (kind, opened, limit), minutes since 1970; at most `MOST_OPEN`.
    """

    paces: dict[str, Pace] = field(default_factory=dict)
    open: dict[str, tuple[str, float, float]] = field(default_factory=dict)

    def begin(self, incident_id: str, kind: str, opened: float, limit: float) -> None:
        """A case is with the unit, or its limit has moved; beyond the bound it is not followed."""
        if incident_id in self.open or len(self.open) < MOST_OPEN:
            self.open[incident_id] = (kind, opened, limit)

    def end(self, incident_id: str, done: float | None) -> None:
        """A case is done, at that time, or has left the unit (None)."""
        found = self.open.pop(incident_id, None)
        if found is None or done is None:
            return
        kind, opened, _ = found
        for name in (kind, ANY):
            pace = self.paces.get(name)
            if pace is None:
                if len(self.paces) >= MOST_KINDS:
                    continue
                pace = self.paces[name] = Pace()
            pace.learn(done - opened)

    def risk(self, now: float) -> Risk | None:
        """What is to be expected of the open cases; None while too little is known."""
        whole = self.paces.get(ANY)
        if whole is None or not whole.known:
            return None
        chances: list[tuple[float, str, float]] = []
        for incident_id, (kind, opened, limit) in self.open.items():
            own = self.paces.get(kind)
            pace = own if own is not None and own.known else whole
            chances.append((pace.late(now - opened, limit - opened), incident_id, limit))
        late = sum(chance for chance, _, _ in chances)
        reach = 1.6449 * sqrt(sum(chance * (1 - chance) for chance, _, _ in chances))
        likely = sorted((each for each in chances if each[0] >= 0.5), reverse=True)
        ahead = [limit for _, _, limit in likely if limit > now]
        return Risk(
            len(chances),
            late,
            (max(0.0, late - reach), min(float(len(chances)), late + reach)),
            min(ahead, default=None),
            [incident_id for _, incident_id, _ in likely[:50]],
        )


def as_plain(load: Workload) -> dict[str, Any]:
    """In JSON terms, for the desk's state."""
    return {
        "paces": {
            name: [round(p.weight, 6), round(p.mean, 6), round(p.variance, 6)]
            for name, p in load.paces.items()
        },
        "open": load.open,
    }


def from_plain(plain: dict[str, Any]) -> Workload:
    """The opposite of `as_plain`."""
    return Workload(
        {name: Pace(*values) for name, values in plain["paces"].items()},
        {name: (kind, opened, limit) for name, (kind, opened, limit) in plain["open"].items()},
    )
