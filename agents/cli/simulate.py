"""``chengyun simulate``: let a made-up city happen."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated, cast

import typer

from agents.cli.desk import one_of
from agents.cli.replay import ProgressLine, pace, report_fed

if TYPE_CHECKING:
    from agents.replay.pour import Fed
    from agents.settings import Settings

app = typer.Typer(rich_markup_mode=None)


@app.command(
    help="Feed the events of a made-up city; stages that run apply them. The same seed gives "
    "the same events.\n\nIn wall mode the city keeps time with the workers' clock "
    "(CHENGYUN_SPEED and the clock origins; `chengyun up` sets them). In event mode "
    "(CHENGYUN_TIME=event) it runs at any speed."
)
def simulate(
    seed: Annotated[int | None, typer.Option(help="The city's luck; default 7.")] = None,
    speed: Annotated[
        str | None,
        typer.Option(
            help="Seconds of the city's life per real second; default the workers' own; "
            "max only in event mode."
        ),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0, help="End after so many hours of the city's life.")
    ] = None,
    day: Annotated[
        str,
        typer.Option(help="stories (scripted days in turn), normal, or storm: the worst day."),
    ] = "stories",
    prefix: Annotated[str | None, typer.Option(help="Stands before every topic's name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line for scripts.")] = False,
) -> None:
    """Feed until the hours are over or Ctrl-C; the same command goes on from there."""
    import asyncio

    from agents.settings import load_settings
    from agents.simulate import api

    one_of("--day", day, api.DAYS)
    seed = api.DEFAULT_SEED if seed is None else seed
    settings = load_settings(prefix=prefix)
    wanted = pace(speed) if speed is not None else settings.speed
    line = ProgressLine(quiet=as_json)
    fed = asyncio.run(_until_told(settings, seed, wanted, hours, day, line))
    line.end()
    report_fed(fed, as_json)


async def _until_told(
    settings: Settings,
    seed: int,
    speed: float | None,
    hours: float | None,
    day: str,
    line: ProgressLine,
) -> Fed:
    import asyncio

    from agents.simulate import api

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    return await api.feed_city(
        settings,
        seed=seed,
        speed=speed,
        hours=hours,
        day=cast(api.Day, day),
        progress=line,
        stop=stop,
    )
