"""``chengyun warn level``: which gauges will rise to their threshold, and when."""

from __future__ import annotations

from typing import Annotated

import typer

from agents.warn.rows import Column, In, Out, integer, json_lines, number, read_rows, refuse
from schemas.errors import ConfigurationError
from streams.warning.gauges import ROW_MINUTES, Gauge, LevelRules
from streams.warning.levels import TELL_FROM, LevelForecasts

app = typer.Typer(rich_markup_mode=None)

_COLUMNS = (
    Column("sensor", integer, "a whole number from 0"),
    Column("i", integer, "a whole number from 0"),
    Column("level", number, "a finite number"),
)

MOST_SENSORS = 100_000
"""Gauges of one file; each takes about four kilobytes at a horizon of two hours."""


@app.command()
def level(
    read_from: In,
    write_to: Out,
    threshold: Annotated[float, typer.Option(help="Level whose upward crossing is foretold.")],
    horizon: Annotated[
        int, typer.Option(min=5, max=720, help="Minutes ahead, a multiple of 5.")
    ] = 120,
    p_min: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Least chance of a crossing to tell.")
    ] = TELL_FROM,
) -> None:
    """Foretell upward crossings of a threshold from levels that come every five minutes.

    Reads sensor, i (row of that sensor, five minutes each, from 0), level; i rises within each
    sensor. Writes a line for each row whose chance of a crossing within the horizon is at
    least p-min: s, i, p, eta_minutes; also low, middle and high of the highest level foretold.
    All sensors of the file learn together.
    """
    if horizon % ROW_MINUTES:
        raise ConfigurationError(
            f"--horizon: got {horizon}, wanted a multiple of {ROW_MINUTES} minutes. "
            "Operator action: choose one."
        )
    forecasts = LevelForecasts(LevelRules(horizon_rows=horizon // ROW_MINUTES))
    gauges: dict[int, Gauge] = {}
    with json_lines(write_to) as tell:
        for line, (sensor, row, value) in read_rows(read_from, _COLUMNS):
            gauge = gauges.get(sensor)
            if gauge is None:
                if len(gauges) == MOST_SENSORS:
                    raise refuse(read_from, line, "sensor", sensor, f"at most {MOST_SENSORS:,}")
                gauge = gauges[sensor] = Gauge()
            if row <= gauge.row:
                wanted = f"a row after {gauge.row} of this sensor"
                raise refuse(read_from, line, "i", row, wanted)
            found = forecasts.observe(gauge, row, value, threshold)
            if found is None or found.p < p_min:
                continue
            tell(
                {
                    "s": sensor,
                    "i": row,
                    "p": found.p,
                    "eta_minutes": found.eta_minutes,
                    "low": found.low,
                    "middle": found.middle,
                    "high": found.high,
                }
            )
