"""What the devices of the made-up city measure: nearly always that all is well."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple, cast

from agents.replay.feed import Entry, microseconds
from agents.simulate.acts import Device, Spot, reading, report, said
from agents.simulate.city import SimulatedCity
from agents.simulate.habits import KINDS, SMELT, Kind
from agents.simulate.people import People
from agents.simulate.weather import Sky
from schemas.report import UpdateKind

EVERY_MIN = {"manhole_tilt": 360, "rain_gauge": 10, "road_water": 10}
EVERY_ELSE_MIN = 10

TILTS_A_DAY = 2.0
"""Covers of the whole city that are shifted in a day, beside the scripted one (D)."""

COVER = "100102"
SILENT_PER_READING = 0.00002
SILENT_FOR = timedelta(hours=5)

LOW_SHARE = 0.08
"""Road gauges that stand where water gathers (D)."""
CATCH_CM = (0.5, 1.1)
DRAINS_CM_PER_H = 8.0
"""What a millimetre of rain brings to such a place, and what its drain takes away (D)."""

CALLED_FROM_CM, FORGOTTEN_CM = 6.0, 2.0
CALLERS = 3.0
CALLED_AFTER_MIN = (15.0, 80.0)
"""People who meet the water call some time after the gauge has seen it rise (D)."""

LEAKS_A_DAY = 0.12
LEAK_TAKES_H = (3.0, 7.0)
LEAK_MOST = (28.0, 45.0)
LEAK_LASTS = timedelta(hours=2)
"""A pipe begins to leak beside a probe: how often, how long until it has gathered to so many
per cent of the lower explosive limit, and how long it takes to shut it off (D)."""

_WET = next(kind for kind in KINDS if kind.code == "200111")

Window = tuple[datetime, datetime]


class _Leak(NamedTuple):
    """A leak beside a probe: it begins, and takes so long to gather to the most."""

    probe: Device
    begins: datetime
    takes: timedelta
    most: float


class Fleet:
    """All devices with their routine; a scripted day speaks for its devices in its windows.

    Args:
        people: who call when they meet what a device has seen come; None: nobody.
        leaks: whether gas pipes begin to leak beside probes.
    """

    def __init__(
        self,
        city: SimulatedCity,
        sky: Sky,
        seed: int,
        begins: datetime,
        scripted: Iterable[tuple[Device, Window]],
        people: People | None = None,
        *,
        leaks: bool = False,
    ) -> None:
        self._city = city
        self._sky = sky
        self._seed = seed
        self._people = people
        self._callers = Random(f"{seed}/callers")
        self._calls: list[tuple[int, int, Entry]] = []
        self._called = 0
        self._deep: set[str] = set()
        self._begins = begins.astimezone(UTC)
        self._rng = Random(f"{seed}/devices")
        self._windows: dict[str, list[Window]] = defaultdict(list)
        extra: dict[str, Device] = {}
        for device, window in scripted:
            self._windows[device.device_id].append(window)
            extra[device.device_id] = device
        self.devices = (*city.devices, *extra.values())
        low = Random(f"{seed}/low ground")
        gauges = [device for device in city.devices if device.device_class == "road_water"]
        self._low = {
            device.device_id: low.uniform(*CATCH_CM)
            for device in low.sample(gauges, round(LOW_SHARE * len(gauges)))
        }
        self._standing: dict[str, tuple[datetime, float]] = {}
        self._leaks = self._leaking() if leaks else iter(())
        self._leak: _Leak | None = next(self._leaks, None)
        self._leaking_now: dict[str, _Leak] = {}

    def entries(self) -> Iterator[Entry]:
        """Readings for ever, in the order of their time."""
        rng = self._rng
        due: list[tuple[datetime, int]] = []
        for number, device in enumerate(self.devices):
            minutes = EVERY_MIN.get(device.device_class, EVERY_ELSE_MIN)
            heapq.heappush(due, (self._begins + timedelta(minutes=rng.uniform(0, minutes)), number))
        while due:
            at, number = heapq.heappop(due)
            device = self.devices[number]
            every = timedelta(minutes=EVERY_MIN.get(device.device_class, EVERY_ELSE_MIN))
            now = microseconds(at)
            while self._calls and self._calls[0][0] <= now:
                yield heapq.heappop(self._calls)[2]
            if not self._is_scripted(device, at):
                yield reading(at.astimezone(self._city.policy.tz), device, self._value(device, at))
            gap = SILENT_FOR if rng.random() < SILENT_PER_READING else every
            heapq.heappush(due, (at + gap, number))

    def shifted_covers(self) -> Iterator[Entry]:
        """Now and then a cover is shifted, and put back within the hour."""
        rng = Random(f"{self._seed}/covers")
        covers = [device for device in self.devices if device.device_class == "manhole_tilt"]
        at = self._begins
        waiting: list[tuple[int, int, Entry]] = []
        order = 0
        while covers:
            at += timedelta(days=rng.expovariate(TILTS_A_DAY))
            now = microseconds(at)
            while waiting and waiting[0][0] <= now:
                yield heapq.heappop(waiting)[2]
            for entry in self._shifted(rng.choice(covers), at, rng):
                order += 1
                heapq.heappush(waiting, (entry.at, order, entry))

    def _shifted(self, cover: Device, at: datetime, rng: Random) -> Iterator[Entry]:
        tilt = round(rng.uniform(18, 70), 1)
        local = at.astimezone(self._city.policy.tz)
        until = rng.randrange(20, 80)
        for seconds in (0, 3, 30, *range(300, until * 60, 600)):
            yield reading(local + timedelta(seconds=seconds), cover, tilt)
        yield from self._looked_at(cover, local, until)
        for minutes in (until, until + 1, until + 3):
            yield reading(local + timedelta(minutes=minutes), cover, 2.0)

    def _looked_at(self, cover: Device, local: datetime, until: int) -> Iterator[Entry]:
        """A grid member goes there, reports it, and the owner puts the cover back."""
        rule = self._city.policy.category(None, COVER)
        if rule is None:
            return
        source, number = f"/grid/{cover.spot.street}", f"cover-{local:%y%m%d%H%M%S}"
        report_id = f"{source}/{number}"
        yield report(
            local + timedelta(minutes=3),
            source,
            number,
            COVER,
            cover.spot.beside(4),
            channel="grid",
            description="井盖移位，已到场看护",
        )
        said_at = ((4, "accepted"), (until, "resolved"), (until + 60, "closed"))
        for minutes, kind in said_at:
            at = local + timedelta(minutes=minutes)
            yield said(at, report_id, cast(UpdateKind, kind), unit=rule.unit)

    def _gathers(self, device: Device, at: datetime, rate: float) -> float:
        """Water where it gathers: what rains on a wide surface, less what the drain takes."""
        since, depth = self._standing.get(device.device_id, (at, 0.0))
        hours = min((at - since) / timedelta(hours=1), 1.0)
        flow = self._low[device.device_id] * rate - DRAINS_CM_PER_H
        depth = min(max(0.0, depth + flow * hours), 60.0)
        self._standing[device.device_id] = at, depth
        self._meet(device, at, depth)
        return round(max(0.0, depth + self._rng.gauss(0, 0.15)), 1) if depth else 0.0

    def _meet(self, device: Device, at: datetime, depth: float) -> None:
        """Water stands deep at a place: those who come by call, a while after it rose."""
        name = device.device_id
        if depth < FORGOTTEN_CM:
            self._deep.discard(name)
        elif depth >= CALLED_FROM_CM and name not in self._deep:
            self._deep.add(name)
            number = 1 + int(self._callers.expovariate(1 / CALLERS))
            for _ in range(number):
                after = timedelta(minutes=self._callers.uniform(*CALLED_AFTER_MIN))
                self._call(at + after, _WET, device.spot)

    def _call(self, at: datetime, kind: Kind, spot: Spot) -> None:
        if self._people is None or self._city.policy.category(None, kind.code) is None:
            return
        rng = self._callers
        near = spot.beside(rng.uniform(-40, 40), rng.uniform(-40, 40))
        for entry in self._people.case(at, kind, near, rng):
            self._called += 1
            heapq.heappush(self._calls, (entry.at, self._called, entry))

    def _leaking(self) -> Iterator[_Leak]:
        """Leaks for ever, in the order of their beginning."""
        rng = Random(f"{self._seed}/leaks")
        probes = [each for each in self._city.devices if each.device_class == "gas_pipe_probe"]
        at = self._begins
        while probes:
            at += timedelta(days=rng.expovariate(LEAKS_A_DAY))
            takes = timedelta(hours=rng.uniform(*LEAK_TAKES_H))
            yield _Leak(rng.choice(probes), at, takes, rng.uniform(*LEAK_MOST))

    def _gas(self, device: Device, at: datetime) -> float:
        """What a leak beside a probe adds: it gathers for hours, is smelt, and is shut off."""
        while self._leak is not None and self._leak.begins <= at:
            leak = self._leak
            self._leaking_now[leak.probe.device_id] = leak
            for _ in range(1 + int(self._callers.expovariate(0.7))):
                late = self._callers.uniform(0.75, 1.2)
                self._call(leak.begins + late * leak.takes, SMELT, leak.probe.spot)
            self._leak = next(self._leaks, None)
        here = self._leaking_now.get(device.device_id)
        if here is None:
            return 0.0
        gathered = (at - here.begins) / here.takes
        if at > here.begins + here.takes + LEAK_LASTS:
            del self._leaking_now[device.device_id]
        return here.most * min(1.0, gathered) ** 2

    def _is_scripted(self, device: Device, at: datetime) -> bool:
        windows = self._windows.get(device.device_id, ())
        return any(begin <= at < end for begin, end in windows)

    def _value(self, device: Device, at: datetime) -> float:
        rng = self._rng
        kind = device.device_class
        if kind == "manhole_tilt":
            return round(abs(rng.gauss(1.5, 0.8)), 2)
        if kind == "rain_gauge":
            rate = self._sky.intensity(at, self._city.district(device.spot.street))
            return round(rate / 6 * rng.uniform(0.8, 1.2), 2)
        if kind == "road_water":
            rate = self._sky.intensity(at, self._city.district(device.spot.street))
            if device.device_id in self._low:
                return self._gathers(device, at, rate)
            return round(min(rate * 0.08 * rng.uniform(0.3, 1.0), 2.6), 1)
        leak = self._gas(device, at) if kind == "gas_pipe_probe" else 0.0
        return round(abs(rng.gauss(1.2, 0.9)) + leak, 2)
