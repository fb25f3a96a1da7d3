"""Which unit has which open case at a desk, so that late work is seen before it is late (W11)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from streams.incidents import lifecycle
from streams.incidents.case import Case
from streams.state import Namespace
from streams.warning.workload import Workload, as_plain, from_plain

if TYPE_CHECKING:
    from streams.incidents.turn import Turn

LOADS: Namespace[Workload] = Namespace(
    name="workload",
    encode=lambda load: orjson.dumps(as_plain(load)),
    decode=lambda stored: from_plain(orjson.loads(stored)),
    lifetime="ever: one entry for each unit that works for a desk",
    rank=7,
    decoded=5_000,
)
"""Key ``<area>/<unit>``. Due when its risk is looked at again."""

FOLLOWED: Namespace[str] = Namespace(
    name="followed",
    encode=str.encode,
    decode=bytes.decode,
    lifetime="while its case is open with a unit",
    rank=8,
)
"""Key ``<area>/<incident id>``: the unit that the case is followed at."""


def minutes(moment: datetime) -> float:
    """Minutes since 1970."""
    return moment.timestamp() / 60


def follow(turn: Turn, case: Case) -> None:
    """The case has changed: it may have come to a unit, left it, got another limit, or be done."""
    rule = turn.policy.triggers.deadline_risk
    if rule is None:
        return
    incident = case.incident
    running = case.given_to is None and incident.state in lifecycle.RUNNING
    due = incident.due_at
    unit = incident.unit if running and due is not None else None
    followed = (unit, None if unit is None else due)
    if case.followed == followed:
        return
    case.followed = followed
    key = f"{turn.area}/{incident.incident_id}"
    before = turn.state.get(FOLLOWED, key)
    if before is not None and before != unit:
        load = turn.state.get(LOADS, f"{turn.area}/{before}") or Workload()
        done = incident.resolved_at if incident.state not in lifecycle.OPEN else None
        load.end(incident.incident_id, None if done is None else minutes(done))
        _keep(turn, before, load, rule.every_s)
        if unit is None:
            turn.state.delete(FOLLOWED, key)
    if unit is None or due is None:
        return
    load = turn.state.get(LOADS, f"{turn.area}/{unit}") or Workload()
    known = load.open.get(incident.incident_id)
    limit = minutes(due)
    if before == unit and known is not None and known[2] == limit:
        return
    load.begin(incident.incident_id, incident.category.code, minutes(incident.opened_at), limit)
    _keep(turn, unit, load, rule.every_s)
    if before != unit:
        turn.state.put(FOLLOWED, key, unit)


def _keep(turn: Turn, unit: str, load: Workload, every_s: float) -> None:
    turn.state.put(LOADS, f"{turn.area}/{unit}", load, next_look(turn.now, every_s, load))


def next_look(now: datetime, every_s: float, load: Workload) -> datetime | None:
    """When the risk is looked at next: on the round, while anything is open."""
    if not load.open:
        return None
    passed = now.timestamp() % every_s
    return now + timedelta(seconds=every_s - passed)
