"""The end of a run: what it did, as a table for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agents.cli.wording import STYLES, Wording
from agents.up.count import Count, TierCount
from schemas.terms import COLOURS, TIERS


@dataclass(slots=True)
class Summary:
    """How a run ended.

    Attributes:
        ended: ``time`` (--for), ``done`` (--until-done), ``asked`` (Ctrl-C) or ``failed``.
        events, seconds: fed by this run, and how long from the first to the last.
        drained_s: seconds from the first event until every tier had the last; None if not.
        cpu_s: processor seconds of each stage.
        unfinished: a replay whose events are not yet through every tier.
        account: what became of a replay's rows, as its own module tells it.
    """

    prefix: str
    bootstrap: str
    logs: str
    ended: str
    resumed: bool = False
    events: int = 0
    seconds: float = 0.0
    startup_s: float = 0.0
    drained_s: float | None = None
    restarts: dict[str, int] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    count: Count | None = None
    unfinished: bool = False
    account: dict[str, Any] | None = None
    broker_runs: bool = False
    message: str | None = None

    @property
    def rate(self) -> float:
        """Events a second, until every tier had them where that is known."""
        seconds = self.drained_s or self.seconds
        return self.events / seconds if seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """For programs; `bootstrap_servers` and `prefix` let them read the topics."""
        return {
            "ended": self.ended,
            "message": self.message,
            "bootstrap_servers": self.bootstrap,
            "prefix": self.prefix,
            "broker_runs": self.broker_runs,
            "logs": self.logs,
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "startup_s": round(self.startup_s, 3),
            "drained_s": None if self.drained_s is None else round(self.drained_s, 3),
            "events_per_s": round(self.rate, 1),
            "restarts": self.restarts,
            "cpu_s": {stage: round(seconds, 1) for stage, seconds in self.cpu_s.items()},
            **(self.count.as_dict() if self.count is not None else {}),
            "account": self.account,
        }


def render(summary: Summary, words: Wording) -> RenderableType:
    """The summary as a table with what stands under it."""
    say = words.say
    parts: list[RenderableType] = [Text(say("sum_title"), style="bold")]
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    if summary.count is not None:
        parts.append(_tiers(summary.count, words))
        _count_facts(facts, summary.count, words)
    seconds = summary.drained_s or summary.seconds
    if summary.events:
        value = "sum_fed_value" if summary.unfinished else "sum_throughput_value"
        told = say(value, events=summary.events, seconds=seconds, rate=summary.rate)
        facts.add_row(say("sum_throughput"), told)
    if any(summary.cpu_s.values()):
        told = "  ".join(f"{words.word(s)} {t:,.1f}" for s, t in summary.cpu_s.items())
        facts.add_row(say("sum_cpu"), told)
    again = {stage: n for stage, n in summary.restarts.items() if n}
    if again:
        named = "、".join(f"{words.word(stage)} {n}" for stage, n in again.items())
        facts.add_row(say("sum_restarts"), Text(named, style="red"))
    where = say("sum_where", prefix=summary.prefix, bootstrap=summary.bootstrap, logs=summary.logs)
    parts += [Text(""), facts, Text(""), Text(where, style="dim")]
    if summary.account is None and summary.ended != "failed":
        parts.append(Text(say("sum_again", prefix=summary.prefix), style="dim"))
    return Group(*parts)


def _tiers(count: Count, words: Wording) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(words.say("sum_tier"), style="bold", no_wrap=True)
    for column in ("sum_opened", "sum_received", "sum_closed", "sum_open", "sum_overdue"):
        table.add_column(words.say(column), justify="right", no_wrap=True)
    table.add_column(words.say("sum_alerts"), no_wrap=True)
    for tier in reversed(TIERS):
        table.add_row(words.word(tier), *_cells(count.tiers[tier]), _by_colour(count, tier, words))
    return table


def _cells(tier: TierCount) -> list[str]:
    return [f"{n:,}" for n in (tier.opened, tier.received, tier.closed, tier.open, tier.overdue)]


def _by_colour(count: Count, tier: str, words: Wording) -> Text:
    alerts = count.tiers[tier].alerts
    line = Text()
    for colour in COLOURS:
        if alerts[colour]:
            line.append(f"{words.colour(colour)} {alerts[colour]:,}  ", STYLES[colour])
    return line if line.plain else Text("–", style="dim")


def _count_facts(facts: Table, count: Count, words: Wording) -> None:
    say = words.say
    share = count.settled_share
    settled = (
        say("sum_settled_none")
        if share is None
        else say(
            "sum_settled_value", share=share, closed=count.closed, street=count.settled_at_street
        )
    )
    facts.add_row(say("sum_settled"), settled)
    facts.add_row(say("sum_escalations"), _listed(count.escalations, words))
    facts.add_row(say("sum_dead"), _listed(count.dead_letters, words))


def _listed(counted: dict[str, int], words: Wording) -> str:
    if not counted:
        return words.say("sum_none")
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return "  ".join(f"{name} {number:,}" for name, number in ordered)
