"""``chengyun warn repeat``: places that complain again beyond chance."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer

from agents.warn.order import in_order
from agents.warn.rows import Column, In, Out, integer, json_lines, number, read_rows
from streams.warning.repeats import RepeatRules, Repeats

app = typer.Typer(rich_markup_mode=None)

_COLUMNS = (
    Column("day", number, "a number of days"),
    Column("place", integer, "a whole number from 0"),
    Column("street", integer, "a whole number from 0"),
)


class _Complaint(NamedTuple):
    day: float
    place: int
    street: int


@app.command()
def repeat(
    read_from: In,
    write_to: Out,
    p_max: Annotated[
        float,
        typer.Option(
            min=1e-300, max=1.0, help="Highest chance that the place's own rate brings this."
        ),
    ] = 0.001,
) -> None:
    """Find places whose complaints repeat beyond what they and their street always have.

    Reads day (fractions allowed), place, street. Writes one line an alert: day, place, p;
    also n complaints since a day, where the place alone brings `expected` more (low to high),
    and how much busier the street was. A place with an alert is silent for 14 days.
    """
    repeats = Repeats(p_max, RepeatRules())
    rows = in_order(
        read_from,
        read_rows(read_from, _COLUMNS),
        lambda values: _Complaint(*values),
        lambda complaint: complaint.place,
        lambda complaint: complaint.day,
    )
    with json_lines(write_to) as tell:
        for complaint in rows:
            found = repeats.observe(complaint.day, complaint.place, complaint.street)
            if found is None:
                continue
            tell(
                {
                    "day": complaint.day,
                    "place": complaint.place,
                    "p": found.p,
                    "n": found.observed,
                    "since": found.since,
                    "expected": found.expected,
                    "low": found.low,
                    "high": found.high,
                    "busier": found.busier,
                }
            )
