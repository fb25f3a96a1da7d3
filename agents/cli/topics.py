"""``chengyun topics apply|check|export``: the topic table and the cluster."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
import yaml

from agents.cli.options import group

if TYPE_CHECKING:
    from agents.settings import Settings
    from agents.topic_admin import Difference, Spec

app = group("Create, check or print the topics.")

Prefix = Annotated[str | None, typer.Option(help="Stands before every topic's name.")]
Partitions = Annotated[int | None, typer.Option(help="Partitions of each keyed stage.")]
Replication = Annotated[int | None, typer.Option(help="Copies of each partition.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON line for scripts.")]
Form = Literal["json", "yaml", "strimzi"]


@app.command()
def apply(
    prefix: Prefix = None,
    partitions: Partitions = None,
    replication: Replication = None,
    as_json: AsJson = False,
) -> None:
    """Create what is missing and raise what is too small; exit code 1 if a person is wanted."""
    import asyncio

    from agents import topic_admin
    from agents.broker import bootstrap_servers
    from agents.settings import load_settings

    settings = load_settings(prefix=prefix, partitions=partitions, replication=replication)
    differences = asyncio.run(topic_admin.apply(settings, bootstrap_servers(settings)))
    _tell(settings, differences, as_json)


@app.command()
def check(
    prefix: Prefix = None,
    partitions: Partitions = None,
    replication: Replication = None,
    as_json: AsJson = False,
) -> None:
    """Tell what differs from the table, change nothing; exit code 1 if anything does."""
    import asyncio

    from agents import topic_admin
    from agents.broker import bootstrap_servers
    from agents.settings import load_settings

    settings = load_settings(prefix=prefix, partitions=partitions, replication=replication)
    differences = asyncio.run(topic_admin.check(settings, bootstrap_servers(settings)))
    _tell(settings, differences, as_json)


@app.command()
def export(
    form: Annotated[
        Form, typer.Option("--format", help="json, yaml, or strimzi for KafkaTopic resources.")
    ] = "yaml",
    prefix: Prefix = None,
    partitions: Partitions = None,
    replication: Replication = None,
    cluster: Annotated[
        str, typer.Option(help="Name of the Strimzi cluster, for --format strimzi.")
    ] = "chengyun",
) -> None:
    """Print the topics as a real cluster should have them, for other tools; asks none."""
    from agents import topic_admin
    from agents.settings import load_settings

    settings = load_settings(prefix=prefix, partitions=partitions, replication=replication)
    specs = topic_admin.wanted_topics(settings, embedded=False)
    typer.echo(render(specs, form, cluster), nl=False)


def render(specs: tuple[Spec, ...], form: Form, cluster: str) -> str:
    """The topics as text in one of three forms."""
    if form == "strimzi":
        return yaml.safe_dump_all([_strimzi(spec, cluster) for spec in specs], sort_keys=False)
    plain = [{**asdict(spec), "configs": dict(spec.configs)} for spec in specs]
    if form == "json":
        return json.dumps(plain, indent=2) + "\n"
    return yaml.safe_dump(plain, sort_keys=False)


def _strimzi(spec: Spec, cluster: str) -> dict[str, Any]:
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {
            "name": spec.name.lower().replace("_", "-"),
            "labels": {"strimzi.io/cluster": cluster},
        },
        "spec": {
            "topicName": spec.name,
            "partitions": spec.partitions,
            "replicas": spec.replication,
            "config": dict(spec.configs),
        },
    }


def _tell(settings: Settings, differences: list[Difference], as_json: bool) -> None:
    from agents import topic_admin

    count = len(topic_admin.wanted_topics(settings))
    left = [item for item in differences if not item.done]
    if as_json:
        typer.echo(
            json.dumps({"topics": count, "differences": [asdict(item) for item in differences]})
        )
    else:
        for line in table(differences):
            typer.echo(line)
        made = sum(1 for item in differences if item.done and item.remedy == "create")
        raised = sum(1 for item in differences if item.done and item.remedy == "raise")
        typer.echo(
            f"{count} topics: {made} created, {raised} settings raised, {len(left)} left to do"
        )
    raise typer.Exit(1 if left else 0)


def table(differences: list[Difference]) -> list[str]:
    """The differences in aligned columns; nothing when there are none."""
    if not differences:
        return []
    rows = [("topic", "what", "got", "wanted", "to do")]
    rows += [
        (item.topic, item.what, item.got, item.wanted, "done" if item.done else item.advice)
        for item in differences
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row[:4], widths, strict=True)), row[4]])
        for row in rows
    ]
