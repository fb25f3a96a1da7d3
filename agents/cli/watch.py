"""``chengyun watch``: follow what a desk would see, line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from agents.cli.alert_lines import alert_line, quiet_of
from agents.cli.desk import Desk, console, open_desk, run
from agents.cli.news import Seen, news
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix
from agents.cli.wording import STYLES, Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from agents.ledger import Ledger
    from schemas.alert import Alert
    from schemas.incident import Incident, IncidentEvent
    from streams.program import Record
    from streams.topics import Topic

_LOOK_BACK = 20
_LINES_AT_ONCE = 40
_LEAST_TITLE = 16
ENDED = ("closed", "withdrawn")


@dataclass(slots=True)
class Sight:
    """What a desk wants to see, and what it has seen of each incident.

    An incident is told when something happens that its desk must know (`news`); a merged
    report alone is no news.

    Attributes:
        quiet: also the alerts that call nobody: silenced, or spoken for by a flood.
    """

    tier: str | None
    area: str | None
    incidents: bool
    words: Wording
    quiet: bool = False
    most: int = 50_000
    _seen: dict[str, Seen] = field(default_factory=dict)
    _colours: dict[str, str] = field(default_factory=dict)

    def wants_alert(self, alert: Alert) -> bool:
        """Whether the alert is of this tier and area."""
        known = self._colours.get(alert.alert_id)
        if alert.state in ENDED:
            self._colours.pop(alert.alert_id, None)
        else:
            self._colours[alert.alert_id] = alert.colour
            if len(self._colours) > self.most:
                self._colours.pop(next(iter(self._colours)))
        if alert.state == "revised" and known == alert.colour and not self.quiet:
            return False  # more of the same
        here = self.area is None or alert.area == self.area
        if not (self.quiet or alert.calls or alert.held_back in ("capped", "chance")):
            return False
        return (self.tier is None or alert.tier == self.tier) and here

    def news_of(self, incident: Incident) -> list[str]:
        """What is new about an incident for this desk; empty when nothing is."""
        from agents.casebook import touches

        name = incident.incident_id
        if self.tier is not None and incident.tier != self.tier:
            before = self._seen.pop(name, None)
            return [] if before is None else news(before, incident, self.words)  # it has just gone
        if self.area is not None and not touches(incident, self.area):
            return []
        before = self._seen.get(name)
        told = news(before, incident, self.words)
        if before is None and len(self._seen) >= self.most:
            self._seen.pop(next(iter(self._seen)))
        self._seen[name] = Seen.of(incident)
        return told


def watch(
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of one area.")] = None,
    incidents: Annotated[
        bool, typer.Option("--incidents/--alerts-only", help="Incidents too, or alerts alone.")
    ] = True,
    back: Annotated[
        int, typer.Option("--back", help="Alerts to show from before.", min=0, max=500)
    ] = _LOOK_BACK,
    quiet: Annotated[
        bool, typer.Option("--all", help="Silenced and grouped alerts too, which call nobody.")
    ] = False,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Follow the alerts and incidents of a tier or an area; Ctrl-C ends."""
    from schemas.terms import TIERS

    if tier is not None and tier not in TIERS:
        raise ConfigurationError(f"--tier {tier}: wanted one of {', '.join(TIERS)}")
    desk = open_desk(prefix, lang, data_dir)
    sight = Sight(tier, area, incidents, desk.words, quiet)
    run(_follow(desk, sight, back, _Screen(desk.words, plain, as_json)))


app = typer.Typer(rich_markup_mode=None)
app.command()(watch)


class Told(NamedTuple):
    """An alert or an incident to show: when it happened, and what is new about it."""

    message: Alert | Incident
    at: datetime
    news: Sequence[str] = ()


class _Screen:
    """Lines for people, or messages for scripts."""

    def __init__(self, words: Wording, plain: bool, as_json: bool) -> None:
        self.words = words
        self.json = as_json
        self.out: Console = console(plain)

    def show(self, told: Told) -> None:
        """One alert or incident."""
        import orjson

        from schemas.alert import Alert

        message = told.message
        if self.json:
            kind = "alert" if isinstance(message, Alert) else "incident"
            body = message.model_dump(mode="json", exclude_none=True)
            sys.stdout.write(orjson.dumps({"kind": kind, **body}).decode() + "\n")
            return
        lines = self._alert(message) if isinstance(message, Alert) else self._incident(told)
        for line in lines:
            self.out.print(line)

    def _alert(self, alert: Alert) -> Iterator[Text]:
        from rich.cells import cell_len
        from rich.text import Text

        words = self.words
        rest = f"  {words.word(alert.tier)} {words.area(alert.area)}"
        over = alert.state in ENDED or alert.state == "revised"
        rest += f"  {alert.incident_id}" if alert.incident_id and over else ""
        bare = alert_line(alert.model_copy(update={"title": ""}), words)
        when = f"{words.time(alert.changed_at)}  "
        line = Text(when)
        line.append(bare)
        line.append(self._fitted(alert.title, cell_len(when) + bare.cell_len + cell_len(rest)))
        line.append(rest, "dim")
        quiet = quiet_of(alert, words)
        if quiet is not None:
            line.append(f"  {quiet}")
        if quiet is not None or alert.state in ENDED:
            line.stylize("dim")  # what is over, or calls nobody, stands back
        yield line
        if alert.state not in ("opened", "raised") or quiet is not None:
            return
        for group in alert.groups:
            shown = Text(f"{' ' * 14}{words.colour(group.colour)}", STYLES.get(group.colour, ""))
            shown.append(f" {group.trigger} {words.area(group.area)} × {group.count}", "default")
            yield shown
        indent, ask = " " * 14, words.say("watch_why", id=alert.alert_id)
        if not alert.suggested_action:
            lines = [ask]
        else:
            suggested = words.say("watch_suggest", text=alert.suggested_action)
            both = f"{suggested}  {ask}"
            fits = not self.out.is_terminal or cell_len(indent + both) <= self.out.width
            lines = [both] if fits else [suggested, ask]
        for each in lines:
            yield Text(indent + each, style="italic dim")

    def _incident(self, told: Told) -> Iterator[Text]:
        from rich.cells import cell_len
        from rich.text import Text

        from schemas.incident import Incident

        words, incident = self.words, told.message
        assert isinstance(incident, Incident)
        line = Text(f"{words.time(told.at)}  ")
        line.append(f"{words.grade(incident.severity)} {told.news[0]}", "bold")
        if incident.overdue and words.say("report_late") not in told.news:
            line.append(f" {words.say('report_late')}", "bold red")
        for more in told.news[1:]:
            line.append(f" · {more}")
        where = f"{words.word(incident.tier)} {words.area(incident.area)}"
        rest = f"  {where}  {incident.incident_id}"
        line.append("  ")
        line.append(self._fitted(incident.title, line.cell_len + cell_len(rest)))
        line.append(rest, "dim")
        yield line

    def _fitted(self, title: str, taken: int) -> str:
        """The title as far as the line has room for it; whole where nobody's eyes run along."""
        from rich.cells import cell_len, set_cell_size

        room = max(_LEAST_TITLE, self.out.width - taken - 1)
        if not self.out.is_terminal or cell_len(title) <= room:
            return title
        return set_cell_size(title, room - 1).rstrip() + "…"

    def note(self, text: str, /, **values: object) -> None:
        """A remark of the command itself; never among the messages for scripts."""
        from rich.text import Text

        if not self.json:
            self.out.print(Text(self.words.say(text, **values), style="dim"))

    def flush(self) -> None:
        """What was shown leaves at once, also into a pipe."""
        sys.stdout.flush()


async def _follow(desk: Desk, sight: Sight, back: int, screen: _Screen) -> None:
    from agents.alert_book import alert_topics
    from agents.ledger import open_ledger
    from streams.topics import INCIDENTS

    alerts = alert_topics(sight.tier)
    topics = [*alerts, INCIDENTS] if sight.incidents else alerts
    tier = None if sight.tier is None else desk.words.word(sight.tier)
    what = " ".join(part for part in (tier, sight.area) if part is not None)
    async with open_ledger(desk.settings, desk.bootstrap, topics) as ledger:
        name = desk.settings.prefix or "–"
        screen.note("watch_head", what=what or desk.words.say("watch_all"), city=name)
        if back:
            await _look_back(ledger, alerts, sight, back, screen)

        async def ready() -> None:
            screen.note("watch_waiting")
            screen.flush()

        batches = ledger.follow(topics, ready=ready)
        async with aclosing(batches):
            async for batch in batches:
                _show(_news(batch, sight), screen)
                screen.flush()


async def _look_back(
    ledger: Ledger, alerts: list[Topic], sight: Sight, back: int, screen: _Screen
) -> None:
    from agents.alert_book import alert_in

    found = [
        alert
        for record in await ledger.newest(alerts, max(50, back))
        if (alert := alert_in(record)) is not None and sight.wants_alert(alert)
    ]
    found.sort(key=lambda alert: alert.changed_at)
    for alert in found[-back:]:
        screen.show(Told(alert, alert.changed_at))
    if found:
        screen.note("watch_before")


def _news(batch: Iterable[Record], sight: Sight) -> Iterator[Told]:
    from agents.alert_book import alert_in
    from streams.topics import INCIDENTS

    for record in batch:
        if record.topic == INCIDENTS.name:
            message = _incident_in(record)
            if message is not None and (news := sight.news_of(message.data)):
                yield Told(message.data, message.time, news)
            continue
        alert = alert_in(record)
        if alert is not None and sight.wants_alert(alert):
            yield Told(alert, alert.changed_at)


def _show(news: Iterable[Told], screen: _Screen) -> None:
    """Show all alerts; of a flood of incidents only the newest, and say how many were left out."""
    from schemas.incident import Incident

    messages = list(news)
    incidents = [told for told in messages if isinstance(told.message, Incident)]
    left_out = set() if screen.json else {id(told) for told in incidents[:-_LINES_AT_ONCE]}
    for told in messages:
        if id(told) not in left_out:
            screen.show(told)
    if left_out:
        screen.note("watch_skipped", count=len(left_out))


def _incident_in(record: Record) -> IncidentEvent | None:
    """The message, or None for what is deleted or cannot be read."""
    from schemas.incident import IncidentEvent

    if record.value is None:
        return None
    try:
        return IncidentEvent.model_validate_json(record.value)
    except ValueError:
        return None
