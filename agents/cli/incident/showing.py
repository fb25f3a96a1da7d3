"""``chengyun incident show``: the whole story of one incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.cli.desk import Desk, LongRead, console, open_desk, run, tell_if_ended
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix
from agents.cli.story import render

if TYPE_CHECKING:
    from agents.casebook import Story

app = typer.Typer(rich_markup_mode=None)


@app.command()
def show(
    incident_id: Annotated[str, typer.Argument(metavar="ID")],
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Tell the whole story of one incident; exit code 1 when there is none of that id."""
    desk = open_desk(prefix, lang, data_dir)
    story = run(tell_story(desk, incident_id))
    if story.incident is None:
        typer.echo(desk.words.say("no_incident", id=incident_id), err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(_story_json(story))
    else:
        tell_if_ended(desk)
        console(plain).print(render(story, desk.words, desk.now()), soft_wrap=False)


async def tell_story(desk: Desk, incident_id: str) -> Story:
    """Everything that was ever said about one incident."""
    from agents.casebook import STORY_TOPICS, tell
    from agents.ledger import open_ledger

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, STORY_TOPICS) as ledger:
            return await tell(ledger, incident_id, progress)
    finally:
        progress.end()


def _story_json(story: Story) -> bytes:
    import orjson

    def plain(model: Any) -> Any:
        return model.model_dump(mode="json", by_alias=True, exclude_none=True)

    return orjson.dumps(
        {
            "incident": plain(story.incident),
            "audit": [plain(entry) for entry in story.audit],
            "alerts": [plain(event.data) for event in story.alerts],
            "replies": [{"time": event.time, **plain(event.data)} for event in story.replies],
        }
    )
