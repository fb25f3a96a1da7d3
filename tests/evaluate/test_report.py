"""Figures carry intervals that cover the truth, and are written for people and programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from agents.cli.evaluate import evaluate
from agents.evaluate import bootstrap
from agents.evaluate.report import Evaluation, Figure, Goal, Plan, Table, write
from schemas.errors import ConfigurationError


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    chance = np.random.default_rng(4)
    covered = 0
    for seed in range(60):
        figure = bootstrap.of_mean([float(x) for x in chance.exponential(2.0, 80)], seed)
        covered += figure.low <= 2.0 <= figure.high
    assert 45 <= covered <= 59


def test_a_ratio_weighs_units_by_their_size_and_repeats_with_its_seed() -> None:
    figure = bootstrap.of_ratio([1, 0, 9], [10, 10, 10], seed=3)
    assert figure.value == pytest.approx(1 / 3)
    assert figure == bootstrap.of_ratio([1, 0, 9], [10, 10, 10], seed=3)
    assert figure.low <= figure.value <= figure.high


def test_any_figure_of_units_can_be_resampled() -> None:
    figure = bootstrap.of_units([1.0, 2.0, 3.0, 10.0], max, seed=1, form=".0f")
    assert str(figure) == "10 (2–10)"


def test_an_evaluation_is_written_for_people_and_programs(tmp_path: Path) -> None:
    goal = Goal("POD", Figure(0.5, 0.4, 0.6), 0.45, "C1 0.4")
    table = Table("Weekly", ("what", "POD"), (("ours", Figure(0.5, 0.4, 0.6)), ("C1", None)))
    found = Evaluation("Counts", "About.", (table,), (goal,))
    document, figures = write("counts", found, Plan(seed=7, share=0.5), tmp_path / "docs")
    text = document.read_text(encoding="utf-8")
    assert "| ours | 0.500 (0.400–0.600) |" in text
    assert "| C1 |  |" in text
    assert "chengyun evaluate counts --seed 7 --share 0.5" in text
    assert "- POD: 0.500 (0.400–0.600), ≥ 0.45 wanted, anchor C1 0.4: met" in text
    told = orjson.loads(figures.read_bytes())
    assert told["goals"][0]["met"] is True
    assert told["tables"][0]["rows"][0][1] == {"value": 0.5, "low": 0.4, "high": 0.6}


def test_an_unknown_evaluation_or_a_missing_recording_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="wanted one of"):
        evaluate("nothing")
    with pytest.raises(ConfigurationError, match="after --data"):
        Plan(seed=1, data=tmp_path / "none").recording()
