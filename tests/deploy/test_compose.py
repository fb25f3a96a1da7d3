"""What the container runs is what the embedded broker runs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
import yaml

from agents.broker.jars import kafka_file

POM = {"m": "http://maven.apache.org/POM/4.0.0"}
PLACES = {
    "KAFKA_HEAP_OPTS",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_LISTENERS",
    "KAFKA_ADVERTISED_LISTENERS",
    "KAFKA_CONTROLLER_QUORUM_VOTERS",
    "KAFKA_LOG_DIRS",
}


@pytest.fixture(scope="module")
def kafka() -> dict[str, Any]:
    """The one service of the compose file."""
    file = kafka_file("").parent / "compose.yaml"
    parsed = yaml.safe_load(file.read_text(encoding="utf-8"))
    service: dict[str, Any] = parsed["services"]["kafka"]
    return service


def _shipped() -> dict[str, str]:
    lines = kafka_file("server.properties").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line.strip() and not line.startswith("#")]
    return {name.strip(): value.strip() for name, value in pairs}


def test_its_settings_equal_the_embedded_ones(kafka: dict[str, Any]) -> None:
    told = {k: v for k, v in kafka["environment"].items() if k not in PLACES}
    assert told == {
        f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in _shipped().items()
    }
    assert set(kafka["environment"]) >= PLACES


def test_its_release_equals_the_embedded_one(kafka: dict[str, Any]) -> None:
    pom = ET.parse(kafka_file("pom.xml")).getroot()
    release = pom.findtext("m:properties/m:kafka.version", namespaces=POM)
    assert kafka["image"] == f"apache/kafka:{release}"


def test_only_this_machine_reaches_it(kafka: dict[str, Any]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in kafka["ports"])


def test_a_dead_letter_of_four_mebibytes_fits() -> None:
    assert int(_shipped()["message.max.bytes"]) > 4 << 20
