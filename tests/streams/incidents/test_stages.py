"""A staged limit: each stage has its own clock, alert and verdict."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from streams.policy.check import mismatches
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

STAGES = [
    {"name": "stop", "title": "Stopped", "limit": "4 work_hour"},
    {"name": "fine", "title": "Fined", "limit": "2 work_day"},
]
HOUR = timedelta(hours=1)


def staged(**changes: Any) -> Any:
    return policy(
        stages={"garbage": STAGES},
        limits={**RULES["limits"], "garbage": "4 work_day"},
        desk={"synthetic_acceptance": True, "closes_after": "30 minute"},
        **changes,
    )


@pytest.fixture
def play() -> Play:
    played = Play(staged())
    played.report("garbage")
    return played


def verdicts(play: Play) -> list[tuple[str, bool, bool | None]]:
    """(stage, done, late) of each stage."""
    return [(v.stage, v.done_at is not None, v.overdue) for v in play.incident().stages or ()]


def finish(play: Play, stage: str) -> Any:
    area = play.incident().area
    return play.command(play.incident().incident_id, "stage", area=area, role="unit", stage=stage)


def test_each_stage_is_coloured_by_its_own_limit_and_has_its_own_verdict(play: Play) -> None:
    play.at(2.8 * 60 - 1)
    assert play.lit("street") == []
    play.at(2.8 * 60)  # 70 % of the first stage, in office time
    (alert,) = play.alerts("street").values()
    assert (alert.colour, alert.title) == ("blue", "Stopped: its limit is near：Garbage, A1")
    assert finish(play, "stop").outcome == "applied"
    assert play.lit("street") == []
    assert verdicts(play) == [("stop", True, False), ("fine", False, None)]
    assert finish(play, "stop").reason.code == "unknown_stage"
    assert finish(play, "paint").outcome == "not_found"
    assert play.chains_hold()


def test_a_late_stage_lifts_the_case_once_and_keeps_its_verdict(play: Play) -> None:
    play.at(5 * 60)  # the fourth office hour ends at 14:00
    incident = play.incident()
    assert (incident.tier, incident.overdue) == ("district", False)
    lift = incident.escalations[-1]
    assert (lift.rule, lift.reason) == ("E2", "Stopped: limit passed")
    assert verdicts(play)[0] == ("stop", False, True)
    play.at(8 * 60 + 10)  # 150 % of it: the stage lifts no more
    assert play.incident().tier == "district"
    finish(play, "stop")
    assert verdicts(play)[0] == ("stop", True, True)
    # The next stage is late on its own account.
    play.at(60 * 24 * 2 + 1)
    assert play.incident().tier == "city"


def test_the_end_of_the_work_is_the_end_of_its_stages(play: Play) -> None:
    play.at(60)
    play.command(play.incident().incident_id, "resolve", role="unit")
    assert verdicts(play) == [("stop", True, False), ("fine", True, False)]
    play.at(60 * 24 * 3)
    assert play.incident().escalations == []


def test_a_pause_moves_the_stages_too(play: Play) -> None:
    from streams.incidents import standstill
    from tests.streams.incidents.test_clocks import held

    case = held(play)
    standstill.pause(case, play.policy, BEGIN + HOUR, BEGIN + HOUR + timedelta(days=7))
    assert [v.due_at for v in case.incident.stages or ()] == [
        datetime.fromisoformat("2026-03-09T14:00+08:00"),
        datetime.fromisoformat("2026-03-10T17:00+08:00"),
    ]


def test_a_stage_that_ends_after_the_whole_work_is_refused() -> None:
    late = {"name": "late", "title": "Late", "limit": "5 work_day"}
    rules = policy(
        stages={"garbage": [*STAGES, STAGES[0], late]},
        limits={**RULES["limits"], "garbage": "4 work_day"},
    )
    assert [(m.where, m.got) for m in mismatches(rules) if m.where[0] == "stages"] == [
        (("stages", "garbage", 2, "name"), "'stop' again"),
        (("stages", "garbage", 3, "limit"), "5 work_day"),
    ]
