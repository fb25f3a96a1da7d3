"""Handing up, down and back: what waits for a tier, what comes back, and what may be lowered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.streams.incidents.play import RULES, Play, minutes, policy
from tests.streams.incidents.test_invariants import order

CALM = {**RULES["escalation"], "calm": "30 minute"}


def lifts(play: Play) -> list[tuple[str, str, str]]:
    """(rule, from, to) of each change of hands."""
    return [(e.rule, e.from_area, e.to_area) for e in play.incident().escalations]


def stop(play: Play, *stages: str) -> None:
    """Workers of these stages die: what is sent to them waits."""
    play.city.stopped = frozenset(stages)


def go_on(play: Play, *stages: str) -> None:
    """They are back, and find all that has waited."""
    play.city.stopped -= frozenset(stages)
    play.city.run(play.now)


def delegate(play: Play, area: str = "A", to: str = "A1") -> str:
    identity = play.incident().incident_id
    reply = order(play, identity, "delegate", area, "operator", {"area": to})
    assert reply.outcome == "applied", reply
    return identity


# -- what waits for the tier above ---------------------------------------------


def test_a_case_waits_until_the_tier_above_has_taken_it_over(play: Play) -> None:
    stop(play, "district")
    play.report("gas")
    incident = play.incident()
    assert (incident.tier, incident.area, incident.handed_at) == ("district", "A", play.now)
    given = play.now
    play.at(600)
    assert play.incident().handed_at == given
    go_on(play, "district")
    assert play.now == given + minutes(600)
    incident = play.incident()
    assert (incident.area, incident.handed_at) == ("A", None)
    entry = play.audit(incident.incident_id)[-1]
    assert (entry.action, entry.at, entry.detail["from_area"]) == ("take_over", play.now, "A1")


# -- delegation ----------------------------------------------------------------


def test_a_delegated_case_stays_below_although_its_level_wants_it_above(play: Play) -> None:
    play.report("gas")
    identity = delegate(play)
    play.command(identity, "acknowledge", area="A1")
    play.report("gas")
    play.command(identity, "return", area="A1", role="unit", reason="not ours")
    assert (play.incident().area, play.incident().supervised_by) == ("A1", "A")
    # What speaks anew for the tier above calls it all the same: a mark, a second return.
    play.report("gas", sensitive=["minors"])
    assert lifts(play)[-1] == ("E7", "A1", "A")
    assert play.incident().supervised_by is None


def test_e5_calls_again_when_the_case_is_returned_after_its_delegation(play: Play) -> None:
    play.report("cover")
    identity = play.incident().incident_id
    for unit in ("works", "drains"):
        play.command(identity, "return", role="unit", reason="not ours")
        play.command(identity, "redispatch", area=play.incident().area, unit=unit)
    assert lifts(play)[-1] == ("E5", "A1", "A")
    delegate(play)
    play.command(identity, "acknowledge")
    play.report("cover")
    assert play.incident().area == "A1"
    play.command(identity, "return", role="unit", reason="not ours either")
    assert lifts(play)[-1] == ("E5", "A1", "A")


def test_a_graver_case_comes_back_to_the_tier_that_delegated_it(play: Play) -> None:
    play.report("gas")
    delegate(play)
    play.report("gas", severity="II")
    assert lifts(play)[-2:] == [("E1", "A1", "A"), ("E1", "A", "C")]


def test_a_delegated_case_that_nobody_takes_up_comes_back(play: Play) -> None:
    # No pace lifts a Ⅱ for want of an acknowledgement.
    play.report("cover", severity="II", due_at=play.now + minutes(600))
    delegate(play, "C", "A")
    play.at(59)
    assert play.incident().area == "A"
    play.at(60)
    assert lifts(play)[-1] == ("E2", "A", "C")
    delegate(play, "C", "A")
    play.command(play.incident().incident_id, "acknowledge", area="A")
    play.at(180)
    assert play.incident().area == "A"


# -- E8: given back by the owner, with a reason ---------------------------------


def test_e8_what_only_a_device_made_grave_goes_back_when_all_is_calm(make_play: Any) -> None:
    play: Play = make_play(policy(escalation=CALM))
    play.report("water")
    play.finding("W3", severity="III")
    assert (play.incident().severity, play.incident().area) == ("III", "A")
    play.command(play.incident().incident_id, "acknowledge", area="A")
    play.at(10)
    play.finding("W3", "cleared")
    play.at(39)
    assert play.incident().area == "A"
    play.finding("W3", finding_id="again", severity="III")  # it alarms again: not calm yet
    play.at(45)
    play.finding("W3", "cleared", finding_id="again")
    play.at(74)
    assert play.incident().area == "A"
    play.at(75)
    incident = play.incident()
    assert (incident.severity, incident.area, incident.supervised_by) == ("IV", "A1", None)
    assert lifts(play)[-1] == ("E8", "A", "A1")
    assert [e.rule for e in play.audit(incident.incident_id)][-3:] == ["E8", "E8", None]
    # The tier that gave it back holds a shadow until it hears of the end.
    play.update(incident.reports[0].report_id, "closed")
    assert play.cases("district")[f"A/{incident.incident_id}"]["data"]["state"] == "closed"
    assert play.chains_hold()


@pytest.mark.parametrize("mark", [True, False])
def test_e8_it_stays_above_while_something_else_wants_it_there(make_play: Any, mark: bool) -> None:
    play: Play = make_play(policy(escalation=CALM))
    play.report("water", sensitive=["casualties"] if mark else [])
    if not mark:
        play.report("water", severity="III")
    play.finding("W3", severity="II")
    assert play.incident().area == "C"
    play.finding("W3", "cleared")
    play.command(play.incident().incident_id, "acknowledge", area="C")
    play.at(30)
    # A person's Ⅲ, or a mark, holds it at the district; the device's Ⅱ is gone.
    assert lifts(play)[-1] == ("E8", "C", "A")
    assert play.incident().severity == ("IV" if mark else "III")
    assert play.chains_hold()


# -- E10 -------------------------------------------------------------------------


def test_e10_the_id_never_changes_up_down_and_back(play: Play) -> None:
    play.report("cover", severity="II")
    identity = play.incident().incident_id
    assert identity.startswith("A1-")
    delegate(play, "C", "A")
    delegate(play, "A", "A2")
    play.at(300)
    assert len(lifts(play)) > 4
    assert set(play.incidents()) == {identity}
