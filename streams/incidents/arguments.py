"""What each order needs beyond the case it is about, as one table, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from schemas.command import Command
from streams.incidents.refusal import Refused
from streams.policy import Policy
from streams.policy.routing import OWNER_UNKNOWN

Kind = Literal[
    "unit", "units", "area", "text", "moment", "category", "number", "report", "incident", "choice"
]
"""What an argument names. ``units`` is a list; ``moment`` RFC 3339 with an offset; ``number``
degrees; ``report`` and ``incident`` are ids; ``choice`` one of its words, or a list of them."""

UNITS_AT_ONCE = 10
TEXT_CHARACTERS = 500
"""A case keeps what it is told in its state; the audit alone keeps whole reasons."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an order: its key in ``Command.arguments``, and what it may be.

    Attributes:
        many: a list of them is given.
        note: what it means, for whoever types it.
    """

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    many: bool = False
    note: str = ""


_LEAD = Argument("unit", "unit", note="the unit that takes it; default the one it was sent to")
_TO = Argument("unit", "unit", required=True, note="the unit that shall do it")
_MINE = Argument("unit", "unit", note="the unit that speaks; default the sender's own")
_UNITS = Argument("units", "units", required=True, many=True, note="one to ten units")

ARGUMENTS: dict[str, tuple[Argument, ...]] = {
    "verify": (),
    "register": (Argument("unit", "unit", note="default the one that the kind names"),),
    "reject": (),
    "acknowledge": (),
    "dispatch": (_TO,),
    "redispatch": (_TO,),
    "accept": (_LEAD,),
    "start": (),
    "return": (),
    "resolve": (Argument("resolution", "text", note="what was done, for the callers"),),
    "check": (),
    "check_failed": (),
    "close": (Argument("resolution", "text", note="what came of it, for the callers"),),
    "reopen": (
        Argument("report", "report", required=True, note="whose caller says it is not fixed"),
    ),
    "request": (
        Argument("for", "choice", required=True, choices=("suspension", "extension")),
        Argument("until", "moment", note="end of the suspension"),
    ),
    "refuse": (),
    "suspend": (Argument("until", "moment", note="its end; default what the unit asked for"),),
    "resume": (),
    "extend": (),
    "stage": (Argument("stage", "text", required=True, note="its name in the policy"),),
    "appeal": (),
    "decide_appeal": (
        Argument("verdict", "choice", required=True, choices=("granted", "refused")),
    ),
    "escalate": (),
    "delegate": (Argument("area", "area", required=True, note="an area directly below"),),
    "hand_back": (),
    "supervise": (),
    "remind": (),
    "assist": (_UNITS, Argument("until", "moment", note="when they go; default the policy's")),
    "whistle": (
        Argument("ground", "choice", required=True, choices=("a", "b", "c")),
        Argument("units", "units", required=True, many=True, note="the departments called"),
    ),
    "report": (_MINE,),
    "feedback": (_MINE,),
    "release": (Argument("unit", "unit", required=True),),
    "consult": (_UNITS,),
    "conclude": (),
    "regrade": (
        Argument("severity", "choice", required=True, choices=("I", "II", "III", "IV", "V")),
    ),
    "mark": (
        Argument(
            "marks",
            "choice",
            required=True,
            many=True,
            choices=("group_event", "casualties", "minors"),
        ),
    ),
    "correct_category": (
        Argument("category", "category", required=True),
        Argument("unit", "unit", note="default the one that the kind names"),
    ),
    "correct_place": (
        Argument("lat", "number", note="with lon, WGS 84 degrees"),
        Argument("lon", "number"),
        Argument("address", "text"),
        Argument("area", "area", note="the street it lies in; default from the point"),
    ),
    "inform": (),
    "split": (
        Argument("report", "report", required=True),
        Argument("category", "category", note="default that of the case"),
    ),
    "link": (Argument("incident", "incident", required=True, note="its cause"),),
    "unlink": (),
}
"""Action → its arguments. A reason stands in the command itself, not here."""

_moment: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


class Given:
    """The arguments of one command, checked against the table.

    Raises:
        Refused: an argument that is missing, not asked for, or not of its kind.
    """

    __slots__ = ("_values",)

    def __init__(
        self,
        command: Command,
        policy: Policy,
        table: Mapping[str, tuple[Argument, ...]] = ARGUMENTS,
    ) -> None:
        wanted = table[command.action]
        given = command.arguments
        names = {argument.name for argument in wanted}
        strangers = sorted(set(given) - names)
        if strangers:
            raise _wrong(
                "unknown_argument",
                f"got the argument {strangers[0]!r}",
                f"one of {', '.join(sorted(names))}" if names else "none",
            )
        self._values: dict[str, Any] = {}
        for argument in wanted:
            value = given.get(argument.name)
            if value is None:
                if argument.required:
                    raise _wrong(
                        "argument_missing", f"{command.action} without it", f"{argument.name!r}"
                    )
                continue
            self._values[argument.name] = _read(argument, value, policy)

    def text(self, name: str) -> str | None:
        """A unit, area, id, choice or words; None if it was not given."""
        value = self._values.get(name)
        return None if value is None else str(value)

    def needed(self, name: str) -> str:
        """One that the table requires."""
        return str(self._values[name])

    def many(self, name: str) -> list[str]:
        """A list, without repetitions."""
        return list(dict.fromkeys(self._values.get(name, ())))

    def moment(self, name: str) -> datetime | None:
        """A time, or None."""
        value: datetime | None = self._values.get(name)
        return value

    def number(self, name: str) -> float | None:
        """A number, or None."""
        value = self._values.get(name)
        return None if value is None else float(value)


def _wrong(code: str, got: str, wanted: str) -> Refused:
    return Refused("rejected", code, f"{got}, wanted {wanted}")


def _read(argument: Argument, value: Any, policy: Policy) -> Any:
    if not argument.many:
        return _read_one(argument, value, policy)
    values = value if isinstance(value, list) else [value]
    if not 1 <= len(values) <= UNITS_AT_ONCE:
        raise _wrong("wrong_argument", f"{len(values)} {argument.name}", f"1 to {UNITS_AT_ONCE}")
    return [_read_one(argument, each, policy) for each in values]


def _read_one(argument: Argument, value: Any, policy: Policy) -> Any:
    kind, name = argument.kind, argument.name
    if kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong("wrong_argument", f"{name} {value!r}", "a number")
        return value
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARACTERS:
        raise _wrong("wrong_argument", f"{name} {str(value)[:60]!r}", "words")
    if kind in ("unit", "units") and (value == OWNER_UNKNOWN or not policy.knows_unit(value)):
        raise _wrong("unknown_unit", f"the unit {value!r}", "one of the policy's")
    if kind == "area" and policy.areas.tier_of(value) is None:
        raise _wrong("unknown_area", f"the area {value!r}", "one of the policy's")
    if kind == "category" and policy.category(None, value) is None:
        raise _wrong("unknown_category", f"the kind {value!r}", "one of the city's catalogue")
    if kind == "choice" and value not in argument.choices:
        raise _wrong("wrong_argument", f"{name} {value!r}", f"one of {', '.join(argument.choices)}")
    if kind == "moment":
        try:
            return _moment.validate_python(value)
        except ValidationError:
            raise _wrong(
                "wrong_argument", f"{name} {value!r}", "a time such as 2026-03-02T10:00:00+08:00"
            ) from None
    return value
