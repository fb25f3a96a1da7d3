"""Repeated complaints at one place: is something wrong there, or does it always complain?

Each place has a rate of its own, unknown: a priori a Gamma whose mean follows the places of
its street, then sharpened by the place's own history. When a complaint arrives, each of the
recent ones is tried as the first of a trouble that goes on since: how much likelier are the
complaints since then if a trouble adds to the place's rate than by that rate alone? The sum
over these beginnings is the evidence, so that no window has to be chosen.

A street that has more of everything (a storm, a campaign) has the excess divided out.

Source: Gamma-Poisson (negative binomial) prediction; mixture of likelihood ratios over the
unknown beginning as in Shiryaev-Roberts (Pollak 1987, Ann Stat 15:749).
"""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass
from math import comb, exp, lgamma, log, sqrt
from typing import NamedTuple

from schemas.errors import SchemaError


@dataclass(frozen=True, slots=True)
class RepeatRules:
    """How repeats are judged.

    Attributes:
        window_days: how far back a trouble may have begun.
        most_recent: complaints of a place that are remembered one by one.
        shape: of the Gamma of the places' rates; small: few places complain much.
        trouble_per_day: complaints a day that a trouble adds, each equally likely.
        quiet_days: after an alert the place is silent so long.
        forget_days: half-life of a place's and a street's history.
        scale: evidence at which p would be 1; makes ``Repeat.p`` what it says.
    """

    window_days: float = 30.0
    most_recent: int = 12
    shape: float = 0.3
    trouble_per_day: tuple[float, ...] = (0.35, 0.8, 1.8)
    quiet_days: float = 14.0
    forget_days: float = 365.0
    scale: float = 8.0

    def kept(self, days: float) -> float:
        """The part of a count that is left after so many days."""
        return exp(-log(2) * days / self.forget_days)

    def remembered(self, days: float) -> float:
        """Days of history that so many days of observation are worth."""
        return self.forget_days / log(2) * (1 - self.kept(days))


class Repeat(NamedTuple):
    """What a complaint says about its place.

    Attributes:
        p: about the chance that the place's own rate alone brings a quiet place this far
            within 30 days; to be multiplied over the places.
        observed: complaints since the likeliest beginning, this one included.
        since: day of the likeliest beginning.
        expected, low, high: complaints after that first one that the place's own rate would
            bring until now, with an interval that holds at least 90 % of such stretches.
        busier: factor by which the street had more complaints than usual since then.
        silenced: the place had an alert within the quiet days: no new one is due.
    """

    p: float
    observed: int
    since: float
    expected: float
    low: int
    high: int
    busier: float
    silenced: bool


class StreetPace:
    """How much a street complains: over its history, and day by day of late.

    Attributes:
        began: day from when on the street is observed.
        complaints: how many, forgetting.
        places: how many places complained, each counting less the longer it is silent.
        newest: whole day that the last of ``counts`` belongs to.
        counts: complaints of the last days, at most the window and one more.
    """

    __slots__ = ("began", "complaints", "counts", "newest", "places")

    def __init__(self, began: float) -> None:
        self.began = began
        self.complaints = 0.0
        self.places = 0.0
        self.newest = int(began)
        self.counts: deque[int] = deque([0])

    def learn(self, day: float, silent_days: float | None, rules: RepeatRules) -> None:
        """Count a complaint.

        Args:
            day: not before the complaint counted last.
            silent_days: since the place's complaint before; None: it is the place's first.
        """
        turned = int(day) - self.newest
        if turned > 0:
            kept = rules.kept(turned)
            self.complaints *= kept
            self.places *= kept
            self.newest = int(day)
            longest = int(rules.window_days) + 1
            self.counts.extend([0] * min(turned, longest))
            while len(self.counts) > longest:
                self.counts.popleft()
        self.counts[-1] += 1
        self.complaints += 1
        self.places += 1 if silent_days is None else 1 - rules.kept(silent_days)

    def busier(self, since: float, day: float, own: int, rules: RepeatRules) -> float:
        """How many times as much as usual the street complained since then; 1 if that is not sure.

        Args:
            own: complaints of the place itself in that time, which do not count.
        """
        days = min(int(day) - int(since) + 1, len(self.counts))
        seen = max(sum(self.counts[-1 - at] for at in range(days)) - own, 0)
        observed = rules.remembered(max(day - self.began, 1.0))
        usual = self.complaints / observed * max(day - int(since), 0.25)
        return max(1.0, (seen - 2 * sqrt(seen)) / max(usual, 1.0))

    def encode(self) -> bytes:
        """At most 280 bytes."""
        head = (self.began, self.complaints, self.places, float(self.newest))
        return array("d", (*head, *self.counts)).tobytes()

    @classmethod
    def decode(cls, stored: bytes) -> StreetPace:
        """Read what ``encode`` wrote.

        Raises:
            SchemaError: it is not a street's.
        """
        began, complaints, places, newest, *counts = _doubles(stored, 5, "street's pace")
        street = cls(began)
        street.complaints, street.places, street.newest = complaints, places, int(newest)
        street.counts = deque(map(int, counts))
        return street


class PlaceHistory:
    """What is remembered of a place's complaints.

    Attributes:
        before: complaints that are no longer remembered one by one, forgetting.
        as_of: day that ``before`` is counted for.
        alerted: day of its last alert; minus infinity: none.
        recent: days of the complaints within the window, rising, at most ``most_recent``.
    """

    __slots__ = ("alerted", "as_of", "before", "recent")

    def __init__(self) -> None:
        self.before = 0.0
        self.as_of = 0.0
        self.alerted = float("-inf")
        self.recent: list[float] = []

    def add(self, day: float, rules: RepeatRules) -> None:
        """Remember a complaint; what is too old or too much moves into ``before``."""
        recent = self.recent
        recent.append(day)
        while recent[0] <= day - rules.window_days or len(recent) > rules.most_recent:
            gone = recent.pop(0)
            self.before = self.before * rules.kept(gone - self.as_of) + 1
            self.as_of = gone

    def encode(self) -> bytes:
        """At most 120 bytes."""
        return array("d", (self.before, self.as_of, self.alerted, *self.recent)).tobytes()

    @classmethod
    def decode(cls, stored: bytes) -> PlaceHistory:
        """Read what ``encode`` wrote.

        Raises:
            SchemaError: it is not a place's.
        """
        place = cls()
        place.before, place.as_of, place.alerted, *place.recent = _doubles(
            stored, 3, "place's history"
        )
        return place


def judge(
    place: PlaceHistory, street: StreetPace, day: float, rules: RepeatRules, city: StreetPace
) -> Repeat | None:
    """What a complaint that has just been added says about its place.

    Args:
        place: with the complaint of ``day`` as the last of its recent ones.
        street, city: paces that have counted it.

    Returns:
        None for the only complaint within the window, which repeats nothing.
    """
    recent = place.recent
    last = len(recent) - 1
    if last < 1:
        return None
    rate_days = _days_per_unit(street, city, day, rules)
    evidence = 0.0
    best = (-1.0, 0, 0.0, 0.0, 1.0)
    for first in range(last):
        since = recent[first]
        more = last - first
        known = rules.remembered(since - street.began) if since > street.began else 0.0
        shape = rules.shape + place.before * rules.kept(since - place.as_of) + first
        days = rate_days + known
        busier = street.busier(since, day, more + 1, rules)
        odds = _odds(more, (day - since), shape, days, busier, rules.trouble_per_day)
        evidence += odds
        if odds > best[0]:
            best = (odds, first, shape, days, busier)
    _, first, shape, days, busier = best
    span = (day - recent[first]) * busier
    low, high = _interval(shape, span / (days + span))
    return Repeat(
        p=min(1.0, rules.scale / evidence) if evidence > 0 else 1.0,
        observed=last - first + 1,
        since=recent[first],
        expected=shape / days * span,
        low=low,
        high=high,
        busier=busier,
        silenced=day - place.alerted < rules.quiet_days,
    )


class Repeats:
    """All places of a city, for a whole file at once; a tier keeps one record a place instead.

    Args:
        most_places: beyond so many the place that was silent longest is forgotten.
    """

    def __init__(self, p_max: float, rules: RepeatRules, most_places: int = 1_000_000) -> None:
        self.p_max = p_max
        self.rules = rules
        self.most_places = most_places
        self._places: dict[int, PlaceHistory] = {}
        self._streets: dict[int, StreetPace] = {}
        self._city: StreetPace | None = None

    def observe(self, day: float, place: int, street: int) -> Repeat | None:
        """Count a complaint; an alert if the place repeats beyond chance and was not silenced."""
        rules = self.rules
        if self._city is None:
            self._city = StreetPace(day)
        city = self._city
        pace = self._streets.get(street)
        if pace is None:
            pace = self._streets[street] = StreetPace(city.began)
        history = self._places.pop(place, None)
        if history is None:
            history, silent = PlaceHistory(), None
        else:
            silent = day - history.recent[-1]
        self._places[place] = history
        if len(self._places) > self.most_places:
            del self._places[next(iter(self._places))]
        history.add(day, rules)
        pace.learn(day, silent, rules)
        city.learn(day, silent, rules)
        found = judge(history, pace, day, rules, city)
        if found is None or found.p > self.p_max or found.silenced:
            return None
        history.alerted = day
        return found


def _days_per_unit(street: StreetPace, city: StreetPace, day: float, rules: RepeatRules) -> float:
    """The rate parameter (days) of the Gamma that the street's places are drawn from.

    Complaints per place that ever complained grow with the places' rates; solved for the
    rate. The city's ratio counts as twenty places of each street.
    """
    kept = rules.kept(int(day) - street.newest)
    overall = (city.complaints + 50) / (city.places + 48)
    ratio = (street.complaints * kept + 20 * overall) / (street.places * kept + 20)
    shape = rules.shape
    low, high = 1e-6, 1e4
    for _ in range(24):
        middle = sqrt(low * high)
        if shape * middle / (1 - (1 + middle) ** -shape) < ratio:
            low = middle
        else:
            high = middle
    return rules.remembered(max(day - street.began, 1.0)) / low


def _odds(
    more: int,
    span: float,
    shape: float,
    days: float,
    busier: float,
    troubles: tuple[float, ...],
) -> float:
    """How much likelier a trouble that began `span` days ago makes what came since.

    Per unit of onset rate (onsets a place and day), for a first complaint and `more` after
    it, where the place's rate is Gamma(shape, days) and counts `busier` times.
    """
    full = days + span * busier
    # The place alone: all more + 1 complaints at its own rate.
    alone = lgamma(shape + more + 1) - lgamma(shape) + (more + 1) * log(busier / full)
    total = 0.0
    for trouble in troubles:
        # The rates add: each of the later complaints belongs to one or the other.
        mixed, own = 0.0, 1.0
        for of_place in range(more + 1):
            mixed += comb(more, of_place) * trouble ** (more - of_place) * own
            own *= (shape + of_place) * busier / full
        total += exp(min(log(mixed) - trouble * span - alone, 300.0))
    return total / len(troubles)


def _interval(shape: float, share: float) -> tuple[int, int]:
    """Counts between which at least 90 % of a negative binomial lies."""
    chance = (1 - share) ** shape
    below, count, low = chance, 0, -1
    while count < 10_000:
        if low < 0 and below > 0.05:
            low = count
        if below >= 0.95:
            break
        chance *= share * (shape + count) / (count + 1)
        count += 1
        below += chance
    return max(low, 0), count


def _doubles(stored: bytes, least: int, what: str) -> list[float]:
    if len(stored) % 8 or len(stored) < 8 * least:
        raise SchemaError(f"{what}: got {len(stored)} bytes, wanted {8 * least} or 8 n more")
    found = array("d")
    found.frombytes(stored)
    return list(found)
