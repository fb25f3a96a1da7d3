"""An alert in one line, and why it calls nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.cli.wording import STYLES, Wording

if TYPE_CHECKING:
    from rich.text import Text

    from agents.cli.sheet import Span
    from schemas.alert import Alert


def alert_spans(alert: Alert, words: Wording) -> list[Span]:
    """An alert in one line: colour with its shape, what was done with it, its title."""
    state = "lifted" if alert.state == "closed" else alert.state
    return [
        (words.colour(alert.colour), STYLES.get(alert.colour, "")),
        (f" {words.word(state)} {words.word(alert.scale)}  {alert.title}", ""),
    ]


def alert_line(alert: Alert, words: Wording) -> Text:
    """The same for a table."""
    from rich.text import Text

    return Text.assemble(*alert_spans(alert, words))


def quiet_of(alert: Alert, words: Wording) -> str | None:
    """Why an alert calls nobody: planned work, or a flood that speaks for it."""
    if alert.silenced_by is not None:
        return words.say("alert_silenced")
    if alert.grouped_by is not None:
        return words.say("alert_grouped")
    match alert.held_back:
        case "capped":
            colour = "" if alert.earned is None else words.colour(alert.earned)
            return words.say("alert_capped", colour=colour).strip()
        case "chance":
            return words.say("alert_chance")
        case "doubted":
            return words.say("alert_doubted")
        case "inhibited":
            return words.say("alert_inhibited")
        case None:
            return None
