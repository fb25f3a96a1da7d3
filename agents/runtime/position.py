"""Where a lane stands in its inputs, as it lies in the changelog beside the state."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from streams.effects import NOTHING_APPLIED, Moment

POSITION_KEY = b"\x00position"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a lane stands.

    Attributes:
        next: where a new owner begins to read each input, by bare topic name.
        read: up to where it was read. It lies beyond `next` while records wait for their
            time: from there they are read again, and what was applied is passed over.
        applied_until: the last record that had waited and was applied.
    """

    next: dict[str, int] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    applied_until: Moment = NOTHING_APPLIED

    def after(
        self, read: dict[str, int], waits_from: int | None, applied_until: Moment
    ) -> Position:
        """The position when the inputs are read up to `read`.

        Args:
            waits_from: offset of the first record that still waits, in the one input of a
                stage whose records wait.
        """
        first = read if waits_from is None else dict.fromkeys(read, waits_from)
        return Position(first, read, applied_until)


def encode_position(position: Position) -> bytes:
    """The position record; what says nothing is left out."""
    told: dict[str, object] = {"next": position.next}
    if position.read and position.read != position.next:
        told["read"] = position.read
    if position.applied_until != NOTHING_APPLIED:
        due, key = position.applied_until
        told["applied_until"] = [due, key.decode()]
    return orjson.dumps(told)


def decode_position(value: bytes) -> Position:
    """Read a position record back."""
    told = orjson.loads(value)
    due, key = told.get("applied_until", (0, ""))
    return Position(told["next"], told.get("read", told["next"]), (due, key.encode()))
