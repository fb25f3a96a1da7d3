"""``chengyun schemas``: the JSON Schemas of all messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agents.cli.options import group

app = group("Print the JSON Schemas of all messages.")


@app.command("list")
def list_types() -> None:
    """Print every message type, one a line."""
    from schemas.export import json_schemas

    for kind in json_schemas():
        typer.echo(kind)


@app.command("show")
def show(
    kind: Annotated[str, typer.Argument(help="A type, such as cn.chengyun.alert.v1.")],
) -> None:
    """Print the schema of one message type."""
    import orjson

    from schemas.export import json_schemas

    schemas = json_schemas()
    if kind not in schemas:
        typer.echo(f"no message type {kind!r}, wanted one of: {', '.join(schemas)}", err=True)
        raise typer.Exit(2)
    typer.echo(orjson.dumps(schemas[kind], option=orjson.OPT_INDENT_2).decode())


@app.command("export")
def export(
    directory: Annotated[
        Path | None, typer.Argument(help="Where the files go; default where the code keeps them.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a file differs.")
    ] = False,
) -> None:
    """Write one JSON Schema file a message type."""
    from schemas.export import EXPORTED, as_files

    directory = directory or EXPORTED
    files = as_files()
    stale = [
        name
        for name, content in files.items()
        if not (directory / name).is_file() or (directory / name).read_bytes() != content
    ]
    if check:
        for name in stale:
            typer.echo(f"{directory / name}: differs from the code", err=True)
        raise typer.Exit(1 if stale else 0)
    directory.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (directory / name).write_bytes(files[name])
    typer.echo(f"{len(files)} schemas in {directory}, {len(stale)} written")
