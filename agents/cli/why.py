"""``chengyun why``: the reasons of one alert.

Most often it is answered without this module, see `agents.cli.at_once`; here it is answered
from the topics as well, however long that takes.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from agents.alert_index import AlertIndex
    from agents.cli.desk import Desk

app = typer.Typer(rich_markup_mode=None)


@app.command()
def why(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="The alert.")],
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Also draw it into this file: FILE.png or FILE.svg."),
    ] = None,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Tell why an alert was raised: evidence, numbers, what would end it, what to do."""
    from agents.alert_index import AlertIndex, index_path
    from agents.cli.desk import open_desk
    from agents.cli.reasons import Form, Matter, Reasons, causes, tell

    desk = open_desk(prefix, lang, data_dir)
    policy = desk.words.policy
    assert policy is not None
    said = said_of(desk, alert_id)
    matter = Matter.of(said)
    own = causes(matter.alert, list(policy.triggers.causing))
    if own:
        try:
            with AlertIndex(index_path(desk.settings)) as index:
                matter = Matter.of(said, [one for each in own for one in index.explained_by(each)])
        except (OSError, sqlite3.Error):
            own = []  # the index is a convenience; `alert list` shows the same from the topics
    told = Reasons.of(matter.alert, policy, desk.words.lang)
    tell(matter, told, desk.words, Form(plot, as_json, plain))


def said_of(desk: Desk, alert_id: str) -> list[bytes]:
    """Every revision of an alert that is still kept, as it lies in the topics, the newest last.

    Raises:
        ConfigurationError: there is none of that id.
    """
    found = _indexed(desk, alert_id)
    if not found:
        raise ConfigurationError(desk.words.say("why_none", id=alert_id), code="not_found")
    return found


def _indexed(desk: Desk, alert_id: str) -> list[bytes]:
    from agents.alert_index import AlertIndex, index_path
    from agents.cli.desk import run

    try:
        with AlertIndex(index_path(desk.settings)) as index:
            ended = None if desk.city is None else desk.city.ended_at
            silent_since = None if ended is None else ended.timestamp()
            if index.is_whole(alert_id, silent_since):
                known = index.revisions(alert_id)
                if known or not index.trimmed:
                    return known
            return run(_read(desk, alert_id, index))
    except (OSError, sqlite3.Error):  # nowhere to keep an index: the topics have it all
        return run(_read(desk, alert_id, None))


async def _read(desk: Desk, alert_id: str, index: AlertIndex | None) -> list[bytes]:
    """What the topics say of an alert, with what the index knows of it already."""
    from agents.alert_book import alert_topics
    from agents.alert_keeper import read_on
    from agents.cli.desk import LongRead
    from agents.ledger import open_ledger

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, alert_topics()) as ledger:
            if index is not None:
                await read_on(index, ledger, alert_id=alert_id, progress=progress)
                known = index.revisions(alert_id)
                if known or not index.trimmed:
                    return known
            key = alert_id.encode()
            return [
                record.value
                async for batch in ledger.scan(alert_topics(), key=alert_id, progress=progress)
                for record in batch
                if record.key == key and record.value is not None
            ]
    finally:
        progress.end()
