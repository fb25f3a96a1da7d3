"""Intake on the real engine, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from agents.policy_files import load
from schemas.codec import read_any
from streams.intake import program
from streams.partition import Partition
from streams.policy import Policy
from streams.program import Record
from streams.topics import BY_NAME, DEAD_LETTERS, INTAKE_REPORTS, REPLIES

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)  # Thursday 10:00 in the city


class Lane:
    """One lane of intake: give it messages, read what came of them."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.partition = Partition(program(policy), 0)
        self.now = NOW
        self.offset = 0

    def give(
        self,
        value: bytes | None,
        key: bytes | None = None,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> list[tuple[str, str, Any]]:
        """One record's consequences: (topic, key, message), dead letters included."""
        self.offset += 1
        record = Record(INTAKE_REPORTS.name, 0, self.offset, 0, key, value, headers)
        effects = self.partition.compute([record], self.now)
        assert effects.consumed == 1
        assert not effects.defects, effects.defects
        assert not effects.raised, effects.dead
        self.partition.accept(effects)
        outputs = [*effects.outputs, *effects.dead]
        assert all(output.topic is BY_NAME[output.topic.name] for output in outputs)
        return [
            (output.topic.name, output.key, self.read(output.topic.name, output.message))
            for output in outputs
        ]

    @staticmethod
    def read(topic: str, message: object) -> Any:
        assert isinstance(message, bytes)
        return message if topic == INTAKE_REPORTS.name else read_any(message)

    def report(self, number: str = "1", *, envelope: dict[str, Any] | None = None, **data: Any):  # type: ignore[no-untyped-def]
        """A citizen reports; the consequences."""
        source = (envelope or {}).get("source", "/hotline/12345")
        body = {
            "service_request_id": number,
            "service_code": "100102",
            "requested_datetime": (self.now - timedelta(minutes=1)).isoformat(),
            **data,
        }
        event = {
            "specversion": "1.0",
            "id": f"event-{number}",
            "source": source,
            "type": "cn.chengyun.service-request.v1",
            "time": self.now.isoformat(),
            "data": {name: value for name, value in body.items() if value is not ...},
            **(envelope or {}),
        }
        return self.give(orjson.dumps(event), f"{source}/{number}".encode())

    def update(self, number: str = "1", *, source: str = "/hotline/12345", **data: Any):  # type: ignore[no-untyped-def]
        """Somebody says more about a report; the consequences."""
        body = {
            "service_request_id": number,
            "kind": "closed",
            "updated_datetime": self.now.isoformat(),
            **data,
        }
        event = {
            "specversion": "1.0",
            "id": f"update-{number}-{body['kind']}",
            "source": source,
            "type": "cn.chengyun.service-request-update.v1",
            "time": self.now.isoformat(),
            "data": body,
        }
        key = number if number.startswith("/") else f"{source}/{number}"
        return self.give(orjson.dumps(event), key.encode())

    def remembered(self) -> int:
        return len(self.partition.base)


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load()


@pytest.fixture
def lane(policy: Policy) -> Lane:
    return Lane(policy)


@pytest.fixture
def new_lane(policy: Policy) -> Callable[[], Lane]:
    return lambda: Lane(policy)


@pytest.fixture
def topics() -> dict[str, str]:
    return {"dead": DEAD_LETTERS.name, "replies": REPLIES.name}
