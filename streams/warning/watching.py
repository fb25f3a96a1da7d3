"""What sensing does with readings beyond limits: foretold, unusual, not to be believed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from schemas.reading import ReadingEvent
from streams.policy import Policy
from streams.policy.triggers import DeviceClass, Property
from streams.program import Output
from streams.state import State
from streams.warning import crossings, opinions
from streams.warning.crossings import CrossingWatch
from streams.warning.devices import DEVICES, Device
from streams.warning.findings import Findings, moment
from streams.warning.sensors.detector import MINUTES_OF_WEEK
from streams.warning.sensors.station import STATIONS, Station, StationWatch
from streams.warning.sensors.watch import WATCHED, SensorWatch, Watched

THURSDAY = 3 * 1440
"""1970 began on a Thursday."""


class LocalWeek:
    """The minute of the week by the city's clock, asked for a hundred thousand times a second."""

    __slots__ = ("_hour", "_shift", "_tz")

    def __init__(self, policy: Policy) -> None:
        self._tz = policy.tz
        self._hour, self._shift = -1, 0

    def minute(self, time: int) -> int:
        """0 = Monday 00:00; `time` is milliseconds since 1970."""
        hour = time // 3_600_000
        if hour != self._hour:
            # Clocks change on the hour; one offset serves a whole hour of readings.
            offset = moment(time).astimezone(self._tz).utcoffset()
            self._hour = hour
            self._shift = 0 if offset is None else round(offset.total_seconds() / 60)
        return (time // 60_000 + self._shift + THURSDAY) % MINUTES_OF_WEEK


class Watching:
    """The checks that one property of one class of devices asks for."""

    __slots__ = (
        "_anomaly", "_crossing", "_findings", "_foretold", "_kind", "_name", "_station",
        "_together", "_watch", "_week",
    )  # fmt: skip

    def __init__(self, findings: Findings, week: LocalWeek, kind: str, name: str,
                 watch: SensorWatch, station: StationWatch | None,
                 crossing: CrossingWatch | None) -> None:  # fmt: skip
        triggers = findings.policy.triggers
        pair = triggers.forecast_of(kind, name)
        self._anomaly = "" if triggers.anomaly is None else triggers.anomaly.id
        self._together = "" if triggers.together is None else triggers.together.id
        self._foretold = "" if pair is None else pair[0].id
        self._kind = f"{kind}/{name}"
        self._findings = findings
        self._week = week
        self._name = name
        self._watch = watch if watch.needed else None
        self._station = station
        self._crossing = crossing

    @classmethod
    def wanted(
        cls,
        policy: Policy,
        findings: Findings,
        week: LocalWeek,
        kind_name: str,
        kind: DeviceClass,
        name: str,
        measured: Property,
    ) -> Watching | None:
        """The checks, or None where hard limits are all there is."""
        station = None
        if kind.station is not None and policy.triggers.together is not None:
            station = StationWatch(kind.station)
            station = station if station.includes(name) else None
        watch = SensorWatch(measured, policy.triggers)
        pair = policy.triggers.forecast_of(kind_name, name)
        crossing = None if pair is None else CrossingWatch(*pair)
        if not (watch.needed or station or crossing):
            return None
        return cls(findings, week, kind_name, name, watch, station, crossing)

    def judge(
        self,
        state: State,
        key: str,
        device: Device,
        event: ReadingEvent,
        time: int,
        value: float,
        now: datetime,
    ) -> list[Output]:
        """Hold a reading against the device's own past, and against its neighbours'."""
        outputs: list[Output] = []
        device_id = event.data.device_id
        if self._crossing is not None:
            factor = opinions.factor(state, self._foretold, self._kind, key)
            told = self._crossing.judge(state, key, device, time, value, event.id, factor)
            if told is not None:
                state.table(DEVICES).slot(key).touched = True
                outputs.append(
                    self._findings.crossing(device_id, device, told, time, value, now, event)
                )
        if self._watch is not None:
            watched = _watched(state, key)
            minute = self._week.minute(time)
            ease = opinions.eased(opinions.factor(state, self._anomaly, self._kind, key))
            signs = self._watch.judge(watched, time, minute, value, bool(device.episodes), ease)
            outputs += [
                self._findings.sign(device_id, device, sign, time, now, event) for sign in signs
            ]
        if self._station is not None:
            slot = state.table(STATIONS).slot(device_id)
            station: Station = slot.value if slot.value is not None else Station()
            slot.value, slot.touched = station, True
            ease = opinions.eased(opinions.factor(state, self._together, self._kind, key))
            sign = self._station.judge(station, self._name, time, value, ease)
            if sign is not None:
                # The episode keeps the name of the property that completed it.
                opener = state.get(DEVICES, f"{device_id}/{station.opened_by}") or device
                outputs.append(self._findings.sign(device_id, opener, sign, time, now, event))
        return outputs

    def impossible(
        self, state: State, key: str, event: ReadingEvent, time: int, now: datetime
    ) -> list[Output]:
        """Count a value that the device cannot show, if the device is known."""
        device, value = state.get(DEVICES, key), event.data.result
        watch = self._watch
        if device is None or watch is None or value is None or not watch.counts_impossible:
            return []
        signs = watch.impossible(_watched(state, key), time, value)
        device_id = event.data.device_id
        return [self._findings.sign(device_id, device, sign, time, now, event) for sign in signs]


def forget(state: State, key: str, device: Device, triggers: Iterable[str]) -> None:
    """Forget what is known of a device beyond its limits, also what was answered of it.

    Args:
        triggers: ids of those that operators' answers move.
    """
    if state.get(WATCHED, key) is not None:
        state.delete(WATCHED, key)
    crossings.forget(state, key)
    opinions.forget(state, triggers, key)
    device_id = key.removesuffix(f"/{device.measured}")
    if state.get(STATIONS, device_id) is not None:
        state.delete(STATIONS, device_id)


def _watched(state: State, key: str) -> Watched:
    slot = state.table(WATCHED).slot(key)
    watched: Watched = slot.value if slot.value is not None else Watched()
    slot.value, slot.touched = watched, True
    return watched
