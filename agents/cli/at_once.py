"""`chengyun why ID` from the city's own index: the whole command within a tenth of a second.

It knows the plain forms of that one command and where a city keeps its index. What it does not
know for certain (an option it has not heard of, an index that is not up to date) it leaves to
the command itself, which may take as long as it needs.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

from agents.alert_index import AlertIndex, index_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from agents.cli.reasons import Form, Matter, Reasons
    from agents.cli.wording import Wording

VALUES = {
    "--plot": "plot",
    "--prefix": "prefix",
    "--lang": "lang",
    "--data-dir": "data_dir",
}
"""Options with a value; a test holds them against the command's own."""
FLAGS = {"--plain": "plain", "--json": "as_json"}
_PREFIX = "CHENGYUN_"
_SETTINGS = ("data_dir", "prefix", "lang", "broker")


def answered(words: list[str]) -> bool:
    """Answer ``why`` with these words behind it; False: nothing was done or said.

    Raises:
        ConfigurationError: there is no such alert, or its picture cannot be drawn.
    """
    try:
        found = _found(words)
    except (OSError, ValueError, KeyError, TypeError, sqlite3.Error):
        return False  # the command itself finds out what is wrong, and says it
    if found is None:
        return False
    from agents.cli.reasons import tell

    tell(*found)
    return True


def _found(words: list[str]) -> tuple[Matter, Reasons, Wording, Form] | None:
    """All that there is to say, and how; None: not from here."""
    asked = _asked(words)
    city = None if asked is None else _city(asked)
    if asked is None or city is None:
        return None
    data_dir, record, lang = city
    alert_id: str = asked["alert_id"]
    with AlertIndex(index_file(data_dir, record["prefix"]), only_read=True) as index:
        shared = json.loads(index.known("shared") or "null")
        if shared is None or not index.is_whole(alert_id, _silent_since(record)):
            return None
        said = index.revisions(alert_id)
        if not said:
            if not index.trimmed:
                _nothing(alert_id, lang)
            return None
        from agents.cli.names import Names
        from agents.cli.reasons import Form, Matter, Reasons, causes
        from agents.cli.wording import Wording

        matter = Matter.of(said)
        names = causes(matter.alert, shared["causing"])
        folded = [value for cause in names for value in index.explained_by(cause)]
        if folded:
            matter = Matter.of(said, folded)
        kept = index.reasons(alert_id)
        if kept is not None:
            told = Reasons(**kept[lang])
        else:
            alike = matter.alert.scale == "supervision"
            if not alike or matter.alert.trigger.id == shared["flood"] or "as_json" in asked:
                return None
            told = _reminder(shared["policy"], lang)
    words_of = Wording("zh" if lang == "zh" else "en", ZoneInfo(record["timezone"]))
    named = words_of.called(Names(shared["areas"], shared["units"]))
    plot = Path(asked["plot"]) if "plot" in asked else None
    return matter, told, named, Form(plot, "as_json" in asked, "plain" in asked)


def _asked(words: list[str]) -> dict[str, Any] | None:
    """What was asked for; None: not in a form that is known here."""
    asked: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in FLAGS:
            asked[FLAGS[word]] = True
        elif name in VALUES and (equals or rest):
            asked[VALUES[name]] = value if equals else rest.pop(0)
        elif word.startswith("-") or "alert_id" in asked:
            return None
        else:
            asked["alert_id"] = word
    return asked if "alert_id" in asked else None


def _city(asked: dict[str, Any]) -> tuple[Path, dict[str, Any], str] | None:
    """The data directory, the record of the last city there, and the language."""
    told = _told()
    told.update({name: asked[name] for name in _SETTINGS if name in asked})
    lang = told.get("lang", "zh")
    data_dir = Path(told.get("data_dir", ".chengyun"))
    city = json.loads((data_dir / "city.json").read_bytes())
    broker = told.get("broker", "").strip()
    if lang not in ("zh", "en") or told.get("prefix", city["prefix"]) != city["prefix"]:
        return None
    if broker and (city["embedded"] or broker != city["bootstrap"]):
        return None
    return data_dir, city, lang


def _told() -> dict[str, str]:
    """The settings that matter here, from file and environment; as `agents.settings` reads them.

    Raises:
        ValueError: the file cannot be read as one.
    """
    environment = {
        name.upper()[len(_PREFIX) :].lower(): value
        for name, value in os.environ.items()
        if name.upper().startswith(_PREFIX)
    }
    told: dict[str, str] = {}
    file = Path(environment.get("config") or "chengyun.toml")
    if file.is_file():
        import tomllib

        given = tomllib.loads(file.read_text(encoding="utf-8"))
        told = {name: given[name] for name in _SETTINGS if name in given}
        if not all(isinstance(value, str) for value in told.values()):
            raise ValueError(f"{file}: not all of it is text")
    return told | {name: environment[name] for name in _SETTINGS if name in environment}


def _silent_since(city: dict[str, Any]) -> float | None:
    """When the city fell silent; None: it has not said so, and lives as far as anybody knows."""
    from datetime import datetime

    ended = city.get("ended_at")
    return None if ended is None else datetime.fromisoformat(ended).timestamp()


def _reminder(policy: str, lang: str) -> Reasons:
    """The reasons of a reminder of late work: they are all alike."""
    from agents.cli.reasons import Reasons
    from streams.warning.explain_texts import EXPLAINED

    at = lang != "zh"
    clears, not_fired = (EXPLAINED[f"supervision_{text}"][at] for text in ("clears", "not"))
    return Reasons(clears, None, not_fired, None, policy)


def _nothing(alert_id: str, lang: str) -> NoReturn:
    from agents.cli.texts_warning import WARNING_TEXTS
    from schemas.errors import ConfigurationError

    text = WARNING_TEXTS["why_none"][lang != "zh"].format(id=alert_id)
    raise ConfigurationError(text, code="not_found")
