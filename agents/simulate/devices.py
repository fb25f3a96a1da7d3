"""What the devices of the made-up city measure: nearly always that all is well."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import cast

from agents.replay.feed import Entry, microseconds
from agents.simulate.acts import Device, reading, report, said
from agents.simulate.city import SimulatedCity
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

Window = tuple[datetime, datetime]


class Fleet:
    """All devices with their routine; a scripted day speaks for its devices in its windows."""

    def __init__(
        self,
        city: SimulatedCity,
        sky: Sky,
        seed: int,
        begins: datetime,
        scripted: Iterable[tuple[Device, Window]],
    ) -> None:
        self._city = city
        self._sky = sky
        self._seed = seed
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
        return round(max(0.0, depth + self._rng.gauss(0, 0.15)), 1) if depth else 0.0

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
        return round(abs(rng.gauss(1.2, 0.9)), 2)
