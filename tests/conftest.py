"""What every test may ask for: the real broker, a prefix of its own, topics.

The embedded Kafka is started once for each process of the run, when the first test asks
for it, and stopped at the end. ``CHENGYUN_TEST_BROKER=host:port`` runs the same tests on another
cluster. ``CHENGYUN_TEST_SEED=n`` repeats the random choices of a run.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from agents import broker as embedded
from agents.settings import load_settings

SEED = int(os.environ.get("CHENGYUN_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
os.environ["CHENGYUN_TEST_SEED"] = str(SEED)  # for whoever runs a share of the tests beside us

hypothesis.settings.register_profile("default", deadline=None, print_blob=True)
hypothesis.settings.load_profile("default")

CreateTopics = Callable[..., Awaitable[None]]


def pytest_report_header() -> list[str]:
    """How to repeat this run."""
    return [f"CHENGYUN_TEST_SEED={SEED} (Hypothesis: --hypothesis-seed={SEED})"]


def pytest_configure(config: pytest.Config) -> None:
    """Give Hypothesis the run's seed, unless one was named on the command line."""
    if config.getoption("--hypothesis-seed", None) is None:
        config.option.hypothesis_seed = SEED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses the broker is marked so: ``-m 'not broker'`` leaves the rest."""
    for item in items:
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.broker)


@pytest.fixture
def rng() -> random.Random:
    """Chance that can be repeated by the seed in the header."""
    return random.Random(SEED)


@pytest.fixture(scope="session")
def broker_dir() -> Iterator[Path]:
    """The data directory of the run's embedded broker."""
    directory = Path(tempfile.mkdtemp(prefix="chengyun-test-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def broker(broker_dir: Path) -> Iterator[str]:
    """Bootstrap servers of a real Kafka, started once for this process of the run."""
    named = os.environ.get("CHENGYUN_TEST_BROKER")
    if named:
        yield named
        return
    settings = load_settings(data_dir=broker_dir)
    running = embedded.start(settings, die_with_parent=True)
    assert running.bootstrap is not None
    try:
        yield running.bootstrap
    finally:
        embedded.stop(settings)


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A prefix for topics, groups and transactional ids that no other test has."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[:40]
    return f"t{random.SystemRandom().randrange(1 << 40):010x}.{name}."


@pytest.fixture
async def create_topics(broker: str) -> AsyncIterator[CreateTopics]:
    """``await create_topics("a", "b", partitions=4, **configs)``; they are deleted afterwards.

    Underscores in a config's name stand for dots: ``cleanup_policy="compact"``.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    made: list[str] = []

    async def create(*names: str, partitions: int = 1, **configs: str) -> None:
        topics = [
            NewTopic(
                name=name,
                num_partitions=partitions,
                replication_factor=1,
                topic_configs={key.replace("_", "."): value for key, value in configs.items()},
            )
            for name in names
        ]
        answer = await admin.create_topics(topics)
        failed = [error for error in answer.topic_errors if error[1]]
        assert not failed, failed
        made.extend(names)

    yield create
    if made:
        await admin.delete_topics(made)
    await admin.close()
