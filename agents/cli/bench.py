"""``chengyun bench``: what this machine does with the backbone."""

from __future__ import annotations

import json
import logging
import random
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from agents.cli.options import DataDir, group

if TYPE_CHECKING:
    from agents.bench.runtime import Plan

app = group("Measure this machine.")
runtime = typer.Typer(
    rich_markup_mode=None, help="Throughput, delay, restore and recovery of one stage."
)
app.add_typer(runtime, name="runtime")

GOALS = {
    "per_second": "≥ 100,000",
    "cpu": "≤ 9",
    "restore": "≤ 6",
    "recovery": "≤ 3",
}
DELAY_GOALS = {"2000": "≤ 70", "5000": "≤ 100"}


@app.command()
def deadlines(
    cases: Annotated[int, typer.Option(min=1, help="Open incidents.")] = 100_000,
    rate: Annotated[int, typer.Option(min=1, help="Deadlines a second, steady phases.")] = 100,
    seconds: Annotated[float, typer.Option(help="How long each steady phase lasts, s.")] = 20.0,
    burst: Annotated[int, typer.Option(min=0, help="Deadlines at one moment.")] = 10_000,
    workers: Annotated[int, typer.Option(min=1, help="Workers of the street stage.")] = 2,
    partitions: Annotated[int, typer.Option(min=1, help="Lanes of the street stage.")] = 8,
    seed: Annotated[int, typer.Option(help="The same seed spreads the cases alike.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line last.")] = False,
) -> None:
    """Whether each deadline of a large city speaks once and in time, also when workers die.

    From the deadline to the committed lift one tier up, as a reader of the audit sees it.
    Runs on a broker of its own in a temporary directory, or on CHENGYUN_BROKER.
    """
    import asyncio

    from agents import broker
    from agents.bench.deadlines import Bench, Plan
    from agents.bench.machine import describe
    from agents.settings import load_settings

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    plan = Plan(cases, rate, seconds, burst, workers, partitions, seed)
    named = load_settings()
    home = Path(tempfile.mkdtemp(prefix="chengyun-bench-"))
    width = {
        "partitions": partitions,
        "prefix": f"bench{random.SystemRandom().getrandbits(32):08x}.",
    }
    settings = load_settings(**width) if named.broker else load_settings(data_dir=home, **width)
    machine = describe()
    typer.echo(_machine(machine))
    try:
        bootstrap = broker.ensure_broker(settings, typer.echo)
        found = asyncio.run(Bench(settings, bootstrap, plan, home, typer.echo).run())
    finally:
        if not named.broker:
            broker.stop(settings)
        shutil.rmtree(home, ignore_errors=True)
    _tell_deadlines(found, plan.rate)
    if as_json:
        typer.echo(json.dumps({"machine": machine, "figures": found}))


@app.command()
def codec(
    runs: Annotated[int, typer.Option(min=1, help="Repetitions, for median and spread.")] = 5,
    messages: Annotated[int, typer.Option(min=1, help="Messages a repetition.")] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line last.")] = False,
) -> None:
    """Reading and writing the messages of the contract, microseconds of processor time."""
    from agents.bench.codec import measure as measure_codec
    from agents.bench.machine import describe

    machine = describe()
    typer.echo(_machine(machine))
    found = measure_codec(runs, messages)
    typer.echo(f"{'message':<16} {'bytes':>6}   {'read µs (min to max)':<24} write µs (min to max)")
    for line in found:
        read, write = (
            f"{cost['median']:.1f} ({cost['min']:.1f} to {cost['max']:.1f})"
            for cost in (line["read_us"], line["write_us"])
        )
        typer.echo(f"{line['message']:<16} {line['bytes']:>6}   {read:<24} {write}")
    if as_json:
        typer.echo(json.dumps({"machine": machine, "figures": found}))


@app.command()
def stages(
    runs: Annotated[int, typer.Option(min=1, help="Repetitions, for median and spread.")] = 3,
    hours: Annotated[float, typer.Option(min=0.1, help="Of the made-up city's life.")] = 48.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same city.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line last.")] = False,
) -> None:
    """What intake, sensing and street cost a record: the engine alone, in process.

    Processor time to decode, decide, encode and remember, without a broker.
    """
    from agents.bench.machine import describe
    from agents.bench.stages import measure as measure_stages

    machine = describe()
    typer.echo(_machine(machine))
    typer.echo(f"{'stage':<28} {'records':>8}   {'µs a record':<22} {'records/s':<28} goal")
    found = measure_stages(runs, hours, seed)
    for line in found:
        cost, rate = _of(line["us"], ".1f"), _of(line["per_second"], ",.0f")
        typer.echo(
            f"{line['stage']:<28} {line['records']:>8,}   {cost:<22} {rate:<28} {line['goal']}"
        )
    for line in found:
        if line["bytes"] is not None:
            kept = _of(line["bytes"], ",.0f")
            typer.echo(f"{line['stage']}: {kept} bytes kept of each property of a device")
    if as_json:
        typer.echo(json.dumps({"machine": machine, "figures": found}))


@app.command()
def why(
    alert_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="An alert; default the newest.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Repetitions of each command.")] = 20,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line last.")] = False,
) -> None:
    """How long a person waits for `why`, for help, and for the answer to a typing error.

    Whole commands by the clock, from start to end. Asks the city of --data-dir, which may be
    running; without it an ended city of one alert, made for this.
    """
    from agents.bench import answers
    from agents.bench.machine import describe

    machine = describe()
    typer.echo(_machine(machine))
    with tempfile.TemporaryDirectory(prefix="chengyun-bench-") as home:
        place = data_dir or Path(home)
        known = answers.made_up_city(place) if data_dir is None else answers.newest_of(place)
        lines = answers.lines_for(alert_id or known, ("--data-dir", str(place)), Path(home))
        found = answers.measure(lines, runs)
    typer.echo(f"\n{'chengyun …':<52} {'ms, median (min to max)':<26} {'p90':>5}  goal")
    for line in found:
        words = line["words"].replace(f" --data-dir {place}", "").replace(f"{home}/", "")
        goal = "" if line["goal_ms"] is None else f"≤ {line['goal_ms']:g}"
        wrong = f"  {line['failed']} ENDED OTHERWISE" if line["failed"] else ""
        typer.echo(
            f"{words:<52} {_of(line['ms'], '.0f'):<26} {line['p90_ms']:>5.0f}  {goal}{wrong}"
        )
    if as_json:
        typer.echo(json.dumps({"machine": machine, "figures": found}))


@runtime.callback(invoke_without_command=True)
def measure(
    context: typer.Context,
    records: Annotated[int, typer.Option(min=1, help="Events of the backlog.")] = 1_000_000,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of each topic.")] = 8,
    runs: Annotated[int, typer.Option(min=1, help="Repetitions.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed makes the same events.")] = 1,
    rates: Annotated[str, typer.Option(help="Rates to measure delay at.")] = "2000,5000",
    rate_seconds: Annotated[float, typer.Option(help="How long at each rate, s.")] = 20.0,
    restore_keys: Annotated[int, typer.Option(min=0, help="Keys to restore.")] = 1_000_000,
    kills: Annotated[int, typer.Option(min=0, help="Kills to recover from.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line last.")] = False,
) -> None:
    """Measure one exactly-once stage on the comparison job, under one setting throughout.

    Runs on a broker of its own in a temporary directory, or on CHENGYUN_BROKER.
    """
    import asyncio

    if context.invoked_subcommand is not None:
        return
    from agents import broker
    from agents.bench.machine import describe
    from agents.bench.runtime import Bench, Plan
    from agents.settings import load_settings

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    wanted = tuple(int(rate) for rate in rates.split(",") if rate)
    plan = Plan(records, partitions, runs, seed, wanted, rate_seconds, restore_keys, kills)
    named = load_settings()
    home = Path(tempfile.mkdtemp(prefix="chengyun-bench-"))
    settings = named if named.broker else load_settings(data_dir=home)
    machine = describe()
    typer.echo(_machine(machine))
    try:
        bootstrap = broker.ensure_broker(settings, typer.echo)
        bench = Bench({"bootstrap_servers": bootstrap}, plan, {}, typer.echo)
        found = asyncio.run(bench.run())
    finally:
        if not named.broker:
            broker.stop(settings)
        shutil.rmtree(home, ignore_errors=True)
    _tell(found, plan)
    if as_json:
        typer.echo(json.dumps({"machine": machine, "figures": found}))


@runtime.command()
def contestant(
    source: Annotated[
        str, typer.Option(envvar="CHENGYUN_BENCH_SOURCE", help="Topic to read.")
    ] = "bench.in",
    target: Annotated[
        str, typer.Option(envvar="CHENGYUN_BENCH_TARGET", help="Topic to write.")
    ] = "bench.out",
    group: Annotated[
        str, typer.Option(envvar="CHENGYUN_BENCH_GROUP", help="Consumer group and stage name.")
    ] = "bench",
    guarantee: Annotated[
        Literal["exactly_once", "at_least_once"],
        typer.Option(envvar="CHENGYUN_BENCH_GUARANTEE", help="Transactions, or none."),
    ] = "exactly_once",
    until: Annotated[
        int, typer.Option(envvar="CHENGYUN_BENCH_UNTIL", help="End after so many records.")
    ] = 0,
    instance: Annotated[
        str | None,
        typer.Option(envvar="CHENGYUN_BENCH_INSTANCE", help="Static membership under a name."),
    ] = None,
) -> None:
    """Run the job on given topics, beside other engines; ends with one JSON line.

    It needs the state topic chengyun.GROUP.state.v1 (compacted) and
    chengyun.dead-letters.v1, with as many partitions as the source; `prepare` makes them.
    Chunk limits, linger and time-outs are settings: CHENGYUN_CHUNK_RECORDS,
    CHENGYUN_CHUNK_STEP_MS, CHENGYUN_LINGER_MS, CHENGYUN_SESSION_TIMEOUT_MS.
    """
    from agents.bench.contestant import Task, compete
    from agents.broker import bootstrap_servers
    from agents.settings import load_settings

    settings = load_settings()
    logging.basicConfig(level=logging.WARNING)
    bootstrap = bootstrap_servers(settings)
    compete(Task(group, source, target, bootstrap, settings.prefix, instance, until, guarantee))


@runtime.command()
def prepare(
    source: Annotated[
        str, typer.Option(envvar="CHENGYUN_BENCH_SOURCE", help="Topic to fill.")
    ] = "bench.in",
    target: Annotated[
        str, typer.Option(envvar="CHENGYUN_BENCH_TARGET", help="Topic for the outputs.")
    ] = "bench.out",
    group: Annotated[
        str, typer.Option(envvar="CHENGYUN_BENCH_GROUP", help="Consumer group and stage name.")
    ] = "bench",
    records: Annotated[int, typer.Option(min=0, help="Events to write.")] = 1_000_000,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of each topic.")] = 8,
    seed: Annotated[int, typer.Option(help="The same seed makes the same events.")] = 1,
) -> None:
    """Make the topics of the job and fill the source with its seeded events."""
    import asyncio

    from agents.bench.cluster import fill, make_topics
    from agents.bench.job import events
    from agents.broker import bootstrap_servers
    from agents.settings import client_options, load_settings

    settings = load_settings()
    client = client_options(settings, bootstrap_servers(settings))
    prefix = settings.prefix

    async def make() -> int:
        await make_topics(
            client,
            [prefix + source, prefix + target],
            partitions,
            [f"{prefix}chengyun.{group}.state.v1"],
            large=[f"{prefix}chengyun.dead-letters.v1"],
        )
        return await fill(client, prefix + source, partitions, events(records, seed))

    typer.echo(f"{asyncio.run(make()):,} events in {prefix + source}")


def _machine(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"Python {machine['python']}, {machine['system']}, load {machine['load_before']}\n"
        f"{versions}"
    )


def _tell(found: dict[str, Any], plan: Plan) -> None:
    """The figures beside their goals."""
    backlog = found["backlog"]
    rows = [
        ("events/s on a backlog", _of(backlog["per_second"], ",.0f"), GOALS["per_second"]),
        ("CPU s per million events", _of(backlog["cpu_s_per_million"], ".2f"), GOALS["cpu"]),
        ("outputs or dead letters wrong", str(backlog["wrong"]), "0"),
    ]
    for rate, figures in found["rates"].items():
        goal = DELAY_GOALS.get(rate, "")
        delay = f"{figures['p50_ms']} / {figures['p99_ms']}"
        rows.append((f"delay p50 / p99 at {int(rate):,}/s, ms", delay, goal))
    if "restore" in found:
        keys = f"restore of {plan.restore_keys:,} keys, s"
        rows.append((keys, _of(found["restore"]["seconds"], ".2f"), GOALS["restore"]))
    if "recovery" in found:
        seconds = _of(found["recovery"]["seconds"], ".2f")
        rows.append(("first output after kill -9, s", seconds, GOALS["recovery"]))
    typer.echo("")
    for what, figure, goal in rows:
        typer.echo(f"{what:<34}{figure:<34}goal {goal}")


def _tell_deadlines(found: dict[str, Any], rate: int) -> None:
    """The figures beside their goals."""
    wrong = found["missing"] + found["doubled"] + found["early"] + found["unasked"]
    rows = [("deadlines missing, doubled, early", str(wrong), "0")]
    names = {
        "steady": (f"{rate} a second, late p50 / p99 / max, s", "p99 ≤ 1"),
        "burst": (f"{found['burst']['deadlines']:,} at once, drained in, s", "≤ 5"),
        "killed": ("the same rate, a worker killed and back", ""),
        "lost": ("the same rate, a worker lost for good", ""),
    }
    for phase, (what, goal) in names.items():
        late = found.get(phase)
        if late is not None:
            figure = f"{late['p50_s']} / {late['p99_s']} / {late['max_s']}"
            rows.append((what, f"{late['max_s']}" if phase == "burst" else figure, goal))
    rows.append(("killed worker ready again after, s", f"{found['restart_s']}", "≤ 3"))
    typer.echo("")
    for what, figure, goal in rows:
        typer.echo(f"{what:<44}{figure:<24}{'goal ' + goal if goal else ''}".rstrip())


def _of(figures: dict[str, float], form: str) -> str:
    """Median, and the span of the runs."""
    low, high = format(figures["min"], form), format(figures["max"], form)
    return f"{format(figures['median'], form)} ({low} to {high})"
