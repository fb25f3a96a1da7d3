"""What sensing remembers of a device: little, because there are millions."""

from __future__ import annotations

from typing import Any

import orjson

from streams.state import Namespace

KEPT_ID = 36
"""Characters of a reading's id kept as evidence: a UUID. A device stays below 450 bytes."""


class Episode:
    """One stretch of time during which one trigger has something to say about one device.

    Times are whole milliseconds since 1970, 0 for never.

    Attributes:
        level: the step reached; -1 while a step still has to be held.
        began: event time of the first reading past the first step.
        since: for each step, from when on the value has been past it; 0 = it is not.
        clean_since, clean: from when on, and how often, the value has been back.
        evidence, count: the first and the newest reading that carry it, and the number of all.
        value: the value last seen, in the property's unit.
        foretold: it began, or was raised, before a step was reached (W19).
    """

    __slots__ = (
        "began", "clean", "clean_since", "count", "evidence", "foretold", "level", "since", "value",
    )  # fmt: skip

    def __init__(self, steps: int, began: int) -> None:
        self.level = -1
        self.began = began
        self.since = [0] * steps
        self.clean_since = 0
        self.clean = 0
        self.evidence: list[str] = []
        self.count = 0
        self.value = 0.0
        self.foretold = False

    def witness(self, reading_id: str) -> None:
        """Note one more reading that carries the episode."""
        self.count += 1
        self.evidence.append(reading_id[:KEPT_ID])
        if len(self.evidence) > 2:
            del self.evidence[1]


class Device:
    """One property of one device.

    Times are whole milliseconds since 1970, 0 for never, so that what is decided does not
    depend on how often the device was written down and read again.

    Attributes:
        newest: event time of the newest reading; for a quiet device it may lag behind.
        settled: readings up to here have been judged for good: a repeat changes nothing.
        seen: when it was last heard of, by the stage's clock; may lag by an eighth of its
            patience.
        kind, measured: device class and observed property.
        silent: since when it counts as silent.
        street, lat, lon: where it stands.
        episodes: by trigger id.
        lows: the sliding minimum for rise rates, (time, value), values rising.
    """

    __slots__ = (
        "episodes", "kind", "lat", "lon", "lows", "measured", "newest", "seen", "settled", "silent",
        "street",
    )  # fmt: skip

    def __init__(
        self, kind: str, measured: str, street: str, lat: float | None, lon: float | None
    ) -> None:
        self.kind = kind
        self.measured = measured
        self.newest = 0
        self.settled = 0
        self.seen = 0
        self.silent = 0
        self.street = street
        self.lat = lat
        self.lon = lon
        self.episodes: dict[str, Episode] = {}
        self.lows: list[tuple[int, float]] = []


def _encode(device: Device) -> bytes:
    episodes: dict[str, list[Any]] | None = None
    if device.episodes:
        episodes = {
            trigger: [
                e.level,
                e.began,
                [since - e.began if since else None for since in e.since],
                e.clean_since,
                e.clean,
                e.evidence,
                e.count,
                e.value,
                *((True,) if e.foretold else ()),
            ]
            for trigger, e in device.episodes.items()
        }
    newest = device.newest
    return orjson.dumps(
        (
            newest,
            device.settled,
            device.seen,
            device.silent,
            device.kind,
            device.measured,
            device.street,
            device.lat,
            device.lon,
            episodes,
            [(newest - time, value) for time, value in device.lows],
        )
    )


def _decode(stored: bytes) -> Device:
    fields = orjson.loads(stored)
    newest, settled, seen, silent, kind, measured, street, lat, lon, episodes, lows = fields
    device = Device(kind, measured, street, lat, lon)
    device.newest = newest
    device.settled = settled
    device.seen = seen
    device.silent = silent
    if lows:
        device.lows = [(newest - ago, value) for ago, value in lows]
    if episodes:
        for trigger, (
            level,
            began,
            since,
            clean_since,
            clean,
            ids,
            count,
            value,
            *foretold,
        ) in episodes.items():
            episode = device.episodes[trigger] = Episode(0, began)
            episode.level = level
            episode.since = [0 if after is None else began + after for after in since]
            episode.clean_since = clean_since
            episode.clean = clean
            episode.evidence = ids
            episode.count = count
            episode.value = value
            episode.foretold = bool(foretold)
    return device


DEVICES: Namespace[Device] = Namespace(
    name="device",
    encode=_encode,
    decode=_decode,
    lifetime="until 400 days after the device's last word",
    rank=6,
)

HOLDS: Namespace[bool] = Namespace(
    name="hold",
    encode=lambda armed: b"1",
    decode=lambda stored: True,
    lifetime="until a step has been held long enough, or the value went back",
    rank=4,
)
