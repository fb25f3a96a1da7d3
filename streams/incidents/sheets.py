"""What a desk remembers for its summaries: sheets, and the longer periods they make up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from streams.state import Namespace
from streams.summaries.tally import Rows


class Sheet:
    """The tally sheet of one desk for one day, or month where that is the shortest period.

    Attributes:
        own: what this desk did; below: per area below, the revision it last said and its rows.
        said: the sums last said; revision: how often; 0: never.
        due: when it is said next; None while nothing has changed since.
    """

    __slots__ = ("below", "due", "own", "revision", "said")

    def __init__(self) -> None:
        self.own: Rows = {}
        self.below: dict[str, tuple[int, Rows]] = {}
        self.said: Rows = {}
        self.revision = 0
        self.due: datetime | None = None


def _encode_sheet(sheet: Sheet) -> bytes:
    return orjson.dumps([sheet.own, sheet.below, sheet.said, sheet.revision, sheet.due])


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _decode_sheet(stored: bytes) -> Sheet:
    sheet = Sheet()
    sheet.own, below, sheet.said, sheet.revision, due = orjson.loads(stored)
    sheet.below = {area: (revision, rows) for area, (revision, rows) in below.items()}
    sheet.due = _moment(due)
    return sheet


SHEETS: Namespace[Sheet] = Namespace(
    name="sheet",
    encode=_encode_sheet,
    decode=_decode_sheet,
    lifetime="the policy's days of revision after its end, and a few for the tiers above",
    rank=6,
    clock="watermark",
    decoded=2_000,
)
"""Key ``<area>/<ordinal of its first day>``. It has one row a unit, of a few dozen numbers."""


class Sum:
    """A week, month or season of one desk: the sum of its sheets.

    Attributes:
        rows: what its sheets have said so far.
        revision: how often it was said; changed: whether something came since.
    """

    __slots__ = ("changed", "revision", "rows")

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.revision = 0
        self.changed = False


def _encode_sum(found: Sum) -> bytes:
    return orjson.dumps([found.rows, found.revision, found.changed])


def _decode_sum(stored: bytes) -> Sum:
    found = Sum()
    found.rows, found.revision, found.changed = orjson.loads(stored)
    return found


SUMS: Namespace[Sum] = Namespace(
    name="sum",
    encode=_encode_sum,
    decode=_decode_sum,
    lifetime="as long after its end as a sheet, since sheets revise it",
    rank=7,
    clock="watermark",
    decoded=2_000,
)
"""Key ``<area>/<period>/<ordinal of its first day>``."""

SUMMED: tuple[Namespace[Any], ...] = (SHEETS, SUMS)
