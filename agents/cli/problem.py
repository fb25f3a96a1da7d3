"""``chengyun problem``: what is to be cured at its source, and what the next theme should be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.cli.desk import Desk, LongRead, console, one_of, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix
from agents.cli.wording import Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.table import Table

    from schemas.incident import Incident
    from schemas.outcome import Problem
    from streams.warning.burden import Burden, Scale

STATES = ("opened", "measured", "closed")
_SHAPES = {"opened": ("■", "red"), "measured": ("▲", "yellow"), "closed": ("●", "green")}

app = typer.Typer(rich_markup_mode=None)


@app.command("list")
def list_(
    state: Annotated[
        str, typer.Option("--state", help=f"living, all, {', '.join(STATES)}.")
    ] = "living",
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of one area.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 30,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """List problems: overdue reviews first, then the largest."""
    from rich.text import Text

    from schemas.terms import TIERS

    one_of("--tier", tier, TIERS)
    one_of("--state", state, ("living", "all", *STATES))
    desk = open_desk(prefix, lang, data_dir)
    found = [
        problem
        for problem in run(_read(desk)).values()
        if tier in (None, problem.tier)
        and area in (None, problem.area)
        and (state in ("all", problem.state) or (state == "living" and problem.state != "closed"))
    ]
    now = desk.now()
    found.sort(key=lambda problem: (not _late(problem, now), -problem.incident_count))
    if as_json:
        for problem in found[:limit]:
            typer.echo(problem.model_dump_json(exclude_none=True))
        return
    out = console(plain)
    if not found:
        out.print(desk.words.say("nothing"))
        return
    out.print(_rows(found[:limit], desk.words, now), soft_wrap=False)
    shown = min(limit, len(found))
    told = "total" if shown == len(found) else "more"
    out.print(Text(desk.words.say(told, total=len(found), shown=shown), style="dim"))


@app.command()
def show(
    problem_id: Annotated[str, typer.Argument(metavar="ID")],
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Tell what is known about one problem; exit code 1 when there is none of that id."""
    from rich.text import Text

    desk = open_desk(prefix, lang, data_dir)
    problem = run(_read(desk, problem_id)).get(problem_id)
    words = desk.words
    if problem is None:
        typer.echo(words.say("no_problem", id=problem_id), err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(problem.model_dump_json(exclude_none=True))
        return
    out = console(plain)
    out.print(_rows([problem], words, desk.now()), soft_wrap=False)
    facts = {
        "problem_cause": problem.cause,
        "problem_measure": problem.measure,
        "unit": None if problem.owner is None else words.unit(problem.owner),
        "problem_review": None if problem.review_at is None else words.time(problem.review_at),
        "problem_verdict": _verdict(problem, words),
        "problem_effect": _effect(problem, words, desk.now()),
        "problem_relapses": str(problem.recurred) if problem.recurred else None,
        "problem_by": problem.changed_by,
        "problem_reason": problem.reason,
    }
    for name, fact in facts.items():
        if fact is not None:
            out.print(f"{words.say(name)}  {fact}")
    out.print(Text(words.say("problem_cases", count=problem.incident_count), style="bold"))
    for incident_id in problem.incidents[-10:]:
        out.print(f"  {incident_id}")


@app.command()
def candidates(
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="Default: all that is known.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000)] = 10,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Rank kinds as the theme of a month (每月一题), by what they cost the city, with reasons."""
    import orjson

    desk = open_desk(prefix, lang, data_dir)
    begin, end = _stretch(desk, month)
    scale = run(_weigh(desk, begin, end))
    found = scale.ranked()
    if as_json:
        for burden in found[:limit]:
            typer.echo(orjson.dumps(_plain(burden)).decode())
        return
    out, words = console(plain), desk.words
    if not found:
        out.print(words.say("nothing"))
        return
    out.print(
        words.say(
            "candidates_head",
            begin=words.time_with_year(max(begin, scale.earliest)),
            end=words.time_with_year(end),
            cases=sum(burden.cases for burden in found),
        ),
        style="bold",
    )
    out.print(_candidates(found[:limit], words), soft_wrap=False)


def _stretch(desk: Desk, month: str | None) -> tuple[datetime, datetime]:
    """The month, or all up to the city's present time."""
    zone = desk.words.zone
    if month is None:
        return datetime(1970, 1, 1, tzinfo=zone), desk.now() or run(_latest(desk))
    try:
        begin = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
    except ValueError:
        raise ConfigurationError(f"--month {month}: wanted a month such as 2026-06") from None
    year, of_year = divmod(begin.month, 12)
    return begin, begin.replace(year=begin.year + year, month=of_year + 1)


async def _read(desk: Desk, problem_id: str | None = None) -> dict[str, Problem]:
    """The newest revision of each problem."""
    from agents.casebook import problems
    from agents.ledger import open_ledger
    from streams.topics import PROBLEMS

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, [PROBLEMS]) as ledger:
            return await problems(ledger, progress, problem_id)
    finally:
        progress.end()


async def _weigh(desk: Desk, begin: datetime, end: datetime) -> Scale:
    from streams.warning.burden import Scale

    scale = Scale(begin, end)
    async for incident in _incidents(desk):
        scale.add(incident)
    return scale


async def _latest(desk: Desk) -> datetime:
    """Where time is that of old events: the moment after the last of them."""
    latest = datetime(1970, 1, 1, tzinfo=desk.words.zone)
    async for incident in _incidents(desk):
        latest = max(latest, incident.closed_at or incident.resolved_at or incident.opened_at)
    return latest + timedelta(seconds=1)


async def _incidents(desk: Desk) -> AsyncIterator[Incident]:
    from agents.casebook import Wanted, each
    from agents.ledger import open_ledger
    from streams.topics import INCIDENTS

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, [INCIDENTS]) as ledger:
            async for incident in each(ledger, Wanted(state="all"), progress):
                yield incident
    finally:
        progress.end()


def _late(problem: Problem, now: datetime | None) -> bool:
    """Whether the measure should have been looked at by now."""
    due = problem.review_at
    return problem.state == "measured" and due is not None and now is not None and due <= now


def _verdict(problem: Problem, words: Wording) -> str | None:
    if problem.effective is None:
        return None
    return words.say("problem_effective" if problem.effective else "problem_ineffective")


def _effect(problem: Problem, words: Wording, now: datetime | None) -> str | None:
    """What came before the measure and since, as a ratio of the rates with its interval."""
    from streams.incidents.scoring import days_of
    from streams.warning.scoreboard import effect

    if problem.measured_at is None:
        return None
    zone = words.zone
    measured = problem.measured_at.astimezone(zone).toordinal()
    today = (now or problem.changed_at).astimezone(zone).toordinal()
    cases = days_of(problem.incidents)
    if not cases:
        return None
    found = effect(cases, min(cases), measured, today)
    if found is None:
        return words.say("effect_too_soon")
    text = "effect_told" if found.ratio is not None else "effect_only_after"
    return words.say(
        text,
        before=found.before,
        before_days=found.before_days,
        after=found.after,
        after_days=found.after_days,
        ratio="–" if found.ratio is None else f"{found.ratio:.2f}",
        low=f"{found.low:.2f}",
        high="∞" if found.high == float("inf") else f"{found.high:.2f}",
    )


def _rows(listed: list[Problem], words: Wording, now: datetime | None) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("col_problem", "col_state", "col_tier", "col_title"):
        table.add_column(words.say(name), no_wrap=name != "col_title")
    table.add_column(words.say("col_cases"), justify="right")
    for name in ("col_unit", "col_review"):
        table.add_column(words.say(name), no_wrap=True)
    for problem in listed:
        shape, style = _SHAPES[problem.state]
        review = "–" if problem.review_at is None else words.date(problem.review_at)
        if _late(problem, now):
            review = f"{review} {words.say('report_late')}"
        table.add_row(
            problem.problem_id,
            Text(f"{shape}{words.word(f'problem_{problem.state}')}", style),
            f"{words.word(problem.tier)} {words.area(problem.area)}",
            problem.title,
            str(problem.incident_count),
            words.unit(problem.owner),
            review,
        )
    return table


def _candidates(found: list[Burden], words: Wording) -> Table:
    from rich.table import Table

    from streams.warning.burden import MEASURES

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("#", justify="right")
    table.add_column(words.say("col_kind"), no_wrap=True)
    for name in ("burden_weight", *(f"burden_{measure}" for measure in MEASURES)):
        table.add_column(words.say(name), justify="right")
    table.add_column(words.say("burden_why"))
    for rank, burden in enumerate(found, 1):
        answered = f"{burden.dissatisfied}/{burden.answered}" if burden.answered else "–"
        table.add_row(
            str(rank),
            burden.name,
            f"{100 * burden.weight:.1f}%",
            str(burden.cases),
            f"{burden.hours:,.0f}",
            str(len(burden.areas)),
            str(burden.recurrent),
            answered,
            "、".join(
                f"{words.say(f'burden_{name}')} {100 * burden.shares[name]:.0f}%"
                for name in burden.reasons
            ),
        )
    return table


def _plain(burden: Burden) -> dict[str, Any]:
    return {
        "code": burden.code,
        "name": burden.name,
        "weight": round(burden.weight, 4),
        "cases": burden.cases,
        "hours": round(burden.hours, 2),
        "areas": len(burden.areas),
        "recurrent": burden.recurrent,
        "answered": burden.answered,
        "dissatisfied": burden.dissatisfied,
        "problems": sorted(burden.problems)[:100],
        "shares": {name: round(share, 4) for name, share in burden.shares.items()},
        "reasons": burden.reasons,
    }
