"""Where an operator's command goes: which city, which broker, which words.

A city that `chengyun up` runs has a name of its own (the prefix of its topics). It is
written to ``<data_dir>/city.json``, so that a second terminal finds the city without
being told; a prefix given by hand, in the environment or in chengyun.toml, wins.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from agents.cli.wording import Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console

    from agents.settings import Settings
    from agents.up.city import CityRecord

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """What every operator's command needs: the settings, the broker and the words."""

    settings: Settings
    bootstrap: str
    words: Wording
    city: CityRecord | None

    def now(self) -> datetime | None:
        """The time of day in the city; None where time is taken from old events."""
        if self.city is None:
            return datetime.now(UTC) if self.settings.time == "wall" else None
        return self.city.now()


def words_for(settings: Settings) -> Wording:
    """The words of the language and zone that the settings name."""
    return Wording(settings.lang, settings.zone)


def open_desk(
    prefix: str | None = None, lang: str | None = None, data_dir: Path | None = None
) -> Desk:
    """Find the city and its broker.

    Raises:
        ConfigurationError: a setting is wrong, or no broker is named and none runs.
    """
    from agents import broker, policy_cache
    from agents.settings import load_settings
    from agents.up.city import read_city

    quiet_libraries()
    settings = load_settings(prefix=prefix, lang=lang, data_dir=data_dir)
    city = read_city(settings.data_dir)
    if city is not None and (
        "prefix" not in settings.model_fields_set or (settings.prefix == city.prefix)
    ):
        own = {
            "prefix": city.prefix,
            "timezone": city.timezone,
            "policy_dir": city.policy_dir,
            "time": city.time,
        }
        given = {name: getattr(settings, name) for name in settings.model_fields_set}
        settings = load_settings(**{**given, **own})
        if settings.broker is None and not city.embedded:
            settings = load_settings(**{**given, **own, "broker": city.bootstrap})
    else:
        city = None
    words = words_for(settings).naming(policy_cache.load(settings.policy_dir, settings.data_dir))
    return Desk(settings, broker.bootstrap_servers(settings), words, city)


def quiet_libraries() -> None:
    """Keep the client library's own remarks off an operator's screen.

    What goes wrong reaches the operator as an error of ours, once and in words. A logger with
    a handler of its own is not printed as a last resort; whoever sets up logging still hears it.
    """
    library = logging.getLogger("aiokafka")
    if not library.handlers:
        library.addHandler(logging.NullHandler())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; Ctrl-C ends quietly with the code that shells expect."""
    import asyncio

    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def one_of(option: str, value: str | None, wanted: tuple[str, ...]) -> None:
    """Refuse a value that is none of these.

    Raises:
        ConfigurationError: with the option, what it got and what it wanted.
    """
    if value is not None and value not in wanted:
        raise ConfigurationError(f"{option} {value}: wanted one of {', '.join(wanted)}")


def tell_if_ended(desk: Desk) -> None:
    """Say so if the city no longer runs: what follows is how it stood then."""
    if desk.city is not None and not desk.city.runs():
        typer.echo(desk.words.say("city_ended", prefix=desk.city.prefix), err=True)


WIDE = 200
"""Columns of a table that goes into a pipe or a file: nothing need be cut there."""


def console(plain: bool = False, *, err: bool = False) -> Console:
    """A console that uses colour only on a terminal, and never when told not to."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(
        file=stream,
        no_color=True if plain else None,
        highlight=False,
        emoji=False,
        markup=False,
        soft_wrap=True,
        width=None if stream.isatty() else WIDE,
    )


class LongRead:
    """Tells on stderr how far a read has come, once it takes longer than a second."""

    def __init__(self, words: Wording, clock: Callable[[], float] = time.monotonic) -> None:
        self._words = words
        self._clock = clock
        self._begun = clock()
        self._shown = self._begun
        self._any = False

    def __call__(self, read: int, of: int) -> None:
        now = self._clock()
        if not sys.stderr.isatty() or now - self._begun < 1.0 or now - self._shown < 0.2:
            return
        self._shown, self._any = now, True
        share = 100 * read // of if of else 100
        sys.stderr.write("\r" + self._words.say("reading", read=read, of=of, share=share))
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away again."""
        if self._any:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def parse_since(text: str) -> timedelta:
    """A length of time as people type it: 60s, 5m, 2h, 1d; a bare number is seconds.

    Raises:
        ConfigurationError: it is none of these.
    """
    units = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
    unit = units.get(text[-1:].lower())
    number = text[:-1] if unit is not None else text
    try:
        seconds = float(number) * (unit or 1.0)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e9:
        raise ConfigurationError(f"{text!r}: got no length of time, wanted 60s, 5m, 2h or 1d")
    return timedelta(seconds=seconds)


def moment_of(desk: Desk, option: str, given: str) -> datetime:
    """A moment as people type it: a date, a date and time in the city, or 30d from now.

    Raises:
        ConfigurationError: it is none of these, or the city has no time of day.
    """
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        now = desk.now()
        if now is None:
            raise ConfigurationError(
                f"{option} {given}: the time of this city is that of its events, wanted a date"
            ) from None
        return (now + parse_since(given)).replace(microsecond=0)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=desk.words.zone)
