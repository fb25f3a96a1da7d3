"""The embedded broker starts, is found again, survives a crash and stops in order."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from agents import broker as embedded
from agents.broker.wire import identify
from agents.settings import Settings, load_settings
from agents.topic_admin import Spec, apply
from schemas.errors import ConfigurationError

CHENGYUN = [sys.executable, "-c", "from agents.cli.main import main; main()"]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an embedded broker that is not the run's shared one."""
    own = load_settings(data_dir=tmp_path / "data", broker_heap_mb=256)
    yield own
    embedded.stop(own)


def _start(settings: Settings) -> embedded.BrokerStatus:
    return embedded.start(settings, die_with_parent=True)


def _run(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CHENGYUN_")}
    environment["CHENGYUN_DATA_DIR"] = str(settings.data_dir)
    environment["CHENGYUN_BROKER_HEAP_MB"] = "256"
    return subprocess.run(
        [*CHENGYUN, *words], env=environment, capture_output=True, text=True, check=False
    )


def test_parallel_starts_make_one_broker_and_stop_ends_it(settings: Settings) -> None:
    answers: list[subprocess.CompletedProcess[str]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(_run(settings, "broker", "start", "--json")))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.returncode for answer in answers] == [0, 0, 0], answers
    told = [json.loads(answer.stdout) for answer in answers]
    assert len({line["pid"] for line in told}) == 1
    assert sum(line["started_now"] for line in told) == 1

    status = _run(settings, "broker", "status", "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["bootstrap"] == told[0]["bootstrap"]

    assert _run(settings, "broker", "stop").returncode == 0
    assert (settings.data_dir / "broker/kafka/.kafka_cleanshutdown").exists()
    gone = _run(settings, "broker", "status", "--json")
    assert gone.returncode == 1
    assert json.loads(gone.stdout)["running"] is False
    assert "No embedded Kafka was running" in _run(settings, "broker", "stop").stdout


async def test_after_a_kill_it_comes_back_at_the_same_address_with_its_data(
    settings: Settings,
) -> None:
    first = _start(settings)
    assert first.bootstrap is not None
    await apply(settings, first.bootstrap, [Spec("kept", 1, 1, {})])
    async with AIOKafkaProducer(bootstrap_servers=first.bootstrap) as producer:
        await producer.send_and_wait("kept", b"a")

    assert embedded.kill(settings)
    assert not embedded.status(settings).running
    second = _start(settings)

    assert second.started_now
    assert second.pid != first.pid
    assert (second.bootstrap, second.cluster_id) == (first.bootstrap, first.cluster_id)
    async with AIOKafkaConsumer(
        "kept", bootstrap_servers=second.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        assert (await consumer.getone()).value == b"a"


def test_a_reused_pid_is_neither_taken_for_the_broker_nor_killed(settings: Settings) -> None:
    home = settings.data_dir / "broker"
    home.mkdir(parents=True)
    stale = {
        "pid": os.getpid(),
        "port": 1,
        "controller_port": 2,
        "cluster_id": "gone",
        "started_at": "2026-01-01T00:00:00+00:00",
    }
    (home / "broker.json").write_text(json.dumps(stale), encoding="utf-8")
    assert not embedded.status(settings).running
    assert embedded.stop(settings) is False
    assert _start(settings).started_now


def test_half_a_state_file_does_not_stop_a_start(settings: Settings) -> None:
    home = settings.data_dir / "broker"
    (home / "kafka.new").mkdir(parents=True)
    (home / "broker.json").write_text('{"pid": 1', encoding="utf-8")
    assert _start(settings).running


def test_a_broker_that_cannot_start_says_why(settings: Settings) -> None:
    broken = settings.model_copy(update={"broker_start_timeout_s": 0.01})
    with pytest.raises(ConfigurationError, match=r"did not answer within 0\.01 s"):
        _start(broken)
    assert not embedded.status(settings).running


def test_a_named_port_that_is_taken_is_refused(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1 is taken"):
            _start(settings.model_copy(update={"broker_port": port}))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\5\0\0\0\1x"])
def test_a_stranger_on_the_port_is_no_broker(answer: bytes) -> None:
    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve, args=(listening,))
        server.start()
        assert identify("127.0.0.1", listening.getsockname()[1], 1.0) is None
        server.join()


def test_the_living_broker_tells_its_cluster(broker: str) -> None:
    host, _, port = broker.split(",")[0].rpartition(":")
    identity = identify(host, int(port))
    assert identity is not None
    assert identity.nodes
