"""``chengyun scoreboard``: how far the city has come from treating incidents to their causes."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.cli.desk import Desk, LongRead, console, one_of, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix
from agents.cli.wording import Wording, sparkline
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from agents.scoreboard import Scores
    from schemas.score import Line, Score, Share, Voice

    Row = tuple[str, Line, Score]

BY = ("area", "kind", "week", "reporting")
_SPARK = 12


def scoreboard(
    by: Annotated[
        str,
        typer.Option("--by", help="area, kind, week, or reporting: who is heard, who is silent."),
    ] = "area",
    area: Annotated[
        str | None, typer.Option("--area", help="This area, by area with those directly below.")
    ] = None,
    week: Annotated[
        str | None, typer.Option("--week", help="Such as 2026-W23; default the newest.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Code of one kind.")] = None,
    last: Annotated[int, typer.Option("--last", help="Weeks looked at.", min=1, max=400)] = 12,
    limit: Annotated[int, typer.Option("--limit", help="Lines shown.", min=1, max=10_000)] = 30,
    as_csv: Annotated[bool, typer.Option("--csv", help="Every figure and count, as CSV.")] = False,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Show cases that were warned of, lead times, precision, recurrence, what streets settle.

    Every share says of how many and between which values it lies (90 %); of too few it is
    unknown. Areas that report little, or less than they used to, are marked: low figures
    there are no success.
    """
    import orjson

    from streams.warning.scoreboard import ALL

    one_of("--by", by, BY)
    desk = open_desk(prefix, lang, data_dir)
    policy = desk.words.policy
    assert policy is not None
    here = area or policy.areas.city
    if policy.areas.tier_of(here) is None:
        raise ConfigurationError(f"--area {area}: wanted the code of an area of {policy.version}")
    if kind is not None and policy.category(None, kind) is None:
        raise ConfigurationError(f"--kind {kind}: wanted the code of a kind of {policy.version}")
    words = desk.words
    if policy.scoreboard is None:
        typer.echo(words.say("score_off", version=policy.version), err=True)
        raise typer.Exit(1)
    found = run(_read(desk, max(last, 400) if week else last))
    if by == "reporting":
        voices = _voices(found, week, here)
        if as_json:
            for code, voice in voices:
                fields = {"area": code, **voice.model_dump(exclude_none=True)}
                typer.echo(orjson.dumps(fields).decode())
        elif as_csv:
            _write_csv([{"area": code, **_flat_voice(voice)} for code, voice in voices])
        else:
            _show_voices(voices[:limit], len(voices), words, plain=plain)
        return
    rows = _rows(found, desk, by, here, week, kind or ALL)
    if as_json:
        for name, line, score in rows:
            typer.echo(orjson.dumps(_fields(by, name, line, score)).decode())
    elif as_csv:
        _write_csv([_flat(by, *row) for row in rows])
    else:
        _show(rows, found, words, by, here, week, limit, plain=plain)


app = typer.Typer(rich_markup_mode=None)
app.command()(scoreboard)


async def _read(desk: Desk, last: int) -> Scores:
    from agents.ledger import open_ledger
    from agents.scoreboard import read_scores
    from streams.topics import SCOREBOARD

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, [SCOREBOARD]) as ledger:
            return await read_scores(ledger, last, progress)
    finally:
        progress.end()


def _rows(found: Scores, desk: Desk, by: str, here: str, week: str | None, kind: str) -> list[Row]:
    from schemas.score import Line
    from streams.warning.scoreboard import ALL

    policy = desk.words.policy
    assert policy is not None
    if by == "week":
        scores = [score for score in found.of(here) if week in (None, score.week)]
        return [(each.week, each.lines.get(kind, Line()), each) for each in scores]
    newest = found.newest(week)
    if by == "kind":
        score = newest.get(here)
        if score is None:
            return []
        lines = [(code, each, score) for code, each in score.lines.items() if code != ALL]
        return sorted(
            ((code, each, s) for code, each, s in lines if kind in (ALL, code)),
            key=lambda row: (-row[1].counts.get("opened", 0), row[0]),
        )
    wanted = (here, *policy.areas.children(here))
    return [
        (code, newest[code].lines.get(kind, Line()), newest[code])
        for code in wanted
        if code in newest
    ]


def _voices(found: Scores, week: str | None, here: str) -> list[tuple[str, Voice]]:
    """Silent areas first, then those that report least readily, then the unknown."""
    score = found.newest(week).get(here)
    below = {} if score is None else score.below

    def order(pair: tuple[str, Voice]) -> tuple[bool, bool, float, str]:
        code, voice = pair
        rate = voice.rate.value
        return not voice.silent, rate is None, rate or 0.0, code

    return sorted(below.items(), key=order)


# --- what is printed -------------------------------------------------------------------


def _show(
    rows: list[Row],
    found: Scores,
    words: Wording,
    by: str,
    here: str,
    week: str | None,
    limit: int,
    *,
    plain: bool,
) -> None:
    from rich.text import Text

    out = console(plain)
    if not rows:
        out.print(words.say("score_none"))
        return
    newest = rows[-1][2]
    begin, end = words.date(newest.window.start), words.date(newest.window.end)
    state = "score_complete" if newest.complete else "score_running"
    head = words.say("score_head", area=words.area(here), week=newest.week, begin=begin, end=end)
    out.print(f"{head}  {words.say(state)}", style="bold")
    out.print(_table(rows[:limit], found, words, by, week), soft_wrap=False)
    if len(rows) > limit:
        out.print(Text(words.say("more", total=len(rows), shown=limit), style="dim"))
    score = found.newest(week).get(here, newest)
    out.print()
    _tell_cures(out, score, words)
    for text in ("score_honest", "score_lead", "score_reporting"):
        out.print(Text(words.say(text), style="dim"))
    if found.unreadable:
        out.print(Text(words.say("unreadable", count=found.unreadable), style="dim"))


def _table(rows: Iterable[Row], found: Scores, words: Wording, by: str, week: str | None) -> Table:
    from rich.table import Table

    from streams.warning.scoreboard import ALL

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(words.say(f"board_{by}"), no_wrap=True)
    for name in (
        "board_incidents",
        "board_preceded",
        "board_chance",
        "board_lead",
        "board_warnings",
        "board_precision",
        "board_recurrent",
        "board_low",
        "board_calls",
    ):
        table.add_column(words.say(name), justify="right", no_wrap=True)
    if by == "area":
        table.add_column(words.say("board_course"), no_wrap=True)
    voices = found.voices(week)
    for name, line, score in rows:
        counts = line.counts
        opened = counts.get("opened", 0) - counts.get("rejected", 0)
        cells: list[str | Text] = [
            _name(name, words, by, voices),
            f"{opened:,}",
            _share(line.preceded, words, spread=True),
            "–" if line.preceded_by_chance is None else f"{100 * line.preceded_by_chance:.1f}%",
            _lead(line, words),
            f"{counts.get('warnings', 0):,}",
            _precision(line, words),
            _share(line.recurrent, words),
            _share(line.settled_low, words),
            _calls(line, score),
        ]
        if by == "area":
            course = [
                each.lines[ALL].counts.get("opened", 0) if ALL in each.lines else 0
                for each in found.of(name)
            ]
            cells.append(sparkline([float(number) for number in course], _SPARK))
        table.add_row(*cells)
    return table


def _share(share: Share, words: Wording, *, spread: bool = False) -> str:
    if share.value is None or share.low is None or share.high is None:
        return words.say("score_unknown", n=share.n)
    if not spread:
        return f"{100 * share.value:.1f}%"
    digits = 1 if share.high < 0.1 else 0
    reach = f"{100 * share.low:.{digits}f}–{100 * share.high:.{digits}f}"
    return f"{100 * share.value:.1f}% ({reach})"


def _lead(line: Line, words: Wording) -> str:
    if line.lead_p50_min is None or line.lead_p90_min is None:
        return "–"
    return f"{words.span(60 * line.lead_p50_min)} / {words.span(60 * line.lead_p90_min)}"


def _precision(line: Line, words: Wording) -> str:
    known = _share(line.precision, words)
    return f"{known} {words.say('score_unanswered', n=line.unanswered)}"


def _calls(line: Line, score: Score) -> str:
    if not score.calls_budget:
        return f"{line.calls:,}"
    return f"{line.calls:,} ({100 * line.calls / score.calls_budget:.1f}%)"


def _name(name: str, words: Wording, by: str, voices: dict[str, Voice]) -> Text:
    from rich.text import Text

    policy = words.policy
    if by == "area":
        tier = None if policy is None else policy.areas.tier_of(name)
        called, of = words.area(name), words.word(tier)
        # Most names say by themselves of which tier they are.
        told = Text(called if of.lower() in called.lower() else f"{of} {called}")
        mark = _mark(voices.get(name))
        if mark is not None:
            told.append(f" ▲{words.say(mark)}", "yellow")
        return told
    if by == "kind" and policy is not None:
        return Text(policy.kind_name(name, words.lang))
    return Text(name)


def _mark(voice: Voice | None) -> str | None:
    """What must be known before an area's figures are read as success."""
    if voice is None:
        return None
    if voice.silent:
        return "score_silent"
    high = voice.rate.high
    return "score_quiet" if high is not None and high < 1 else None


def _tell_cures(out: Any, score: Score, words: Wording) -> None:
    count = score.problems.get
    out.print(
        words.say(
            "board_cure",
            open=count("opened", 0),
            measured=count("measured", 0),
            closed=count("closed_60d", 0),
            relapsed=count("relapsed", 0),
        )
    )
    spared = score.spared
    if spared.value is None or spared.low is None or spared.high is None:
        out.print(words.say("board_avoided_unknown"))
        return
    out.print(
        words.say(
            "board_avoided",
            saved=f"{spared.value:.0f}",
            low=f"{spared.low:.0f}",
            high=f"{spared.high:.0f}",
            problems=spared.problems,
            expected=f"{spared.expected:.0f}",
            observed=spared.observed,
        )
    )
    if spared.early:
        out.print(words.say("board_avoided_early", early=spared.early))


def _show_voices(
    voices: list[tuple[str, Voice]], total: int, words: Wording, *, plain: bool
) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console(plain)
    if not voices:
        out.print(words.say("nothing"))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(words.say("board_area"), no_wrap=True)
    for name in (
        "voice_reports",
        "voice_per_1000",
        "voice_expected",
        "voice_rate",
        "voice_unreported",
    ):
        table.add_column(words.say(name), justify="right", no_wrap=True)
    table.add_column(words.say("voice_finding"), no_wrap=True)
    for code, voice in voices:
        mark = _mark(voice)
        rate = voice.rate
        known = rate.value is not None and rate.low is not None and rate.high is not None
        table.add_row(
            words.area(code),
            f"{voice.reports:,}",
            words.say("voice_no_people") if voice.per_1000 is None else f"{voice.per_1000:.3f}",
            "–" if voice.expected is None else f"{voice.expected:.0f}",
            f"{rate.value:.2f} ({rate.low:.2f}–{rate.high:.2f})"
            if known
            else words.say("score_unknown", n=rate.n),
            _share(voice.unreported, words, spread=True),
            "" if mark is None else Text(f"▲{words.say(mark)}", "yellow"),
        )
    out.print(table, soft_wrap=False)
    if total > len(voices):
        out.print(Text(words.say("more", total=total, shown=len(voices)), style="dim"))
    for text in ("voice_how", "voice_limits"):
        out.print(Text(words.say(text), style="dim"))


# --- for scripts -----------------------------------------------------------------------


def _fields(by: str, name: str, line: Line, score: Score) -> dict[str, Any]:
    fields: dict[str, Any] = {
        by: name,
        "in": score.area,
        "week": score.week,
        "complete": score.complete,
        "population": score.population,
        "calls_budget": score.calls_budget,
        **line.model_dump(exclude_none=True),
    }
    if by != "kind":
        fields |= {"problems": score.problems, "spared": score.spared.model_dump()}
    return fields


def _flat(by: str, name: str, line: Line, score: Score) -> dict[str, Any]:
    flat: dict[str, Any] = {by: name, "in": score.area, "week": score.week}
    for part in ("preceded", "precision", "recurrent", "settled_low"):
        flat |= _flat_share(part, getattr(line, part))
    flat |= {
        "preceded_by_chance": line.preceded_by_chance,
        "lead_p50_min": line.lead_p50_min,
        "lead_p90_min": line.lead_p90_min,
        "unanswered": line.unanswered,
        "calls": line.calls,
        "calls_budget": score.calls_budget,
    }
    # Leads by bucket are for sums; as CSV they would be a hundred columns.
    buckets = {name for name in line.counts if name[0] == "t" and name[1:].isdigit()}
    flat |= {f"n_{n}": number for n, number in line.counts.items() if n not in buckets}
    return flat


def _flat_voice(voice: Voice) -> dict[str, Any]:
    return {
        "reports": voice.reports,
        "per_1000": voice.per_1000,
        "expected": voice.expected,
        "p": voice.p,
        "silent": voice.silent,
        **_flat_share("rate", voice.rate),
        **_flat_share("unreported", voice.unreported),
    }


def _flat_share(name: str, share: Share) -> dict[str, Any]:
    return {
        name: share.value,
        f"{name}_low": share.low,
        f"{name}_high": share.high,
        f"{name}_n": share.n,
    }


def _write_csv(rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(sys.stdout, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
