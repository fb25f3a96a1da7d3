"""More of a kind than usual at a desk (W10): opened, raised, revised, withdrawn, closed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.alert import Alert
from schemas.codec import read_any
from streams.incidents import surges
from streams.incidents.case import WARNINGS, Bin, Bins
from streams.incidents.surges import PULSES, SERIES
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
    assert first.changed_at == first.window.end + timedelta(minutes=10)
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
    pulse = PULSES.decode(history.city.entries("street", "pulse")["A1"])
    assert pulse.kinds == ["garbage"]
    assert pulse.counts == {}
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

    def __init__(self) -> None:
        self.policy = _rules()
        self.state = State({})
        self.bins: Bins = {}
        self.told: list[Alert] = []

    def says(self, hour: int, count: int) -> None:
        """What street A1 saw in the first ten minutes of an hour, as an absolute number."""
        start = to_microseconds(BEGIN + timedelta(hours=hour))
        found = self.bins.setdefault(start, Bin())
        found.below["A1"] = (1, {"garbage": count} if count else {})
        turn = self._turn(BEGIN + timedelta(hours=hour, minutes=30))
        surges.on_bins(turn, self.bins, [start])
        self._hear(turn)

    def passes(self, hour: int) -> None:
        """The hour before this one has been told."""
        due = BEGIN + timedelta(hours=hour, minutes=10)
        pulse = self.state.get(PULSES, "A")
        assert pulse is not None
        turn = self._turn(due)
        surges.on_due(turn, pulse, due)
        self._hear(turn)

    def _turn(self, now: datetime) -> Turn:
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
