"""``chengyun backtest``: what a policy would have made of history, without Kafka."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from agents.cli.desk import console, words_for
from agents.cli.options import Language
from agents.cli.wording import Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.table import Table

    from agents.backtest.compare import Differences, Figures
    from agents.backtest.history import History
    from agents.backtest.run import Outcome
    from streams.policy import Policy

app = typer.Typer(rich_markup_mode=None)

ROWS: dict[str, tuple[str, str]] = {
    "incidents": ("案件", "incidents"),
    "reports": ("其中诉求", "reports in them"),
    "open_at_end": ("期末未结", "open at the end"),
    "overdue": ("超时", "overdue"),
    "median_hours": ("办结时长中位数(小时)", "hours to the end, median"),
    "p90_hours": ("办结时长九成位(小时)", "hours to the end, 90 %"),
    "owned_by": ("期末归属:", "owned at the end by: "),
    "escalations": ("提级 ", "lifted by rule "),
    "incidents_a_day": ("每席每日立案:", "new incidents a desk and day: "),
    "incidents_worst_day": ("单席单日最多立案:", "the worst day of one desk: "),
    "calls_a_day": ("每席每日呼叫:", "calls a desk and day: "),
    "calls_worst_day": ("单席单日最多呼叫:", "most calls of one desk and day: "),
    "problems": ("治理问题", "problems"),
    "refused": ("无法处理的消息", "dead letters"),
}
"""What the rows of the table are called."""

DIFFERS: dict[str, tuple[str, str]] = {
    "only_new": ("只在新策略下成案", "only under the new policy"),
    "only_old": ("只在旧策略下成案", "only under the old policy"),
    "newly_overdue": ("变为超时", "newly overdue"),
    "no_longer_overdue": ("不再超时", "no longer overdue"),
    "newly_lifted": ("变为提级", "newly lifted"),
    "no_longer_lifted": ("不再提级", "no longer lifted"),
    "lifted_otherwise": ("提级规则或时间不同", "lifted by another rule or at another time"),
    "other_owner": ("期末归属不同", "another owner at the end"),
    "other_limit": ("时限不同", "another limit"),
    "other_unit": ("责任单位不同", "another unit"),
    "other_severity": ("级别不同", "another severity"),
    "sooner": ("更早办结", "ended sooner"),
    "later": ("更晚办结", "ended later, or not"),
    "other_reports": ("合并诉求数不同", "another number of reports"),
    "other_state": ("状态不同", "another state"),
}
"""What a difference between two policies is called."""


@app.command()
def backtest(
    dataset: Annotated[
        str | None,
        typer.Argument(help="boston311, pge-outages, sensors or simulated.", show_default=False),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Argument(help="The recording, or the directory with it.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="The same in one word: simulated, a path, or NAME=PATH."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            help="Decide by this policy: a directory, or a file with the sections that differ; "
            "default the recording's own."
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Compare with this one; default, with --policy, the recording's own."),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first rows.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Of the simulated city.")] = None,
    hours: Annotated[
        float, typer.Option(help="Of the simulated city's life.", min=0.1, max=24 * 400)
    ] = 24.0,
    examples: Annotated[
        int, typer.Option(help="Incidents named for each difference.", min=0, max=1_000)
    ] = 3,
    full: Annotated[
        bool,
        typer.Option("--full", help="Through every byte that workers exchange: slower, same."),
    ] = False,
    lang: Language = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False,
) -> None:
    """Decide about a city's history again, under one policy or two, and say what would differ."""
    import orjson

    from agents.backtest.compare import compare, figures
    from agents.backtest.run import run
    from agents.backtest.trial import run_trials
    from agents.settings import load_settings

    words = words_for(load_settings(lang=lang))
    name, place = _chosen(dataset, path, data)
    with tempfile.TemporaryDirectory(prefix="chengyun-backtest-") as workdir:
        home = Path(workdir)
        screen = Console(stderr=True)
        with screen.status("…"):
            history, policies = _prepare(name, place, home, policy, against, limit, seed, hours)
        if full:
            if len(policies) > 1:
                raise ConfigurationError("--full takes one policy: leave --against out")
            with _bar(screen, history.inputs) as progress:
                outcome = run(policies[0], history.entries(), history.stops, progress=progress)
            _print_outcome(outcome, policies[0].version, as_json=as_json)
            return
        with _bar(screen, history.inputs) as progress, _at_full_speed():
            trials = run_trials(policies, history.entries(), history.stops, progress=progress)
    days = _days(history)
    found = [figures(trial.policy, trial.facts, days) for trial in trials]
    differences = compare(trials[0].facts, trials[1].facts, examples) if len(trials) > 1 else None
    if as_json:
        typer.echo(orjson.dumps(_fields(history, found, differences)).decode())
    else:
        _print(history, found, differences, words)


def _chosen(dataset: str | None, path: Path | None, data: str | None) -> tuple[str, Path | None]:
    from agents.backtest.history import SIMULATED, named

    if data is not None:
        if dataset is not None:
            raise ConfigurationError("name the recording by --data or by its name, not by both")
        return named(data)
    if dataset is None:
        return SIMULATED, None
    if dataset != SIMULATED and path is None:
        raise ConfigurationError(f"{dataset}: wanted the path of the recording too")
    return dataset, path


def _prepare(
    name: str,
    place: Path | None,
    home: Path,
    policy: Path | None,
    against: Path | None,
    limit: int | None,
    seed: int | None,
    hours: float,
) -> tuple[History, list[Policy]]:
    """The history, and the policies to decide by: the new one first."""
    from agents.backtest.history import policy_of, recorded, simulated

    if place is None:
        old = policy_of(against, None, home)
        history = simulated(old, seed, hours)
    else:
        history = recorded(name, place, home, limit)
        old = policy_of(against, history.policy_dir, home)
    if policy is None:
        return history, [old]
    base = against if against is not None else history.policy_dir
    return history, [policy_of(policy, base, home), old]


@contextmanager
def _bar(screen: Console, total: int | None) -> Iterator[Any]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.completed:>9,}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bar:
        task = bar.add_task("events", total=total)
        yield lambda events: bar.update(task, completed=events)


@contextmanager
def _at_full_speed() -> Iterator[None]:
    """History is remembered to its end and has no cycles: there is little to collect."""
    from agents.runtime.attributes import read_as_before, read_plainly

    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1_000)
    read_plainly()
    try:
        yield
    finally:
        read_as_before()
        gc.set_threshold(*before)
        gc.unfreeze()


def _days(history: History) -> int:
    from agents.replay.feed import moment_of

    first = next(history.entries(), None)
    if first is None:
        return 1
    return max(1, round((moment_of(history.stops) - moment_of(first.at)) / timedelta(days=1)))


# --- what is printed -------------------------------------------------------------------


def _fields(
    history: History, found: list[Figures], differences: Differences | None
) -> dict[str, Any]:
    from agents.backtest.compare import as_fields

    fields: dict[str, Any] = {"data": history.name, "new": as_fields(found[0])}
    if differences is None:
        return fields
    return {
        **fields,
        "old": as_fields(found[1]),
        "same": differences.same,
        "differences": differences.counts,
        "examples": differences.examples,
    }


def _lines(of: Figures, words: Wording) -> dict[str, float | None]:
    """One outcome, line by line, as people read it."""
    from agents.backtest.compare import TIERS, as_fields

    fields = as_fields(of)
    load = fields["load"]
    lines: dict[str, float | None] = {}
    for name in ROWS:
        head = _word(ROWS[name], words)
        if name == "escalations":
            lines |= {f"{head}{rule}": number for rule, number in fields[name].items()}
        elif name == "owned_by":
            lines |= {f"{head}{words.word(tier)}": fields[name][tier] for tier in TIERS}
        elif name not in fields:
            lines |= {f"{head}{words.word(tier)}": load[tier][name] for tier in TIERS}
        else:
            lines[head] = fields[name]
    return lines


def _print(
    history: History, found: list[Figures], differences: Differences | None, words: Wording
) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console(plain=False)
    zh = words.lang == "zh"
    columns = [_lines(each, words) for each in found]
    title = f"{'回测' if zh else 'Backtest'} {history.name}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    table.add_column("", no_wrap=True)
    for number, each in enumerate(found):
        head = "" if len(found) == 1 else (("新 ", "旧 ") if zh else ("new ", "old "))[number]
        table.add_column(f"{head}{each.version}", justify="right", overflow="fold")
    if len(found) > 1:
        table.add_column("差" if zh else "difference", justify="right")
    for name in dict.fromkeys(name for column in columns for name in column):
        values = [column.get(name, 0) for column in columns]
        cells = [_number(value) for value in values]
        if len(values) > 1:
            cells.append(_difference(values[0], values[1]))
        table.add_row(name, *cells)
    out.print(table, soft_wrap=False)
    if differences is not None:
        out.print(_as_table(differences, words), soft_wrap=False)
    for each in found:
        out.print(Text(_speed(each, zh=zh), style="dim"), soft_wrap=True)


def _as_table(differences: Differences, words: Wording) -> Table:
    from rich.table import Table

    zh = words.lang == "zh"
    table = Table(
        title="逐案差异" if zh else "Case by case", title_justify="left", box=None, padding=(0, 1)
    )
    table.add_column("", no_wrap=True)
    table.add_column("件" if zh else "incidents", justify="right")
    table.add_column("例" if zh else "for example", overflow="fold")
    table.add_row("相同" if zh else "the same", f"{differences.same:,}", "")
    for kind, number in differences.counts.items():
        named_ones = "  ".join(differences.examples[kind])
        table.add_row(_word(DIFFERS[kind], words), f"{number:,}", named_ones)
    return table


def _speed(of: Figures, *, zh: bool) -> str:
    rate = of.applied / of.seconds if of.seconds else 0.0
    if zh:
        return (
            f"{of.version}:{of.seconds:.1f} 处理器秒,应用事件 {of.applied:,}(输入 {of.inputs:,},"
            f"层级间消息 {of.messages:,},到时 {of.timers:,}),每秒 {rate:,.0f}"
        )
    return (
        f"{of.version}: {of.seconds:.1f} s of processor, {of.applied:,} events applied "
        f"({of.inputs:,} inputs, {of.messages:,} messages between tiers, {of.timers:,} timers), "
        f"{rate:,.0f} a second"
    )


def _word(both: tuple[str, str], words: Wording) -> str:
    return both[0] if words.lang == "zh" else both[1]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _difference(new: float | None, old: float | None) -> str:
    if new is None or old is None:
        return "–"
    if new == old:
        return "="
    change = new - old
    text = f"{change:+,}" if isinstance(change, int) else f"{change:+,.2f}"
    return text if not old else f"{text} ({change / old:+.1%})"


def _print_outcome(outcome: Outcome, version: str, *, as_json: bool) -> None:
    import orjson
    from rich.table import Table

    fields = _outcome_fields(outcome, version)
    if as_json:
        typer.echo(orjson.dumps(fields).decode())
        return
    table = Table(title=f"Backtest under {version}", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in fields.items():
        if isinstance(value, dict):
            table.add_row(name.replace("_", " "), "")
            for key, count in value.items():
                table.add_row(f"  {key}", f"{count:,}")
        elif name != "policy_version":
            shown = f"{value:,}" if isinstance(value, int | float) else str(value)
            table.add_row(name.replace("_", " "), shown)
    Console().print(table)


def _outcome_fields(outcome: Outcome, version: str) -> dict[str, object]:
    tiers: dict[str, int] = {}
    overdue = 0
    for tier, _, late, _ in outcome.incidents.values():
        tiers[tier] = tiers.get(tier, 0) + 1
        overdue += late
    return {
        "policy_version": version,
        "events": outcome.events,
        "seconds": round(outcome.seconds, 2),
        "events_per_s": round(outcome.events / outcome.seconds) if outcome.seconds else None,
        "incidents": len(outcome.incidents),
        "owned_by": tiers,
        "overdue": overdue,
        "escalations": dict(outcome.escalations),
        "alerts": {" ".join(key): n for key, n in sorted(outcome.alerts.items())},
        "dead_letters": dict(outcome.dead_letters),
        "messages": dict(outcome.messages),
    }
