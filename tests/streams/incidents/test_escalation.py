"""The escalation rules, each by its name: E1, E2, E4, E5, E6, E7."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest


def last_rule(incident: Any) -> tuple[str, str, str]:
    """The last lift of an incident."""
    lift = incident.escalations[-1]
    return lift.rule, lift.from_area, lift.to_area


# -- E1 ------------------------------------------------------------------------


def test_e1_a_case_of_level_three_is_the_districts_and_the_city_gets_a_copy(play: Any) -> None:
    play.report("gas")
    incident = play.incident()
    assert (incident.tier, incident.area) == ("district", "A")
    assert last_rule(incident) == ("E1", "A1", "A")
    assert ("E1", "yellow") in play.lit("district")
    assert play.lit("city") == [("E1", "yellow")]
    assert play.cases("city") == {}


@pytest.mark.parametrize("severity", ["I", "II"])
def test_e1_a_case_of_level_two_goes_to_the_city_through_the_district(
    play: Any, severity: str
) -> None:
    play.report("cover", severity=severity)
    incident = play.incident()
    assert (incident.tier, incident.area) == ("city", "C")
    assert [(e.rule, e.to_area) for e in incident.escalations] == [("E1", "A"), ("E1", "C")]
    assert list(play.cases("district")) == [f"A/{incident.incident_id}"]
    assert play.cases("district")[f"A/{incident.incident_id}"]["given_to"] == "C"


def test_e1_an_urgent_case_of_level_four_stays_and_the_district_gets_a_copy(play: Any) -> None:
    play.report("cover", severity="IV", urgency="urgent")
    assert play.incident().tier == "street"
    assert f"A/{play.incident().incident_id}" in play.city.entries("district", "copy")
    assert play.lit("district") == []


def test_a_copy_is_dropped_when_the_case_ends(play: Any) -> None:
    report_id = play.report("cover", severity="IV", urgency="urgent")
    play.update(report_id, "closed")
    assert play.city.entries("district", "copy") == {}


# -- E2 ------------------------------------------------------------------------


def test_e2_a_case_that_no_desk_acknowledges_goes_one_tier_up(play: Any) -> None:
    report_id = play.report("water", severity="IV", urgency="urgent")
    assert report_id
    play.at(9)
    assert play.lit("street") == []
    play.at(10)
    assert play.lit("street") == [("E2", "blue")]
    play.at(19)
    assert play.incident().tier == "street"
    play.at(20)
    incident = play.incident()
    assert (incident.tier, incident.area) == ("district", "A")
    assert last_rule(incident) == ("E2", "A1", "A")
    assert play.lit("street") == []
    assert play.lit("district") == [("E2", "red")]


def test_e2_an_acknowledged_case_is_not_lifted_for_that(play: Any) -> None:
    play.report("water", severity="IV", urgency="urgent")
    play.at(5)
    assert play.command(play.incident().incident_id, "acknowledge").outcome == "applied"
    play.at(25)
    assert play.incident().tier == "street"


def test_e2_a_units_acceptance_is_as_good_as_an_acknowledgement(play: Any) -> None:
    report_id = play.report("water", severity="IV", urgency="urgent")
    play.at(15)
    assert play.lit("street") == [("E2", "blue")]
    play.update(report_id, "accepted")
    assert play.incident().acknowledged_at == play.now
    assert play.lit("street") == []
    play.at(30)
    assert play.incident().tier == "street"


def test_e2_supervision_colours_and_lifts_at_70_90_100_and_150_percent(
    make_play: Any, rules: Any
) -> None:
    play = make_play(rules(desk={"synthetic_acceptance": True}))
    play.report("cover")
    seen = []
    for minute in (83, 84, 107, 108, 119, 120, 179, 180):
        play.at(minute)
        incident = play.incident()
        lit = [colour for trigger, colour in play.lit("street") if trigger == "deadline"]
        seen.append((incident.tier, lit, incident.overdue))
    assert seen == [
        ("street", [], False),
        ("street", ["blue"], False),
        ("street", ["blue"], False),
        ("street", ["yellow"], False),
        ("street", ["yellow"], False),
        ("district", [], True),
        ("district", [], True),
        ("city", [], True),
    ]
    assert play.incident().colour == "red2"
    deadline = [
        (alert.state, alert.colour)
        for alert in play.heard("street.alerts")
        if alert.trigger.id == "deadline"
    ]
    assert deadline == [("opened", "blue"), ("raised", "yellow"), ("closed", "yellow")]
    assert all(alert.scale == "supervision" for alert in play.heard("street.alerts"))
    assert play.lit("district") == []
    assert play.lit("city") == [("E2", "red")]
    assert play.chains_hold()


def test_e2_a_limit_of_office_hours_is_coloured_in_office_hours(make_play: Any, rules: Any) -> None:
    play = make_play(rules(desk={"synthetic_acceptance": True}))
    play.at(60 * 6)  # 15:00 of Monday; 4 office hours end on Tuesday 11:00
    play.report("garbage")
    assert play.incident().due_at == play.now + timedelta(hours=20)
    play.at(60 * 23)  # 08:00 of Tuesday: only 2 office hours are used
    assert play.lit("street") == []
    play.at(60 * 24 + 48)  # 09:48
    assert play.lit("street") == [("deadline", "blue")]


def test_e2_a_long_outage_lifts_one_tier_only_and_keeps_the_distance(
    make_play: Any, rules: Any
) -> None:
    play = make_play(rules(desk={"synthetic_acceptance": True}))
    play.report("cover")
    # Nobody worked for a day: all deadlines come due at one moment.
    for stage in ("street", "district", "city"):
        assert play.city.lanes[stage]
    play.city.run(play.now + timedelta(days=1))
    assert play.incident().tier == "district"
    play.city.run(play.now + timedelta(minutes=59))
    assert play.incident().tier == "district"
    play.city.run(play.now + timedelta(minutes=1))
    assert play.incident().tier == "city"


def test_e2_the_limit_is_the_earliest_of_the_open_reports(make_play: Any, rules: Any) -> None:
    play = make_play(rules(desk={"synthetic_acceptance": True}))
    late = play.report("cover", due_at=play.now + timedelta(hours=10))
    soon = play.report("cover", due_at=play.now + timedelta(hours=1))
    assert play.incident().due_at == play.now + timedelta(hours=1)
    assert play.incident().version == 3
    play.at(30)
    play.update(soon, "closed")
    assert play.incident().due_at == play.incident().reports[0].due_at
    play.at(90)
    incident = play.incident()
    assert (incident.overdue, incident.tier) == (False, "street")
    play.at(60 * 10 + 1)
    incident = play.incident()
    assert [(r.report_id, r.overdue) for r in incident.reports] == [(late, True), (soon, False)]
    assert (incident.overdue, incident.tier) == (True, "district")


# -- E4 ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("areas", "tier"),
    [
        (["A1"], "street"),
        (["A1", "A2"], "district"),
        (["A2"], "district"),
        (["A1", "B1"], "city"),
        (["A", "B"], "city"),
    ],
)
def test_e4_a_place_that_spans_areas_belongs_to_the_tier_above(
    play: Any, areas: list[str], tier: str
) -> None:
    play.report("garbage", areas=areas)
    incident = play.incident()
    assert incident.tier == tier
    assert all(lift.rule == "E4" for lift in incident.escalations)


def test_e4_a_later_report_may_show_that_the_place_spans_more(play: Any) -> None:
    play.report("garbage")
    play.report("garbage", areas=["A2"])
    assert last_rule(play.incident()) == ("E4", "A1", "A")


# -- E5 ------------------------------------------------------------------------


def test_e5_a_kind_that_nobody_answers_for_goes_to_the_district(play: Any) -> None:
    play.report("orphan")
    incident = play.incident()
    assert (incident.state, incident.unit) == ("registered", None)
    assert last_rule(incident) == ("E5", "A1", "A")
    reply = play.command(incident.incident_id, "dispatch", area="A", unit="drains")
    assert reply.outcome == "applied"
    assert (play.incident().state, play.incident().unit) == ("dispatched", "drains")


def test_e5_two_returns_of_one_case_let_the_district_decide(play: Any) -> None:
    play.report("cover")
    incident_id = play.incident().incident_id
    assert play.command(incident_id, "return", role="unit", reason="not ours").outcome == "applied"
    assert (play.incident().state, play.incident().unit) == ("returned", None)
    play.command(incident_id, "redispatch", unit="drains")
    play.command(incident_id, "return", role="unit", reason="not ours either")
    incident = play.incident()
    assert incident.returns == 2
    assert last_rule(incident) == ("E5", "A1", "A")


def test_e5_the_fallback_desk_opens_what_nobody_can_place(play: Any) -> None:
    report_id = play.report("garbage", area=None, place=False)
    incident = play.incident()
    assert (incident.tier, incident.area) == ("district", "desk")
    assert incident.incident_id.startswith("desk-")
    assert play.audit(incident.incident_id)[0].rule == "E5"
    play.update(report_id, "closed", area="desk")
    assert play.incident().state == "closed"


# -- E6 ------------------------------------------------------------------------


def test_e6_the_third_case_of_a_kind_at_a_place_makes_a_problem(play: Any) -> None:
    ids = []
    for day in range(4):
        play.at(60 * 24 * day)
        report_id = play.report("garbage", east_m=day * 10)
        ids.append(list(play.incidents())[-1])
        play.update(report_id, "closed")
        problems = list(play.problems().values())
        if day < 2:
            assert problems == []
        else:
            (problem,) = problems
            assert (problem.rule, problem.tier, problem.area) == ("E6", "street", "A1")
            assert problem.incidents == ids
            assert problem.revision == day - 1
            assert play.incidents()[ids[-1]].problem_id == problem.problem_id


def test_e6_cases_further_apart_in_time_are_no_problem(play: Any) -> None:
    for day in (0, 20, 40, 60):
        play.at(60 * 24 * day)
        play.update(play.report("garbage"), "closed")
    assert play.problems() == {}


def test_e6_a_quiet_place_closes_its_problem(play: Any) -> None:
    for day in (0, 1, 2):
        play.at(60 * 24 * day)
        play.update(play.report("garbage"), "closed")
    play.at(60 * 24 * 32)
    (problem,) = play.problems().values()
    assert problem.state == "closed"
    play.at(60 * 24 * 95)
    assert play.city.entries("street", "problem") == {}, "two months later nobody asks"


# -- E7 ------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["group_event", "casualties", "minors"])
def test_e7_a_sensitive_mark_calls_the_district_at_once(play: Any, mark: str) -> None:
    play.report("form", sensitive=[mark])
    assert last_rule(play.incident()) == ("E7", "A1", "A")
