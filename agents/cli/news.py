"""What is new about an incident since a desk last saw it, in a few words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from agents.cli.wording import Wording

if TYPE_CHECKING:
    from schemas.incident import Incident


class Seen(NamedTuple):
    """As much of an incident as tells whether a desk should hear of it again."""

    state: str
    tier: str
    area: str
    severity: str
    overdue: bool
    waits: bool
    lifts: int
    called: tuple[str, ...]
    arrived: tuple[str, ...]
    late: tuple[str, ...]
    asked: str | None
    due_at: datetime | None
    pressed: int
    meeting: bool | None

    @classmethod
    def of(cls, incident: Incident) -> Seen:
        """What is to be remembered of an incident."""
        departments = [each for whistle in incident.whistles or () for each in whistle.departments]
        meeting, tally = incident.consultation, incident.tally
        return cls(
            incident.state,
            incident.tier,
            incident.area,
            incident.severity,
            incident.overdue,
            incident.handed_at is not None,
            len(incident.escalations),
            tuple(each.unit for each in departments),
            tuple(each.unit for each in departments if each.reported_at is not None),
            tuple(each.unit for each in departments if each.late and each.reported_at is None),
            None if incident.asked is None else incident.asked.what,
            incident.due_at if incident.extensions or incident.suspension is not None else None,
            0 if tally is None else tally.supervisions + tally.reminders,
            None if meeting is None else meeting.concluded_at is not None,
        )


def news(before: Seen | None, incident: Incident, words: Wording) -> list[str]:
    """What a desk should hear, the most important first; empty when there is no news.

    Args:
        before: how the desk last saw it; None: never.
    """
    now = Seen.of(incident)
    if now == before:
        return []
    state = words.word(incident.state)
    if incident.state == "suspended" and incident.suspension is not None:
        state += " " + words.say("until", time=words.time_with_year(incident.suspension.until))
    if before is None:
        told = [state, *_handed(incident, words)]
        return [*told, words.say("report_late")] if incident.overdue else told
    told = []
    if now.overdue and not before.overdue:
        told.append(words.say("report_late"))
    if now.lifts > before.lifts or (now.tier, now.area) != (before.tier, before.area):
        told += _handed(incident, words) or [words.word(incident.tier)]
    elif before.waits and not now.waits:
        told.append(words.say("taken_over", area=words.area(incident.area)))
    if now.severity != before.severity:
        told.append(f"{words.grade(before.severity)} → {words.grade(now.severity)}")
    if now.state != before.state:
        told.append(state)
    told += _departments(before, now, words)
    told += _granted(before, now, incident, words)
    return told or [state]


def _handed(incident: Incident, words: Wording) -> list[str]:
    """The last hand-over, with its rule; and that it has not been taken up."""
    if not incident.escalations:
        return []
    step = incident.escalations[-1]
    if step.to_area != incident.area:
        return []
    giver, taker = words.area(step.from_area), words.area(step.to_area)
    rule = words.say("rule", rule=words.rule(step.rule))
    told = f"{rule} {words.say('handed', giver=giver, taker=taker)}"
    return [told, words.say("news_waits")] if incident.handed_at is not None else [told]


def _departments(before: Seen, now: Seen, words: Wording) -> list[str]:
    told = []
    for name, units in (
        ("news_called", [unit for unit in now.called if unit not in before.called]),
        ("news_arrived", [unit for unit in now.arrived if unit not in before.arrived]),
        ("news_missing", [unit for unit in now.late if unit not in before.late]),
    ):
        if units:
            told.append(words.say(name, units="、".join(map(words.unit, units))))
    return told


def _granted(before: Seen, now: Seen, incident: Incident, words: Wording) -> list[str]:
    told = []
    if now.asked is not None and now.asked != before.asked:
        told.append(words.say("news_asked", what=words.word(now.asked)))
    elif before.asked is not None and now.asked is None:
        told.append(words.say("news_decided", what=words.word(before.asked)))
    if now.due_at != before.due_at and now.due_at is not None:
        told.append(words.say("due_at", time=words.time(incident.due_at)))
    if now.pressed > before.pressed:
        told.append(words.say("news_pressed"))
    if now.meeting != before.meeting and now.meeting is not None:
        told.append(words.word("conclude" if now.meeting else "consult"))
    return told
