"""One incident told as a story, from its first report to where it stands now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agents.casebook import Story
from agents.cli.facts import facts
from agents.cli.timeline import timeline
from agents.cli.wording import STYLES, Wording
from schemas.incident import Incident
from schemas.terms import TERMINAL

_SHOWN_REPORTS = 12


def render(story: Story, words: Wording, now: datetime | None) -> RenderableType:
    """The whole story for a terminal: who owns it, its limit, what happened, its reports."""
    incident = story.incident
    if incident is None:
        raise ValueError("a story without an incident cannot be told")
    parts: list[RenderableType] = [_head(incident, words), facts(incident, words, now), Text("")]
    parts += [Text(words.say("timeline"), style="bold"), timeline(story, words), Text("")]
    parts += [_reports(incident, words), _foot(story, words)]
    return Group(*parts)


def _head(incident: Incident, words: Wording) -> Text:
    line = Text.assemble((incident.incident_id, "bold"), "  ", (incident.title, "bold"))
    if incident.colour is not None:
        line.append(f"  {words.colour(incident.colour)}", STYLES[incident.colour])
    return line


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
    for column, width in (("col_grade", 2), ("col_state", 6), ("col_due", 15)):
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
