"""Playing a script: everything at its minute, everything that must hold compared.

The city's time is that of the events: it moves in steps from one minute of the script to
the next, with every deadline between at its own time, so a month passes in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from agents.replay.feed import Entry, microseconds
from agents.stories.heard import Heard
from agents.stories.script import Story
from streams.topics import CITY_INBOX

INSTANT = timedelta(milliseconds=1)
"""A watermark is exclusive, and what a tier passes on is dated just after its cause: so far
behind a minute everything of that minute has been answered by every tier."""


class Theatre(Protocol):
    """A whole city that a script can be played in."""

    heard: Heard

    async def advance(
        self, entries: Sequence[Entry], watermark: datetime, *, final: bool = False
    ) -> None:
        """Let these happen, let the city's time come up to `watermark`, wait until it is quiet."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that had to hold: when, what, and what was wrong (None: it held)."""

    minutes: float
    told: str
    fault: str | None


@dataclass(slots=True)
class Played:
    """What playing a script has shown."""

    checked: list[Checked] = field(default_factory=list)

    @property
    def faults(self) -> list[Checked]:
        """What did not hold."""
        return [each for each in self.checked if each.fault is not None]


async def play(
    story: Story,
    theatre: Theatre,
    progress: Callable[[Checked], None] = lambda checked: None,
    *,
    final: bool = True,
) -> Played:
    """Play a script from its beginning to its end and check all that it expects.

    Args:
        progress: told each thing as it is checked.
        final: nothing will be played after it in this theatre.
    """
    played = Played()

    def note(minutes: float, told: str, fault: str | None) -> None:
        checked = Checked(minutes, told, fault)
        played.checked.append(checked)
        progress(checked)

    theatre.heard.secrets |= story.secrets
    acts = sorted(story.acts, key=lambda entry: entry.at)
    waiting: list[Entry] = []
    for minutes in _minutes(story):
        moment = story.at(minutes)
        while acts and acts[0].at <= microseconds(moment):
            waiting.append(acts.pop(0))
        await theatre.advance(waiting, moment + INSTANT)
        waiting = []
        ordered = [each for each in story.ordered if each.minutes == minutes]
        for nth, each in enumerate(ordered, start=2):
            # The order is followed at once; the tick behind it lets the tiers above take up
            # what the order handed them.
            await theatre.advance([each.entry], moment + nth * INSTANT)
            replies = theatre.heard.replies.get(each.command_id, [])
            reply = replies[-1] if replies else None
            got: str = "nothing" if reply is None else reply.outcome
            if reply is not None and each.answer not in ("applied", got) and reply.reason:
                got = reply.reason.code
            why = f" ({reply.reason.message})" if reply is not None and reply.reason else ""
            told = f"{each.command_id.split('/')[2]}: {each.answer}"
            fault = None if got == each.answer else f"got {got}{why}, wanted {each.answer}"
            note(minutes, told, fault)
        for when, expectation in story.expected:
            if when == minutes:
                note(minutes, expectation.told(), expectation.fault(theatre.heard))
    end = max((entry.at for entry in acts), default=0)
    last = max([story.at(_last(story)), *([_moment(end)] if end else [])])
    await theatre.advance(acts, last + 100 * INSTANT, final=final)
    for fault in theatre.heard.faults():
        note(_last(story), "nothing is lost, every audit chain holds", fault)
    return played


def _moment(at: int) -> datetime:
    from agents.replay.feed import moment_of

    return moment_of(at)


def _last(story: Story) -> float:
    return max(_minutes(story), default=0.0)


def _minutes(story: Story) -> list[float]:
    """The minutes at which the city must be quiet before the script goes on.

    Besides orders and checks these are the signals of the weather bureau: what they pass
    down is not held back by any watermark.
    """
    begin = microseconds(story.begins)
    signals = {(e.at - begin) / 60e6 for e in story.acts if e.topic is CITY_INBOX}
    times = {each.minutes for each in story.ordered} | {when for when, _ in story.expected}
    return sorted(times | signals)
