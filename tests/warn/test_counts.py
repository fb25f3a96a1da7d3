"""``chengyun warn counts``: answers for every bin, from nothing that comes later."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from agents.cli.root import root
from schemas.errors import InputError

Rows = list[tuple[str, int | str, int]]


def _run(tmp_path: Path, rows: Rows, *options: str) -> list[dict[str, Any]]:
    source, target = tmp_path / "counts.csv", tmp_path / "answers.jsonl"
    source.write_text(
        "series,t,count\n" + "".join(f"{s},{t},{n}\n" for s, t, n in rows), encoding="utf-8"
    )
    words = ["warn", "counts", *options, "--in", str(source), "--out", str(target)]
    answer = CliRunner().invoke(root, words)
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return [orjson.loads(line) for line in target.read_bytes().splitlines()]


def _fleet(series: int, bins: int, seed: int) -> Rows:
    chance = np.random.default_rng(seed)
    return [
        (f"s{i}", at, int(chance.poisson(1 + i + (9 if i == 0 and at >= bins - 20 else 0))))
        for i in range(series)
        for at in range(bins)
    ]


@pytest.mark.parametrize(("width", "learn"), [("week", 20), ("day", 30), ("hour", 48)])
def test_every_bin_after_learning_has_an_answer(tmp_path: Path, width: str, learn: int) -> None:
    answers = _run(tmp_path, _fleet(3, 120, 1), "--bin", width, "--learn", str(learn))
    assert [(a["s"], a["t"]) for a in answers] == [
        (f"s{i}", at) for at in range(learn, 120) for i in range(3)
    ]
    for answer in answers:
        assert set(answer) == {"s", "t", "score", "p", "level"}
        assert 0 < answer["p"] <= 1
        assert answer["score"] >= 0
    called = {a["s"] for a in answers if a["level"] in ("yellow", "orange", "red")}
    assert called == {"s0"}


@pytest.mark.parametrize("width", ["week", "day", "hour"])
def test_no_answer_depends_on_a_later_row(tmp_path: Path, width: str) -> None:
    rows = [row for row in _fleet(4, 90, 2) if row[0] != "s3" or int(row[1]) >= 60]
    whole = _run(tmp_path, rows, "--bin", width, "--learn", "20")
    for end in (40, 75, 89):
        cut = _run(tmp_path, [r for r in rows if int(r[1]) <= end], "--bin", width, "--learn", "20")
        assert cut == [a for a in whole if a["t"] <= end]


def test_a_missing_bin_is_zero(tmp_path: Path) -> None:
    rows = _fleet(3, 100, 3)
    told = _run(tmp_path, rows, "--bin", "day", "--learn", "30")
    spared = _run(tmp_path, [row for row in rows if row[2]], "--bin", "day", "--learn", "30")
    assert spared == told


def test_a_series_that_begins_late_was_silent_before(tmp_path: Path) -> None:
    rows = _fleet(2, 100, 3)
    zeros: Rows = [("late", at, 0) for at in range(60)]
    late: Rows = [("late", at, 2) for at in range(60, 100)]
    told = _run(tmp_path, rows + zeros + late, "--bin", "day", "--learn", "30")
    spared = _run(tmp_path, rows + late, "--bin", "day", "--learn", "30")
    assert [a for a in spared if a["s"] == "late"] == [
        a for a in told if a["s"] == "late" and a["t"] >= 60
    ]


def test_times_and_numbers_name_the_same_bins(tmp_path: Path) -> None:
    monday = datetime(2026, 1, 5)  # noqa: DTZ001 - local time
    rows = _fleet(2, 100, 4)
    timed: Rows = [
        (s, (monday + timedelta(hours=int(t))).isoformat(timespec="minutes"), n) for s, t, n in rows
    ]
    by_number = _run(tmp_path, rows, "--bin", "hour", "--learn", "50")
    by_time = _run(tmp_path, timed, "--bin", "hour", "--learn", "50")
    assert [a["score"] for a in by_time] == [a["score"] for a in by_number]
    assert by_time[0]["t"] == "2026-01-07T02:00"


def test_weeks_are_named_by_their_monday(tmp_path: Path) -> None:
    rows: Rows = [("a", f"2026-01-{day:02}", 2) for day in (5, 12, 19)]
    answers = _run(tmp_path, rows, "--bin", "week", "--learn", "1")
    assert [a["t"] for a in answers] == ["2026-01-12", "2026-01-19"]


@pytest.mark.parametrize(
    ("width", "rows", "told"),
    [
        ("day", [("a", 0, 1), ("a", 0, 1)], "line 3, t of series a: got 0, wanted a bin once only"),
        ("day", [("a", 3, 1), ("b", 0, 1), ("a", 2, 1)], "line 4, t of series a: got 2, wanted"),
        ("day", [("a", 0, -1)], "line 2, count: got '-1', wanted an integer from 0"),
        ("day", [("a", 0, 2**32)], "line 2, count: got '4294967296'"),
        ("day", [("a", "2026-01-05", 1), ("a", 4, 1)], "line 3, t: got 4, wanted a time"),
        ("week", [("a", "2026-01-06", 1)], "line 2, t: got '2026-01-06', wanted an integer"),
        ("hour", [("a", "2026-01-06T10:30", 1)], "line 2, t: got '2026-01-06T10:30'"),
        ("day", [("a", -1, 1)], "line 2, t: got '-1'"),
        ("day", [("a", 0, 1), ("a", 10**9, 1)], "wanted at most 400000 bins"),
    ],
)
def test_a_wrong_row_is_refused_and_nothing_written(
    tmp_path: Path, width: str, rows: Rows, told: str
) -> None:
    with pytest.raises(InputError) as caught:
        _run(tmp_path, rows, "--bin", width)
    assert told in str(caught.value)
    assert not (tmp_path / "answers.jsonl").exists()


def test_numbers_that_count_from_long_ago_begin_with_the_file(tmp_path: Path) -> None:
    rows = _fleet(2, 70, 3)
    later: Rows = [(name, int(at) + 7 * 2_900, count) for name, at, count in rows]
    here = _run(tmp_path, rows, "--bin", "day", "--learn", "56")
    there = _run(tmp_path, later, "--bin", "day", "--learn", "56")
    assert [a["t"] for a in there] == [a["t"] + 7 * 2_900 for a in here]


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M"])
def test_times_are_answered_as_they_are_written(tmp_path: Path, form: str) -> None:
    begin = datetime(2026, 1, 5)  # noqa: DTZ001 - local time without a zone, as in files
    times = [(begin + timedelta(weeks=week)).strftime(form) for week in range(30)]
    answers = _run(tmp_path, [("a", at, 3) for at in times], "--bin", "week", "--learn", "20")
    assert [a["t"] for a in answers] == times[20:]


def test_a_week_that_is_not_written_as_a_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2, t: got '2026-W02'"):
        _run(tmp_path, [("a", "2026-W02", 3)], "--bin", "week")
