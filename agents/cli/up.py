"""``chengyun up``: the whole city on this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from agents.cli.desk import console, one_of, parse_since, quiet_libraries, words_for
from agents.cli.options import AsJson, DataDir, Language, Plain
from agents.cli.wording import Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio

    from rich.text import Text

    from agents.replay.api import Prepared
    from agents.settings import Settings
    from agents.up.city import CityRecord
    from agents.up.run import Feeding
    from agents.up.summary import Summary
    from streams.policy import Policy

app = typer.Typer(rich_markup_mode=None)

EXIT_FAILED = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    replay: tuple[str, Path] | None
    speed: str | None
    seed: int | None
    day: str
    run_s: float | None
    until_done: bool
    as_json: bool
    plain: bool
    keep_broker: bool
    keep_runs: int


@app.command()
def up(
    replay: Annotated[
        tuple[str, Path] | None,
        typer.Option(
            "--replay", metavar="DATASET PATH", help="Real events: boston311, … and where."
        ),
    ] = None,
    run_for: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="End by itself after 60s, 5m, 1h.")
    ] = None,
    until_done: Annotated[
        bool, typer.Option("--until-done", help="End when every tier has all of a replay.")
    ] = False,
    speed: Annotated[
        str | None,
        typer.Option("--speed", help="City seconds per real second; max for a replay (default)."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the made-up city.")] = None,
    day: Annotated[
        str, typer.Option("--day", help="Of the made-up city: stories, normal or storm.")
    ] = "stories",
    prefix: Annotated[
        str | None, typer.Option("--prefix", help="Go on with this city; default a new one.")
    ] = None,
    keep_broker: Annotated[
        bool, typer.Option("--keep-broker", help="Leave the broker running at the end.")
    ] = False,
    keep_runs: Annotated[
        int, typer.Option("--keep-runs", help="Earlier cities to keep on the machine.", min=0)
    ] = 1,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole city on this machine and watch it: broker, five stages, events, board.

    Without options a made-up city of twenty districts lives at a multiple of real time.
    Ctrl-C ends everything in order; a second one hurries. With --json the last line of
    the output is the summary; a broker that was started for it then stays, so that the
    topics can be read, until `chengyun broker stop`.
    """
    from agents.settings import load_settings
    from agents.up.plan import checked_prefix, fresh_prefix

    if until_done and replay is None:
        raise ConfigurationError("--until-done is about a replay: wanted --replay DATASET PATH too")
    run_s = parse_since(run_for).total_seconds() if run_for is not None else None
    one_of("--day", day, ("stories", "normal", "storm"))
    wish = Wish(replay, speed, seed, day, run_s, until_done, as_json, plain, keep_broker, keep_runs)
    quiet_libraries()
    settings = load_settings(lang=lang, data_dir=data_dir)
    name = prefix if prefix is not None else settings.prefix
    resumed = bool(name)
    name = checked_prefix(name) if name else fresh_prefix(datetime.now(settings.zone))
    settings = _with(settings, prefix=name, data_dir=settings.data_dir.absolute())
    raise typer.Exit(_City(wish, settings, resumed).run())


def _with(settings: Settings, **more: Any) -> Settings:
    """The settings with some of them set anew, checked as if they had been given so."""
    from agents.settings import load_settings

    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return load_settings(**{**given, **more})


class _City:
    """Everything around a run: the broker before it, the summary and the broker after it."""

    def __init__(self, wish: Wish, settings: Settings, resumed: bool) -> None:
        self.wish = wish
        self.settings = settings
        self.resumed = resumed
        self.words: Wording = words_for(settings)
        # With --json only the summary goes to stdout.
        self.out = console(wish.plain, err=wish.as_json)
        self.prepared: Prepared | None = None
        self.seed: int | None = None

    def run(self) -> int:
        """Run the city; answers the exit code."""
        import orjson

        from agents import broker

        started = False
        summary: Summary | None = None
        try:
            bootstrap, started = self._broker()
            self._clear_away(bootstrap)
            feeding, source = self._prepare()
            summary = self._run(bootstrap, feeding, source)
            self._tell(summary, started)
        except KeyboardInterrupt:
            self._say("up_hurry")
            return 130
        finally:
            if started and not self._leaves_broker(summary):
                broker.stop(self.settings)
        if self.wish.as_json:
            sys.stdout.write(orjson.dumps(summary.as_dict()).decode() + "\n")
        return EXIT_FAILED if summary.ended == "failed" else 0

    def _leaves_broker(self, summary: Summary | None) -> bool:
        if self.wish.keep_broker:
            return True
        return self.wish.as_json and summary is not None and summary.ended in ("time", "done")

    def _say(self, text: str, /, **values: object) -> None:
        self.out.print(self.words.say(text, **values))

    def _broker(self) -> tuple[str, bool]:
        """Where the broker listens, and whether it was started for this run."""
        from agents import broker

        if self.settings.broker is not None:
            self._say("up_broker_found", bootstrap=self.settings.broker)
            return self.settings.broker, False
        begun = time.monotonic()
        self._say("up_broker")
        stays = self.wish.keep_broker or self.wish.as_json
        here = broker.start(self.settings, self.out.print, die_with_parent=not stays)
        assert here.bootstrap is not None
        if not here.started_now:
            self._say("up_broker_found", bootstrap=here.bootstrap)
        else:
            seconds = time.monotonic() - begun
            self._say("up_broker_started", bootstrap=here.bootstrap, seconds=seconds)
        return here.bootstrap, here.started_now

    def _clear_away(self, bootstrap: str) -> None:
        """Make room on the embedded broker: earlier cities that nobody has named."""
        import asyncio

        from agents.up.old_runs import clear_away, outlived

        keep = self.wish.keep_runs
        old = outlived(self.settings.data_dir, keep) if self.settings.embedded else []
        old = [city for city in old if city.prefix != self.settings.prefix]
        if old:
            asyncio.run(clear_away(self.settings, bootstrap, old))
            self._say("up_cleared", count=len(old), keep=keep)

    # --- what feeds it

    def _prepare(self) -> tuple[Feeding, str]:
        if self.wish.replay is not None:
            return self._prepare_replay(*self.wish.replay)
        return self._prepare_made_up()

    def _prepare_replay(self, dataset: str, path: Path) -> tuple[Feeding, str]:
        from agents.cli.replay import pace
        from agents.replay import api
        from agents.up.plan import run_home

        begun = time.monotonic()
        self._say("up_prepare", dataset=dataset)
        workdir = run_home(self.settings.data_dir, self.settings.prefix) / "replay"
        prepared = self.prepared = api.prepare(dataset, path, workdir)
        self.settings = _with(
            self.settings,
            policy_dir=prepared.policy_dir or self.settings.policy_dir,
            time=prepared.time_mode,
            timezone=prepared.zone,
        )
        self.words = words_for(self.settings)
        self._say(
            "up_prepared",
            dataset=dataset,
            rows=prepared.rows,
            begins=self.words.time_with_year(prepared.begins),
            ends=self.words.time_with_year(prepared.ends),
            seconds=time.monotonic() - begun,
        )
        speed = pace(self.wish.speed or "max")
        told = self.words.say("speed_max") if speed is None else f"{speed:g}×"
        settings = self.settings

        async def feeding(progress: Callable[[Any], None], stop: asyncio.Event) -> Any:
            return await api.feed(prepared, settings, speed=speed, progress=progress, stop=stop)

        return feeding, self.words.say("source_replay", dataset=dataset, speed=told)

    def _prepare_made_up(self) -> tuple[Feeding, str]:
        from agents.simulate import api
        from agents.up.city import read_city
        from agents.up.plan import run_home

        place = run_home(self.settings.data_dir, self.settings.prefix)
        last = read_city(place) if self.resumed else None
        seed = self.wish.seed if self.wish.seed is not None else api.DEFAULT_SEED
        if last is not None and last.seed is not None:
            seed = last.seed  # a city goes on as what it is
        speed = self._made_up_speed(api.DEFAULT_SPEED, last)
        origin, lived = api.ORIGIN, timedelta(0)
        if last is not None and last.city_origin is not None:
            origin, stood = last.city_origin, last.now()
            lived = stood - origin if stood is not None else lived
        self.seed = seed
        self.settings = _with(
            self.settings,
            time="wall",
            speed=speed,
            # The clock goes on from where it stood: nothing fell due while nobody ran.
            clock_real_origin=datetime.now(UTC) - lived / speed,
            clock_simulated_origin=origin,
        )
        settings = self.settings

        async def feeding(progress: Callable[[Any], None], stop: asyncio.Event) -> Any:
            return await api.feed_city(
                settings,
                seed=seed,
                speed=speed,
                day=cast("api.Day", self.wish.day),
                progress=progress,
                stop=stop,
            )

        return feeding, self.words.say("source_simulated", seed=seed, speed=f"{speed:g}")

    def _made_up_speed(self, default: float, last: CityRecord | None) -> float:
        if self.wish.speed is not None:
            from agents.cli.replay import pace

            speed = pace(self.wish.speed)
            if speed is None:
                raise ConfigurationError(
                    "--speed max: a made-up city lives by the clock, wanted a number"
                )
            return speed
        if "speed" in self.settings.model_fields_set:
            return self.settings.speed
        return last.speed if last is not None else default

    # --- the run and its end

    def _run(self, bootstrap: str, feeding: Feeding, source: str) -> Summary:
        import asyncio

        from agents.policy_files import load
        from agents.topic_admin import sizing
        from agents.up.board import Board, Lines
        from agents.up.city import CityRecord
        from agents.up.plan import Plan
        from agents.up.run import Run
        from agents.up.telling import Teller

        settings = self.settings
        policy: Policy = load(settings.policy_dir)
        embedded = settings.embedded
        self.words = self.words.naming(policy)
        plan = Plan(
            settings=settings,
            bootstrap=bootstrap,
            embedded=embedded,
            sizing=sizing(settings, embedded=embedded),
            source=source,
            begins=self.prepared.begins if self.prepared is not None else None,
            until=self.prepared.ends if self.prepared is not None else None,
            run_s=self.wish.run_s,
            until_done=self.wish.until_done,
        )
        now = datetime.now(UTC)
        record = CityRecord(
            prefix=settings.prefix,
            bootstrap=bootstrap,
            embedded=embedded,
            timezone=settings.timezone,
            policy_dir=settings.policy_dir,
            time=settings.time,
            real_origin=settings.clock_real_origin,
            city_origin=settings.clock_simulated_origin,
            speed=settings.speed,
            seed=self.seed,
            pid=os.getpid(),
            started_at=now,
            seen_at=now,
        )
        live = self.out.is_terminal and not self.wish.plain and not self.wish.as_json
        view = Board(self.out, self.words, source) if live else Lines(self.out, self.words)

        async def go() -> Summary:
            tell = Teller(plan, self.words, view)
            return await Run(plan, tell, record, feeding, policy.areas.tier_of).go()

        try:
            return asyncio.run(go())
        finally:
            view.close()

    def _tell(self, summary: Summary, started_broker: bool) -> None:
        from agents.up.summary import render

        summary.resumed = self.resumed
        summary.unfinished = self.prepared is not None and summary.drained_s is None
        summary.broker_runs = not started_broker or self._leaves_broker(summary)
        if summary.message is not None:
            self.out.print(summary.message, style="red")
        account = self._account(summary)
        self.out.print()
        self.out.print(render(summary, self.words), soft_wrap=False)
        if account is not None:
            self.out.print()
            self.out.print(account, soft_wrap=False)

    def _account(self, summary: Summary) -> Text | None:
        """The account of a replay, once its last row has been fed."""
        import asyncio

        from agents.replay import api

        if self.prepared is None or summary.drained_s is None:
            return None
        account = asyncio.run(api.account(self.prepared, self.settings))
        summary.account = account.as_dict()
        return account.table()
