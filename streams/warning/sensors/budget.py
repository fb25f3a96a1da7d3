"""How often a device may alert: learning, rest after an alert, and a budget."""

from __future__ import annotations

from streams.policy.sensors import SensorProfile

ALERT = 0.5
"""A score from here on is an alert. Above it the score grades the alert, below it the calm."""


class Budget:
    """Turns surprise into a score in which learning, rest and past alerts are counted in.

    The pace is the yardstick for rest and forgetting. Where the length of a learning period
    is known it is that; otherwise it grows with what has been seen.

    Attributes:
        load: past alerts, each counting 1 at first and fading.
        last: number of the reading that alerted last, -1 for none.
    """

    __slots__ = ("alert_at", "forget", "last", "least", "load", "most", "rest", "share", "tired_by")

    def __init__(self, profile: SensorProfile, learn: int | None = None) -> None:
        self.alert_at = profile.alert_at
        self.tired_by = profile.tired_by
        self.forget = profile.forget_alerts
        self.rest = profile.rest
        self.share = profile.learn_share if learn is None else 0.0
        self.least = profile.learn_least if learn is None else learn
        self.most = max(profile.pace_most, 1) if learn is None else min(learn, profile.pace_most)
        self.load = 0.0
        self.last = -1

    def score(self, surprise: float, n: int) -> float:
        """The score of a reading, from `ALERT` on an alert.

        Args:
            surprise: -log10 of how rare it is, >= 0.
            n: readings before this one.
        """
        if n < self.least:
            return 0.0
        pace = self.share * n
        if pace < self.least:
            pace = self.least
        if pace > self.most:
            pace = self.most
        if self.load:
            self.load *= 1.0 - 1.0 / (self.forget * pace)
        wanted = self.alert_at + self.tired_by * self.load
        if surprise < wanted:
            return 0.49 * surprise / wanted
        if self.last >= 0 and n - self.last <= int(self.rest * pace):
            return 0.49
        self.last = n
        over = surprise - wanted + self.alert_at
        self.load += 1.0
        return 1.0 - ALERT * self.alert_at / over
