"""One incident told as a story, from its first report to where it stands now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agents.casebook import Story
from agents.cli.wording import STYLES, Wording
from schemas.alert import Alert
from schemas.incident import Incident
from schemas.outcome import AuditEntry, ReplyEvent
from schemas.terms import TERMINAL, Actor

_SHOWN_REPORTS = 12


class Moment(NamedTuple):
    """One line of the timeline; `rank` orders what happened at the same instant."""

    at: datetime
    rank: int
    text: Text


def render(story: Story, words: Wording, now: datetime | None) -> RenderableType:
    """The whole story for a terminal: who owns it, its limit, what happened, its reports."""
    incident = story.incident
    if incident is None:
        raise ValueError("a story without an incident cannot be told")
    parts: list[RenderableType] = [_head(incident, words), _facts(incident, words, now), Text("")]
    parts += [Text(words.say("timeline"), style="bold"), _timeline(story, words), Text("")]
    parts += [_reports(incident, words), _foot(story, words)]
    return Group(*parts)


def _head(incident: Incident, words: Wording) -> Text:
    line = Text.assemble((incident.incident_id, "bold"), "  ", (incident.title, "bold"))
    if incident.colour is not None:
        line.append(f"  {words.colour(incident.colour)}", STYLES[incident.colour])
    return line


def _facts(incident: Incident, words: Wording, now: datetime | None) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    owner = f"{words.word(incident.tier)} {words.area(incident.area)}"
    if words.area(incident.area) != incident.area:
        owner += f" ({incident.area})"
    state = f"{words.word(incident.state)} · {words.word(incident.severity)}"
    if incident.danger_to_life:
        state += f" · {words.say('danger')}"
    table.add_row(words.say("col_state"), state)
    table.add_row(words.say("owner"), owner)
    units = words.unit(incident.unit)
    if incident.assisting:
        others = "、".join(map(words.unit, incident.assisting))
        units += " · " + words.say("assisting", units=others)
    table.add_row(words.say("unit"), units)
    table.add_row(words.say("place"), _place(incident, words))
    table.add_row(words.say("limit"), _limit(incident, words, now))
    bonds = [
        words.say(text, id=other)
        for text, other in (
            ("recurrence", incident.recurrence_of),
            ("belongs_parent", incident.parent_id),
            ("belongs_problem", incident.problem_id),
        )
        if other is not None
    ]
    if bonds:
        table.add_row("", " · ".join(bonds))
    return table


def _place(incident: Incident, words: Wording) -> str:
    place = incident.place
    parts = [place.address or ""]
    if place.lat is not None and place.lon is not None:
        parts.append(f"({place.lat:.5f}, {place.lon:.5f})")
    parts.append(" / ".join(words.area(code) for code in (place.district, place.street) if code))
    return " ".join(part for part in parts if part) or "–"


def _limit(incident: Incident, words: Wording, now: datetime | None) -> Text:
    if incident.due_at is None:
        return Text(words.say("no_limit"))
    text = Text(words.time_with_year(incident.due_at))
    ended = incident.resolved_at or incident.closed_at
    moment = ended if ended is not None or incident.state in TERMINAL else now
    late = incident.overdue or (moment is not None and moment >= incident.due_at)
    if moment is not None:
        text.append("  " + words.due(incident.due_at, moment), "bold red" if late else "")
    elif late:
        text.append("  " + words.say("report_late"), "bold red")
    if ended is not None:
        text.append("  " + words.say("took", span=words.span(ended - incident.opened_at)))
    return text


def _timeline(story: Story, words: Wording) -> Table:
    title = story.incident.title if story.incident is not None else ""
    moments = [
        *(Moment(e.at, e.n, _audited(e, words)) for e in story.audit),
        *(Moment(a.data.changed_at, 10_000, _alerted(a.data, words, title)) for a in story.alerts),
        *(Moment(r.time, 20_000, _replied(r, words)) for r in story.replies),
    ]
    moments.sort(key=lambda moment: moment[:2])
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, justify="right")
    table.add_column()
    shown: datetime | None = None
    for moment in moments:
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
    text = Text(words.word(entry.action), style="bold")
    if entry.from_ != entry.to:
        change = f"{words.word(entry.from_)} → " if entry.from_ is not None else "→ "
        text.append(f"  {change}{words.word(entry.to)}", "not bold")
    text.append(f"  {_who(entry.actor, words)}", "not bold dim")
    if entry.rule:
        text.append("  " + words.say("rule", rule=entry.rule), "not bold")
    detail = dict(entry.detail)
    if "from_area" in detail and "to_area" in detail:
        given, taken = str(detail.pop("from_area")), str(detail.pop("to_area"))
        told = words.say("handed", giver=words.area(given), taker=words.area(taken))
        text.append(f"  {told}", "not bold")
    for name, value in detail.items():
        told = _detail(name, value, words)
        if told:
            text.append(f"  {told}", "not bold dim")
    if entry.reason:
        text.append(f"  “{entry.reason}”", "not bold")
    return text


def _detail(name: str, value: object, words: Wording) -> str:
    """A detail of a transition, in words where it is one of ours."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    match name:
        case "finding_id":
            return str(value).partition("/")[0]
        case "report_id":
            return str(value)
        case "colour":
            return words.colour(str(value))
        case "phase" | "kind":
            return words.word(str(value))
        case "unit":
            return words.unit(str(value))
        case "area":
            return words.area(str(value))
        case "observed":
            return f"{value:g}" if isinstance(value, float) else str(value)
        case "due_at":
            return words.time(datetime.fromisoformat(str(value)))
        case _:
            return f"{name}={value}"


def _who(actor: Actor, words: Wording) -> str:
    role = words.word(actor.role)
    nameless = actor.role == "system" and not actor.synthetic
    name = role if nameless or actor.id == actor.role else f"{role} {words.unit(actor.id)}"
    return f"{name}({words.say('synthetic')})" if actor.synthetic else name


def alert_line(alert: Alert, words: Wording) -> Text:
    """An alert in one line: colour with its shape, what was done with it, its title."""
    text = Text()
    text.append(words.colour(alert.colour), STYLES.get(alert.colour, ""))
    state = "lifted" if alert.state == "closed" else alert.state
    text.append(f" {words.word(state)} {words.word(alert.scale)}")
    text.append(f"  {alert.title}")
    return text


def _alerted(alert: Alert, words: Wording, title: str) -> Text:
    # The story's own title need not be repeated in each line of it.
    short = alert.title.removesuffix(title).rstrip("：: ") if title else alert.title
    text = alert_line(alert.model_copy(update={"title": short or alert.title}), words)
    if alert.area:
        text.append(f"  {words.area(alert.area)}", "dim")
    text.append("  " + words.say("rule", rule=alert.trigger.id))
    if alert.observed is not None:
        limit = alert.threshold if alert.threshold is not None else alert.expected
        unit = f" {alert.unit}" if alert.unit else ""
        text.append(
            "  "
            + words.say(
                "expected",
                observed=f"{alert.observed:g}{unit}",
                expected="–" if limit is None else f"{limit:g}{unit}",
            ),
            "dim",
        )
    return text


def _replied(event: ReplyEvent, words: Wording) -> Text:
    reply = event.data
    to = reply.report_id or reply.command_id or "–"
    text = Text(words.say("reply_to", to=to, outcome=words.outcome(reply.outcome)), style="dim")
    why = words.reason(reply.reason.code, reply.reason.message) if reply.reason else None
    for more in (reply.result, reply.advice, why):
        if more:
            text.append(f"  {more}")
    return text


def _reports(incident: Incident, words: Wording) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    for _ in range(3):
        table.add_column()
    for case in incident.reports[:_SHOWN_REPORTS]:
        verdict = {None: "", True: words.say("report_late"), False: words.say("report_in_time")}
        table.add_row(
            words.time_with_year(case.reported_at),
            case.report_id,
            words.say("report_due", time=words.time(case.due_at)) if case.due_at else "",
            (
                words.say("report_ended", time=words.time(case.ended_at))
                if case.ended_at
                else words.say("report_open")
            )
            + (f" · {verdict[case.overdue]}" if case.overdue is not None else ""),
        )
    count = max(incident.report_count, len(incident.reports))
    rest = count - min(len(incident.reports), _SHOWN_REPORTS)
    lines: list[RenderableType] = [Text(words.say("reports", count=count), style="bold"), table]
    if rest:
        lines.append(Text(words.say("reports_more", count=rest), style="dim"))
    return Group(*lines)


def _foot(story: Story, words: Wording) -> Text:
    assert story.incident is not None
    if not story.audit:
        chain = words.say("audit_none")
    else:
        faults = story.chain_faults()
        told = "audit_broken" if faults else "audit_whole"
        chain = words.say(told, count=len(story.audit), faults="; ".join(faults)[:200])
    policy = words.say("policy", version=story.incident.policy_version)
    return Text(f"{chain} · {policy}", style="dim")


def as_rows(incidents: list[Incident], words: Wording, now: datetime | None) -> Table:
    """A list of incidents as a table, one line each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    # An id that is cut cannot be copied: it keeps its width, what stands last gives way.
    table.add_column(
        words.say("col_id"),
        no_wrap=True,
        min_width=max((len(incident.incident_id) for incident in incidents), default=1),
    )
    for column, width in (("col_grade", 2), ("col_state", 6), ("col_due", 12)):
        table.add_column(words.say(column), no_wrap=True, min_width=width)
    table.add_column(words.say("col_reports"), no_wrap=True, justify="right", min_width=2)
    for column in ("col_title", "col_tier", "col_unit"):
        table.add_column(words.say(column), overflow="ellipsis", no_wrap=True)
    for incident in incidents:
        table.add_row(*_row(incident, words, now))
    return table


def _row(incident: Incident, words: Wording, now: datetime | None) -> Iterator[str | Text]:
    yield incident.incident_id
    yield words.grade(incident.severity)
    yield words.word(incident.state)
    yield _short_limit(incident, words, now)
    yield str(max(incident.report_count, len(incident.reports)))
    yield Text(incident.title)
    yield f"{words.word(incident.tier)} {words.area(incident.area)}"
    yield words.unit(incident.unit)


def _short_limit(incident: Incident, words: Wording, now: datetime | None) -> Text:
    if incident.due_at is None:
        return Text("–")
    moment = incident.resolved_at or incident.closed_at or now
    late = incident.overdue or (moment is not None and moment >= incident.due_at)
    if incident.state in TERMINAL or moment is None:
        told = words.say("report_late") if late else words.time(incident.due_at)
    else:
        told = words.due(incident.due_at, moment)
    return Text(told, style="bold red" if late else "")
