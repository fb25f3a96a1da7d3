"""``chengyun incident list``: what is open, the most pressing first; or all of it, for scripts."""

from __future__ import annotations

import csv
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from agents.cli.desk import (
    Desk,
    LongRead,
    console,
    one_of,
    open_desk,
    parse_since,
    run,
    tell_if_ended,
)
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix
from agents.cli.story import as_rows
from agents.cli.wording import Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from agents.casebook import Found, Wanted
    from schemas.incident import Incident

app = typer.Typer(rich_markup_mode=None)

PAGE = 50

COLUMNS: tuple[str, ...] = (
    "incident_id",
    "severity",
    "urgency",
    "state",
    "tier",
    "area",
    "area_name",
    "category",
    "kind",
    "title",
    "address",
    "street_code",
    "district_code",
    "unit_code",
    "unit_name",
    "opened_at",
    "due_at",
    "is_overdue",
    "resolved_at",
    "closed_at",
    "reports",
    "returns",
    "version",
)
"""Of the table for spreadsheets, by their words; the English ones are a contract."""


@app.command("list")
def list_(
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of the area.")] = None,
    state: Annotated[
        str, typer.Option("--state", help="open, all, or one state (dispatched, closed, …).")
    ] = "open",
    severity: Annotated[str | None, typer.Option("--severity", help="I, II, III, IV or V.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only past their limit.")] = False,
    waiting: Annotated[
        bool,
        typer.Option("--waiting", help="Handed over and not taken up yet; --area: by that desk."),
    ] = False,
    unit: Annotated[
        str | None, typer.Option("--unit", help="Led or assisted by this unit.")
    ] = None,
    category: Annotated[
        str | None,
        typer.Option("--category", help="Code of a kind, its beginning, or letters of its name."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Opened in the last 2h, 3d; or since a date."),
    ] = None,
    contains: Annotated[
        str | None, typer.Option("--contains", help="Letters in the title, address or id.")
    ] = None,
    sort: Annotated[str, typer.Option("--sort", help="pressing, grave or new.")] = "pressing",
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = PAGE,
    everything: Annotated[
        bool,
        typer.Option("--all", help="With --csv or --json: every one that matches, unsorted."),
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table for spreadsheets.")] = False,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """List incidents, the most pressing first."""
    from agents.casebook import ORDERS, Wanted
    from schemas.terms import SEVERITIES, TIERS, WorkState

    one_of("--tier", tier, TIERS)
    one_of("--severity", severity, SEVERITIES)
    one_of("--state", state, ("open", "all", *get_args(WorkState)))
    one_of("--sort", sort, tuple(ORDERS))
    if as_csv and as_json:
        raise ConfigurationError("--csv and --json: wanted one of them")
    if everything and not (as_csv or as_json):
        raise ConfigurationError("--all: wanted --csv or --json too, it is no list to read")
    desk = open_desk(prefix, lang, data_dir)
    if unit is not None and not _known_unit(desk, unit):
        raise ConfigurationError(f"--unit {unit}: got no unit of the policy, wanted its code")
    moment = None if since is None else _moment(desk, since)
    wanted = Wanted(tier, area, state, severity, overdue, contains, unit, category, moment, waiting)
    if everything:
        run(_export(desk, wanted, as_csv=as_csv))
        return
    found = run(_find(desk, wanted, limit, sort))
    if as_csv:
        _write_csv(found.incidents, desk.words)
    elif as_json:
        for incident in found.incidents:
            typer.echo(incident.model_dump_json(exclude_none=True))
    else:
        _show(desk, found, plain)
        return
    if found.total > len(found.incidents):
        told = desk.words.say("more_export", total=found.total, shown=len(found.incidents))
        typer.echo(told, err=True)


def _known_unit(desk: Desk, unit: str) -> bool:
    return desk.words.policy is None or desk.words.policy.knows_unit(unit)


def _moment(desk: Desk, since: str) -> datetime:
    """The moment that a length of time or a date means, in the city.

    Raises:
        ConfigurationError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        now = desk.now()
        if now is None:
            raise ConfigurationError(
                f"--since {since}: the time of this city is that of its events, "
                "wanted a date such as 2015-03-02 or 2015-03-02T08:00"
            ) from None
        return now - parse_since(since)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=desk.words.zone)


def _show(desk: Desk, found: Found, plain: bool) -> None:
    from rich.text import Text

    say, out = desk.words.say, console(plain)
    tell_if_ended(desk)
    if not found.incidents:
        out.print(say("nothing"))
    else:
        out.print(as_rows(found.incidents, desk.words, desk.now(), out.width), soft_wrap=False)
        shown = len(found.incidents)
        told = say("more", total=found.total, shown=shown)
        out.print(Text(say("total", total=shown) if shown == found.total else told, style="dim"))
    if found.unreadable:
        out.print(Text(say("unreadable", count=found.unreadable), style="red"))


async def _find(desk: Desk, wanted: Wanted, limit: int, sort: str) -> Found:
    from agents.casebook import ORDERS, find
    from agents.ledger import open_ledger
    from streams.topics import INCIDENTS

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, [INCIDENTS]) as ledger:
            return await find(ledger, wanted, limit, progress, ORDERS[sort])
    finally:
        progress.end()


async def _export(desk: Desk, wanted: Wanted, *, as_csv: bool) -> None:
    """Write every incident that matches as it is read."""
    from agents.casebook import each
    from agents.ledger import open_ledger
    from streams.topics import INCIDENTS

    progress = LongRead(desk.words)
    count = 0
    try:
        async with open_ledger(desk.settings, desk.bootstrap, [INCIDENTS]) as ledger:
            incidents: AsyncGenerator[Incident, None] = each(ledger, wanted, progress)
            async with aclosing(incidents):
                if as_csv:
                    _write_csv([], desk.words)
                async for incident in incidents:
                    count += 1
                    if as_csv:
                        csv.writer(sys.stdout).writerow(_cells(incident, desk.words))
                    else:
                        sys.stdout.write(incident.model_dump_json(exclude_none=True) + "\n")
    finally:
        progress.end()
    typer.echo(desk.words.say("total", total=count), err=True)


def _write_csv(incidents: list[Incident], words: Wording) -> None:
    """The heading and these rows.

    For Chinese readers the mark at the beginning tells a spreadsheet that this is UTF-8.
    """
    if words.lang == "zh":
        sys.stdout.write("\ufeff")
    writer = csv.writer(sys.stdout)
    writer.writerow([words.word(name) for name in COLUMNS])
    writer.writerows(_cells(incident, words) for incident in incidents)


def _cells(incident: Incident, words: Wording) -> Iterator[str]:
    place = incident.place

    def at(moment: datetime | None) -> str:
        return "" if moment is None else f"{moment.astimezone(words.zone):%Y-%m-%d %H:%M:%S}"

    yield incident.incident_id
    yield incident.severity
    yield words.word(incident.urgency)
    yield words.word(incident.state)
    yield words.word(incident.tier)
    yield incident.area
    yield words.area(incident.area)
    yield incident.category.code
    yield incident.category.name
    yield _harmless(incident.title)
    yield _harmless(place.address or "")
    yield place.street or ""
    yield place.district or ""
    yield incident.unit or ""
    yield words.unit(incident.unit) if incident.unit else ""
    yield at(incident.opened_at)
    yield at(incident.due_at)
    yield words.word("yes" if incident.overdue else "no")
    yield at(incident.resolved_at)
    yield at(incident.closed_at)
    yield str(max(incident.report_count, len(incident.reports)))
    yield str(incident.returns)
    yield str(incident.version)


def _harmless(text: str) -> str:
    """What a citizen wrote is never a formula, whatever it begins with."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
