"""Make the cluster's topics what `streams/topics.py` says, and tell what differs.

`apply` creates what is missing and raises what may safely be raised (a longer retention,
larger messages). It never deletes a topic, shortens a retention, widens or narrows a topic
or changes its cleanup: those move keys away from their state or lose what was kept, so a
person decides, and the report says what to do.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from agents.settings import Settings, client_options
from schemas.errors import ConfigurationError
from streams import topics
from streams.topics import Sizing, Topic

Remedy = Literal["create", "raise", "person"]

EMBEDDED_PARTITIONS = 4
_FOR_EVER = "-1"
_MOST_RETENTION_MS = 1 << 62
# Outsiders write these two, with clocks of their own: what was stamped years ago would be
# deleted at once. So the broker stamps them; the event's time is in its envelope anyway.
_STAMPED_BY_BROKER = (topics.INTAKE_REPORTS, topics.SENSING_READINGS)
# A changelog is read from end to end at each restore: small segments and an eager cleaner
# keep it near the size of the state.
_CHANGELOG = {"segment.bytes": str(64 << 20), "min.cleanable.dirty.ratio": "0.3"}
_ALREADY_EXISTS = 36


@dataclass(frozen=True, slots=True)
class Spec:
    """A topic as it should be on the cluster, under its physical name."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Present:
    """A topic as the cluster has it.

    ``configs`` has every effective value, ``explicit`` only what was set for the topic.
    """

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]
    explicit: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing about one topic that is not as wanted, and what to do about it."""

    topic: str
    what: str
    got: str
    wanted: str
    remedy: Remedy
    advice: str
    done: bool = False


def sizing(settings: Settings, *, embedded: bool) -> Sizing:
    """Partitions and copies for this installation: the settings over the table's own.

    On the embedded broker one copy is all there can be. What leaves the stages has one
    partition there: a transaction pays for each partition that it touches, and on one
    machine nobody reads the outboxes in parallel.
    """
    plan = dataclasses.replace(Sizing(), outbox=1) if embedded else Sizing()
    width = settings.partitions or (EMBEDDED_PARTITIONS if embedded else None)
    if width is not None:
        plan = dataclasses.replace(
            plan,
            intake=width,
            sensing=width,
            street=width,
            district=width,
            outbox=plan.outbox if embedded else width,
        )
    copies = settings.replication or (1 if embedded else plan.replication)
    return dataclasses.replace(
        plan, replication=copies, min_in_sync=min(plan.min_in_sync, max(1, copies - 1))
    )


def wanted_topics(
    settings: Settings, of: Iterable[Topic] = topics.ALL, *, embedded: bool | None = None
) -> tuple[Spec, ...]:
    """Every topic of the table as it should be on this installation's cluster.

    Args:
        embedded: size them for the embedded broker; None goes by the settings.
    """
    plan = sizing(settings, embedded=settings.embedded if embedded is None else embedded)
    return tuple(_spec(topic, plan, settings.physical(topic.name)) for topic in of)


def _spec(topic: Topic, plan: Sizing, name: str) -> Spec:
    kept = topic.retention
    configs = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": _FOR_EVER if kept is None else str(int(kept.total_seconds() * 1000)),
        "max.message.bytes": str(topic.max_message_bytes),
        "min.insync.replicas": str(plan.min_in_sync),
    }
    if topic.whole_for is not None:
        configs["min.compaction.lag.ms"] = str(int(topic.whole_for.total_seconds() * 1000))
    if topic in _STAMPED_BY_BROKER:
        configs["message.timestamp.type"] = "LogAppendTime"
    if topic in topics.STATES.values():
        configs |= _CHANGELOG
    return Spec(name, plan.partitions(topic.width), plan.replication, configs)


def compare(wanted: Iterable[Spec], present: Mapping[str, Present]) -> list[Difference]:
    """What differs between the table and the cluster; nothing when all is well."""
    found: list[Difference] = []
    for spec in wanted:
        there = present.get(spec.name)
        if there is None:
            found.append(
                Difference(spec.name, "topic", "missing", "present", "create", "topics apply")
            )
            continue
        if there.partitions != spec.partitions:
            found.append(_partitions_differ(spec, there))
        if there.replication < spec.replication:
            found.append(
                Difference(
                    spec.name,
                    "replication",
                    str(there.replication),
                    str(spec.replication),
                    "person",
                    "add copies with kafka-reassign-partitions",
                )
            )
        found += [
            _config_differs(spec.name, key, there.configs.get(key, "unset"), value)
            for key, value in spec.configs.items()
            if not _equal(key, there.configs.get(key), value)
        ]
    return found


def _partitions_differ(spec: Spec, there: Present) -> Difference:
    advice = (
        "topics never shrink: set CHENGYUN_PARTITIONS to what is there, or use a new prefix"
        if there.partitions > spec.partitions
        else "widening moves keys away from their state: replay into a new prefix"
    )
    return Difference(
        spec.name, "partitions", str(there.partitions), str(spec.partitions), "person", advice
    )


def _equal(key: str, got: str | None, wanted: str) -> bool:
    if got is None:
        return False
    if key == "max.message.bytes":
        return int(got) >= int(wanted)
    if key == "cleanup.policy":
        return sorted(got.replace(" ", "").split(",")) == sorted(wanted.split(","))
    if key == "min.cleanable.dirty.ratio":
        return float(got) == float(wanted)
    return got == wanted


def _config_differs(topic: str, key: str, got: str, wanted: str) -> Difference:
    if key == "retention.ms" and got != "unset" and _retention(got) > _retention(wanted):
        remedy: Remedy = "person"
        advice = "kept longer than asked for; shorten it by hand if that is meant"
    elif key == "cleanup.policy":
        remedy = "person"
        advice = f"kafka-configs --alter --topic {topic} --add-config {key}=[{wanted}]"
    else:
        remedy, advice = "raise", "topics apply"
    return Difference(topic, key, got, wanted, remedy, advice)


def _retention(value: str) -> int:
    return _MOST_RETENTION_MS if value == _FOR_EVER else int(value)


@asynccontextmanager
async def admin_client(
    settings: Settings, bootstrap: str | None = None
) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connection for looking after the cluster.

    Raises:
        ConfigurationError: nothing answers there, or it does not let us in.
    """
    options = client_options(settings, bootstrap)
    client = AIOKafkaAdminClient(
        client_id="chengyun-admin", request_timeout_ms=15_000, retry_backoff_ms=50, **options
    )
    try:
        await client.start()
    except (KafkaError, OSError) as error:
        await client.close()
        raise ConfigurationError(
            f"No broker answers at {options['bootstrap_servers']}: {error}. Operator action: "
            "check the address, TLS and SASL settings, or leave CHENGYUN_BROKER unset to use "
            "the embedded broker.",
            code="broker",
        ) from error
    try:
        yield client
    finally:
        await client.close()


async def read_present(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, Present]:
    """Those of the named topics that the cluster has, as they are."""
    wanted = set(names)
    described = [
        topic
        for topic in await admin.describe_topics()
        if topic["topic"] in wanted and not topic["error_code"]
    ]
    if not described:
        return {}
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic["topic"], configs=None)
        for topic in described
    ]
    configs: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
    for answer in await admin.describe_configs(resources):
        for resource in answer.to_object()["resources"]:
            configs[resource["resource_name"]] = _read_configs(resource)
    found: dict[str, Present] = {}
    for topic in described:
        name: str = topic["topic"]
        effective, explicit = configs.get(name, ({}, {}))
        parts = topic["partitions"]
        copies = min((len(part["replicas"]) for part in parts), default=0)
        found[name] = Present(name, len(parts), copies, effective, explicit)
    return found


def _read_configs(resource: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    effective: dict[str, str] = {}
    explicit: dict[str, str] = {}
    for entry in resource["config_entries"]:
        name, value = entry["config_names"], entry["config_value"]
        if value is None:
            continue
        effective[name] = value
        if entry.get("config_source") == 1:  # set for this topic
            explicit[name] = value
    return effective, explicit


async def check(settings: Settings, bootstrap: str | None = None) -> list[Difference]:
    """What differs from the table; changes nothing."""
    wanted = wanted_topics(settings)
    async with admin_client(settings, bootstrap) as admin:
        return compare(wanted, await read_present(admin, [spec.name for spec in wanted]))


async def apply(
    settings: Settings, bootstrap: str | None = None, wanted: Iterable[Spec] | None = None
) -> list[Difference]:
    """Create and raise what is needed; safe to repeat and to run from several places.

    Returns:
        What differed. ``done`` tells what was put right; the rest wants a person.

    Raises:
        ConfigurationError: the cluster refused, for example for lack of brokers or rights.
    """
    specs = tuple(wanted) if wanted is not None else wanted_topics(settings)
    names = [spec.name for spec in specs]
    async with admin_client(settings, bootstrap) as admin:
        present = await read_present(admin, names)
        differences = compare(specs, present)
        missing = {item.topic for item in differences if item.remedy == "create"}
        await _create(admin, [spec for spec in specs if spec.name in missing])
        await _raise(admin, present, [item for item in differences if item.remedy == "raise"])
        await _await_leaders(admin, names)
    return [dataclasses.replace(item, done=item.remedy != "person") for item in differences]


async def _create(admin: AIOKafkaAdminClient, specs: list[Spec]) -> None:
    if not specs:
        return
    answer = await admin.create_topics(
        [
            NewTopic(
                name=spec.name,
                num_partitions=spec.partitions,
                replication_factor=spec.replication,
                topic_configs=dict(spec.configs),
            )
            for spec in specs
        ]
    )
    _refuse_errors(
        (name, code, message)
        for name, code, message in answer.topic_errors
        if code != _ALREADY_EXISTS  # another apply was quicker
    )


async def _raise(
    admin: AIOKafkaAdminClient, present: Mapping[str, Present], items: list[Difference]
) -> None:
    # The request replaces all that was set for the topic, so what stays is sent along.
    changed: dict[str, dict[str, str]] = {}
    for item in items:
        kept = changed.setdefault(item.topic, dict(present[item.topic].explicit))
        kept[item.what] = item.wanted
    if not changed:
        return
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)
        for name, configs in changed.items()
    ]
    for answer in await admin.alter_configs(resources):
        _refuse_errors(
            (resource["resource_name"], resource["error_code"], resource["error_message"])
            for resource in answer.to_object()["resources"]
        )


def _refuse_errors(results: Iterable[tuple[str, int, str | None]]) -> None:
    faults = [
        f"{name}: {message or for_code(code).__name__}" for name, code, message in results if code
    ]
    if faults:
        raise ConfigurationError(
            "The cluster refused topics. "
            + "; ".join(faults)
            + ". Operator action: check replication against the number of brokers, and our rights.",
            code="topics",
        )


async def _await_leaders(
    admin: AIOKafkaAdminClient, names: list[str], timeout_s: float = 15.0
) -> None:
    """Wait until every partition has a leader: a topic just made has none for a moment."""
    wanted = set(names)
    async with asyncio.timeout(timeout_s):
        while True:
            listed = [t for t in await admin.describe_topics() if t["topic"] in wanted]
            led = all(part["leader"] >= 0 for topic in listed for part in topic["partitions"])
            if led and len(listed) == len(wanted):
                return
            await asyncio.sleep(0.05)
