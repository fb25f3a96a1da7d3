"""What time it is for a stage: the wall clock, or a city that lives faster.

For demonstrations a simulated city starts at an origin of its own and runs at a
multiple of real time. Real origin, simulated origin and factor are chosen once, by
whoever starts the city, and given to every worker in its settings (CHENGYUN_SPEED,
CHENGYUN_CLOCK_REAL_ORIGIN, CHENGYUN_CLOCK_SIMULATED_ORIGIN), so that all agree.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agents.settings import Settings


def real_now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


class Clock:
    """The time of the city as a worker sees it.

    Args:
        factor: simulated seconds per real second, > 0.
        real_origin, simulated_origin: the moment at which both stood together; by
            default now, and the same.
        read: where real time comes from; tests hand in their own.
    """

    def __init__(
        self,
        factor: float = 1.0,
        real_origin: datetime | None = None,
        simulated_origin: datetime | None = None,
        read: Callable[[], datetime] = real_now,
    ) -> None:
        if factor <= 0:
            raise ValueError(f"speed {factor}, wanted more than 0")
        self.factor = factor
        self.read = read
        self.real_origin = real_origin or read()
        self.simulated_origin = simulated_origin or self.real_origin
        self._real = factor == 1.0 and self.simulated_origin == self.real_origin

    @classmethod
    def of(cls, settings: Settings) -> Clock:
        """The clock that the settings describe."""
        return cls(settings.speed, settings.clock_real_origin, settings.clock_simulated_origin)

    def now(self) -> datetime:
        """The city's time now, in UTC."""
        real = self.read()
        if self._real:
            return real
        return self.simulated_origin + (real - self.real_origin) * self.factor

    def real_seconds_until(self, moment: datetime) -> float:
        """How long to wait until the city's clock shows `moment`; 0 when it is past."""
        wait = (moment - self.now()) / timedelta(seconds=1) / self.factor
        return max(0.0, wait)
