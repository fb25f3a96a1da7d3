"""``chengyun docs``: the pages of ``docs/`` that are made from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(rich_markup_mode=None)


def pages() -> dict[str, str]:
    """Every page that follows from the code, by its path below ``docs/``."""
    from agents import policy_files
    from agents.cli.incident.transitions import markdown as transitions_page
    from agents.simulate.api import DEFAULT_SEED, ORIGIN
    from agents.simulate.city import SimulatedCity
    from agents.stories import STORIES
    from agents.stories.telling import markdown as story_page

    city = SimulatedCity(policy_files.load(None), DEFAULT_SEED)
    found = {"transitions.md": transitions_page()}
    index = []
    for scripted in STORIES:
        name = f"stories/{scripted.letter}-{scripted.name}.md"
        found[name] = story_page(scripted, scripted.story(city, DEFAULT_SEED, ORIGIN))
        about = (scripted.write.__doc__ or "").strip().splitlines()[0]
        title = f"{scripted.letter}. {scripted.title[1]} ({scripted.title[0]})"
        index.append(f"- [{title}]({name}): {about}")
    found["README.md"] = _INDEX + "\n".join(index) + "\n"
    return found


_INDEX = """# Documents made from the code

<!-- Written by `chengyun docs`. -->

- [Transitions](transitions.md): what may be done to an incident, in which state, by whom.

Five scripted days, each with its minutes; tests play them and check every line:

"""


@app.command()
def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if a page is not so.")
    ] = False,
    into: Annotated[Path, typer.Option("--into", help="The directory of the pages.")] = Path(
        "docs"
    ),
) -> None:
    """Write the pages of docs/ that are made from the code: the table, the scripted days."""
    stale = []
    for name, text in pages().items():
        file = into / name
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    for name in stale:
        typer.echo(f"{'stale' if check else 'written'}: {into / name}")
    raise typer.Exit(1 if check and stale else 0)
