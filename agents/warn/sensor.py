"""``chengyun warn sensor``: how surprising each reading of one device is."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from agents.warn.rows import Column, In, Out, Row, json_lines, number, read_rows, refuse
from streams.policy.sensors import COMPACT, FULL
from streams.warning.sensors.budget import ALERT
from streams.warning.sensors.compact import CompactSensor
from streams.warning.sensors.detector import SensorDetector

app = typer.Typer(rich_markup_mode=None)

Clock = Literal["local", "strict"]
MOST_REASONS = 9
PUT_BACK = timedelta(hours=1)
"""How far a clock of local time may be put back, at the end of summer time."""


@app.command()
def sensor(
    source: In,
    target: Out,
    learn: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Rows to learn from before the first alert. Without it 250; rest and budget "
            "then follow 40% of the rows seen so far, at most 750.",
        ),
    ] = None,
    clock: Annotated[
        Clock,
        typer.Option(
            help="local: times without an offset may stand still or be put back by up to an "
            "hour, as local time is at the end of summer; rows count in their order. strict: "
            "each time must be later than the one before, as with an offset it always must."
        ),
    ] = "local",
    profile: Annotated[
        Literal["full", "compact"],
        typer.Option(help="full: nine ways to be odd. compact: five, in 416 bytes a device."),
    ] = "full",
) -> None:
    """Judge the readings of one device: CSV `timestamp,value` to JSON lines, one a row.

    A line has `i` (row from 0), `score` (0 to 1) and `alert`. Learning, rest after an alert
    and the budget of alerts are part of the score: alerts lie between 0.8 and 1, the rarer the
    higher, and all other rows below 0.5. Alerts also say in `why` what was odd.
    """
    detector = SensorDetector(FULL, learn) if profile == "full" else CompactSensor(COMPACT, learn)
    columns = (
        Column("timestamp", datetime.fromisoformat, "an ISO time such as 2026-07-01 08:00:00"),
        Column("value", number, "a finite number"),
    )
    with json_lines(target) as write:
        before: Row | None = None
        for i, row in enumerate(read_rows(source, columns)):
            time: datetime = row.values[0]
            if before is not None:
                _follows(source, before, row, clock)
            before = row
            minute = time.weekday() * 1440 + time.hour * 60 + time.minute
            score = detector.judge(row.values[1], minute)
            line: dict[str, Any] = {"i": i, "score": score, "alert": score >= ALERT}
            if score >= ALERT:
                line["why"] = {
                    reason.part: round(reason.adds, 3) for reason in detector.reasons(MOST_REASONS)
                }
            write(line)


def _follows(source: Path, before: Row, row: Row, clock: Clock) -> None:
    """Refuse a time that does not follow the one before it."""
    earlier, time = before.values[0], row.values[0]
    if (earlier.tzinfo is None) != (time.tzinfo is None):
        wanted = "an offset from UTC on every row or on none"
        raise refuse(source, row.line, "timestamp", time.isoformat(sep=" "), wanted)
    put_back = clock == "local" and time.tzinfo is None and earlier - time <= PUT_BACK
    if time <= earlier and not put_back:
        wanted = f"a time after {earlier.isoformat(sep=' ')} of line {before.line}"
        raise refuse(source, row.line, "timestamp", time.isoformat(sep=" "), wanted)
