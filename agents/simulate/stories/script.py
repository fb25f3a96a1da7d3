"""How a scripted day is told: acts at minutes after its beginning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agents.replay.feed import Entry
from agents.simulate.acts import Device, Spot, called_back, complained_again, reading, report, said
from agents.simulate.devices import Window
from schemas.report import UpdateKind

HOTLINE = "/hotline/12345"


@dataclass(slots=True)
class Story:
    """A scripted day: what happens, and for which devices it speaks.

    Every act takes the minutes after `begins` at which it happens.
    """

    name: str
    begins: datetime
    acts: list[Entry] = field(default_factory=list)
    devices: list[tuple[Device, Window]] = field(default_factory=list)

    def at(self, minutes: float) -> datetime:
        """The moment so many minutes after the beginning."""
        return self.begins + timedelta(minutes=minutes)

    def device(self, name: str, kind: str, observed: str, unit: str, spot: Spot) -> Device:
        """A device of this story: in the fleet's routine until the story first speaks for it."""
        return Device(f"{kind}-{self.name}-{name}", kind, observed, unit, spot)

    def measures(self, device: Device, values: Iterable[tuple[float, float]]) -> None:
        """The device shows these values at these minutes; its routine is silent meanwhile."""
        moments = [(self.at(minutes), value) for minutes, value in values]
        self.acts += [reading(at, device, value) for at, value in moments]
        margin = timedelta(minutes=1)
        self.devices.append((device, (moments[0][0] - margin, moments[-1][0] + margin)))

    def calls(
        self, minutes: float, number: str, code: str, spot: Spot, words: str, **more: Any
    ) -> str:
        """A person calls the hotline; gives the report id."""
        return self.reports(
            minutes, HOTLINE, number, code, spot, channel="hotline", description=words, **more
        )

    def reports(
        self, minutes: float, source: str, number: str, code: str, spot: Spot, **more: Any
    ) -> str:
        """Somebody reports something; gives the report id."""
        name = f"{self.name}-{number}"
        self.acts.append(report(self.at(minutes), source, name, code, spot, **more))
        return f"{source}/{name}"

    def unit_says(
        self,
        minutes: float,
        report_id: str,
        kind: UpdateKind,
        unit: str,
        note: str | None = None,
        nth: int = 1,
    ) -> None:
        """A unit's system says something about a report."""
        self.acts.append(said(self.at(minutes), report_id, kind, unit=unit, note=note, nth=nth))

    def called_back(self, minutes: float, number: str, *, solved: bool, nth: int = 1) -> None:
        """The hotline calls the person back."""
        name = f"{self.name}-{number}"
        self.acts.append(
            called_back(self.at(minutes), HOTLINE, name, solved=solved, satisfied=solved, nth=nth)
        )

    def not_fixed(self, minutes: float, number: str, words: str) -> None:
        """The person says that nothing has changed."""
        name = f"{self.name}-{number}"
        self.acts.append(complained_again(self.at(minutes), HOTLINE, name, words))
