"""Dead letters: what could not be used, with its bytes and the reason."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.envelope import Body, Envelope


class Reason(Body):
    """Why something was refused, for people and for programs.

    ``code`` is stable and of a small set (it is a metric label); ``path`` is a JSON
    pointer to the offending field, empty when the whole message is meant.
    """

    code: str
    message: str
    path: str = ""


class Origin(Body):
    """Where a refused record lay: enough to find it again, or to replay it.

    ``key`` is the record's key read as UTF-8 with replacement characters.
    """

    topic: str
    partition: int
    offset: int
    key: str | None = None
    timestamp: AwareDatetime


class DeadLetter(Body):
    """A record (or a deadline's state) that no stage could use.

    ``bytes_base64`` holds the bytes as they came; above 2 MiB only a prefix, while
    ``size`` (bytes) and ``sha256`` (hex) are of the whole. ``fingerprint`` groups equal
    stacks of a raising step. ``headers`` are the record's own, values as base64.
    """

    origin: Origin
    reason: Reason
    stage: str
    bytes_base64: str
    size: int = Field(ge=0)
    sha256: str
    first_seen: AwareDatetime
    attempts: int = Field(default=1, ge=1)
    fingerprint: str | None = None
    stack: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)


class DeadLetterEvent(Envelope):
    """A dead letter on its way to ``dead-letters``."""

    type: Literal["cn.chengyun.dead-letter.v1"] = "cn.chengyun.dead-letter.v1"
    data: DeadLetter
