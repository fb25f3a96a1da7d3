"""All evaluations in one go: what is missing is said, and what was reached stands on one page."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import orjson
import pytest
from typer.testing import CliRunner

from agents.cli.evaluate import EVALUATIONS, app
from agents.evaluate.report import Evaluation, Figure, Goal, Plan
from agents.evaluate.summary import Chapter, gather, run_all
from schemas.errors import InputError


@pytest.fixture
def chapters(monkeypatch: pytest.MonkeyPatch) -> dict[str, Chapter]:
    def measured(plan: Plan) -> Evaluation:
        reached = Figure(0.5, 0.4, 0.6)
        goals = (Goal("POD", reached, 0.45, "C1 0.4"), Goal("delay", reached, 0.3, at_most=True))
        return Evaluation("Counts", "About.", (), goals)

    def damaged(plan: Plan) -> Evaluation:
        raise InputError("rows.csv: got a half, wanted a whole")

    for name, measure in (("measured", measured), ("damaged", damaged)):
        module = ModuleType(name)
        module.evaluate = measure  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    return {
        "counts": Chapter("measured", "counts"),
        "storms": Chapter("measured", "storms", ("boston",)),
        "broken": Chapter("damaged", "a recording", ("half",)),
    }


def test_the_page_has_every_goal_and_says_what_was_left_out_and_why(
    chapters: dict[str, Chapter], tmp_path: Path
) -> None:
    (tmp_path / "half").mkdir()
    told: list[str] = []
    out = tmp_path / "out"
    run_all(chapters, Plan(seed=3, data=tmp_path, tell=told.append), out)
    page = (out / "README.md").read_text(encoding="utf-8")
    assert "1 of 2 goals met" in page
    assert "| [counts](counts.md) | POD | C1 0.4 | ≥ 0.45 | 0.500 (0.400–0.600) | met |" in page
    assert "|  | delay |  | ≤ 0.3 | 0.500 (0.400–0.600) | **not met** |" in page
    assert "- storms (storms): needs boston; it is not in" in page
    assert "- broken (a recording): rows.csv: got a half" in page
    assert "evaluate all --data PATH --seed 3" in page
    assert "[2/3] storms: left out, needs boston" in "\n".join(told)
    figures = orjson.loads((out / "summary.json").read_bytes())
    assert figures["evaluations"][0]["goals"][1]["met"] is False
    assert "chengyun evaluate counts --seed 3`" in (out / "counts.md").read_text(encoding="utf-8")


def test_what_the_pages_say_is_gathered_without_measuring_again(
    chapters: dict[str, Chapter], tmp_path: Path
) -> None:
    run_all({"counts": chapters["counts"]}, Plan(seed=3, share=0.5), tmp_path)
    once = (tmp_path / "README.md").read_text(encoding="utf-8").partition("| evaluation")[2]
    gather(chapters, Plan(seed=1), tmp_path)
    again = (tmp_path / "README.md").read_text(encoding="utf-8").partition("| evaluation")[2]
    assert "| [counts](counts.md) | POD | C1 0.4 | ≥ 0.45 | 0.500 (0.400–0.600) | met |" in once
    assert once.splitlines()[:4] == again.splitlines()[:4]
    assert "`chengyun evaluate counts --seed 3 --share 0.5`" in again
    assert "- storms (storms): not measured yet" in again
    (tmp_path / "storms.json").write_text('{"goals": ["0.5 reached"]}', encoding="utf-8")
    gather(chapters, Plan(seed=1), tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "- storms (storms): its page is of an older form" in page
    (tmp_path / "broken.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="measure it again with evaluate broken"):
        gather(chapters, Plan(seed=1), tmp_path)


def test_pages_are_written_where_the_command_is_typed_but_none_of_a_quick_look(
    chapters: dict[str, Chapter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EVALUATIONS, "counts", chapters["counts"])
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    assert run.invoke(app, ["counts", "--share", "0.5"]).exit_code == 0
    assert not list(tmp_path.iterdir())
    assert run.invoke(app, ["counts"]).exit_code == 0
    pages = tmp_path / "docs" / "evaluation"
    assert sorted(path.name for path in pages.iterdir()) == ["counts.json", "counts.md"]
    assert run.invoke(app, ["summary"]).exit_code == 0
    assert "1 of 2 goals met" in (pages / "README.md").read_text(encoding="utf-8")


def test_each_evaluation_that_is_offered_exists() -> None:
    for chapter in EVALUATIONS.values():
        assert callable(__import__(chapter.module, fromlist=["evaluate"]).evaluate)
