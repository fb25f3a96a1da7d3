"""How an incident stands: who owns it, who works on it, what it waits for, what it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from agents.cli.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from schemas.incident import Incident


def facts(incident: Incident, words: Wording, now: datetime | None) -> Table:
    """The block at the head of a story: one fact a line."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    state = f"{words.word(incident.state)} · {words.word(incident.severity)}"
    if incident.danger_to_life:
        state += f" · {words.say('danger')}"
    if incident.sensitive:
        state += " · " + "、".join(map(words.word, incident.sensitive))
    table.add_row(words.say("col_state"), state)
    table.add_row(words.say("owner"), _owner(incident, words, now))
    units = words.unit(incident.unit)
    if incident.assisting:
        others = "、".join(map(words.unit, incident.assisting))
        units += " · " + words.say("assisting", units=others)
    table.add_row(words.say("unit"), units)
    table.add_row(words.say("place"), _place(incident, words))
    table.add_row(words.say("limit"), _limit(incident, words, now))
    for name, text in (*_pauses(incident, words), *_together(incident, words, now)):
        table.add_row(words.say(name), text)
    took = _took(incident, words)
    if took:
        table.add_row(words.say("durations"), took)
    bonds = _bonds(incident, words)
    if bonds:
        table.add_row("", " · ".join(bonds))
    return table


def _owner(incident: Incident, words: Wording, now: datetime | None) -> Text:
    from rich.text import Text

    name = words.area(incident.area)
    text = Text(f"{words.word(incident.tier)} {name}")
    if name != incident.area:
        text.append(f" ({incident.area})")
    if incident.handed_at is not None:
        since = words.time(incident.handed_at)
        if now is not None and now > incident.handed_at:
            since = words.span(now - incident.handed_at)
        text.append("  " + words.say("handed_waiting", since=since), "bold yellow")
    if incident.supervised_by is not None:
        told = words.say("supervised_by", area=words.area(incident.supervised_by))
        text.append(f"  {told}")
    return text


def _place(incident: Incident, words: Wording) -> str:
    place = incident.place
    parts = [place.address or ""]
    if place.lat is not None and place.lon is not None:
        parts.append(f"({place.lat:.5f}, {place.lon:.5f})")
    parts.append(" / ".join(words.area(code) for code in (place.district, place.street) if code))
    return " ".join(part for part in parts if part) or "–"


def _limit(incident: Incident, words: Wording, now: datetime | None) -> Text:
    from rich.text import Text

    from schemas.terms import TERMINAL

    if incident.due_at is None:
        return Text(words.say("no_limit"))
    text = Text(words.time_with_year(incident.due_at))
    ended = incident.resolved_at or incident.closed_at
    moment = ended if ended is not None or incident.state in TERMINAL else now
    late = incident.overdue or (moment is not None and moment >= incident.due_at)
    if incident.state == "suspended":
        text.append("  " + words.say("stands_still"))
    elif moment is not None:
        text.append("  " + words.due(incident.due_at, moment), "bold red" if late else "")
    elif late:
        text.append("  " + words.say("report_late"), "bold red")
    if incident.exempt:
        text.append("  " + words.say("exempt"))
    if ended is not None:
        text.append("  " + words.say("took", span=words.span(ended - incident.opened_at)))
    return text


def _pauses(incident: Incident, words: Wording) -> Iterator[tuple[str, str]]:
    """What has been asked for and granted: suspension, extensions, an appeal."""
    asked = incident.asked
    if asked is not None:
        what = words.word(asked.what)
        told = words.say("asked_for", what=what, who=words.unit(asked.by), reason=asked.reason)
        yield "asked", told
    pause = incident.suspension
    if pause is not None:
        end = pause.resumed_at or pause.until
        text = "was_suspended" if pause.resumed_at is not None else "is_suspended"
        begins, ends = words.time(pause.at), words.time_with_year(end)
        yield "suspension", words.say(text, begins=begins, ends=ends, reason=pause.reason)
    for each in incident.extensions or ():
        after = words.time(each.after)
        yield "extension", words.say("extended_to", time=after, reason=each.reason)
    appeal = incident.appeal
    if appeal is not None:
        verdict = words.word(appeal.verdict or "undecided")
        yield "appeal_fact", f"{words.unit(appeal.by)}:“{appeal.reason}” {verdict}"


def _together(
    incident: Incident, words: Wording, now: datetime | None
) -> Iterator[tuple[str, Text | str]]:
    """Departments that were whistled for, and what a meeting came to."""
    from rich.text import Text

    for whistle in incident.whistles or ():
        text = Text(f"{words.say(f'ground_{whistle.ground}')} “{whistle.reason}”")
        for each in whistle.departments:
            text.append(f"\n{words.unit(each.unit)} ")
            if each.reported_at is not None:
                after = words.span(each.reported_at - whistle.at)
                text.append(words.say("arrived_after", span=after))
            elif each.late or (now is not None and now > each.limit_at):
                text.append(words.say("not_arrived_late"), "bold red")
            else:
                text.append(words.say("not_arrived", time=words.time(each.limit_at)), "yellow")
            if each.released_at is not None:
                text.append(" · " + words.word("release"))
            for told in each.feedback[-3:]:
                text.append(f" · {told}", "dim")
        yield "whistle_fact", text
    meeting = incident.consultation
    if meeting is not None:
        who = "、".join(map(words.unit, meeting.units))
        came_to = meeting.conclusion or words.say("no_conclusion")
        yield "consultation", f"{who}:“{meeting.topic}” → {came_to}"
    tally = incident.tally
    if tally is not None and (tally.supervisions or tally.reminders):
        told = words.say("pressed", supervisions=tally.supervisions, reminders=tally.reminders)
        yield "pressure", told


def _took(incident: Incident, words: Wording) -> str:
    """How long each step took, as far as it is known."""
    arrivals = [incident.opened_at, *(step.at for step in incident.escalations)]
    seen = incident.acknowledged_at
    came = [at for at in arrivals if seen is not None and at <= seen]
    steps = (
        ("step_acknowledged", max(came, default=None), seen),
        ("step_accepted", incident.dispatched_at, incident.accepted_at),
        ("step_started", incident.accepted_at, incident.started_at),
        ("step_resolved", incident.accepted_at, incident.resolved_at),
        ("step_closed", incident.resolved_at, incident.closed_at),
    )
    return " · ".join(
        words.say(name, span=words.span(end - begin))
        for name, begin, end in steps
        if begin is not None and end is not None and end >= begin
    )


def _bonds(incident: Incident, words: Wording) -> list[str]:
    bonds = [
        words.say(text, id=other)
        for text, other in (
            ("recurrence", incident.recurrence_of),
            ("belongs_parent", incident.parent_id),
            ("belongs_problem", incident.problem_id),
            ("split_from", incident.split_from),
        )
        if other is not None
    ]
    if incident.children:
        bonds.append(words.say("children", count=len(incident.children)))
    return bonds
