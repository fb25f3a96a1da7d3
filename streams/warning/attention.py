"""What a duty desk can take in: floods are grouped, planned work is silent, nothing is dropped.

A desk that is called more than ten times in ten minutes misses the call that matters
(ANSI/ISA-18.2 §16.5). So when one more call would be too many, the desk gets a single
alert, the flood, which lists what came by trigger and street, the gravest first. Every
alert is still published and kept; those within the flood only say where they were put.
The flood ends when fewer than five came in the last ten minutes.

A silence is planned work with an owner and an end: what matches it calls nobody. Hard
limits, danger to life and 红 pass every silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.terms import COLOURS, Colour

MOST_GROUPS = 40
MOST_MEMBERS = 50
MOST_SILENCES = 100

OTHERS = ("…", "…")
"""The group of whatever is beyond the groups a flood can list."""

RESERVED = 3
"""Calls kept free: that a flood has begun, the first 红 in it, a warning handed down."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a desk is flooded.

    Attributes:
        most: calls within the window that a desk can take; the flood's own count too.
        ends_below: a flood ends when fewer calls than that lie in the window.
        window_s: seconds.
    """

    most: int = 10
    ends_below: int = 5
    window_s: float = 600.0


@dataclass(slots=True)
class Call:
    """One alert that would call the desk.

    Attributes:
        at: seconds since 1970, in the city's time.
        trigger, street: what it is grouped by.
        protected: a hard limit or danger to life: no silence holds it back.
    """

    at: float
    alert_id: str
    key: str
    trigger: str
    street: str
    colour: Colour
    protected: bool = False


@dataclass(slots=True)
class Group:
    """One line of a flood: alerts of a trigger in a street, the gravest colour, since when."""

    trigger: str
    street: str
    count: int
    colour: Colour
    first: float


@dataclass(slots=True)
class Flood:
    """A flood at a desk, as its one alert tells it.

    Attributes:
        revision: of its alert; told: how many alerts the last revision spoke of.
        members: ids of the first alerts put into it.
    """

    alert_id: str
    opened: float
    colour: Colour
    revision: int = 1
    count: int = 0
    told: int = 0
    groups: list[Group] = field(default_factory=list)
    members: list[str] = field(default_factory=list)

    def gravest_first(self) -> list[Group]:
        """The groups as a desk wants to read them: 红 first, then the most."""
        return sorted(
            self.groups,
            key=lambda g: (-COLOURS.index(g.colour), -g.count, g.trigger, g.street),
        )


@dataclass(slots=True)
class Quiet:
    """A silence: who wants it until when, and what it matches; None matches all."""

    silence_id: str
    starts: float
    ends: float
    owner: str
    trigger: str | None = None
    subject: str | None = None

    def holds(self, call: Call) -> bool:
        """Whether the call is one that planned work explains."""
        return (
            self.starts <= call.at < self.ends
            and self.trigger in (None, call.trigger)
            and (self.subject is None or self.subject in call.key)
        )


@dataclass(slots=True)
class Verdict:
    """What becomes of a call.

    Attributes:
        what: ``call`` somebody, ``grouped`` into the flood, or ``silenced``.
        by: id of the flood's alert or of the silence.
        flood: what the flood's own alert must say now, if anything.
    """

    what: Literal["call", "grouped", "silenced"]
    by: str | None = None
    flood: Literal["opened", "raised", "revised"] | None = None


@dataclass(slots=True)
class Attention:
    """How much a desk was told lately.

    Attributes:
        recent: times of the newest calls, grouped ones too, oldest first; no more than a
            flood needs to begin and to end.
    """

    recent: list[float] = field(default_factory=list)
    flood: Flood | None = None
    silences: list[Quiet] = field(default_factory=list)

    def call(self, call: Call, limits: Limits, flood_id: str) -> Verdict:
        """Judge one alert that opens or rises.

        Args:
            flood_id: the id that a flood beginning now gets.
        """
        if not call.protected and call.colour != "red":
            for silence in self.silences:
                if silence.holds(call):
                    return Verdict("silenced", silence.silence_id)
        self.recent.append(call.at)
        del self.recent[: -limits.most]
        flood = self.flood
        if flood is None:
            begins = limits.most - RESERVED + 1
            if len(self.recent) < begins or self.recent[-begins] <= call.at - limits.window_s:
                return Verdict("call")
            flood = self.flood = Flood(flood_id, call.at, call.colour)
            _put(flood, call)
            flood.told = flood.count
            return Verdict("grouped", flood.alert_id, "opened")
        new = _put(flood, call)
        rises = call.colour == "red" and flood.colour != "red"
        if rises:
            flood.colour = "red"
        elif not new and flood.count < 2 * flood.told:
            return Verdict("grouped", flood.alert_id)
        flood.revision += 1
        flood.told = flood.count
        return Verdict("grouped", flood.alert_id, "raised" if rises else "revised")

    def ebbs_at(self, limits: Limits) -> float | None:
        """When the flood ends if nothing more comes, seconds since 1970; None without a flood."""
        if self.flood is None:
            return None
        return self.recent[-limits.ends_below] + limits.window_s

    def end_flood(self) -> Flood | None:
        """The flood is over: hand it out for its last word."""
        flood, self.flood = self.flood, None
        if flood is not None:
            flood.revision += 1
        return flood

    def silence(self, quiet: Quiet, now: float) -> str | None:
        """Take a silence in, in place of an earlier one of the same id; those past are dropped.

        Returns:
            Why it cannot be taken, or None.
        """
        if quiet.ends <= max(quiet.starts, now):
            return "silence_over"
        kept = [
            each
            for each in self.silences
            if each.ends > now and each.silence_id != quiet.silence_id
        ]
        if len(kept) >= MOST_SILENCES:
            return "too_many_silences"
        self.silences = [*kept, quiet]
        return None


def _put(flood: Flood, call: Call) -> bool:
    """Count the call in its group; whether the group is new."""
    flood.count += 1
    if len(flood.members) < MOST_MEMBERS:
        flood.members.append(call.alert_id)
    for group in flood.groups:
        if (group.trigger, group.street) == (call.trigger, call.street):
            _join(group, call)
            return False
    if len(flood.groups) < MOST_GROUPS:
        flood.groups.append(Group(call.trigger, call.street, 1, call.colour, call.at))
        return True
    last = flood.groups[-1]
    if (last.trigger, last.street) != OTHERS:
        # One line more than fits: the last is turned into the line of all others.
        last.trigger, last.street = OTHERS
    _join(last, call)
    return False


def _join(group: Group, call: Call) -> None:
    group.count += 1
    if COLOURS.index(call.colour) > COLOURS.index(group.colour):
        group.colour = call.colour


def as_plain(attention: Attention) -> dict[str, Any]:
    """In JSON terms, for the desk's state."""
    plain: dict[str, Any] = {"recent": attention.recent}
    flood = attention.flood
    if flood is not None:
        plain["flood"] = [
            flood.alert_id,
            flood.opened,
            flood.colour,
            flood.revision,
            flood.count,
            flood.told,
            [[g.trigger, g.street, g.count, g.colour, g.first] for g in flood.groups],
            flood.members,
        ]
    if attention.silences:
        plain["silences"] = [
            [s.silence_id, s.starts, s.ends, s.owner, s.trigger, s.subject]
            for s in attention.silences
        ]
    return plain


def from_plain(plain: dict[str, Any]) -> Attention:
    """The opposite of `as_plain`."""
    flood = None
    if "flood" in plain:
        *head, groups, members = plain["flood"]
        flood = Flood(*head)
        flood.groups = [Group(*each) for each in groups]
        flood.members = members
    silences = [Quiet(*each) for each in plain.get("silences", ())]
    return Attention(plain["recent"], flood, silences)
