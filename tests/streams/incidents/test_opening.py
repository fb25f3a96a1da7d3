"""Reports become cases, join open ones, or are settled on the spot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from streams import topics


def test_a_report_opens_a_case_that_is_routed_and_has_its_clocks(play: Any) -> None:
    report_id = play.report("cover")
    incident = play.incident()
    assert incident.incident_id.startswith("A1-260302-")
    assert (incident.state, incident.tier, incident.area) == ("dispatched", "street", "A1")
    assert (incident.unit, incident.assisting) == ("works", ["police"])
    assert incident.due_at == play.now + timedelta(hours=2)
    assert incident.version == 1
    (reply,) = play.replies(report_id)
    assert (reply.outcome, reply.incident_id) == ("accepted", incident.incident_id)
    assert (reply.unit, reply.due_at) == ("works", incident.due_at)
    assert play.actions(incident.incident_id) == ["open"]


def test_the_same_report_again_changes_nothing(play: Any) -> None:
    report_id = play.report("cover")
    before = len(play.said)
    play.report("cover", name=report_id)
    assert len(play.said) == before


def test_the_same_matter_at_the_same_place_joins_the_open_case(play: Any) -> None:
    first = play.report("cover")
    play.at(30)
    second = play.report("cover", east_m=40)
    incident = play.incident()
    assert [each.report_id for each in incident.reports] == [first, second]
    assert incident.report_count == 2
    assert incident.version == 1
    (reply,) = play.replies(second)
    assert (reply.outcome, reply.incident_id) == ("merged", incident.incident_id)


@pytest.mark.parametrize(
    ("kind", "east_m", "after_min"),
    [
        ("garbage", 0, 1),  # another kind
        ("cover", 60, 1),  # too far
        ("cover", 0, 60 * 25),  # too late
    ],
)
def test_another_kind_place_or_time_is_another_case(
    play: Any, kind: str, east_m: float, after_min: float
) -> None:
    play.report("cover", severity="V")
    play.at(after_min)
    play.report(kind, east_m=east_m)
    assert len(play.incidents()) == 2


def test_places_are_compared_across_the_edges_of_cells(make_play: Any, rules: Any) -> None:
    for offset in range(0, 120, 7):
        play = make_play(rules())
        play.report("garbage", east_m=offset)
        play.report("garbage", east_m=offset + 49)
        play.report("garbage", east_m=offset - 49)
        assert len(play.incidents()) == 1, offset


def test_kinds_without_a_radius_and_reports_without_a_place_never_merge(play: Any) -> None:
    play.report("form")
    play.report("form")
    play.report("garbage", place=False)
    play.report("garbage", place=False)
    play.report("garbage", mergeable=False)
    play.report("garbage", mergeable=False)
    assert len(play.incidents()) == 6


def test_a_full_case_takes_no_more_reports(play: Any) -> None:
    for _ in range(103):
        play.report("garbage", run=False)
    play.city.run(play.now)
    sizes = sorted(len(incident.reports) for incident in play.incidents().values())
    assert sizes == [3, 100]


def test_what_the_grid_settled_on_the_spot_opens_and_closes_at_once(play: Any) -> None:
    report_id = play.report("garbage", self_handled=True)
    incident = play.incident()
    assert incident.state == "closed"
    assert incident.self_handled
    assert incident.reports[0].ended_at == play.now
    assert [reply.outcome for reply in play.replies(report_id)] == ["answered"]
    assert play.actions(incident.incident_id) == ["self_handle"]
    play.at(60 * 24 * 2)
    assert play.heard("street.alerts") == []


def test_a_case_at_the_place_of_a_closed_one_is_linked_to_it(play: Any) -> None:
    first = play.report("garbage")
    play.update(first, "closed")
    play.report("garbage")
    old, new = play.incidents().values()
    assert (old.state, new.recurrence_of) == ("closed", old.incident_id)


def test_a_synthetic_desk_acknowledges_and_accepts_at_opening(make_play: Any, rules: Any) -> None:
    play = make_play(rules(desk={"synthetic_acceptance": True}))
    play.report("cover")
    incident = play.incident()
    assert incident.state == "accepted"
    assert incident.acknowledged_at == incident.accepted_at == play.now
    accept = play.audit(incident.incident_id)[-1]
    assert (accept.action, accept.actor.synthetic) == ("accept", True)
    play.at(60)
    assert play.heard("street.alerts") == []


def test_an_unknown_kind_is_set_aside_with_its_reason(play: Any) -> None:
    category = play.policy.category(None, "cover").category.model_copy(update={"code": "nope"})
    play.report("cover", category=category)
    assert play.dead() == ["unknown_category"]


def test_a_key_that_is_no_desk_of_the_tier_is_set_aside(play: Any) -> None:
    play.report("cover", run=False)
    lane = play.city.lanes["street"]
    records = [record for each in lane for record in each.waiting]
    play.city.publish(topics.STREET_INBOX, "nowhere", records[0].value)
    play.city.run(play.now)
    assert play.dead() == ["unknown_area"]
