"""The load of a desk, by the yardsticks of the alarm standards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from schemas.terms import AlertState, Colour
from streams.warning.alarm_load import FLOOD_BEGINS, Answer, Said, measure

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
END = BEGIN + timedelta(hours=10)


def said(
    seconds: float,
    name: str = "a",
    *,
    revision: int = 1,
    state: AlertState = "opened",
    colour: Colour = "blue",
    source: str | None = None,
    incident: str | None = None,
) -> Said:
    at = BEGIN + timedelta(seconds=seconds)
    return Said(at, name, revision, state, colour, source or name, incident)


def test_only_openings_and_rises_call_somebody() -> None:
    load = measure(
        [
            said(0),
            said(60, revision=2, state="revised"),
            said(120, revision=3, state="raised", colour="red"),
            said(180, revision=4, state="closed", colour="red"),
        ],
        BEGIN,
        END,
    )
    assert load.annunciations == 2
    assert load.by_colour == {"blue": 1, "yellow": 0, "orange": 0, "red": 1}
    assert load.per_hour == 0.2
    assert load.standing == 0


def test_a_flood_begins_over_ten_and_ends_under_five() -> None:
    burst = [said(10.0 * n, f"b{n}") for n in range(12)]
    load = measure([*burst, said(7200, "later")], BEGIN, END)
    assert load.floods == 1
    assert load.busiest == 12
    # The eleventh call, at 100 s, begins it; fewer than five are left 600 s after the
    # eighth (the fifth from the last), which came at 70 s.
    assert abs(load.flood_share * 36_000 - (70 + 600 - 100)) < 1e-6


def test_ten_in_ten_minutes_are_no_flood() -> None:
    assert measure([said(n, f"b{n}") for n in range(10)], BEGIN, END).floods == 0


def test_a_flood_that_lasts_to_the_end_ends_there() -> None:
    late = [said(36_000 - 20 + n, f"b{n}") for n in range(12)]
    load = measure(late, BEGIN, END)
    assert abs(load.flood_share * 36_000 - (20 - 10)) < 1e-6


def test_bad_actors_chatter_fleeting_and_stale() -> None:
    chatter = [said(600.0 * n, f"c{n}", source="W3/underpass") for n in range(4)]
    gone = [said(0, "f"), said(5, "f", revision=2, state="closed")]
    old = [Said(BEGIN - timedelta(hours=20), "o", 1, "opened", "yellow", "o")]
    load = measure([*chatter, *gone, *old], BEGIN, END)
    assert load.chattering == ["W3/underpass"]
    assert load.fleeting == 1
    assert load.stale == 1
    assert load.standing == 5
    assert load.annunciations == 5, "what opened before the stretch does not count into it"
    assert load.worst[0] == ("W3/underpass", 4)


def test_answers_and_what_was_done() -> None:
    calls = [
        said(0, "x", colour="red", incident="i1"),
        said(900, "x", revision=2, state="closed", colour="red", incident="i1"),
        said(0, "y", colour="orange", incident="i2"),
        said(900, "y", revision=2, state="closed", colour="orange", incident="i2"),
    ]
    steps = {
        "i1": [
            Answer(BEGIN + timedelta(seconds=12), True),
            Answer(BEGIN + timedelta(seconds=600), False),
        ],
        "i2": [Answer(BEGIN + timedelta(seconds=50), True)],
    }
    load = measure(calls, BEGIN, END, answers=steps)
    assert load.answers_s == [12.0, 50.0]
    assert load.answered_within(15) == 0.5
    assert load.actionable == 0.5


@given(
    st.lists(st.floats(0, 35_999, allow_nan=False), max_size=80),
    st.randoms(use_true_random=False),
)
def test_order_of_arrival_changes_nothing(times: list[float], chance: Random) -> None:
    records = [said(t, f"n{i}") for i, t in enumerate(times)]
    mixed = list(records)
    chance.shuffle(mixed)
    load = measure(mixed, BEGIN, END)
    assert load == measure(records, BEGIN, END)
    assert load.annunciations == len(times) == sum(load.hourly)
    assert (load.floods > 0) == (load.busiest > FLOOD_BEGINS)
    assert 0 <= load.flood_share <= 1
