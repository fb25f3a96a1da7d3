"""Alerts as they lie in a topic, for a command that must answer at once.

To import the message's model takes longer than all that such a command does. What is read
here was written by the model, so it is only given the model's shape again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schemas.alert import Alert

_EMPTY: dict[str, Any] = {
    "evidence": [],
    "evidence_count": 0,
    "references": [],
    "groups": [],
    "contributions": {},
    "also": [],
    "suspected": [],
}
"""What a field is that was not written; any other is None."""
_TIMES = ("opened_at", "changed_at", "expires_at", "answered_at", "start", "end", "at")
_ONE = ("trigger", "window", "geometry")
_MANY = ("groups", "also", "suspected")
_PASSING = ("grouped_by", "silenced_by", "held_back", "inhibited_by", "earned")
"""What ends when the newest revision no longer says it."""


class _Said:
    """A message's fields as attributes; one that was not written is None."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def alert_of(fields: dict[str, Any]) -> Alert:
    """Read an alert as its model would, without the model."""
    known: Any = _shaped(_EMPTY | fields)
    for name in _ONE:
        if known.__dict__.get(name) is not None:
            setattr(known, name, _shaped(known.__dict__[name]))
    for name in _MANY:
        setattr(known, name, [_shaped(each) for each in known.__dict__[name]])
    alert: Alert = known
    return alert


def _shaped(fields: dict[str, Any]) -> _Said:
    times = {
        name: datetime.fromisoformat(fields[name])
        for name in _TIMES
        if isinstance(fields.get(name), str)
    }
    return _Said(fields | times)


def fields_of(value: bytes) -> dict[str, Any]:
    """The fields of the alert that a record carries.

    Raises:
        ValueError: it carries none.
    """
    try:
        fields: dict[str, Any] = json.loads(value)["data"]
    except (TypeError, KeyError) as error:
        raise ValueError("no alert") from error
    return fields


def whole(revisions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The newest revision, with what only earlier ones said: an ending repeats no evidence."""
    before: dict[str, Any] = {}
    for fields in revisions[:-1]:
        before |= {name: value for name, value in fields.items() if _is_said(name, value)}
    newest = revisions[-1]
    kept = {
        name: value
        for name, value in before.items()
        if name not in _PASSING and not _is_said(name, newest.get(name))
    }
    return {**_EMPTY, **newest, **kept}


def _is_said(name: str, value: object) -> bool:
    return value not in (None, [], {}) and (value != 0 or name != "evidence_count")
