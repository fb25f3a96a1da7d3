"""``chengyun warn counts``: counts of weeks, days or hours, each series against its own past."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from agents.warn.rows import Column, In, Out, integer, json_lines, read_rows, refuse, word
from streams.warning.counts.colours import ColourRule, colours
from streams.warning.counts.rhythm import RHYTHMS, Width
from streams.warning.counts.series import Judgement, Series

app = typer.Typer(rich_markup_mode=None)

MOST_BINS = 400_000
"""Longest span of a file, bins: 45 years of hours."""
LATEST_BEGIN = 1_000
"""A file of numbers that begins later than this bin counts from a Monday long ago, and is judged
from its first bin on; otherwise the bins from 0 that are missing are 0."""
LEAST_P = 1e-300

_WIDTHS: dict[Width, timedelta] = {
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
}
_FIRST_MONDAY = datetime(1970, 1, 5)  # noqa: DTZ001 - local time without a zone, as in the file
_WRITTEN = re.compile(
    r"\d{4}-\d\d-\d\d(?:([T ])\d\d(?::\d\d(:\d\d(?:\.0+)?)?)?(Z|[+-]\d\d:\d\d)?)?"
)
"""A time as it is written again in the answers."""
_TRUE_WEEKS_A_YEAR = 365.25 / 7.0
_WANTED_BIN = {
    "week": "an integer from 0, or the date of a Monday such as 2026-01-05",
    "day": "an integer from 0, or a date such as 2026-01-05",
    "hour": "an integer from 0, or the start of an hour such as 2026-01-05T13:00",
}


class Moment(NamedTuple):
    """A bin as a file names it: its number, and how it is written if it is a time."""

    at: int
    form: str


def read_bin(text: str, width: Width) -> Moment:
    """The bin that a number or a local time names.

    Raises:
        ValueError: it is neither, or the time is not the start of a bin.
    """
    text = text.strip()
    if text.isdecimal():
        return Moment(int(text), "")
    moment = datetime.fromisoformat(text).replace(tzinfo=None)
    at, left = divmod(moment - _FIRST_MONDAY, _WIDTHS[width])
    if left or at < 0:
        raise ValueError
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError
    between, seconds, zone = written.groups("")
    if not between:
        return Moment(at, "%Y-%m-%d")
    return Moment(at, f"%Y-%m-%d{between}%H:%M" + (":%S" if seconds else "") + zone)


def write_bin(at: int, form: str, width: Width) -> int | str:
    """A bin as the file names it."""
    return (_FIRST_MONDAY + at * _WIDTHS[width]).strftime(form) if form else at


class Counts(NamedTuple):
    """The counts of a file: per series its bins, rising, and their counts."""

    form: str
    first: int
    last: int
    series: dict[str, tuple[array[int], array[int]]]

    def columns(self) -> Iterator[tuple[int, list[int | None]]]:
        """Each bin from the first to the last, with the count of every series.

        A missing bin is 0; before a series' first row nobody can know of it, so it is None.
        """
        places = [0] * len(self.series)
        known = list(self.series.values())
        for at in range(self.first, self.last + 1):
            column: list[int | None] = []
            for index, (bins, counts) in enumerate(known):
                place = places[index]
                if place < len(bins) and bins[place] == at:
                    column.append(counts[place])
                    places[index] = place + 1
                else:
                    column.append(0 if place else None)
            yield at, column


def read_counts(path: Path, width: Width) -> Counts:
    """Read a file of counts.

    Raises:
        InputError: a row is wrong, a bin comes twice or goes back within a series, or numbers
            and times are mixed.
    """
    columns = (
        Column("series", word, "a name"),
        Column("t", lambda text: read_bin(text, width), _WANTED_BIN[width]),
        Column("count", _count, "an integer from 0 to 4294967295"),
    )
    found: dict[str, tuple[array[int], array[int]]] = {}
    form: str | None = None
    first = last = 0
    for line, (name, (at, written), count) in read_rows(path, columns):
        if form is None:
            form = written
            first = last = at
        elif bool(form) != bool(written):
            wanted = "a time, as in the rows before" if form else "a number, as in the rows before"
            raise refuse(path, line, "t", write_bin(at, written, width), wanted)
        bins, counts = found.setdefault(name, (array("q"), array("q")))
        if bins and at <= bins[-1]:
            shown = write_bin(bins[-1], written, width)
            what = "once only" if at == bins[-1] else f"one after {shown}"
            raise refuse(
                path, line, f"t of series {name}", write_bin(at, written, width), f"a bin {what}"
            )
        first, last = min(first, at), max(last, at)
        if last - first >= MOST_BINS:
            raise refuse(
                path, line, "t", write_bin(at, written, width), f"at most {MOST_BINS} bins in all"
            )
        bins.append(at)
        counts.append(count)
    if form is None:
        return Counts("", 0, -1, found)
    if not form and first <= LATEST_BEGIN:
        first = 0
    return Counts(form, first, last, found)


def _count(text: str) -> int:
    count = integer(text)
    if count > 2**32 - 1:
        raise ValueError
    return count


@app.command()
def counts(
    bin_: Annotated[Width, typer.Option("--bin", help="Width of the bins.")],
    source: In = Path("-"),
    target: Out = Path("-"),
    learn: Annotated[
        int | None,
        typer.Option(min=1, help="Bins without an answer; usual: 52 weeks, 56 days, 336 hours."),
    ] = None,
) -> None:
    """Judge counts (CSV: series,t,count), bin after bin, all series of a bin together.

    t is the number of a bin (bin 0 begins on a Monday at 00:00) or a local time, of weeks
    their Monday. Rows rise in time within each series; a missing bin is 0, before the first
    row too. Answers, one for each bin after learning and each series seen so far: s, t, score
    (evidence of a rise), p (of that bin alone), level (none, blue, yellow, orange, red).
    """
    found = read_counts(source, bin_)
    rhythm = RHYTHMS[bin_](_TRUE_WEEKS_A_YEAR) if found.form else RHYTHMS[bin_]()
    quiet = rhythm.learn if learn is None else learn
    rhythm = replace(rhythm, learn=min(quiet, rhythm.learn))
    rule = ColourRule()
    names = list(found.series)
    watched = [Series(rhythm) for _ in names]
    with json_lines(target) as write:
        for at, column in found.columns():
            answers = []
            for name, one, count in zip(names, watched, column, strict=True):
                if count is None:
                    continue
                if one.learned is None:
                    for before in range(found.first, at):
                        one.close(before, 0)
                answer = one.close(at, count)
                if answer is not None:
                    answers.append((name, answer))
            if at - found.first < quiet:
                continue
            shown = write_bin(at, found.form, bin_)
            levels = colours([answer.p_score for _, answer in answers], rule)
            for (name, answer), level in zip(answers, levels, strict=True):
                write(_line(name, shown, answer, level or "none"))


def _line(name: str, at: int | str, answer: Judgement, level: str) -> dict[str, Any]:
    return {
        "s": name,
        "t": at,
        "score": answer.score,
        "p": max(answer.p, LEAST_P),
        "level": level,
    }
