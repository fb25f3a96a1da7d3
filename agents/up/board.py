"""The live board: the three tiers from the top down, what feeds them, the newest alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from agents.cli.alert_lines import alert_line
from agents.cli.wording import Wording, sparkline
from agents.up.picture import Picture, StagePicture
from schemas.alert import Alert
from schemas.terms import TIERS

_HEALTH_STYLES = {"ready": "green", "stuck": "bold red", "down": "bold red"}
_PLAIN_EVERY_S = 5.0
_PLAIN_ALERTS = 5


class View(Protocol):
    """Something that shows the picture to a person."""

    def show(self, picture: Picture) -> None:
        """Show it as it is now."""

    def note(self, text: str) -> None:
        """Tell something that happened."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Board:
    """Draws on the whole terminal, several times a second at most."""

    def __init__(self, console: Console, words: Wording, source: str) -> None:
        self._console = console
        self._words = words
        self._source = source
        self._live: Live | None = None
        self._picture = Picture()

    def show(self, picture: Picture) -> None:
        """Draw it; the first time, take the terminal."""
        self._picture = picture
        drawn = draw(picture, self._words, self._source, self._console.width, self._console.height)
        if self._live is None:
            self._live = Live(
                drawn, console=self._console, screen=True, auto_refresh=False, transient=True
            )
            self._live.start(refresh=True)
        else:
            self._live.update(drawn, refresh=True)

    def note(self, text: str) -> None:
        """Before the board and after it, a line; while it stands, a line on it."""
        self._picture.notes.append(text)
        if self._live is None:
            self._console.print(Text(text))
        else:
            self.show(self._picture)

    def close(self) -> None:
        """Give the terminal back."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()


class Lines:
    """Plain lines, for logs, pipes and screen readers."""

    def __init__(self, console: Console, words: Wording, every_s: float = _PLAIN_EVERY_S) -> None:
        self._console = console
        self._words = words
        self._every_s = every_s
        self._shown_at: float | None = None
        self._latest: datetime | None = None

    def show(self, picture: Picture) -> None:
        """One line now and then, and the alerts that are new."""
        if self._shown_at is not None and picture.elapsed_s - self._shown_at < self._every_s:
            return
        self._shown_at = picture.elapsed_s
        self._console.print(Text(plain_tick(picture, self._words)))
        latest = self._latest
        fresh = [a for a in picture.newest if latest is None or a.changed_at > latest]
        shown = list(_grouped(fresh).values())[:_PLAIN_ALERTS]
        for alert, others in reversed(shown):
            self._console.print(Text("  ") + _alert(alert, self._words, others))
        if fresh:
            self._latest = fresh[0].changed_at

    def note(self, text: str) -> None:
        """A line."""
        self._console.print(Text(text))

    def close(self) -> None:
        """Nothing was taken."""


def plain_tick(picture: Picture, words: Wording) -> str:
    """The whole city in one line."""
    tiers = [picture.stages[tier] for tier in TIERS]
    return words.say(
        "plain_tick",
        elapsed=words.span(picture.elapsed_s),
        time=(words.time_with_year if picture.event_time else words.time)(picture.city_time),
        street=picture.stages["street"].open,
        district=picture.stages["district"].open,
        city=picture.stages["city"].open,
        overdue=sum(stage.overdue for stage in tiers),
        up=sum(stage.lifted for stage in tiers),
        alerts=sum(stage.annunciated for stage in tiers),
        rate=picture.rate,
        pace=_progress(picture, words)
        if picture.event_time
        else words.say("delay_is", delay=_delay(picture.slowest_s)),
        dead=picture.dead,
    )


def draw(picture: Picture, words: Wording, source: str, width: int, height: int) -> RenderableType:
    """The board for a terminal of this size."""
    notes = list(picture.notes)[-3:]
    used = 12 + (len(notes) + 1 if notes else 0)
    parts: list[RenderableType] = [
        _head(picture, words, source, width),
        Text(""),
        _stages(picture, words, width),
        Text(""),
        Rule(Text(words.say("alerts_newest"), style="bold"), align="left", style="dim"),
        _alerts(picture.newest, words, max(1, height - used)),
    ]
    if notes:
        parts.append(Rule(Text(words.say("notes"), style="bold"), align="left", style="dim"))
        parts += [Text(note, overflow="ellipsis", no_wrap=True) for note in notes]
    parts.append(Text(words.say("board_foot"), style="dim", overflow="ellipsis", no_wrap=True))
    return Padding(Group(*parts), (0, 1))


def _head(picture: Picture, words: Wording, source: str, width: int) -> Table:
    title = Text(words.say("board_title", source=source), style="bold", no_wrap=True)
    told = words.time_with_year if picture.event_time else words.time
    facts = [words.say("board_time", time=told(picture.city_time))]
    written, of = picture.fed
    if picture.done is not None:
        facts.append(_progress(picture, words))
    elif of:
        facts.append(words.say("board_fed", share=100 * written // of))
    if picture.left_s is not None:
        facts.append(words.say("board_left", span=words.span(max(0.0, picture.left_s))))
    else:
        facts.append(words.say("board_elapsed", span=words.span(picture.elapsed_s)))
    table = Table.grid(expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_row(title, Text("  ".join(facts)))
    return table


def _progress(picture: Picture, words: Wording) -> str:
    """How much of a replay is through every tier, and how long the rest will take."""
    told = words.say("board_done", share=int(100 * (picture.done or 0.0)))
    if picture.remaining_s is not None and (picture.done or 0.0) < 1:
        told += " " + words.say("board_left", span=words.span(picture.remaining_s))
    return told


def _stages(picture: Picture, words: Wording, width: int) -> Table:
    gap = 1 if width < 110 else 2
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim", padding=(0, gap, 0, 0))
    table.add_column(words.say("sum_tier"), style="bold", no_wrap=True)
    for column in ("col_open", "col_overdue", "col_up", "col_alerts", "col_rate"):
        table.add_column(words.say(column), justify="right", no_wrap=True)
    trend = max(0, min(30, width - 84))
    if trend >= 6:
        table.add_column(words.say("col_trend"), no_wrap=True, min_width=trend)
    last = "col_reached" if picture.event_time else "col_delay"
    table.add_column(words.say(last), justify="right", no_wrap=True)
    table.add_column(words.say("col_dead"), justify="right", no_wrap=True)
    table.add_column(words.say("col_health"), no_wrap=True)
    for name, stage in picture.stages.items():
        cells: list[str | Text] = [words.word(name), *_counts(name, stage), f"{stage.rate:,.0f}"]
        if trend >= 6:
            cells.append(Text(sparkline(list(stage.trend), trend), style="cyan"))
        pace = _delay(stage.delay_s)
        if picture.event_time:
            pace = words.date(stage.complete_until)
        cells += [pace, str(stage.dead.total()), _health(stage, words)]
        table.add_row(*cells)
    return table


def _counts(name: str, stage: StagePicture) -> list[str | Text]:
    if name not in TIERS:
        return ["", "", "", ""]
    overdue = Text(f"{stage.overdue:,}", style="bold red" if stage.overdue else "")
    lifted = "–" if name == "city" else f"{stage.lifted:,}"
    return [f"{stage.open:,}", overdue, lifted, f"{stage.annunciated:,}"]


def _health(stage: StagePicture, words: Wording) -> Text:
    told = words.say(f"health_{stage.condition}")
    if stage.condition == "restoring" and stage.restore_remaining:
        told += f" {stage.restore_remaining:,}"
    if stage.restarts:
        told += f" ↻{stage.restarts}"
    return Text(told, style=_HEALTH_STYLES.get(stage.condition, "yellow"))


def _alerts(alerts: Iterable[Alert], words: Wording, rows: int) -> RenderableType:
    lines = [
        _alert(alert, words, others) for alert, others in islice(_grouped(alerts).values(), rows)
    ]
    if not lines:
        lines = [Text(words.say("alerts_none"), style="dim")]
    lines += [Text("")] * (rows - len(lines))  # the board keeps its shape as alerts come
    return Group(*lines)


def _grouped(alerts: Iterable[Alert]) -> dict[tuple[str, ...], tuple[Alert, bool]]:
    """Alerts that say the same in several areas of a tier, as the newest of them.

    A warning that a city fans out to all its streets is one line, not a full board.
    """
    groups: dict[tuple[str, ...], tuple[Alert, bool]] = {}
    for alert in alerts:
        same = (alert.tier, alert.colour, alert.state, alert.title)
        first, _ = groups.get(same, (alert, False))
        groups[same] = (first, first is not alert)
    return groups


def _alert(alert: Alert, words: Wording, others: bool = False) -> Text:
    line = Text(f"{words.time(alert.changed_at)}  ", no_wrap=True, overflow="ellipsis")
    line.append(f"{words.word(alert.tier)} ", "bold")
    line.append(alert_line(alert, words))
    area = words.area(alert.area)
    line.append(f"  {words.say('and_others', area=area) if others else area}", "dim")
    if alert.state in ("closed", "withdrawn"):
        line.stylize("dim")
    return line


def _delay(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1_000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
