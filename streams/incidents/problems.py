"""The same kind at the same place again and again: a problem, to be cured at its source (E6)."""

from __future__ import annotations

from datetime import timedelta

from schemas.outcome import Problem, ProblemEvent
from streams.incidents.case import PROBLEMS, Case
from streams.incidents.messages import Maker, short_hash
from streams.incidents.places import Near, cell_of, reach_m
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy import CategoryRule
from streams.topics import PROBLEMS as PROBLEMS_TOPIC

RULE = "E6"
LISTED_INCIDENTS = 200

problem_of = Maker(Problem)
problem_event = Maker(ProblemEvent)


def notice_recurrence(turn: Turn, case: Case, rule: CategoryRule, near: list[Near]) -> None:
    """A case was opened: with so many of its kind around in the window, they are a problem.

    Args:
        near: the other cases of the kind within reach, the new one not among them.
    """
    rules = turn.policy.escalation
    since = turn.now - timedelta(days=rules.recurrence_days)
    radius = rule.recurrence_radius_m
    same = [each for each in near if each.metres <= radius and each.opened >= since]
    place = case.incident.place
    if place.lat is None or place.lon is None:
        return
    known = _known(turn, rule, same)
    if known is None and len(same) + 1 < rules.recurrence_count:
        return
    incidents = [each.incident_id for each in sorted(same, key=lambda each: each.spot[3])]
    _join(turn, case, rule, known, incidents)


def _cell_key(turn: Turn, rule: CategoryRule, lat: float, lon: float) -> str:
    return f"{turn.area}/{rule.code}/{cell_of(lat, lon, reach_m(rule))}"


def _known(turn: Turn, rule: CategoryRule, same: list[Near]) -> tuple[str, Problem] | None:
    """The problem that a case at the place already belongs to."""
    for each in same:
        key = _cell_key(turn, rule, each.spot[1], each.spot[2])
        problem = turn.state.get(PROBLEMS, key)
        if problem is not None and each.incident_id in problem.incidents:
            return key, problem
    return None


def _join(
    turn: Turn,
    case: Case,
    rule: CategoryRule,
    known: tuple[str, Problem] | None,
    incidents: list[str],
) -> None:
    incident = case.incident
    place = incident.place
    if place.lat is None or place.lon is None:
        return
    if known is None:
        key = _cell_key(turn, rule, place.lat, place.lon)
        problem = problem_of(
            problem_id=f"{turn.area}-P-{short_hash(f'{rule.code}/{incidents[0]}')}",
            revision=0,
            state="opened",
            tier=turn.tier,
            area=turn.area,
            category=rule.category,
            title="",
            rule=RULE,
            incidents=incidents,
            incident_count=len(incidents),
            lat=place.lat,
            lon=place.lon,
            owner=incident.unit,
            opened_at=turn.now,
            changed_at=turn.now,
            policy_version=turn.policy.version,
        )
    else:
        key, problem = known
    incident.problem_id = problem.problem_id
    problem.incidents = [*problem.incidents, incident.incident_id][-LISTED_INCIDENTS:]
    problem.incident_count += 1
    problem.title = _title(turn, rule, problem.incident_count)
    publish(turn, key, problem)


def _title(turn: Turn, rule: CategoryRule, number: int) -> str:
    language = turn.policy.language
    kind = rule.name if language == "zh" else rule.name_en
    return words(language, "problem", kind=kind, count=number)


def publish(turn: Turn, key: str, problem: Problem) -> None:
    """Send one revision of a problem, and remember it for as long as a case may still join."""
    problem.revision += 1
    problem.changed_at = turn.now
    window = timedelta(days=turn.policy.escalation.recurrence_days)
    turn.state.put(PROBLEMS, key, problem, turn.now + window)
    message = problem_event(
        id=f"{problem.problem_id}/{problem.revision}",
        source=turn.source,
        subject=problem.problem_id,
        time=turn.now,
        data=problem.model_copy(),
    )
    turn.send(PROBLEMS_TOPIC, problem.problem_id, message)


def on_due(turn: Turn, key: str, problem: Problem) -> None:
    """Nothing of the kind came for a whole window: the place is quiet, the record is closed."""
    problem.state = "closed"
    problem.revision += 1
    problem.changed_at = turn.now
    message = problem_event(
        id=f"{problem.problem_id}/{problem.revision}",
        source=turn.source,
        subject=problem.problem_id,
        time=turn.now,
        data=problem,
    )
    turn.send(PROBLEMS_TOPIC, problem.problem_id, message)
    turn.state.delete(PROBLEMS, key)
