"""What alerts cost the people at a desk: how many an hour, whether in floods, and if they helped.

The yardsticks are those of the process industry's alarm standards (ANSI/ISA-18.2,
EEMUA 191, IEC 62682): about one annunciation in ten minutes is what an operator can work
with, two are the most; more than ten in ten minutes are a flood, in which people miss the
one that matters. An annunciation is an alert that opens or rises in colour. Revisions,
endings and what operators do themselves call nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.terms import COLOURS, AlertState, Colour

BUCKET = timedelta(minutes=10)
FLOOD_BEGINS = 10
"""A flood begins with more than that many annunciations in ten minutes ..."""
FLOOD_ENDS = 5
"""... and ends when fewer than that many lie in the last ten (ISA-18.2)."""

WORST = 10
FLEETING = timedelta(seconds=10)
STALE = timedelta(hours=24)
CHATTER_TIMES = 3
CHATTER_WITHIN = timedelta(hours=1)
ANSWER_STEPS_S = (15.0, 20.0, 60.0, 106.0)
"""Answer times that emergency centres are measured by (NENA, NFPA 1221 and 1710), seconds."""


@dataclass(frozen=True, slots=True)
class Said:
    """One revision of an alert, as far as it matters to the load of its desk.

    Attributes:
        source: trigger and place; what is a bad actor if it fills the desk.
        incident_id: the case it hangs on, if any.
    """

    at: datetime
    alert_id: str
    revision: int
    state: AlertState
    colour: Colour
    source: str
    incident_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One step in a case's audit chain: whether somebody looked, or did more than look."""

    at: datetime
    acknowledges: bool


@dataclass(slots=True)
class Load:
    """The alarm load of one desk over a stretch of time.

    Attributes:
        annunciations: alerts that opened or rose; by_colour in the colour they called in.
        busiest: most annunciations in any ten minutes, at `busiest_at`.
        floods, flood_share: how many floods, and the share of the time spent in one.
        worst_share: share of the load that the ten worst (trigger, place) make; `worst` names them.
        chattering: sources that opened three times within an hour; fleeting: gone within 10 s.
        stale: open for more than a day at the end; standing: all open at the end.
        answers_s: seconds from an orange or red call to the first step of people, sorted.
        actionable: share of ended alerts on whose case something was done beyond looking;
            None where none has ended.
        hourly: annunciations in each hour of the stretch, for a sparkline; at most 720.
    """

    begin: datetime
    end: datetime
    operators: int = 1
    annunciations: int = 0
    by_colour: dict[str, int] = field(default_factory=dict)
    busiest: int = 0
    busiest_at: datetime | None = None
    floods: int = 0
    flood_share: float = 0.0
    worst: list[tuple[str, int]] = field(default_factory=list)
    worst_share: float = 0.0
    chattering: list[str] = field(default_factory=list)
    fleeting: int = 0
    stale: int = 0
    standing: int = 0
    answers_s: list[float] = field(default_factory=list)
    actionable: float | None = None
    hourly: list[int] = field(default_factory=list)

    @property
    def hours(self) -> float:
        """Length of the stretch, hours."""
        return max((self.end - self.begin).total_seconds() / 3600, 1e-9)

    @property
    def per_hour(self) -> float:
        """Annunciations an hour for each operator signed in; 6 are acceptable, 12 the most."""
        return self.annunciations / self.hours / self.operators

    @property
    def worst_hour(self) -> int:
        """Annunciations in the fullest hour of the stretch (of its last 30 days)."""
        return max(self.hourly, default=0)

    def answered_within(self, seconds: float) -> float | None:
        """Share of orange and red calls answered within so many seconds; None without any."""
        if not self.answers_s:
            return None
        return sum(each <= seconds for each in self.answers_s) / len(self.answers_s)


def measure(
    said: Iterable[Said],
    begin: datetime,
    end: datetime,
    *,
    operators: int = 1,
    answers: Mapping[str, Sequence[Answer]] | None = None,
) -> Load:
    """The load of one desk between `begin` and `end`.

    Args:
        said: revisions of the desk's alerts, in any order; those before `begin` only say
            what was open already.
        operators: how many people were signed in.
        answers: steps of the cases the alerts hang on, by incident id, in time order.
    """
    load = Load(begin, end, operators)
    episodes: dict[str, list[Said]] = defaultdict(list)
    for each in said:
        if each.at < end:
            episodes[each.alert_id].append(each)
    calls: list[Said] = []
    ended = helped = 0
    for revisions in episodes.values():
        revisions.sort(key=lambda each: each.revision)
        calls += [e for e in revisions if e.state in ("opened", "raised") and e.at >= begin]
        first, last = revisions[0], revisions[-1]
        if last.state not in ("closed", "withdrawn"):
            load.standing += 1
            load.stale += end - last.at > STALE
            continue
        if last.at < begin:
            continue
        ended += 1
        load.fleeting += last.at - first.at < FLEETING
        steps = (answers or {}).get(first.incident_id or "", ())
        helped += any(first.at <= s.at <= last.at and not s.acknowledges for s in steps)
    if answers is not None and ended:
        load.actionable = helped / ended
    calls.sort(key=lambda each: (each.at, each.alert_id))
    load.annunciations = len(calls)
    load.by_colour = {c: sum(e.colour == c for e in calls) for c in COLOURS}
    _floods(load, [each.at for each in calls])
    _sources(load, calls)
    load.hourly = _hourly(load, calls)
    if answers is not None:
        load.answers_s = _answers(calls, answers)
    return load


def _floods(load: Load, times: Sequence[datetime]) -> None:
    """Slide ten minutes over the annunciations: the busiest, and every flood with its end."""
    oldest = 0
    began: datetime | None = None
    wet = timedelta(0)
    for newest, at in enumerate(times):
        if began is not None:
            dry = times[newest - FLOOD_ENDS] + BUCKET
            if dry <= at:
                wet += dry - began
                began = None
        while times[oldest] <= at - BUCKET:
            oldest += 1
        count = newest - oldest + 1
        if count > load.busiest:
            load.busiest, load.busiest_at = count, at
        if count > FLOOD_BEGINS and began is None:
            began = at
            load.floods += 1
    if began is not None:
        wet += min(load.end, times[-FLOOD_ENDS] + BUCKET) - began
    load.flood_share = wet / max(load.end - load.begin, timedelta(microseconds=1))


def _sources(load: Load, calls: Sequence[Said]) -> None:
    counted = Counter(each.source for each in calls)
    load.worst = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:WORST]
    if calls:
        load.worst_share = sum(count for _, count in load.worst) / len(calls)
    opened: dict[str, list[datetime]] = defaultdict(list)
    for each in calls:
        if each.state == "opened":
            opened[each.source].append(each.at)
    load.chattering = sorted(
        source
        for source, times in opened.items()
        if any(
            later - earlier <= CHATTER_WITHIN
            for earlier, later in zip(times, times[CHATTER_TIMES - 1 :], strict=False)
        )
    )


def _hourly(load: Load, calls: Sequence[Said]) -> list[int]:
    hours = min(720, int(load.hours) + 1)
    start = load.end - timedelta(hours=hours)
    found = [0] * hours
    for each in calls:
        if each.at >= start:
            found[int((each.at - start) / timedelta(hours=1))] += 1
    return found


def _answers(calls: Sequence[Said], answers: Mapping[str, Sequence[Answer]]) -> list[float]:
    """From each orange or red call to the first step that people took on its case."""
    found: list[float] = []
    for call in calls:
        if call.colour not in ("orange", "red") or call.incident_id is None:
            continue
        for step in answers.get(call.incident_id, ()):
            if step.at >= call.at:
                found.append((step.at - call.at).total_seconds())
                break
    return sorted(found)
