"""``chengyun rules``: pairs of kinds that the city has learned, for people to make rules of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from agents.cli.desk import Desk, LongRead, console, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix, group
from agents.cli.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

    from schemas.alert import Alert

app = group("Rules that the city's own cases suggest.")


@app.callback()
def rules() -> None:
    """Rules that the city's own cases suggest."""


@app.command()
def candidates(
    indirect: Annotated[
        bool, typer.Option("--indirect", help="Also pairs that others explain.")
    ] = False,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="As a draft for the section causes of a policy.")
    ] = False,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """List pairs of kinds of which the second follows the first beyond chance."""
    from rich.text import Text

    desk = open_desk(prefix, lang, data_dir)
    found = run(_read(desk))
    shown = [alert for alert in found if indirect or not _is_indirect(alert)]
    shown.sort(key=lambda alert: -alert.contributions["lift"])
    if as_json:
        for alert in shown:
            typer.echo(alert.model_dump_json(exclude_none=True))
        return
    if as_yaml:
        typer.echo(draft(shown, desk.words), nl=False)
        return
    out, words = console(plain), desk.words
    if not found:
        out.print(words.say("pairs_none"))
        return
    others = sum(map(_is_indirect, found))
    out.print(
        words.say("pairs_head", count=len(found), direct=len(found) - others, indirect=others)
    )
    out.print(_table(shown, words), soft_wrap=False)
    out.print(Text(words.say("pairs_note"), style="dim"))


async def _read(desk: Desk) -> list[Alert]:
    """The city's proposals as they stand."""
    from agents.alert_book import AlertReader, alert_topics
    from agents.ledger import open_ledger

    rule = None if desk.words.policy is None else desk.words.policy.triggers.chains
    if rule is None:
        return []
    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, alert_topics("city")) as ledger:
            newest = await AlertReader(ledger, "city").newest(progress)
    finally:
        progress.end()
    return [
        alert
        for alert in newest.values()
        if alert.trigger.id == rule.id
        and alert.state not in ("closed", "withdrawn")
        and "lift" in alert.contributions
    ]


def _is_indirect(alert: Alert) -> bool:
    return bool(alert.contributions.get("indirect"))


def _pair(alert: Alert) -> tuple[str, str]:
    """Codes of cause and consequence; the subject of the key names them."""
    cause, _, effect = alert.key.rpartition("/")[2].partition(">")
    return cause, effect


def _table(alerts: list[Alert], words: Wording) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("cause", "effect", "lift", "lag", "window", "counts", "way"):
        right = name in ("lift", "lag", "window", "counts")
        table.add_column(words.say(f"pairs_{name}"), justify="right" if right else "left")
    for alert in alerts:
        parts = alert.contributions
        cause, effect = _pair(alert)
        table.add_row(
            _kind(cause, words),
            _kind(effect, words),
            f"{parts['lift']:.1f} ({parts['lift_low']:.1f}–{parts['lift_high']:.1f})",
            f"{parts['lag_h']:g}",
            f"{parts['window_h']:g}",
            f"{alert.observed or 0:g} / {alert.expected or 0:g}",
            words.say("pairs_indirect" if _is_indirect(alert) else "pairs_direct"),
        )
    return table


def _kind(code: str, words: Wording) -> str:
    rule = None if words.policy is None else words.policy.category(None, code)
    if rule is None:
        return code
    return f"{rule.name if words.lang == 'zh' else rule.name_en} {code}"


def draft(alerts: list[Alert], words: Wording) -> str:
    """The pairs as entries of the section ``causes``, for somebody to check and to paste."""
    policy = words.policy
    entries = []
    for alert in alerts:
        cause, effect = _pair(alert)
        names: dict[str, str] = {}
        for lang, joint in (("zh", "→"), ("en", " → ")):
            kinds = [None if policy is None else policy.category(None, c) for c in (cause, effect)]
            names[lang] = joint.join(
                code if kind is None else kind.name if lang == "zh" else kind.name_en
                for code, kind in zip((cause, effect), kinds, strict=True)
            )
        entries.append(
            {
                "id": f"{cause}-{effect}",
                "title": names,
                "cause": [cause],
                "consequences": [effect],
                "within_s": round(3_600 * alert.contributions["window_h"]),
            }
        )
    text: str = yaml.safe_dump({"causes": entries}, allow_unicode=True, sort_keys=False)
    return text
