"""How often a device may alert: learning, rest after an alert, and a budget."""

from __future__ import annotations

from streams.policy.sensors import SensorProfile

ALERT = 0.5
"""A score from here on is an alert."""
LEAST_ALERT, MOST_CALM = 0.8, 0.49
"""Between them is no score, so that no threshold near the middle cuts into the alerts: from
0.8 to 1 a score grades alerts, below 0.49 it grades what is none."""

NEVER = -1


class Budget:
    """Turns surprise into a score in which learning, rest and past alerts are counted in.

    The pace is the yardstick for rest and forgetting. Where the length of a learning period
    is known it is that; otherwise it grows with what has been seen.

    The rule is the same for all devices of a profile; what it must remember of one device
    is its load and the number of its last alert.
    """

    __slots__ = ("alert_at", "forget", "least", "most", "rest", "share", "tired_by")

    def __init__(self, profile: SensorProfile, learn: int | None = None) -> None:
        self.alert_at = profile.alert_at
        self.tired_by = profile.tired_by
        self.forget = profile.forget_alerts
        self.rest = profile.rest
        self.share = profile.learn_share if learn is None else 0.0
        self.least = profile.learn_least if learn is None else learn
        self.most = max(profile.pace_most, 1) if learn is None else min(learn, profile.pace_most)

    def needed(self, load: float, ease: float = 0.0) -> float:
        """The surprise that an alert needed which has just been told.

        Args:
            load: after that alert; ease: by how much answers have lowered it.
        """
        return max(0.0, self.alert_at + self.tired_by * max(0.0, load - 1.0) - ease)

    def score(self, surprise: float, n: int, load: float, last: int) -> tuple[float, float, int]:
        """The score of a reading, from `ALERT` on an alert, and the new load and last alert.

        Args:
            surprise: -log10 of how rare it is, >= 0.
            n: readings before this one.
            load: past alerts, each counting 1 at first and fading.
            last: number of the reading that alerted last, `NEVER` for none.
        """
        if n < self.least:
            return 0.0, load, last
        pace = self.share * n
        if pace < self.least:
            pace = self.least
        if pace > self.most:
            pace = self.most
        if load:
            load *= 1.0 - 1.0 / (self.forget * pace)
        wanted = self.alert_at + self.tired_by * load
        if surprise < wanted:
            return MOST_CALM * surprise / wanted, load, last
        if last >= 0 and n - last <= int(self.rest * pace):
            return MOST_CALM, load, last
        over = surprise - wanted + self.alert_at
        return 1.0 - (1.0 - LEAST_ALERT) * self.alert_at / over, load + 1.0, n
