"""``chengyun desk-load``: whether the desks can keep up with what they are told."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table
from rich.text import Text

from agents.alarm_ledger import TOPICS, Desk, Loads, read_loads
from agents.cli import desk as desks
from agents.cli.desk import AsJson, DataDir, Language, LongRead, Plain, Prefix, open_desk, run
from agents.cli.wording import Wording, sparkline
from agents.ledger import open_ledger
from schemas.errors import ConfigurationError
from schemas.terms import COLOURS, TIERS
from streams.warning.alarm_load import ANSWER_STEPS_S, FLOOD_BEGINS, Load

ACCEPTABLE, MOST = 6.0, 12.0
"""Annunciations an hour and operator that can be worked with, and the most (ISA-18.2 §16.4)."""

_SPARK = 24


def desk_load(
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of one desk's area.")] = None,
    since: Annotated[str, typer.Option("--since", help="The last 12h, 7d, 30d.")] = "30d",
    operators: Annotated[
        int, typer.Option("--operators", help="People signed in at each desk.", min=1, max=100)
    ] = 1,
    limit: Annotated[int, typer.Option("--limit", help="Desks shown.", min=1, max=10_000)] = 20,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """How much each desk is told: calls an hour, floods, worst sources, answer times (ISA-18.2)."""
    if tier is not None and tier not in TIERS:
        raise ConfigurationError(f"--tier {tier}: wanted one of {', '.join(TIERS)}")
    length = desks.parse_since(since)
    desk = open_desk(prefix, lang, data_dir)

    async def look() -> Loads | None:
        reading = LongRead(desk.words)
        try:
            async with open_ledger(desk.settings, desk.bootstrap, TOPICS) as ledger:
                return await read_loads(
                    ledger,
                    tier=tier,
                    area=area,
                    length=length,
                    until=desk.now(),
                    operators=operators,
                    progress=reading,
                )
        finally:
            reading.end()

    found = run(look())
    if as_json:
        sys.stdout.write(orjson.dumps(_plain(found)).decode() + "\n")
        return
    out = desks.console(plain)
    if found is None:
        out.print(desk.words.say("nothing"))
        return
    words = desk.words
    begin, end = words.time_with_year(found.begin), words.time_with_year(found.end)
    out.print(words.say("load_head", begin=begin, end=end, operators=operators), style="bold")
    out.print(_table(found, words, limit))
    if len(found.desks) > limit:
        out.print(words.say("more", total=len(found.desks), shown=limit), style="dim")
    for name, load in found.desks[:1]:
        _worst(out, words, name, load)
    out.print(words.say("load_goals", calls=f"{ACCEPTABLE:g}", most=FLOOD_BEGINS), style="dim")
    if found.cut:
        out.print(words.say("load_cut"), style="dim")


app = typer.Typer()
app.command()(desk_load)


def verdict(load: Load) -> str:
    """``calm``, ``busy`` (more than can be worked with) or ``flooded``."""
    if load.busiest > FLOOD_BEGINS:
        return "flooded"
    return "busy" if load.per_hour > ACCEPTABLE else "calm"


_SHAPES = {
    "calm": ("●", "green", "load_calm"),
    "busy": ("▲", "yellow", "load_busy"),
    "flooded": ("■", "red", "load_flooded"),
}


def _table(found: Loads, words: Wording, limit: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(words.say("load_desk"), no_wrap=True)
    table.add_column(words.say("load_verdict"), no_wrap=True)
    for name in ("load_rate", "load_busiest", "load_floods", "load_flooded_share", "load_worst"):
        table.add_column(words.say(name), justify="right", no_wrap=True)
    table.add_column(words.say("load_colours"), justify="right", no_wrap=True)
    for name in ("load_answer", "load_useful", "load_standing"):
        table.add_column(words.say(name), justify="right", no_wrap=True)
    table.add_column(words.say("load_trend"), no_wrap=True)
    for (tier, area), load in found.desks[:limit]:
        shape, style, word = _SHAPES[verdict(load)]
        table.add_row(
            f"{words.word(tier)} {words.area(area)}",
            Text(f"{shape}{words.say(word)}", style),
            f"{load.per_hour:.2f}",
            str(load.busiest),
            str(load.floods),
            f"{100 * load.flood_share:.1f}%",
            f"{100 * load.worst_share:.0f}%",
            "/".join(str(load.by_colour[colour]) for colour in COLOURS),
            _answer(load, words),
            "–" if load.actionable is None else f"{100 * load.actionable:.0f}%",
            f"{load.standing}" + (f" ({load.stale})" if load.stale else ""),
            sparkline([float(count) for count in load.hourly], _SPARK),
        )
    return table


def _answer(load: Load, words: Wording) -> str:
    if not load.answers_s:
        return "–"
    middle = load.answers_s[len(load.answers_s) // 2]
    late = load.answers_s[min(len(load.answers_s) - 1, int(len(load.answers_s) * 0.9))]
    return f"{words.span(middle)} / {words.span(late)}"


def _worst(out: Any, words: Wording, name: Desk, load: Load) -> None:
    """What fills the busiest desk."""
    if not load.worst:
        return
    out.print()
    tier, area = name
    out.print(words.say("load_fills", desk=f"{words.word(tier)} {words.area(area)}"), style="bold")
    for source, count in load.worst[:5]:
        share = 100 * count / load.annunciations
        out.print(f"  {count:>5}  {share:>3.0f}%  {source}")
    if load.chattering:
        out.print(words.say("load_chatter", count=len(load.chattering)), style="dim")


def _plain(found: Loads | None) -> dict[str, Any]:
    """The same for scripts."""
    if found is None:
        return {"desks": []}
    return {
        "begin": found.begin,
        "end": found.end,
        "unreadable": found.unreadable,
        "cut": found.cut,
        "desks": [
            {
                "tier": tier,
                "area": area,
                "verdict": verdict(load),
                "annunciations": load.annunciations,
                "per_hour": round(load.per_hour, 4),
                "busiest_10_min": load.busiest,
                "busiest_at": load.busiest_at,
                "floods": load.floods,
                "flood_share": round(load.flood_share, 6),
                "worst": load.worst,
                "worst_share": round(load.worst_share, 4),
                "by_colour": load.by_colour,
                "chattering": load.chattering[:100],
                "fleeting": load.fleeting,
                "standing": load.standing,
                "stale": load.stale,
                "answers": len(load.answers_s),
                "answered_within_s": {
                    f"{step:g}": load.answered_within(step) for step in ANSWER_STEPS_S
                },
                "actionable": load.actionable,
            }
            for (tier, area), load in found.desks
        ],
    }
