"""What a case really is: level (E8, E9), marks (E7), kind and place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def opened(play: Any, kind: str = "cover", **fields: Any) -> str:
    """The id of a new case."""
    play.report(kind, **fields)
    return str(play.incident().incident_id)


def code(reply: Any) -> str:
    """Why an order was refused."""
    return str(reply.reason.code)


def test_e9_a_level_set_above_is_not_lowered_below(play: Any) -> None:
    incident_id = opened(play, "water")  # IV, the street's
    reply = play.command(incident_id, "regrade", reason="deep", severity="III")
    assert reply.outcome == "applied"
    incident = play.incident()
    assert (incident.severity, incident.tier, incident.floor) == ("III", "district", None)
    play.command(incident_id, "regrade", area="A", reason="deeper", severity="II")
    assert (play.incident().tier, play.incident().floor_tier) == ("city", "district")
    reply = play.command(incident_id, "regrade", area="A", reason="no", severity="IV")
    assert (reply.outcome, code(reply)) == ("forbidden", "only_the_owner_lowers")
    reply = play.command(incident_id, "regrade", area="C", reason="receding", severity="III")
    assert reply.outcome == "applied"
    assert (play.incident().floor, play.incident().floor_tier) == ("III", "city")
    play.command(incident_id, "acknowledge", area="C")
    order(play, incident_id, "delegate", "C", {"area": "A"})
    assert (play.incident().tier, play.incident().floor) == ("district", "III")
    reply = play.command(incident_id, "regrade", area="A", reason="dry", severity="IV")
    assert (reply.outcome, code(reply)) == ("forbidden", "below_the_floor")
    assert play.incident().severity == "III"


def test_a_tier_above_raises_what_never_left_its_street(play: Any) -> None:
    incident_id = opened(play)
    reply = play.command(incident_id, "regrade", area="A", reason="school", severity="IV")
    assert reply.outcome == "applied"
    incident = play.incident()
    assert (incident.tier, incident.severity, incident.floor_tier) == ("street", "IV", "district")
    reply = play.command(incident_id, "regrade", reason="no", severity="V")
    assert code(reply) == "below_the_floor"


def test_e8_only_the_owner_lowers_and_says_why(play: Any) -> None:
    incident_id = opened(play, "water")
    assert code(play.command(incident_id, "regrade", severity="V")) == "reason_missing"
    assert code(play.command(incident_id, "regrade", reason="x", severity="IV")) == "no_change"
    due = play.incident().due_at
    assert (
        play.command(incident_id, "regrade", reason="a puddle", severity="V").outcome == "applied"
    )
    assert (play.incident().severity, play.incident().due_at) == ("V", due)
    entry = play.audit(incident_id)[-1]
    assert (entry.action, entry.detail["before"], entry.reason) == ("regrade", "IV", "a puddle")


def test_e7_a_mark_calls_the_district(play: Any) -> None:
    incident_id = opened(play)
    reply = play.command(incident_id, "mark", marks=["group_event"])
    assert reply.outcome == "applied"
    assert (play.incident().tier, play.incident().escalations[-1].rule) == ("district", "E7")
    assert code(play.command(incident_id, "mark", area="A", marks=["group_event"])) == "no_change"


def test_another_kind_has_another_limit_from_the_same_beginning(play: Any) -> None:
    incident_id = opened(play)
    begun = play.now
    play.at(30)
    reply = play.command(incident_id, "correct_category", reason="seen", category="orphan")
    assert reply.outcome == "applied"
    incident = play.incident()
    assert incident.category.code == "orphan"
    assert incident.due_at == begun + timedelta(days=7)
    assert incident.unit == "works"  # nobody answers for the kind; who was sent stays
    reply = play.command(
        incident_id, "correct_category", reason="seen", category="garbage", unit="drains"
    )
    incident = play.incident()
    assert (incident.unit, incident.state) == ("drains", "dispatched")
    assert incident.due_at == begun + timedelta(hours=5)  # four hours of office time, and lunch
    # New reports of its old kind open a case of their own; those of the new kind join it.
    play.report("garbage")
    assert play.incident().report_count == 2
    play.report("cover")
    assert len(play.incidents()) == 2


def test_a_graver_kind_lifts_the_case(play: Any) -> None:
    incident_id = opened(play)
    play.command(incident_id, "correct_category", reason="smell", category="gas")
    incident = play.incident()
    assert (incident.severity, incident.tier) == ("III", "district")


def test_a_place_out_of_the_street_is_for_the_district_to_give(play: Any) -> None:
    incident_id = opened(play)
    reply = play.command(incident_id, "correct_place", reason="seen", address="No. 5")
    assert reply.outcome == "applied"
    assert (play.incident().place.address, play.incident().tier) == ("No. 5", "street")
    assert code(play.command(incident_id, "correct_place", reason="x")) == "argument_missing"
    assert code(play.command(incident_id, "correct_place", reason="x", lat=1.0)) == "wrong_argument"
    order(play, incident_id, "correct_place", "A1", {"area": "A2"})
    incident = play.incident()
    assert (incident.tier, incident.place.street) == ("district", "A2")
    assert incident.escalations[-1].rule == "correction"


def test_a_corrected_point_is_where_reports_join(play: Any) -> None:
    incident_id = opened(play)
    play.command(incident_id, "correct_place", reason="seen", lat=30.01, lon=104.0)
    play.report("cover")
    assert len(play.incidents()) == 2
    play.report("cover", area="A1", east_m=0)
    assert len(play.incidents()) == 2
    assert play.incidents()[incident_id].report_count == 1


def order(play: Any, incident_id: str, action: str, area: str, arguments: dict[str, Any]) -> None:
    """An order with an argument that is named like the area of who gives it."""
    from tests.streams.incidents.test_invariants import order as give

    assert give(play, incident_id, action, area, "operator", arguments).outcome == "applied"
