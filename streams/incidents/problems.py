"""The same kind at the same place again and again: a problem, to be cured at its source (E6)."""

from __future__ import annotations

from datetime import timedelta
from math import cos, radians

from schemas.handoff import AreaCounts
from schemas.outcome import Problem, ProblemEvent
from streams.incidents import repeats, scoring
from streams.incidents.case import PROBLEMS, Case
from streams.incidents.counting import note_place, parse_place
from streams.incidents.messages import Maker, short_hash
from streams.incidents.places import (
    METRES_PER_DEGREE,
    Near,
    Spots,
    cell_of,
    cells_around,
    metres,
    reach_m,
)
from streams.incidents.routing import birth_area, child_towards
from streams.incidents.troubled import Again
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy import CategoryRule
from streams.state import Namespace
from streams.topics import PROBLEMS as PROBLEMS_TOPIC

RULE = "E6"
LISTED_INCIDENTS = 200

NAMED: Namespace[str] = Namespace(
    name="problem-id",
    encode=str.encode,
    decode=bytes.decode,
    lifetime="as long as its problem",
    rank=8,
    on_due="expire",
)
"""Key ``<area>/<problem id>``: where the problem stands among the places."""

problem_of = Maker(Problem)
problem_event = Maker(ProblemEvent)


def notice_recurrence(
    turn: Turn, case: Case, rule: CategoryRule, near: list[Near], again: Again | None = None
) -> None:
    """A case was opened: with so many of its kind around in the window, they are a problem.

    Args:
        near: the other cases of the kind within reach, the new one not among them.
        again: that the place complains beyond chance (W17) makes fewer cases a problem.
    """
    incident = case.incident
    place = incident.place
    if place.lat is None or place.lon is None:
        return
    if near or _lying_at(turn, rule, place.lat, place.lon) is not None:
        same = _same_place(turn, rule, near)
        here = (incident.incident_id, place.lat, place.lon)
        incident.problem_id = _join(turn, rule, same, here, incident.unit, again)
    border = is_border(turn, place.lat, place.lon, rule.recurrence_radius_m)
    if border and turn.policy.areas.parent(turn.area) is not None:
        note_place(turn, rule.code, incident.opened_at, incident.incident_id, place.lat, place.lon)


def notice_trouble(
    turn: Turn, case: Case, rule: CategoryRule, near: list[Near], again: Again
) -> None:
    """One more complaint of an open case shows that its place complains beyond chance (W17).

    With other cases around it is a problem; alone, the case's own warning tells it.
    """
    incident = case.incident
    if not case.owned:
        return
    if incident.problem_id is not None:
        key = turn.state.get(NAMED, f"{turn.area}/{incident.problem_id}")
        problem = None if key is None else turn.state.get(PROBLEMS, key)
        if problem is not None and problem.state != "closed":
            repeats.on_problem(turn, problem, again=again)
            return
    others = [
        each for each in _same_place(turn, rule, near) if each.incident_id != incident.incident_id
    ]
    lat, lon = incident.place.lat, incident.place.lon
    if others and lat is not None and lon is not None:
        here = (incident.incident_id, lat, lon)
        incident.problem_id = _join(turn, rule, others, here, incident.unit, again)
        turn.keep(case)
        return
    repeats.on_complaint(turn, case, again)


def _lying_at(turn: Turn, rule: CategoryRule, lat: float, lon: float) -> tuple[str, Problem] | None:
    """The problem at the place, however long it has been quiet: one under a measure, or a relapse.

    Without this the first case after a quiet month would belong to nothing, and a measure
    would look better than it was.
    """
    for cell in cells_around(lat, lon, reach_m(rule)):
        key = f"{turn.area}/{rule.code}/{cell}"
        problem = turn.state.get(PROBLEMS, key)
        if problem is None or problem.lat is None or problem.lon is None:
            continue
        if metres(lat, lon, problem.lat, problem.lon) <= rule.recurrence_radius_m:
            return key, problem
    return None


def on_places(turn: Turn, counts: AreaCounts) -> None:
    """Areas below tell where cases near their borders were opened: do they meet at one place?

    Only what spans several areas is a problem of this tier; the areas see their own.
    """
    areas = turn.policy.areas
    for code, texts in counts.places.items():
        rule = turn.policy.category(None, code)
        if rule is None:
            continue
        spots = Spots(turn, rule)
        for text in texts:
            incident_id, lat, lon = parse_place(text)
            near = spots.around(lat, lon)
            if any(each.incident_id == incident_id for each in near):
                continue
            spots.remember(incident_id, lat, lon, counts.bin_start)
            same = _same_place(turn, rule, near)
            homes = {_home(turn, each.incident_id) for each in same}
            homes.add(_home(turn, incident_id))
            if len(homes) > 1:
                _join(turn, rule, same, (incident_id, lat, lon), None)
            reach = rule.recurrence_radius_m
            if areas.parent(turn.area) is not None and is_border(turn, lat, lon, reach):
                note_place(turn, code, counts.bin_start, incident_id, lat, lon)


def _home(turn: Turn, incident_id: str) -> str | None:
    """The area below this one where a case was born; this one itself for its own."""
    return child_towards(turn.policy, turn.area, birth_area(incident_id))


def is_border(turn: Turn, lat: float, lon: float, radius_m: float) -> bool:
    """Whether a place lies so near the border of an area that the next one may share it.

    Without a table of cells nobody knows where the borders are, and recurrence is seen
    within an area only.
    """
    areas = turn.policy.areas
    if areas.cells is None:
        return False
    north = radius_m / METRES_PER_DEGREE
    east = north / max(0.01, cos(radians(lat)))
    for at in ((lat + north, lon), (lat - north, lon), (lat, lon + east), (lat, lon - east)):
        street = areas.locate(*at)
        if street is None or street == turn.area:
            continue
        if turn.tier == "street" or child_towards(turn.policy, turn.area, street) is None:
            return True
    return False


def _same_place(turn: Turn, rule: CategoryRule, near: list[Near]) -> list[Near]:
    """Those within the recurrence's radius and window, oldest first."""
    since = turn.now - timedelta(days=turn.policy.escalation.recurrence_days)
    radius = rule.recurrence_radius_m
    same = [each for each in near if each.metres <= radius and each.opened >= since]
    same.sort(key=lambda each: (each.spot[3], each.incident_id))
    return same


def _cell_key(turn: Turn, rule: CategoryRule, lat: float, lon: float) -> str:
    return f"{turn.area}/{rule.code}/{cell_of(lat, lon, reach_m(rule))}"


def _known(
    turn: Turn, rule: CategoryRule, same: list[Near], here: tuple[str, float, float]
) -> tuple[str, Problem] | None:
    """The problem that a case at the place already belongs to, or that the cell has."""
    for each in same:
        key = _cell_key(turn, rule, each.spot[1], each.spot[2])
        problem = turn.state.get(PROBLEMS, key)
        if problem is not None and each.incident_id in problem.incidents:
            return key, problem
    there = _lying_at(turn, rule, here[1], here[2])
    if there is not None:
        return there
    key = _cell_key(turn, rule, here[1], here[2])
    problem = turn.state.get(PROBLEMS, key)
    return None if problem is None else (key, problem)


def _join(
    turn: Turn,
    rule: CategoryRule,
    same: list[Near],
    here: tuple[str, float, float],
    unit: str | None,
    again: Again | None = None,
) -> str | None:
    """Make the new case part of the place's problem, or of a new one; None: there is none."""
    known = _known(turn, rule, same, here)
    enough = len(same) + 1 >= turn.policy.escalation.recurrence_count
    troubled = again is not None and bool(same)
    if known is None and not enough and not troubled:
        return None
    incident_id, lat, lon = here
    anew = known is None
    if known is None:
        incidents = [each.incident_id for each in same]
        key = _cell_key(turn, rule, lat, lon)
        problem = problem_of(
            problem_id=f"{turn.area}-P-{short_hash(f'{rule.code}/{incidents[0]}')}",
            revision=0,
            state="opened",
            tier=turn.tier,
            area=turn.area,
            category=rule.category,
            title="",
            rule=RULE if enough else _rule_of_trouble(turn),
            incidents=incidents,
            incident_count=len(incidents),
            lat=lat,
            lon=lon,
            owner=unit,
            opened_at=turn.now,
            changed_at=turn.now,
            policy_version=turn.policy.version,
        )
    else:
        key, problem = known
        if incident_id in problem.incidents:
            repeats.on_problem(turn, problem, again=again)
            return problem.problem_id
    problem.incidents = [*problem.incidents, incident_id][-LISTED_INCIDENTS:]
    problem.incident_count += 1
    if problem.state == "closed":
        problem.state, problem.closed_at = "opened", None
        problem.recurred += 1
        anew = True
    problem.title = _title(turn, rule, problem.incident_count)
    publish(turn, key, problem)
    repeats.on_problem(turn, problem, "opened" if anew else "revised", again=again)
    return problem.problem_id


def gather(
    turn: Turn,
    rule: CategoryRule,
    by: str,
    *,
    key: str,
    title: str,
    incidents: list[str],
    where: tuple[float, float],
) -> str:
    """Cases that another rule has found to belong together become one problem, or join it.

    Args:
        rule: the kind of most of them; by: id of the rule that found them.
        key: ``<area>/…``, the same as long as it is the same matter.

    Returns:
        The problem's id.
    """
    problem = turn.state.get(PROBLEMS, key)
    if problem is None:
        problem = problem_of(
            problem_id=f"{turn.area}-P-{short_hash(f'{key}/{incidents[0]}')}",
            revision=0,
            state="opened",
            tier=turn.tier,
            area=turn.area,
            category=rule.category,
            title=title,
            rule=by,
            incidents=[],
            incident_count=0,
            lat=where[0],
            lon=where[1],
            opened_at=turn.now,
            changed_at=turn.now,
            policy_version=turn.policy.version,
        )
    fresh = [each for each in incidents if each not in problem.incidents]
    if not fresh and problem.state != "closed":
        return problem.problem_id
    if problem.state == "closed":
        problem.state, problem.closed_at = "opened", None
        problem.recurred += 1
    problem.incidents = [*problem.incidents, *fresh][-LISTED_INCIDENTS:]
    problem.incident_count += len(fresh)
    problem.title = title
    publish(turn, key, problem)
    return problem.problem_id


def _rule_of_trouble(turn: Turn) -> str:
    rule = turn.policy.triggers.repeats
    return RULE if rule is None else rule.id


def _title(turn: Turn, rule: CategoryRule, number: int) -> str:
    language = turn.policy.language
    kind = rule.name if language == "zh" else rule.name_en
    return words(language, "problem", kind=kind, count=number)


def publish(turn: Turn, key: str, problem: Problem) -> None:
    """Send one revision of a problem, and remember it for as long as a case may still join.

    An open one is looked at again when it has been quiet for a whole window, and when its
    review is due; a closed one is kept for as long as a case at the place is a relapse.
    """
    rules = turn.policy.escalation
    problem.revision += 1
    problem.changed_at = turn.now
    if problem.state == "closed":
        due = turn.now + timedelta(days=rules.relapse_days)
    else:
        due = turn.now + timedelta(days=rules.recurrence_days)
        if problem.review_at is not None:
            due = max(due, problem.review_at)
    turn.state.put(PROBLEMS, key, problem, due)
    turn.state.put(NAMED, f"{turn.area}/{problem.problem_id}", key, due)
    message = problem_event(
        id=f"{problem.problem_id}/{problem.revision}",
        source=turn.source,
        subject=problem.problem_id,
        time=turn.now,
        data=problem.model_copy(),
    )
    turn.send(PROBLEMS_TOPIC, problem.problem_id, message)
    scoring.note_problem(turn, problem)


def on_due(turn: Turn, key: str, problem: Problem) -> None:
    """Nothing of the kind came for a whole window: closed; and after that, forgotten.

    One with a measure waits for its review: being quiet is what the measure was for, but
    somebody has to say so.
    """
    if problem.state == "closed":
        turn.state.delete(PROBLEMS, key)
        return
    if problem.state == "measured" and problem.effective is not True:
        publish(turn, key, problem)  # said again: its review is due, and nobody has looked
        return
    problem.state = "closed"
    problem.closed_at = turn.now
    publish(turn, key, problem)
    repeats.on_problem(turn, problem, "closed")
