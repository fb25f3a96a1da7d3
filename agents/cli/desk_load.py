"""``chengyun desk-load``: whether the desks can keep up with what they are told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from agents.cli import desk as desks
from agents.cli.desk import LongRead, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix
from agents.cli.wording import Wording, sparkline
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.table import Table

    from agents.alarm_ledger import Desk, Loads
    from agents.simulate.api import Day
    from streams.warning.alarm_load import Load

ACCEPTABLE, MOST = 6.0, 12.0
"""Annunciations an hour and operator that can be worked with, and the most (ISA-18.2 §16.4)."""

SIMULATED = ("normal", "storm")

_SPARK = 24


def desk_load(
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of one desk's area.")] = None,
    since: Annotated[str, typer.Option("--since", help="The last 12h, 7d, 30d.")] = "30d",
    operators: Annotated[
        int, typer.Option("--operators", help="People signed in at each desk.", min=1, max=100)
    ] = 1,
    limit: Annotated[int, typer.Option("--limit", help="Desks shown.", min=1, max=10_000)] = 20,
    simulate: Annotated[
        str | None,
        typer.Option(
            "--simulate",
            help="normal or storm: measure such a day of the made-up city, in this process.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the made-up city.")] = 7,
    days_before: Annotated[
        int, typer.Option("--days-before", help="Usual days before that day.", min=0, max=400)
    ] = 2,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """How much each desk is told: calls an hour, floods, worst sources, answer times (ISA-18.2)."""
    from agents.alarm_ledger import TOPICS, read_loads
    from agents.ledger import open_ledger
    from schemas.terms import TIERS

    if tier is not None and tier not in TIERS:
        raise ConfigurationError(f"--tier {tier}: wanted one of {', '.join(TIERS)}")
    length = desks.parse_since(since)
    desks.one_of("--simulate", simulate, SIMULATED)
    if simulate is not None:
        words, drilled = _drill(simulate, seed, days_before, lang, tier, area)
        stormy = simulate == "storm"
        _show(drilled, words, operators, limit, stormy=stormy, plain=plain, as_json=as_json)
        return
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

    _show(run(look()), desk.words, operators, limit, plain=plain, as_json=as_json)


def _drill(
    day: str, seed: int, days_before: int, lang: str | None, tier: str | None, area: str | None
) -> tuple[Wording, Loads]:
    """Let a day of the made-up city happen, with its progress on the terminal."""
    from rich.console import Console

    from agents import policy_files
    from agents.settings import load_settings
    from agents.simulate.drill import drill

    settings = load_settings(lang=lang)
    policy = policy_files.load(settings.policy_dir)
    words = desks.words_for(settings).naming(policy)
    screen = Console(stderr=True)
    with screen.status("…") as status:
        found = drill(
            policy,
            cast("Day", day),
            seed=seed,
            days_before=days_before,
            progress=lambda events: status.update(words.say("load_drill", events=f"{events:,}")),
        )
    found.desks = [
        (desk, load)
        for desk, load in found.desks
        if tier in (None, desk[0]) and area in (None, desk[1])
    ]
    return words, found


def _show(
    found: Loads | None,
    words: Wording,
    operators: int,
    limit: int,
    *,
    stormy: bool = False,
    plain: bool,
    as_json: bool,
) -> None:
    """Print the desks; on a stormy day the rate of an ordinary hour is no goal."""
    import orjson

    from streams.warning.alarm_load import FLOOD_BEGINS

    if as_json:
        sys.stdout.write(orjson.dumps(_plain(found, stormy=stormy)).decode() + "\n")
        return
    out = desks.console(plain)
    if found is None:
        out.print(words.say("nothing"))
        return
    begin, end = words.time_with_year(found.begin), words.time_with_year(found.end)
    out.print(words.say("load_head", begin=begin, end=end, operators=operators), style="bold")
    out.print(_table(found, words, limit))
    if len(found.desks) > limit:
        out.print(words.say("more", total=len(found.desks), shown=limit), style="dim")
    for name, load in found.desks[:1]:
        _worst(out, words, name, load)
    out.print()
    out.print(_tiers(found, words, stormy=stormy))
    out.print(words.say("load_goals", calls=f"{ACCEPTABLE:g}", most=FLOOD_BEGINS), style="dim")
    if found.cut:
        out.print(words.say("load_cut"), style="dim")


app = typer.Typer(rich_markup_mode=None)
app.command()(desk_load)


def verdict(load: Load) -> str:
    """``calm``, ``busy`` (more than can be worked with) or ``flooded``."""
    from streams.warning.alarm_load import FLOOD_BEGINS

    if load.busiest > FLOOD_BEGINS:
        return "flooded"
    return "busy" if load.per_hour > ACCEPTABLE else "calm"


_SHAPES = {
    "calm": ("●", "green", "load_calm"),
    "busy": ("▲", "yellow", "load_busy"),
    "flooded": ("■", "red", "load_flooded"),
}


def _table(found: Loads, words: Wording, limit: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    from schemas.terms import COLOURS

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


def _tiers(found: Loads, words: Wording, *, stormy: bool) -> Table:
    """Each tier beside the two goals: its worst desk decides."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(words.say("col_tier"), no_wrap=True)
    for name in ("load_called", "load_total", "load_worst_rate", "load_worst_hour"):
        table.add_column(words.say(name), justify="right", no_wrap=True)
    table.add_column(words.say("load_busiest"), justify="right", no_wrap=True)
    table.add_column(words.say("load_reached"), no_wrap=True)
    for tier, row in _by_tier(found, stormy=stormy).items():
        reached = row["goals_reached"]
        table.add_row(
            words.word(tier),
            str(row["desks_called"]),
            f"{row['annunciations']:,}",
            f"{row['worst_per_hour']:.2f}",
            str(row["worst_hour"]),
            str(row["busiest_10_min"]),
            Text(
                f"{'✓' if reached else '✗'}{words.word('yes' if reached else 'no')}",
                "green" if reached else "red",
            ),
        )
    return table


def _by_tier(found: Loads, *, stormy: bool) -> dict[str, dict[str, Any]]:
    """Per tier: how many desks were called, how often, and how the worst of them fared."""
    from schemas.terms import TIERS
    from streams.warning.alarm_load import FLOOD_BEGINS

    rows: dict[str, dict[str, Any]] = {}
    for tier in reversed(TIERS):
        loads = [load for (of, _), load in found.desks if of == tier]
        if not loads:
            continue
        rate, busiest = max(load.per_hour for load in loads), max(load.busiest for load in loads)
        rows[tier] = {
            "desks_called": len(loads),
            "annunciations": sum(load.annunciations for load in loads),
            "worst_per_hour": round(rate, 4),
            "worst_hour": max(load.worst_hour for load in loads),
            "busiest_10_min": busiest,
            "goals_reached": (stormy or rate <= ACCEPTABLE) and busiest <= FLOOD_BEGINS,
        }
    return rows


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


def _plain(found: Loads | None, *, stormy: bool = False) -> dict[str, Any]:
    """The same for scripts."""
    from streams.warning.alarm_load import ANSWER_STEPS_S, FLOOD_BEGINS

    if found is None:
        return {"desks": []}
    return {
        "begin": found.begin,
        "end": found.end,
        "unreadable": found.unreadable,
        "cut": found.cut,
        "goals": {"per_hour": ACCEPTABLE, "in_10_min": FLOOD_BEGINS},
        "tiers": _by_tier(found, stormy=stormy),
        "desks": [
            {
                "tier": tier,
                "area": area,
                "verdict": verdict(load),
                "annunciations": load.annunciations,
                "per_hour": round(load.per_hour, 4),
                "worst_hour": load.worst_hour,
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
