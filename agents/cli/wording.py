"""The city's words for people at a terminal: times, spans, states, colours.

A colour is never shown by colour alone: each has a shape and a character too
(蓝● 黄▲ 橙◆ 红■), so that it survives print, a grey screen and colour blindness.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

from agents.cli.names import Names
from agents.cli.rules import rule_name
from agents.cli.texts import TEXTS
from agents.cli.words import WORDS

if TYPE_CHECKING:
    from streams.policy import Policy

Lang = Literal["zh", "en"]

SHAPES: dict[str, str] = {
    "blue": "●",
    "yellow": "▲",
    "orange": "◆",
    "red": "■",
    "red2": "■",
}
STYLES: dict[str, str] = {
    "blue": "bold blue",
    "yellow": "bold yellow",
    "orange": "bold dark_orange",
    "red": "bold red",
    "red2": "bold white on red",
}


class Wording(NamedTuple):
    """How one reader is spoken to: language and the city's zone."""

    lang: Lang
    zone: ZoneInfo
    policy: Policy | None = None
    names: Names | None = None

    def naming(self, policy: Policy) -> Wording:
        """The same words, calling areas and units by the names that the policy gives them."""
        return self._replace(policy=policy, names=Names.of(policy))

    def called(self, names: Names) -> Wording:
        """The same words with these names, where the policy itself is not at hand."""
        return self._replace(names=names)

    def in_english(self) -> Wording:
        """The same in English, where Chinese cannot be shown."""
        return self._replace(lang="en")

    def area(self, code: str | None) -> str:
        """What people call an area; its code where no name is known."""
        if code is None:
            return "–"
        pair = None if self.names is None else self.names.areas.get(code)
        return code if pair is None else pair[self.lang != "zh"]

    def unit(self, code: str | None) -> str:
        """What people call a unit; its code where no name is known."""
        if code is None:
            return "–"
        pair = None if self.names is None else self.names.units.get(code)
        return code if pair is None else pair[self.lang != "zh"]

    def say(self, text: str, /, **values: object) -> str:
        """A sentence of the catalogue with its blanks filled in."""
        pair = TEXTS[text]
        return (pair[0] if self.lang == "zh" else pair[1]).format(**values)

    def word(self, term: str | None) -> str:
        """The city's word for a fixed term; a term that has none stands for itself."""
        if term is None:
            return "–"
        pair = WORDS.get(term)
        if pair is None:
            return term
        return pair[0] if self.lang == "zh" else pair[1]

    def outcome(self, outcome: str) -> str:
        """What became of a report or an order, in the word for just that."""
        return self.word({"accepted": "taken_in", "rejected": "refused"}.get(outcome, outcome))

    def verdict(self, outcome: str) -> str:
        """What became of an order: done, not done, or nothing to do it to."""
        known = outcome in ("applied", "forbidden", "not_found")
        return self.word(outcome if known else "not_done")

    def reason(self, code: str, otherwise: str) -> str:
        """Why something was refused, by its stable code; `otherwise` where we have no words."""
        text = f"reason_{code}"
        return self.say(text, detail=otherwise) if text in TEXTS else otherwise

    def rule(self, rule: str) -> str:
        """A rule by its code and its words: E2 未按时接单、签收或办结."""
        return rule_name(rule, self.lang)

    def grade(self, severity: str | None) -> str:
        """A severity as one sign, Ⅰ to Ⅴ; the long words are `word`'s."""
        return {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ", "V": "Ⅴ"}.get(severity or "", "–")

    def colour(self, colour: str | None) -> str:
        """Shape and character of a colour: ■红."""
        if colour is None:
            return "–"
        return f"{SHAPES.get(colour, '')}{self.word(colour)}"

    def time(self, moment: datetime | None) -> str:
        """A moment in the city's zone: 9月21日 14:05, or 21 Sep 14:05."""
        if moment is None:
            return "–"
        local = moment.astimezone(self.zone)
        if self.lang == "zh":
            return f"{local.month}月{local.day}日 {local:%H:%M}"
        return f"{local.day} {local:%b %H:%M}"

    def time_with_year(self, moment: datetime | None) -> str:
        """The same with the year, for what may be long ago."""
        if moment is None:
            return "–"
        local = moment.astimezone(self.zone)
        return (
            f"{local.year}年{self.time(moment)}"
            if self.lang == "zh"
            else (f"{local.day} {local:%b %Y %H:%M}")
        )

    def date(self, moment: datetime | None) -> str:
        """A day in the city's zone, for a narrow column: 2015-09-21."""
        return "–" if moment is None else f"{moment.astimezone(self.zone):%Y-%m-%d}"

    def span(self, length: timedelta | float) -> str:
        """A length of time in two units at most: 1小时20分, 3天4小时, 45秒."""
        seconds = length.total_seconds() if isinstance(length, timedelta) else length
        whole = round(abs(seconds))
        zh = self.lang == "zh"
        if whole < 60:
            return f"{whole}{'秒' if zh else ' s'}"
        parts = (
            (whole // 86_400, "天" if zh else " d"),
            (whole % 86_400 // 3_600, "小时" if zh else " h"),
            (whole % 3_600 // 60, "分" if zh else " min"),
        )
        first = next(i for i, (count, _) in enumerate(parts) if count)
        shown = [f"{count}{unit}" for count, unit in parts[first : first + 2] if count]
        return ("" if zh else " ").join(shown)

    def due(self, due_at: datetime | None, now: datetime) -> str:
        """How a limit stands: 还剩 2小时, or 超时 1小时20分."""
        if due_at is None:
            return "–"
        late = now >= due_at
        if self.lang == "zh":
            return f"{'超时' if late else '还剩'} {self.span(now - due_at)}"
        return f"{'overdue' if late else 'left'} {self.span(now - due_at)}"


def sparkline(values: list[float], width: int) -> str:
    """The last `width` values as bars ▁▂▃▄▅▆▇█, scaled to the largest shown."""
    bars = "▁▂▃▄▅▆▇█"
    shown = values[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return bars[0] * len(shown)
    return "".join(bars[min(7, int(value / top * 7.999))] for value in shown)
