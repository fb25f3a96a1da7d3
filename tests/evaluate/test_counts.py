"""Simulated cities have what they claim, and measures say what is true of known alarms."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from agents.evaluate import counts, dengue, ears, outbreaks
from agents.evaluate.detection import Scores, episodes, found_at, threshold
from agents.evaluate.report import Plan
from agents.evaluate.simulated_counts import (
    FIVE_DAYS,
    SEVEN_DAYS,
    Scenario,
    daily,
    fleet,
    hourly,
    lognormal_outbreak,
    scattered,
    weekly,
)
from schemas.errors import InputError

DATA = Path(os.environ.get("CHENGYUN_TEST_DATA") or Path(__file__).parents[2] / "../shared/data")


def test_the_same_seed_gives_the_same_city() -> None:
    for once, again in zip(weekly(3, 1), weekly(3, 1), strict=True):
        assert (once.usual == again.usual).all()
        assert (once.extra == again.extra).all()


def test_counts_scatter_as_they_should() -> None:
    chance = np.random.default_rng(1)
    drawn = scattered(chance, np.full(60_000, 3.0), 2.5)
    assert drawn.mean() == pytest.approx(3.0, rel=0.02)
    assert drawn.var() / drawn.mean() == pytest.approx(2.5, rel=0.04)
    assert scattered(chance, np.full(60_000, 3.0), 1.0).var() == pytest.approx(3.0, rel=0.04)


def test_half_of_an_outbreak_comes_in_its_first_week() -> None:
    chance = np.random.default_rng(2)
    weeks = np.sum([lognormal_outbreak(chance, 20, 5, 40.0) for _ in range(200)], axis=0)
    assert weeks[:5].sum() == 0
    assert weeks[5] / weeks.sum() == pytest.approx(0.5, abs=0.03)


def test_every_scenario_has_its_outbreak_after_learning() -> None:
    made = [
        *weekly(1, 1),
        *daily(1, 1, (*SEVEN_DAYS, *FIVE_DAYS)),
        *hourly(1, 5),
    ]
    assert len(made) == 42 + 16 + 5
    assert all(one.bins and one.bins[0] >= one.learn for one in made)
    for one in daily(1, 1, FIVE_DAYS):
        weekend = (np.arange(len(one.usual)) % 7) >= 5
        assert not one.usual[weekend].any()
        assert not one.extra[weekend].any()
    city = fleet(1, 40, 9, 60, 100)
    assert sum(bool(one.bins) for one in city) == 9


def test_a_rise_that_swells_brings_more_in_its_first_half_than_while_it_fades() -> None:
    rises = [one for one in fleet(3, 200, 200, 30, 60, swelling=True) if len(one.bins) > 3]
    early = late = 0
    for one in rises:
        assert one.bins[0] >= one.learn
        assert one.strength in (3.0, 5.0, 8.0)
        middle = (one.bins[0] + one.bins[-1]) / 2
        early += sum(int(one.extra[at]) for at in one.bins if at < middle)
        late += sum(int(one.extra[at]) for at in one.bins if at > middle)
    assert early > 1.1 * late


def test_ears_measures_against_the_seven_bins_before() -> None:
    known = np.array([1, 2, 3, 1, 2, 3, 2, 9, 2, 9], dtype=np.int64)
    before = known[:7]
    assert ears.c1(known)[7] == pytest.approx((9 - before.mean()) / before.std(ddof=1))
    assert ears.c2(known)[9] == pytest.approx((9 - before.mean()) / before.std(ddof=1))
    assert not ears.c2(known)[:9].any()
    assert ears.c3(np.pad(known, (0, 2)))[10] >= ears.c2(known)[9] - 1


def _scenario(extra: list[int], learn: int = 2) -> Scenario:
    usual = np.ones(len(extra), dtype=np.int64)
    return Scenario("x", usual.astype(np.float64), 1.0, usual, np.array(extra), learn, 3.0)


def test_found_is_what_alarms_in_struck_bins() -> None:
    scenarios = [_scenario([0, 0, 0, 4, 4, 0]), _scenario([0, 0, 5, 0, 0, 0])]
    scores = [
        Scores(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 0.0, 9.0, 9.0])),
        Scores(np.array([0.1, 0.2, 0.3, 0.5]), np.array([0.0, 9.0, 9.0, 9.0])),
    ]
    limit = threshold(scores, 0.125)
    assert limit == 0.4
    found = found_at(scenarios, scores, limit, 1)
    assert found.detected.value == 0.5
    assert found.first.value == 0.0
    assert found.sensitivity.value == pytest.approx(1 / 3)
    assert found.delay.value == 1.0


def test_alarms_near_each_other_are_one_episode_and_false_without_a_rise() -> None:
    scenarios = [_scenario([0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0, 0]), _scenario([0] * 12)]
    first, second = np.zeros(10, dtype=bool), np.zeros(10, dtype=bool)
    first[[2, 4]] = True
    second[[0, 9]] = True
    told = episodes(scenarios, [first, second], 1)
    assert told.a_day.value == pytest.approx(0.3)
    assert told.false_share.value == pytest.approx(2 / 3)
    assert told.detected.value == 1.0
    assert told.delay.value == 1.0


def test_in_small_worlds_ours_beats_ears() -> None:
    table, goals = counts.weeks(Plan(seed=5, share=0.001))
    pod = {row[0]: row[1].value for row in table.rows}  # type: ignore[union-attr]
    assert pod["ours, score"] > pod["EARS C2"] + 0.1
    assert [goal.wanted for goal in goals] == [0.565, 0.43, 0.43]


def test_a_warning_counts_within_four_weeks_of_the_event_and_else_as_false() -> None:
    series = np.zeros(365, dtype=np.int64)
    series[200:205] = 3
    area = dengue.Area("a", series, 201)
    score = np.zeros(365)
    score[[100, 105, 150, 190]] = 1.0
    told = dengue.warned(area, score, 0.5)
    assert (told.false, told.event, told.lead) == (2, True, 11)
    calm = dengue.warned(dengue.Area("b", series * 0, None), score, 0.5)
    assert (calm.false, calm.event, calm.lead) == (3, False, None)


@pytest.mark.parametrize("module", [dengue, outbreaks])
def test_a_file_that_is_no_recording_is_refused(module: object, tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    with pytest.raises(InputError, match="name the recording after --data"):
        module.read(path)  # type: ignore[attr-defined]


def test_labelled_outbreaks_are_seen_at_least_as_often_as_by_ears() -> None:
    if not DATA.is_dir():
        pytest.skip("no recordings here: set CHENGYUN_TEST_DATA")
    found = outbreaks.evaluate(Plan(seed=1, data=DATA / "outbreaks_surveillance"))
    for table in found.tables[:4]:
        hits = {row[0]: row[1].value for row in table.rows}  # type: ignore[union-attr]
        weeks = {row[0]: row[3].value for row in table.rows}  # type: ignore[union-attr]
        assert hits["ours, p of the week"] >= hits["EARS C2"]
        assert weeks["ours, p of the week"] > weeks["EARS C2"]
