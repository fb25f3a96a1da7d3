"""``chengyun warn chain``: which kinds of events bring others after them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer

from agents.warn.order import in_order
from agents.warn.rows import Column, In, Out, integer, json_lines, number, read_rows, refuse
from schemas.errors import SchemaError
from streams.warning.chains import ChainRules, Chains

app = typer.Typer(rich_markup_mode=None)

_COLUMNS = (
    Column("hour", number, "a number of hours"),
    Column("area", integer, "a whole number from 0"),
    Column("type", integer, "a whole number from 0"),
)


class _Event(NamedTuple):
    hour: float
    area: int
    kind: int


@app.command()
def chain(
    read_from: In,
    write_to: Out,
    false_share: Annotated[
        float, typer.Option(min=1e-9, max=0.5, help="Accepted share of pairs that are chance.")
    ] = ChainRules().false_share,
) -> None:
    """Find kinds of events that others follow in the same area within twelve hours.

    Reads hour (fractions allowed), area, type. Writes, after the last row, one line a pair:
    cause, effect, lift (how many times as frequent), lag in hours, and whether it is indirect,
    that is explained by other pairs through the type `through`; also the interval of the lift,
    observed and expected consequences within `window` hours, p and the lift backwards.
    """
    chains = Chains(ChainRules(false_share=false_share))
    events = in_order(
        read_from,
        read_rows(read_from, _COLUMNS),
        lambda values: _Event(*values),
        lambda event: (event.area, event.kind),
        lambda event: event.hour,
    )
    for event in events:
        try:
            chains.observe(event.hour, event.area, event.kind)
        except SchemaError as error:
            raise refuse(read_from, 1, "rows", str(error), "events of one city") from error
    with json_lines(write_to) as tell:
        for found in chains.asserted():
            tell(
                {
                    "cause": found.cause,
                    "effect": found.effect,
                    "lift": found.lift,
                    "lag": found.lag_h,
                    "indirect": found.indirect,
                    "through": found.through,
                    "low": found.low,
                    "high": found.high,
                    "observed": found.observed,
                    "expected": found.expected,
                    "window": found.window_h,
                    "p": found.p,
                    "backwards": found.backwards,
                }
            )
