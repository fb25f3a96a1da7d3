"""A tier cut off from the one above decides on; when it is back nothing is doubled or lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.command import Command, CommandEvent, Subject
from schemas.terms import Actor
from streams import topics
from streams.effects import ChunkLimits
from tests.streams.incidents.play import BEGIN, Play, minutes, policy
from tests.streams.incidents.test_handing import go_on, stop

PATIENT = {"closes_after": "30 natural_day"}


def order(play: Play, identity: str, action: str, area: str, role: str, **arguments: Any) -> str:
    """An order whose reply may come much later; answers its id."""
    tier = play.policy.areas.tier_of(area)
    assert tier is not None
    command_id = f"order-{next(play.numbers)}"
    data = Command(
        command_id=command_id,
        subject=Subject(kind="incident", id=identity),
        action=action,
        actor=Actor(id=f"{role}@{area}", role=role, tier=tier, area=area),
        reason="because",
        arguments=arguments,
    )
    event = CommandEvent(id=command_id, source="/desk", time=play.now, data=data)
    play.city.publish(topics.INBOXES[tier], area, event)
    play.city.run(play.now)
    return command_id


@pytest.mark.parametrize("at_once", [1, 500])
def test_a_street_works_through_a_day_without_its_district(make_play: Any, at_once: int) -> None:
    play: Play = make_play(policy(desk=PATIENT))
    for lane in play.city.lanes["district"]:
        lane.partition.limits = ChunkLimits(records=at_once)
    stop(play, "district", "city")
    first = play.report("gas")  # Ⅲ: the district's at once, and it waits
    given = play.incident().incident_id
    own = play.report("cover", area="A2")
    mine = next(i for i in play.incidents() if i != given)
    orders = []
    # What is the street's own is decided as ever.
    play.at(10)
    for action, role in (("acknowledge", "operator"), ("accept", "unit"), ("resolve", "unit")):
        orders.append(order(play, mine, action, "A2", role))
    assert play.incidents()[mine].state == "resolved"
    # What waits for the district is worked on all the same, by the crews of the ground.
    play.at(20)
    second = play.report("gas")
    orders.append(order(play, given, "accept", "A1", "unit"))
    play.at(40)
    # An order of the district crosses: it lies in its inbox before the crew's word.
    orders.append(order(play, given, "redispatch", "A", "operator", unit="drains"))
    play.at(60)
    orders.append(order(play, given, "resolve", "A1", "unit"))
    assert play.incidents()[given].handed_at == BEGIN
    assert play.cases("street")[f"A1/{given}"]["data"]["state"] == "resolved"
    play.at(24 * 60)
    assert play.replies(orders[-1]) == []
    go_on(play, "district", "city")
    play.at(24 * 60 + 30)
    incident = play.incidents()[given]
    # The crew's word wins, at its own moment: in time, although it was heard a day later.
    assert (incident.state, incident.area, incident.handed_at) == ("resolved", "A", None)
    assert [r.ended_at for r in incident.reports] == [BEGIN + minutes(60)] * 2
    assert (incident.overdue, [e.rule for e in incident.escalations]) == (False, ["E1"])
    # Nothing is doubled or lost.
    assert [len(play.replies(each)) for each in orders] == [1] * len(orders)
    for report_id, begin in ((first, "accepted"), (second, "merged"), (own, "accepted")):
        told = [(r.outcome, r.result) for r in play.replies(report_id)]
        assert (told[0][0], told[-1][0], len(set(told))) == (begin, "progress", len(told)), told
    actions = play.actions(given)
    assert [actions.count(a) for a in ("take_over", "merge", "resolve", "redispatch")] == [1] * 4
    assert sorted(play.incidents()) == sorted({given, mine})
    assert play.dead() == []
    assert play.chains_hold()


def test_a_report_that_closed_a_waiting_case_below_closes_it_above(make_play: Any) -> None:
    play: Play = make_play(policy())
    stop(play, "district", "city")
    report_id = play.report("cover", sensitive=["casualties"])
    play.at(30)
    play.update(report_id, "closed")
    play.at(24 * 60)
    # The same kind at the same place is a matter of its own: the street saw the end.
    again = play.report("cover")
    go_on(play, "district", "city")
    ended = [i for i in play.incidents().values() if i.state == "closed"]
    assert [[r.report_id for r in i.reports] for i in ended] == [[report_id]]
    assert [r.outcome for r in play.replies(report_id)][-1] == "answered"
    (fresh,) = (i for i in play.incidents().values() if i.state != "closed")
    assert [r.report_id for r in fresh.reports] == [again]
    assert fresh.recurrence_of == ended[0].incident_id
    assert play.chains_hold()


def test_a_desk_that_was_away_a_day_is_not_lifted_over_before_it_could_act(make_play: Any) -> None:
    play: Play = make_play(policy())
    play.report("cover")
    stop(play, "district")
    play.at(24 * 60)  # 100 % and 150 % have passed long ago
    assert play.incident().handed_at is not None
    go_on(play, "district")
    assert (play.incident().area, play.incident().handed_at) == ("A", None)
    play.at(24 * 60 + 59)
    assert play.incident().area == "A"
    assert play.incident().overdue
    play.at(24 * 60 + 60 + 1)
    assert play.incident().area == "C"
    assert play.now == BEGIN + timedelta(hours=25, minutes=1)
