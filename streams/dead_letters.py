"""What becomes of a record that cannot be used: its bytes, its origin and the reason are kept.

A dead letter never stops a stage, with one exception: a step or timer of ours that raises,
or a message of ours that we cannot read, is a defect of this version. A few defects are set
aside like any other bad record; more than `DefectBudget` allows mean that going on
would drain the inbox into the dead letters, so the stage stops and says so.
"""

from __future__ import annotations

import base64
import hashlib
import traceback
from datetime import datetime

from schemas.codec import encode
from schemas.dead_letter import DeadLetter, DeadLetterEvent, Origin, Reason
from schemas.errors import ChengyunError
from streams.program import Output, Record
from streams.state import from_microseconds
from streams.topics import DEAD_LETTERS

KEPT_BYTES = 2 << 20
KEPT_HEADER_BYTES = 64 << 10
KEPT_KEY_CHARACTERS = 400
KEPT_STACK_CHARACTERS = 4_000
LAST_MS = 253_402_300_799_000  # the year 9999: a stranger's client may stamp anything


class DefectLimitError(ChengyunError):
    """A stage met more defects of its own than it may set aside, and ends."""

    code = "stage_stopped"


class DefectBudget:
    """How many defects a stage may set aside before it stops.

    Each defect costs one; a thousand records applied without one give one back. So a
    rare defect never stops a stage, however long it runs, and a systematic one does so
    after `limit` records, before it has emptied the inbox into the dead letters.
    """

    PAYS_BACK_ONE = 1_000

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"defect limit {limit}, wanted 1 or more")
        self.limit = limit
        self._spent = 0.0

    @property
    def spent(self) -> float:
        """Defects on the account, between 0 and the limit."""
        return self._spent

    def book(self, stage: str, applied: int, defects: list[str]) -> None:
        """Count what a chunk met, before it is committed.

        Raises:
            DefectLimitError: the limit is passed; the chunk must not be committed.
        """
        self._spent = max(0.0, self._spent - applied / self.PAYS_BACK_ONE)
        self._spent += len(defects)
        if self._spent > self.limit:
            raise DefectLimitError(
                f"stage {stage} stopped: more than {self.limit} of its own steps raised or its own "
                f"messages could not be read; the last: {defects[-1]}. Operator action: read the "
                f"dead letters of this stage, mend or roll back this version, start it again; "
                f"nothing was lost, the input stands at this record."
            )


def fingerprint(error: BaseException) -> str:
    """The same 12 hex digits for every failure of one kind at one place in the code.

    Made of the error's class and the functions on the stack, so that neither the
    message, which names ids, nor a moved line separates what belongs together.
    """
    parts = [type(error).__qualname__]
    frames = traceback.walk_tb(error.__traceback__)
    parts += [f"{f.f_globals.get('__name__', '?')}:{f.f_code.co_qualname}" for f, _ in frames]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def reason_of(error: BaseException, code: str) -> Reason:
    """The reason for people: our own errors speak for themselves, others name their class."""
    if isinstance(error, ChengyunError):
        return Reason(code=error.code, message=error.message[:2_000], path=error.path[:400])
    message = f"{type(error).__name__}: {error}"[:2_000]
    return Reason(code=code, message=_printable(message))


def bury(
    record: Record,
    reason: Reason,
    stage: str,
    now: datetime,
    error: BaseException | None = None,
) -> Output:
    """Make the dead letter of a record: the bytes as they came, where from, and why.

    Args:
        error: what a defect of ours raised; its stack goes along.
    """
    value = record.value or b""
    key = None
    if record.key is not None:
        key = record.key[: KEPT_KEY_CHARACTERS * 4].decode(errors="replace")[:KEPT_KEY_CHARACTERS]
    stack = None
    if error is not None:
        stack = _printable("".join(traceback.format_exception(error))[-KEPT_STACK_CHARACTERS:])
    letter = DeadLetter(
        origin=Origin(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=key,
            timestamp=from_microseconds(min(max(0, record.timestamp_ms), LAST_MS) * 1_000),
        ),
        reason=reason,
        stage=stage,
        bytes_base64=base64.b64encode(value[:KEPT_BYTES]).decode(),
        size=len(value),
        sha256=hashlib.sha256(value).hexdigest(),
        first_seen=now,
        fingerprint=None if error is None else fingerprint(error),
        stack=stack,
        headers=_headers(record),
    )
    place = f"{record.topic}/{record.partition}"
    event = DeadLetterEvent(
        id=f"{place}/{record.offset}/{stage}/{reason.code}"[:400],
        source=f"/{stage}/{record.partition}",
        subject=place,
        time=now,
        data=letter,
    )
    return Output(DEAD_LETTERS, place, encode(event), None, (("type", event.type.encode()),))


def _headers(record: Record) -> dict[str, str]:
    """The record's headers as far as they fit; a repeated name keeps its last value."""
    kept: dict[str, str] = {}
    room = KEPT_HEADER_BYTES
    for name, value in record.headers:
        room -= len(name) + len(value or b"")
        if room < 0:
            break
        kept[_printable(name)] = base64.b64encode(value or b"").decode()
    return kept


def _printable(text: str) -> str:
    """Lone surrogates cannot be written as UTF-8; an error's text may quote them."""
    return text.encode(errors="replace").decode()
