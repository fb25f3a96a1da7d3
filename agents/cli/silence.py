"""``chengyun silence``: planned work, whose alerts are recorded and call nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from agents.cli.desk import moment_of, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Prefix
from agents.cli.ordering import EXIT_REFUSED, EXIT_SILENT, WAIT_S, As
from schemas.errors import ConfigurationError

app = typer.Typer(rich_markup_mode=None)


@app.command()
def silence(
    area: Annotated[str, typer.Argument(help="Code of the desk that is spared.")],
    who: As,
    reason: Annotated[str, typer.Option("--reason", help="Which work is planned.")],
    until: Annotated[
        str, typer.Option("--until", help="Its end: a time, a date, or 2h, 30d from now.")
    ],
    begins: Annotated[
        str | None, typer.Option("--from", help="Its beginning; default now.")
    ] = None,
    trigger: Annotated[
        str | None, typer.Option("--trigger", help="Only alerts of this rule: W3, W12, …")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Only alerts about this device or incident.")
    ] = None,
    wait_s: Annotated[
        float, typer.Option("--wait", help="Seconds to wait for the reply.", min=0.1)
    ] = WAIT_S,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Spare a desk the alerts of planned work; hard limits and red are never silenced.

    Exit code 0: applied; 1: refused, the reply says why; 2: not sent; 3: no reply in time.
    """
    from agents.orders import ask, new_command_id
    from schemas.command import Silence, SilenceEvent
    from schemas.terms import Actor

    desk = open_desk(prefix, lang, data_dir)
    words, policy = desk.words, desk.words.policy
    assert policy is not None
    tier = policy.areas.tier_of(area)
    if tier is None:
        raise ConfigurationError(f"{area}: got no area of the city, wanted the code of a desk")
    now = desk.now() or datetime.now(UTC)
    starts = now if begins is None else moment_of(desk, "--from", begins)
    ends = moment_of(desk, "--until", until)
    if ends <= starts:
        raise ConfigurationError(f"--until {until}: got an end before the beginning, wanted later")
    name, _, at = who.partition("@")
    own = at or area
    quiet = Silence(
        silence_id=new_command_id(name, "silence"),
        owner=Actor.model_validate({"id": name, "tier": policy.areas.tier_of(own), "area": own}),
        reason=reason,
        area=area,
        trigger=trigger,
        subject=subject,
        starts_at=starts,
        ends_at=ends,
    )
    event = SilenceEvent(
        id=quiet.silence_id, source=f"/operators/{name}", subject=area, time=now, data=quiet
    )
    reply = run(ask(desk.settings, desk.bootstrap, event, quiet.silence_id, tier, area, wait_s))
    if reply is None:
        typer.echo(words.say("silence_timeout", seconds=wait_s), err=True)
        raise typer.Exit(EXIT_SILENT)
    applied = reply.data.outcome == "applied"
    if as_json:
        typer.echo(reply.data.model_dump_json(exclude_none=True))
    elif applied:
        what = " ".join(part for part in (trigger, subject) if part) or words.say("silence_all")
        told = words.say(
            "silence_applied",
            area=words.area(area),
            what=what,
            begins=words.time(starts),
            ends=words.time(ends),
            span=words.span(ends - max(starts, now)),
        )
        typer.echo(told)
    elif reply.data.reason is not None:
        typer.echo(words.reason(reply.data.reason.code, reply.data.reason.message))
    raise typer.Exit(0 if applied else EXIT_REFUSED)
