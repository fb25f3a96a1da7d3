"""Limits in stages: an illegal building is stopped, fined, demolished, each in a time of its own.

Each stage has its own clock from the beginning of the case, its own alert, and its own
verdict, which is final. A stage that is late lifts the case once (E2); the limit of the
whole work stands beside them.
"""

from __future__ import annotations

from datetime import datetime

from schemas.handoff import Clock
from schemas.incident import StageVerdict
from schemas.terms import Colour
from streams.incidents import clocks, lamps
from streams.incidents.case import Case
from streams.incidents.messages import Maker
from streams.incidents.ownership import give
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy import CategoryRule

_COLOUR: dict[str, Colour] = {"blue": "blue", "yellow": "yellow", "red": "red", "red2": "red"}

_verdict = Maker(StageVerdict)


def begin(turn: Turn, case: Case, rule: CategoryRule) -> None:
    """Start the clock of each stage that the kind of matter has."""
    policy, incident = turn.policy, case.incident
    verdicts = []
    for stage in rule.stages:
        due = policy.calendar.add(incident.opened_at, stage.limit)
        name = stage.title.of(policy.language)
        verdicts.append(_verdict(stage=stage.name, title=name, due_at=due))
        running = clocks.start(case, _kind(stage.name), policy, incident.opened_at, due)
        running.limit = str(stage.limit) if stage.limit.is_office else None
        clocks.fix_points(running, policy)
        running.at = clocks.point(running, policy, 0)
    incident.stages = verdicts


def open_stages(case: Case) -> list[StageVerdict]:
    """The stages that are still to be done, in their order."""
    return [each for each in case.incident.stages or () if each.done_at is None]


def done(turn: Turn, case: Case, verdict: StageVerdict) -> None:
    """One stage is done: its clock stops, its alert goes out, its verdict is final."""
    _end(verdict, turn.now)
    clocks.stop(case, _kind(verdict.stage))
    lamps.put_out(turn, case, _kind(verdict.stage))
    case.incident.version += 1


def end_all(case: Case, at: datetime) -> None:
    """The whole work has ended, and with it every stage that was open."""
    for verdict in open_stages(case):
        _end(verdict, at)


def on_clock(turn: Turn, case: Case, running: Clock) -> None:
    """A stage's share of its limit is used: coloured, and once it is late, lifted (E2)."""
    policy, language, incident = turn.policy, turn.policy.language, case.incident
    verdict = next(each for each in open_stages(case) if _kind(each.stage) == running.kind)
    lifts = False
    running.at = None
    for number, step in enumerate(policy.supervision):
        moment = clocks.point(running, policy, number)
        if moment is None or step.percent <= running.stage:
            continue
        if moment > turn.now:
            running.at = moment
            break
        running.stage = step.percent
        lifts = lifts or (step.lifts and not verdict.overdue)
        verdict.overdue = True if step.percent >= 100 else verdict.overdue
        colour = _COLOUR[step.colour]
    late = verdict.overdue is True
    turn.keep(case, alone=not late)
    title = words(language, "stage_late" if late else "stage_soon", stage=verdict.title)
    parent = policy.areas.parent(turn.area)
    if lifts and parent is not None:
        give(turn, case, parent, "E2", title)
        return
    lamps.light(
        turn,
        case,
        running.kind,
        trigger=lamps.DEADLINE,
        version=policy.version,
        colour=colour,
        title=f"{title}：{incident.title}",
        observed=float(running.stage),
        suggested_action=words(language, "press"),
    )


def _kind(stage: str) -> str:
    return f"{clocks.STAGE}/{stage}"


def _end(verdict: StageVerdict, at: datetime) -> None:
    verdict.done_at = at
    verdict.overdue = at > verdict.due_at
