"""Sensing on the real engine, with a clock that the test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from agents.policy_files import load
from schemas.codec import read_any
from streams.partition import Partition
from streams.policy import Policy
from streams.program import Record
from streams.sensing import program
from streams.topics import SENSING_READINGS

NOON = datetime(2026, 7, 8, 4, 0, tzinfo=UTC)
STREET = "990101001"
CLASSES = {
    "manhole_tilt": ("tilt", "deg"),
    "gas_pipe_probe": ("lel", "%"),
    "utility_tunnel_gas": ("lel", "%"),
    "road_water": ("depth", "cm"),
    "rain_gauge": ("rain", "mm"),
}


class Lane:
    """One lane of sensing: a device speaks, findings come out."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.partition = Partition(program(policy), 0)
        self.now = NOON
        self.offset = 0

    def give(self, value: bytes, key: bytes | None) -> list[tuple[str, str, Any]]:
        """One record's consequences, dead letters included."""
        self.offset += 1
        record = Record(SENSING_READINGS.name, 0, self.offset, 0, key, value, ())
        return self.compute([record])

    def compute(self, records: list[Record]) -> list[tuple[str, str, Any]]:
        consequences = []
        while True:
            effects = self.partition.compute(records, self.now)
            assert not effects.defects, effects.defects
            assert not effects.raised, effects.dead
            self.partition.accept(effects)
            for output in (*effects.outputs, *effects.dead):
                message = output.message
                assert isinstance(message, bytes)
                moved = output.topic is SENSING_READINGS
                consequences.append(
                    (output.topic.name, output.key, message if moved else read_any(message))
                )
            records = records[effects.consumed :]
            if not records and not effects.more_due:
                return consequences

    def read(
        self, kind: str, value: float | None, at_s: float = 0, device: str = "d1", **data: Any
    ) -> list[tuple[str, str, Any]]:
        """A device of that class shows a value `at_s` seconds after noon."""
        measured, unit = CLASSES.get(kind, ("x", "x"))
        at = NOON + timedelta(seconds=at_s)
        body = {
            "device_id": device,
            "device_class": kind,
            "observed_property": measured,
            "phenomenon_time": at.isoformat(),
            "result": value,
            "unit": unit,
            "street": STREET,
            "lat": 30.05,
            "long": 126.01,
            **data,
        }
        event = {
            "specversion": "1.0",
            "id": f"{device}@{at_s:g}",
            "source": "/gateway/1",
            "type": "cn.chengyun.reading.v1",
            "time": at.isoformat(),
            "data": body,
        }
        self.now = max(self.now, at)
        return self.give(orjson.dumps(event), device.encode())

    def findings(self, kind: str, value: float | None, at_s: float = 0, **data: Any) -> list[Any]:
        """The bodies of the findings that follow."""
        consequences = self.read(kind, value, at_s, **data)
        assert all(topic.endswith("street.inbox.v1") for topic, _, _ in consequences), consequences
        return [message.data for _, _, message in consequences]

    def wait(self, until_s: float) -> list[Any]:
        """Nobody says anything until then; the findings of passing time."""
        self.now = NOON + timedelta(seconds=until_s)
        return [message.data for _, _, message in self.compute([])]

    def phases(self, kind: str, series: list[tuple[float, float]]) -> list[tuple[float, str, str]]:
        """A series of (second, value); (second, trigger, phase) of what is found."""
        told = []
        for at_s, value in series:
            told += [
                (at_s, finding.trigger, finding.phase)
                for finding in self.findings(kind, value, at_s)
            ]
        return told


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load()


@pytest.fixture
def lane(policy: Policy) -> Lane:
    return Lane(policy)
