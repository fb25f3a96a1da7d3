"""The preflight sees what would hurt later, and says what to do."""

from __future__ import annotations

import pytest
from aiokafka.protocol.admin import ApiVersionRequest

from agents import cluster, doctor, topic_admin
from agents.settings import Settings, client_options, load_settings


@pytest.fixture
def settings(broker: str, prefix: str) -> Settings:
    """Settings of one test on the shared broker."""
    return load_settings(broker=broker, prefix=prefix, replication=1, partitions=2)


def _levels(findings: list[doctor.Finding]) -> dict[str, doctor.Level]:
    return {finding.what: finding.level for finding in findings}


async def test_a_prepared_cluster_passes(settings: Settings) -> None:
    (missing,) = [f for f in await doctor.examine(settings) if f.level != "ok"]
    assert (missing.level, missing.what) == ("fault", "topics")
    assert "topics apply" in missing.advice

    await topic_admin.apply(settings)
    findings = await doctor.examine(settings)
    assert doctor.worst(findings) == "ok", findings
    assert {"settings", "broker", "protocol", "features", "topics", "transaction", "clock"} <= set(
        _levels(findings)
    )


async def test_production_refuses_what_can_lose_or_leak(settings: Settings) -> None:
    findings = await doctor.examine(settings.model_copy(update={"env": "production"}))
    faults = " / ".join(f"{f.what}: {f.got}" for f in findings if f.level == "fault")
    assert "not encrypted" in faults
    assert "nobody signs in" in faults
    assert "replication is 1" in faults
    assert "transaction.state.log.min.isr" in faults


async def test_a_cluster_that_is_away_is_one_fault(unused_tcp_port: int) -> None:
    away = load_settings(broker=f"127.0.0.1:{unused_tcp_port}")
    fault = (await doctor.examine(away))[-1]
    assert (fault.level, fault.what) == ("fault", "broker")
    assert "check the address" in fault.advice


async def test_the_broker_tells_versions_and_features(broker: str) -> None:
    able = await cluster.read_capability(client_options(load_settings(broker=broker)))
    assert cluster.missing_apis(able) == []
    assert able.features["transaction.version"] >= 1
    assert able.features["metadata.version"] > 0


def test_a_request_without_a_common_version_is_named() -> None:
    everything = {request.API_KEY: (0, 99) for request in cluster.NEEDED_APIS}
    del everything[22]
    everything[0] = (90, 99)
    assert cluster.missing_apis(cluster.Capability(everything, {})) == ["InitProducerId", "Produce"]


def test_the_client_still_lists_its_versions() -> None:
    versions = [request.API_VERSION for request in ApiVersionRequest._CLASSES]
    assert versions == [0, 1, 2]


@pytest.mark.parametrize(
    ("skew_s", "round_trip_s", "level"),
    [
        (0.2, 0.01, "ok"),
        (-0.9, 0.01, "ok"),
        (3.0, 8.0, "ok"),
        (-2.0, 0.1, "warning"),
        (400.0, 0.1, "fault"),
    ],
)
def test_a_clock_is_judged_within_what_is_certain(
    skew_s: float, round_trip_s: float, level: doctor.Level
) -> None:
    assert doctor.judge_clock(skew_s, round_trip_s).level == level


def test_a_broker_whose_limits_do_not_fit_ours_is_a_fault() -> None:
    settings = load_settings(session_timeout_ms=2_000, transaction_timeout_ms=10_000)
    values = {
        "group.min.session.timeout.ms": "6000",
        "group.max.session.timeout.ms": "1800000",
        "transaction.max.timeout.ms": "5000",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "10000",
        "auto.create.topics.enable": "true",
        "unclean.leader.election.enable": "false",
    }
    found = doctor.judge_broker(settings, "1", values)
    assert [(f.what.split(": ")[1], f.level) for f in found] == [
        ("group.min.session.timeout.ms", "fault"),
        ("transaction.max.timeout.ms", "fault"),
        ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "warning"),
        ("auto.create.topics.enable", "warning"),
    ]
