"""Orders as sub-commands: one for each action of a family, with just the options it knows.

A family is what people may order about one kind of thing, an incident or a problem; its
actions and their arguments are tables of the decisions themselves, so nothing is written
by hand for one action alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from agents.cli.deeds import about_order
from agents.cli.desk import Desk, moment_of, one_of, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Prefix
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from schemas.command import Command
    from schemas.outcome import ReplyEvent
    from schemas.terms import Actor
    from streams.incidents.arguments import Argument


class Home(NamedTuple):
    """The desk that a thing belongs to, and what else an order about it must say of it."""

    tier: str
    area: str
    arguments: Mapping[str, str] = MappingProxyType({})


EPILOG = "Exit code 0: applied; 1: refused, the reply says why; 2: not sent; 3: no reply in time."
EXIT_REFUSED = 1
EXIT_SILENT = 3

As = Annotated[
    str,
    typer.Option(
        "--as", metavar="WHO[@AREA]", help="Who orders it: the operator's or unit's id, and desk."
    ),
]
AsTier = Annotated[
    str | None, typer.Option("--tier", help="Tier of the desk; default follows from the area.")
]
SpeaksFor = Annotated[
    str | None,
    typer.Option("--speaks-for", metavar="UNIT", help="The unit of the sender, if not the id."),
]
Version = Annotated[
    int | None,
    typer.Option("--expected-version", help="Refuse if the incident has moved on.", min=1),
]
CommandId = Annotated[
    str | None, typer.Option("--command-id", help="To repeat an order that got no reply.")
]
WAIT_S = 15.0
"""As `agents.orders` waits; said here, so that help need not load that."""
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for the reply.", min=0.1)]


@dataclass(frozen=True, slots=True)
class Family:
    """What people may order about one kind of thing.

    Attributes:
        kind: of the subject; noun: what the help calls it.
        arguments: action → what it needs.
        roles: action → the roles that may, the likeliest first.
        reason: whether an action demands a reason.
        name: what is typed for an action.
        home: where a thing belongs, for a sender who names no desk.
        filled: arguments that are looked up there and never typed.
    """

    kind: Literal["incident", "problem", "alert"]
    noun: str
    arguments: Mapping[str, tuple[Argument, ...]]
    roles: Callable[[str], tuple[str, ...]]
    reason: Callable[[str], bool]
    name: Callable[[str], str]
    home: Callable[[Desk, str], Home]
    filled: frozenset[str] = frozenset()


def add_orders(app: typer.Typer, family: Family, actions: Iterable[str]) -> None:
    """Add a sub-command for each of these actions."""
    for action in actions:
        about = about_order(family.kind, action)
        order = _order(family, action)
        app.command(family.name(action), help=about, epilog=EPILOG, short_help=about)(order)


def order_command(family: Family, action: str) -> Any:
    """The sub-command of one action alone; the others are not made."""
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    add_orders(app, family, (action,))
    return typer.main.get_command(app)


def _order(family: Family, action: str) -> Callable[..., None]:
    """The sub-command of one action: a function with just the options that the action knows."""
    from agents.orders import new_command_id
    from schemas.command import Command, Subject
    from schemas.terms import TIERS

    known = [each for each in family.arguments.get(action, ()) if each.name not in family.filled]
    roles = family.roles(action)

    def order(**given: Any) -> None:
        desk = open_desk(given["prefix"], given["lang"], given["data_dir"])
        one_of("--tier", given["tier"], TIERS)
        who, _, at = given["who"].partition("@")
        role = given["role"] or _likely(desk, who, given["speaks_for"], roles)
        one_of("--role", role, roles)
        area = given["area"] or at or None
        where = _home_of(desk, family, given["subject_id"], given["tier"], area)
        arguments = {
            **where.arguments,
            **{
                argument.name: value
                for argument in known
                if (value := _value(desk, argument, given[_parameter(argument)])) is not None
            },
        }
        command = Command(
            command_id=given["command_id"] or new_command_id(who, action),
            subject=Subject(kind=family.kind, id=given["subject_id"]),
            action=action,
            actor=_actor(desk, who, role, given["speaks_for"], where),
            expected_version=given["expected_version"],
            reason=given["reason"],
            arguments=arguments,
        )
        _give(desk, family, command, as_json=given["as_json"], wait_s=given["wait_s"])

    # Where the action itself has an area, --area means that.
    desks = ("--desk",) if any(each.name == "area" for each in known) else ("--desk", "--area")
    reason = "Why; the action demands it." if family.reason(action) else "Why."
    annotations: dict[str, tuple[Any, Any]] = {
        "subject_id": (
            Annotated[str, typer.Argument(metavar="ID", help=f"The {family.noun}.")],
            inspect.Parameter.empty,
        ),
        "who": (As, inspect.Parameter.empty),
        **{_parameter(argument): _option(argument) for argument in known},
        "reason": (Annotated[str | None, typer.Option("--reason", help=reason)], None),
        "role": (
            Annotated[
                str | None,
                typer.Option("--role", help=f"{', '.join(roles)}; default as --as suggests."),
            ],
            None,
        ),
        "area": (
            Annotated[str | None, typer.Option(*desks, help="Code of the desk, if not in --as.")],
            None,
        ),
        "tier": (AsTier, None),
        "speaks_for": (SpeaksFor, None),
        "expected_version": (Version, None),
        "command_id": (CommandId, None),
        "wait_s": (Wait, WAIT_S),
        "prefix": (Prefix, None),
        "lang": (Language, None),
        "data_dir": (DataDir, None),
        "as_json": (AsJson, False),
    }
    order.__name__ = action
    order.__annotations__ = {name: kind for name, (kind, _) in annotations.items()}
    # What the option library looks at, and functions are not declared to have.
    order.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
            for name, (kind, default) in annotations.items()
        ]
    )
    return order


def _likely(desk: Desk, who: str, unit: str | None, roles: tuple[str, ...]) -> str:
    """The role of somebody who names none: a unit's own where a unit speaks."""
    policy = desk.words.policy
    speaks = unit is not None or (policy is not None and policy.knows_unit(who))
    for role in ("unit", "department") if speaks else ():
        if role in roles:
            return role
    return roles[0]


def _actor(desk: Desk, who: str, role: str, unit: str | None, where: Home) -> Actor:
    """Who orders it. A unit's officer may go by the unit's own code."""
    from schemas.terms import Actor

    policy = desk.words.policy
    if unit is not None:
        _known_unit(desk, "--speaks-for", unit)
    elif role in ("unit", "department") and policy is not None and policy.knows_unit(who):
        unit = who
    return Actor.model_validate(
        {"id": who, "role": role, "tier": where.tier, "area": where.area, "unit": unit}
    )


def _parameter(argument: Argument) -> str:
    return f"arg_{argument.name}"


def _option(argument: Argument) -> tuple[Any, Any]:
    """The option of an argument and its default; whether it must be given is the desk's to say."""
    name = argument.name.replace("_", "-")
    flags = [f"--{name}"]
    if argument.kind == "units":
        flags = ["--unit", *flags]
    if argument.kind in ("unit", "units", "area"):
        flags.append("--to")
    text = [argument.note] if argument.note else []
    if argument.choices:
        text.insert(0, ", ".join(argument.choices))
    if argument.kind == "moment":
        text.append("a time, a date, or 2h, 30d from now")
    if argument.many:
        text.append("may be repeated")
    if argument.required:
        text.append("[needed]")
    told = "; ".join(text)
    if argument.many:
        return Annotated[list[str] | None, typer.Option(*flags, help=told)], None
    kind = float if argument.kind == "number" else str
    return Annotated[kind | None, typer.Option(*flags, help=told)], None


def _value(desk: Desk, argument: Argument, given: Any) -> Any:
    """An argument as it travels.

    Raises:
        ConfigurationError: it is missing, or not of its kind.
    """
    option = f"--{argument.name.replace('_', '-')}"
    if given is None or given == []:
        if argument.required:
            wanted = f" ({', '.join(argument.choices)})" if argument.choices else ""
            raise ConfigurationError(f"{option}: got nothing, wanted {argument.note}{wanted}")
        return None
    values = [part for each in given for part in each.split(",")] if argument.many else [given]
    for value in values if argument.choices else ():
        one_of(option, value, argument.choices)
    if argument.kind in ("unit", "units"):
        for value in values:
            _known_unit(desk, option, value)
    if argument.kind == "moment":
        return moment_of(desk, option, given).isoformat()
    return values if argument.many else given


def _known_unit(desk: Desk, option: str, unit: str) -> None:
    policy = desk.words.policy
    if policy is not None and not policy.knows_unit(unit):
        known = ", ".join(sorted(each.code for each in policy.units))
        raise ConfigurationError(f"{option} {unit}: got no unit of the city, wanted one of {known}")


def _home_of(
    desk: Desk, family: Family, subject_id: str, tier: str | None, area: str | None
) -> Home:
    """The sender's desk, as given or the one that the thing belongs to; and what is filled in."""
    found = family.home(desk, subject_id) if area is None or family.filled else None
    if area is None:
        assert found is not None
        return found
    assert desk.words.policy is not None
    known = tier or desk.words.policy.areas.tier_of(area)
    if known is None:
        raise ConfigurationError(f"{area}: the policy has no such area, wanted --tier too")
    return Home(known, area, found.arguments if found is not None else {})


def _give(desk: Desk, family: Family, command: Command, *, as_json: bool, wait_s: float) -> None:
    from agents.orders import give_order

    words = desk.words
    tier, area = command.actor.tier, command.actor.area
    assert tier is not None
    assert area is not None
    if not as_json:
        sent = words.say("order_sent", action=words.word(command.action), area=words.area(area))
        typer.echo(sent, err=True)
    at = desk.now() or datetime.now(UTC)
    event = run(give_order(desk.settings, desk.bootstrap, command, tier, area, at, wait_s))
    if event is None:
        told = words.say("order_timeout", seconds=wait_s, id=command.command_id)
        typer.echo(told, err=True)
        raise typer.Exit(EXIT_SILENT)
    if as_json:
        typer.echo(event.data.model_dump_json(exclude_none=True))
    else:
        _show_reply(desk, family, command, event)
    raise typer.Exit(0 if event.data.outcome == "applied" else EXIT_REFUSED)


def _show_reply(desk: Desk, family: Family, command: Command, event: ReplyEvent) -> None:
    words, reply = desk.words, event.data
    line = words.say(
        "order_reply",
        outcome=words.verdict(reply.outcome),
        action=words.word(command.action),
        id=reply.incident_id or command.subject.id,
    )
    if reply.version is not None:
        line += " · " + words.say("order_version", version=reply.version)
    typer.echo(line)
    if reply.reason is not None:
        typer.echo(words.reason(reply.reason.code, reply.reason.message))
    if reply.outcome == "applied":
        facts = []
        if reply.unit is not None:
            facts.append(f"{words.say('unit')} {words.unit(reply.unit)}")
        if reply.due_at is not None:
            facts.append(f"{words.say('limit')} {words.time(reply.due_at)}")
        if facts:
            typer.echo(" · ".join(facts))
    if reply.result:
        typer.echo(reply.result)
    if reply.allowed and reply.outcome != "applied":
        named = "、".join(f"{words.word(a)} {family.name(a)}" for a in reply.allowed)
        typer.echo(words.say("order_allowed", actions=named))
