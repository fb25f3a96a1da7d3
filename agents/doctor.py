"""Preflight: is this machine, cluster and configuration fit to run a city on?

Every `Finding` says what was looked at, what was found, what is wanted and what to do. The
clock is judged by a record: the broker stamps it when it appends it, so its stamp, less the
moment halfway between sending and answer, is how far the broker's clock is ahead of ours,
to within half the round trip. That record travels in a transaction, on a topic made for it
and deleted again, so the same probe shows that transactions work.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from agents import broker, cluster, topic_admin
from agents.broker import jars
from agents.settings import Settings, client_options, unknown_variables, unsafe_settings
from schemas.errors import ConfigurationError

Level = Literal["ok", "warning", "fault"]

_SKEW_WARNING_S, _SKEW_FAULT_S = 1.0, 60.0
_FREE_DISK_GIB = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    got: str
    wanted: str
    advice: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Look at settings, machine, broker, topics, transactions and clocks, in that order.

    What cannot be reached ends the examination early; nothing raises for a bad finding.
    """
    found = [*_settings(settings), *(_machine(settings) if settings.embedded else [])]
    try:
        servers = broker.bootstrap_servers(settings)
        async with topic_admin.admin_client(settings, servers) as admin:
            nodes, answers = await _brokers(settings, servers, admin)
            found += answers
            found += await _broker_configs(settings, admin, nodes)
            found += await _topics(settings, admin)
            found += await _probe(settings, servers, admin, len(nodes))
    except ConfigurationError as error:
        said, _, advice = str(error).partition(" Operator action: ")
        found.append(Finding("fault", "broker", said, "a broker that answers", advice))
    except (KafkaError, OSError, TimeoutError) as error:
        got = f"{type(error).__name__}: {error}"
        found.append(
            Finding("fault", "broker", got, "answers to all questions", "see the broker's log")
        )
    return found


def _settings(settings: Settings) -> list[Finding]:
    found = [
        Finding("warning", name, "set, but no such setting", "a known name", "check the spelling")
        for name in unknown_variables(os.environ)
    ]
    unsafe = unsafe_settings(settings)
    if settings.env == "production":
        found += [
            Finding("fault", "settings", fault, "safe in production", advice)
            for fault, _, advice in (sentence.partition(": ") for sentence in unsafe)
        ]
        if not unsafe:
            found.append(Finding("ok", "settings", "production, safe", "safe in production"))
    else:
        rest = f", {len(unsafe)} point(s) unfit for production" if unsafe else ""
        found.append(Finding("ok", "settings", f"development{rest}", "valid"))
    return found


def _machine(settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    try:
        java, major = jars.find_java()
        found.append(Finding("ok", "java", f"{major} at {java}", f">= {jars.MINIMUM_JAVA}"))
    except ConfigurationError as error:
        said, _, advice = str(error).partition(" Operator action: ")
        found.append(Finding("fault", "java", said, f">= {jars.MINIMUM_JAVA}", advice))
    where = settings.data_dir.expanduser().absolute()
    while not where.exists():
        where = where.parent
    free = shutil.disk_usage(where).free / (1 << 30)
    level: Level = "ok" if free >= _FREE_DISK_GIB else "warning"
    advice = "" if level == "ok" else f"free some space, or move {settings.data_dir}"
    found.append(
        Finding(level, "disk", f"{free:.1f} GiB free", f">= {_FREE_DISK_GIB:g} GiB", advice)
    )
    return found


async def _brokers(
    settings: Settings, servers: str, admin: AIOKafkaAdminClient
) -> tuple[list[int], list[Finding]]:
    described = await admin.describe_cluster()
    nodes = sorted(int(node["node_id"]) for node in described["brokers"])
    copies = topic_admin.sizing(settings, embedded=settings.embedded).replication
    found = [
        Finding("ok", "broker", f"{servers}, {len(nodes)} node(s)", "answers")
        if len(nodes) >= copies
        else Finding(
            "fault",
            "broker",
            f"{len(nodes)} node(s)",
            f">= {copies}, one for each copy",
            "add brokers, or set CHENGYUN_REPLICATION",
        )
    ]
    capability = await cluster.read_capability(client_options(settings, servers))
    missing = cluster.missing_apis(capability)
    found.append(
        Finding(
            "fault" if missing else "ok",
            "protocol",
            f"no common version of {', '.join(missing)}"
            if missing
            else f"{len(cluster.NEEDED_APIS)} requests understood",
            "every request that we send",
            "use Apache Kafka 3.5 or newer" if missing else "",
        )
    )
    release = capability.features.get("metadata.version")
    level = capability.features.get("transaction.version")
    found.append(
        Finding(
            "ok",
            "features",
            f"metadata.version {release}, transaction.version {level}"
            if release is not None
            else "not told (older than 3.3, or not Apache Kafka)",
            "any with transactions",
        )
    )
    return nodes, found


async def _broker_configs(
    settings: Settings, admin: AIOKafkaAdminClient, nodes: list[int]
) -> list[Finding]:
    resources = [ConfigResource(ConfigResourceType.BROKER, str(node)) for node in nodes]
    found: list[Finding] = []
    for answer in await admin.describe_configs(resources):
        for resource in answer.to_object()["resources"]:
            node = resource["resource_name"]
            if resource["error_code"]:
                got = for_code(resource["error_code"]).__name__
                found.append(
                    Finding("warning", f"broker {node}", got, "readable", "allow DescribeConfigs")
                )
                continue
            values = {e["config_names"]: e["config_value"] for e in resource["config_entries"]}
            found += judge_broker(settings, node, values)
    return found


def judge_broker(settings: Settings, node: str, values: Mapping[str, str | None]) -> list[Finding]:
    """Compare a broker's own settings with what the runtime asks for."""
    found: list[Finding] = []

    def want(name: str, wanted: str, holds: bool, level: Level, advice: str) -> None:
        if not holds:
            got = str(values.get(name))
            found.append(Finding(level, f"broker {node}: {name}", got, wanted, advice))

    def number(name: str, otherwise: int) -> int:
        value = values.get(name)
        return int(value) if value is not None else otherwise

    session, transaction = settings.session_timeout_ms, settings.transaction_timeout_ms
    lowest = number("group.min.session.timeout.ms", 0)
    highest = number("group.max.session.timeout.ms", session)
    longest = number("transaction.max.timeout.ms", transaction)
    scan = number("transaction.abort.timed.out.transaction.cleanup.interval.ms", 0)
    grown = values.get("auto.create.topics.enable")
    unclean = values.get("unclean.leader.election.enable")
    want(
        "group.min.session.timeout.ms",
        f"<= {session}",
        lowest <= session,
        "fault",
        f"raise CHENGYUN_SESSION_TIMEOUT_MS to {lowest}, or lower it on the broker",
    )
    want(
        "group.max.session.timeout.ms",
        f">= {session}",
        highest >= session,
        "fault",
        f"lower CHENGYUN_SESSION_TIMEOUT_MS to {highest}",
    )
    want(
        "transaction.max.timeout.ms",
        f">= {transaction}",
        longest >= transaction,
        "fault",
        f"lower CHENGYUN_TRANSACTION_TIMEOUT_MS to {longest}",
    )
    want(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "<= 2000",
        scan <= 2000,
        "warning",
        "set it to 1000: until it runs, a dead worker's open transaction hides later records",
    )
    want(
        "auto.create.topics.enable",
        "false",
        grown != "true",
        "warning",
        "set it to false: a misspelt topic is created instead of refused",
    )
    want(
        "unclean.leader.election.enable",
        "false",
        unclean != "true",
        "fault" if settings.env == "production" else "warning",
        "set it to false: it loses acknowledged records",
    )
    if settings.env == "production":
        for name in (
            "transaction.state.log.replication.factor",
            "offsets.topic.replication.factor",
        ):
            want(name, ">= 3", number(name, 3) >= 3, "fault", "set it to 3")
        least = number("transaction.state.log.min.isr", 2)
        want("transaction.state.log.min.isr", ">= 2", least >= 2, "fault", "set it to 2")
    return found or [Finding("ok", f"broker {node}", "settings suit", "what the stages ask for")]


async def _topics(settings: Settings, admin: AIOKafkaAdminClient) -> list[Finding]:
    wanted = topic_admin.wanted_topics(settings)
    present = await topic_admin.read_present(admin, [spec.name for spec in wanted])
    differences = topic_admin.compare(wanted, present)
    if not differences:
        return [Finding("ok", "topics", f"{len(wanted)} as in the table", "as in the table")]
    missing = [item for item in differences if item.remedy == "create"]
    found = [
        Finding(
            "fault",
            f"{item.topic}: {item.what}",
            item.got,
            item.wanted,
            f"chengyun {item.advice}" if item.remedy == "raise" else item.advice,
        )
        for item in differences
        if item not in missing
    ]
    if missing:
        got = f"{len(missing)} of {len(wanted)} missing, first {missing[0].topic}"
        found.append(
            Finding("fault", "topics", got, "as in the table", "run `chengyun topics apply`")
        )
    return found


@asynccontextmanager
async def _scratch_topic(
    settings: Settings, admin: AIOKafkaAdminClient, copies: int
) -> AsyncIterator[str]:
    name = settings.physical(f"chengyun.doctor.{secrets.token_hex(6)}")
    stamped = {"message.timestamp.type": "LogAppendTime", "retention.ms": "600000"}
    answer = await admin.create_topics([NewTopic(name, 1, copies, topic_configs=stamped)])
    for _, code, message in answer.topic_errors:
        if code:
            raise ConfigurationError(
                f"A topic cannot be created: {message or for_code(code).__name__}. "
                f"Operator action: allow CREATE for {name}."
            )
    try:
        yield name
    finally:
        await admin.delete_topics([name])


async def _probe(
    settings: Settings, servers: str, admin: AIOKafkaAdminClient, nodes: int
) -> list[Finding]:
    """Write two records in a transaction; judge it, and the clock by the second's stamp."""
    async with _scratch_topic(settings, admin, min(3, nodes)) as topic:
        producer = AIOKafkaProducer(
            client_id="chengyun-doctor",
            transactional_id=topic,
            transaction_timeout_ms=settings.transaction_timeout_ms,
            request_timeout_ms=15_000,
            **client_options(settings, servers),
        )
        began = time.monotonic()
        try:
            await producer.start()
            async with producer.transaction():
                await producer.send_and_wait(topic, b"first", partition=0)
                sent, begin = time.time(), time.monotonic()
                written = await producer.send_and_wait(topic, b"second", partition=0)
                round_trip_s = time.monotonic() - begin
            took_s = time.monotonic() - began
        except KafkaError as error:
            return [
                Finding(
                    "fault",
                    "transaction",
                    f"{type(error).__name__}: {error}",
                    "committed",
                    "allow transactional ids and idempotent writes; check the transaction log",
                )
            ]
        finally:
            await producer.stop()
    skew_s = written.timestamp / 1000 - (sent + round_trip_s / 2)
    return [
        Finding("ok", "transaction", f"committed in {took_s * 1000:.0f} ms", "committed"),
        judge_clock(skew_s, round_trip_s),
    ]


def judge_clock(skew_s: float, round_trip_s: float) -> Finding:
    """Judge how far the broker's clock is ahead of this machine's, in seconds."""
    certain = max(0.0, abs(skew_s) - round_trip_s / 2)
    got = f"broker {skew_s * 1000:+.0f} ms (±{round_trip_s * 500:.0f} ms)"
    if certain <= _SKEW_WARNING_S:
        return Finding("ok", "clock", got, f"within {_SKEW_WARNING_S:g} s")
    level: Level = "warning" if certain <= _SKEW_FAULT_S else "fault"
    advice = "synchronise both clocks (NTP): deadlines fire by this machine's clock"
    return Finding(level, "clock", got, f"within {_SKEW_WARNING_S:g} s", advice)


def worst(findings: list[Finding]) -> Level:
    """The gravest level among the findings."""
    levels = {finding.level for finding in findings}
    return "fault" if "fault" in levels else "warning" if "warning" in levels else "ok"


def as_rows(findings: list[Finding]) -> list[dict[str, Any]]:
    """The findings as plain data for JSON."""
    return [
        {
            "level": finding.level,
            "what": finding.what,
            "got": finding.got,
            "wanted": finding.wanted,
            "advice": finding.advice,
        }
        for finding in findings
    ]
