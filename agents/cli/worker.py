"""``chengyun worker STAGE``: one stage as a process of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agents.runtime.observe import Observer
    from agents.runtime.stage import Stage
    from agents.settings import Settings
    from schemas.errors import ChengyunError
    from streams.program import Program
    from streams.topics import Sizing

log = logging.getLogger(__name__)

STAGES = ("intake", "sensing", "street", "district", "city")

app = typer.Typer(rich_markup_mode=None, help="Run one stage, for production.")


def program_of(stage: str, settings: Settings, sizing: Sizing) -> Program:
    """The stage's decisions under the city's policy, in the settings' mode of time.

    Raises:
        PolicyError: the policy cannot be used.
    """
    from agents import policy_files
    from streams import eventtime

    policy = policy_files.load(settings.policy_dir)
    program: Program = import_module(f"streams.{stage}").program(policy)
    log.info("stage %s decides by policy %s", stage, policy.version)
    if settings.time == "event":
        return eventtime.event(program, sizing)
    return eventtime.wall(program, sizing, tick_s=max(1.0, settings.speed))


def build(
    stage: str,
    settings: Settings,
    observer: Observer,
    ended: Callable[[ChengyunError], None],
    sizing: Sizing,
) -> Stage:
    """The stage with its Faust agent, ready to be run."""
    from agents.broker import bootstrap_servers
    from agents.runtime.clock import Clock
    from agents.runtime.options import StageOptions
    from agents.runtime.stage import Stage

    built = Stage(
        program_of(stage, settings, sizing),
        StageOptions.of(settings, stage, bootstrap_servers(settings)),
        clock=Clock.of(settings),
        observer=observer,
        ended=ended,
    )
    import_module(f"agents.{stage}").attach(built)
    return built


def _sizing(settings: Settings) -> Sizing:
    """How wide the stages are on the cluster.

    Raises:
        ConfigurationError: the cluster does not answer.
    """
    import asyncio

    from aiokafka.errors import KafkaError

    from agents import topic_admin
    from agents.broker import bootstrap_servers
    from agents.runtime.widths import sizing_of
    from agents.settings import client_options
    from schemas.errors import ConfigurationError

    client = client_options(settings, bootstrap_servers(settings))
    planned = topic_admin.sizing(settings, embedded=settings.embedded)
    try:
        return asyncio.run(sizing_of(client, settings.prefix, planned))
    except (KafkaError, OSError) as error:
        raise ConfigurationError(
            f"The cluster at {client['bootstrap_servers']} does not answer: {error!r}. Operator "
            f"action: start it, or name another with CHENGYUN_BROKER."
        ) from error


@app.command()
def worker(
    stage: Annotated[str, typer.Argument(help="intake, sensing, street, district or city.")],
    instance: Annotated[
        str | None,
        typer.Option(help="Static membership: a name that this worker keeps across restarts."),
    ] = None,
    prefix: Annotated[
        str | None, typer.Option(help="Stands before every topic, group and transactional id.")
    ] = None,
) -> None:
    """Run one stage until SIGTERM or Ctrl-C; it stops in under three seconds.

    Exit code 0: stopped as asked; 2: refused to start; 70: the stage cannot go on, the
    last line of the log says why; 75: it was stuck, start it again.
    """
    if stage not in STAGES:
        raise typer.BadParameter(f"got {stage}, wanted one of {', '.join(STAGES)}")
    from agents.health import HealthServer
    from agents.logs import configure_logs
    from agents.metrics import Metrics
    from agents.runtime.worker import run_stage
    from agents.settings import load_settings, require_safe

    settings = load_settings(instance_id=instance, prefix=prefix)
    configure_logs(settings, stage)
    require_safe(settings)
    metrics = Metrics(stage, speed=settings.speed, event_time=settings.time == "event")
    health = HealthServer(
        metrics.condition,
        metrics.registry,
        settings.metrics_host,
        settings.metrics_port,
        settings.metrics_file,
    )
    log.info("metrics at http://%s/metrics", health.start())
    sizing = _sizing(settings)
    run_stage(lambda ended: build(stage, settings, metrics, ended, sizing), last=health.stop)
