"""``chengyun warn sensor``: one line a row, errors that name the line, no look ahead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agents.warn.sensor import app
from schemas.errors import InputError
from tests.warning.sensors.series import calm


def _write(path: Path, values: list[float]) -> Path:
    rows = [
        f"2026-06-{1 + row // 288:02d} {row // 12 % 24:02d}:{row % 12 * 5:02d}:00,{value}"
        for row, value in enumerate(values)
    ]
    path.write_text("\n".join(["timestamp,value", *rows]) + "\n")
    return path


def _judge(path: Path, *options: str) -> list[dict[str, Any]]:
    out = path.with_suffix(".jsonl")
    result = CliRunner().invoke(app, ["--in", str(path), "--out", str(out), *options])
    if result.exception is not None:
        raise result.exception
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_each_row_has_an_answer_and_an_accident_alerts(tmp_path: Path) -> None:
    values = calm(1_500)
    values[1_200] += 60.0
    answers = _judge(_write(tmp_path / "s.csv", values), "--learn", "400")
    assert [answer["i"] for answer in answers] == list(range(1_500))
    assert all(0 <= answer["score"] <= 1 for answer in answers)
    assert all(answer["alert"] == (answer["score"] >= 0.5) for answer in answers)
    assert answers[1_200]["alert"]
    assert "range" in answers[1_200]["why"]
    assert not any(answer["alert"] for answer in answers[:400])


@pytest.mark.parametrize("options", [(), ("--learn", "300")])
def test_a_shorter_file_has_the_same_answers_as_far_as_it_goes(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    values = calm(900)
    values[700:] = [value + 9.0 for value in values[700:]]
    whole = _judge(_write(tmp_path / "whole.csv", values), *options)
    for end in (1, 300, 701, 800):
        assert _judge(_write(tmp_path / f"{end}.csv", values[:end]), *options) == whole[:end]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("2026-06-01 00:00:00,nan", "line 2, value: got 'nan', wanted a finite number"),
        ("2026-06-01 00:00:00,", "line 2, value: got '', wanted a finite number"),
        ("1 June,4", "line 2, timestamp: got '1 June', wanted an ISO time"),
        (
            "2026-06-01 02:05:00,4\n2026-06-01 01:00:00,4",
            "got '2026-06-01 01:00:00', wanted a time after 2026-06-01 02:05:00 of line 2",
        ),
        (
            "2026-06-01 00:00:00Z,4\n2026-06-01 00:00:00Z,4",
            "line 3, timestamp: got '2026-06-01 00:00:00+00:00', wanted a time after",
        ),
        ("2026-06-01 00:00:00,4\n2026-06-01 00:05:00Z,4", "wanted an offset from UTC on every row"),
    ],
)
def test_a_row_that_cannot_be_judged_is_named(tmp_path: Path, rows: str, told: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"timestamp,value\n{rows}\n")
    with pytest.raises(InputError) as caught:
        _judge(path)
    assert told in str(caught.value)
    assert not path.with_suffix(".jsonl").exists()


def test_a_local_clock_may_be_put_back_by_an_hour_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = "timestamp,value\n2026-06-01 02:55:00,4\n2026-06-01 {}:00,5\n"
    for repeated in ("01:55", "02:00", "02:55"):
        path.write_text(rows.format(repeated))
        assert len(_judge(path)) == 2
        with pytest.raises(InputError, match="wanted a time after"):
            _judge(path, "--clock", "strict")
    path.write_text(rows.format("01:50"))
    with pytest.raises(InputError, match="wanted a time after"):
        _judge(path)


def test_a_clock_with_an_offset_is_never_put_back(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("timestamp,value\n2026-06-01T02:55:00Z,4\n2026-06-01T02:00:00Z,5\n")
    with pytest.raises(InputError, match="wanted a time after"):
        _judge(path)


def test_the_compact_profile_judges_a_file_too(tmp_path: Path) -> None:
    values = calm(1_500)
    values[1_200] += 60.0
    answers = _judge(_write(tmp_path / "s.csv", values), "--profile", "compact")
    assert answers[1_200]["alert"]
    assert sum(answer["alert"] for answer in answers) < 5
