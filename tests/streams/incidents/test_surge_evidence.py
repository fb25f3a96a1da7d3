"""What a surge (W10) stands on: its reports by name, the nearest miss, both widths, its tier."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from streams.incidents import holding
from streams.incidents.pulse import SERIES
from streams.policy.surge import SurgeRule
from streams.warning.explain import explain
from tests.streams.incidents.play import BEGIN, Play
from tests.streams.incidents.test_surges import RULE, _Desk, _hours, _pass, _rules, _told


@pytest.fixture
def history() -> Play:
    """The small city in event mode, with twenty ordinary hours at street A1."""
    play = Play(_rules(), mode="event")
    _hours(play, 0, [1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2)
    _pass(play, 20.5)
    return play


def test_it_names_the_first_reports_and_the_fewest_that_would_have_been_told(
    history: Play,
) -> None:
    _hours(history, 20, [1, 70])
    _pass(history, 30, final=True)
    for area, tier in (("A1", "street"), ("A", "district")):
        first = next(alert for alert in _told(history, area) if alert.observed == 70)
        assert first.tier == tier
        assert first.evidence == [f"calls/A1/21/{number}" for number in range(50)]
        assert first.evidence_count == 70
        assert first.threshold is not None
        assert first.fires_at is not None
        assert first.p is not None
        assert first.p <= first.fires_at
        assert first.expected is not None
        assert first.expected < first.threshold < 70
        assert f"{first.threshold:g}" in explain(first, history.policy, "en").not_fired


@pytest.mark.parametrize("short", [0, 1])
def test_one_report_fewer_than_the_threshold_tells_nothing(short: int) -> None:
    """The nearest case that did not fire is really one: replayed with its count, nothing fires."""
    counts = [1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2
    surge = _Desk()
    for hour, count in enumerate([*counts, 40]):
        surge.says(hour, count)
    surge.passes(21)
    threshold = surge.told[0].threshold
    assert threshold is not None
    again = _Desk()
    for hour, count in enumerate([*counts, int(threshold) - short]):
        again.says(hour, count)
    again.passes(21)
    assert len(again.told) == (0 if short else 1)


def test_a_street_says_how_many_of_its_usual_channels_spoke() -> None:
    play = Play(_rules(), mode="event")
    for hour in range(21):
        for number in range(1 + hour % 2 if hour < 20 else 30):
            moment = BEGIN + timedelta(hours=hour, seconds=5 + 60 * number)
            channel = "app" if number and hour < 20 else "hotline"
            name = f"calls/{hour}/{number}"
            play.report("garbage", at=moment, name=name, place=False, run=False, channel=channel)
        if hour < 20:
            moment = BEGIN + timedelta(hours=hour, minutes=50)
            play.report(
                "garbage", at=moment, name=f"i/{hour}", place=False, run=False, channel="inspector"
            )
    _pass(play, 30, final=True)
    # The hotline and the inspectors always speak, the app in half of the hours.
    assert _told(play)[0].completeness == 0.5


def test_hours_and_days_of_a_kind_are_one_episode() -> None:
    rules = _rules(street=["hour", "day"], learn=4, at=[0.05, 0.01, 0.001, 1e-30], quiet_bins=1)
    play = Play(rules, mode="event")
    # Ordinary days; then one with a little more in every hour, and a burst in one hour of it.
    ordinary = [2, 1, 3, 1, 2, 2, 1, 3, 2, 1, 2, 1] * 2
    for day in range(8):
        _hours(play, 24 * day, ordinary)
    _hours(play, 192, [4, 5, 4, 6, 5, 60, 5, 4, 6, 5, 4, 5] + [4] * 12)
    _hours(play, 216, ordinary * 3)
    _pass(play, 24 * 13, final=True)
    told = [alert for alert in _told(play) if alert.opened_at >= BEGIN + timedelta(hours=192)]
    assert len({alert.alert_id for alert in told}) == 1
    windows = [alert.window.end - alert.window.start for alert in told if alert.window is not None]
    assert timedelta(hours=1) in windows
    assert timedelta(days=1) in windows
    assert told[-1].state == "closed"
    colours = ["blue", "yellow", "orange", "red"]
    shown = [colours.index(alert.colour) for alert in told]
    assert shown == sorted(shown)
    kept = set(play.city.entries("street", SERIES.name))
    assert kept == {"A1/garbage", "A1/garbage/day"}


def test_what_one_desk_is_told_depends_on_what_its_tier_has_tested() -> None:
    """The same surge, beside nothing and beside the quiet of two thousand other series."""
    told = {}
    for others in (0, 2_000):
        desk = _Desk(at=[0.05, 0.01, 1e-9, 1e-12])
        for hour, count in enumerate([1, 2, 1, 0, 2, 1, 1, 2, 0, 1] * 2):
            desk.says(hour, count)
        desk.says(20, 11)
        end = BEGIN + timedelta(hours=21)
        holding.enter(desk.turn(end), end, [], tests=others)
        desk.passes(21)
        told[others] = [(a.state, a.tests) for a in desk.told]
    assert told == {0: [("opened", 1)], 2_000: []}


def test_each_width_is_named_once() -> None:
    assert SurgeRule.model_validate({**RULE, "street": None}).street == ()
    with pytest.raises(ValidationError, match="each width once"):
        SurgeRule.model_validate({**RULE, "city": ["day", "day"]})
