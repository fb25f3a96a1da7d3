"""``chengyun scoreboard``: how far the city is from treating incidents to removing causes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.table import Table
from rich.text import Text

from agents.casebook import Wanted, each, problems
from agents.cli.desk import (
    AsJson,
    DataDir,
    Desk,
    Language,
    LongRead,
    Plain,
    Prefix,
    console,
    one_of,
    open_desk,
    run,
)
from agents.cli.wording import Wording
from agents.ledger import Ledger, open_ledger
from schemas.alert import Alert, AlertEvent
from streams.topics import ALERTS, INCIDENTS, PROBLEMS
from streams.warning.scoreboard import ALL, Line, Scoreboard, interval, share

BY = ("area", "week", "kind")
_TOPICS = (*ALERTS.values(), INCIDENTS, PROBLEMS)


def scoreboard(
    by: Annotated[str, typer.Option("--by", help=f"One line for each {', '.join(BY)}.")] = "area",
    area: Annotated[str | None, typer.Option("--area", help="Only this area.")] = None,
    week: Annotated[
        str | None, typer.Option("--week", metavar="2026-W23", help="Only this week.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind, by its code.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 25,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Warnings before reports, their precision, what comes back, what the street settles."""
    one_of("--by", by, BY)
    desk = open_desk(prefix, lang, data_dir)
    board = run(_read(desk))
    rows = _rows(board, desk, by, area, week, kind)
    if as_json:
        for name, line in rows:
            typer.echo(orjson.dumps({by: name, **_plain(line)}).decode())
        typer.echo(orjson.dumps({"problems": _cure(board)}).decode())
        return
    out, words = console(plain), desk.words
    if not rows:
        out.print(words.say("nothing"))
        return
    out.print(_table(rows[:limit], words, by, max(1, board.days)), soft_wrap=False)
    if len(rows) > limit:
        out.print(Text(words.say("more", total=len(rows), shown=limit), style="dim"))
    _tell_cure(out, board, words)
    out.print(Text(words.say("board_honest"), style="dim"))


app = typer.Typer(rich_markup_mode=None)
app.command()(scoreboard)


def week_of(moment: datetime, zone: ZoneInfo) -> str:
    """The ISO week of a moment in the city."""
    year, week, _ = moment.astimezone(zone).isocalendar()
    return f"{year}-W{week:02d}"


async def _read(desk: Desk) -> Scoreboard:
    policy = desk.words.policy
    assert policy is not None
    zone = desk.words.zone
    board = Scoreboard(policy.areas.parent, lambda moment: week_of(moment, zone))
    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, _TOPICS) as ledger:
            await _add_alerts(board, ledger, progress)
            async for incident in each(ledger, Wanted(state="all"), progress):
                board.add_incident(incident)
            for problem in (await problems(ledger, progress)).values():
                board.add_problem(problem)
    finally:
        progress.end()
    board.finish()
    return board


async def _add_alerts(board: Scoreboard, ledger: Ledger, progress: LongRead) -> None:
    """First and last revision of each episode, and how often it called."""
    first: dict[str, Alert] = {}
    last: dict[str, tuple[Alert, int]] = {}
    async for batch in ledger.scan(list(ALERTS.values()), progress=progress):
        for record in batch:
            if record.value is None:
                continue
            alert = AlertEvent.model_validate_json(record.value).data
            calls = alert.state in ("opened", "raised") and alert.calls
            before = last.get(alert.alert_id)
            first.setdefault(alert.alert_id, alert)
            number = calls + (0 if before is None else before[1])
            if before is not None and alert.answer is None and before[0].answer is not None:
                alert = alert.model_copy(update={"answer": before[0].answer})
            last[alert.alert_id] = (alert, number)
    for alert_id, alert in first.items():
        board.add_alert(alert, *last[alert_id])
    board.warned()


def _rows(
    board: Scoreboard, desk: Desk, by: str, area: str | None, week: str | None, kind: str | None
) -> list[tuple[str, Line]]:
    policy = desk.words.policy
    assert policy is not None
    city = policy.areas.city
    found: list[tuple[str, Line]] = []
    for (w, a, k), line in board.lines.items():
        name = {"area": a, "week": w, "kind": k}[by]
        wanted = (week or ALL, area or city, kind or ALL)
        here = (
            wanted[0] if by == "week" and week is None else w,
            wanted[1] if by == "area" and area is None else a,
            wanted[2] if by == "kind" and kind is None else k,
        )
        if (
            here == wanted
            and not (by == "week" and name == ALL)
            and not (by == "kind" and name == ALL)
        ):
            found.append((name, line))
    if by == "week":
        return sorted(found, key=lambda row: row[0])
    if by == "kind":
        return sorted(found, key=lambda row: (-row[1].incidents, row[0]))
    height = {"city": 0, "district": 1, "street": 2}
    return sorted(
        found, key=lambda row: (height.get(policy.areas.tier_of(row[0]) or "", 3), row[0])
    )


def _percent(part: int, whole: int, *, spread: bool = False) -> str:
    value = share(part, whole)
    if value is None:
        return "–"
    if not spread:
        return f"{100 * value:.1f}%"
    reach = interval(part, whole)
    assert reach is not None
    return f"{100 * value:.1f}% ({100 * reach[0]:.0f}–{100 * reach[1]:.0f})"


def _table(rows: Iterable[tuple[str, Line]], words: Wording, by: str, days: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(words.say(f"board_{by}"), no_wrap=True)
    for name in (
        "board_incidents",
        "board_preceded",
        "board_lead",
        "board_warnings",
        "board_precision",
        "board_recurrent",
        "board_low",
        "board_calls",
    ):
        table.add_column(words.say(name), justify="right", no_wrap=True)
    for name, line in rows:
        precision = line.precision
        table.add_row(
            _name(name, words, by),
            f"{line.incidents:,}",
            _percent(line.preceded, line.with_reports, spread=True),
            "–" if line.lead_s is None else words.span(line.lead_s),
            f"{line.warnings:,}",
            "–" if precision is None else f"{100 * precision:.0f}%",
            _percent(line.recurrent, line.incidents),
            _percent(line.settled_low, line.settled),
            f"{line.calls / days:.1f}",
        )
    return table


def _name(name: str, words: Wording, by: str) -> str:
    if by == "area":
        tier = None if words.policy is None else words.policy.areas.tier_of(name)
        return f"{words.word(tier)} {words.area(name)}"
    if by == "kind" and words.policy is not None:
        rule = words.policy.category(None, name)
        if rule is not None:
            return rule.name if words.lang == "zh" else rule.name_en
    return name


def _tell_cure(out: Any, board: Scoreboard, words: Wording) -> None:
    cure = board.cure
    out.print()
    out.print(
        words.say(
            "board_cure",
            open=cure.open,
            measured=cure.measured,
            closed=cure.closed,
            relapsed=cure.relapsed,
            effective=cure.effective,
            reviewed=cure.reviewed,
        )
    )
    if cure.avoided is None or cure.avoided_interval is None:
        out.print(words.say("board_avoided_unknown"))
        return
    low, high = cure.avoided_interval
    out.print(
        words.say(
            "board_avoided", saved=f"{cure.avoided:.0f}", low=f"{low:.0f}", high=f"{high:.0f}"
        )
    )


def _cure(board: Scoreboard) -> dict[str, Any]:
    cure = board.cure
    return {
        "open": cure.open,
        "measured": cure.measured,
        "closed": cure.closed,
        "relapsed": cure.relapsed,
        "reviewed": cure.reviewed,
        "effective": cure.effective,
        "avoided": cure.avoided,
        "avoided_interval": cure.avoided_interval,
    }


def _plain(line: Line) -> dict[str, Any]:
    return {
        "incidents": line.incidents,
        "reported": line.with_reports,
        "preceded": line.preceded,
        "preceded_share": share(line.preceded, line.with_reports),
        "preceded_interval": interval(line.preceded, line.with_reports),
        "lead_s": line.lead_s,
        "warnings": line.warnings,
        "answered_right": line.right,
        "answered_wrong": line.wrong,
        "precision": line.precision,
        "recurrent_share": share(line.recurrent, line.incidents),
        "settled_low_share": share(line.settled_low, line.settled),
        "calls": line.calls,
    }
