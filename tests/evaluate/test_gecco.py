"""Detectors on a water main: what counts as a hit and a false alarm, and equal terms for all."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from agents.evaluate import gecco
from agents.evaluate.gecco import AFTERMATH, LEARNING, Line, at_levels, outcome_at
from schemas.errors import ConfigurationError, InputError

ROWS = LEARNING + 2 * 1440
EVENT = (LEARNING + 600, LEARNING + 619)


@pytest.fixture
def line() -> Line:
    begin = datetime(2026, 6, 1)  # noqa: DTZ001 - the recording's times have no zone
    times = tuple(begin + timedelta(minutes=row) for row in range(ROWS))
    return Line(times, {"ph": np.full(ROWS, 7.0)}, (EVENT,))


def _scores(*rows: int) -> gecco.Scores:
    scores = np.zeros(ROWS)
    scores[list(rows)] = 5.0
    return scores


def test_an_alarm_within_an_event_is_a_hit_with_its_delay(line: Line) -> None:
    outcome = outcome_at(line, _scores(EVENT[0] + 3, EVENT[0] + 9), 5.0)
    assert (outcome.delays, outcome.false) == ((3,), 0.0)


def test_an_hour_with_alarms_elsewhere_is_one_false_alarm(line: Line) -> None:
    hour = LEARNING + 1_200
    assert outcome_at(line, _scores(hour, hour + 1, hour + 59), 5.0).false == pytest.approx(0.5)
    assert outcome_at(line, _scores(hour, hour + 60), 5.0).false == pytest.approx(1.0)


def test_an_alarm_that_never_ends_is_false_all_the_time(line: Line) -> None:
    assert outcome_at(line, np.full(ROWS, 5.0), 5.0).false > 20


def test_alarms_while_learning_or_right_after_an_event_count_for_nothing(line: Line) -> None:
    outcome = outcome_at(line, _scores(5, LEARNING - 1, EVENT[1] + AFTERMATH), 5.0)
    assert (outcome.delays, outcome.false) == ((None,), 0.0)


def test_each_level_of_false_alarms_is_kept(line: Line) -> None:
    chance = np.random.default_rng(1)
    scores = chance.exponential(1.0, ROWS)
    for level, outcome in at_levels(line, scores).items():
        assert outcome.false <= level


def test_a_recording_is_read_with_its_events_and_gaps(tmp_path: Path) -> None:
    file = tmp_path / "water_quality_x.csv"
    begin = datetime(2026, 6, 1)  # noqa: DTZ001 - the recording's times have no zone
    lines = ["time,ph,flow,event"]
    for row in range(LEARNING + 100):
        event = int(row in (5, 6) or LEARNING + 10 <= row < LEARNING + 20)
        value = "" if row == 7 else "7.5"
        lines.append(f"{(begin + timedelta(minutes=row)).isoformat()},{value},12,{event}")
    file.write_text("\n".join(lines))
    line = gecco.read(tmp_path)
    assert line.events == ((LEARNING + 10, LEARNING + 19),)
    assert list(line.sensors) == ["ph", "flow"]
    assert np.isnan(line.sensors["ph"][7])
    assert all(len(scores(line)) == len(line.times) for _, scores in gecco.DETECTORS)


def test_a_recording_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="0 files"):
        gecco.read(tmp_path)
    file = tmp_path / "water_quality_x.csv"
    file.write_text("time,ph,event\n2026-06-01T00:00:00,seven,0\n")
    with pytest.raises(InputError, match="line 2"):
        gecco.read(file)
    file.write_text("time,ph,event\n2026-06-01T00:00:00,7,0\n")
    with pytest.raises(InputError, match="wanted more than"):
        gecco.read(file)
