"""Hard limits and rise rates on one device: W1 tilt, W2 gas, W3 water, W5 rising water.

A value past a step for long enough opens an episode; a higher step raises it; only
clean readings end it, never silence. The gap between step and clearing, and the number
and time of clean readings, keep it from flapping.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from streams.policy.triggers import Triggers
from streams.policy.watches import HardLimit, Rise
from streams.warning.devices import Device, Episode

LOW_SAMPLES = 8
"""Resolution of the sliding minimum: a rise may be seen this fraction of its window late."""

Phase = Literal["opened", "raised", "cleared"]


class Signal(NamedTuple):
    """What a trigger has to say after a reading.

    Attributes:
        level: the step reached; that of the whole episode when it is cleared.
        observed, threshold: in the property's unit; for a rise, by how much within its window.
        began: event time of the episode's first reading, milliseconds since 1970.
    """

    watch: HardLimit | Rise
    phase: Phase
    level: int
    observed: float
    threshold: float
    began: int
    evidence: list[str]
    readings: int


class LimitRule:
    """A hard limit, made ready for a hundred thousand readings a second.

    Attributes:
        slow: some step must be held before it counts.
    """

    __slots__ = ("clear_at", "clear_ms", "holds", "levels", "lowest", "sign", "slow", "watch")

    def __init__(self, watch: HardLimit) -> None:
        self.watch = watch
        self.sign = 1.0 if watch.direction == "above" else -1.0
        self.levels = [step.at * self.sign for step in watch.steps]
        self.holds = [round(step.hold_s * 1_000) for step in watch.steps]
        self.slow = any(self.holds)
        self.lowest = self.levels[0]
        self.clear_at = watch.clearing.at * self.sign
        self.clear_ms = round(watch.clearing.for_s * 1_000)

    def judge(self, device: Device, time: int, value: float, reading_id: str) -> Signal | None:
        """Apply a reading newer than all before it."""
        signed = value * self.sign
        episode = device.episodes.get(self.watch.id)
        if episode is None:
            if signed < self.lowest:
                return None
            episode = device.episodes[self.watch.id] = Episode(len(self.levels), time)
        self._fit(episode)
        episode.value = value
        past = False
        for at, level in enumerate(self.levels):
            if signed >= level:
                past = True
                episode.since[at] = episode.since[at] or time
            else:
                episode.since[at] = 0
        if past:
            episode.witness(reading_id)
            episode.clean_since, episode.clean = 0, 0
            return self.reached(episode, time)
        if episode.level < 0 and episode.foretold:
            return None  # it is still to come; the forecast says when it is not
        if episode.level < 0:
            # A short vibration: it was never held, and a repeat of it must not count again.
            del device.episodes[self.watch.id]
            device.settled = time
            return None
        return self._clean(device, episode, time, value, signed)

    def judge_late(self, device: Device, time: int, value: float, reading_id: str) -> Signal | None:
        """Apply a reading that came after newer ones: it can still warn, never calm."""
        signed = value * self.sign
        if signed < self.lowest:
            return None
        episode = device.episodes.get(self.watch.id)
        level = -1 if episode is None else episode.level
        reached = max(
            (at for at, least in enumerate(self.levels) if signed >= least and not self.holds[at]),
            default=-1,
        )
        if reached <= level:
            return None
        if episode is None:
            episode = device.episodes[self.watch.id] = Episode(len(self.levels), time)
        episode.witness(reading_id)
        episode.value = value
        return self._climb(episode, reached)

    def reached(self, episode: Episode, time: int) -> Signal | None:
        """Whether a step has now been held long enough."""
        self._fit(episode)
        reached = -1
        for at, since in enumerate(episode.since):
            if since and time - since >= self.holds[at]:
                reached = at
        return self._climb(episode, reached) if reached > episode.level else None

    def next_hold(self, episode: Episode) -> int | None:
        """When the next step that is being held will have been held long enough."""
        ends = [
            since + self.holds[at]
            for at, since in enumerate(episode.since)
            if since and at > episode.level
        ]
        return min(ends, default=None)

    def _fit(self, episode: Episode) -> None:
        # The episode may have begun under a policy with another number of steps.
        wanted = len(self.levels)
        if len(episode.since) != wanted:
            episode.since = (episode.since + [0] * wanted)[:wanted]
            episode.level = min(episode.level, wanted - 1)

    def _climb(self, episode: Episode, level: int) -> Signal:
        phase: Phase = "opened" if episode.level < 0 and not episode.foretold else "raised"
        episode.level = level
        return Signal(
            self.watch,
            phase,
            level,
            episode.value,
            self.watch.steps[level].at,
            episode.began,
            list(episode.evidence),
            episode.count,
        )

    def _clean(
        self, device: Device, episode: Episode, time: int, value: float, signed: float
    ) -> Signal | None:
        if signed > self.clear_at:
            episode.clean_since, episode.clean = 0, 0
            return None
        episode.clean_since = episode.clean_since or time
        episode.clean += 1
        clearing = self.watch.clearing
        if episode.clean < clearing.readings or time - episode.clean_since < self.clear_ms:
            return None
        del device.episodes[self.watch.id]
        device.settled = time
        return Signal(
            self.watch,
            "cleared",
            episode.level,
            value,
            clearing.at,
            episode.began,
            list(episode.evidence),
            episode.count,
        )


class RiseRule:
    """A rise rate over a sliding window (W5)."""

    __slots__ = ("apart", "clear_ms", "watch", "within_ms")

    def __init__(self, watch: Rise) -> None:
        self.watch = watch
        self.within_ms = round(watch.within_s * 1_000)
        self.clear_ms = round(watch.clear_for_s * 1_000)
        self.apart = self.within_ms // LOW_SAMPLES

    def judge(self, device: Device, time: int, value: float, reading_id: str) -> Signal | None:
        """Apply a reading newer than all before it."""
        lows, watch = device.lows, self.watch
        oldest = time - self.within_ms
        while lows and lows[0][0] < oldest:
            del lows[0]
        while lows and lows[-1][1] >= value:
            lows.pop()
        rise = value - lows[0][1] if lows else 0.0
        if not lows or time - lows[-1][0] >= self.apart:
            lows.append((time, value))
        episode = device.episodes.get(watch.id)
        if rise >= watch.by:
            if episode is None:
                episode = device.episodes[watch.id] = Episode(1, time)
            episode.witness(reading_id)
            episode.value = rise
            episode.clean_since = 0
            if episode.level < 0:
                episode.level = 0
                return self._signal("opened", episode, rise)
            return None
        if episode is None:
            return None
        episode.clean_since = episode.clean_since or time
        if time - episode.clean_since < self.clear_ms:
            return None
        del device.episodes[watch.id]
        device.settled = time
        return self._signal("cleared", episode, rise)

    def _signal(self, phase: Phase, episode: Episode, rise: float) -> Signal:
        return Signal(
            self.watch,
            phase,
            0,
            rise,
            self.watch.by,
            episode.began,
            list(episode.evidence),
            episode.count,
        )


class Watchlist:
    """All rules on one property of one class of devices.

    Attributes:
        exact: each reading must be remembered: a rise needs the past, and a value that has
            to be held must not be mixed up with a repeat.
        calm_above, calm_below: a quiet device between these values needs no look.
    """

    __slots__ = ("calm_above", "calm_below", "exact", "limits", "rises")

    def __init__(self, limits: tuple[LimitRule, ...], rises: tuple[RiseRule, ...]) -> None:
        self.limits = limits
        self.rises = rises
        self.exact = bool(rises) or any(rule.slow for rule in limits)
        self.calm_below = min((r.lowest for r in limits if r.sign > 0), default=float("inf"))
        self.calm_above = max((-r.lowest for r in limits if r.sign < 0), default=float("-inf"))


def watchlists(triggers: Triggers) -> dict[tuple[str, str], Watchlist]:
    """The rules for each (device class, observed property) that has any."""
    keys = {
        (watch.device_class, watch.observed_property)
        for watch in (*triggers.limits, *triggers.rises)
    }
    return {
        (kind, measured): Watchlist(
            tuple(
                LimitRule(watch)
                for watch in triggers.limits
                if (watch.device_class, watch.observed_property) == (kind, measured)
            ),
            tuple(
                RiseRule(watch)
                for watch in triggers.rises
                if (watch.device_class, watch.observed_property) == (kind, measured)
            ),
        )
        for kind, measured in keys
    }
