"""What can go wrong, drawn from a seed: the same seed draws the same faults."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

WEIGHTS: dict[str, int] = {
    "kill": 34,
    "kill before commit": 15,
    "kill after commit": 10,
    "term": 13,
    "freeze": 12,
    "stall": 5,
    "join": 7,
    "kill broker": 4,
}
MEANING = {
    "kill": "kill -9 of a worker",
    "kill before commit": "kill -9 inside the commit",
    "kill after commit": "kill -9 just after the commit",
    "term": "SIGTERM of a worker",
    "freeze": "SIGSTOP, often longer than the session time-out",
    "stall": "a commit longer than the transaction time-out",
    "join": "another worker joins and leaves",
    "kill broker": "kill -9 of the broker, restart",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: a key of `MEANING`.
        worker: which of the workers, as a number to take modulo.
        wait_s: how long after the fault before, seconds.
        lasts_s: how long it lasts, where that means something, seconds.
    """

    kind: str
    worker: int
    wait_s: float
    lasts_s: float


def draw(number: int, seed: int, gap_s: float = 1.5, session_s: float = 2.0) -> Iterator[Fault]:
    """So many faults; the broker is killed at least once in every thirty."""
    chance = random.Random(seed)
    since_broker = 0
    for at in range(number):
        kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        since_broker += 1
        if since_broker >= 30 or (at == number // 2 and number < 30):
            kind = "kill broker"
        if kind == "kill broker":
            since_broker = 0
        lasts = {
            "freeze": chance.uniform(0.5, 3.5) * session_s,
            "join": chance.uniform(1.0, 4.0),
            "kill broker": chance.uniform(0.2, 3.0),
        }.get(kind, 0.0)
        wait = min(4 * gap_s, chance.expovariate(1 / gap_s))
        yield Fault(kind, chance.randrange(1 << 16), wait, lasts)
