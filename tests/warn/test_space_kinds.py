"""``chengyun warn space|repeat|chain|level``: from rows to lines, and wrong rows refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from agents.cli.root import root
from schemas.errors import InputError

HEADS = {
    "space": "day,x_km,y_km",
    "repeat": "day,place,street",
    "chain": "hour,area,type",
    "level": "sensor,i,level",
}


def _run(tmp_path: Path, kind: str, rows: list[str], *options: str) -> list[dict[str, Any]]:
    source, target = tmp_path / "rows.csv", tmp_path / "lines.jsonl"
    source.write_text("\n".join([HEADS[kind], *rows]) + "\n", encoding="utf-8")
    words = ["warn", kind, "--in", str(source), "--out", str(target), *options]
    if kind == "level":
        words += ["--threshold", "100"]
    answer = CliRunner().invoke(root, words)
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return [orjson.loads(line) for line in target.read_bytes().splitlines()]


def test_space_tells_day_place_radius_and_p(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    days = np.sort(np.concatenate((chance.uniform(0, 35, 1_400), chance.uniform(32, 34, 20))))
    near = (days >= 32) & (days < 34) & (chance.random(1_420) < 0.3)
    places = np.where(near[:, None], [4.0, 4.0], chance.uniform(0, 10, (1_420, 2)))
    rows = [f"{day},{x},{y}" for day, (x, y) in zip(days, places, strict=True)]
    lines = _run(tmp_path, "space", rows, "--learn", "30", "--recurrence-interval-days", "50")
    assert lines
    assert {"day", "x", "y", "r", "p"} <= set(lines[0])
    assert lines[0]["p"] <= 1 / 50
    assert abs(lines[0]["x"] - 4) < 1
    assert abs(lines[0]["y"] - 4) < 1


def test_repeat_tells_day_place_and_p(tmp_path: Path) -> None:
    rows = [f"{n * 0.05},{n},{n % 9}" for n in range(1_000)]
    rows += [f"{50.01 + 0.4 * n},7777,3" for n in range(5)]
    rows.sort(key=lambda row: float(row.split(",")[0]))
    lines = _run(tmp_path, "repeat", rows)
    assert [line["place"] for line in lines] == [7777]
    assert lines[0]["p"] <= 0.001
    assert _run(tmp_path, "repeat", rows, "--p-max", "1e-30") == []


def test_chain_tells_the_pairs_at_the_end(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    rows = []
    for hour in np.sort(chance.uniform(0, 1_400, 3_000)):
        area = int(chance.integers(0, 20))
        rows.append((float(hour), area, int(chance.integers(1, 5))))
        if chance.random() < 0.1:
            rows += [(float(hour) + 0.001, area, 0), (float(hour) + 3, area, 3)]
    lines = _run(tmp_path, "chain", [f"{h},{a},{k}" for h, a, k in sorted(rows)])
    pair = next(line for line in lines if (line["cause"], line["effect"]) == (0, 3))
    assert pair["lift"] > 1.5
    assert abs(pair["lag"] - 3) < 1
    assert pair["indirect"] is False


def test_level_tells_rows_before_a_crossing(tmp_path: Path) -> None:
    levels = np.concatenate((np.full(60, 50.0), np.linspace(50, 130, 60)))
    levels += np.random.default_rng(3).normal(0, 0.3, 120)
    rows = [f"{sensor},{i},{level}" for i, level in enumerate(levels) for sensor in (0, 4)]
    lines = _run(tmp_path, "level", rows)
    crossing = int(np.argmax(levels >= 100))
    assert {line["s"] for line in lines} == {0, 4}
    assert all(crossing - 24 <= line["i"] < crossing for line in lines)
    assert all(line["p"] >= 0.9 and 5 <= line["eta_minutes"] <= 120 for line in lines)


@pytest.mark.parametrize(
    ("kind", "rows", "words"),
    [
        ("space", ["2.5,1,1", "1.5,1,1"], r"line 3, day: got 1.5, wanted a day from 2.5 on"),
        ("space", ["2.5,1,1", "2.5,1,1"], r"line 3, row: got 'the same row again'"),
        ("space", ["2.5,1,nan"], r"line 2, y_km: got 'nan', wanted a number of km"),
        ("repeat", ["1.5,3,0", "1.5,3,0"], r"line 3, row: got 'the same row again'"),
        ("repeat", ["1.5,3,0", "0.5,3,0"], r"line 3, time: got 0.5, wanted a time from 1.5"),
        ("repeat", ["1.5,-3,0"], r"line 2, place: got '-3', wanted a whole number from 0"),
        ("chain", ["1.5,0,1", "1.5,0,1"], r"line 3, row: got 'the same row again'"),
        ("chain", ["1.5,0,x"], r"line 2, type: got 'x'"),
        ("level", ["0,1,50", "0,1,51"], r"line 3, i: got 1, wanted a row after 1"),
        ("level", ["0,1,inf"], r"line 2, level: got 'inf', wanted a finite number"),
    ],
)
def test_wrong_rows_are_refused_by_line(
    tmp_path: Path, kind: str, rows: list[str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        _run(tmp_path, kind, rows)
    assert not (tmp_path / "lines.jsonl").exists()


def test_equal_rows_are_events_where_times_are_so_coarse_that_chance_makes_them_equal(
    tmp_path: Path,
) -> None:
    chance = np.random.default_rng(3)
    hours = np.sort(chance.uniform(0, 400, 4_000))
    rows = [f"{chance.integers(30)},{chance.integers(4)}" for _ in hours]
    coarse = [f"{hour:.2f},{row}" for hour, row in zip(hours, rows, strict=True)]
    assert len(set(coarse)) < len(coarse)
    _run(tmp_path, "chain", coarse)
    fine = [f"{hour:.9f},{row}" for hour, row in zip(hours, rows, strict=True)]
    with pytest.raises(InputError, match=r"line 2003, row: got 'the same row again'"):
        _run(tmp_path, "chain", fine[:2_001] + fine[2_000:])
