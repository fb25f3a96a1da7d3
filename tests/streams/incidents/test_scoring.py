"""The scoreboard as the tiers tell it: by week, up the tiers, revised, and whatever the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from schemas.score import Score
from streams.warning.explain import explain

MONDAY = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # Monday 2 March begins in the city
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def history(make_play: Any, rules: Any) -> Any:
    """The small city in event mode; units accept at once."""
    return make_play(rules(desk={"synthetic_acceptance": True}), mode="event")


def pass_until(play: Any, moment: datetime) -> None:
    """Everything before that moment has come."""
    play.ticks(moment)
    play.city.run()


def last(play: Any, area: str, begins: datetime = MONDAY) -> Score:
    """The last word about a week of an area."""
    said = [
        score
        for score in play.heard("scoreboard")
        if (score.area, score.window.start) == (area, begins)
    ]
    assert [each.revision for each in said] == list(range(1, len(said) + 1))
    found: Score = said[-1]
    return found


def close(play: Any, name: str, at: datetime, area: str = "A1") -> None:
    play.update(name, "closed", area=area, at=at)


def test_a_week_is_told_at_each_midnight_and_once_more_when_it_is_complete(history: Any) -> None:
    for hour, area in ((1, "A1"), (2, "A1"), (3, "A2"), (4, "B1")):
        at = MONDAY + hour * HOUR
        name = history.report("garbage", area=area, at=at, name=f"r/{hour}", place=False)
        close(history, name, at + HOUR, area)
    pass_until(history, MONDAY + DAY + HOUR)
    assert last(history, "A1").lines["*"].counts["opened"] == 2
    assert last(history, "A").lines["garbage"].counts["opened"] == 3
    city = last(history, "C")
    assert not city.complete
    assert city.revision == 1, "the desks below have told theirs before"
    assert city.week == "2026-W10"
    counts = city.lines["*"].counts
    assert [counts[name] for name in ("opened", "reported", "closed", "low")] == [4, 4, 4, 4]
    pass_until(history, MONDAY + 7 * DAY + HOUR)
    city = last(history, "C")
    assert city.complete
    assert city.lines["*"].counts["closed"] == 4
    assert city.lines["*"].settled_low.value is None, "four are too few to tell"


def test_what_comes_late_revises_the_week_and_the_city_hears_of_it(history: Any) -> None:
    history.report("garbage", at=MONDAY + HOUR, name="r/1", place=False)
    pass_until(history, MONDAY + 8 * DAY)
    before = last(history, "C").revision
    # A desk was cut off: its reports of last week come now.
    history.report("garbage", at=MONDAY + 8 * DAY + HOUR, name="r/2", place=False)
    pass_until(history, MONDAY + 9 * DAY + HOUR)
    assert last(history, "C").revision == before
    assert last(history, "C", MONDAY + 7 * DAY).lines["*"].counts["opened"] == 1


def test_weeks_are_forgotten(history: Any) -> None:
    history.report("garbage", at=MONDAY + HOUR, name="r/1", place=False)
    pass_until(history, MONDAY + 40 * DAY)
    for stage in ("street", "district", "city"):
        kept = history.city.entries(stage, "score")
        assert all("739" in key for key in kept)
        assert len(kept) <= 4 * 4, stage


def test_a_case_that_a_device_found_first_was_warned_of_before_people_said_so(history: Any) -> None:
    history.finding("W3", at=MONDAY + HOUR, kind="water", colour="yellow")
    history.report("water", at=MONDAY + HOUR + 40 * MINUTE, name="r/1")
    pass_until(history, MONDAY + DAY + HOUR)
    line = last(history, "A1").lines["water"]
    assert line.counts["reported"] == line.counts["preceded"] == 1
    assert line.lead_p50_min == pytest.approx(40, rel=0.1)
    assert line.counts["warnings"] >= 1
    assert line.counts["calls"] >= 1


def test_the_district_holds_its_own_warnings_against_what_streets_were_not_warned_of(
    history: Any,
) -> None:
    # The same kind in three streets within the hour: the district warns (W7); then a fourth case.
    for number, area in enumerate(("A1", "A2", "A3")):
        at = MONDAY + HOUR + 5 * number * MINUTE
        history.report("water", area=area, at=at, name=f"r/{area}", east_m=2_000 * number)
    history.report("water", area="A1", at=MONDAY + 3 * HOUR, name="r/late", east_m=9_000)
    pass_until(history, MONDAY + DAY + HOUR)
    assert "preceded" not in last(history, "A1").lines["water"].counts
    district = last(history, "A").lines["water"]
    assert district.counts["reported"] == 4
    assert district.counts["preceded"] == 1
    assert last(history, "C").lines["water"].counts["preceded"] == 1


def test_several_reports_of_one_case_tell_how_readily_people_report(history: Any) -> None:
    for number in (1, 2, 3):
        history.report("garbage", at=MONDAY + (8 + number / 2) * HOUR, name=f"r/{number}")
    for number in (1, 2, 3):
        close(history, f"r/{number}", MONDAY + 10 * HOUR)
    pass_until(history, MONDAY + DAY + HOUR)
    counts = last(history, "A1").lines["garbage"].counts
    assert (counts["again"], counts["voices"], counts["cases"]) == (2, 3, 1)
    assert counts["watched_min"] == 90
    assert last(history, "A").below["A1"].reports == 3
    assert last(history, "A").below["A1"].per_1000 is None, "nobody says how many live there"


def test_a_street_that_falls_silent_is_flagged_and_told_as_a_matter_of_data_quality(
    history: Any,
) -> None:
    rng = Random(4)
    for day in range(33):
        for area in ("A1", "A2", "A3"):
            if area == "A2" and day >= 30:
                continue
            for number in range(rng.randrange(6, 11)):
                at = MONDAY + day * DAY + HOUR + number * HOUR
                name = f"r/{area}/{day}/{number}"
                history.report("garbage", area=area, at=at, name=name, place=False)
        pass_until(history, MONDAY + day * DAY + 23 * HOUR)
    pass_until(history, MONDAY + 33 * DAY + HOUR)
    begins = MONDAY + 28 * DAY
    voices = last(history, "A", begins).below
    assert voices["A2"].silent
    assert voices["A2"].p is not None
    assert voices["A2"].p < 0.002
    assert not voices["A1"].silent
    lit = [alert for alert in history.alerts("district").values() if alert.trigger.id == "W12-area"]
    assert [alert.key for alert in lit] == ["W12-area/A/A2"]
    assert lit[0].state in ("opened", "revised")
    assert "不作为治理成效" in explain(lit[0], history.policy, "zh").clears
    for day in range(33, 41):
        for area in ("A1", "A2", "A3"):
            for number in range(rng.randrange(6, 11)):
                at = MONDAY + day * DAY + HOUR + number * HOUR
                name = f"r/{area}/{day}/{number}"
                history.report("garbage", area=area, at=at, name=name, place=False)
    pass_until(history, MONDAY + 41 * DAY + HOUR)
    (alert,) = [a for a in history.alerts("district").values() if a.trigger.id == "W12-area"]
    assert alert.state == "closed"


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_a_day_arrives_changes_no_figure(
    make_play: Any, rules: Any, seed: int
) -> None:
    def told(*, shuffled: bool) -> list[dict[str, Any]]:
        play = make_play(rules(desk={"synthetic_acceptance": True}), mode="event")
        rng = Random(seed)
        acts = []
        for number in range(40):
            at = MONDAY + timedelta(minutes=rng.uniform(10, 600))
            acts.append((at, ("A1", "A2", "B1")[number % 3], f"r/{number}", rng.random() < 0.5))
        acts.sort()
        if shuffled:
            rng.shuffle(acts)
        for at, area, name, place in acts:
            play.report("water", area=area, at=at, name=name, place=place)
        pass_until(play, MONDAY + 8 * DAY)
        return [last(play, area).model_dump() for area in ("A1", "A", "C")]

    in_order = told(shuffled=False)
    assert told(shuffled=True) == in_order
    assert in_order[-1]["lines"]["water"]["counts"]["reported"] > 10


def test_a_policy_without_a_scoreboard_scores_nothing(make_play: Any, rules: Any) -> None:
    play = make_play(rules(scoreboard=None), mode="event")
    play.report("garbage", at=MONDAY + HOUR, name="r/1", place=False)
    pass_until(play, MONDAY + 8 * DAY)
    assert play.heard("scoreboard") == []
    assert play.city.entries("street", "score") == {}


def test_problems_are_counted_up_to_the_city(history: Any) -> None:
    for day in range(3):
        at = MONDAY + day * DAY + 9 * HOUR
        close(history, history.report("garbage", at=at, name=f"r/{day}"), at + HOUR)
    pass_until(history, MONDAY + 4 * DAY)
    assert len(history.problems()) == 1
    for area in ("A1", "A", "C"):
        told = last(history, area)
        assert told.problems == {"opened": 1}, area
        assert told.spared.value is None, "there is no measure yet"
    assert last(history, "A1").lines["garbage"].counts["recurrent"] >= 1
