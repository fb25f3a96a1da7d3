"""What an evaluation hands back, and how it is written down: Markdown and JSON.

A module of an evaluation has ``evaluate(plan: Plan) -> Evaluation``. The same seed gives
the same figures; each figure has an interval, and an anchor of the field stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from schemas.errors import ConfigurationError


class Figure(NamedTuple):
    """A measured figure with its bootstrap interval; ``form`` is how it is printed."""

    value: float
    low: float
    high: float
    form: str = ".3f"

    def __str__(self) -> str:
        return (
            f"{format(self.value, self.form)} "
            f"({format(self.low, self.form)}–{format(self.high, self.form)})"
        )


Cell = str | int | float | Figure | None


@dataclass(frozen=True, slots=True)
class Goal:
    """What should be reached, and what was.

    Attributes:
        measure: what is measured, under which condition.
        reached: the figure; NaN where nothing could be measured.
        wanted: the least that should be reached, or the most.
        anchor: what the field's own methods reach, where that is known.
        at_most: whether `wanted` is the most.
    """

    measure: str
    reached: Figure | float
    wanted: float
    anchor: str = ""
    at_most: bool = False

    @property
    def value(self) -> float:
        """What was reached, without its interval."""
        return self.reached.value if isinstance(self.reached, Figure) else float(self.reached)

    @property
    def met(self) -> bool:
        """Whether the figure itself, not its interval, is as wanted, as it is printed."""
        form = self.reached.form if isinstance(self.reached, Figure) else ".3f"
        value = float(format(self.value, form))
        return value <= self.wanted if self.at_most else value >= self.wanted

    @property
    def shown(self) -> str:
        """What was reached, as it is printed."""
        return _text(self.reached)

    def __str__(self) -> str:
        beside = f", anchor {self.anchor}" if self.anchor else ""
        return (
            f"{self.measure}: {self.shown}, {self.wish} wanted{beside}: "
            f"{'met' if self.met else 'not met'}"
        )

    @property
    def wish(self) -> str:
        """The bound in words."""
        return f"{'≤' if self.at_most else '≥'} {self.wanted:g}"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the first column names what a row is about.

    Attributes:
        rows: one cell per column; None stays empty.
        notes: what must be known to read it: where anchors come from, what was matched.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that one evaluation found.

    Attributes:
        title: of the document.
        about: what is measured and how, in whole sentences.
        tables: in reading order.
        goals: what should be reached, and what was.
    """

    title: str
    about: str
    tables: tuple[Table, ...]
    goals: tuple[Goal, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an evaluation is asked for.

    Attributes:
        seed: of all chance in it.
        data: directory or file of a recording, where one is needed.
        share: of the simulations or rows to run, above 0, at most 1; small for a quick look.
        tell: says in a line how far it is.
    """

    seed: int
    data: Path | None = None
    share: float = 1.0
    tell: Callable[[str], None] = field(default=lambda line: None)

    def recording(self, folder: str = "") -> Path:
        """The path of the recording, or of its folder where many lie beside each other.

        Raises:
            ConfigurationError: none was named, or it is not there.
        """
        if self.data is None or not self.data.exists():
            raise ConfigurationError(
                f"--data: got {self.data or 'nothing'}, wanted the path of the recording. "
                "Operator action: name the directory or file after --data."
            )
        inside = self.data / folder
        return inside if folder and inside.is_dir() else self.data

    def times(self, whole: int, least: int = 1) -> int:
        """How many of `whole` repetitions to run."""
        return max(least, round(whole * self.share))


def command(name: str, plan: Plan) -> str:
    """What is typed to measure it again."""
    data = " --data PATH" if plan.data else ""
    share = "" if plan.share == 1 else f" --share {plan.share:g}"
    return f"chengyun evaluate {name}{data} --seed {plan.seed}{share}"


def as_markdown(name: str, found: Evaluation, plan: Plan) -> str:
    """The evaluation as a document."""
    again = command(name, plan)
    lines = [
        f"# {found.title}",
        "",
        found.about,
        "",
        f"Measured again with `{again}`. In brackets the 90% bootstrap interval.",
    ]
    for table in found.tables:
        lines += ["", f"## {table.title}", "", _row(table.columns)]
        lines.append(_row(["---"] * len(table.columns)))
        lines += [_row([_text(cell) for cell in row]) for row in table.rows]
        for note in table.notes:
            lines += ["", note]
    if found.goals:
        lines += ["", "## Goals", ""]
        lines += [f"- {goal}" for goal in found.goals]
    return "\n".join(lines) + "\n"


def as_json(name: str, found: Evaluation, plan: Plan) -> dict[str, Any]:
    """The evaluation for programs: figures as value, low and high."""
    return {
        "evaluation": name,
        "seed": plan.seed,
        "share": plan.share,
        "title": found.title,
        "tables": [
            {
                "title": table.title,
                "columns": list(table.columns),
                "rows": [[_plain(cell) for cell in row] for row in table.rows],
                "notes": list(table.notes),
            }
            for table in found.tables
        ],
        "goals": [plain_goal(goal) for goal in found.goals],
    }


def plain_goal(goal: Goal) -> dict[str, Any]:
    """A goal for programs."""
    return {
        "measure": goal.measure,
        "reached": _plain(goal.reached),
        "wanted": goal.wanted,
        "at_most": goal.at_most,
        "anchor": goal.anchor,
        "met": goal.met,
        "form": goal.reached.form if isinstance(goal.reached, Figure) else None,
    }


def goal_of(plain: dict[str, Any]) -> Goal:
    """A goal as `plain_goal` wrote it."""
    reached = plain["reached"]
    if isinstance(reached, dict):
        value, low, high = (float("nan") if reached[at] is None else reached[at] for at in _SPAN)
        reached = Figure(value, low, high, plain.get("form") or ".3f")
    return Goal(
        plain["measure"],
        float("nan") if reached is None else reached,
        plain["wanted"],
        plain["anchor"],
        plain["at_most"],
    )


_SPAN = ("value", "low", "high")


def write(name: str, found: Evaluation, plan: Plan, directory: Path) -> tuple[Path, Path]:
    """Write ``NAME.md`` and ``NAME.json`` into the directory, which is made if needed."""
    directory.mkdir(parents=True, exist_ok=True)
    document, figures = directory / f"{name}.md", directory / f"{name}.json"
    document.write_text(as_markdown(name, found, plan), encoding="utf-8")
    figures.write_bytes(
        orjson.dumps(
            as_json(name, found, plan), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
    )
    return document, figures


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)


def _plain(cell: Cell) -> Any:
    if isinstance(cell, Figure):
        return {"value": cell.value, "low": cell.low, "high": cell.high}
    return cell
