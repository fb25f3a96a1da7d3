"""``chengyun story``: the five scripted days, shown, or played and checked."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from agents.cli.desk import console, quiet_libraries, run, words_for
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix, group
from agents.cli.wording import Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console

    from agents.settings import Settings
    from agents.stories import Scripted, Story
    from agents.stories.play import Checked, Played

app = group("Five scripted days: shown, or played and checked.")

Letter = Annotated[str, typer.Argument(metavar="A|B|C|D|E", help="Which day.")]
Seed = Annotated[
    int | None, typer.Option("--seed", help="Lays out the city and the places; default 7.")
]


@app.command("list")
def list_(lang: Language = None) -> None:
    """Name the five days."""
    from agents.settings import load_settings
    from agents.stories import STORIES

    words = words_for(load_settings(lang=lang))
    for each in STORIES:
        typer.echo(f"{each.letter}  {each.title[0 if words.lang == 'zh' else 1]}")


@app.command()
def show(letter: Letter, seed: Seed = None, lang: Language = None, plain: Plain = False) -> None:
    """Print a day minute by minute: what happens, and how everything must then stand."""
    from rich.table import Table
    from rich.text import Text

    from agents import policy_files
    from agents.settings import load_settings
    from agents.simulate.api import DEFAULT_SEED, ORIGIN
    from agents.simulate.city import SimulatedCity
    from agents.stories.expected import minute
    from agents.stories.telling import moments

    settings = load_settings(lang=lang)
    words = words_for(settings)
    policy = policy_files.load(settings.policy_dir)
    seed = DEFAULT_SEED if seed is None else seed
    story = scripted(letter).story(SimulatedCity(policy, seed), seed, ORIGIN)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("col_minute", "col_who", "col_what", "col_then"):
        table.add_column(words.say(column), overflow="fold")
    for moment in moments(story, words.lang):
        happens = moment.happens or (("", ""),)
        for nth, (who, what) in enumerate(happens):
            then = "\n".join(moment.holds) if nth == len(happens) - 1 else ""
            when = minute(moment.minutes) if nth == 0 else ""
            table.add_row(when, who, what, Text(then, style="dim"))
    console(plain).print(table, soft_wrap=False)


@app.command("run")
def run_(
    letter: Letter,
    memory: Annotated[
        bool, typer.Option("--memory", help="In this process, without a broker.")
    ] = False,
    seed: Seed = None,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Play a day through all five stages and check it; exit code 1 if anything is not so.

    The city's time is that of the script, so that its deadlines come in seconds. On the
    broker the topics stay under the prefix that is printed, so that `chengyun incident
    show ID --prefix …` and `chengyun audit verify --prefix …` tell about it afterwards.
    """
    from agents import policy_files
    from agents.settings import load_settings
    from agents.simulate.api import DEFAULT_SEED, ORIGIN
    from agents.simulate.city import SimulatedCity
    from agents.stories.memory import InMemory
    from agents.stories.play import play
    from agents.up.plan import checked_prefix

    quiet_libraries()
    which = scripted(letter)
    settings = load_settings(lang=lang, data_dir=data_dir)
    words = words_for(settings)
    policy = policy_files.load(settings.policy_dir)
    words = words.naming(policy)
    out = console(plain, err=as_json)
    seed = DEFAULT_SEED if seed is None else seed
    story = which.story(SimulatedCity(policy, seed), seed, ORIGIN)
    teller = _Teller(story, words, out)
    begun = time.monotonic()
    if memory:
        played = run(play(story, InMemory(policy), teller.checked))
        name = None
    else:
        given = prefix or settings.prefix
        name = checked_prefix(given) if given else _fresh(which)
        played = _on_broker(settings, name, which, story, teller)
    seconds = time.monotonic() - begun
    if as_json:
        typer.echo(_json(which, played, name, seconds))
    else:
        teller.end(played, name, seconds)
    raise typer.Exit(1 if played.faults else 0)


def scripted(letter: str) -> Scripted:
    """The day of a letter.

    Raises:
        ConfigurationError: there is none.
    """
    from agents.stories import BY_LETTER

    found = BY_LETTER.get(letter.upper())
    if found is None:
        raise ConfigurationError(f"{letter}: got no story, wanted one of {', '.join(BY_LETTER)}")
    return found


def _fresh(which: Scripted) -> str:
    return f"story-{which.letter.lower()}-{datetime.now(UTC):%m%d-%H%M%S}."


def _on_broker(
    settings: Settings, prefix: str, which: Scripted, story: Story, teller: _Teller
) -> Played:
    """Play it in a city of its own; a broker that was started for it stops with it."""
    from agents import broker
    from agents.settings import load_settings

    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    own = {"prefix": prefix, "time": "event", "data_dir": settings.data_dir.absolute()}
    played_in = load_settings(**{**given, **own})
    here = None
    if settings.broker is None:
        here = broker.start(played_in, teller.note, die_with_parent=True)
    try:
        bootstrap = broker.bootstrap_servers(played_in)
        return run(_play(played_in, bootstrap, which, story, teller))
    finally:
        if here is not None and here.started_now:
            broker.stop(played_in)


async def _play(
    settings: Settings, bootstrap: str, which: Scripted, story: Story, teller: _Teller
) -> Played:
    from agents.stories.onstage import city_on_broker
    from agents.stories.play import play

    teller.note(teller.words.say("story_stages", prefix=settings.prefix))
    code = story.policy.areas.city
    async with city_on_broker(settings, bootstrap, which.name, story.begins, code) as theatre:
        return await play(story, theatre, teller.checked)


class _Teller:
    """Prints a day as it is played: each minute's acts once, and what was checked."""

    def __init__(self, story: Story, words: Wording, out: Console) -> None:
        from agents.stories.telling import moments

        self.words = words
        self._out = out
        self._moments = moments(story, words.lang)

    def note(self, text: str) -> None:
        """A remark beside the story."""
        from rich.text import Text

        self._out.print(Text(text, style="dim"))

    def checked(self, checked: Checked) -> None:
        """One thing has been checked; what happened up to then is told first."""
        from rich.text import Text

        self._tell_until(checked.minutes)
        if checked.fault is None:
            self._out.print(Text(f"{'':12}✓ {checked.told}", style="dim"))
            return
        self._out.print(Text(f"{'':12}✗ {checked.told}", style="bold red"))
        self._out.print(Text(f"{'':14}{checked.fault}", style="red"))

    def _tell_until(self, minutes: float) -> None:
        from rich.text import Text

        from agents.stories.expected import minute

        while self._moments and self._moments[0].minutes <= minutes:
            moment = self._moments.pop(0)
            for nth, (who, what) in enumerate(moment.happens):
                when = minute(moment.minutes) if nth == 0 else ""
                line = Text(f"{when:<12}")
                line.append(who, "bold")
                line.append(f"  {what}")
                self._out.print(line)

    def end(self, played: Played, prefix: str | None, seconds: float) -> None:
        """The verdict."""
        from rich.text import Text

        self._tell_until(float("inf"))
        told = "story_faults" if played.faults else "story_holds"
        verdict = self.words.say(
            told, count=len(played.checked), faults=len(played.faults), seconds=seconds
        )
        self._out.print(Text(verdict, style="bold red" if played.faults else "bold"))
        if prefix is not None:
            self.note(self.words.say("story_prefix", prefix=prefix))


def _json(which: Scripted, played: Played, prefix: str | None, seconds: float) -> str:
    import orjson

    return orjson.dumps(
        {
            "story": which.letter,
            "checked": len(played.checked),
            "faults": [
                {"minutes": each.minutes, "wanted": each.told, "fault": each.fault}
                for each in played.faults
            ],
            "prefix": prefix,
            "seconds": round(seconds, 2),
        }
    ).decode()
