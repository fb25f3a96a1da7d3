"""The security settings reach a cluster that wants TLS and a password."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents import doctor, topic_admin
from agents.broker import jars, storage
from agents.broker.wire import identify
from agents.orders import give_order
from agents.settings import Settings, load_settings
from schemas.command import Command, Subject
from schemas.errors import ConfigurationError
from schemas.terms import Actor

HOST = "127.0.0.1"
PASSWORD = "correct-horse"


def _keys(java: Path, home: Path) -> Path:
    """Make the broker's key and certificate; answers with the certificate for clients."""
    keytool = java.resolve().with_name("keytool")
    store = [str(keytool), "-keystore", str(home / "broker.p12"), "-storepass", PASSWORD]
    make = ["-genkeypair", "-alias", "broker", "-keyalg", "EC", "-storetype", "PKCS12"]
    make += ["-dname", "CN=127.0.0.1", "-ext", "SAN=ip:127.0.0.1", "-validity", "2"]
    subprocess.run([*store, *make], check=True, capture_output=True)
    certificate = home / "broker.pem"
    take = ["-exportcert", "-rfc", "-alias", "broker", "-file", str(certificate)]
    subprocess.run([*store, *take], check=True, capture_output=True)
    return certificate


@pytest.fixture(scope="module")
def secured(
    tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Callable[[], int]
) -> Iterator[Settings]:
    """Settings of a broker whose only open door takes TLS and SASL/PLAIN."""
    home = tmp_path_factory.mktemp("secured")
    cache = load_settings().cache_dir
    java, _ = jars.find_java()
    path = jars.class_path(cache, print)
    port, controller = storage.choose_ports(HOST, home, (0, 0), None)
    secure = unused_tcp_port_factory()
    properties = storage.write_properties(home, HOST, port, controller)
    storage.format_directory(home, properties, java, path, cache)
    certificate = _keys(java, home)
    doors = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL"
    login = "org.apache.kafka.common.security.plain.PlainLoginModule"
    own = {
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}"
        f",SECURE://{HOST}:{secure}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port},SECURE://{HOST}:{secure}",
        "listener.security.protocol.map": doors,
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.secure.plain.sasl.jaas.config": f'{login} required user_city="{PASSWORD}";',
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(home / "broker.p12"),
        "ssl.keystore.password": PASSWORD,
    }
    with properties.open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in own.items())
    flags = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    flags += [
        f"-Dlog4j2.configurationFile={jars.kafka_file('log4j2.properties')}",
        f"-Dchengyun.broker.log={home / 'server.log'}",
    ]
    with (home / "out").open("wb") as out:
        server = subprocess.Popen(
            [str(java), *flags, "-cp", path, "kafka.Kafka", str(properties)], stdout=out, stderr=out
        )
    try:
        end = time.monotonic() + 30
        while (there := identify(HOST, port, 1.0)) is None or not there.nodes:
            assert server.poll() is None, storage.last_lines(home)
            assert time.monotonic() < end, storage.last_lines(home)
            time.sleep(0.1)
        yield load_settings(
            broker=f"{HOST}:{secure}",
            replication=1,
            partitions=1,
            tls=True,
            tls_ca=certificate,
            sasl_mechanism="PLAIN",
            sasl_user="city",
            sasl_password=PASSWORD,
        )
    finally:
        server.terminate()
        server.wait(20)


async def test_topics_and_preflight_work_through_tls_and_sasl(secured: Settings) -> None:
    await topic_admin.apply(secured)
    findings = await doctor.examine(secured)
    assert doctor.worst(findings) == "ok", findings


async def test_a_worker_answers_an_operator_through_tls_and_sasl(
    secured: Settings, tmp_path: Path
) -> None:
    await topic_admin.apply(secured)
    environment = {
        **os.environ,
        "CHENGYUN_BROKER": str(secured.broker),
        "CHENGYUN_REPLICATION": "1",
        "CHENGYUN_PARTITIONS": "1",
        "CHENGYUN_TLS": "true",
        "CHENGYUN_TLS_CA": str(secured.tls_ca),
        "CHENGYUN_SASL_MECHANISM": "PLAIN",
        "CHENGYUN_SASL_USER": "city",
        "CHENGYUN_SASL_PASSWORD": PASSWORD,
        "CHENGYUN_DATA_DIR": str(tmp_path),
    }
    log = tmp_path / "worker.log"
    with log.open("wb") as out:
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from agents.cli.main import main; main()"),
            *("worker", "street"),
            env=environment,
            stdout=out,
            stderr=out,
        )
    area = "990101001"
    command = Command(
        command_id="tls/1",
        subject=Subject(kind="incident", id=f"{area}-261122-none"),
        action="acknowledge",
        actor=Actor(id="tls", role="operator", tier="street", area=area),
    )
    try:
        answer = await give_order(
            secured, str(secured.broker), command, "street", area, datetime.now(UTC), 40.0
        )
        assert answer is not None, log.read_text()
        assert answer.data.outcome == "not_found"
    finally:
        worker.terminate()
        assert await worker.wait() == 0
    assert PASSWORD not in log.read_text()


@pytest.mark.parametrize(
    "wrong",
    [
        {"sasl_password": "wrong"},
        {"tls_ca": None},
        {"tls": False, "tls_ca": None, "sasl_mechanism": None},
    ],
    ids=["wrong password", "unknown authority", "no encryption"],
)
async def test_a_closed_door_is_one_clear_error(
    secured: Settings, wrong: dict[str, object]
) -> None:
    given = secured.model_dump(exclude_unset=True) | wrong
    with pytest.raises(ConfigurationError, match="check the address, TLS and SASL settings"):
        await topic_admin.check(load_settings(**given))
