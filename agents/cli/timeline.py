"""What happened to an incident, line by line: who did what, when, after how long, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.cli.alert_lines import alert_line, quiet_of
from agents.cli.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from agents.casebook import Story
    from schemas.alert import Alert
    from schemas.outcome import AuditEntry, ReplyEvent
    from schemas.terms import Actor

LONG = timedelta(minutes=15)
"""A silence that a reader should see: how long nothing happened is told."""

FOLDED = frozenset(
    {"from_area", "to_area", "severity", "asked_by", "late", "overdue", "resolved_at", "callback"}
)
"""Details that the line says otherwise, or that nobody reads."""


class Moment(NamedTuple):
    """One line of the timeline; `rank` orders what happened at the same instant."""

    at: datetime
    rank: int
    text: Text


def timeline(story: Story, words: Wording) -> Table:
    """Every transition, alert and answer, in order; long silences between them are told."""
    from rich.table import Table
    from rich.text import Text

    title = story.incident.title if story.incident is not None else ""
    done = {event.data.command_id for event in story.replies if event.data.outcome == "applied"}
    moments = [
        *(Moment(e.at, e.n, _audited(e, words)) for e in story.audit),
        *(Moment(a.data.changed_at, 10_000, _alerted(a.data, words, title)) for a in story.alerts),
        # An order that was followed stands there as what it did.
        *(
            Moment(r.time, 20_000, _replied(r, words))
            for r in story.replies
            if r.data.command_id is None or r.data.command_id not in done
        ),
    ]
    moments.sort(key=lambda moment: moment[:2])
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, justify="right")
    table.add_column()
    shown: datetime | None = None
    for moment in moments:
        if shown is not None and moment.at - shown >= LONG:
            waited = words.say("waited", span=words.span(moment.at - shown))
            table.add_row("", Text(waited, style="dim italic"))
        table.add_row(_stamp(moment.at, shown, words), moment.text)
        shown = moment.at
    return table


def _stamp(at: datetime, before: datetime | None, words: Wording) -> str:
    """When, as far as it differs from the line above: a new year, a new day, a new minute."""
    here = at.astimezone(words.zone)
    there = before.astimezone(words.zone) if before is not None else None
    if there is None or there.year != here.year:
        return words.time_with_year(at)
    if there.date() != here.date():
        return words.time(at)
    return "" if f"{there:%H:%M}" == f"{here:%H:%M}" else f"{here:%H:%M}"


def _audited(entry: AuditEntry, words: Wording) -> Text:
    from rich.text import Text

    text = Text(words.word(entry.action), style="bold")
    if entry.from_ != entry.to:
        change = f"{words.word(entry.from_)} → " if entry.from_ is not None else "→ "
        text.append(f"  {change}{words.word(entry.to)}", "not bold")
    text.append(f"  {_who(entry.actor, words)}", "not bold dim")
    if entry.rule:
        text.append("  " + words.say("rule", rule=words.rule(entry.rule)), "not bold")
    given, taken = entry.detail.get("from_area"), entry.detail.get("to_area")
    if given is not None and taken is not None:
        told = words.say("handed", giver=words.area(str(given)), taker=words.area(str(taken)))
        text.append(f"  {told}", "not bold")
    elif given is not None:
        text.append("  " + words.say("taken_from", giver=words.area(str(given))), "not bold")
    for told in _details(entry, words):
        text.append(f"  {told}", "not bold dim")
    if entry.reason:
        text.append(f"  “{entry.reason}”", "not bold")
    return text


def _details(entry: AuditEntry, words: Wording) -> Iterator[str]:
    """The details of a transition, in words where they are ours, nothing said twice."""
    said = _who(entry.actor, words)
    for name, value in entry.detail.items():
        if name in FOLDED:
            continue
        told = _detail(name, value, words)
        if told and told not in said:
            yield told


def _detail(name: str, value: Any, words: Wording) -> str:
    comma = "、" if words.lang == "zh" else ", "
    if isinstance(value, list):
        shown = [_detail(name.removesuffix("s"), each, words) for each in value]
        return comma.join(each for each in shown if each)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    match name:
        case "finding_id":
            return str(value).partition("/")[0]
        case "colour":
            return words.colour(str(value))
        case "phase" | "kind" | "what" | "verdict" | "mark":
            return words.word(str(value))
        case "ground":
            return words.say(f"ground_{value}")
        case "unit":
            return words.unit(str(value))
        case "area":
            return words.area(str(value))
        case "observed":
            return f"{value:g}" if isinstance(value, float) else str(value)
        case "due_at" | "until" | "limit_at" | "after" | "ended_at":
            return words.say(name, time=words.time(datetime.fromisoformat(str(value))))
        case "before":
            return _moment_or_word(str(value), words)
        case "stage":
            return words.say("stage_done", value=value)
        case "category":
            return words.say("category_to", value=value)
        case "count":
            return words.say("counted", value=value)
        case "lat" | "lon":
            return words.say("point", value=value)
        case _:
            return str(value)


def _moment_or_word(text: str, words: Wording) -> str:
    """What it was before: a limit, or a kind, unit or place."""
    try:
        return words.time(datetime.fromisoformat(text))
    except ValueError:
        return words.unit(text)


def _who(actor: Actor, words: Wording) -> str:
    role = words.word(actor.role)
    nameless = actor.role == "system" and not actor.synthetic
    name = role if nameless or actor.id == actor.role else f"{role} {words.unit(actor.id)}"
    if actor.unit is not None and actor.unit != actor.id:
        name += f"({words.unit(actor.unit)})"
    return f"{name}({words.say('synthetic')})" if actor.synthetic else name


def _alerted(alert: Alert, words: Wording, title: str) -> Text:
    # The story's own title need not be repeated in each line of it.
    short = alert.title.removesuffix(title).rstrip("：: ") if title else alert.title
    text = alert_line(alert.model_copy(update={"title": short or alert.title}), words)
    if alert.area:
        text.append(f"  {words.area(alert.area)}", "dim")
    text.append("  " + words.say("rule", rule=words.rule(alert.trigger.id)))
    if alert.observed is not None:
        limit = alert.threshold if alert.threshold is not None else alert.expected
        unit = f" {alert.unit}" if alert.unit else ""
        told = words.say(
            "expected",
            observed=f"{alert.observed:g}{unit}",
            expected="–" if limit is None else f"{limit:g}{unit}",
        )
        text.append(f"  {told}", "dim")
    quiet = quiet_of(alert, words)
    if quiet is not None:
        text.append(f"  {quiet}", "dim")
        text.stylize("dim")
    return text


def _replied(event: ReplyEvent, words: Wording) -> Text:
    from rich.text import Text

    reply = event.data
    why = words.reason(reply.reason.code, reply.reason.message) if reply.reason else None
    if reply.command_id is not None:
        told = words.say("order_refused", outcome=words.outcome(reply.outcome), to=reply.command_id)
        text = Text(told)
    else:
        outcome = words.outcome(reply.outcome)
        text = Text(words.say("reply_to", to=reply.report_id or "–", outcome=outcome), style="dim")
    for more in (reply.result, reply.advice, why):
        if more:
            text.append(f"  {more}")
    return text
