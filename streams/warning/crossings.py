"""Limits that a device will soon pass (W19): told while there is time to act.

Only classes of devices that ask for it are foretold, and a calm gauge costs one look-up. A
forecast is the beginning of the limit's own episode: when the limit is passed the same
warning rises, and when it is not the warning ends.
"""

from __future__ import annotations

from math import sqrt
from struct import Struct
from typing import NamedTuple

from schemas.errors import SchemaError
from streams.policy.watches import ForecastRule, HardLimit
from streams.state import Namespace, State
from streams.warning.devices import Device, Episode
from streams.warning.gauges import ROW_MINUTES, Gauge, LevelRules
from streams.warning.levels import Forecast, LevelForecasts
from streams.warning.opinions import needed_chance

ROW_MS = ROW_MINUTES * 60_000
WARM_ROWS = 12
"""A gauge that leaves its calm is taken to have stood there for an hour."""

_HEAD = Struct("<HHH")


class Foreseen:
    """What is remembered of a device that may pass a limit.

    Attributes:
        unlikely: readings in a row that made a foretold crossing unlikely.
        calm: calm readings in a row; stirred: those since that were not, at most 100.
    """

    __slots__ = ("calm", "gauge", "stirred", "unlikely")

    def __init__(self, gauge: Gauge) -> None:
        self.gauge = gauge
        self.unlikely = 0
        self.calm = 0
        self.stirred = 0


def _encode(foreseen: Foreseen) -> bytes:
    head = _HEAD.pack(foreseen.unlikely, foreseen.calm, foreseen.stirred)
    return head + foreseen.gauge.encode()


def _decode(stored: bytes) -> Foreseen:
    if len(stored) < _HEAD.size:
        raise SchemaError(f"foreseen: got {len(stored)} bytes, wanted at least {_HEAD.size}")
    foreseen = Foreseen(Gauge.decode(stored[_HEAD.size :]))
    foreseen.unlikely, foreseen.calm, foreseen.stirred = _HEAD.unpack_from(stored)
    return foreseen


FORESEEN: Namespace[Foreseen] = Namespace(
    name="foreseen",
    encode=_encode,
    decode=_decode,
    lifetime="until its device has been calm for the horizon, or is forgotten",
    rank=6,
    decoded=2_000,
)
"""Key ``<device>/<property>``: at most 3 kB, and only of devices that are not calm."""

LEARNED: Namespace[LevelForecasts] = Namespace(
    name="learned",
    encode=LevelForecasts.encode,
    decode=LevelForecasts.decode,
    lifetime="ever: about 4 kB for each class of devices that is foretold",
    rank=6,
    decoded=100,
)
"""Key ``<class>/<property>``: what the partition's gauges of a class have learned together."""


class Crossing(NamedTuple):
    """A limit will be passed, or is not going to be after all.

    Attributes:
        forecast: None when it is over.
        episode: the limit's own, which begins with the forecast.
        needed: the chance from which on it is told, after what operators answered.
    """

    rule: ForecastRule
    limit: HardLimit
    forecast: Forecast | None
    episode: Episode
    needed: float | None = None


class CrossingWatch:
    """Forecasts of one property of one class of devices, ready for use."""

    __slots__ = ("_calm", "_key", "_level", "_limit", "_rule", "_rules")

    def __init__(self, rule: ForecastRule, limit: HardLimit) -> None:
        self._rule = rule
        self._limit = limit
        self._level = next(n for n, step in enumerate(limit.steps) if step.at == rule.at)
        self._calm = float("-inf") if rule.calm is None else rule.calm
        # What a calm gauge shows lies anywhere up to there.
        noise = 0.0 if rule.calm is None else abs(rule.calm) / sqrt(12)
        self._rules = LevelRules(horizon_rows=rule.horizon_rows, begin_noise=noise)
        self._key = f"{rule.device_class}/{rule.observed_property}"

    def judge(
        self,
        state: State,
        key: str,
        device: Device,
        time: int,
        value: float,
        reading_id: str,
        factor: float = 1.0,
    ) -> Crossing | None:
        """Apply a reading; what it says about the limit, if that is new.

        Args:
            time: event time, milliseconds since 1970.
            factor: what operators' answers have made of the improbability that is tolerated.
        """
        slot = state.table(FORESEEN).slot(key)
        foreseen: Foreseen | None = slot.value
        calm = value <= self._calm
        if foreseen is None:
            if calm:
                return None
            foreseen = slot.value = Foreseen(Gauge())
        row = time // ROW_MS
        if row <= foreseen.gauge.row:
            return None
        slot.touched = True
        forecast = self._forecast(state, foreseen, row, value)
        foreseen.calm = foreseen.calm + 1 if calm else 0
        foreseen.stirred = 0 if calm else min(foreseen.stirred + 1, 100)
        told = self._tell(device, foreseen, time, reading_id, forecast, factor)
        if foreseen.calm >= self._rules.horizon_rows and told is None:
            slot.value = None
        return told

    def _forecast(
        self, state: State, foreseen: Foreseen, row: int, value: float
    ) -> Forecast | None:
        learned = state.table(LEARNED).slot(self._key)
        if learned.value is None:
            learned.value = LevelForecasts(self._rules)
        learned.touched = True
        known: LevelForecasts = learned.value
        known.rules = self._rules
        gauge, at = foreseen.gauge, self._rule.at
        missing = row - gauge.row - 1
        if self._rule.calm is not None and (gauge.row < 0 or missing > self._rules.longest_gap):
            for ago in range(WARM_ROWS, 0, -1):
                if row - ago > gauge.row:
                    known.observe(gauge, row - ago, min(self._calm, value), at)
        return known.observe(gauge, row, value, at)

    def _tell(
        self,
        device: Device,
        foreseen: Foreseen,
        time: int,
        reading_id: str,
        forecast: Forecast | None,
        factor: float,
    ) -> Crossing | None:
        rule = self._rule
        needed = needed_chance(rule.p, factor)
        episode = device.episodes.get(self._limit.id)
        foretold = episode is not None and episode.foretold
        p = 0.0 if forecast is None else forecast.p
        if episode is not None and episode.level >= self._level:
            return None  # it has come
        if not foretold:
            if forecast is None or p < needed or foreseen.stirred < rule.readings:
                return None
            if episode is None:
                episode = device.episodes[self._limit.id] = Episode(len(self._limit.steps), time)
            episode.foretold = True
            episode.witness(reading_id)
            foreseen.unlikely = 0
            return Crossing(rule, self._limit, forecast, episode, needed)
        assert episode is not None
        if p >= min(rule.p_over, needed):
            foreseen.unlikely = 0
            return None
        foreseen.unlikely += 1
        if foreseen.unlikely < rule.readings_over:
            return None
        foreseen.unlikely = 0
        episode.foretold = False
        if episode.level >= 0:
            return None  # a lower step of the limit holds; its own end will come
        del device.episodes[self._limit.id]
        return Crossing(rule, self._limit, None, episode)


def forget(state: State, key: str) -> None:
    """Forget what is known of a device."""
    if state.get(FORESEEN, key) is not None:
        state.delete(FORESEEN, key)
