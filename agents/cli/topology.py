"""``chengyun topology``: the stages and topics as a picture."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(
    rich_markup_mode=None, help="Draw the stages and topics.", invoke_without_command=True
)


class Form(StrEnum):
    """How the picture is drawn."""

    TEXT = "text"
    MERMAID = "mermaid"


@app.callback()
def draw(
    form: Annotated[Form, typer.Option("--format", help="A terminal's text, or Mermaid.")] = (
        Form.TEXT
    ),
) -> None:
    """Draw the stages and topics."""
    from streams import topology

    typer.echo(topology.as_mermaid() if form is Form.MERMAID else topology.as_text(), nl=False)
