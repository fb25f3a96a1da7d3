"""``chengyun warn sensor``: how surprising each reading of one device is."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from agents.warn.rows import Column, In, Out, Row, json_lines, number, read_rows, refuse
from streams.policy.sensors import SensorProfile
from streams.warning.sensors.budget import ALERT
from streams.warning.sensors.detector import PARTS, SensorDetector

app = typer.Typer()

Clock = Literal["rising", "local"]

PUT_BACK = timedelta(hours=1)
"""How far a clock of local time may be put back, or repeat itself, at the end of summer."""


@app.command()
def sensor(
    source: In,
    target: Out,
    learn: Annotated[
        int | None,
        typer.Option(
            min=20,
            help="Rows to learn from before the first alert. Without it 250; rest and budget "
            "then follow 40% of the rows seen so far, at most 750.",
        ),
    ] = None,
    clock: Annotated[
        Clock,
        typer.Option(
            help="rising: each time is later than the one before. local: the clock may stand "
            "still or be put back by up to an hour; rows are taken in their order."
        ),
    ] = "rising",
) -> None:
    """Judge the readings of one device: CSV `timestamp,value` to JSON lines, one a row.

    A line has `i` (row from 0), `score` (0 to 1) and `alert`. Learning, rest after an alert
    and the budget of alerts are part of the score: from 0.5 on it is an alert, and a higher
    threshold keeps the graver ones. Alerts also say in `why` what was odd.
    """
    detector = SensorDetector(SensorProfile(), learn)
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
                    reason.part: round(reason.adds, 3) for reason in detector.reasons(len(PARTS))
                }
            write(line)


def _follows(source: Path, before: Row, row: Row, clock: Clock) -> None:
    """Refuse a time that does not follow the one before it."""
    earlier, time = before.values[0], row.values[0]
    if (earlier.tzinfo is None) != (time.tzinfo is None):
        wanted = "an offset from UTC on every row or on none"
        raise refuse(source, row.line, "timestamp", time.isoformat(sep=" "), wanted)
    if time > earlier or (clock == "local" and earlier - time <= PUT_BACK):
        return
    wanted = f"a time after {earlier.isoformat(sep=' ')} of line {before.line}"
    if clock == "rising" and earlier - time <= PUT_BACK:
        wanted += " (or, if the clock was put back, --clock local)"
    raise refuse(source, row.line, "timestamp", time.isoformat(sep=" "), wanted)
