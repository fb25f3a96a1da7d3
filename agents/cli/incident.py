"""``chengyun incident``: list incidents, tell the story of one, act on one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.text import Text

from agents.casebook import (
    STORY_TOPICS,
    Found,
    Story,
    Wanted,
    find,
    tell,
)
from agents.cli.desk import (
    AsJson,
    DataDir,
    Desk,
    Language,
    LongRead,
    Plain,
    Prefix,
    console,
    open_desk,
    run,
)
from agents.cli.story import as_rows, render
from agents.ledger import open_ledger
from agents.orders import WAIT_S, give_order, new_command_id
from schemas.command import Action, Command, Subject
from schemas.errors import ConfigurationError
from schemas.outcome import ReplyEvent
from schemas.terms import SEVERITIES, TIERS, Actor
from streams.topics import INCIDENTS

app = typer.Typer(no_args_is_help=True, help="List incidents, tell the story of one, act on one.")

Tier = Annotated[str | None, typer.Option("--tier", help="street, district or city.")]
Area = Annotated[str | None, typer.Option("--area", help="Code of the area.")]


@app.command("list")
def list_(
    tier: Tier = None,
    area: Area = None,
    state: Annotated[
        str, typer.Option("--state", help="open, all, or one state (dispatched, closed, …).")
    ] = "open",
    severity: Annotated[str | None, typer.Option("--severity", help="I, II, III, IV or V.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only past their limit.")] = False,
    contains: Annotated[
        str | None, typer.Option("--contains", help="Letters in the title, address or id.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 50,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """List incidents, the most pressing first."""
    _one_of("--tier", tier, TIERS)
    _one_of("--severity", severity, SEVERITIES)
    desk = open_desk(prefix, lang, data_dir)
    wanted = Wanted(tier, area, state, severity, overdue, contains)
    found = run(_find(desk, wanted, limit))
    if as_json:
        for incident in found.incidents:
            typer.echo(incident.model_dump_json(exclude_none=True))
        return
    say, out = desk.words.say, console(plain)
    _tell_if_ended(desk)
    if not found.incidents:
        out.print(say("nothing"))
        return
    out.print(as_rows(found.incidents, desk.words, desk.now()), soft_wrap=False)
    shown = len(found.incidents)
    told = say("more", total=found.total, shown=shown)
    out.print(Text(say("total", total=shown) if shown == found.total else told, style="dim"))
    if found.unreadable:
        out.print(Text(say("unreadable", count=found.unreadable), style="red"))


async def _find(desk: Desk, wanted: Wanted, limit: int) -> Found:
    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, [INCIDENTS]) as ledger:
            return await find(ledger, wanted, limit, progress)
    finally:
        progress.end()


@app.command()
def show(
    incident_id: Annotated[str, typer.Argument(metavar="ID")],
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Tell the whole story of one incident; exit code 1 when there is none of that id."""
    desk = open_desk(prefix, lang, data_dir)
    story = run(_tell(desk, incident_id))
    if story.incident is None:
        typer.echo(desk.words.say("no_incident", id=incident_id), err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(_story_json(story))
    else:
        _tell_if_ended(desk)
        console(plain).print(render(story, desk.words, desk.now()), soft_wrap=False)


async def _tell(desk: Desk, incident_id: str) -> Story:
    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, STORY_TOPICS) as ledger:
            return await tell(ledger, incident_id, progress)
    finally:
        progress.end()


def _story_json(story: Story) -> bytes:
    def plain(model: Any) -> Any:
        return model.model_dump(mode="json", by_alias=True, exclude_none=True)

    return orjson.dumps(
        {
            "incident": plain(story.incident),
            "audit": [plain(entry) for entry in story.audit],
            "alerts": [plain(event.data) for event in story.alerts],
            "replies": [{"time": event.time, **plain(event.data)} for event in story.replies],
        }
    )


Id = Annotated[str, typer.Argument(metavar="ID", help="The incident.")]
As = Annotated[str, typer.Option("--as", help="Who orders it: the operator's id.")]
Role = Annotated[str, typer.Option("--role", help="operator, unit or supervisor.")]
AsTier = Annotated[
    str | None, typer.Option("--tier", help="Tier of the operator's desk; default from --area.")
]
AsArea = Annotated[
    str | None, typer.Option("--area", help="Code of the operator's desk; default the owner's.")
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why.")]
To = Annotated[
    str | None,
    typer.Option("--to", help="delegate: the area below; accept, redispatch: the unit."),
]
Version = Annotated[
    int | None,
    typer.Option("--expected-version", help="Refuse if the incident has moved on.", min=1),
]
CommandId = Annotated[
    str | None, typer.Option("--command-id", help="To repeat an order that got no reply.")
]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for the reply.", min=0.1)]


def _act(action: Action, about: str) -> None:
    """Add one order as a sub-command; they differ in their name only."""

    def order(
        incident_id: Id,
        who: As,
        tier: AsTier = None,
        area: AsArea = None,
        role: Role = "operator",
        reason: Reason = None,
        expected_version: Version = None,
        to: To = None,
        command_id: CommandId = None,
        wait_s: Wait = WAIT_S,
        prefix: Prefix = None,
        lang: Language = None,
        data_dir: DataDir = None,
        as_json: AsJson = False,
    ) -> None:
        desk = open_desk(prefix, lang, data_dir)
        _one_of("--tier", tier, TIERS)
        _one_of("--role", role, ("operator", "unit", "supervisor"))
        at_tier, at_area = run(_desk_of(desk, incident_id, tier, area))
        command = Command(
            command_id=command_id or new_command_id(who, action),
            subject=Subject(kind="incident", id=incident_id),
            action=action,
            actor=Actor.model_validate({"id": who, "role": role, "tier": at_tier, "area": at_area}),
            expected_version=expected_version,
            reason=reason,
            arguments={_ARGUMENTS.get(action, "to"): to} if to is not None else {},
        )
        _give(desk, command, as_json, wait_s)

    order.__doc__ = about
    app.command({"acknowledge": "ack"}.get(action, action))(order)


_ARGUMENTS: dict[str, str] = {"delegate": "area", "redispatch": "unit", "accept": "unit"}

_act("acknowledge", "Say that the desk has seen it (接单): its acknowledgement clock stops.")
_act("accept", "Take it on for the unit (签收).")
_act("return", "Give it back with a reason (退回).")
_act("redispatch", "Give it to another unit (改派).")
_act("resolve", "Say that the work is done (办结).")
_act("close", "End it after the check (结案).")
_act("delegate", "Hand it down to an area below (下派).")


async def _desk_of(
    desk: Desk, incident_id: str, tier: str | None, area: str | None
) -> tuple[str, str]:
    """The tier and area of the operator's desk: as given, or the incident's present owner."""
    if area is not None:
        assert desk.words.policy is not None
        known = tier or desk.words.policy.areas.tier_of(area)
        if known is None:
            raise ConfigurationError(
                f"--area {area}: the policy has no such area, wanted --tier too"
            )
        return known, area
    story = await _tell(desk, incident_id)
    if story.incident is None:
        raise ConfigurationError(
            f"{desk.words.say('no_incident', id=incident_id)} (--tier, --area)", code="not_found"
        )
    return story.incident.tier, story.incident.area


def _give(desk: Desk, command: Command, as_json: bool, wait_s: float) -> None:
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
        raise typer.Exit(3)
    if as_json:
        typer.echo(event.data.model_dump_json(exclude_none=True))
    else:
        _show_reply(desk, command, event)
    raise typer.Exit(0 if event.data.outcome == "applied" else 1)


def _show_reply(desk: Desk, command: Command, event: ReplyEvent) -> None:
    words, reply = desk.words, event.data
    outcome = words.outcome(reply.outcome)
    line = words.say(
        "order_reply",
        outcome=outcome,
        action=words.word(command.action),
        id=reply.incident_id or command.subject.id,
    )
    if reply.version is not None:
        line += " · " + words.say("order_version", version=reply.version)
    typer.echo(line)
    if reply.result:
        typer.echo(reply.result)
    if reply.reason is not None:
        typer.echo(words.reason(reply.reason.code, reply.reason.message))
    if reply.allowed:
        named = "、".join(f"{words.word(a)} {a}" for a in reply.allowed)
        typer.echo(words.say("order_allowed", actions=named))


def _one_of(option: str, value: str | None, wanted: tuple[str, ...]) -> None:
    if value is not None and value not in wanted:
        raise ConfigurationError(f"{option} {value}: wanted one of {', '.join(wanted)}")


def _tell_if_ended(desk: Desk) -> None:
    if desk.city is not None and not desk.city.runs():
        typer.echo(desk.words.say("city_ended", prefix=desk.city.prefix), err=True)
