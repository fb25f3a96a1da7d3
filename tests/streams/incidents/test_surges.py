"""More of a kind than usual at a desk (W10): opened, raised, revised, withdrawn, closed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.alert import Alert
from schemas.codec import read_any
from schemas.terms import Colour
from streams.incidents import holding, pulse, rainfall, surges
from streams.incidents.case import WARNINGS, Bin, Bins
from streams.incidents.pulse import PULSES, SERIES
from streams.incidents.turn import Turn
from streams.incidents.verdicts import VERDICTS
from streams.policy.surge import SurgeRule
from streams.program import Output
from streams.state import State, to_microseconds
from streams.warning.explain import explain
from streams.warning.feedback import Verdicts
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

RULE: dict[str, Any] = {
    "version": "1",
    "title": "surge",
    "action": "look",
    "street": "hour",
    "district": "hour",
    "city": None,
    "learn": 10,
    "at": [0.05, 0.01, 0.001, 0.0001],
    "early_from": None,
}


def _rules(**changes: Any) -> Any:
    budget = {"false_share": 0.5, **changes.pop("budget", {})}
    triggers = {**RULES["triggers"], "surge": {**RULE, **changes}, "budget": budget}
    return policy(triggers=triggers, desk={"synthetic_acceptance": True})


def _hours(play: Play, first: int, counts: list[int], *, area: str = "A1") -> None:
    """So many reports in each hour from the first on, each at a place of its own."""
    for hour, count in enumerate(counts, start=first):
        for number in range(count):
            moment = BEGIN + timedelta(hours=hour, seconds=5 + 3_000 * number / max(count, 1))
            name = f"calls/{area}/{hour}/{number}"
            play.report("garbage", area=area, at=moment, name=name, place=False, run=False)


def _pass(play: Play, hours: float, *, final: bool = False) -> None:
    play.ticks(BEGIN + timedelta(hours=hours), final=final)
    play.city.run()


def _told(play: Play, area: str = "A1") -> list[Alert]:
    return [
        event.data
        for kind, _, event in play.said
        if kind.endswith(".alerts") and event.data.trigger.id == "W10" and event.data.area == area
    ]


@pytest.fixture
def history() -> Play:
    """The small city in event mode, with twenty ordinary hours at street A1."""
    play = Play(_rules(), mode="event")
    _hours(play, 0, [1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2)
    _pass(play, 20.5)
    assert _told(play) == []
    return play


def test_a_surge_is_told_with_what_was_usual_and_ends_when_it_is_over(history: Play) -> None:
    _hours(history, 20, [1, 40, 14, 1, 1, 0, 1, 1])
    _pass(history, 30, final=True)
    told = _told(history)
    assert [alert.state for alert in told] == ["opened", *["revised"] * (len(told) - 2), "closed"]
    first = told[0]
    assert first.observed == 40
    assert first.expected is not None
    assert first.interval is not None
    assert first.interval[0] <= first.expected < first.interval[1] < 40
    assert first.p is not None
    assert first.p <= 0.05
    assert first.window is not None
    assert first.window.start == BEGIN + timedelta(hours=21)
    assert first.window.end == BEGIN + timedelta(hours=22)
    assert first.changed_at == first.window.end + timedelta(minutes=10, seconds=1)
    assert "Garbage" in first.title
    assert len({alert.alert_id for alert in told}) == 1
    assert "2" in explain(first, history.policy, "en").clears


def test_the_tier_above_judges_the_sum_of_what_is_below(history: Play) -> None:
    _hours(history, 21, [7], area="A1")
    _hours(history, 21, [7], area="A2")
    _pass(history, 30, final=True)
    district = _told(history, "A")
    assert district[0].tier == "district"
    assert district[0].observed == 14


def test_colours_only_rise_within_a_surge(history: Play) -> None:
    _hours(history, 20, [1, 5, 8, 20, 3, 2])
    _pass(history, 30, final=True)
    colours = [alert.colour for alert in _told(history) if alert.state != "closed"]
    order = ["blue", "yellow", "orange", "red"]
    assert [order.index(colour) for colour in colours] == sorted(map(order.index, colours))
    assert len(set(colours)) > 1


def test_a_quiet_night_is_learned_as_silence_and_not_skipped(history: Play) -> None:
    _hours(history, 30, [1])
    _pass(history, 40, final=True)
    kept = PULSES.decode(history.city.entries("street", "pulse")["A1"])
    assert kept.kinds == ["garbage"]
    assert kept.counts == {}
    assert _told(history) == []


def _shuffled(seed: int) -> list[tuple[str, int, float | None]]:
    play = Play(_rules(), mode="event")
    reports = [
        (hour, number)
        for hour, count in enumerate([1, 2, 1, 0, 2, 1, 1, 2, 0, 1, 1, 2, 18, 1, 1])
        for number in range(count)
    ]
    random.Random(seed).shuffle(reports)
    for hour, number in reports:
        play.report(
            "garbage",
            at=BEGIN + timedelta(hours=hour, minutes=3 * number + 1),
            name=f"calls/{hour}/{number}",
            place=False,
            run=False,
        )
    _pass(play, 20, final=True)
    return [(alert.state, alert.revision, alert.observed) for alert in _told(play)]


def test_the_order_of_arrival_changes_nothing() -> None:
    once = _shuffled(1)
    assert once
    assert once == _shuffled(2)


def test_beyond_so_many_surges_a_day_they_are_told_in_blue() -> None:
    rules = _rules(budget={"street": 1}, quiet_bins=1, at=[0.05, 0.01, 0.001, 1e-300])
    play = Play(rules, mode="event")
    _hours(play, 0, [1, 2, 1, 0, 2, 1, 1, 2, 0, 1, 60, 0, 0, 60, 1, 1])
    _hours(play, 24, [1, 2, 90, 1])
    _pass(play, 40, final=True)
    opened = [alert for alert in _told(play) if alert.state == "opened"]
    assert [alert.observed for alert in opened] == [60, 60, 90]
    assert [alert.colour for alert in opened] == ["orange", "blue", "orange"]
    assert [alert.held_back for alert in opened] == [None, "capped", None]
    assert [alert.earned for alert in opened] == [None, "orange", None]


def test_red_calls_however_often() -> None:
    play = Play(_rules(budget={"street": 1}, quiet_bins=1), mode="event")
    _hours(play, 0, [1, 2, 1, 0, 2, 1, 1, 2, 0, 1, 60, 0, 0, 60, 1, 1])
    _pass(play, 24, final=True)
    opened = [alert for alert in _told(play) if alert.state == "opened"]
    assert [(alert.colour, alert.held_back) for alert in opened] == [("red", None)] * 2


class _Desk:
    """One district's desk, told ten-minute bins directly."""

    def __init__(self, **changes: Any) -> None:
        self.policy = _rules(**changes)
        self.state = State({})
        self.bins: Bins = {}
        self.told: list[Alert] = []

    def says(self, hour: int, count: int, also: tuple[str, ...] = ()) -> None:
        """What street A1 saw in the first ten minutes of an hour, as an absolute number."""
        start = to_microseconds(BEGIN + timedelta(hours=hour))
        found = self.bins.setdefault(start, Bin())
        found.below["A1"] = (1, {"garbage": count} if count else {})
        for area in also:
            found.below[area] = (1, {"garbage": 1})
        turn = self.turn(BEGIN + timedelta(hours=hour, minutes=30))
        surges.on_bins(turn, self.bins, [start])
        self._hear(turn)

    def passes(self, hour: int) -> None:
        """The hour before this one has been told, and a second later all desks have judged it."""
        for due in (BEGIN + timedelta(hours=hour, minutes=10 + late / 60) for late in (0, 1)):
            kept = self.state.get(PULSES, "A")
            assert kept is not None
            turn = self.turn(due)
            surges.on_due(turn, "A", kept, due)
            self._hear(turn)

    def rains(self, hour: int, colour: Colour | None) -> None:
        """A rain signal is in force from the beginning of an hour on, or none is."""
        rainfall.note(self.turn(BEGIN + timedelta(hours=hour)), colour)

    def turn(self, now: datetime) -> Turn:
        return Turn(self.policy, "district", "A", self.state, now, f"cause/{now.isoformat()}")

    def _hear(self, turn: Turn) -> None:
        for output in turn.out:
            assert isinstance(output, Output)
            assert isinstance(output.message, bytes)
            self.told.append(read_any(output.message).data)


def _desk_with_a_surge() -> _Desk:
    desk = _Desk()
    for hour, count in enumerate([1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2):
        desk.says(hour, count)
    desk.says(20, 12)
    desk.passes(21)
    return desk


def test_a_correction_upwards_raises_the_surge() -> None:
    desk = _desk_with_a_surge()
    desk.says(20, 60)
    assert [(a.state, a.observed) for a in desk.told] == [("opened", 12), ("raised", 60)]
    assert desk.told[0].alert_id == desk.told[1].alert_id


def test_a_correction_downwards_takes_the_surge_back() -> None:
    desk = _desk_with_a_surge()
    desk.says(20, 1)
    assert [(a.state, a.observed) for a in desk.told] == [("opened", 12), ("withdrawn", 1)]
    assert desk.state.get(WARNINGS, "A/W10/garbage") is None


def test_a_correction_can_show_a_surge_that_was_not_told() -> None:
    desk = _Desk()
    for hour, count in enumerate([1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2):
        desk.says(hour, count)
    desk.says(20, 1)
    desk.passes(21)
    assert desk.told == []
    desk.says(20, 30)
    assert [(a.state, a.observed) for a in desk.told] == [("opened", 30)]


def test_what_is_too_late_changes_nothing_that_was_said() -> None:
    desk = _desk_with_a_surge()
    desk.says(12, 40)
    assert [a.state for a in desk.told] == ["opened"]


def test_answers_of_the_desk_move_what_is_tolerated() -> None:
    trusted, doubted = _Desk(), _Desk()
    for desk in (trusted, doubted):
        for hour, count in enumerate([1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2):
            desk.says(hour, count)
        desk.says(20, 9)
    doubted.state.put(VERDICTS, "A/W10", Verdicts(false=1_000))
    trusted.state.put(VERDICTS, "A/W10", Verdicts(confirmed=1_000))
    trusted.passes(21)
    doubted.passes(21)
    assert [a.state for a in trusted.told] == ["opened"]
    assert doubted.told == []


def test_an_open_hour_calls_as_soon_as_its_count_alone_is_too_rare() -> None:
    play = Play(_rules(early_from=5), mode="event")
    _hours(play, 0, [1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2)
    for number in range(30):
        at = BEGIN + timedelta(hours=20, minutes=2 + number // 2)
        play.report("garbage", at=at, name=f"calls/{number}", place=False, run=False)
    _pass(play, 20.25)
    early = _told(play)
    assert [(alert.state, alert.observed) for alert in early] == [("opened", 16)]
    assert early[0].window is not None
    assert early[0].changed_at == early[0].window.start + timedelta(minutes=10)
    assert "this hour" in early[0].title
    assert early[0].completeness is None
    _pass(play, 30, final=True)
    told = _told(play)
    assert [alert.state for alert in told] == ["opened", "raised", "revised", "closed"]
    assert told[1].changed_at == early[0].window.start + timedelta(minutes=20)
    assert told[2].observed == 30
    assert told[2].changed_at == early[0].window.end + timedelta(minutes=10, seconds=1)
    assert "in an hour" in told[2].title
    assert len({alert.alert_id for alert in told}) == 1


def test_what_an_open_hour_said_too_soon_is_withdrawn() -> None:
    desk = _Desk(early_from=5)
    for hour, count in enumerate([1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2):
        desk.says(hour, count)
    desk.says(20, 12)
    desk.says(20, 2)  # the street corrects its own bin
    desk.passes(21)
    assert [(a.state, a.observed) for a in desk.told] == [("opened", 12), ("withdrawn", 2)]


def test_what_was_told_early_stands_beside_whatever_else_its_hour_brought() -> None:
    desk = _Desk(early_from=5)
    for hour, count in enumerate([1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2):
        desk.says(hour, count)
    desk.says(20, 12)
    end = BEGIN + timedelta(hours=21)
    holding.enter(desk.turn(end), end, [], tests=1_000_000_000)
    desk.passes(21)
    assert [(a.state, a.observed) for a in desk.told] == [("opened", 12), ("revised", 12)]


def test_few_of_a_kind_wait_for_their_hour() -> None:
    desk = _Desk(early_from=5)
    for hour, count in enumerate([0, 0, 1, 0, 0, 0, 0, 0, 0, 0] * 5):
        desk.says(hour, count)
    desk.says(50, 4)
    assert desk.told == []
    desk.says(50, 9)
    assert [(a.state, a.observed) for a in desk.told] == [("opened", 9)]


def test_it_says_how_many_of_those_who_usually_speak_were_heard() -> None:
    desk = _Desk()
    for hour in range(20):
        desk.says(hour, 1 + hour % 2, also=("A2", "A3") if hour % 4 else ("A2",))
    desk.says(20, 30)  # A1 alone: A2 always speaks, A3 in three hours of four
    desk.passes(21)
    assert [a.completeness for a in desk.told] == [0.5]


def test_what_rain_usually_brings_is_no_surge() -> None:
    """Wet afternoons bring four times as many: so does the next, which is no news; a dry one is."""
    told = {}
    for wet in (True, False):
        desk = _Desk(rain_lag_s=0, rain_effect=1.0, learn=60)
        for hour in range(230):
            raining = hour % 20 in (14, 15)
            if hour % 20 == 14:
                desk.rains(hour, "orange")
            if hour % 20 == 16:
                desk.rains(hour, None)
            desk.says(hour, 8 if raining else 2)
        if wet:
            desk.rains(232, "orange")
        before = len(desk.told)
        for hour in (230, 231):
            desk.says(hour, 2)
        desk.says(232, 9)
        desk.passes(233)
        told[wet] = [alert.observed for alert in desk.told[before:] if alert.state == "opened"]
    assert told == {True: [], False: [9.0]}


def test_a_rain_signal_is_remembered_at_every_desk_that_it_reaches() -> None:
    play = Play(_rules(), mode="wall").at(10)
    play.rain("yellow")
    play.at(70)
    play.rain("orange")
    play.at(200)
    for tier, area in (("city", "C"), ("district", "A"), ("street", "A1")):
        kept = rainfall.RAIN.decode(play.city.entries(tier, "rain")[area])
        assert [step for _, step in kept] == [2, 3], tier
        state = State({})
        state.put(rainfall.RAIN, area, kept)
        turn = Turn(play.policy, "street", area, state, play.now, "cause")
        hours = [BEGIN + timedelta(hours=hour) for hour in range(4)]
        assert rainfall.gravest(turn, hours[0], hours[0] + timedelta(minutes=5)) == 0
        assert [rainfall.gravest(turn, hour, hour + timedelta(hours=1)) for hour in hours[:3]] == [
            2,
            3,
            3,
        ]


def test_a_new_kind_expects_the_rhythm_of_the_others() -> None:
    desk = _Desk(learn=24)
    for hour in range(24 * 14):
        desk.says(hour, 6 if 0 <= hour % 24 < 9 else 0)
    turn = desk.turn(BEGIN + timedelta(days=14))
    rule = desk.policy.triggers.surge
    assert rule is not None
    new = pulse.new_series(turn, rule, "hour", ["garbage"])
    known = pulse.series_of(turn, rule, "hour", "garbage")
    assert known is not None
    rhythm = new.rhythm
    day = [float(new.terms @ rhythm.regressors(hour, (0.0, 0.0))) for hour in (10, 22)]
    learned = [float(known.terms @ rhythm.regressors(hour, (0.0, 0.0))) for hour in (10, 22)]
    assert day[0] - day[1] == pytest.approx((learned[0] - learned[1]) / 2, rel=0.05)
    assert day[0] - day[1] > 0.5


def test_what_was_learned_under_another_shape_begins_anew() -> None:
    desk = _desk_with_a_surge()
    desk.state.put(SERIES, "A/garbage", b"\x01 of another rhythm")
    desk.passes(22)
    turn = desk.turn(BEGIN + timedelta(hours=23))
    rule = desk.policy.triggers.surge
    assert rule is not None
    begun = pulse.series_of(turn, rule, "hour", "garbage")
    assert begun is not None
    assert begun.seen + len(begun.closed) == 1


def test_a_city_without_the_rule_keeps_nothing() -> None:
    play = Play(policy(desk={"synthetic_acceptance": True}), mode="event")
    _hours(play, 0, [1, 2, 3])
    _pass(play, 10, final=True)
    assert play.city.entries("street", PULSES.name) == {}
    assert play.city.entries("street", SERIES.name) == {}


def test_a_rule_without_sense_is_refused() -> None:
    with pytest.raises(ValidationError, match="falling"):
        SurgeRule.model_validate({**RULE, "at": [0.1, 0.1, 0.01, 0.001]})


def test_every_series_takes_little_room(history: Play) -> None:
    stored = history.city.entries("street", SERIES.name)
    assert set(stored) == {"A1/garbage"}
    assert len(stored["A1/garbage"]) <= 450
