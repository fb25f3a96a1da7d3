"""A tally of what happened: counts per unit, and the rates that follow from them.

Counts of two tallies add up, so a district is the sum of its streets and a month the sum
of its days. How long the work took is counted in fixed logarithmic buckets, which add up
too and keep a median within 10 % in bounded room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log2

Counts = dict[str, int]
Rows = dict[str, Counts]
"""Unit → counter → number. Work of no unit stands under ``-``."""

NO_UNIT = "-"
PER_OCTAVE = 4
LAST_BUCKET = 96
"""Four buckets to each doubling of the minutes; the last begins at 2^23.75 minutes, 26 years."""

_TIME = "t"  # counter "t17": work that took as long as bucket 17 says

RATES: tuple[tuple[str, str, str], ...] = (
    ("response", "contacted", "dispatched"),
    ("solution", "solved", "answered"),
    ("satisfaction", "satisfied", "answered"),
    ("overdue", "overdue", "opened"),
    ("returned", "returned", "opened"),
    ("redone", "redone", "closed"),
    ("reopened", "reopened", "closed"),
    ("extended", "extended", "opened"),
    ("suspended", "suspended", "opened"),
    ("recurred", "recurred", "opened"),
)
"""Rate, counted, of how many. The first three are the 三率; formulas: our own design, since
the published figures (Beijing 2019 to 2024) come without theirs."""


def bucket_of(minutes: float) -> int:
    """The bucket of a length of time; 0 is less than a minute."""
    if minutes < 1:
        return 0
    return min(LAST_BUCKET, int(log2(minutes) * PER_OCTAVE) + 1)


def time_counter(minutes: float) -> str:
    """The counter that notes how long a case took."""
    return f"{_TIME}{bucket_of(minutes)}"


def add(into: Rows, more: Mapping[str, Mapping[str, int]]) -> None:
    """Add one tally to another, in place; counters that come to 0 vanish."""
    for unit, counts in more.items():
        row = into.setdefault(unit, {})
        for name, number in counts.items():
            total = row.get(name, 0) + number
            if total:
                row[name] = total
            else:
                row.pop(name, None)
        if not row:
            del into[unit]


def minus(one: Rows, other: Rows) -> Rows:
    """What one tally has more than another; numbers may be negative."""
    rest: Rows = {unit: dict(counts) for unit, counts in one.items()}
    add(rest, {unit: {name: -n for name, n in counts.items()} for unit, counts in other.items()})
    return rest


def whole(rows: Rows) -> Counts:
    """All units together."""
    total: Counts = {}
    for counts in rows.values():
        for name, number in counts.items():
            total[name] = total.get(name, 0) + number
    return total


def told(counts: Counts) -> Counts:
    """The counters that people read, in alphabetical order."""
    return {name: counts[name] for name in sorted(counts) if not _is_time(name)}


def median_hours(counts: Counts) -> float | None:
    """How long the middle case took, hours: the geometric middle of its bucket."""
    buckets = [(int(name[1:]), n) for name, n in counts.items() if _is_time(name)]
    buckets.sort()
    number = sum([n for _, n in buckets])
    if number <= 0:
        return None
    below = 0
    for bucket, n in buckets:
        below += n
        if 2 * below >= number:
            minutes = 0.5 if bucket == 0 else 2 ** ((bucket - 0.5) / PER_OCTAVE)
            return round(minutes / 60, 3)
    return None


def rates(counts: Counts, tier: str) -> dict[str, float]:
    """Shares between 0 and 1, whistles per 100 incidents, and the median of hours.

    A rate of nothing is left out. Nobody has asked the callers: no response rate.

    Args:
        tier: whose summary it is: what has left it upwards was not settled below.
    """
    found: dict[str, float] = {}
    get = counts.get
    for rate, part, base in RATES:
        of = get(base, 0)
        if of > 0 and (rate != "response" or get("contacts")):
            found[rate] = round(get(part, 0) / of, 4)
    closed = get("closed", 0)
    # A case that was lifted because it was late is late here, wherever it ends.
    judged = closed - get("exempt", 0) + get(f"late_from_{tier}", 0)
    if judged > 0:
        found["on_time"] = round(get("on_time", 0) / judged, 4)
    ended = closed + get(f"lifted_from_{tier}", 0)
    if ended > 0:
        found["settled_low"] = round(get("settled_low", 0) / ended, 4)
    opened = get("opened", 0)
    if opened > 0:
        found["whistles_per_100"] = round(100 * get("whistled", 0) / opened, 2)
    median = median_hours(counts)
    if median is not None:
        found["median_hours"] = median
    return found


@lru_cache(maxsize=4_096)
def _is_time(name: str) -> bool:
    return name[0] == _TIME and name[1:].isdigit()


def totals(own: Rows, below: Iterable[Rows]) -> Rows:
    """A desk's own work and that of the desks below, summed."""
    total: Rows = {unit: dict(counts) for unit, counts in own.items()}
    for rows in below:
        add(total, rows)
    return total
