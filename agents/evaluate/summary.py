"""Every evaluation in one go, and the page that says what was wanted and what was reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agents.evaluate.report import Evaluation, Goal, Plan, command, goal_of, plain_goal, write
from schemas.errors import InputError


class Chapter(NamedTuple):
    """One evaluation.

    Attributes:
        module: has ``evaluate(plan: Plan) -> Evaluation``.
        text: what it measures, in a few words.
        folders: of the recordings it needs, any one of them; none for a simulation.
    """

    module: str
    text: str
    folders: tuple[str, ...] = ()


class Result(NamedTuple):
    """What came of one evaluation: what it found, or why it was left out.

    Attributes:
        again: what is typed to measure it again.
    """

    name: str
    text: str
    found: Evaluation | None
    seconds: float
    left_out: str = ""
    again: str = ""


def run(
    name: str, chapter: Chapter, plan: Plan, clock: Callable[[], float] = time.monotonic
) -> Result:
    """One evaluation, or why it cannot be done: its recording is missing or damaged."""
    if chapter.folders:
        root = plan.data
        if root is None or not any((root / folder).is_dir() for folder in chapter.folders):
            wanted = " or ".join(chapter.folders)
            where = "no --data was named" if root is None else f"it is not in {root.name}"
            return Result(name, chapter.text, None, 0.0, f"needs {wanted}; {where}")
    begun = clock()
    mine = plan if chapter.folders else replace(plan, data=None)
    try:
        found: Evaluation = import_module(chapter.module).evaluate(mine)
    except InputError as error:
        return Result(name, chapter.text, None, clock() - begun, str(error))
    seconds = clock() - begun
    return Result(name, chapter.text, found, seconds, again=command(name, mine))


def run_all(chapters: Mapping[str, Chapter], plan: Plan, directory: Path | None) -> list[Result]:
    """All evaluations one after the other; each page is written as soon as it is there."""
    results = []
    for number, (name, chapter) in enumerate(chapters.items(), start=1):
        at = f"[{number}/{len(chapters)}] {name}"
        plan.tell(f"{at}: {chapter.text}")
        result = run(name, chapter, plan)
        results.append(result)
        if result.found is None:
            plan.tell(f"{at}: left out, {result.left_out}")
            continue
        goals = result.found.goals
        met = sum(goal.met for goal in goals)
        plan.tell(f"{at}: {met} of {len(goals)} goals met, {result.seconds:.0f} s")
        if directory is not None:
            mine = plan if chapter.folders else replace(plan, data=None)
            write(name, result.found, mine, directory)
    if directory is not None:
        write_summary(results, plan, directory)
    return results


def gather(chapters: Mapping[str, Chapter], plan: Plan, directory: Path) -> list[Result]:
    """What stands on the pages of a directory, whenever each was measured; writes the summary.

    Raises:
        InputError: a page's figures cannot be read.
    """
    results = []
    for name, chapter in chapters.items():
        file = directory / f"{name}.json"
        if not file.is_file():
            results.append(Result(name, chapter.text, None, 0.0, "not measured yet"))
            continue
        try:
            told = orjson.loads(file.read_bytes())
            if any(isinstance(goal, str) for goal in told["goals"]):
                # Pages of before goals were figures have sentences there.
                why = f"its page is of an older form; measure it again with evaluate {name}"
                results.append(Result(name, chapter.text, None, 0.0, why))
                continue
            goals = tuple(goal_of(goal) for goal in told["goals"])
            mine = Plan(told["seed"], Path("PATH") if chapter.folders else None, told["share"])
            found = Evaluation(told["title"], "", (), goals)
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(
                f"{file}: got {type(error).__name__} ({error}), wanted the figures of an "
                f"evaluation. Operator action: measure it again with evaluate {name}."
            ) from error
        results.append(Result(name, chapter.text, found, 0.0, again=command(name, mine)))
    write_summary(results, plan, directory)
    return results


def write_summary(results: Sequence[Result], plan: Plan, directory: Path) -> None:
    """The page and the figures of the summary."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "README.md").write_text(as_page(results, plan), encoding="utf-8")
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    (directory / "summary.json").write_bytes(orjson.dumps(as_plain(results, plan), option=option))


def as_page(results: Sequence[Result], plan: Plan) -> str:
    """The summary for people."""
    done = [one for one in results if one.found is not None]
    goals = [goal for one in done if one.found is not None for goal in one.found.goals]
    lines = [
        "# How well the warnings warn",
        "",
        (
            f"{sum(goal.met for goal in goals)} of {len(goals)} goals met. Each figure stands on "
            "its evaluation's page with its tables; here is what was wanted and what was reached. "
            "In brackets the 90% bootstrap interval; a goal is met by the figure itself, not by "
            "its interval. An anchor is what the field's own methods reach, on the same rows where "
            "the page says so, otherwise as published."
        ),
        "",
        (
            f"Measured again with `{command('all', plan)}`, or one by one as written below; "
            "`chengyun evaluate summary` gathers what the pages say."
        ),
        "",
        "| evaluation | measure | anchor | goal | reached | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in done:
        assert one.found is not None
        for number, goal in enumerate(one.found.goals):
            name = f"[{one.name}]({one.name}.md)" if not number else ""
            lines.append(_row(name, goal))
    missing = [one for one in results if one.found is None]
    if missing:
        lines += ["", "## Left out", ""]
        lines += [f"- {one.name} ({one.text}): {one.left_out}" for one in missing]
    lines += ["", "## What each one measures", ""]
    for one in done:
        assert one.found is not None
        title = one.found.title[0].lower() + one.found.title[1:]
        lines.append(f"- [{one.name}]({one.name}.md): {title}. `{one.again}`")
    return "\n".join(lines) + "\n"


def _row(name: str, goal: Goal) -> str:
    met = "met" if goal.met else "**not met**"
    cells = (name, goal.measure, goal.anchor, goal.wish, goal.shown, met)
    return "| " + " | ".join(cells) + " |"


def as_plain(results: Sequence[Result], plan: Plan) -> dict[str, Any]:
    """The summary for programs."""
    return {
        "seed": plan.seed,
        "share": plan.share,
        "evaluations": [
            {
                "evaluation": one.name,
                "left_out": one.left_out or None,
                "again": one.again or None,
                "seconds": round(one.seconds, 1),
                "goals": [] if one.found is None else [plain_goal(g) for g in one.found.goals],
            }
            for one in results
        ],
    }
