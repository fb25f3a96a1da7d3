"""The cluster's topics are made what the table says, and never made less."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient

from agents import topic_admin
from agents.cli.topics import render, table
from agents.settings import Settings, load_settings
from agents.topic_admin import Present, Spec
from streams import topics


@pytest.fixture
def settings(broker: str, prefix: str) -> Settings:
    """Settings of one test on the shared broker."""
    return load_settings(broker=broker, prefix=prefix, replication=1, partitions=2)


async def test_apply_creates_every_topic_and_repeating_it_changes_nothing(
    settings: Settings,
) -> None:
    first = await topic_admin.apply(settings)
    assert {item.topic for item in first} == {settings.prefix + t.name for t in topics.ALL}
    assert all(item.done for item in first)
    assert await topic_admin.apply(settings) == []
    assert await topic_admin.check(settings) == []

    wider = settings.model_copy(update={"partitions": 3})
    left = await topic_admin.apply(wider)
    assert {(item.what, item.got, item.wanted, item.done) for item in left} == {
        ("partitions", "2", "3", False)
    }
    assert len(left) == sum(1 for topic in topics.ALL if topic.width != "city")


async def test_apply_lengthens_a_retention_keeps_what_else_was_set_and_never_shortens(
    settings: Settings, broker: str
) -> None:
    name = settings.prefix + "t"
    start = Spec(name, 1, 1, {"retention.ms": "1000", "segment.bytes": "2097152"})
    await topic_admin.apply(settings, None, [start])

    longer = replace(start, configs={"retention.ms": "2000", "cleanup.policy": "delete"})
    (raised,) = await topic_admin.apply(settings, None, [longer])
    assert (raised.what, raised.got, raised.wanted, raised.done) == (
        "retention.ms",
        "1000",
        "2000",
        True,
    )
    (left,) = await topic_admin.apply(settings, None, [start])
    assert (left.got, left.wanted, left.remedy, left.done) == ("2000", "1000", "person", False)

    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    present = await topic_admin.read_present(admin, [name])
    await admin.close()
    assert present[name].explicit["segment.bytes"] == "2097152"


def test_what_differs_is_told_with_what_to_do() -> None:
    spec = Spec("t", 4, 3, {"cleanup.policy": "compact,delete", "max.message.bytes": "100"})
    good = Present("t", 4, 3, {"cleanup.policy": "delete,compact", "max.message.bytes": "200"}, {})
    assert topic_admin.compare([spec], {"t": good}) == []
    bad = Present("t", 8, 1, {"cleanup.policy": "delete", "max.message.bytes": "50"}, {})
    found = topic_admin.compare([spec], {"t": bad})
    assert [(item.what, item.remedy) for item in found] == [
        ("partitions", "person"),
        ("replication", "person"),
        ("cleanup.policy", "person"),
        ("max.message.bytes", "raise"),
    ]
    lines = table(found)
    assert len({line.index(item.wanted) for line, item in zip(lines[1:], found, strict=True)}) == 1


def test_on_a_real_cluster_the_table_decides_and_one_copy_may_be_away() -> None:
    real = topic_admin.sizing(load_settings(broker="kafka:9092"), embedded=False)
    assert (real.street, real.city, real.replication, real.min_in_sync) == (8, 1, 3, 2)
    own = topic_admin.sizing(load_settings(), embedded=True)
    assert (own.street, own.city, own.replication, own.min_in_sync) == (4, 1, 1, 1)


def test_a_stage_and_its_state_have_the_same_partitions() -> None:
    for partitions in (None, 5):
        specs = {
            spec.name: spec
            for spec in topic_admin.wanted_topics(load_settings(partitions=partitions))
        }
        for stage, inbox in topics.INBOXES.items():
            state = topics.STATES[stage]
            assert specs[inbox.name].partitions == specs[state.name].partitions


def test_the_three_exports_say_the_same() -> None:
    specs = topic_admin.wanted_topics(load_settings(prefix="cd."), embedded=False)
    plain = json.loads(render(specs, "json", "c"))
    assert yaml.safe_load(render(specs, "yaml", "c")) == plain
    resources = list(yaml.safe_load_all(render(specs, "strimzi", "c")))
    assert [resource["spec"]["topicName"] for resource in resources] == [t["name"] for t in plain]
    assert [resource["spec"]["config"] for resource in resources] == [t["configs"] for t in plain]
    assert resources[0]["metadata"]["name"] == "cd.chengyun.intake.reports.v1"
