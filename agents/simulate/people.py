"""What people report in the made-up city, and how the units answer."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import exp, hypot, log
from random import Random
from typing import NamedTuple

import orjson

from agents.replay.feed import Entry, microseconds, moment_of
from agents.simulate import habits
from agents.simulate.acts import Spot, called_back, complained_again, report, said
from agents.simulate.city import SimulatedCity
from agents.simulate.habits import Kind, Way
from agents.simulate.weather import Sky

MONTH_H = 30 * 24
SURNAMES = "赵钱孙李周吴郑王冯陈"


_PLACE_M = 30.0


class Cure(NamedTuple):
    """What a measure does at a place: the share of matters that stay away, and their days.

    ``spared`` has the day (an ordinal) of each matter with a known place that did not happen.
    """

    share: float
    spared: list[int]


class People:
    """Callers, inspectors and apps of the city, with the units that answer them.

    Reports come as a Poisson process whose rate follows the hour, the weekday and the
    rain; what each unit will answer, and when, is drawn with the report.

    Attributes:
        readiness: how readily the people of each street report, 1 in the middle.
        per_hour: first reports an hour, mean over a week. by_code: what people report, by its code.
        cured: number of a returning place → what its measure does.
    """

    def __init__(self, city: SimulatedCity, sky: Sky, seed: int, begins: datetime) -> None:
        self._city = city
        self._sky = sky
        self._begins = begins.astimezone(UTC)
        self._rng = Random(f"{seed}/people")
        self._zone = city.policy.tz
        self._numbers: Counter[str] = Counter()
        self.per_hour = habits.CASES_PER_1000_A_MONTH * city.people / 1000 / MONTH_H
        self._kinds = [kind for kind in habits.KINDS if city.policy.category(None, kind.code)]
        self.by_code = {kind.code: kind for kind in self._kinds}
        self._moods = {
            (night, rain): list(accumulate(_weight(kind, night, rain) for kind in self._kinds))
            for night in (False, True)
            for rain in (False, True)
        }
        self._calm = self._moods[False, False][-1]
        self._ways = list(accumulate(way.share for way in habits.WAYS))
        self._returning = self._returning_places()
        self._again = Random(f"{seed}/again")
        self.cured: dict[int, Cure] = {}
        self._spares = Random(f"{seed}/cured")
        readiness = Random(f"{seed}/readiness")
        self.readiness = {
            street: exp(readiness.gauss(0, habits.READINESS_SPREAD)) for street in city.streets
        }

    def entries(self) -> Iterator[Entry]:
        """Reports and answers for ever, in the order of their time."""
        waiting: list[tuple[int, int, Entry]] = []
        order = 0
        for at in self._moments():
            now = microseconds(at)
            while waiting and waiting[0][0] <= now:
                yield heapq.heappop(waiting)[2]
            first, *later = self._case(at) or (None,)
            if first is None:
                continue
            yield first
            for entry in later:
                order += 1
                heapq.heappush(waiting, (entry.at, order, entry))

    def _moments(self) -> Iterator[datetime]:
        """When reports come: candidates at the highest rate, thinned to the present one."""
        rng = self._rng
        highest = self.per_hour * max(habits.HOURS) / _mean(habits.HOURS)
        highest *= max(habits.DAYS) / _mean(habits.DAYS)
        highest *= max(mood[-1] for mood in self._moods.values()) / self._calm
        at = self._begins
        while True:
            at += timedelta(hours=rng.expovariate(highest))
            if rng.random() * highest < self._rate(at):
                yield at

    def _rate(self, at: datetime) -> float:
        """Reports an hour at that moment."""
        local = at.astimezone(self._zone)
        rate = self.per_hour * habits.HOURS[local.hour] / _mean(habits.HOURS)
        rate *= habits.DAYS[local.weekday()] / _mean(habits.DAYS)
        return rate * self._moods[self._mood(at, local)][-1] / self._calm

    def _mood(self, at: datetime, local: datetime) -> tuple[bool, bool]:
        raining = self._sky.heaviest(at) is not None
        return local.hour >= 22 or local.hour < 6, raining

    def _wet_street(self, at: datetime) -> str | None:
        """A street that it rains on, for what rain brings; any street on a dry day."""
        rain = self._sky.heaviest(at)
        if rain is None:
            return None
        district = self._rng.choice(sorted(rain.districts))
        return self._rng.choice(self._city.policy.areas.children(district))

    def _returning_places(self) -> list[tuple[Kind, Spot]]:
        """Places to which the same matter comes back all month."""
        rng = self._rng
        count = round(self.per_hour * MONTH_H * habits.RECURRENT_SHARE / habits.RECURRENT_GROUP)
        codes = [(code, often) for code, often in habits.RECURRENT_KINDS if code in self.by_code]
        kinds = rng.choices(
            [code for code, _ in codes], weights=[often for _, often in codes], k=max(count, 1)
        )
        return [(self.by_code[code], self._city.spot(rng)) for code in kinds]

    def _case(self, at: datetime) -> list[Entry]:
        """One report, and all that will be said about it."""
        rng = self._rng
        local = at.astimezone(self._zone)
        cure: Cure | None = None
        if rng.random() < habits.RECURRENT_SHARE:
            number = rng.choice(range(len(self._returning)))
            kind, place = self._returning[number]
            spot = place.beside(rng.uniform(-12, 12), rng.uniform(-12, 12))
            cure = self.cured.get(number)
        else:
            weights = self._moods[self._mood(at, local)]
            kind = rng.choices(self._kinds, cum_weights=weights)[0]
            spot = self._city.spot(rng, self._wet_street(at) if kind.rain > 1 else None)
        entries = self.case(at, kind, spot, rng)
        if cure is not None and self._spares.random() < cure.share:
            # Everything else goes on as it would have: what is left out is known one by one.
            if orjson.loads(entries[0].value)["data"].get("lat") is not None:
                cure.spared.append(local.toordinal())
            return []
        return entries

    def cure(self, code: str, lat: float, lon: float, share: float) -> Cure | None:
        """A measure takes effect at a returning place: such a share of its matters stays away.

        Returns:
            What it spares from now on; None if no returning place of the kind lies there.
        """
        for number, (kind, place) in enumerate(self._returning):
            north, east = (place.lat - lat) * 111_195, (place.lon - lon) * 96_500
            if kind.code == code and hypot(north, east) <= _PLACE_M:
                return self.cured.setdefault(number, Cure(share, []))
        return None

    def case(
        self, at: datetime, kind: Kind, place: Spot, rng: Random, *, slower: float = 1.0
    ) -> list[Entry]:
        """Somebody reports a matter at a place, and all that will be said about it.

        Args:
            rng: what decides who calls and how they are answered.
            slower: how many times longer than usual the unit takes.
        """
        local = at.astimezone(self._zone)
        spot: Spot | None = place
        street = place.street
        way = rng.choices(habits.WAYS, cum_weights=self._ways)[0]
        source = way.source.format(street=street, district=self._city.district(street))
        number = self._number(source, local)
        unknown = rng.random() < habits.NO_ADDRESS_SHARE and way.channel != "grid"
        words = rng.choice(kind.words).format(place="某处" if unknown else place.address)
        more: dict[str, object] = {"channel": way.channel, "description": words}
        if unknown:
            # Half of these callers know at least the district.
            more["area_code"] = self._city.district(street) if rng.random() < 0.5 else None
            spot = None
        if way.channel == "hotline":
            surname = rng.choice(SURNAMES)
            phone = f"1990000{rng.randrange(10_000):04}"
            more["contact"] = {"name": f"{surname}先生", "phone": phone}
        if way.channel == "superior":
            more["expected_datetime"] = local + timedelta(days=7)
        opening = report(local, source, number, kind.code, spot, **more)
        answers = list(self._answers(local, source, number, kind, way, rng, slower))
        if spot is not None and len(answers) > 1:
            answers += self._others(local, kind, spot, answers)
        return [opening, *answers]

    def _others(
        self, at: datetime, kind: Kind, spot: Spot, answers: list[Entry]
    ) -> Iterator[Entry]:
        """Others report the same matter while it is open, as readily as their street does.

        Args:
            answers: of the unit, in order: it has accepted, it is done, and so on.
        """
        rng = self._again
        rule = self._city.policy.category(None, kind.code)
        rate = habits.AGAIN_PER_H * self.readiness.get(spot.street, 1.0)
        done, ended = answers[1].at, moment_of(answers[-1].at).astimezone(self._zone)
        moment = at
        while rule is not None:
            moment += timedelta(hours=rng.expovariate(rate))
            if microseconds(moment) >= done or moment - at >= timedelta(days=1):
                return
            source = "/apps/yunchuan"
            number = self._number(source, moment)
            words = rng.choice(kind.words).format(place=spot.address)
            place = spot.beside(rng.uniform(-8, 8), rng.uniform(-8, 8))
            yield report(moment, source, number, kind.code, place, channel="app", description=words)
            report_id = f"{source}/{number}"
            seen = moment + timedelta(minutes=habits.ACCEPT_MEDIAN_MIN)
            yield said(seen, report_id, "accepted", unit=rule.unit)
            yield said(ended + timedelta(minutes=5), report_id, "closed", unit=rule.unit)

    def _number(self, source: str, local: datetime) -> str:
        self._numbers[source] += 1
        return f"{local:%y%m%d}-{self._numbers[source]:06}"

    def _answers(
        self,
        at: datetime,
        source: str,
        number: str,
        kind: Kind,
        way: Way,
        rng: Random,
        slower: float,
    ) -> Iterator[Entry]:
        rule = self._city.policy.category(None, kind.code)
        if rule is None or rule.intent in ("enquiry", "praise"):
            return
        silent, redone = rng.random() < habits.SILENT_SHARE, rng.random() < habits.REDONE_SHARE
        accepting = timedelta(minutes=_drawn(rng, habits.ACCEPT_MEDIAN_MIN, habits.ACCEPT_SPREAD))
        handling = timedelta(hours=min(_drawn(rng, _median(kind, way)), habits.SLOWEST_H)) * slower
        called = way.channel == "hotline"
        checking = habits.CALLBACK_MEDIAN_H if called else habits.CHECK_MEDIAN_H
        closing = timedelta(hours=_drawn(rng, checking))
        solved = rng.random() < habits.SOLVED_SHARE
        satisfied = solved and rng.random() < habits.SATISFIED_SHARE
        if silent:
            return
        begun = _office_time(at, rng) if rule.urgency == "normal" and rule.severity == "V" else at
        accepted, resolved = begun + accepting, begun + accepting + handling
        report_id = f"{source}/{number}"
        yield said(accepted, report_id, "accepted", unit=rule.unit)
        yield said(resolved, report_id, "resolved", unit=rule.unit, resolution="done")
        if redone:
            again = resolved + timedelta(hours=1)
            yield complained_again(again, source, number, "没有解决")
            resolved = again + handling
            yield said(resolved, report_id, "resolved", unit=rule.unit, nth=2, resolution="done")
        if called:
            yield called_back(
                resolved + closing, source, number, solved=solved, satisfied=satisfied
            )
        yield said(resolved + closing + timedelta(minutes=5), report_id, "closed", unit=rule.unit)


def _median(kind: Kind, way: Way) -> float:
    if way.channel == "superior":
        return habits.SUPERIOR_MEDIAN_H
    return kind.median_h or habits.HANDLING_MEDIAN_H


def _drawn(rng: Random, median: float, spread: float = habits.SPREAD) -> float:
    """A waiting time: log-normal, because a few take very long."""
    return exp(rng.gauss(log(median), spread))


def _office_time(at: datetime, rng: Random) -> datetime:
    """When a unit begins with a routine matter: at night it waits for the morning."""
    minutes = rng.randrange(0, 40)
    if 7 <= at.hour < 21:
        return at
    morning = at.replace(hour=7, minute=30, second=0, microsecond=0) + timedelta(minutes=minutes)
    return morning if at.hour < 7 else morning + timedelta(days=1)


def _weight(kind: Kind, night: bool, rain: bool) -> float:
    return kind.share * (kind.night if night else 1.0) * (kind.rain if rain else 1.0)


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)
