"""A device with several sensors side by side: two that leave their course are witnesses (W15)."""

from __future__ import annotations

from struct import Struct

from streams.policy.sensors import StationCheck
from streams.state import Namespace
from streams.warning.sensors.departure import STORED, Departure, together
from streams.warning.sensors.detector import Reason
from streams.warning.sensors.watch import Sign

CALM_SHARE = 0.75
"""Below this share of what an alert needs nothing is odd."""


class Witness:
    """One property of a station: its course, and what it said last.

    Attributes:
        time: event time of its newest reading, milliseconds since 1970, 0 for never.
        surprise: of that reading.
    """

    __slots__ = ("departure", "surprise", "time")

    def __init__(self) -> None:
        self.departure = Departure()
        self.time = 0
        self.surprise = 0.0


class Station:
    """All witnesses of one device.

    Attributes:
        began, opened_by: begin of the running episode, 0 for none, and the property that
            completed it.
        odd: event time of the newest reading during the episode that was still odd.
    """

    __slots__ = ("began", "odd", "opened_by", "witnesses")

    def __init__(self) -> None:
        self.witnesses: dict[str, Witness] = {}
        self.began = 0
        self.odd = 0
        self.opened_by = ""


_HEAD = Struct("<qqBH")
_WITNESS = Struct(f"<qd{STORED}dH")


def _encode(station: Station) -> bytes:
    opened_by = station.opened_by.encode()
    parts = [
        _HEAD.pack(station.began, station.odd, len(station.witnesses), len(opened_by)),
        opened_by,
    ]
    for name, witness in station.witnesses.items():
        encoded = name.encode()
        numbers = witness.departure.stored()
        parts.append(_WITNESS.pack(witness.time, witness.surprise, *numbers, len(encoded)))
        parts.append(encoded)
    return b"".join(parts)


def _decode(stored: bytes) -> Station:
    station = Station()
    station.began, station.odd, witnesses, length = _HEAD.unpack_from(stored)
    at = _HEAD.size
    station.opened_by = stored[at : at + length].decode()
    at += length
    for _ in range(witnesses):
        time, surprise, *numbers, length = _WITNESS.unpack_from(stored, at)
        at += _WITNESS.size
        witness = station.witnesses[stored[at : at + length].decode()] = Witness()
        at += length
        witness.time, witness.surprise = time, surprise
        witness.departure = Departure.restored(numbers)
    return station


STATIONS: Namespace[Station] = Namespace(
    name="station",
    encode=_encode,
    decode=_decode,
    lifetime="until one of its properties is forgotten",
    rank=6,
    decoded=500,
)


class StationWatch:
    """The station check of one class of devices, ready for use."""

    __slots__ = ("_alert_at", "_calm_ms", "_properties", "_within_ms")

    def __init__(self, check: StationCheck) -> None:
        self._properties = frozenset(check.properties)
        self._within_ms = round(check.within_s * 1_000)
        self._alert_at = check.alert_at
        self._calm_ms = round(check.calm_s * 1_000)

    def includes(self, name: str) -> bool:
        """Whether a property is one of the witnesses."""
        return name in self._properties

    def judge(
        self, station: Station, name: str, time: int, value: float, ease: float = 0.0
    ) -> Sign | None:
        """Apply a reading of one witness; late and repeated ones change nothing.

        Args:
            station: changed in place.
            name: the property.
            time: event time, milliseconds since 1970.
            value: in the property's unit, finite.
            ease: surprise by which operators' answers have lowered what an alert needs.
        """
        witness = station.witnesses.get(name)
        if witness is None:
            witness = station.witnesses[name] = Witness()
        if time <= witness.time:
            return None
        witness.time = time
        witness.surprise = witness.departure.surprise(value)
        now = {
            other: one.surprise
            for other, one in station.witnesses.items()
            if abs(time - one.time) <= self._within_ms and other in self._properties
        }
        surprise = together(now.values())
        alert_at = self._alert_at - ease
        if surprise >= alert_at * CALM_SHARE:
            station.odd = max(station.odd, time)
        if not station.began:
            if surprise < alert_at:
                return None
            station.began, station.opened_by = time, name
            reasons = sorted(now.items(), key=lambda item: -item[1])
            said = tuple(Reason(*reason) for reason in reasons)
            return Sign(
                "together", "opened", surprise, alert_at, time, len(said), said, surprise, alert_at
            )
        if time - station.odd < self._calm_ms:
            return None
        began, station.began = station.began, 0
        return Sign("together", "cleared", surprise, self._alert_at, began, len(now))
