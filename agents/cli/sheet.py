"""A page of facts for a terminal: names at the left, what they say at the right, wrapped.

It is put together by hand because the library for tables takes longer to import than an
answer may take.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from unicodedata import combining, east_asian_width

Span = tuple[str, str]
"""Text, and the style of it: a name of `SHADES`, or none."""

SHADES = {
    "dim": "2",
    "bold": "1",
    "bold blue": "1;34",
    "bold yellow": "1;33",
    "bold dark_orange": "1;38;5;208",
    "bold red": "1;31",
    "bold white on red": "1;37;41",
}
_GAP = 2
_LEAST = 24
"""Columns that the right side has at least, however narrow the terminal is."""
_UNBROKEN = ",。;:、!?)”》)…,.;:%"
"""What no line begins with."""

TOGETHER = "\u00a0"
"""A space at which no line ends."""

Page = list[list[Span] | tuple[str, str]]
"""Lines of spans, and facts: a name and what it says, which may have several lines."""


def show(page: Page, *, plain: bool) -> None:
    """Write a page to standard output, as wide as the terminal; a pipe has no width."""
    out = sys.stdout
    width = 0
    if out.isatty():
        width = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(out.fileno()).columns
    coloured = (
        not plain
        and (out.isatty() or bool(os.environ.get("FORCE_COLOR")))
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
    out.write("\n".join(lines(page, width, coloured=coloured)) + "\n")


def lines(page: Page, width: int, *, coloured: bool) -> Iterator[str]:
    """The lines of a page.

    Args:
        width: columns; 0: as long as they are.
    """
    for line in _broken(page, width, coloured=coloured):
        yield line.replace(TOGETHER, " ")


def _broken(page: Page, width: int, *, coloured: bool) -> Iterator[str]:
    names = [cells(part[0]) for part in page if isinstance(part, tuple)]
    left = max(names, default=0) + _GAP
    for part in page:
        if isinstance(part, tuple):
            name, said = part
            room = max(_LEAST, width - left) if width else 0
            for number, line in enumerate(said.split("\n")):
                for place, piece in enumerate(wrapped(line, room)):
                    head = name if number == place == 0 else ""
                    pad = " " * (left - cells(head))
                    yield _painted(head, "dim", coloured) + pad + piece
        else:
            yield from _line(part, width, coloured=coloured)


def _line(spans: list[Span], width: int, *, coloured: bool) -> Iterator[str]:
    """One line of spans; broken where it is too long, each piece in the style it had."""
    text = "".join(said for said, _ in spans)
    indent = len(text) - len(text.lstrip(" "))
    styles = [style for said, style in spans for _ in said]
    at = 0
    for number, piece in enumerate(wrapped(text, width, indent + _GAP)):
        begin = text.index(piece, at)
        at = begin + len(piece)
        line, run = " " * (indent + _GAP) if number else "", begin
        while run < at:
            end = run + 1
            while end < at and styles[end] == styles[run]:
                end += 1
            line += _painted(text[run:end], styles[run], coloured)
            run = end
        yield line


def _painted(text: str, style: str, coloured: bool) -> str:
    if not (coloured and text and style):
        return text
    return f"\x1b[{SHADES[style]}m{text}\x1b[0m"


def cells(text: str) -> int:
    """Columns that a text takes: signs of Chinese take two."""
    return len(text) if text.isascii() else sum(_cell(sign) for sign in text)


def _cell(sign: str) -> int:
    if sign < "\u0300":
        return 1
    return 2 if east_asian_width(sign) in "WF" else 0 if combining(sign) else 1


def wrapped(text: str, width: int, later: int = 0) -> list[str]:
    """A text in pieces of at most so many columns, broken at spaces and between wide signs.

    Args:
        width: columns of a line; 0: any.
        later: columns that every piece after the first has less.
    """
    if not width or cells(text) <= width:
        return [text]
    pieces: list[str] = []
    line, used, room = "", 0, width
    for token in _tokens(text):
        rest = token
        if used + cells(rest.rstrip(" ")) > room and line:
            pieces.append(line.rstrip(" "))
            line, used, room = "", 0, max(1, width - later)
            rest = rest.lstrip(" ")
        while cells(rest.rstrip(" ")) > room and not line:  # one word longer than a line
            cut = max(1, _fitting(rest, room))
            pieces.append(rest[:cut])
            rest, room = rest[cut:], max(1, width - later)
        line += rest
        used += cells(rest)
    if line.rstrip(" "):
        pieces.append(line.rstrip(" "))
    return pieces


def _fitting(text: str, room: int) -> int:
    """How many signs of a text fit."""
    used = 0
    for number, sign in enumerate(text):
        used += _cell(sign)
        if used > room:
            return number
    return len(text)


def _tokens(text: str) -> Iterator[str]:
    """What may not be broken: words with the spaces after them, single wide signs."""
    token = ""
    for sign in text:
        wide = _cell(sign) == 2
        breaks = bool(token) and (
            (token[-1] == " " and sign != " ")
            or (wide and sign not in _UNBROKEN and token.strip(" ") != "")
            or (_cell(token[-1]) == 2 and not wide and sign not in _UNBROKEN and sign != " ")
        )
        if breaks and token[-1] not in "(“《(":
            yield token
            token = ""
        token += sign
    if token:
        yield token
