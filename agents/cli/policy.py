"""``chengyun policy check|show``: whether a city's policy can be used, and what it decides."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.cli.options import group
from schemas.errors import PolicyError

if TYPE_CHECKING:
    from streams.policy import Language, Policy

app = group("Check the city's policy files, or look into them.")

Where = Annotated[
    Path | None,
    typer.Argument(help="Directory of policy files; left out: the one in the settings, or ours."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON line for scripts.")]
Lang = Annotated[str | None, typer.Option(help="zh or en.")]


@app.command()
def check(path: Where = None, as_json: AsJson = False) -> None:
    """Read the policy and tell everything that is wrong with it; exit code 1 if anything is."""
    import orjson

    from agents.policy_files import SHIPPED, load
    from agents.settings import load_settings

    home = path or load_settings().policy_dir or SHIPPED
    try:
        policy = load(home)
    except PolicyError as error:
        if as_json:
            typer.echo(orjson.dumps({"ok": False, "faults": error.faults}).decode())
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(orjson.dumps({"ok": True, **summary(policy)}).decode())
    else:
        typer.echo(f"The policy in {home} is sound: {policy.version}")
        until = policy.calendar.announced_until
        if until is not None:
            typer.echo(
                f"Public holidays are announced until {until}: office time that is reckoned into "
                f"{until + 1} or later is provisional, and marked so."
            )


@app.command()
def show(
    path: Where = None,
    code: Annotated[
        str | None, typer.Option(help="One category: all that is decided about it.")
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Print what a policy decides: its size, its kinds of matter, or one of them."""
    import orjson

    from agents.policy_files import load
    from agents.settings import load_settings

    settings = load_settings(lang=lang)
    policy = load(path or settings.policy_dir)
    if code is not None:
        rule = policy.category(None, code)
        if rule is None:
            typer.echo(f"{policy.version} decides nothing about {code!r}", err=True)
            raise typer.Exit(1)
        pace = policy.pace(rule.severity, rule.urgency)
        whole = {**rule.model_dump(), "pace": pace.model_dump()}
        if as_json:
            typer.echo(orjson.dumps(whole).decode())
        else:
            _print_rows(code, _lines(policy, whole, settings.lang))
    elif as_json:
        typer.echo(orjson.dumps({**summary(policy), "categories": categories(policy)}).decode())
    else:
        _print_rows(policy.version, [(k, str(v)) for k, v in summary(policy).items()])
        _print_categories(policy, settings.lang)


@app.command()
def duty(
    area: Annotated[str, typer.Argument(help="Code of a street, a district or the city.")],
    path: Where = None,
    at: Annotated[
        datetime | None, typer.Option(help="Local time in the city; left out: now.")
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Who is called at a desk when an alert wants an answer, in this order."""
    import orjson

    from agents.policy_files import load
    from agents.settings import load_settings

    settings = load_settings(lang=lang)
    policy = load(path or settings.policy_dir)
    if policy.areas.tier_of(area) is None:
        typer.echo(f"{policy.version} has no area {area!r}", err=True)
        raise typer.Exit(1)
    roster = policy.roster(area)
    moment = datetime.now(policy.tz) if at is None else at.replace(tzinfo=policy.tz)
    officers = () if roster is None else roster.on_duty(moment)
    rows = [(officer.name.of(settings.lang), officer.line or "–") for officer in officers]
    if as_json:
        called = [{"name": name, "line": line} for name, line in rows]
        typer.echo(orjson.dumps({"area": area, "at": moment.isoformat(), "calls": called}).decode())
    elif rows:
        _print_rows(f"{area} {moment:%Y-%m-%d %H:%M}", rows)
    else:
        typer.echo(f"{policy.version} has no rota for {area}", err=True)
        raise typer.Exit(1)


def summary(policy: Policy) -> dict[str, Any]:
    """How large a policy is, for scripts and people."""
    areas = policy.areas
    return {
        "version": policy.version,
        "zone": policy.zone,
        "announced_until": policy.calendar.announced_until,
        "city": areas.city,
        "districts": len(areas.districts),
        "streets": len(areas.streets),
        "fallback": areas.fallback,
        "catalogue": f"{policy.catalogue}/{policy.catalogue_version}",
        "kinds": len(policy.codes),
        "units": len(policy.units),
        "devices": len(policy.devices),
        "triggers": len(policy.triggers.limits) + len(policy.triggers.rises),
        "sources": len(policy.sources),
    }


def categories(policy: Policy) -> list[dict[str, Any]]:
    """Every kind of matter with its lead unit and limit, one row each."""
    rows = []
    for code in policy.codes:
        rule = policy.category(None, code)
        if rule is not None:
            limit = None if rule.limit is None else str(rule.limit)
            rows.append({**rule.model_dump(exclude={"category", "limit"}), "limit": limit})
    return rows


def _print_categories(policy: Policy, lang: Language) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("code", "name", "severity", "urgency", "unit", "limit", "merges within"):
        table.add_column(heading, no_wrap=True)
    for row in categories(policy):
        radius, window = row["merge_radius_m"], row["merge_within_s"]
        table.add_row(
            row["code"],
            row["name"] if lang == "zh" else row["name_en"],
            row["severity"],
            row["urgency"],
            policy.unit_name(row["unit"], lang),
            row["limit"] or "by pace",
            f"{radius:g} m, {window / 3600:g} h" if radius else "never",
        )
    Console().print(table)


def _lines(policy: Policy, whole: dict[str, Any], lang: Language) -> list[tuple[str, str]]:
    lines = []
    for key, value in whole.items():
        if key == "pace":
            lines += [(f"pace {name}", _words(part)) for name, part in value.items()]
        elif key == "unit":
            lines.append((key, f"{value} {policy.unit_name(value, lang)}"))
        elif key != "category":
            lines.append((key, _words(value)))
    return lines


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['amount']:g} {value['clock']}"
    if isinstance(value, tuple):
        return ", ".join(value) or "–"
    return "–" if value is None else str(value)


def _print_rows(title: str, rows: list[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title=title, title_justify="left", show_header=False)
    for key, value in rows:
        table.add_row(key, value)
    Console().print(table)
