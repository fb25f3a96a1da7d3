"""``chengyun watch``: follow what a desk would see, line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.text import Text

from agents.casebook import touches
from agents.cli.desk import (
    AsJson,
    DataDir,
    Desk,
    Language,
    Plain,
    Prefix,
    console,
    open_desk,
    run,
)
from agents.cli.timeline import alert_line
from agents.cli.wording import Wording
from agents.ledger import Ledger, open_ledger
from schemas.alert import Alert, AlertEvent
from schemas.errors import ConfigurationError
from schemas.incident import Incident, IncidentEvent
from schemas.terms import TIERS
from streams.program import Record
from streams.topics import ALERTS, INCIDENTS, Topic

_LOOK_BACK = 20
_LINES_AT_ONCE = 40


@dataclass(slots=True)
class Sight:
    """What a desk wants to see, and what it has seen of each incident.

    An incident is told when it is new, changes state, owner, severity or becomes
    overdue; a merged report alone is no news.
    """

    tier: str | None
    area: str | None
    incidents: bool
    most: int = 50_000
    _seen: dict[str, tuple[object, ...]] = field(default_factory=dict)

    def wants_alert(self, alert: Alert) -> bool:
        """Whether the alert is of this tier and area."""
        here = self.area is None or alert.area == self.area
        return (self.tier is None or alert.tier == self.tier) and here

    def is_news(self, incident: Incident) -> bool:
        """Whether the incident is this desk's and differs from when it was last told."""
        if self.tier is not None and incident.tier != self.tier:
            known = incident.incident_id in self._seen
            self._seen.pop(incident.incident_id, None)
            return known  # it has just gone to another tier
        if self.area is not None and not touches(incident, self.area):
            return False
        now = (incident.state, incident.tier, incident.area, incident.severity, incident.overdue)
        if self._seen.get(incident.incident_id) == now:
            return False
        if len(self._seen) >= self.most:
            self._seen.pop(next(iter(self._seen)))
        self._seen[incident.incident_id] = now
        return True


def watch(
    tier: Annotated[str | None, typer.Option("--tier", help="street, district or city.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of one area.")] = None,
    incidents: Annotated[
        bool, typer.Option("--incidents/--alerts-only", help="Incidents too, or alerts alone.")
    ] = True,
    back: Annotated[
        int, typer.Option("--back", help="Alerts to show from before.", min=0, max=500)
    ] = _LOOK_BACK,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Follow the alerts and incidents of a tier or an area; Ctrl-C ends."""
    if tier is not None and tier not in TIERS:
        raise ConfigurationError(f"--tier {tier}: wanted one of {', '.join(TIERS)}")
    desk = open_desk(prefix, lang, data_dir)
    run(_follow(desk, Sight(tier, area, incidents), back, _Screen(desk.words, plain, as_json)))


app = typer.Typer(rich_markup_mode=None)
app.command()(watch)


class _Screen:
    """Lines for people, or messages for scripts."""

    def __init__(self, words: Wording, plain: bool, as_json: bool) -> None:
        self.words = words
        self.json = as_json
        self.out: Console = console(plain)

    def show(self, kind: str, message: Alert | Incident) -> None:
        """One alert or incident."""
        if self.json:
            body = message.model_dump(mode="json", exclude_none=True)
            sys.stdout.write(orjson.dumps({"kind": kind, **body}).decode() + "\n")
            return
        for line in self._lines(message):
            self.out.print(line)

    def _lines(self, message: Alert | Incident) -> Iterator[Text]:
        words = self.words
        if isinstance(message, Alert):
            line = Text(f"{words.time(message.changed_at)}  ")
            line.append(alert_line(message, words))
            line.append(f"  {words.word(message.tier)} {words.area(message.area)}", "dim")
            if message.incident_id:
                line.append(f"  {message.incident_id}", "dim")
            yield line
            if message.suggested_action and message.state in ("opened", "raised"):
                told = words.say("watch_suggest", text=message.suggested_action)
                yield Text(f"{' ' * 14}{told}", style="italic dim")
            return
        moment = message.closed_at or message.resolved_at or message.accepted_at
        moment = moment or message.acknowledged_at or message.opened_at
        line = Text(f"{words.time(moment)}  ")
        line.append(f"{words.grade(message.severity)} {words.word(message.state)}", "bold")
        if message.overdue:
            line.append(f" {words.say('report_late')}", "bold red")
        line.append(f"  {message.title}")
        line.append(
            f"  {words.word(message.tier)} {words.area(message.area)}  {message.incident_id}", "dim"
        )
        yield line

    def note(self, text: str, /, **values: object) -> None:
        """A remark of the command itself; never among the messages for scripts."""
        if not self.json:
            self.out.print(Text(self.words.say(text, **values), style="dim"))

    def flush(self) -> None:
        """What was shown leaves at once, also into a pipe."""
        sys.stdout.flush()


async def _follow(desk: Desk, sight: Sight, back: int, screen: _Screen) -> None:
    alerts = [topic for tier, topic in ALERTS.items() if sight.tier in (None, tier)]
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
    found = [
        message
        for record in await ledger.newest(alerts, max(50, back))
        if (message := _read(record)) is not None
        and isinstance(message, Alert)
        and sight.wants_alert(message)
    ]
    found.sort(key=lambda alert: alert.changed_at)
    for alert in found[-back:]:
        screen.show("alert", alert)
    if found:
        screen.note("watch_before")


def _news(batch: Iterable[Record], sight: Sight) -> Iterator[Alert | Incident]:
    for record in batch:
        message = _read(record)
        if isinstance(message, Alert):
            if sight.wants_alert(message):
                yield message
        elif message is not None and sight.is_news(message):
            yield message


def _show(news: Iterable[Alert | Incident], screen: _Screen) -> None:
    """Show all alerts; of a flood of incidents only the newest, and say how many were left out."""
    messages = list(news)
    incidents = [m for m in messages if isinstance(m, Incident)]
    left_out = set() if screen.json else {id(m) for m in incidents[:-_LINES_AT_ONCE]}
    for message in messages:
        if id(message) not in left_out:
            screen.show("alert" if isinstance(message, Alert) else "incident", message)
    if left_out:
        screen.note("watch_skipped", count=len(left_out))


def _read(record: Record) -> Alert | Incident | None:
    """The message, or None for what is deleted or cannot be read."""
    if record.value is None:
        return None
    try:
        if record.topic == INCIDENTS.name:
            return IncidentEvent.model_validate_json(record.value).data
        return AlertEvent.model_validate_json(record.value).data
    except ValueError:
        return None
