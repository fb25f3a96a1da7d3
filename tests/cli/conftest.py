"""A city of its own on the real broker for the commands that operators type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import BaseModel
from typer.testing import CliRunner, Result

from agents import topic_admin
from agents.settings import Settings, load_settings
from schemas.codec import encode
from streams.topics import Topic

Publish = Callable[[Topic, str, BaseModel | bytes], Any]


@pytest.fixture
async def settings(broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A city of its own with all its topics, named to every command by the environment."""
    monkeypatch.setenv("CHENGYUN_BROKER", broker)
    monkeypatch.setenv("CHENGYUN_PREFIX", prefix)
    monkeypatch.setenv("CHENGYUN_REPLICATION", "1")
    monkeypatch.setenv("CHENGYUN_PARTITIONS", "2")
    settings = load_settings()
    await topic_admin.apply(settings)
    return settings


@pytest.fixture
async def publish(settings: Settings, broker: str) -> AsyncIterator[Publish]:
    """Write a message under its key, as a stage would."""
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all", max_request_size=4 << 20)
    await producer.start()

    async def send(topic: Topic, key: str, message: BaseModel | bytes) -> None:
        value = message if isinstance(message, bytes) else encode(message)
        await producer.send_and_wait(settings.physical(topic.name), value, key=key.encode())

    yield send
    await producer.stop()


@pytest.fixture
def call() -> Callable[..., Any]:
    """Run a command in a thread of its own: it runs a loop of its own."""
    runner = CliRunner()

    async def run(app: Any, *arguments: str) -> Result:
        return await asyncio.to_thread(runner.invoke, app, list(arguments))

    return run
