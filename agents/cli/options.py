"""The options that most commands share, described once.

Nothing but the option library is imported here: a command's help and its complaint about a
typing error need no more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class Group(TyperGroup):
    """Commands under one word, or all of them: help and typing errors are answered at once."""

    def get_help_option(self, ctx: Any) -> Any:
        """The same option; False where it is not given, which need not be converted.

        To convert a value the option library imports another that takes longer than all else.
        """
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


def group(about: str) -> typer.Typer:
    """Commands under one word; without one of them it shows its help."""
    return typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None, help=about)


Prefix = Annotated[
    str | None,
    typer.Option("--prefix", help="Prefix of the city's topics; default the last `up`'s."),
]
Language = Annotated[
    str | None, typer.Option("--lang", help="zh or en; default Chinese.", metavar="LANG")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts.")]
Plain = Annotated[bool, typer.Option("--plain", help="No colours: shapes and words only.")]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where `up` keeps its data; default .chengyun")
]
