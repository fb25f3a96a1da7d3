"""``chengyun why``: the reasons of one alert, at once.

An operator asks this with the phone in the other hand. So nothing is imported or read that
the answer does not need: the alert comes from the city's own index where that is fresh.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.alert_index import AlertIndex, index_path, read_on
from agents.cli.alert_lines import alert_line, quiet_of
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
from agents.cli.texts_warning import PART_NAMES
from agents.cli.wording import Wording, sparkline
from schemas.alert import Alert, AlertEvent
from schemas.errors import ConfigurationError
from streams.warning.explain import Explanation, explain

_SHOWN_EVIDENCE = 12
_PASSING = ("grouped_by", "silenced_by", "held_back", "inhibited_by", "earned")
_STRIP = 40
"""Columns of the strip that shows an observed value beside what was expected."""

app = typer.Typer(rich_markup_mode=None)


@app.command()
def why(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="The alert.")],
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Also draw it into this file: FILE.png or FILE.svg."),
    ] = None,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Tell why an alert was raised: evidence, numbers, what would end it, what to do."""
    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise ConfigurationError(f"--plot {plot}: wanted a name that ends in .png or .svg")
    desk = open_desk(prefix, lang, data_dir)
    revisions = revisions_of(desk, alert_id)
    alert = _whole(revisions)
    policy = desk.words.policy
    assert policy is not None
    told = explain(alert, policy, desk.words.lang)
    if plot is not None:
        from agents.cli.alert_plot import draw

        draw(revisions, desk.words.zone, plot)
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
    table = Table.grid(padding=(0, 2))
    for name, fact in _facts(alert, revisions, told, words):
        if fact is not None:
            table.add_row(Text(words.say(name), style="dim"), fact)
    out.print(table, soft_wrap=False)
    _evidence(out, alert, words)
    _explained(out, desk, alert)
    if told.missing and alert.scale == "warning":
        lacks = [f"{words.say(f'part_{part}')}({why})" for part, why in told.missing.items()]
        told_so = words.say("why_missing") + words.say("why_list").join(lacks)
        out.print(Text(told_so, style="dim"))
    if plot is not None:
        out.print(Text(words.say("why_drawn", file=plot), style="dim"))
    if policy.version != alert.policy_version:
        out.print(Text(words.say("why_other_policy", version=policy.version), style="dim"))


def revisions_of(desk: Desk, alert_id: str) -> list[Alert]:
    """Every revision of an alert that is still kept, the newest last.

    Raises:
        ConfigurationError: there is none of that id.
    """
    found = _indexed(desk, alert_id)
    if not found:
        raise ConfigurationError(desk.words.say("why_none", id=alert_id), code="not_found")
    return [AlertEvent.model_validate_json(value).data for value in found]


def _indexed(desk: Desk, alert_id: str) -> list[bytes]:
    try:
        with AlertIndex(index_path(desk.settings)) as index:
            ended = None if desk.city is None else desk.city.ended_at
            silent_since = None if ended is None else ended.timestamp()
            if index.is_whole(alert_id, silent_since):
                known = index.revisions(alert_id)
                if known or not index.trimmed:
                    return known
            return run(_read(desk, alert_id, index))
    except (OSError, sqlite3.Error):  # nowhere to keep an index: the topics have it all
        return run(_read(desk, alert_id, None))


async def _read(desk: Desk, alert_id: str, index: AlertIndex | None) -> list[bytes]:
    """What the topics say of an alert, with what the index knows of it already."""
    from agents.alert_book import alert_topics
    from agents.ledger import open_ledger

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, alert_topics()) as ledger:
            if index is not None:
                await read_on(index, ledger, alert_id=alert_id, progress=progress)
                known = index.revisions(alert_id)
                if known or not index.trimmed:
                    return known
            key = alert_id.encode()
            return [
                record.value
                async for batch in ledger.scan(alert_topics(), key=alert_id, progress=progress)
                for record in batch
                if record.key == key and record.value is not None
            ]
    finally:
        progress.end()


def _whole(revisions: list[Alert]) -> Alert:
    """The newest revision, with what only earlier ones said: an ending repeats no evidence."""
    newest = revisions[-1]
    before: dict[str, object] = {}
    for alert in revisions[:-1]:
        before |= {name: value for name, value in alert if value not in (None, [], {}, 0)}
    missing = {
        name: before[name]
        for name, value in newest
        if value in (None, [], {}, 0) and name in before and name not in _PASSING
    }
    return newest.model_copy(update=missing)


def _facts(
    alert: Alert, revisions: list[Alert], told: Explanation, words: Wording
) -> list[tuple[str, str | None]]:
    by = alert.grouped_by or alert.silenced_by or alert.inhibited_by
    policy = words.say("policy", version=alert.policy_version)
    also = "".join(f" + {each.id}" for each in alert.also)
    return [
        ("why_trigger", f"{alert.trigger.id}{also} · {policy}"),
        ("why_desk", f"{words.word(alert.tier)} {words.area(alert.area)}"),
        ("why_measured", _measured(alert, words)),
        ("why_strip", strip(alert, _STRIP)),
        ("why_parts", _parts(alert, words)),
        ("why_window", _window(alert, words)),
        ("why_course", _course(revisions, words)),
        ("why_place", _place(alert, words)),
        ("why_suspected", _suspected(alert, words)),
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
        ("why_grouped", by),
    ]


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


def strip(alert: Alert, width: int) -> str | None:
    """The observed value on a line beside what was expected: ``──▒▒┃▒▒──●``.

    ▒ is the interval that covers 90 %, ┃ the expected value, ╎ the threshold, ● what was
    observed; None where there is nothing to compare with.
    """
    if alert.observed is None or (alert.interval is None and alert.threshold is None):
        return None
    marks = [(alert.expected, "┃"), (alert.threshold, "╎"), (alert.observed, "●")]
    values = [value for value, _ in marks if value is not None] + list(alert.interval or ())
    low, high = min(0.0, *values), max(values)
    if high <= low:
        return None

    def column(value: float) -> int:
        return round((value - low) / (high - low) * (width - 1))

    line = ["─"] * width
    if alert.interval is not None:
        for at in range(column(alert.interval[0]), column(alert.interval[1]) + 1):
            line[at] = "▒"
    for value, mark in marks:
        if value is not None:
            line[column(value)] = mark
    return f"{low:g} {''.join(line)} {high:g}"


def _parts(alert: Alert, words: Wording) -> str | None:
    """What each part adds to the surprise, the strongest first."""
    if not alert.contributions:
        return None
    said = list(alert.contributions.items())
    if not {"surprise", "lift"} & alert.contributions.keys():
        # Parts of one sum; measures of different kinds stay in the order they were given.
        said.sort(key=lambda part: -abs(part[1]))
    return " · ".join(f"{part_name(name, words)} {value:g}" for name, value in said)


def part_name(part: str, words: Wording) -> str:
    """What a part of the surprise is called; one that has no name stands for itself."""
    pair = PART_NAMES.get(part)
    if pair is None:
        return part
    return pair[0] if words.lang == "zh" else pair[1]


def _place(alert: Alert, words: Wording) -> str | None:
    where = alert.geometry
    if where is None:
        return None
    return words.say("why_around", lat=where.lat, lon=where.lon, radius=where.radius_km)


def _suspected(alert: Alert, words: Wording) -> str | None:
    if not alert.suspected:
        return None
    return "; ".join(
        words.say(
            "why_before",
            name=each.name or each.kind,
            area=words.area(each.area),
            at=words.time(each.at),
            lift=each.lift,
            lag=each.lag_h,
        )
        + (words.say("why_indirect") if each.indirect else "")
        for each in alert.suspected[:3]
    )


def _window(alert: Alert, words: Wording) -> str | None:
    window = alert.window
    if window is None:
        return None
    span = words.span(window.end - window.start)
    return f"{words.time(window.start)} → {words.time(window.end)} ({span})"


def _course(revisions: list[Alert], words: Wording) -> str | None:
    """How the observed value went from revision to revision, and what was expected meanwhile."""
    values = [alert.observed for alert in revisions if alert.observed is not None]
    if len(values) < 2:
        return None
    steps = words.say("why_revisions", count=len(revisions))
    course = f"{sparkline(values, 40)}  {values[0]:g} → {values[-1]:g}  {steps}"
    expected = [
        alert.expected
        for alert in revisions
        if alert.observed is not None and alert.expected is not None
    ]
    if len(expected) == len(values):
        # Both rows to one scale, so that the eye can compare them.
        rows = sparkline([*values, max(*values, *expected)], 41)[:-1]
        below = sparkline([*expected, max(*values, *expected)], 41)[:-1]
        told = words.say("why_expected", value=f"{expected[0]:.3g} → {expected[-1]:.3g}")
        course = f"{rows}  {values[0]:g} → {values[-1]:g}  {steps}\n{below}  {told}"
    return course


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


def _explained(out: Console, desk: Desk, alert: Alert) -> None:
    """What is folded under this alert or its case, as far as the index knows."""
    policy = desk.words.policy
    causing = {} if policy is None else policy.triggers.causing
    causes = [alert.alert_id] if alert.trigger.id in causing else []
    if alert.kind in causing and alert.incident_id is not None:
        causes.append(alert.incident_id)
    if not causes:
        return
    try:
        with AlertIndex(index_path(desk.settings)) as index:
            found = [value for cause in causes for value in index.explained_by(cause)]
    except (OSError, sqlite3.Error):
        return  # the index is a convenience; `alert list` shows the same from the topics
    folded = [
        one
        for value in found
        if (one := AlertEvent.model_validate_json(value).data).held_back == "inhibited"
        and one.state not in ("closed", "withdrawn")
    ]
    if not folded:
        return
    out.print(Text(desk.words.say("why_explains", count=len(folded)), style="bold"))
    for one in folded[:_SHOWN_EVIDENCE]:
        line = Text("  └ ")
        line.append(alert_line(one, desk.words))
        line.append(f"  {one.alert_id}", "dim")
        out.print(line)
    if len(folded) > _SHOWN_EVIDENCE:
        out.print(Text(f"  … +{len(folded) - _SHOWN_EVIDENCE}", style="dim"))


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
