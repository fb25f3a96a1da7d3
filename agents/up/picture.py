"""What is known of the running city, moment by moment; nothing is drawn or asked here."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agents.up.figures import Figures
from agents.up.plan import STAGES
from schemas.alert import Alert

TREND = 60
ANNUNCIATIONS = ("opened", "raised")


@dataclass(slots=True)
class StagePicture:
    """One stage over its workers' lives: a restarted worker counts from 0, we do not.

    Attributes:
        delay_s: mean age of the records committed since the look before; None without any.
        rate: records a second since the look before.
    """

    stage: str
    condition: str = "starting"
    ready: bool = False
    restore_remaining: int = 0
    restarts: int = 0
    open: int = 0
    overdue: int = 0
    records_in: float = 0.0
    cpu_s: float = 0.0
    delay_s: float | None = None
    rate: float = 0.0
    trend: deque[float] = field(default_factory=lambda: deque(maxlen=TREND))
    escalations: Counter[tuple[str, str]] = field(default_factory=Counter)
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    watermarks: dict[int, datetime] = field(default_factory=dict)
    _last: Figures | None = None

    def look(self, figures: Figures | None, running: bool, elapsed_s: float) -> None:
        """Take a new look; None when the worker did not answer."""
        if figures is None:
            silent = "starting" if running and self._last is None else "down"
            self.condition = "stuck" if running and self._last is not None else silent
            self.ready, self.delay_s, self.rate = False, None, 0.0
            self.trend.append(0.0)
            if not running:
                self._last = None
            return
        last = self._last
        if last is None or figures.records_in < last.records_in:
            last = Figures()  # another process: its counters began at zero
        self.condition, self.ready = figures.condition, figures.ready
        self.restore_remaining = figures.restore_remaining
        taken = figures.records_in - last.records_in
        self.records_in += taken
        self.cpu_s += figures.cpu_s - last.cpu_s
        self.rate = taken / elapsed_s if elapsed_s > 0 else 0.0
        self.trend.append(self.rate)
        seconds, count = (a - b for a, b in zip(figures.delays, last.delays, strict=True))
        self.delay_s = seconds / count if count > 0 else None
        if figures.condition != "restoring":
            self.open, self.overdue = figures.open, figures.overdue
        self.escalations += figures.escalations - last.escalations
        self.alerts += figures.alerts - last.alerts
        self.dead += figures.dead - last.dead
        self.watermarks.update(figures.watermarks)
        self._last = figures

    @property
    def lifted(self) -> int:
        """Incidents that it has handed up."""
        return sum(n for (_, direction), n in self.escalations.items() if direction == "up")

    @property
    def complete_until(self) -> datetime | None:
        """Event time that all of its lanes seen have completed."""
        return min(self.watermarks.values(), default=None)

    @property
    def annunciated(self) -> int:
        """Alerts that it has raised anew or to a higher colour."""
        return sum(n for (_, state), n in self.alerts.items() if state in ANNUNCIATIONS)


@dataclass(slots=True)
class Picture:
    """The city as the board shows it.

    Attributes:
        fed: events written by the feed, and of how many (None: without an end).
        city_time: the time of day in the city.
        event_time: whether the city's time is that of the events (a replay): then the age
            of a record says nothing, and how far time has come says all.
        done, remaining_s: share of a replay that is through every tier, and real seconds left.
        newest: the newest alerts, newest first.
        notes: what happened to the run itself, newest last.
    """

    stages: dict[str, StagePicture] = field(
        default_factory=lambda: {stage: StagePicture(stage) for stage in STAGES}
    )
    fed: tuple[int, int | None] = (0, None)
    fed_until: datetime | None = None
    city_time: datetime | None = None
    event_time: bool = False
    done: float | None = None
    remaining_s: float | None = None
    elapsed_s: float = 0.0
    left_s: float | None = None
    newest: list[Alert] = field(default_factory=list)
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=50))

    def look(
        self, figures: Mapping[str, Figures | None], running: Mapping[str, bool], elapsed_s: float
    ) -> None:
        """Take a new look at every stage; `elapsed_s` since the look before."""
        for stage, picture in self.stages.items():
            picture.look(figures.get(stage), running.get(stage, False), elapsed_s)

    @property
    def ready(self) -> bool:
        """Whether every stage is ready."""
        return all(stage.ready for stage in self.stages.values())

    @property
    def taken(self) -> int:
        """Events taken in from outside: by intake and sensing."""
        return round(sum(self.stages[stage].records_in for stage in ("intake", "sensing")))

    @property
    def dead(self) -> int:
        """Dead letters of all stages."""
        return sum(stage.dead.total() for stage in self.stages.values())

    @property
    def rate(self) -> float:
        """Records a second over all stages."""
        return sum(stage.rate for stage in self.stages.values())

    @property
    def slowest_s(self) -> float | None:
        """The largest mean delay of any stage."""
        return max((s.delay_s for s in self.stages.values() if s.delay_s is not None), default=None)

    def complete_until(self, lanes: Mapping[str, int]) -> datetime | None:
        """Event time that every lane of every stage has completed; None until all have spoken.

        Args:
            lanes: how many lanes each stage has.
        """
        moments: list[datetime] = []
        for stage, count in lanes.items():
            seen = self.stages[stage].watermarks
            if len(seen) < count:
                return None
            moments += seen.values()
        return min(moments, default=None)
