"""What a case is part of: split off, under a cause, held back by it and ended with it."""

from __future__ import annotations

from typing import Any

import pytest

CAUSE = [
    {
        "id": "burst",
        "title": "burst main",
        "cause": ["water"],
        "consequences": ["form"],
        "within_s": 86400,
    }
]


def code(reply: Any) -> str:
    """Why an order was refused."""
    return str(reply.reason.code)


# -- split -------------------------------------------------------------------------


def test_a_report_that_is_another_matter_gets_a_case_of_its_own(play: Any) -> None:
    first, second = play.report("cover"), play.report("cover")
    (old,) = play.incidents()
    reply = play.command(old, "split", reason="another lid", report=second)
    assert reply.outcome == "applied"
    (new,) = set(play.incidents()) - {old}
    before, after = play.incidents()[old], play.incidents()[new]
    assert [each.report_id for each in before.reports] == [first]
    assert [each.report_id for each in after.reports] == [second]
    assert (after.split_from, after.state, before.tally.splits) == (old, "dispatched", 1)
    assert play.replies(second)[-1].incident_id == new
    play.update(second, "closed")
    assert (play.incidents()[old].state, play.incidents()[new].state) == ("dispatched", "closed")
    play.update(first, "closed")
    assert play.incidents()[old].state == "closed"
    assert [r.outcome for r in play.replies(first)].count("answered") == 1
    assert [r.outcome for r in play.replies(second)].count("answered") == 1


def test_a_split_at_the_district_is_found_by_what_the_street_hears_later(play: Any) -> None:
    first, second = play.report("gas"), play.report("gas")
    (old,) = play.incidents()
    play.command(old, "split", area="A", reason="another pipe", report=second)
    (new,) = set(play.incidents()) - {old}
    play.update(second, "closed", area="A1")
    assert (play.incidents()[old].state, play.incidents()[new].state) == ("dispatched", "closed")
    play.update(first, "closed", area="A1")
    assert play.incidents()[old].state == "closed"


def test_what_cannot_be_split_says_why(play: Any) -> None:
    only = play.report("cover")
    (case,) = play.incidents()
    assert code(play.command(case, "split", reason="x", report=only)) == "only_report"
    assert code(play.command(case, "split", reason="x", report="calls/none")) == "unknown_report"
    second = play.report("cover")
    play.update(second, "closed")
    assert code(play.command(case, "split", reason="x", report=second)) == "report_ended"


# -- by order ------------------------------------------------------------------------


def linked(play: Any) -> tuple[str, str, str]:
    """A consequence under its cause; its report, its id, the cause's id."""
    play.report("cover")
    (cause,) = play.incidents()
    report_id = play.report("form")
    (child,) = set(play.incidents()) - {cause}
    reply = play.command(child, "link", incident=cause)
    assert reply.outcome == "applied", reply
    return report_id, child, cause


def test_a_consequence_is_held_back_and_ends_with_its_cause(play: Any) -> None:
    report_id, child, cause = linked(play)
    assert play.incidents()[child].parent_id == cause
    assert play.incidents()[cause].children == [child]
    assert "Cover missing" in play.replies(report_id)[-1].result
    play.command(cause, "acknowledge")
    play.command(cause, "accept", role="unit")
    play.at(60 * 24)  # long past every limit of acknowledgement
    assert play.incidents()[child].tier == "street"
    assert play.incidents()[cause].tier != "street"
    owner = play.incidents()[cause].area
    play.command(cause, "resolve", area=owner, role="unit", resolution="lid replaced")
    assert play.incidents()[child].state == "dispatched"
    play.command(cause, "close", area=owner)
    ended = play.incidents()[child]
    assert (ended.state, play.actions(child)[-1]) == ("closed", "close_with_parent")
    told = play.replies(report_id)[-1]
    assert (told.outcome, told.result) == ("answered", "lid replaced")


def test_a_consequence_taken_out_speaks_again(play: Any) -> None:
    _, child, cause = linked(play)
    play.at(300)
    assert play.incidents()[child].tier == "street"
    assert play.command(child, "unlink", reason="another cause").outcome == "applied"
    assert play.incidents()[child].parent_id is None
    play.at(60 * 48)
    assert play.incidents()[child].tier != "street"
    play.update("calls/1", "closed")
    assert play.incidents()[cause].state == "closed"
    assert play.incidents()[child].state != "closed"


def test_what_a_caller_reopens_stands_on_its_own(play: Any) -> None:
    report_id, child, _ = linked(play)
    play.update("calls/1", "closed")
    assert play.incidents()[child].state == "closed"
    play.update(report_id, "not_fixed")
    assert play.incidents()[child].state == "in_progress"
    play.at(60 * 24 * 30)
    assert play.incidents()[child].overdue
    assert play.incidents()[child].tier == "city"


def test_links_are_one_level_deep_and_between_cases_that_are_known(play: Any) -> None:
    _, child, cause = linked(play)
    play.report("garbage")
    (other,) = set(play.incidents()) - {child, cause}
    assert code(play.command(other, "link", incident=child)) == "not_a_cause"
    assert code(play.command(cause, "link", incident=other)) == "not_a_cause"
    assert code(play.command(other, "link", incident=other)) == "not_a_cause"
    assert code(play.command(child, "link", incident=other)) == "linked_already"
    assert code(play.command(other, "link", incident="A1-260302-00000000")) == "unknown_cause"
    assert code(play.command(other, "unlink", reason="x")) == "not_linked"


# -- by rule ---------------------------------------------------------------------------


@pytest.fixture
def city(make_play: Any, rules: Any) -> Any:
    """A city that knows what a burst main leads to."""
    play = make_play(rules(causes=CAUSE))
    yield play
    assert play.chains_hold()


def test_consequences_before_and_after_their_cause_hang_on_it(city: Any) -> None:
    early = [city.report("form", east_m=1000 * n) for n in range(3)]
    city.at(10)
    cause = city.report("water")
    late = [city.report("form", east_m=5000 + 1000 * n) for n in range(3)]
    (parent,) = [i for i in city.incidents().values() if i.category.code == "water"]
    children = [i for i in city.incidents().values() if i.category.code == "form"]
    assert {child.parent_id for child in children} == {parent.incident_id}
    assert len(parent.children) == 6
    assert city.audit(children[0].incident_id)[-1].rule == "burst"
    city.update(cause, "closed")
    assert {i.state for i in city.incidents().values()} == {"closed"}
    for report_id in late:
        assert [r.outcome for r in city.replies(report_id)][:2] == ["accepted", "progress"]
    for report_id in (*early, *late):
        assert [r.outcome for r in city.replies(report_id)].count("answered") == 1
    # What comes after the end is a matter of its own.
    city.report("form", east_m=20_000)
    newest = list(city.incidents().values())[-1]
    assert (newest.parent_id, newest.state) == (None, "dispatched")


def test_a_cause_of_the_district_holds_consequences_in_all_its_streets(city: Any) -> None:
    before = city.report("form", area="A2")
    cause = city.report("water", severity="III")
    after = city.report("form", area="A3", place=False)
    elsewhere = city.report("form", area="B1")
    parent = next(i for i in city.incidents().values() if i.category.code == "water")
    assert parent.tier == "district"
    children = [i for i in city.incidents().values() if i.parent_id == parent.incident_id]
    assert sorted(child.area for child in children) == ["A2", "A3"]
    assert len(city.incidents()[parent.incident_id].children) == 2
    city.update(cause, "closed")
    for report_id in (before, after):
        assert city.replies(report_id)[-1].outcome == "answered"
    assert city.replies(elsewhere)[-1].outcome == "accepted"  # no word of a cause
    again = city.report("form", area="A2", east_m=300)
    assert city.replies(again)[-1].outcome == "accepted"
    assert [i.state for i in city.incidents().values() if i.area == "A2"] == [
        "closed",
        "dispatched",
    ]


def test_only_what_is_near_enough_hangs_on_a_cause(make_play: Any, rules: Any) -> None:
    play = make_play(rules(causes=[{**CAUSE[0], "radius_m": 500}]))
    play.report("water")
    play.report("form", east_m=400)
    play.report("form", east_m=600)
    assert sorted(i.parent_id is not None for i in play.incidents().values()) == [
        False,
        False,
        True,
    ]


def test_a_consequence_whose_device_alarms_outlives_its_cause(city: Any) -> None:
    play = city
    play.finding("W3", kind="form", device="pump-1")
    cause = play.report("water")
    child = next(i for i in play.incidents().values() if i.category.code == "form")
    assert child.parent_id is not None
    play.update(cause, "closed")
    child = play.incidents()[child.incident_id]
    assert (child.state, child.parent_id) == ("dispatched", None)


def test_a_consequence_that_was_given_up_ends_with_its_cause_all_the_same(play: Any) -> None:
    report_id, child, _ = linked(play)
    play.command(child, "escalate", reason="the district shall know")
    assert play.incidents()[child].tier == "district"
    play.at(60 * 24 * 3)
    assert play.incidents()[child].tier == "district"  # held there too
    play.update("calls/1", "closed")
    assert play.incidents()[child].state == "closed"
    assert [r.outcome for r in play.replies(report_id)].count("answered") == 1


def test_a_cause_told_where_and_what_late_still_finds_its_consequences(city: Any) -> None:
    city.report("form")
    city.report("cover")
    cause = next(i for i in city.incidents().values() if i.category.code == "cover")
    reply = city.command(
        cause.incident_id, "correct_category", reason="a main burst", category="water"
    )
    assert reply.outcome == "applied"
    child = next(i for i in city.incidents().values() if i.category.code == "form")
    assert child.parent_id == cause.incident_id


def test_a_case_stays_small_whatever_is_said_about_it(play: Any) -> None:
    play.report("cover")
    (case,) = play.incidents()
    long = "长" * 4_000
    units = ["works", "drains", "police"]
    for _ in range(30):
        play.command(case, "remind", reason=long)
        play.command(case, "supervise", reason=long)
        play.command(case, "whistle", reason=long, ground="c", units=units)
        for unit in units:
            play.command(case, "report", role="department", unit=unit)
            play.command(case, "feedback", role="department", unit=unit, reason=long)
        play.command(case, "consult", reason=long, units=units)
        play.command(case, "conclude", reason=long)
    assert play.incidents()[case].tally.supervisions == 30
    assert len(play.incidents()[case].model_dump_json()) < 100_000
    assert play.audit(case)[-1].reason == long
