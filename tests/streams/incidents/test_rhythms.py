"""What the city has learned of a kind is where its districts and streets begin with it (W10)."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from streams.incidents import pulse, rhythms
from streams.incidents.turn import Turn
from streams.policy.surge import SurgeRule
from streams.state import State
from streams.warning.counts.stored import decode
from tests.streams.incidents.play import BEGIN, RULES, Play, policy

SURGE: dict[str, Any] = {
    "version": "1", "title": "surge", "action": "look", "street": "day", "district": "day",
    "city": "day", "learn": 20, "early_from": None,
}  # fmt: skip
WEEKS = 10


def _lived(batch_days: int) -> Play:
    """Offices complain on weekdays; street B1 hears of garbage only from the tenth week on."""
    rules = policy(
        triggers={**RULES["triggers"], "surge": SURGE, "recurrence": None},
        desk={"synthetic_acceptance": True},
    )
    play = Play(rules, mode="event")
    chance = random.Random(5)
    for day in range(7 * WEEKS):
        late = day >= 7 * (WEEKS - 1)
        for number in range((9 if day % 7 < 5 else 1) + chance.randrange(3)):
            area = "B1" if late and number % 2 else "A1"
            moment = BEGIN + timedelta(days=day, seconds=60 + 300 * number)
            play.report(
                "garbage", area=area, at=moment, name=f"calls/{day}/{number}", place=False,
                run=False,
            )  # fmt: skip
        if (day + 1) % batch_days == 0:
            play.ticks(BEGIN + timedelta(days=day + 1))
            play.city.run()
    play.ticks(BEGIN + timedelta(days=7 * WEEKS), final=True)
    play.city.run()
    assert play.dead() == []
    return play


@pytest.fixture(scope="module")
def town() -> Play:
    return _lived(1)


def _rule(play: Play) -> SurgeRule:
    rule = play.policy.triggers.surge
    assert rule is not None
    return rule


def test_what_the_city_has_learned_reaches_every_desk_below(town: Play) -> None:
    for stage, areas in (
        ("district", {"A", "B", "D", "desk"}),
        ("street", {"A1", "A2", "A3", "B1", "D1"}),
    ):
        kept = {
            key: rhythms.RHYTHMS.decode(value)
            for key, value in town.city.entries(stage, "rhythm").items()
        }
        assert set(kept) == {f"{area}/day" for area in areas}
        assert all("garbage" in known for each in kept.values() for _, known in each)
        assert all(1 <= len(each) <= rhythms.KEPT for each in kept.values())


def test_a_series_that_begins_expects_the_week_of_the_city(town: Play) -> None:
    rule = _rule(town)
    rhythm = pulse.rhythm_of("day", rule.learn)
    (stored,) = [
        value for key, value in town.city.entries("street", "series").items() if key[:2] == "B1"
    ]
    begun = decode(stored, rhythm, rule.lateness)
    assert begun.seen + len(begun.closed) <= 8
    state = State({})
    for key, value in town.city.entries("street", "rhythm").items():
        state.put(rhythms.RHYTHMS, key, rhythms.RHYTHMS.decode(value))
    later = BEGIN + timedelta(days=7 * WEEKS + 60)
    turn = Turn(town.policy, "street", "B1", state, later, "cause")
    with_city = pulse.new_series(turn, rule, "day", ["garbage"], "garbage")
    alone = pulse.new_series(turn, rule, "day", ["cover"], "cover")

    def monday_to_sunday(series: Any) -> float:
        rows = [rhythm.regressors(day, (0.0, 0.0)) for day in (0, 6)]
        return float(series.terms @ rows[0]) - float(series.terms @ rows[1])

    assert monday_to_sunday(with_city) > 1.0, "nine times as many on weekdays"
    assert monday_to_sunday(begun) > 1.0, "its own first week has hardly told it so"
    assert monday_to_sunday(alone) == 0.0
    assert with_city.scatter <= 2.0
    early = Turn(town.policy, "street", "B1", state, BEGIN, "cause")
    unknown = pulse.new_series(early, rule, "day", ["garbage"], "garbage")
    assert monday_to_sunday(unknown) == 0.0, "nothing held then"


def test_it_holds_only_from_the_moment_that_it_names(town: Play) -> None:
    rule = _rule(town)
    rhythm = pulse.rhythm_of("day", rule.learn)
    state = State({})
    kept = rhythms.RHYTHMS.decode(town.city.entries("street", "rhythm")["A1/day"])
    state.put(rhythms.RHYTHMS, "A1/day", kept[:1])
    held = (timedelta(microseconds=kept[0][0]) - timedelta(seconds=1), timedelta(
        microseconds=kept[0][0]))  # fmt: skip
    epoch = BEGIN.replace(year=1970, month=1, day=1, hour=0)
    known = [
        rhythms.prior(
            Turn(town.policy, "street", "A1", state, epoch + moment, "c"), "day", "garbage", rhythm
        )
        for moment in held
    ]
    assert known[0] is None
    assert known[1] is not None
    assert rhythms.prior(
        Turn(town.policy, "street", "A1", state, epoch + held[1], "c"), "hour", "garbage", rhythm
    ) is None  # fmt: skip


def test_how_fast_the_history_comes_changes_nothing(town: Play) -> None:
    fast = _lived(10)
    for stage in ("street", "district", "city"):
        for namespace in ("series", "rhythm", "pulse"):
            assert fast.city.entries(stage, namespace) == town.city.entries(stage, namespace)
