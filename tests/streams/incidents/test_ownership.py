"""One owner at a time: hand-offs, shadows, delegation, and commands that find their way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_the_whole_case_travels_with_its_clocks_and_its_audit_chain(play: Any) -> None:
    play.report("cover")
    play.report("cover")
    due = play.incident().due_at
    play.at(30)
    play.report("cover", sensitive=["minors"])
    incident = play.incident()
    assert (incident.tier, len(incident.reports), incident.due_at) == ("district", 3, due)
    case = play.cases("district")[f"A/{incident.incident_id}"]
    resolve = [clock for clock in case["clocks"] if clock["kind"] == "resolve"]
    assert len(resolve) == 1
    numbers = [entry.n for entry in play.audit(incident.incident_id)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_givers_last_act_names_the_new_owner_and_a_shadow_publishes_nothing(
    play: Any,
) -> None:
    play.report("gas")
    incident_id = play.incident().incident_id
    sources = [m.source for name, _, m in play.said if name == "incidents"]
    assert sources == ["/street/A1", "/district/A"]
    play.report("gas")
    writers = [m.source for name, _, m in play.said if name in ("incidents", "audit")]
    assert writers[-2:] == ["/district/A", "/district/A"]
    assert play.incidents()[incident_id].report_count == 2


def test_reports_and_updates_go_along_the_shadows_to_the_owner(play: Any) -> None:
    first = play.report("cover", severity="II")
    second = play.report("cover", severity="II")
    incident = play.incident()
    assert (incident.tier, incident.report_count) == ("city", 2)
    assert play.replies(second)[-1].outcome == "merged"
    play.update(first, "accepted", unit="drains")
    assert (play.incident().state, play.incident().unit) == ("accepted", "drains")
    play.update(first, "closed")
    assert play.incident().state == "accepted"
    play.update(second, "closed")
    assert play.incident().state == "closed"
    assert [reply.outcome for reply in play.replies(first)][-1] == "answered"
    for stage, area in (("street", "A1"), ("district", "A"), ("city", "C")):
        case = play.cases(stage)[f"{area}/{incident.incident_id}"]
        assert case["data"]["state"] == "closed", stage
    closings = [e for e in play.audit(incident.incident_id) if e.to == "closed"]
    assert len(closings) == 1


def test_a_closed_case_frees_its_place_at_the_street_of_its_shadow(play: Any) -> None:
    play.report("gas")
    incident_id = play.incident().incident_id
    play.command(incident_id, "acknowledge", area="A")
    play.command(incident_id, "accept", area="A", role="unit")
    play.command(incident_id, "resolve", area="A", role="unit")
    play.command(incident_id, "close", area="A")
    assert play.incident().state == "closed"
    play.report("gas")
    assert len(play.incidents()) == 2


def test_delegation_gives_the_case_down_and_keeps_it_supervised(play: Any) -> None:
    play.report("gas")
    incident_id = play.incident().incident_id
    reply = play.command(incident_id, "delegate", area="A", reason="street can", area_=1)
    assert (reply.outcome, reply.reason.code) == ("rejected", "unknown_argument")
    reply = delegate(play, incident_id, "A", "B1")
    assert (reply.outcome, reply.reason.code) == ("rejected", "wrong_area")
    reply = delegate(play, incident_id, "A", "A2")
    assert reply.outcome == "applied"
    incident = play.incident()
    assert (incident.tier, incident.area, incident.supervised_by) == ("street", "A2", "A")
    assert play.actions(incident_id)[-2:] == ["delegate", "take_over"]
    # Reports of the first street find it through the district.
    play.report("gas")
    assert play.incident().report_count == 2
    # The new owner closes it; every shadow learns of it.
    for action in ("accept", "resolve", "close"):
        role = "operator" if action == "close" else "unit"
        assert play.command(incident_id, action, area="A2", role=role).outcome == "applied"
    for stage, area in (("street", "A1"), ("street", "A2"), ("district", "A")):
        assert play.cases(stage)[f"{area}/{incident_id}"]["data"]["state"] == "closed"


def test_a_case_that_was_given_back_down_can_rise_again(play: Any) -> None:
    play.report("gas")
    incident_id = play.incident().incident_id
    delegate(play, incident_id, "A", "A1")
    assert play.incident().area == "A1"
    play.at(6)  # nobody acknowledges within the five minutes of its pace
    incident = play.incident()
    assert (incident.tier, incident.area) == ("district", "A")
    assert [lift.rule for lift in incident.escalations] == ["E1", "delegation", "E2"]


def delegate(play: Any, incident_id: str, area: str, below: str) -> Any:
    """Order a delegation; the target area is an argument of the order."""
    from schemas.command import Command, CommandEvent, Subject
    from schemas.terms import Actor
    from streams import topics

    tier = play.policy.areas.tier_of(area)
    command_id = f"delegation-{next(play.numbers)}"
    data = Command(
        command_id=command_id,
        subject=Subject(kind="incident", id=incident_id),
        action="delegate",
        actor=Actor(id="boss", role="operator", tier=tier, area=area),
        reason="the street can do it",
        arguments={"area": below},
    )
    event = CommandEvent(id=command_id, source="/desk", time=play.now, data=data)
    play.city.publish(topics.INBOXES[tier], area, event)
    play.city.run(play.now)
    (reply,) = play.replies(command_id)
    return reply


def test_a_report_that_comes_up_after_the_end_opens_a_case_above(play: Any) -> None:
    play.report("gas")
    incident_id = play.incident().incident_id
    play.command(incident_id, "resolve", area="A", role="unit")
    late = play.report("gas", area="A", incident_id=incident_id, place=False)
    assert [i.state for i in play.incidents().values()] == ["resolved", "dispatched"]
    assert play.replies(late)[-1].outcome == "accepted"
    # What is said about it later still names the case that its street knew.
    play.update(late, "closed", area="A", incident_id=incident_id)
    assert [i.state for i in play.incidents().values()] == ["resolved", "closed"]


def test_history_in_order_of_time_hands_over_before_it_passes_on(
    make_play: Any, rules: Any
) -> None:
    play = make_play(rules(), mode="event")
    for number in range(3):
        play.report("gas", name=f"calls/{number}", at=BEGIN, severity="II")
    play.ticks(BEGIN + timedelta(minutes=1))
    play.city.run()
    assert play.dead() == []
    incident = play.incident()
    assert (incident.tier, incident.report_count) == ("city", 3)


# -- commands ------------------------------------------------------------------


def test_the_way_of_a_case_by_commands(play: Any) -> None:
    report_id = play.report("cover")
    incident_id = play.incident().incident_id
    versions = []
    for action, role in (
        ("acknowledge", "operator"),
        ("accept", "unit"),
        ("resolve", "unit"),
        ("close", "supervisor"),
    ):
        reply = play.command(incident_id, action, role=role)
        assert reply.outcome == "applied", action
        versions.append(reply.version)
    assert versions == [1, 2, 3, 4]
    incident = play.incident()
    assert incident.state == "closed"
    assert incident.reports[0].ended_at == play.now
    outcomes = [reply.outcome for reply in play.replies(report_id)]
    assert outcomes == ["accepted", "progress", "progress", "answered"]
    assert play.lit("street") == []


def test_an_older_version_is_a_conflict_and_says_what_is_allowed(play: Any) -> None:
    play.report("cover")
    incident_id = play.incident().incident_id
    play.command(incident_id, "accept", role="unit", version=1)
    reply = play.command(incident_id, "accept", role="unit", version=1)
    assert (reply.outcome, reply.reason.code, reply.version) == ("conflict", "stale_version", 2)
    assert {"start", "return", "resolve"} <= set(reply.allowed)
    assert "close" not in reply.allowed


def test_a_merged_report_does_not_void_an_operators_command(play: Any) -> None:
    play.report("cover")
    play.report("cover")
    reply = play.command(play.incident().incident_id, "acknowledge", version=1)
    assert reply.outcome == "applied"


@pytest.mark.parametrize(
    ("action", "area", "role", "reason", "outcome", "code"),
    [
        ("close", "A1", "operator", None, "conflict", "not_allowed_now"),
        ("acknowledge", "A1", "unit", None, "forbidden", "not_your_action"),
        ("return", "A1", "unit", None, "rejected", "reason_missing"),
        ("withdraw", "A1", "operator", None, "forbidden", "unknown_action"),
        ("suspend", "A1", "operator", None, "conflict", "not_allowed_now"),
        ("acknowledge", "A", "operator", None, "forbidden", "not_your_area"),
        ("acknowledge", "A2", "operator", None, "not_found", "unknown_incident"),
        ("acknowledge", "B", "operator", None, "not_found", "unknown_incident"),
    ],
)
def test_a_refused_command_says_why(
    play: Any, action: str, area: str, role: str, reason: str | None, outcome: str, code: str
) -> None:
    play.report("cover")
    reply = play.command(play.incident().incident_id, action, area=area, role=role, reason=reason)
    assert (reply.outcome, reply.reason.code) == (outcome, code)
    assert play.incident().version == 1


def test_an_unknown_case_and_another_subject_are_not_found(play: Any) -> None:
    assert play.command("A1-260302-00000000", "acknowledge").outcome == "not_found"


def test_a_repeat_of_a_command_gets_the_same_reply(play: Any) -> None:
    play.report("cover")
    incident_id = play.incident().incident_id
    first = play.command(incident_id, "accept", role="unit", name="once")
    before = len(play.heard("incidents"))
    again = play.command(incident_id, "accept", role="unit", name="once")
    # Both replies carry the same key, so the second call sees only its own.
    assert again == first
    assert len(play.heard("incidents")) == before


def test_a_crew_of_the_street_resolves_what_was_escalated(play: Any) -> None:
    play.report("gas")
    incident_id = play.incident().incident_id
    reply = play.command(incident_id, "resolve", area="A1", role="unit")
    assert reply.outcome == "applied"
    assert (play.incident().state, play.incident().tier) == ("resolved", "district")
    assert play.cases("street")[f"A1/{incident_id}"]["data"]["state"] == "resolved"


def test_the_city_reaches_a_case_that_never_left_its_street_but_does_not_rule_it(
    play: Any,
) -> None:
    play.report("cover")
    reply = play.command(play.incident().incident_id, "accept", area="C", role="unit")
    assert reply.outcome == "applied"
    reply = play.command(play.incident().incident_id, "redispatch", area="C", unit="drains")
    assert (reply.outcome, reply.reason.code) == ("forbidden", "not_your_area")


def test_a_command_that_finds_no_owner_within_six_hops_is_answered(play: Any) -> None:
    from schemas.command import Command, CommandEvent, Subject
    from schemas.terms import Actor
    from streams import topics

    play.report("gas")
    data = Command(
        command_id="lost",
        subject=Subject(kind="incident", id=play.incident().incident_id),
        action="accept",
        actor=Actor(id="u", role="unit", tier="street", area="A1"),
        hops=6,
    )
    play.city.publish(
        topics.STREET_INBOX, "A1", CommandEvent(id="lost", source="/desk", time=play.now, data=data)
    )
    play.city.run(play.now)
    (reply,) = play.replies("lost")
    assert (reply.outcome, reply.reason.code) == ("not_found", "too_many_hops")


def test_a_resolved_case_closes_by_itself_and_is_forgotten_after_its_days(play: Any) -> None:
    play.report("cover")
    incident_id = play.incident().incident_id
    play.command(incident_id, "resolve", role="unit")
    play.at(29)
    assert play.incident().state == "resolved"
    play.at(31)
    assert play.incident().state == "closed"
    play.at(31 + 60 * 24 * 14 + 1)
    assert play.cases("street") == {}
    assert play.city.entries("street", "member") == {}
    play.at(60 * 24 * 40)
    assert play.city.entries("street", "place") == {}
    assert play.city.entries("street", "command") == {}


def test_the_upper_tier_away_for_a_day_loses_and_doubles_nothing(
    make_play: Any, rules: Any
) -> None:
    play = make_play(rules(desk={"synthetic_acceptance": True}))
    upper = play.city.lanes.pop("district")
    held: list[Any] = []
    queue = play.city._queue

    def hold(output: Any) -> None:
        if output.topic.name == "chengyun.district.inbox.v1":
            held.append(output)
        else:
            queue(output)

    play.city._queue = hold
    first = play.report("cover")
    play.at(60 * 20)
    second = play.report("cover", at=play.now)
    play.update(first, "closed")
    play.city._queue = queue
    play.city.lanes["district"] = upper
    for output in held:
        queue(output)
    play.city.run(play.now)
    incident = play.incident()
    assert incident.tier == "district"
    assert [r.report_id for r in incident.reports] == [first, second]
    assert incident.reports[0].ended_at == play.now
    assert incident.overdue
    play.at(60 * 20 + 59)  # the district's desk gets its time, the city is not called at once
    assert play.incident().tier == "district"
    play.at(60 * 20 + 61)
    assert play.incident().tier == "city"
    play.update(second, "closed")
    assert play.incident().state == "closed"
    assert play.chains_hold()
    assert timedelta(0) < play.incident().closed_at - play.incident().opened_at


def test_who_may_not_accept_does_not_on_the_shadow_either(play: Any) -> None:
    play.finding("W3", severity="III")
    reply = play.command(play.incident().incident_id, "accept", role="supervisor", unit="drains")
    assert (reply.outcome, reply.reason.code) == ("forbidden", "not_your_action")


def test_a_crews_word_counts_from_when_it_was_given_and_wins_over_a_crossing_order(
    play: Any,
) -> None:
    play.report("gas")
    incident_id = play.incident().incident_id
    play.command(incident_id, "accept", area="A", role="unit")
    due, held = play.incident().due_at, []
    queue, upper = play.city._queue, play.city.lanes.pop("district")
    play.city._queue = lambda output: (
        held.append(output) if output.topic.name == "chengyun.district.inbox.v1" else queue(output)
    )
    play.at(60)
    say(play, incident_id, "resolve", "A1", "unit", version=play.incident().version)
    shadow = play.cases("street")[f"A1/{incident_id}"]["data"]
    assert shadow["state"] == "resolved"  # decided here, while nobody above answers
    play.at(200)
    play.city._queue = queue
    play.city.lanes["district"] = upper
    # Above, somebody sends another unit before the news arrives.
    say(play, incident_id, "redispatch", "A", "operator", unit="drains")
    for output in held:
        queue(output)
    play.city.run(play.now)
    incident = play.incident()
    assert incident.state == "resolved"
    assert incident.resolved_at < due < play.now
    assert incident.reports[0].ended_at == incident.resolved_at
    assert len([e for e in play.audit(incident_id) if e.action == "resolve"]) == 1


def say(
    play: Any, incident_id: str, action: str, area: str, role: str, version: Any = None, **args: Any
) -> None:
    """An order whose answer nobody waits for."""
    from schemas.command import Command, CommandEvent, Subject
    from schemas.terms import Actor
    from streams import topics

    tier = play.policy.areas.tier_of(area)
    command_id = f"order-{next(play.numbers)}"
    data = Command(
        command_id=command_id,
        subject=Subject(kind="incident", id=incident_id),
        action=action,
        actor=Actor(id="x", role=role, tier=tier, area=area),
        expected_version=version,
        arguments=args,
    )
    event = CommandEvent(id=command_id, source="/desk", time=play.now, data=data)
    play.city.publish(topics.INBOXES[tier], area, event)
    play.city.run(play.now)
