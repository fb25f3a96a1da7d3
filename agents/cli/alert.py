"""``chengyun alert`` and ``chengyun why``: what is lit, why, and the operator's answer to it."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.alert_book import AlertReader, alert_topics
from agents.cli.desk import (
    AsJson,
    DataDir,
    Desk,
    Language,
    LongRead,
    Plain,
    Prefix,
    console,
    one_of,
    open_desk,
    run,
)
from agents.cli.ordering import Family, Home, add_orders
from agents.cli.timeline import alert_line, quiet_of
from agents.cli.wording import Wording, sparkline
from agents.ledger import open_ledger
from schemas.alert import Alert
from schemas.errors import ConfigurationError
from schemas.terms import COLOURS, TIERS
from streams.incidents.answers import ARGUMENTS
from streams.warning.explain import explain

ENDED = ("closed", "withdrawn")
_SHOWN_EVIDENCE = 12
_PASSING = ("grouped_by", "silenced_by", "held_back", "inhibited_by", "earned")

app = typer.Typer(
    no_args_is_help=True,
    help="What is lit at the desks, why, and your answer to it.",
    rich_markup_mode=None,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The alert.")]


@app.command("list")
def list_(
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of one desk's area.")] = None,
    trigger: Annotated[str | None, typer.Option("--trigger", help="W3, E2, deadline …")] = None,
    colour: Annotated[str | None, typer.Option("--colour", help=", ".join(COLOURS))] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also those that have ended.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 30,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """List what is lit: red first, then the newest."""
    one_of("--tier", tier, TIERS)
    one_of("--colour", colour, COLOURS)
    desk = open_desk(prefix, lang, data_dir)
    found = [
        revisions[-1]
        for revisions in run(_read(desk, tier=tier)).values()
        if (ended or revisions[-1].state not in ENDED)
        and area in (None, revisions[-1].area)
        and trigger in (None, revisions[-1].trigger.id)
        and colour in (None, revisions[-1].colour)
    ]
    found.sort(key=lambda alert: alert.changed_at, reverse=True)
    found.sort(key=lambda alert: -COLOURS.index(alert.colour))
    if as_json:
        for alert in found[:limit]:
            typer.echo(alert.model_dump_json(exclude_none=True))
        return
    out, words = console(plain), desk.words
    if not found:
        out.print(words.say("nothing"))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("col_time", "col_tier", "col_alert", "col_alert_id"):
        table.add_column(words.say(name), no_wrap=name != "col_alert")
    for alert in found[:limit]:
        where = f"{words.word(alert.tier)} {words.area(alert.area)}"
        table.add_row(words.time(alert.changed_at), where, alert_line(alert, words), alert.alert_id)
    out.print(table, soft_wrap=False)
    shown = min(limit, len(found))
    told = "total" if shown == len(found) else "more"
    out.print(Text(words.say(told, total=len(found), shown=shown), style="dim"))


def why(
    alert_id: Id,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Tell why an alert was raised: evidence, numbers, what would end it, what to do."""
    desk = open_desk(prefix, lang, data_dir)
    revisions = _revisions(desk, alert_id)
    alert = _whole(revisions)
    policy = desk.words.policy
    assert policy is not None
    told = explain(alert, policy, desk.words.lang)
    if as_json:
        body = alert.model_dump(mode="json", exclude_none=True)
        body |= {
            "clears": told.clears,
            "nearest": told.nearest,
            "not_fired": told.not_fired,
            "missing": told.missing,
            "revisions": len(revisions),
        }
        typer.echo(orjson.dumps(body).decode())
        return
    out, words = console(plain), desk.words
    out.print(alert_line(alert, words))
    facts: list[tuple[str, str | None]] = [
        (
            "why_trigger",
            f"{alert.trigger.id} · {words.say('policy', version=alert.policy_version)}",
        ),
        ("why_desk", f"{words.word(alert.tier)} {words.area(alert.area)}"),
        ("why_measured", _measured(alert, words)),
        ("why_window", _window(alert, words)),
        ("why_course", _course(revisions, words)),
        ("why_since", words.time_with_year(alert.opened_at)),
        ("why_lead", None if not alert.lead_time_s else words.span(alert.lead_time_s)),
        ("why_data", None if alert.completeness is None else f"{100 * alert.completeness:.0f}%"),
        ("why_nearest", told.nearest),
        ("why_not_fired", told.not_fired),
        ("why_clears", told.clears),
        ("why_owner", None if alert.owner is None else _owner(alert.owner, words)),
        ("why_action", alert.suggested_action),
        ("why_answer", _answered(alert, words)),
        ("why_case", alert.incident_id),
        ("why_held", quiet_of(alert, words)),
        ("why_grouped", alert.grouped_by or alert.silenced_by or alert.inhibited_by),
    ]
    table = Table.grid(padding=(0, 2))
    for name, fact in facts:
        if fact is not None:
            table.add_row(Text(words.say(name), style="dim"), fact)
    out.print(table, soft_wrap=False)
    _evidence(out, alert, words)
    if told.missing:
        lacks = [f"{words.say(f'part_{part}')}:{why}" for part, why in told.missing.items()]
        out.print(Text(words.say("why_missing") + " " + "; ".join(lacks), style="dim"))
    if policy.version != alert.policy_version:
        out.print(Text(words.say("why_other_policy", version=policy.version), style="dim"))


app.command("why")(why)


def _home(desk: Desk, alert_id: str) -> Home:
    """The desk at which an alert is lit, and the key by which the desk knows it."""
    alert = _revisions(desk, alert_id)[-1]
    return Home(alert.tier, alert.area, {"key": alert.key})


ALERT = Family(
    kind="alert",
    noun="alert",
    arguments=ARGUMENTS,
    roles=lambda action: ("operator", "supervisor"),
    reason=lambda action: action == "dismiss",
    name=lambda action: action,
    home=_home,
    filled=frozenset({"key"}),
)
add_orders(app, ALERT, ARGUMENTS)


def _revisions(desk: Desk, alert_id: str) -> list[Alert]:
    """Every revision of an alert that is still kept, the newest last.

    Raises:
        ConfigurationError: there is none of that id.
    """
    found = run(_read(desk, alert_id=alert_id)).get(alert_id)
    if not found:
        raise ConfigurationError(desk.words.say("why_none", id=alert_id), code="not_found")
    return found


def _whole(revisions: list[Alert]) -> Alert:
    """The newest revision, with what only earlier ones said: an ending repeats no evidence."""
    newest = revisions[-1]
    before: dict[str, object] = {}
    for alert in revisions[:-1]:
        before |= {name: value for name, value in alert if value not in (None, [], 0)}
    missing = {
        name: before[name]
        for name, value in newest
        if value in (None, [], 0) and name in before and name not in _PASSING
    }
    return newest.model_copy(update=missing)


async def _read(
    desk: Desk, *, tier: str | None = None, alert_id: str | None = None
) -> dict[str, list[Alert]]:
    """Revisions by alert, oldest first; of one alert only where an id is given.

    A list keeps the newest alone, so that it takes no more memory than there are alerts.
    """
    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, alert_topics(tier)) as ledger:
            reader = AlertReader(ledger, tier)
            if alert_id is None:
                newest = await reader.newest(progress)
                return {name: [alert] for name, alert in newest.items()}
            found = [each async for each in reader.revisions(progress, alert_id=alert_id)]
            return {alert_id: found} if found else {}
    finally:
        progress.end()


def _measured(alert: Alert, words: Wording) -> str | None:
    if alert.observed is None:
        return None
    unit = f" {alert.unit}" if alert.unit else ""
    parts = [words.say("why_observed", value=f"{alert.observed:g}{unit}")]
    if alert.threshold is not None:
        parts.append(words.say("why_threshold", value=f"{alert.threshold:g}{unit}"))
    if alert.expected is not None:
        interval = ""
        if alert.interval is not None:
            low, high = alert.interval
            interval = f" ({low:g} – {high:g}, 90%)"
        parts.append(words.say("why_expected", value=f"{alert.expected:.3g}{unit}{interval}"))
    if alert.p is not None:
        of = "" if alert.tests is None else words.say("why_tests", count=alert.tests)
        parts.append(f"p = {alert.p:.2g}{of}")
    if alert.chance is not None:
        parts.append(words.say("why_chance", chance=100 * alert.chance))
    return " · ".join(parts)


def _window(alert: Alert, words: Wording) -> str | None:
    window = alert.window
    if window is None:
        return None
    span = words.span(window.end - window.start)
    return f"{words.time(window.start)} → {words.time(window.end)} ({span})"


def _course(revisions: list[Alert], words: Wording) -> str | None:
    """How the observed value went, from revision to revision."""
    values = [alert.observed for alert in revisions if alert.observed is not None]
    if len(values) < 2:
        return None
    steps = words.say("why_revisions", count=len(revisions))
    return f"{sparkline(values, 40)}  {values[0]:g} → {values[-1]:g}  {steps}"


def _owner(owner: str, words: Wording) -> str:
    policy = words.policy
    if policy is not None and policy.knows_unit(owner):
        return words.unit(owner)
    return words.area(owner)


def _answered(alert: Alert, words: Wording) -> str | None:
    if alert.answer is None:
        return None
    reason = f" “{alert.answer_reason}”" if alert.answer_reason else ""
    return f"{words.word(alert.answer)} · {alert.answered_by}{reason}"


def _evidence(out: Console, alert: Alert, words: Wording) -> None:
    if alert.groups:
        for group in alert.groups[:_SHOWN_EVIDENCE]:
            where = words.area(group.area)
            out.print(f"  {words.colour(group.colour)}  {group.count:>4}  {group.trigger}  {where}")
    if not alert.evidence:
        return
    out.print(Text(words.say("why_evidence", count=alert.evidence_count), style="bold"))
    for event in alert.evidence[:_SHOWN_EVIDENCE]:
        out.print(f"  {event}")
    left = alert.evidence_count - min(len(alert.evidence), _SHOWN_EVIDENCE)
    if left > 0:
        out.print(Text(f"  … +{left}", style="dim"))
