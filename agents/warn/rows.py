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
from io import TextIOWrapper
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
    value = int(_plain(text))
    if value < 0:
        raise ValueError
    return value


def number(text: str) -> float:
    """A finite number."""
    value = float(_plain(text))
    if not isfinite(value):
        raise ValueError
    return value


def _plain(text: str) -> str:
    """The text of a number; Python alone reads 1_0 as ten."""
    if "_" in text:
        raise ValueError
    return text


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
        text = TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        yield from _parse(path, text, columns)
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
        line = reader.line_num + 1 if path == STANDARD else _undecodable(path)
        raise refuse(path, line, "row", str(error.reason), "UTF-8") from error


def _undecodable(path: Path) -> int:
    """The first line that is not UTF-8: text is decoded in blocks, far ahead of the rows."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


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
    unfinished: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        unfinished = Path(name)
        with os.fdopen(handle, "wb", buffering=1 << 20) as file:
            yield lambda record: _write(file, record)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except BaseException as error:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(
                f"{path}: got {error.strerror}, wanted a file that can be written. "
                "Operator action: check the path after --out, and that the disk has room."
            ) from error
        raise


def _write(file: Any, record: dict[str, Any]) -> None:
    file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
