"""How things must stand at a minute of a script, and what is wrong if they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from agents.simulate.acts import Spot
from agents.stories.heard import Heard
from schemas.alert import Alert
from schemas.terms import Colour, Severity, Tier

DAY = 24 * 60


class Case(NamedTuple):
    """A case that a script speaks of: its id, known beforehand, and the area of its birth."""

    incident_id: str
    born: str


class Expectation(Protocol):
    """Something that must hold."""

    def fault(self, heard: Heard) -> str | None:
        """What is wrong, in one sentence: got and wanted; None if it holds."""

    def told(self) -> str:
        """What must hold, for a reader of the script."""


@dataclass(frozen=True, slots=True)
class Stands:
    """A case stands so.

    ``wanted`` maps fields of the incident to their values; besides: ``reports`` the number
    of reports in it, ``rules`` the rules that lifted it, in order, ``arrived`` which of the
    departments of the last whistle have reported, ``released`` whether all of them are let
    go, ``exists`` False that there is no such case. ``a__b`` is the field b of the field a.
    """

    case: Case
    wanted: Mapping[str, Any]
    begins: datetime

    def fault(self, heard: Heard) -> str | None:
        """What differs."""
        incident = heard.incidents.get(self.case.incident_id)
        if incident is None:
            if self.wanted.get("exists") is False:
                return None
            return f"there is no incident {self.case.incident_id}, wanted {self.told()}"
        wrong = []
        for name, wanted in self.wanted.items():
            got: Any
            if name == "exists":
                got = True
            elif name == "reports":
                got = incident.report_count
            elif name == "rules":
                got = [step.rule for step in incident.escalations]
            elif name == "arrived":
                called = incident.whistles[-1].departments if incident.whistles else []
                got = {arrival.unit: arrival.reported_at is not None for arrival in called}
            elif name == "released":
                called = incident.whistles[-1].departments if incident.whistles else []
                got = bool(called) and all(each.released_at is not None for each in called)
            else:
                got = incident
                for part in name.split("__"):
                    got = getattr(got, part)
            if not _same(got, wanted):
                wrong.append(f"{name} is {self._plain(got)}, wanted {self._plain(wanted)}")
        if not wrong:
            return None
        return f"{self.case.incident_id}: {'; '.join(wrong)}"

    def told(self) -> str:
        """The fields and their values."""
        return ", ".join(f"{name} {self._plain(value)}" for name, value in self.wanted.items())

    def _plain(self, value: Any) -> str:
        return _plain(value, self.begins)


@dataclass(frozen=True, slots=True)
class Lit:
    """An alert is lit at a tier, about a case or in an area, in this colour, since then."""

    tier: Tier
    trigger: str
    colour: Colour
    about: Case | str
    since: datetime | None = None

    def fault(self, heard: Heard) -> str | None:
        """What is lit instead, or since when."""
        lit = [alert for alert in heard.lit(self.tier) if concerns(alert, self.about)]
        mine = [a for a in lit if (a.trigger.id, a.colour) == (self.trigger, self.colour)]
        if not mine:
            there = ", ".join(sorted(f"{a.trigger.id} {a.colour}" for a in lit)) or "nothing"
            return f"lit at the {self.tier}: {there}; wanted {self.trigger} {self.colour}"
        if self.since is not None and not any(_same(a.changed_at, self.since) for a in mine):
            late = mine[0].changed_at - self.since
            return f"{self.trigger} {self.colour} is lit, but {late} later than wanted"
        return None

    def told(self) -> str:
        """Trigger, colour and tier."""
        since = "" if self.since is None else " since this minute"
        return f"{self.tier} desk: {self.trigger} {self.colour}{since}"


@dataclass(frozen=True, slots=True)
class Unlit:
    """No alert of this trigger (and colour) is lit at a tier; trigger ``*``: none at all."""

    tier: Tier
    trigger: str
    about: Case | str
    colour: str | None = None

    def fault(self, heard: Heard) -> str | None:
        """What is lit."""
        for alert in heard.lit(self.tier):
            if (
                concerns(alert, self.about)
                and self.trigger in ("*", alert.trigger.id)
                and self.colour in (None, alert.colour)
            ):
                return f"{alert.trigger.id} {alert.colour} is lit at the {self.tier}: {alert.title}"
        return None

    def told(self) -> str:
        """What must be dark."""
        what = "nothing" if self.trigger == "*" else f"no {self.trigger}"
        return f"{self.tier} desk: {what}{f' {self.colour}' if self.colour else ''} lit"


def concerns(alert: Alert, about: Case | str) -> bool:
    """Whether an alert is about a case, or of an area."""
    if isinstance(about, Case):
        return alert.incident_id == about.incident_id
    return alert.area == about


@dataclass(frozen=True, slots=True)
class Answered:
    """What the sender of a report has last heard."""

    report_id: str
    outcome: str

    def fault(self, heard: Heard) -> str | None:
        """What it was instead."""
        replies = heard.replies.get(self.report_id, [])
        last = replies[-1].outcome if replies else "nothing"
        if last == self.outcome:
            return None
        return f"{self.report_id} has last heard {last}, wanted {self.outcome}"

    def told(self) -> str:
        """Report and outcome."""
        return f"{self.report_id.rpartition('/')[2]} hears: {self.outcome}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A problem stands for what recurs at a place, with so many incidents."""

    code: str
    place: Spot
    tier: Tier
    count: int

    def fault(self, heard: Heard) -> str | None:
        """Which problems there are instead."""
        here = [
            problem
            for problem in heard.problems.values()
            if problem.category.code == self.code
            and problem.lat is not None
            and problem.lon is not None
            and abs(problem.lat - self.place.lat) < 0.002
            and abs(problem.lon - self.place.lon) < 0.002
        ]
        if any((p.tier, p.incident_count) == (self.tier, self.count) for p in here):
            return None
        there = ", ".join(f"{p.tier} {p.incident_count}" for p in here) or "none"
        return f"problems of {self.code} here: {there}; wanted {self.tier} {self.count}"

    def told(self) -> str:
        """Kind, tier, count."""
        return f"a problem of {self.code} at the {self.tier}, {self.count} incidents"


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A tier has never been told of a case: it sees counters only."""

    tier: Tier
    case: Case

    def fault(self, heard: Heard) -> str | None:
        """What it was told."""
        for alert in heard.alerts.values():
            if alert.tier == self.tier and alert.incident_id == self.case.incident_id:
                return f"the {self.tier} got {alert.trigger.id} about {self.case.incident_id}"
        incident = heard.incidents.get(self.case.incident_id)
        if incident is not None and incident.tier == self.tier:
            return f"the {self.tier} owns {self.case.incident_id}"
        return None

    def told(self) -> str:
        """The tier."""
        return f"the {self.tier} has heard nothing of it but counts"


@dataclass(frozen=True, slots=True)
class Commanded:
    """A tier has a case of its own for what has spread over its areas (W7)."""

    area: str
    code: str
    severity: Severity
    areas: frozenset[str]

    def fault(self, heard: Heard) -> str | None:
        """Which cases of the kind begin in that area instead."""
        mine = [
            incident
            for incident in heard.incidents.values()
            if incident.incident_id.startswith(f"{self.area}-")
            and incident.category.code == self.code
        ]
        if any(i.severity == self.severity and self.areas <= {*i.areas} for i in mine):
            return None
        there = ", ".join(f"{i.severity} over {', '.join(i.areas)}" for i in mine) or "none"
        return f"cases of {self.area}: {there}; wanted {self.told()}"

    def told(self) -> str:
        """Area, severity and what it is over."""
        return f"{self.area} commands: a case {self.severity} over {', '.join(sorted(self.areas))}"


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Words that no tier may say in anything that leaves it: a caller's number, a name."""

    words: str

    def fault(self, heard: Heard) -> str | None:
        """Where it was said."""
        where = heard.said.get(self.words)
        return None if where is None else f"it stands in {where}"

    def told(self) -> str:
        """That it is not said, without saying it."""
        return "no message of the tiers tells who called"


def _same(got: Any, wanted: Any) -> bool:
    """Equal; two moments to the tenth of a second, for an order is followed just after it."""
    if isinstance(got, datetime) and isinstance(wanted, datetime):
        return abs(got - wanted) < timedelta(seconds=0.1)
    return bool(got == wanted)


def _plain(value: Any, begins: datetime) -> str:
    """A value in words; a moment as the minute of the script."""
    if isinstance(value, datetime):
        return minute(round((value - begins).total_seconds() / 60, 3))
    if isinstance(value, dict):
        return ", ".join(f"{name} {'yes' if held else 'no'}" for name, held in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def minute(minutes: float) -> str:
    """A minute of the script: T+84, or T+8 d 00:04."""
    sign = "-" if minutes < 0 else "+"
    if abs(minutes) < DAY:
        return f"T{sign}{abs(minutes):g}"
    days, rest = divmod(minutes, DAY)
    return f"T+{days:.0f} d {int(rest // 60):02}:{int(rest % 60):02}"
