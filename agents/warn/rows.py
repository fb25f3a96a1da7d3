"""CSV rows in, JSON lines out: what every kind of ``chengyun warn`` shares.

A wrong row is an error that names file, line, column, what was got and what was wanted;
then nothing is written, so that half an answer is never mistaken for a whole one.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import orjson
import typer

from schemas.errors import InputError

STANDARD = Path("-")
"""Standard input or output, in place of a file."""

MOST_FIELD = 1_000
"""Longest field, characters: no series, place or time has a longer name."""

In = Annotated[Path, typer.Option("--in", help="CSV file with a header; - is standard input.")]
Out = Annotated[Path, typer.Option("--out", help="JSON lines; - is standard output.")]


class Column(NamedTuple):
    """One column of a file: its name in the header, how it is read, and what is wanted.

    ``read`` raises ValueError for what is not wanted.
    """

    name: str
    read: Callable[[str], Any]
    wanted: str


class Row(NamedTuple):
    """The wanted values of a row, in the order of the columns, and the line they stand on."""

    line: int
    values: tuple[Any, ...]


def integer(text: str) -> int:
    """A whole number from 0."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def number(text: str) -> float:
    """A finite number."""
    value = float(text)
    if not isfinite(value):
        raise ValueError
    return value


def word(text: str) -> str:
    """A name that is not empty."""
    if not text.strip():
        raise ValueError
    return text


def refuse(path: Path, line: int, what: str, got: object, wanted: str) -> InputError:
    """The error for a row that cannot be judged, to be raised by the caller."""
    shown = repr(got) if isinstance(got, str) else got
    return InputError(
        f"{path}, line {line}, {what}: got {shown}, wanted {wanted}. "
        "Operator action: correct the file and run again; nothing was written."
    )


def read_rows(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    """The rows of a CSV file with a header; further columns are ignored.

    Raises:
        InputError: the file cannot be read, the header lacks a column, or a value is wrong.
    """
    if path == STANDARD:
        yield from _parse(path, sys.stdin, columns)
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _parse(path, file, columns)
    except OSError as error:
        raise InputError(
            f"{path}: got {error.strerror}, wanted a readable CSV file. "
            "Operator action: check the path after --in."
        ) from error


def _parse(path: Path, file: Any, columns: Sequence[Column]) -> Iterator[Row]:
    reader = csv.reader(file, strict=True)
    csv.field_size_limit(MOST_FIELD)
    names = ",".join(column.name for column in columns)
    try:
        header = [name.strip() for name in next(reader, [])]
        if any(header.count(column.name) != 1 for column in columns):
            raise refuse(path, 1, "header", ",".join(header), f"the columns {names}")
        at = [header.index(column.name) for column in columns]
        width = len(header)
        for fields in reader:
            line = reader.line_num
            if not fields:
                continue
            if len(fields) != width:
                raise refuse(path, line, "row", ",".join(fields), f"{width} fields")
            values = []
            for column, index in zip(columns, at, strict=True):
                try:
                    values.append(column.read(fields[index]))
                except (ValueError, OverflowError):
                    raise refuse(path, line, column.name, fields[index], column.wanted) from None
            yield Row(line, tuple(values))
    except csv.Error as error:
        raise refuse(path, reader.line_num, "row", str(error), "plain CSV") from error
    except UnicodeDecodeError as error:
        raise refuse(path, reader.line_num + 1, "row", str(error.reason), "UTF-8") from error


@contextmanager
def json_lines(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that writes one JSON line; the file appears when all lines are written.

    Raises:
        InputError: the file cannot be written.
    """
    if path == STANDARD:
        yield lambda record: _write(sys.stdout.buffer, record)
        sys.stdout.buffer.flush()
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(
            f"{path}: got {error.strerror}, wanted a file that can be written. "
            "Operator action: check the path after --out."
        ) from error
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb", buffering=1 << 20) as file:
            yield lambda record: _write(file, record)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _write(file: Any, record: dict[str, Any]) -> None:
    file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
