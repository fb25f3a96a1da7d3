"""The benchmark's rule of scoring, and that the shipped detector earns what is published."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agents.evaluate import nab
from agents.evaluate.nab_scoring import PROFILES, Marks, Series, add, mark, read, score
from agents.evaluate.report import Plan

STANDARD = PROFILES["standard"]
DATA = Path(os.environ.get("CHENGYUN_TEST_DATA") or Path(__file__).parents[2] / "../shared/data")
RECORDINGS = DATA / "nab"


def _series(rows: int, *windows: tuple[int, int]) -> Series:
    begin = datetime(2026, 6, 1)  # noqa: DTZ001 - the benchmark's times have no zone
    times = tuple(begin + timedelta(minutes=5 * row) for row in range(rows))
    return Series("group/file.csv", times, (0.0,) * rows, windows)


def test_a_detector_that_never_fires_earns_0_and_a_perfect_one_100() -> None:
    series = _series(1_000, (300, 399), (600, 699))
    assert score(mark(series, []), STANDARD) == 0.0
    assert score(mark(series, [300, 600]), STANDARD) == pytest.approx(100.0)


def test_an_alert_in_the_middle_of_a_window_earns_about_85_percent_of_a_hit() -> None:
    earned = mark(_series(1_000, (300, 399)), [350]).hits
    assert earned == pytest.approx(0.86, abs=0.01)


def test_only_the_best_alert_of_a_window_counts() -> None:
    series = _series(1_000, (300, 399))
    assert mark(series, [300, 350, 399]) == mark(series, [300])


def test_a_false_alarm_costs_more_the_further_it_is_behind_a_window() -> None:
    series = _series(1_000, (300, 399))
    before, near, far = (mark(series, [row]).false for row in (200, 410, 900))
    assert before == far == -1.0
    assert -1.0 < near < 0.0


def test_rows_of_the_probation_count_for_nothing() -> None:
    series = _series(1_000, (300, 399))
    assert series.probation == 150
    assert mark(series, [0, 149]) == mark(series, [])
    assert mark(series, [150]).alerts_outside == 1


def test_marks_add_up() -> None:
    series = _series(1_000, (300, 399))
    assert add([mark(series, [300]), mark(series, [900])]) == Marks(2, 1.0, 1, -1.0, 1)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")
def test_the_shipped_detector_earns_what_is_published_on_road_traffic() -> None:
    traffic = [series for series in read(RECORDINGS) if series.group == "realTraffic"]
    runs = [nab.run(series, nab.full, series.probation) for series in traffic]
    marks = add(mark(run.series, run.alerts) for run in runs)
    assert marks.windows == 14
    assert marks.missed == 0
    assert score(marks, STANDARD) > 80


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")
def test_the_evaluation_runs_on_a_share_and_checks_its_scorer() -> None:
    found = nab.evaluate(Plan(seed=1, data=RECORDINGS, share=0.1))
    check = next(table for table in found.tables if table.title == "The scorer")
    assert [row[1] for row in check.rows] == [row[2] for row in check.rows]
    assert len(check.rows) == len(nab.CHECKS)
