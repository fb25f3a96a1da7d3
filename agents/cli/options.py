"""The options that most commands share, described once.

Nothing but the option library is imported here: a command's help and its complaint about a
typing error need no more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
