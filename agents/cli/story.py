"""One incident told as a story, from its first report to where it stands now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from agents.cli.facts import facts
from agents.cli.timeline import timeline
from agents.cli.wording import STYLES, Wording

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from agents.casebook import Story
    from schemas.incident import Incident

_SHOWN_REPORTS = 12


def render(story: Story, words: Wording, now: datetime | None) -> RenderableType:
    """The whole story for a terminal: who owns it, its limit, what happened, its reports."""
    from rich.console import Group
    from rich.text import Text

    incident = story.incident
    if incident is None:
        raise ValueError("a story without an incident cannot be told")
    parts: list[RenderableType] = [_head(incident, words), facts(incident, words, now), Text("")]
    parts += [Text(words.say("timeline"), style="bold"), timeline(story, words), Text("")]
    parts += [_reports(incident, words), _foot(story, words)]
    return Group(*parts)


def _head(incident: Incident, words: Wording) -> Text:
    from rich.text import Text

    line = Text.assemble((incident.incident_id, "bold"), "  ", (incident.title, "bold"))
    if incident.colour is not None:
        line.append(f"  {words.colour(incident.colour)}", STYLES[incident.colour])
    return line


def _reports(incident: Incident, words: Wording) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

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
    from rich.text import Text

    assert story.incident is not None
    if not story.audit:
        chain = words.say("audit_none")
    else:
        faults = story.chain_faults()
        told = "audit_broken" if faults else "audit_whole"
        chain = words.say(told, count=len(story.audit), faults="; ".join(faults)[:200])
    policy = words.say("policy", version=story.incident.policy_version)
    return Text(f"{chain} · {policy}", style="dim")


_GAP = 2
_LEAST_TITLE = 18


def as_rows(incidents: list[Incident], words: Wording, now: datetime | None, width: int) -> Table:
    """A list of incidents as a table, one line each.

    What is short keeps its width, an id above all: cut it could not be copied. The matter
    takes the room that is left; where there is too little, unit and tier stay away.
    """
    from rich.cells import cell_len
    from rich.table import Table

    rows = [_row(incident, words, now) for incident in incidents]
    names = ["col_id", "col_grade", "col_state", "col_due", "col_reports", "col_title"]
    names += ["col_tier", "col_unit"]
    widths = [
        max([cell_len(words.say(name)), *(cell_len(str(row[n])) for row in rows)])
        for n, name in enumerate(names)
    ]
    title = names.index("col_title")
    shown = len(names)
    while shown > title + 1 and _room(widths[:shown], title, width) < _LEAST_TITLE:
        shown -= 1
    widths[title] = min(widths[title], max(6, _room(widths[:shown], title, width)))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for n, name in enumerate(names[:shown]):
        right = name == "col_reports"
        table.add_column(
            words.say(name),
            no_wrap=True,
            overflow="ellipsis",
            width=widths[n],
            justify="right" if right else "left",
        )
    for row in rows:
        table.add_row(*row[:shown])
    return table


def _room(widths: list[int], title: int, width: int) -> int:
    """Columns of the terminal that the title may have beside the others."""
    others = sum(each for n, each in enumerate(widths) if n != title)
    return width - others - _GAP * len(widths)


def _row(incident: Incident, words: Wording, now: datetime | None) -> list[str | Text]:
    from rich.text import Text

    return [
        incident.incident_id,
        words.grade(incident.severity),
        words.word(incident.state),
        _short_limit(incident, words, now),
        str(max(incident.report_count, len(incident.reports))),
        Text(incident.title),
        f"{words.word(incident.tier)} {words.area(incident.area)}",
        words.unit(incident.unit),
    ]


def _short_limit(incident: Incident, words: Wording, now: datetime | None) -> Text:
    from rich.text import Text

    from schemas.terms import TERMINAL

    if incident.due_at is None:
        return Text("–")
    moment = incident.resolved_at or incident.closed_at or now
    late = incident.overdue or (moment is not None and moment >= incident.due_at)
    if incident.state in TERMINAL or moment is None:
        told = words.say("report_late") if late else words.time(incident.due_at)
    else:
        told = words.due(incident.due_at, moment)
    return Text(told, style="bold red" if late else "")
