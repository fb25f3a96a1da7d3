"""Why an order cannot be followed."""

from __future__ import annotations

from schemas.dead_letter import Reason
from schemas.outcome import ReplyOutcome


class Refused(Exception):  # noqa: N818 - a verdict, not an error
    """A command that cannot be followed: what its reply says.

    Attributes:
        outcome: ``conflict`` when the case stands otherwise than the sender thought,
            ``rejected`` when the order itself is wrong, ``forbidden`` and ``not_found``.
        reason: a stable code, and a sentence with what was got and wanted.
    """

    def __init__(self, outcome: ReplyOutcome, code: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.reason = Reason(code=code, message=message)
