"""``chengyun alert list``: what is lit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from agents.cli.alert_lines import alert_line, quiet_of
from agents.cli.desk import Desk, LongRead, console, one_of, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix

if TYPE_CHECKING:
    from schemas.alert import Alert

ENDED = ("closed", "withdrawn")

app = typer.Typer(rich_markup_mode=None)


@app.command("list")
def list_(
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of one desk's area.")] = None,
    trigger: Annotated[str | None, typer.Option("--trigger", help="W3, E2, deadline …")] = None,
    colour: Annotated[
        str | None, typer.Option("--colour", help="blue, yellow, orange or red.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option("--scale", help="warning (of what may come) or supervision.")
    ] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also those that have ended.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 30,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """List what is lit: red first, then the newest."""
    from rich.table import Table
    from rich.text import Text

    from schemas.terms import COLOURS, TIERS

    one_of("--tier", tier, TIERS)
    one_of("--colour", colour, COLOURS)
    one_of("--scale", scale, ("warning", "supervision"))
    desk = open_desk(prefix, lang, data_dir)
    found = [
        alert
        for alert in run(_read(desk, tier))
        if (ended or alert.state not in ENDED)
        and area in (None, alert.area)
        and trigger in (None, alert.trigger.id)
        and colour in (None, alert.colour)
        and scale in (None, alert.scale)
    ]
    found.sort(key=lambda alert: alert.changed_at, reverse=True)
    found.sort(key=lambda alert: -COLOURS.index(alert.colour))
    if as_json:
        for alert in found[:limit]:
            typer.echo(alert.model_dump_json(exclude_none=True))
        return
    out, words = console(plain), desk.words
    if not found:
        out.print(words.say("nothing"))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("col_time", "col_tier", "col_alert", "col_alert_id"):
        table.add_column(words.say(name), no_wrap=name != "col_alert")
    folded = _folded(found)
    found = [alert for alert in found if alert.alert_id not in folded]
    for alert in found[:limit]:
        where = f"{words.word(alert.tier)} {words.area(alert.area)}"
        line = alert_line(alert, words)
        quiet = quiet_of(alert, words)
        if quiet is not None:
            line.append(f"  {quiet}", "dim")
        table.add_row(words.time(alert.changed_at), where, line, alert.alert_id)
        for child in _explained(alert, folded.values()):
            told = Text(f"  └ {words.colour(child.colour)} {child.title}", "dim")
            table.add_row(words.time(child.changed_at), "", told, child.alert_id)
    out.print(table, soft_wrap=False)
    shown = min(limit, len(found))
    how_many = "total" if shown == len(found) else "more"
    out.print(Text(words.say(how_many, total=len(found), shown=shown), style="dim"))


def _folded(found: list[Alert]) -> dict[str, Alert]:
    """Warnings that stand under the alert that explains them, if that is listed too."""
    listed = {alert.alert_id for alert in found}
    cases = {alert.incident_id for alert in found if alert.held_back != "inhibited"}
    return {
        alert.alert_id: alert
        for alert in found
        if alert.inhibited_by is not None
        and (alert.inhibited_by in listed or alert.inhibited_by in cases)
    }


def _explained(cause: Alert, folded: Iterable[Alert]) -> list[Alert]:
    """What an alert, or its case, explains."""
    own = (cause.alert_id, cause.incident_id)
    return [alert for alert in folded if alert.inhibited_by in own]


async def _read(desk: Desk, tier: str | None) -> list[Alert]:
    """How each alert stands; memory for one revision of each."""
    from agents.alert_book import AlertReader, alert_topics
    from agents.ledger import open_ledger

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, alert_topics(tier)) as ledger:
            return list((await AlertReader(ledger, tier).newest(progress)).values())
    finally:
        progress.end()
