"""``chengyun warn space``: hotspots among events by day and place."""

from __future__ import annotations

from typing import Annotated

import typer

from agents.warn.rows import Column, In, Out, json_lines, number, read_rows, refuse
from schemas.errors import SchemaError
from streams.warning.hotspots.detector import Hotspots

app = typer.Typer(rich_markup_mode=None)

_COLUMNS = (
    Column("day", number, "a number of days"),
    Column("x_km", number, "a number of km"),
    Column("y_km", number, "a number of km"),
)


@app.command()
def space(
    read_from: In,
    write_to: Out,
    learn: Annotated[
        float, typer.Option(min=1, help="Days from the first event on that are only learned from.")
    ] = 60.0,
    recurrence_interval_days: Annotated[
        float, typer.Option(min=1, help="One false alarm in so many days is accepted.")
    ] = 100.0,
) -> None:
    """Find places where more happens than the city's level of these days explains.

    Reads day (fractions allowed), x_km, y_km, rising in time. Writes one line an alert: day of
    the event that made it plain, x, y and r of the disc in km, p (its inverse is the
    recurrence interval in days); also n events since a day where `expected` (low to high) are
    usual, and the members' days. A hotspot is told once, and again when its p has fallen to a
    tenth.
    """
    hotspots = Hotspots(learn, recurrence_interval_days)
    at_once: set[tuple[float, float]] = set()
    before = float("-inf")
    with json_lines(write_to) as tell:
        for line, (day, x_km, y_km) in read_rows(read_from, _COLUMNS):
            if day < before:
                raise refuse(read_from, line, "day", day, f"a day from {before:g} on")
            if day > before:
                at_once.clear()
            if (x_km, y_km) in at_once:
                raise refuse(read_from, line, "row", "the same row again", "each event once")
            at_once.add((x_km, y_km))
            before = day
            try:
                found = hotspots.observe(day, x_km, y_km)
            except SchemaError as error:
                raise refuse(read_from, line, "row", str(error), "events of one city") from error
            if found is None:
                continue
            tell(
                {
                    "day": day,
                    "x": found.x_km,
                    "y": found.y_km,
                    "r": found.radius_km,
                    "p": found.p,
                    "since": found.since,
                    "n": found.observed,
                    "expected": found.expected,
                    "low": found.low,
                    "high": found.high,
                    "members": found.members,
                    "raised": found.raised,
                }
            )
