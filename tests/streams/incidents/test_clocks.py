"""Pauses, extensions, and the clocks that depend on how far the work is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from streams.incidents import clocks, standstill
from streams.incidents.case import CASES, Case
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

HOUR = timedelta(hours=1)


def held(play: Play, area: str = "A1", stage: str = "street") -> Case:
    """The only case of a desk, as it is stored."""
    (stored,) = (v for k, v in play.city.entries(stage, "incident").items() if k.startswith(area))
    return CASES.decode(stored)


def moments(case: Case, play: Play) -> tuple[Any, ...]:
    """Everything of the work's limits that a pause moves."""
    running = clocks.of_kind(case, clocks.RESOLVE)
    assert running is not None
    return (
        case.incident.due_at,
        case.standard_due,
        running.started_at,
        running.limit_at,
        running.at,
        [clocks.point(running, play.policy, number) for number in range(4)],
        [(each.due_at, each.limit_from) for each in case.incident.reports],
    )


@pytest.mark.parametrize("kind", ["cover", "garbage"])
@pytest.mark.parametrize("own", [False, True])
def test_a_pause_moves_every_limit_and_an_early_end_moves_it_back(
    play: Play, kind: str, own: bool
) -> None:
    play.report(kind, due_at=play.now + 5 * HOUR if own else None)
    case = held(play)
    clocks.standard_due(case, play.policy)
    before = moments(case, play)
    now = play.now + timedelta(minutes=40)
    until = now + timedelta(days=9, minutes=7)
    standstill.pause(case, play.policy, now, until)
    paused = moments(case, play)
    assert paused[0] > until
    suspended = clocks.of_kind(case, clocks.SUSPENDED)
    assert suspended is not None
    assert suspended.at == until
    running = clocks.of_kind(case, clocks.RESOLVE)
    assert running is not None
    assert running.at is not None
    assert running.at > until
    standstill.resume(case, play.policy, now)
    assert moments(case, play) == before
    assert clocks.of_kind(case, clocks.SUSPENDED) is None


def test_a_pause_leaves_as_much_office_time_as_there_was(play: Play) -> None:
    play.report("garbage")  # 4 office hours, from Monday 09:00
    case = held(play)
    two_used = BEGIN + 2 * HOUR
    tuesday = datetime.fromisoformat("2026-03-03T15:00+08:00")
    standstill.pause(case, play.policy, two_used, tuesday)
    assert case.incident.due_at == datetime.fromisoformat("2026-03-03T17:00+08:00")
    running = clocks.of_kind(case, clocks.RESOLVE)
    assert running is not None
    # 70 % are 2.8 of the 4 hours: 48 minutes after it goes on.
    assert running.at == tuesday + timedelta(minutes=48)
    # It goes on only on Wednesday morning, after an outage.
    standstill.resume(case, play.policy, datetime.fromisoformat("2026-03-04T09:00+08:00"))
    assert case.incident.due_at == datetime.fromisoformat("2026-03-04T11:00+08:00")


def test_each_extension_adds_the_first_limit_once_more_and_the_colours_spread_out(
    play: Play,
) -> None:
    play.report("cover")  # 2 hours
    case = held(play)
    now = BEGIN + timedelta(minutes=110)
    running = clocks.of_kind(case, clocks.RESOLVE)
    assert running is not None
    running.stage, case.colour = 90, "yellow"
    version = case.incident.version
    assert standstill.extend(case, play.policy, now) == BEGIN + 4 * HOUR
    assert case.incident.version == version + 1
    running = clocks.of_kind(case, clocks.RESOLVE)
    assert running is not None
    assert case.incident.model_dump()["colour"] is None
    assert running.stage == 0
    assert running.at == BEGIN + 4 * HOUR * 0.7
    assert standstill.extend(case, play.policy, now, granted=1) == BEGIN + 6 * HOUR


def test_an_extension_in_office_time_and_of_a_reports_own_limit(play: Play) -> None:
    play.report("garbage")
    case = held(play)
    assert standstill.extend(case, play.policy, BEGIN) == datetime.fromisoformat(
        "2026-03-03T10:00+08:00"  # eight office hours from Monday 09:00
    )
    other = Play(policy())
    other.report("garbage", due_at=BEGIN + 3 * HOUR)
    case = held(other)
    assert standstill.extend(case, other.policy, BEGIN) == BEGIN + 6 * HOUR
    assert standstill.extend(case, other.policy, BEGIN, granted=1) == BEGIN + 9 * HOUR


PACES = [
    {**row, "accept": "10 minute", "moves_on": "30 minute"} if row["severity"] != ["I", "II"] else
    {**row, "moves_on": "30 minute"}
    for row in RULES["paces"]
]  # fmt: skip


@pytest.fixture
def paced() -> Play:
    return Play(policy(paces=PACES))


def test_a_unit_that_does_not_accept_is_told_to_the_desk_once(paced: Play) -> None:
    paced.report("garbage")
    paced.at(9)
    assert paced.lit("street") == []
    paced.at(10)
    assert paced.lit("street") == [("E2", "yellow")]
    identity = paced.incident().incident_id
    paced.command(identity, "acknowledge")
    assert paced.lit("street") == [("E2", "yellow")]  # seen, but the unit still has not
    paced.command(identity, "redispatch", unit="drains")
    assert paced.lit("street") == []
    paced.at(20)
    assert paced.lit("street") == [("E2", "yellow")]
    paced.command(identity, "accept", role="unit")
    assert paced.lit("street") == []
    paced.at(120)
    assert paced.lit("street") == []


def test_the_units_clock_runs_from_the_dispatch_whatever_desk_owns_it(paced: Play) -> None:
    paced.report("garbage")
    paced.at(5)
    paced.report("garbage", sensitive=["minors"])
    assert paced.incident().tier == "district"
    paced.at(10)
    assert ("E2", "yellow") in paced.lit("district")


def test_e11_an_acknowledgement_expires_when_nothing_moves(paced: Play) -> None:
    paced.report("garbage")
    paced.at(5)
    identity = paced.incident().incident_id
    paced.command(identity, "acknowledge")
    paced.at(34)
    assert paced.incident().tier == "street"
    paced.at(35)
    incident = paced.incident()
    assert (incident.tier, incident.acknowledged_at) == ("district", None)
    assert incident.escalations[-1].rule == "E11"
    assert ("E11", "red") in paced.lit("district")
    assert paced.lit("street") == []
    # The district's own acknowledgement expires in its turn; the city is the last.
    paced.command(identity, "acknowledge", area="A")
    paced.at(65)
    assert paced.incident().tier == "city"
    paced.command(identity, "acknowledge", area="C")
    paced.at(95)
    assert (paced.incident().tier, ("E11", "red") in paced.lit("city")) == ("city", True)


def test_e11_moving_on_begins_the_time_again_and_an_acceptance_ends_it(paced: Play) -> None:
    paced.report("garbage")
    identity = paced.incident().incident_id
    paced.command(identity, "acknowledge")
    paced.at(25)
    paced.command(identity, "redispatch", unit="drains")
    paced.at(50)
    paced.command(identity, "return", role="unit", reason="not ours")
    paced.at(79)
    assert paced.incident().tier == "street"
    paced.command(identity, "redispatch", unit="works")
    paced.command(identity, "accept", role="unit")
    paced.at(160)
    assert paced.incident().tier == "street"


def test_a_case_that_its_cause_holds_back_is_neither_pressed_nor_lifted(play: Play) -> None:
    play.report("cover", severity="IV", urgency="urgent")
    identity = play.incident().incident_id
    stored = f"{CASES.prefix.decode()}A1/{identity}".encode()
    for lane in play.city.lanes["street"]:
        base = lane.partition.base
        if stored in base:
            case = CASES.decode(base[stored][8:])
            case.held = True
            base[stored] = base[stored][:8] + CASES.encode(case)
            (lane.partition.decoded.of(CASES) or {}).pop(stored, None)
    play.at(400)
    incident = play.incident()
    assert (incident.tier, incident.overdue, play.lit("street")) == ("street", True, [])
    case = held(play)
    case.held = False
    standstill.let_go(case, play.policy, play.now)
    spoken = {each.kind: each.at for each in case.clocks}
    assert spoken["resolve"] == BEGIN + timedelta(minutes=84)
    assert spoken["acknowledge"] == play.now + timedelta(minutes=10)
