"""The security settings reach a cluster that wants TLS and a password."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents import doctor, topic_admin
from agents.broker import jars, storage
from agents.broker.wire import identify
from agents.settings import Settings, load_settings
from schemas.errors import ConfigurationError

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
