"""What calls nobody, and what nothing may hide: budgets, doubts, causes, silences and floods."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import policy_files
from schemas.alert import Alert
from schemas.codec import read_any
from schemas.command import Silence
from schemas.terms import COLOURS, Actor
from streams.incidents import annunciation, episodes, holding, verdicts
from streams.incidents.holding import HELD
from streams.incidents.inhibition import CAUSING, FOLDED, LIT, TOLD
from streams.incidents.turn import Turn
from streams.policy import Policy
from streams.program import Output
from streams.state import State
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

INHIBITIONS = [
    {
        "id": "burst",
        "title": "burst",
        "causes": ["water"],
        "explains": ["garbage", "W5"],
        "within_s": 7_200,
    }
]


def _rules(**changes: Any) -> Policy:
    triggers = {
        **RULES["triggers"],
        "inhibitions": INHIBITIONS,
        "budget": {"street": 2, "false_share": 0.05},
        "surge": {"version": "1", "title": "surge", "action": "look"},
        "anomaly": {
            "id": "W15",
            "version": "1",
            "title": "odd",
            "action": "look",
            "category": "garbage",
        },
        **changes,
    }
    return policy(triggers=triggers)


class _Desk:
    """A street's desk on its own: what it is told, and what leaves it."""

    def __init__(self, rules: Policy) -> None:
        self.policy = rules
        self.state = State({})
        self.now = BEGIN
        self.told: list[Alert] = []
        self.number = 0

    def turn(self) -> Turn:
        self.number += 1
        return Turn(self.policy, "street", "A1", self.state, self.now, f"cause/{self.number}")

    def hear(self, turn: Turn) -> list[Alert]:
        heard = [
            read_any(out.message).data
            for out in turn.out
            if isinstance(out, Output)
            and isinstance(out.message, bytes)
            and out.topic.name.endswith("alerts.v1")
        ]
        self.told += heard
        return heard

    def says(
        self, name: str, trigger: str, colour: str, state: str, revision: int, **f: Any
    ) -> Any:
        turn = self.turn()
        alert = {
            "alert_id": name,
            "revision": revision,
            "key": f"{trigger}/A1/{name}",
            "trigger": {"id": trigger, "version": "1"},
            "scale": "warning",
            "tier": "street",
            "area": "A1",
            "colour": colour,
            "state": state,
            "title": name,
            "opened_at": self.now,
            "changed_at": self.now,
            "policy_version": "1",
            **f,
        }
        options = {k: alert.pop(k) for k in ("protected", "believed_p") if k in alert}
        annunciation.announce(turn, alert, **options)
        return next(each for each in self.hear(turn) if each.alert_id == name)


def test_beyond_the_days_calls_improbable_warnings_are_blue_and_the_next_day_begins_anew() -> None:
    desk = _Desk(_rules())
    heard = [desk.says(f"a{n}", "W10", "yellow", "opened", 1, p=1e-5) for n in range(3)]
    assert [(a.colour, a.held_back, a.earned) for a in heard] == [
        ("yellow", None, None),
        ("yellow", None, None),
        ("blue", "capped", "yellow"),
    ]
    raised = desk.says("a2", "W10", "red", "raised", 2, p=1e-9)
    assert (raised.colour, raised.state, raised.held_back) == ("red", "raised", None)
    desk.now = BEGIN + timedelta(hours=16)  # 01:00 of the next day in the city
    assert desk.says("a4", "W10", "yellow", "opened", 1, p=1e-5).calls


def test_blue_leaves_half_of_the_days_calls_to_what_is_graver() -> None:
    desk = _Desk(_rules())
    blue = [desk.says(f"b{n}", "W10", "blue", "opened", 1, p=1e-3) for n in range(2)]
    assert [a.held_back for a in blue] == [None, "capped"]
    assert desk.says("o", "W10", "orange", "opened", 1, p=1e-5).calls


def test_what_is_no_matter_of_chance_is_not_counted() -> None:
    desk = _Desk(_rules())
    assert all(desk.says(f"r{n}", "W7", "yellow", "opened", 1).calls for n in range(5))


def test_all_that_closes_in_one_hour_at_a_tier_is_judged_together_whatever_its_trigger() -> None:
    desk = _Desk(_rules())
    turn = desk.turn()
    holding.enter(turn, BEGIN, [0.02, 0.5])
    assert holding.limit(turn, BEGIN) == (0.025, 2)
    half_past = BEGIN + timedelta(minutes=30)
    other = Turn(desk.policy, "street", "A2", desk.state, half_past, "another desk")
    holding.enter(other, half_past, [0.02] + [0.5] * 97)
    limit, tests = holding.limit(turn, BEGIN)
    assert tests == 100
    assert limit < 0.02, "a hundred tests in the hour: what was enough for two is not for them"
    assert holding.limit(turn, BEGIN + timedelta(hours=5))[0] >= 0.02
    above = Turn(desk.policy, "district", "A", desk.state, half_past, "another tier")
    holding.enter(above, half_past, [0.02])
    assert holding.limit(above, half_past) == (0.05, 1)


def test_a_warning_its_cause_explains_calls_when_the_cause_is_gone() -> None:
    play = Play(_rules())
    cause = play.report("water", name="main", place=False)
    incident = play.incident()
    play.finding("W5", kind="garbage", device="g", east_m=9_000)
    folded = [a for a in play.alerts("street").values() if a.trigger.id == "W5"]
    assert [(a.held_back, a.inhibited_by, a.colour) for a in folded] == [
        ("inhibited", incident.incident_id, "yellow")
    ]
    play.update(cause, "closed")
    play.command(incident.incident_id, "resolve", role="unit")
    play.command(incident.incident_id, "close")
    assert play.incidents()[incident.incident_id].state == "closed"
    (freed,) = [a for a in play.alerts("street").values() if a.trigger.id == "W5"]
    assert (freed.held_back, freed.state, freed.revision) == (None, "raised", 2)
    assert incident.incident_id in freed.references
    play.finding("W5", "raised", kind="garbage", device="g", colour="orange", east_m=9_000)
    (later,) = [a for a in play.alerts("street").values() if a.trigger.id == "W5"]
    assert (later.revision, later.colour, later.calls) == (3, "orange", True)
    assert play.city.entries("street", FOLDED.name) == {}


def test_a_warning_told_before_its_cause_is_folded_when_the_cause_comes() -> None:
    play = Play(_rules())
    play.finding("W5", kind="garbage", device="g", east_m=9_000)
    play.finding("W5", kind="garbage", device="far", east_m=19_000, colour="red")
    play.at(30)
    play.report("water", name="main", place=False)
    cause = next(one for one in play.incidents().values() if one.category.code == "water")
    told = [event.data for kind, _, event in play.said if kind == "street.alerts"]
    by_incident = {alert.incident_id: alert for alert in told if alert.trigger.id == "W5"}
    folded, red = by_incident.values()
    assert (folded.held_back, folded.inhibited_by) == ("inhibited", cause.incident_id)
    assert (folded.state, folded.revision, folded.colour) == ("revised", 2, "yellow")
    assert cause.incident_id in folded.references
    assert (red.colour, red.revision, red.held_back) == ("red", 1, None), "red is never folded"
    play.command(cause.incident_id, "accept", role="unit")
    play.update("main", "withdrawn")
    play.command(cause.incident_id, "resolve", role="unit")
    play.command(cause.incident_id, "close")
    freed = play.alerts("street")[folded.alert_id]
    assert (freed.held_back, freed.state, freed.revision) == (None, "raised", 3)
    assert play.chains_hold()


def test_what_has_ended_or_lies_too_far_is_not_folded_later() -> None:
    rules = _rules(inhibitions=[{**INHIBITIONS[0], "radius_m": 500}])
    play = Play(rules)
    near, far = (
        play.finding("W5", kind="garbage", device=name, east_m=east_m)
        for name, east_m in (("near", 9_000), ("far", 12_000))
    )
    over = play.finding("W5", kind="garbage", device="over", east_m=9_060)
    play.finding("W5", "cleared", kind="garbage", device="over", finding_id=over, east_m=9_060)
    play.report("water", name="main", east_m=9_100)
    shown = {a.alert_id: a for a in play.alerts("street").values() if a.trigger.id == "W5"}
    held = {name: [a.held_back for a in shown.values() if f"/{name}" in a.alert_id]
            for name in (near, far, over)}  # fmt: skip
    assert held == {near: ["inhibited"], far: [None], over: [None]}
    assert set(play.city.entries("street", LIT.name)) == {"A1"}
    (kept,) = play.city.entries("street", TOLD.name)
    assert far in kept


def test_a_warning_too_far_from_its_cause_in_time_calls() -> None:
    play = Play(_rules())
    play.report("water", name="main", place=False)
    play.at(180)
    play.finding("W5", kind="garbage", device="g", east_m=9_000)
    (alert,) = [a for a in play.alerts("street").values() if a.trigger.id == "W5"]
    assert alert.calls


def test_an_alert_can_be_the_cause_and_its_end_releases() -> None:
    rules = _rules(
        inhibitions=[
            {
                "id": "rain",
                "title": "rain",
                "causes": ["W4"],
                "cause_from": "orange",
                "explains": ["W8/garbage"],
            }
        ]
    )
    desk = _Desk(rules)
    desk.says("rain", "W4", "yellow", "opened", 1)
    turn = desk.turn()
    rule = rules.triggers.recurrence
    assert rule is not None

    def surge(subject: str) -> Alert:
        turn = desk.turn()
        episodes.tell(
            turn, rule, subject, begun=1, colour="yellow", title="t", kind="garbage",
            expires_at=BEGIN + timedelta(days=1),
        )  # fmt: skip
        return desk.hear(turn)[0]

    assert surge("early").calls, "yellow rain is no cause here"
    before = len(desk.told)
    desk.says("rain", "W4", "orange", "raised", 2)
    rain, early = desk.told[before:]
    assert (rain.alert_id, rain.calls) == ("rain", True)
    assert (early.inhibited_by, early.revision, early.state) == ("rain", 2, "revised")
    assert surge("late").inhibited_by == "rain"
    turn = desk.turn()
    annunciation.announce(
        turn,
        {
            **annunciation.fields_of(desk.told[0]),
            "revision": 3,
            "state": "closed",
            "colour": "orange",
        },
    )
    closed, first, freed = desk.hear(turn)
    assert (closed.state, freed.state, freed.calls, freed.revision) == ("closed", "raised", True, 2)
    assert (first.state, first.calls, first.revision) == ("raised", True, 3)
    lit = episodes.lit(desk.turn(), rule.id, "late")
    assert lit is not None
    assert lit.revision == 2
    assert desk.state.get(CAUSING, "A1") == {}
    assert desk.state.get(HELD, "A1") == {}


_STEP = st.tuples(
    st.sampled_from(["hard", "life", "W10", "W15", "W5"]),
    st.integers(0, 3),
    st.sampled_from(COLOURS),
    st.sampled_from([None, 1e-9, 1e-4, 0.2]),
    st.sampled_from(["say", "say", "say", "end", "doubt", "silence", "cause", "later"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEP, max_size=40))
def test_nothing_hides_or_lowers_what_is_grave_and_colours_only_rise(steps: list[Any]) -> None:
    hard = {
        "id": "hard", "version": "1", "title": "deep", "device_class": "road_water",
        "observed_property": "depth", "category": "water", "action": "close",
        "steps": [{"at": 10, "colour": "yellow", "severity": "IV"}], "clearing": {"at": 5},
    }  # fmt: skip
    desk = _Desk(_rules(limits=[hard], budget={"street": 1}))
    lit: dict[str, tuple[int, int]] = {}
    shown: dict[str, int] = {}
    for trigger, number, colour, p, what in steps:
        name = f"{trigger}/{number}"
        if what == "later":
            desk.now += timedelta(minutes=40)
        elif what == "cause":
            desk.state.put(CAUSING, "A1", {"c": ["water", None, None, desk.now.timestamp()]})
        elif what == "silence":
            _silence(desk)
        elif what == "doubt":
            verdicts.note(desk.turn(), trigger, None, "false")
        else:
            at = lit.get(name)
            ends = what == "end"
            if ends and at is None:
                continue
            level = COLOURS.index(colour) if at is None else max(at[1], COLOURS.index(colour))
            state = "closed" if ends else "opened" if at is None else "revised"
            if at is not None and level > at[1] and not ends:
                state = "raised"
            level = at[1] if ends and at is not None else level
            revision = 1 if at is None else at[0] + 1
            said = desk.says(
                name, trigger, COLOURS[level], state, revision, p=p,
                kind="garbage", protected=trigger == "life", believed_p=0.01,
            )  # fmt: skip
            if trigger in ("hard", "life") or COLOURS[level] == "red":
                assert said.colour == COLOURS[level]
                assert (said.held_back, said.silenced_by) == (None, None)
            assert (said.earned or said.colour) == COLOURS[level]
            assert COLOURS.index(said.colour) >= shown.get(name, 0), "a colour fell"
            if ends:
                lit.pop(name)
                shown.pop(name, None)
            else:
                lit[name] = (revision, level)
                shown[name] = COLOURS.index(said.colour)


def _silence(desk: _Desk) -> None:
    turn = desk.turn()
    until: datetime = desk.now + timedelta(hours=1)
    owner = Actor(id="water", role="operator", tier="street", area="A1")
    silence = Silence(
        silence_id=f"s/{desk.number}", owner=owner, reason="works", area="A1",
        starts_at=desk.now, ends_at=until,
    )  # fmt: skip
    annunciation.on_silence(turn, silence)


@pytest.mark.parametrize("trigger", sorted(policy_files.load().trigger_texts))
def test_planned_work_silences_every_trigger_but_the_hard_limits(trigger: str) -> None:
    shipped = policy_files.load()
    desk = _Desk(shipped)
    _silence(desk)
    told = desk.says("quiet", trigger, "yellow", "opened", 1)
    hard = trigger in shipped.triggers.hard
    assert (told.silenced_by is None) == hard
    assert told.calls == hard
    assert desk.says("grave", trigger, "red", "opened", 1).calls
    assert desk.says("life", trigger, "blue", "opened", 1, protected=True).calls
    desk.now += timedelta(hours=2)
    assert desk.says("later", trigger, "yellow", "opened", 1).calls, "it has ended"


def test_a_device_found_wrong_too_often_is_told_and_calls_nobody() -> None:
    play = Play(_rules(budget={"street": 50}))

    def odd(number: int) -> Alert:
        play.finding(
            "W15", device=f"d{number}", kind="gas", colour="blue", severity="V", threshold=None,
            p=0.05, east_m=2_000.0 * number,
        )  # fmt: skip
        told = [a for a in play.alerts("street").values() if f"d{number}/" in a.key]
        last: Alert = told[-1]
        return last

    for number in range(10):
        alert = odd(number)
        assert alert.calls or number > 2
        reply = play.command(
            alert.alert_id, "dismiss", kind="alert", area="A1", key=alert.key, answer="false",
            reason="nothing there",
        )  # fmt: skip
        assert reply.outcome == "applied"
    doubted = odd(30)
    assert (doubted.held_back, doubted.colour, doubted.state) == ("doubted", "blue", "opened")
    assert len(play.incidents()) == 11, "its case is worked on all the same"
