"""What desks did, summed up by day, week, month and season, and up the tiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from schemas.outcome import Summary
from streams.summaries.tally import rates

MIDNIGHT = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # Monday 2 March begins in the city
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def history(make_play: Any, rules: Any) -> Any:
    """The small city in event mode; units accept at once."""
    return make_play(rules(desk={"synthetic_acceptance": True}), mode="event")


def pass_until(play: Any, moment: datetime) -> None:
    """Everything before that moment has come."""
    play.ticks(moment)
    play.city.run()


def last(play: Any, area: str, period: str = "day", begins: datetime = MIDNIGHT) -> Summary:
    """The last word about a period of an area."""
    said = [
        summary
        for summary in play.heard("summaries")
        if (summary.area, summary.period, summary.window.start) == (area, period, begins)
    ]
    assert [each.revision for each in said] == list(range(1, len(said) + 1))
    found: Summary = said[-1]
    return found


def settle(play: Any, name: str, at: datetime, *, area: str = "A1", **fields: Any) -> None:
    """A department's system closes what was reported."""
    play.update(name, "closed", area=area, at=at, **fields)


def test_a_day_is_said_once_when_it_is_complete_at_every_tier(history: Any) -> None:
    for hour, area in ((1, "A1"), (2, "A1"), (3, "A2"), (4, "B1")):
        at = MIDNIGHT + hour * HOUR
        name = history.report("garbage", area=area, at=at, name=f"r/{hour}", place=False)
        settle(history, name, at + HOUR, area=area)
    pass_until(history, MIDNIGHT + DAY)
    assert history.heard("summaries") == []
    pass_until(history, MIDNIGHT + DAY + HOUR)
    assert {each.area for each in history.heard("summaries")} == {"A1", "A2", "B1", "A", "B", "C"}
    assert len(history.heard("summaries")) == 6
    assert last(history, "A1").counts["opened"] == 2
    assert last(history, "A").counts["opened"] == 3
    city = last(history, "C")
    assert city.counts == {
        "closed": 4, "complaints": 4, "dispatched": 4, "on_time": 4, "opened": 4, "settled_low": 4,
    }  # fmt: skip
    assert city.rates["on_time"] == city.rates["settled_low"] == 1.0
    assert city.rates["median_hours"] == pytest.approx(1.0, rel=0.1)
    assert city.units["works"].counts == city.counts
    assert city.complete
    assert city.window.end - city.window.start == DAY


def test_weeks_months_and_seasons_are_the_sums_of_their_days(history: Any) -> None:
    for day in range(40):
        at = MIDNIGHT + day * DAY + HOUR
        history.report("garbage", at=at, name=f"r/{day}", place=False)
    pass_until(history, MIDNIGHT + 125 * DAY)
    for area in ("A1", "A", "C"):
        assert last(history, area, "week").counts["opened"] == 7, area
        march = datetime(2026, 2, 28, 16, tzinfo=UTC)
        assert last(history, area, "month", march).counts["opened"] == 30, area
        first = datetime(2025, 12, 31, 16, tzinfo=UTC)
        assert last(history, area, "season", first).counts["opened"] == 30, area
        second = datetime(2026, 3, 31, 16, tzinfo=UTC)
        assert last(history, area, "season", second).counts["opened"] == 10, area
    for stage in ("street", "district", "city"):
        assert history.city.entries(stage, "sheet") == {}, "days are forgotten"
    pass_until(history, MIDNIGHT + 220 * DAY)
    for stage in ("street", "district", "city"):
        assert history.city.entries(stage, "sum") == {}, "and so are their sums"


def test_the_three_rates_come_from_callbacks_and_are_counted_once(play: Any) -> None:
    names = [play.report("gas", name=f"r/{n}", place=False) for n in range(4)]
    contacted = {"contacted": True, "solved": True, "satisfied": True}
    play.update(names[0], "callback", callback=contacted)
    play.update(names[0], "callback", callback=contacted)
    play.update(names[1], "callback", callback={**contacted, "satisfied": False})
    play.update(names[2], "callback", callback={"contacted": False})
    play.at(25 * 60)
    play.update(names[3], "callback", callback={"contacted": True, "solved": False})
    play.at(72 * 60)
    play.ticks(play.now)
    play.city.run(play.now)
    for area in ("A1", "A", "C"):
        counts, rates = summed(play, area)
        assert counts["dispatched"] == 4
        assert (counts["contacts"], counts["contacted"]) == (3, 2)
        assert (counts["answered"], counts["solved"], counts["satisfied"]) == (4, 3, 2)
        assert rates["response"] == 0.5, area


def summed(play: Any, area: str) -> tuple[dict[str, int], dict[str, float]]:
    """Counts of all days of an area together, and the rates of the first day."""
    counts: dict[str, int] = {}
    newest = {s.window.start: s for s in play.heard("summaries") if s.area == area}
    for each in newest.values():
        if each.period == "day":
            for name, number in each.counts.items():
                counts[name] = counts.get(name, 0) + number
    return counts, next(iter(newest.values())).rates


def test_late_contact_revises_the_day_of_the_report(history: Any) -> None:
    name = history.report("garbage", at=MIDNIGHT + 20 * HOUR, place=False)
    pass_until(history, MIDNIGHT + DAY + HOUR)
    before = last(history, "C")
    assert "response" not in before.rates
    history.update(name, "callback", at=MIDNIGHT + DAY + 3 * HOUR, callback={"contacted": True})
    pass_until(history, MIDNIGHT + 2 * DAY + HOUR)
    after = last(history, "C")
    assert (before.revision, after.revision) == (1, 2)
    assert after.rates["response"] == 1.0
    pass_until(history, MIDNIGHT + 7 * DAY + HOUR)
    assert last(history, "C", "week").counts["contacted"] == 1


def test_overdue_and_lifted_are_counted_where_they_happened(history: Any) -> None:
    name = history.report("cover", at=MIDNIGHT + HOUR, place=False)
    settle(history, name, MIDNIGHT + 10 * HOUR)
    pass_until(history, MIDNIGHT + DAY + HOUR)
    street, city = last(history, "A1"), last(history, "C")
    assert street.counts["lifted_from_street"] == street.counts["overdue"] == 1
    assert "closed" not in street.counts
    assert street.rates["settled_low"] == street.rates["on_time"] == 0.0
    assert city.counts["closed"] == city.counts["lifted_from_district"] == 1
    assert city.rates["on_time"] == city.rates["settled_low"] == 0.0
    assert city.counts["overdue"] == 1


def test_a_running_day_is_told_where_the_policy_wants_it(make_play: Any, rules: Any) -> None:
    play = make_play(
        rules(desk={"synthetic_acceptance": True}, summaries={"interim_s": 3_600}), mode="event"
    )
    play.report("garbage", at=MIDNIGHT + timedelta(minutes=10), name="r/1", place=False)
    play.report("garbage", at=MIDNIGHT + timedelta(minutes=90), name="r/2", place=False)
    pass_until(play, MIDNIGHT + 3 * HOUR)
    told = [(s.counts["opened"], s.complete) for s in play.heard("summaries") if s.area == "C"]
    assert told == [(1, False), (2, False)]
    pass_until(play, MIDNIGHT + 2 * DAY)
    weeks = [s for s in play.heard("summaries") if (s.area, s.period) == ("C", "week")]
    assert [(s.counts["opened"], s.complete) for s in weeks] == [(2, False)]


def test_an_area_that_never_whistles_is_marked(make_play: Any, rules: Any) -> None:
    def marks(few: float, many: float) -> list[str]:
        band = {"few_whistles": few, "many_whistles": many, "judged_from": 2}
        play = make_play(rules(summaries=band), mode="event")
        for n in range(2):
            play.report("garbage", at=MIDNIGHT + HOUR, name=f"r/{n}", place=False)
        pass_until(play, MIDNIGHT + 2 * DAY)
        return last(play, "A1").marks

    assert marks(0.5, 10) == ["whistles_few"]
    assert marks(0, 10) == []


def test_where_months_are_the_shortest_period_only_they_and_seasons_are_told(
    make_play: Any, rules: Any
) -> None:
    play = make_play(
        rules(desk={"synthetic_acceptance": True}, summaries={"shortest": "month"}), mode="event"
    )
    for day in range(40):
        play.report("garbage", at=MIDNIGHT + day * DAY, name=f"r/{day}", place=False)
    pass_until(play, MIDNIGHT + 125 * DAY)
    said = [(s.period, s.counts["opened"]) for s in play.heard("summaries") if s.area == "C"]
    assert said == [("month", 30), ("season", 30), ("month", 10), ("season", 10)]


def told(play: Any, area: str) -> Summary:
    """What an area's day has come to, once that day is over."""
    play.ticks(MIDNIGHT + 2 * DAY)
    play.at(40 * 60)
    return last(play, area)


def test_what_people_order_is_counted_for_the_unit_it_concerns(play: Any) -> None:
    play.report("garbage", name="r/1", place=False)
    case = play.incident().incident_id
    play.command(case, "whistle", reason="help", ground="b", units=["police", "drains"])
    play.command(case, "report", role="unit", unit="police")
    play.command(case, "return", role="unit", reason="not ours")
    play.command(case, "redispatch", unit="drains")
    play.command(case, "accept", role="unit")
    play.command(case, "request", role="unit", reason="rain", **{"for": "extension"})
    play.command(case, "extend")
    play.command(case, "supervise", area="A", role="supervisor", reason="press")
    play.command(case, "resolve", role="unit")
    play.command(case, "check_failed", reason="still there")
    summary = told(play, "A1")
    of_works, of_drains = (summary.units[unit].counts for unit in ("works", "drains"))
    assert of_works["opened"] == of_works["whistled"] == of_works["returned"] == 1
    assert of_works["arrived"] == 1
    assert of_drains["extended"] == of_drains["supervised"] == of_drains["redone"] == 1
    assert "opened" not in of_drains
    assert summary.rates["whistles_per_100"] == 100.0
    assert summary.rates["returned"] == 1.0


def test_a_granted_appeal_takes_the_case_out_of_the_share_on_time(play: Any) -> None:
    report_id = play.report("cover", due_at=play.now + timedelta(minutes=90))
    case = play.incident().incident_id
    play.command(case, "accept", role="unit")
    play.at(100)
    play.update(report_id, "closed")
    play.report("cover", name="r/2", east_m=900)
    play.update("r/2", "closed")
    play.command(case, "appeal", role="unit", reason="rain")
    before = last_rate(play)
    play.command(case, "decide_appeal", area="A", reason="it rained", verdict="granted")
    assert (before, last_rate(play)) == (0.5, 1.0)


def last_rate(play: Any) -> float:
    """The share on time of the district's day so far, as its sheet has it."""
    counts: dict[str, int] = {}
    for stage in ("street", "district"):
        for stored in play.city.entries(stage, "sheet").values():
            for unit in orjson.loads(stored)[0].values():
                for name, number in unit.items():
                    counts[name] = counts.get(name, 0) + number
    return rates(counts, "district")["on_time"]
