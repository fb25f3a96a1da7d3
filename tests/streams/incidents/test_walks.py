"""Long walks through what replies allow: orders, reports, devices and time in any order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from schemas.terms import Actor
from streams.incidents import lifecycle
from streams.incidents.commands import OFFERED
from tests.streams.incidents.test_invariants import (
    AREAS,
    STREETS,
    arguments_for,
    check,
    order,
    play_step,
)

STEPS = 60
CAUSES = [
    {
        "id": "burst",
        "title": "burst main",
        "cause": ["water", "gas"],
        "consequences": ["form", "garbage"],
    }
]


def ordered(play: Any, chance: random.Random) -> None:
    """Somebody orders what the state of some case allows to such a role."""
    incident = chance.choice(list(play.incidents().values()))
    role = chance.choice(("operator", "unit", "supervisor", "department"))
    actor = Actor.model_validate({"id": "x", "role": role})
    allowed = lifecycle.allowed(incident.state, actor, OFFERED)
    if not allowed:
        return
    action = chance.choice(allowed)
    area = incident.area if chance.random() < 0.85 else chance.choice(AREAS)
    arguments = arguments_for(play, incident.incident_id, action, chance.randrange(10))
    below = play.policy.areas.children(incident.area)
    if action == "delegate" and below:
        arguments = {"area": chance.choice(below)}
    order(play, incident.incident_id, action, area, role, arguments)


def happened(chance: random.Random) -> tuple[Any, ...]:
    """Something else happens: a report, an update, a reading, or time passes."""
    return chance.choice(
        (
            (
                "report",
                chance.choice(("cover", "garbage", "gas", "orphan", "water", "form")),
                chance.choice((*STREETS, None)),
                chance.choice((0, 30, 500)),
                chance.choice(((), (), ("minors",), ("A1", "A2"), ("A1", "B1"), "self")),
            ),
            (
                "update",
                chance.randrange(30),
                chance.choice(
                    ("accepted", "resolved", "closed", "withdrawn", "not_fixed", "callback")
                ),
            ),
            (
                "finding",
                chance.choice(("opened", "raised", "cleared")),
                chance.choice(STREETS),
                chance.choice(("V", "IV", "III", "II")),
            ),
            ("pass", chance.choice((1, 10, 60, 300, 3_000))),
        )
    )


@pytest.mark.parametrize("seed", [3, 21, 58, 104, 133, 157, 203, 276, 318, 377])
def test_a_walk_by_what_is_allowed_keeps_the_invariants(
    make_play: Any, rules: Any, seed: int
) -> None:
    chance = random.Random(seed)
    orders = {"verification": {"within": "30 minute"}, "flapping_within": "10 minute"}
    changes: dict[str, Any] = {"orders": orders} if chance.random() < 0.5 else {}
    if chance.random() < 0.5:
        changes["causes"] = CAUSES
    play = make_play(rules(**changes))
    reports: list[tuple[str, str]] = []
    for _ in range(STEPS):
        if reports and chance.random() < 0.6:
            ordered(play, chance)
        elif chance.random() < 0.1:
            area = chance.choice((*STREETS, None))
            reports.append((play.report("cover", area=area, place=False), area or "desk"))
        else:
            play_step(play, happened(chance), reports)
    check(play, reports)
    assert play.dead() == []
