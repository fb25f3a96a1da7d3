"""How long work takes is learned, and what will be late is foretold."""

from __future__ import annotations

import random
from math import log

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.warning.workload import LEAST, MOST_OPEN, Pace, Workload, as_plain, from_plain


def learned(median: float, spread: float, number: int, seed: int = 1) -> Workload:
    chance = random.Random(seed)
    load = Workload()
    for each in range(number):
        load.begin(str(each), "lamp", 0.0, 600.0)
        load.end(str(each), median * 2.718281828 ** chance.gauss(0, spread))
    return load


def test_a_pace_finds_the_median_and_the_spread() -> None:
    pace = learned(240, 0.5, 2_000).paces["lamp"]
    assert abs(pace.mean - log(240)) < 0.1
    assert 0.15 < pace.variance < 0.4


def test_chances_are_what_they_say() -> None:
    """Of cases given a chance between 0.3 and 0.7, about half come late."""
    load = learned(240, 0.6, 600)
    pace = load.paces["lamp"]
    chance = random.Random(7)
    late = expected = 0.0
    for _ in range(4_000):
        took = 240 * 2.718281828 ** chance.gauss(0, 0.6)
        limit = chance.uniform(60, 900)
        elapsed = chance.uniform(0, 200)
        if took <= elapsed or limit <= elapsed:
            continue
        expected += pace.late(elapsed, limit)
        late += took > limit
    assert abs(late - expected) / expected < 0.06


def test_too_few_cases_foretell_nothing() -> None:
    load = learned(240, 0.5, int(LEAST) - 2)
    load.begin("x", "lamp", 0.0, 100.0)
    assert load.risk(50.0) is None


def test_the_likeliest_to_be_late_come_first_with_the_first_limit() -> None:
    load = learned(300, 0.4, 100)
    load.begin("hopeless", "lamp", 0.0, 120.0)
    load.begin("easy", "lamp", 0.0, 5_000.0)
    load.begin("gone", "lamp", 0.0, 10.0)
    risk = load.risk(60.0)
    assert risk is not None
    assert risk.cases == ["gone", "hopeless"]
    assert risk.first_due == 120.0
    assert risk.number == 3
    assert 1.8 < risk.late < 2.2
    assert risk.interval[0] <= risk.late <= risk.interval[1]


def test_what_leaves_unfinished_teaches_nothing_and_the_list_is_bounded() -> None:
    load = Workload()
    for number in range(MOST_OPEN + 5):
        load.begin(str(number), "lamp", 0.0, 60.0)
    assert len(load.open) == MOST_OPEN
    load.end("0", None)
    assert load.paces == {}


@given(
    st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=60),
    st.floats(0, 1e6, allow_nan=False),
    st.floats(0, 1e6, allow_nan=False),
)
def test_a_chance_is_always_a_chance(took: list[float], elapsed: float, limit: float) -> None:
    pace = Pace()
    for minutes in took:
        pace.learn(minutes)
    assert 0.0 <= pace.late(elapsed, limit) <= 1.0
    assert pace.late(elapsed, limit + 1.0) <= pace.late(elapsed, limit) + 1e-9


def test_a_stored_workload_goes_on_as_it_was() -> None:
    load = learned(240, 0.5, 50)
    load.begin("x", "lamp", 3.0, 100.0)
    again = from_plain(orjson.loads(orjson.dumps(as_plain(load))))
    before, after = load.risk(50.0), again.risk(50.0)
    assert before is not None
    assert after is not None
    assert after.late == pytest.approx(before.late, abs=1e-4)
    assert after.cases == before.cases
