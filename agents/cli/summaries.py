"""``chengyun summaries``: what the desks did in a period, with the three rates (三率)."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple, get_args

import typer

from agents.cli.desk import Desk, LongRead, console, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix
from agents.cli.wording import Lang, Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.table import Table

    from agents.summaries import Asked, Rounds
    from schemas.outcome import Summary

app = typer.Typer(rich_markup_mode=None)

HEADS: dict[str, tuple[str, str]] = {
    "area": ("区域", "area"),
    "unit": ("单位", "unit"),
    "complaints": ("诉求", "reports"),
    "opened": ("立案", "opened"),
    "closed": ("结案", "closed"),
    "response": ("响应率", "response"),
    "solution": ("解决率", "solved"),
    "satisfaction": ("满意率", "satisfied"),
    "on_time": ("按时率", "on time"),
    "overdue": ("超时", "overdue"),
    "lifted": ("提级", "lifted"),
    "returned": ("退回", "returned"),
    "redone": ("返工", "redone"),
    "extended": ("延期", "extended"),
    "suspended": ("挂账", "suspended"),
    "recurred": ("重复", "recurred"),
    "whistles_per_100": ("吹哨/百件", "whistles/100"),
    "settled_low": ("街道内办结", "settled low"),
    "median_hours": ("中位时长", "median"),
}
"""What the columns of the table are called, in the order of the table."""

PERIODS: dict[str, tuple[str, str]] = {
    "day": ("日巡", "Day"),
    "week": ("周查", "Week"),
    "month": ("月评", "Month"),
    "season": ("季通报", "Season"),
}
MARKS: dict[str, tuple[str, str]] = {
    "whistles_few": ("偏少", "few"),
    "whistles_many": ("偏多", "many"),
}
_SHARES = ("response", "solution", "satisfaction", "on_time", "settled_low")
_NUMBERS = (
    "complaints", "opened", "closed", "overdue", "returned", "redone", "extended", "suspended",
    "recurred",
)  # fmt: skip


class Row(NamedTuple):
    """One line: an area, or one unit of it."""

    summary: Summary
    unit: str | None
    counts: dict[str, int]
    rates: dict[str, float]


@app.command()
def summaries(
    period: Annotated[
        str, typer.Option("--period", help="day, week, month or season.", metavar="PERIOD")
    ] = "day",
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[
        str | None, typer.Option("--area", help="Only this area and those below it.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="Only this unit, or `all`: a line for each.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="The period in which this date lies (2026-03-02)."),
    ] = None,
    last: Annotated[int, typer.Option("--last", help="So many periods back.", min=1, max=400)] = 1,
    as_csv: Annotated[bool, typer.Option("--csv", help="Every count and rate, as CSV.")] = False,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Show what the desks did by day, week, month and season, with the three rates (三率)."""
    from agents.summaries import Asked
    from schemas.terms import TIERS
    from streams.summaries.periods import Period
    from streams.summaries.tally import NO_UNIT

    _one_of("--period", period, get_args(Period))
    _one_of("--tier", tier, TIERS)
    desk = open_desk(prefix, lang, data_dir)
    policy = desk.words.policy
    assert policy is not None
    if area is not None and policy.areas.tier_of(area) is None:
        raise ConfigurationError(f"--area {area}: wanted the code of an area of {policy.version}")
    if unit not in (None, "all", NO_UNIT) and not policy.knows_unit(unit or ""):
        raise ConfigurationError(f"--unit {unit}: wanted a unit of {policy.version}, or all")
    asked = Asked(period, tier, area, _moment(at, desk), last)
    found = run(_find(desk, asked))
    rows = list(_rows(found.summaries, unit))
    if as_json:
        for summary in found.summaries:
            typer.echo(summary.model_dump_json(exclude_none=True))
    elif as_csv:
        _write_csv(rows, desk.words)
    else:
        _show(rows, found, desk.words, plain=plain)


def _one_of(option: str, given: str | None, known: tuple[str, ...]) -> None:
    if given is not None and given not in known:
        raise ConfigurationError(f"{option} {given}: wanted one of {', '.join(known)}")


def _moment(given: str | None, desk: Desk) -> datetime | None:
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise ConfigurationError(f"--at {given}: wanted a date such as 2026-03-02") from None
    policy = desk.words.policy
    assert policy is not None
    return (moment if moment.tzinfo else moment.replace(tzinfo=policy.tz)).astimezone(UTC)


async def _find(desk: Desk, asked: Asked) -> Rounds:
    from agents.ledger import open_ledger
    from agents.summaries import find
    from streams.topics import SUMMARIES

    progress = LongRead(desk.words)
    policy = desk.words.policy
    assert policy is not None
    try:
        async with open_ledger(desk.settings, desk.bootstrap, [SUMMARIES]) as ledger:
            return await find(ledger, asked, policy, progress)
    finally:
        progress.end()


def _rows(found: list[Summary], unit: str | None) -> Iterator[Row]:
    for summary in found:
        if unit is None:
            yield Row(summary, None, summary.counts, summary.rates)
            continue
        for code, each in summary.units.items():
            if unit in ("all", code):
                yield Row(summary, code, each.counts, each.rates)


# --- as a table ------------------------------------------------------------------------


def _show(rows: list[Row], found: Rounds, words: Wording, *, plain: bool) -> None:
    from rich.text import Text

    out = console(plain)
    if not rows:
        out.print(words.say("nothing"))
    windows = dict.fromkeys((row.summary.period, row.summary.window.start) for row in rows)
    for window in windows:
        part = [row for row in rows if (row.summary.period, row.summary.window.start) == window]
        out.print(as_table(part, words), soft_wrap=False)
    if found.unreadable:
        out.print(Text(words.say("unreadable", count=found.unreadable), style="red"))


def as_table(rows: list[Row], words: Wording) -> Table:
    """One period as a table: a line for each area, or for each unit of it."""
    from rich.table import Table

    names = [name for name in HEADS if name != "unit" or any(row.unit for row in rows)]
    shown = {name: [_cell(row, name, words) for row in rows] for name in names}
    # What nobody did at all needs no column, except what the report is about.
    always = {"area", "unit", "complaints", "opened", "closed", "on_time", "median_hours"}
    names = [name for name in names if name in always or any(each != "–" for each in shown[name])]
    table = Table(title=_title(rows, words), title_justify="left", box=None, padding=(0, 1))
    for name in names:
        left = name in ("area", "unit")
        table.add_column(
            _word(HEADS[name], words.lang), justify="left" if left else "right", no_wrap=True
        )
    for number in range(len(rows)):
        table.add_row(*(shown[name][number] for name in names))
    return table


def _title(rows: list[Row], words: Wording) -> str:
    summary = rows[0].summary
    first = words.date(summary.window.start)
    last = words.date(max(summary.window.start, _last_day(summary)))
    span = first if summary.period == "day" else f"{first} – {last}"
    running = (
        ""
        if all(row.summary.complete for row in rows)
        else _word(("(进行中)", " (still running)"), words.lang)
    )
    return f"{_word(PERIODS[summary.period], words.lang)} {span}{running}"


def _last_day(summary: Summary) -> datetime:
    return datetime.fromtimestamp(summary.window.end.timestamp() - 1, UTC)


def _cell(row: Row, name: str, words: Wording) -> str:
    from streams.summaries.tally import NO_UNIT

    counts, rates = row.counts, row.rates
    if name == "area":
        return f"{words.word(row.summary.tier)} {words.area(row.summary.area)}"
    if name == "unit":
        return "–" if row.unit in (None, NO_UNIT) else words.unit(row.unit)
    if name == "lifted":
        number = counts.get(f"lifted_from_{row.summary.tier}", 0)
        return f"{number:,}" if number else "–"
    if name in _NUMBERS:
        return f"{counts[name]:,}" if counts.get(name) else "–"
    value = rates.get(name)
    if value is None:
        return "–"
    if name in _SHARES:
        return f"{value:.1%}"
    if name == "median_hours":
        return words.span(value * 3_600)
    if not value and not row.summary.marks:
        return "–"
    marks = "".join(_word(MARKS[mark], words.lang) for mark in row.summary.marks)
    return f"{value:g} {marks}".strip() if row.unit is None else f"{value:g}"


def _word(both: tuple[str, str], lang: Lang) -> str:
    return both[0] if lang == "zh" else both[1]


# --- as CSV ----------------------------------------------------------------------------


def _write_csv(rows: list[Row], words: Wording) -> None:
    counts = sorted({name for row in rows for name in row.counts})
    rates = sorted({name for row in rows for name in row.rates})
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["tier", "area", "area_name", "unit", "period", "start", "end", "revision", "complete",
         *counts, *(f"rate_{name}" for name in rates), "marks"]
    )  # fmt: skip
    for row in rows:
        summary = row.summary
        writer.writerow(
            [
                summary.tier,
                summary.area,
                words.area(summary.area),
                row.unit or "",
                summary.period,
                summary.window.start.isoformat(),
                summary.window.end.isoformat(),
                summary.revision,
                str(summary.complete).lower(),
                *(row.counts.get(name, 0) for name in counts),
                *(row.rates.get(name, "") for name in rates),
                " ".join(summary.marks),
            ]
        )
