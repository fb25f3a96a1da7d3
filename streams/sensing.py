"""Sensing: what devices measure comes in here; only what the street must know goes on.

A reading within its limits changes next to nothing, because the city has millions of
devices: a finding leaves when a limit is passed, passed further, or safe again, when a
value rises too fast, and when a device that should speak says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, cast, get_args

from schemas.alert import Answer
from schemas.codec import read_sensing
from schemas.command import CommandEvent
from schemas.dead_letter import Reason
from schemas.reading import Reading, ReadingEvent
from schemas.tick import TickEvent
from streams.misplaced import Misplaced
from streams.policy import Policy
from streams.policy.triggers import Property
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.reports.times import TimeBounds
from streams.state import State
from streams.topics import SENSING_READINGS
from streams.warning import opinions
from streams.warning.crossings import FORESEEN, LEARNED
from streams.warning.devices import DEVICES, HOLDS, Device
from streams.warning.findings import Findings, milliseconds, moment
from streams.warning.limits import Signal, Watchlist, watchlists
from streams.warning.opinions import OPINIONS
from streams.warning.sensors.station import STATIONS
from streams.warning.sensors.watch import WATCHED
from streams.warning.watching import LocalWeek, Watching, forget

OUTAGE_MS = 60_000
"""Deadlines that late mean that the stage was away, not the devices."""

_NOTHING: tuple[Output | Refuse, ...] = ()

Outcome = Iterable[Output | Refuse]


class _Measured:
    """One property of one class of devices, as the policy has it, ready for use."""

    __slots__ = (
        "least", "most", "patience_ms", "silence_s", "stale_ms", "unit", "watch", "watchlist",
    )  # fmt: skip

    def __init__(
        self,
        measured: Property,
        watchlist: Watchlist | None,
        forget_ms: int,
        watch: Watching | None,
    ) -> None:
        self.watch = watch
        self.unit = measured.unit
        self.least = float("-inf") if measured.least is None else measured.least
        self.most = float("inf") if measured.most is None else measured.most
        self.silence_s = measured.silence_s
        silence_ms = forget_ms if self.silence_s is None else round(self.silence_s * 1_000)
        # `seen` is written only now and then, so patience is an eighth longer than silence.
        self.stale_ms = silence_ms // 8
        self.patience_ms = silence_ms + self.stale_ms
        self.watchlist = watchlist or Watchlist((), ())


class Sensing:
    """The stage `sensing`, keyed by device id."""

    stage = "sensing"
    inputs = (SENSING_READINGS,)
    namespaces = (DEVICES, HOLDS, WATCHED, STATIONS, FORESEEN, LEARNED, OPINIONS)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._findings = Findings(policy)
        self._bounds = TimeBounds(policy.intake)
        self._ahead_ms = round(policy.intake.ahead_s * 1_000)
        self._tiers = policy.areas.tiers
        self._now, self._clock = moment(0), 0
        self._forget_ms = round(policy.intake.memory_max_days * 86_400_000)
        self._late_ms = round(policy.triggers.late_s * 1_000)
        rules = watchlists(policy.triggers)
        week = LocalWeek(policy)
        self._measured = {
            (kind, name): _Measured(
                measured,
                rules.get((kind, name)),
                self._forget_ms,
                Watching.wanted(policy, self._findings, week, kind, device, name, measured),
            )
            for kind, device in policy.devices.items()
            for name, measured in device.properties.items()
        }

    def decode(self, record: Record) -> Any:
        """Read one reading. Raises SchemaError."""
        event = read_sensing(record.value)
        if type(event) is TickEvent or type(event) is CommandEvent:
            return event
        key: str = event.data.device_id
        if record.key != key.encode():
            return Misplaced(record, key, event.type, event.time)
        return event

    def trusts(self, record: Record) -> bool:
        """Everything here comes from outside."""
        return False

    def step(self, state: State, event: Any, now: datetime) -> Outcome:
        """Judge one reading."""
        if type(event) is Misplaced:
            return (event.sent_on(SENSING_READINGS),)
        if type(event) is CommandEvent:
            return self._answered(state, event)
        reading: Reading = event.data
        measured = self._measured.get((reading.device_class, reading.observed_property))
        if measured is None:
            return (Refuse(self._unknown(reading)),)
        if now is not self._now:
            if not self._bounds.clock_is_sane(now):
                message = f"{now.isoformat()}, wanted a year between 1970 and 2199"
                return (Refuse(Reason(code="absurd_time", message=message, path="/time")),)
            # One clock reading serves a whole chunk, so it is converted once.
            self._now, self._clock = now, milliseconds(now)
        time = milliseconds(reading.phenomenon_time)
        clock = self._clock
        value = reading.result
        key = f"{reading.device_id}/{reading.observed_property}"
        watch = measured.watch
        refusal = self._unfit(event, reading, measured, time, clock, now)
        if refusal is not None:
            broken = refusal.code == "out_of_range"
            told = watch.impossible(state, key, event, time, now) if broken and watch else ()
            return (*told, Refuse(refusal))
        devices = state.table(DEVICES)
        slot = devices.slot(key)
        device: Device | None = slot.value
        watchlist = measured.watchlist
        quiet = (
            value is None or watchlist.calm_above < value < watchlist.calm_below
        ) and not watchlist.exact
        if device is None:
            device = Device(
                reading.device_class,
                reading.observed_property,
                reading.street,
                reading.lat,
                reading.long,
            )
            device.seen = clock
            devices.put(key, device, moment(clock + measured.patience_ms))
        elif quiet and not device.episodes and not device.silent:
            if clock - device.seen >= measured.stale_ms:
                device.seen, device.newest = clock, max(device.newest, time)
                slot.touched = True
            if watch is None or value is None:
                return _NOTHING
            return watch.judge(state, key, device, event, time, value, now)
        signals: list[Signal] = []
        busy = bool(device.episodes)
        if value is not None and time > device.settled:
            if time > device.newest:
                for limit in watchlist.limits:
                    signal = limit.judge(device, time, value, event.id)
                    if signal is not None:
                        signals.append(signal)
                for rise in watchlist.rises:
                    signal = rise.judge(device, time, value, event.id)
                    if signal is not None:
                        signals.append(signal)
                if busy or device.episodes:
                    self._arm(state, key, device, watchlist)
            elif device.newest - self._late_ms <= time < device.newest:
                for limit in watchlist.limits:
                    signal = limit.judge_late(device, time, value, event.id)
                    if signal is not None:
                        signals.append(signal)
        outputs = [
            self._findings.signal(reading.device_id, device, signal, time, now, event.traceparent)
            for signal in signals
        ]
        if watch is not None and value is not None:
            outputs += watch.judge(state, key, device, event, time, value, now)
        if device.silent:
            outputs += self._heard(reading.device_id, device, event, now)
            devices.put(key, device, moment(clock + measured.patience_ms))
        if time > device.newest:
            device.newest = time
        device.seen = clock
        device.street, device.lat, device.lon = reading.street, reading.lat, reading.long
        slot.touched = True
        return outputs

    def fire(self, state: State, due: Due, now: datetime) -> Outcome:
        """A step has been held long enough, or a device may have fallen silent."""
        if due.namespace.name == HOLDS.name:
            state.delete(HOLDS, due.key)
            trigger, _, key = due.key.partition("/")
            holding = state.get(DEVICES, key)
            if holding is None:
                return ()
            return list(self._held(state, due, key, trigger, holding, now))
        device = state.get(DEVICES, due.key)
        if device is None:
            return ()
        return self._missed(state, due, device, now)

    def horizon(self, state: State, now: datetime) -> Horizon:
        """Holds and silences run by the clock."""
        return Horizon(now, now)

    def close(self, state: State, reached: Horizon, partition: int = 0) -> Iterable[Output]:
        """Nothing is told at the end of a chunk."""
        return ()

    # --- what operators answered ------------------------------------------------------

    def _answered(self, state: State, event: CommandEvent) -> Outcome:
        """A tier passes on what its operators answered to a warning of a device (W15, W19)."""
        command = event.data
        trigger, answer = (str(command.arguments.get(name)) for name in ("trigger", "answer"))
        key = str(command.arguments.get("device"))
        ours = event.source.startswith(("/street/", "/district/", "/city/"))
        if (
            not ours
            or trigger not in self.policy.triggers.answered_devices
            or answer not in get_args(Answer)
        ):
            message = (
                f"{command.action} of trigger {trigger} with answer {answer} from {event.source}, "
                f"wanted what a tier passes on of the answers to its warnings of devices"
            )
            return (Refuse(Reason(code="not_for_this_stage", message=message)),)
        device = state.get(DEVICES, key)
        if device is None:
            message = f"device {key} is not known here, wanted one that was heard of lately"
            return (Refuse(Reason(code="unknown_device", message=message)),)
        kind = f"{device.kind}/{device.measured}"
        opinions.note(state, trigger, kind, key, cast(Answer, answer))
        return _NOTHING

    # --- what cannot be used -----------------------------------------------------------

    def _unfit(
        self,
        event: ReadingEvent,
        reading: Reading,
        measured: _Measured,
        time: int,
        clock: int,
        now: datetime,
    ) -> Reason | None:
        if time - clock > self._ahead_ms:
            judged = self._bounds.judge(reading.phenomenon_time, now, "/data/phenomenon_time")
            if isinstance(judged, Reason):
                return judged
        if time <= 0:
            message = f"{reading.phenomenon_time.isoformat()}, wanted a year from 1970 on"
            return Reason(code="absurd_time", message=message, path="/data/phenomenon_time")
        if reading.unit != measured.unit:
            message = f"unit {reading.unit!r}, wanted {measured.unit!r}"
            return Reason(code="wrong_unit", message=message, path="/data/unit")
        value = reading.result
        if value is not None and not measured.least <= value <= measured.most:
            message = (
                f"{value:g} {measured.unit}, wanted what a {reading.device_class} can show: "
                f"{measured.least:g} to {measured.most:g}"
            )
            return Reason(code="out_of_range", message=message, path="/data/result")
        if self._tiers.get(reading.street) != "street":
            message = f"street {reading.street!r} is not in the city's table"
            return Reason(code="unknown_area", message=message, path="/data/street")
        return None

    def _unknown(self, reading: Reading) -> Reason:
        device = self.policy.devices.get(reading.device_class)
        if device is None:
            message = f"class {reading.device_class!r}, wanted one of the policy's devices"
            return Reason(code="unknown_device", message=message, path="/data/device_class")
        message = (
            f"{reading.device_class} does not measure {reading.observed_property!r}, "
            f"wanted one of {', '.join(device.properties)}"
        )
        return Reason(code="unknown_property", message=message, path="/data/observed_property")

    # --- holding a step ------------------------------------------------------------------

    def _arm(self, state: State, key: str, device: Device, watchlist: Watchlist) -> None:
        """Wake when a step will have been held long enough, though no reading may come."""
        for limit in watchlist.limits:
            episode = device.episodes.get(limit.watch.id)
            at = None if episode is None else limit.next_hold(episode)
            entry = f"{limit.watch.id}/{key}"
            if at is not None:
                state.put(HOLDS, entry, True, moment(at))
            elif limit.slow and state.get(HOLDS, entry) is not None:
                state.delete(HOLDS, entry)

    def _held(
        self, state: State, due: Due, key: str, trigger: str, device: Device, now: datetime
    ) -> Iterator[Output]:
        measured = self._measured.get((device.kind, device.measured))
        episode = device.episodes.get(trigger)
        if measured is None or episode is None:
            return
        for limit in measured.watchlist.limits:
            if limit.watch.id != trigger:
                continue
            signal = limit.reached(episode, milliseconds(due.at))
            state.table(DEVICES).slot(key).touched = True
            if signal is not None:
                device_id = key.removesuffix(f"/{device.measured}")
                yield self._findings.signal(
                    device_id, device, signal, milliseconds(due.at), now, None
                )
            at = limit.next_hold(episode)
            if at is not None and moment(at) > due.at:
                state.put(HOLDS, due.key, True, moment(at))

    # --- silence -------------------------------------------------------------------------

    def _missed(self, state: State, due: Due, device: Device, now: datetime) -> Outcome:
        """A device's patience is over: it is silent, forgotten, or was heard in between."""
        measured = self._measured.get((device.kind, device.measured))
        clock = milliseconds(now)
        if measured is None or clock >= device.seen + self._forget_ms:
            state.delete(DEVICES, due.key)
            forget(state, due.key, device, self.policy.triggers.answered_devices)
            return ()
        if device.silent or measured.silence_s is None or self.policy.triggers.silence is None:
            end = max(device.seen + self._forget_ms, clock + 1_000)
            state.put(DEVICES, due.key, device, moment(end))
            return ()
        away = clock - milliseconds(due.at) > OUTAGE_MS
        if away or clock < device.seen + round(measured.silence_s * 1_000):
            # After an outage of ours what the device said meanwhile is still to be read.
            end = max(
                device.seen + measured.patience_ms, clock + (measured.stale_ms if away else 1_000)
            )
            state.put(DEVICES, due.key, device, moment(end))
            return ()
        device.silent = device.seen + round(measured.silence_s * 1_000)
        state.put(DEVICES, due.key, device, moment(device.seen + self._forget_ms))
        device_id = due.key.removesuffix(f"/{device.measured}")
        return (self._findings.silence(device_id, device, "opened", now, measured.silence_s, None),)

    def _heard(
        self, device_id: str, device: Device, event: ReadingEvent, now: datetime
    ) -> list[Output]:
        """A silent device speaks again."""
        silence_s = self._measured[device.kind, device.measured].silence_s
        told = self.policy.triggers.silence is not None
        outputs = (
            [self._findings.silence(device_id, device, "cleared", now, silence_s, event)]
            if told
            else []
        )
        device.silent = 0
        return outputs


def program(policy: Policy) -> Sensing:
    """The stage `sensing` under one version of the policy."""
    return Sensing(policy)
