"""Whether a device is unusual (W15), and whether it can be believed at all (W12).

Four checks, each with an episode of its own: a value unlike the device's own past, a value
that does not move, readings that stay away, values that the device cannot show. Late and
repeated readings are none of them: what is learned follows the order of time.
"""

from __future__ import annotations

from array import array
from struct import Struct
from typing import Literal, NamedTuple

from streams.policy.sensors import AnomalyRule, ProfileName
from streams.policy.triggers import Property, Triggers
from streams.state import Namespace
from streams.warning.sensors import compact
from streams.warning.sensors.budget import ALERT
from streams.warning.sensors.detector import Reason, SensorDetector

Check = Literal["anomaly", "stuck", "gaps", "beyond", "together"]
CHECKS: tuple[Check, ...] = ("anomaly", "stuck", "gaps", "beyond")
_ANOMALY, _STUCK, _GAPS, _BEYOND = range(4)

CALM_SHARE = 0.75
"""Below this share of what an alert needs a reading is unremarkable."""

_TAGS: tuple[ProfileName, ...] = ("limits", "compact", "full")


class Sign(NamedTuple):
    """What a check has to say after a reading.

    Attributes:
        observed: the value; for stuck how long, seconds; for gaps how many; for a station how
            rare.
        threshold: what `observed` was held against, None for an anomaly.
        began: event time of the episode's begin, milliseconds since 1970.
        readings: how many carry it.
        reasons: for an anomaly, the parts that made it surprising.
        surprise: for what is only improbable, -log10 of how rare it is; needed: how rare it had
            to be; expected: what this time of the week, or of the day, usually shows.
    """

    check: Check
    phase: Literal["opened", "cleared"]
    observed: float
    threshold: float | None
    began: int
    readings: int
    reasons: tuple[Reason, ...] = ()
    surprise: float | None = None
    needed: float | None = None
    expected: float | None = None


class Watched:
    """What is remembered of one device beyond its limits.

    Times are whole milliseconds since 1970, 0 for never.

    Attributes:
        newest: event time of the newest reading.
        value, since, same: the value last seen, from when on, and in how many readings.
        gaps, gaps_since: gaps in the running window, and its begin.
        beyond: impossible values in a row.
        calm: unremarkable readings in a row during an anomaly.
        began: begin of the running episode of each of the `CHECKS`.
        kept: the detector's state as stored, until it is needed.
        detector: the state in use.
    """

    __slots__ = (
        "began", "beyond", "calm", "detector", "gaps", "gaps_since", "kept", "newest", "profile",
        "same", "since", "value",
    )  # fmt: skip

    def __init__(self) -> None:
        self.newest = 0
        self.value = 0.0
        self.since = 0
        self.same = 0
        self.gaps = 0
        self.gaps_since = 0
        self.beyond = 0
        self.calm = 0
        self.began = [0, 0, 0, 0]
        self.profile: ProfileName = "limits"
        self.kept = b""
        self.detector: array[float] | SensorDetector | None = None


_HEAD = Struct("<qB")
_STILL = Struct("<dqI")
_GAPPED = Struct("<qI")
_ODD = Struct("<IIqqqq")
_HAS_STILL, _HAS_GAPS, _IS_ODD = 4, 8, 16


def _encode(watched: Watched) -> bytes:
    """Nine bytes, what its checks need, what is wrong with it now, and its own past."""
    bits = _TAGS.index(watched.profile)
    parts = []
    if watched.since:
        bits |= _HAS_STILL
        parts.append(_STILL.pack(watched.value, watched.since, watched.same))
    if watched.gaps_since:
        bits |= _HAS_GAPS
        parts.append(_GAPPED.pack(watched.gaps_since, watched.gaps))
    if watched.beyond or any(watched.began):
        bits |= _IS_ODD
        parts.append(_ODD.pack(watched.beyond, watched.calm, *watched.began))
    detector = watched.detector
    if detector is None:
        parts.append(watched.kept)
    else:
        parts.append(
            detector.encode() if isinstance(detector, SensorDetector) else compact.encode(detector)
        )
    return _HEAD.pack(watched.newest, bits) + b"".join(parts)


def _decode(stored: bytes) -> Watched:
    watched = Watched()
    watched.newest, bits = _HEAD.unpack_from(stored)
    watched.profile = _TAGS[bits & 3]
    at = _HEAD.size
    if bits & _HAS_STILL:
        watched.value, watched.since, watched.same = _STILL.unpack_from(stored, at)
        at += _STILL.size
    if bits & _HAS_GAPS:
        watched.gaps_since, watched.gaps = _GAPPED.unpack_from(stored, at)
        at += _GAPPED.size
    if bits & _IS_ODD:
        watched.beyond, watched.calm, *watched.began = _ODD.unpack_from(stored, at)
        at += _ODD.size
    watched.kept = stored[at:]
    return watched


WATCHED: Namespace[Watched] = Namespace(
    name="watched",
    encode=_encode,
    decode=_decode,
    lifetime="until its device is forgotten",
    rank=6,
    decoded=2_000,
)

_CALM: tuple[Sign, ...] = ()


class SensorWatch:
    """The checks on one property of one class of devices, ready for use."""

    __slots__ = (
        "_above", "_anomaly", "_beyond", "_calm_below", "_compact", "_gap_ms", "_gaps", "_profile",
        "_same", "_stuck_ms", "_within_ms",
    )  # fmt: skip

    def __init__(self, measured: Property, triggers: Triggers) -> None:
        anomaly = triggers.anomaly if measured.profile != "limits" else None
        self._anomaly: AnomalyRule | None = anomaly
        self._profile: ProfileName = "limits" if anomaly is None else measured.profile
        self._compact = None
        self._calm_below = 0.0
        if anomaly is not None:
            rule = anomaly.full if measured.profile == "full" else anomaly.compact
            self._calm_below = rule.alert_at * CALM_SHARE
            if measured.profile == "compact":
                self._compact = compact.CompactDetector(rule)
        stuck = measured.stuck if triggers.stuck is not None else None
        self._stuck_ms = 0 if stuck is None else round(stuck.for_s * 1_000)
        self._same = 0 if stuck is None else stuck.readings
        above = None if stuck is None else stuck.above
        self._above = float("-inf") if above is None else above
        gaps = measured.gaps if triggers.gaps is not None else None
        self._gap_ms = 0 if gaps is None else round(gaps.longer_s * 1_000)
        self._gaps = 0 if gaps is None else gaps.times
        self._within_ms = 0 if gaps is None else round(gaps.within_s * 1_000)
        beyond = measured.beyond if triggers.beyond is not None else None
        self._beyond = 0 if beyond is None else beyond.times

    @property
    def needed(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self._anomaly or self._stuck_ms or self._gap_ms or self._beyond)

    @property
    def counts_impossible(self) -> bool:
        """Whether values that the device cannot show are counted."""
        return bool(self._beyond)

    def judge(
        self,
        watched: Watched,
        time: int,
        minute: int,
        value: float,
        in_danger: bool,
        ease: float = 0.0,
    ) -> tuple[Sign, ...]:
        """Apply a reading that the device can show.

        Args:
            watched: changed in place.
            time: event time, milliseconds since 1970.
            minute: local minute of the week of `time`, 0 = Monday 00:00.
            value: in the property's unit, finite.
            in_danger: a hard limit is passed already; then an anomaly says nothing new.
            ease: surprise by which operators' answers have lowered what an anomaly needs.
        """
        before = watched.newest
        if time <= before:
            return _CALM
        watched.newest = time
        signs = _CALM
        if watched.beyond:
            signs += self._sane(watched, value)
        if self._gap_ms and before:
            signs += self._gap(watched, time, time - before)
        if self._stuck_ms:
            if value != watched.value or not watched.since:
                signs += self._moved(watched, time, value)
            else:
                watched.same = min(watched.same + 1, 1 << 31)
                if not watched.began[_STUCK]:
                    signs += self._still(watched, time, value)
        if self._anomaly is not None:
            signs += self._usual(watched, time, minute, value, in_danger, ease)
        return signs

    def impossible(self, watched: Watched, time: int, value: float) -> tuple[Sign, ...]:
        """Apply a value that the device cannot show; nothing is learned from it."""
        if time <= watched.newest:
            return _CALM
        watched.newest = time
        watched.beyond += 1
        if watched.beyond < self._beyond or watched.began[_BEYOND]:
            return _CALM
        watched.began[_BEYOND] = time
        return (Sign("beyond", "opened", value, None, time, watched.beyond),)

    def _sane(self, watched: Watched, value: float) -> tuple[Sign, ...]:
        count, watched.beyond = watched.beyond, 0
        return self._end(watched, _BEYOND, value, None, count)

    def _gap(self, watched: Watched, time: int, gap: int) -> tuple[Sign, ...]:
        if watched.gaps_since and time - watched.gaps_since >= self._within_ms:
            few = watched.gaps < self._gaps
            count, watched.gaps, watched.gaps_since = watched.gaps, 0, 0
            signs = self._end(watched, _GAPS, count, self._gaps, count) if few else _CALM
            if watched.began[_GAPS]:
                watched.gaps_since = time  # another window decides whether it is over
        else:
            signs = _CALM
        if gap <= self._gap_ms:
            return signs
        watched.gaps_since = watched.gaps_since or time
        watched.gaps += 1
        if watched.gaps < self._gaps or watched.began[_GAPS]:
            return signs
        watched.began[_GAPS] = time
        return (*signs, Sign("gaps", "opened", watched.gaps, self._gaps, time, watched.gaps))

    def _moved(self, watched: Watched, time: int, value: float) -> tuple[Sign, ...]:
        stood_s = (time - watched.since) / 1_000
        count, watched.same = watched.same, 1
        watched.value, watched.since = value, time
        return self._end(watched, _STUCK, stood_s, self._stuck_ms / 1_000, count)

    def _still(self, watched: Watched, time: int, value: float) -> tuple[Sign, ...]:
        stood = time - watched.since
        if stood < self._stuck_ms or watched.same < self._same or value <= self._above:
            return _CALM
        watched.began[_STUCK] = time
        limit_s = self._stuck_ms / 1_000
        return (Sign("stuck", "opened", stood / 1_000, limit_s, time, watched.same),)

    def _usual(
        self,
        watched: Watched,
        time: int,
        minute: int,
        value: float,
        in_danger: bool,
        ease: float,
    ) -> tuple[Sign, ...]:
        rule = self._anomaly
        assert rule is not None, "asked only where the policy has an anomaly rule"
        kept = watched.detector
        if kept is None:
            kept = watched.detector = self._restored(watched, rule)
        judge: compact.CompactDetector | SensorDetector
        if isinstance(kept, SensorDetector):
            judge = kept
            score, load = kept.judge(value, minute, ease), kept.load
            usual = kept.usual(value)
        else:
            assert self._compact is not None, "the state fits the profile"
            judge = self._compact
            score, load = judge.judge(kept, value, minute, ease), judge.load_of(kept)
            usual = judge.usual
        if not watched.began[_ANOMALY]:
            if score < ALERT or in_danger:
                return _CALM
            watched.began[_ANOMALY], watched.calm = time, 0
            said = tuple(judge.reasons())
            needed = judge.budget.needed(load, ease)
            rare = judge.surprise
            sign = Sign("anomaly", "opened", value, None, time, 1, said, rare, needed, usual)
            return (sign,)
        if judge.surprise >= self._calm_below:
            watched.calm = 0
            return _CALM
        watched.calm += 1
        if watched.calm < rule.calm_readings:
            return _CALM
        return self._end(watched, _ANOMALY, value, None, watched.calm)

    def _restored(self, watched: Watched, rule: AnomalyRule) -> array[float] | SensorDetector:
        """The detector's state; a device whose profile was changed begins anew."""
        kept, watched.kept = watched.kept, b""
        known = watched.profile == self._profile and bool(kept)
        watched.profile = self._profile
        if self._profile == "compact":
            return compact.decode(kept) if known else compact.begin()
        return SensorDetector.decode(kept, rule.full) if known else SensorDetector(rule.full)

    def _end(
        self, watched: Watched, check: int, observed: float, threshold: float | None, count: int
    ) -> tuple[Sign, ...]:
        began = watched.began[check]
        if not began:
            return _CALM
        watched.began[check] = 0
        return (Sign(CHECKS[check], "cleared", observed, threshold, began, count),)
