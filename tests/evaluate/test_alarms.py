"""Alarms are held against events by the clock, and no detector sees what is still to come."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from agents.evaluate import air, alarms, flooding, outages, storms
from agents.evaluate.alarms import Event, Said, Watched
from agents.evaluate.report import Figure, Plan

DATA = Path(os.environ.get("CHENGYUN_TEST_DATA") or Path(__file__).parents[2] / "../shared/data")


def _said(*alarmed: tuple[float, float]) -> Said:
    hours = np.arange(1.0, 1001.0)
    scores = np.zeros(1000)
    for hour, score in alarmed:
        scores[int(hour) - 1] = score
    return Said(hours, scores)


ONE = Watched("a street", (Event(100.0, 150.0, 200.0),), 50.0, 1000.0)


def test_an_alarm_before_the_peak_is_a_hit_and_one_after_it_is_neither_right_nor_wrong() -> None:
    found = alarms.heard([ONE], [_said((120, 5.0), (180, 5.0))], 1.0)
    assert found.called == (120.0,)
    assert found.false == (0,)
    assert alarms.heard([ONE], [_said((180, 5.0))], 1.0).called == (None,)


def test_alarms_near_each_other_are_one_and_those_while_learning_are_none() -> None:
    told = _said((20, 9.0), (300, 5.0), (310, 5.0), (400, 5.0))
    assert alarms.heard([ONE], [told], 1.0).false == (2,)


def test_a_detector_gets_the_lowest_threshold_within_its_false_alarms() -> None:
    told = _said((300, 9.0), (400, 5.0), (120, 4.0))
    assert alarms.at_most([ONE], [told], 0).called == (None,)
    assert alarms.at_most([ONE], [told], 2).called == (120.0,)


@pytest.mark.parametrize("name", [*alarms.ANCHORS, *alarms.OURS])
def test_no_detector_of_counts_sees_what_is_still_to_come(name: str) -> None:
    counts = np.random.default_rng(3).poisson(2.0, 40 * 24)
    whole, cut = alarms.contestants(counts)[name], alarms.contestants(counts[: 30 * 24])[name]
    assert np.array_equal(whole.scores[: len(cut.scores)], cut.scores)
    assert np.array_equal(whole.hours[: len(cut.hours)], cut.hours)


def test_a_rise_is_what_stands_out_of_the_days_around_it() -> None:
    days = np.full(90, 4)
    days[[40, 41, 70]] = (30, 60, 11)
    counts = np.zeros(90 * 24, dtype=np.int64)
    counts[::24] = days
    assert storms.rises(counts, 12) == [(40, 41, 41)]
    assert storms.rises(counts, 5) == [(40, 41, 41)]  # eleven are not three times four


def test_a_crossing_of_the_air_counts_after_hours_below() -> None:
    levels = np.array([100.0] * 8 + [160.0, 140.0, 170.0] + [90.0] * 7 + [155.0])
    assert air.crossings(levels) == [8, 18]
    station = air.Station("roof", np.zeros(len(levels), dtype=np.int64), levels)
    found = air.judged(station, np.array([5, 13]))
    assert found.warned == [1.0, 1.0]
    assert found.leads == [3.0, 5.0]
    assert found.right == [1.0, 1.0]


def _recorded(folder: str) -> Path:
    if not (DATA / folder).is_dir():
        pytest.skip(f"no recordings at {DATA}")
    return DATA


def test_the_day_alone_calls_floods_on_their_first_day_far_more_often_than_ears() -> None:
    found = flooding.evaluate(Plan(seed=1, data=_recorded(flooding.FOLDER)))
    first = {str(row[0]): row[5] for row in found.tables[0].rows}
    ours, theirs = first["ours, p of the day"], first["EARS C2"]
    assert isinstance(ours, Figure)
    assert isinstance(theirs, Figure)
    assert ours.value > 1.4 * theirs.value
    carried = found.tables[-1]
    assert "judged on the last three" in carried.title


def test_an_emergency_of_outages_has_the_utilitys_own_cause_and_a_peak() -> None:
    part = outages.read(_recorded(outages.FOLDER) / outages.FOLDER, outages.PARTS[1])
    events = outages.emergencies(part, part.outages, 100, 20, part.open)
    assert len(events) == 1
    (event,) = events
    assert event.known is not None
    assert event.begin < event.known < event.peak < event.end
    assert part.looked.mean() < 1  # nobody looked for twenty hours once
