"""The embedded broker's directory: ports, properties and the format of its data."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
import zlib
from pathlib import Path

from agents.broker.jars import kafka_file, locked
from schemas.errors import ConfigurationError

# Below the range from which the system takes ports for outgoing connections: a client
# that keeps knocking at a broker that is down could otherwise be given the broker's own
# port, connect to itself and keep the broker from coming back.
_PORTS = range(20_000, 32_000)


def choose_ports(
    host: str, home: Path, wanted: tuple[int, int], last: tuple[int, int] | None
) -> tuple[int, int]:
    """The ports of clients and of the controller: as set, else as last time, else free ones.

    Clients remember addresses, so a broker that comes back comes back where it was.

    Raises:
        ConfigurationError: a port that the settings name is taken.
    """
    chosen: list[int] = []
    for n, port in enumerate(wanted):
        if port:
            if not _is_free(host, port):
                raise ConfigurationError(
                    f"Port {port} on {host} is taken by another program. Operator action: free "
                    "it, or let CHENGYUN_BROKER_PORT and CHENGYUN_BROKER_CONTROLLER_PORT be 0.",
                    code="port",
                )
            chosen.append(port)
        elif last is not None and _is_free(host, last[n]) and last[n] not in chosen:
            chosen.append(last[n])
        else:
            chosen.append(_free_port(host, home, chosen))
    return chosen[0], chosen[1]


def _free_port(host: str, home: Path, not_these: list[int]) -> int:
    # Two directories begin their search at different places, so that they seldom meet.
    begin = zlib.crc32(str(home).encode()) % len(_PORTS)
    for step in range(len(_PORTS)):
        port = _PORTS[(begin + step) % len(_PORTS)]
        if port not in not_these and _is_free(host, port):
            return port
    raise ConfigurationError(f"No port between {_PORTS[0]} and {_PORTS[-1]} is free.", code="port")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def write_properties(home: Path, host: str, port: int, controller_port: int) -> Path:
    """Write server.properties: the shipped one, with addresses and directories."""
    own = {
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}",
        "controller.quorum.voters": f"1@{host}:{controller_port}",
        "log.dirs": str(home / "kafka").replace("\\", "\\\\"),
    }
    text = kafka_file("server.properties").read_text(encoding="utf-8")
    text += "\n# Added at the start.\n"
    text += "".join(f"{name}={value}\n" for name, value in own.items())
    target = home / "server.properties"
    write_atomically(target, text)
    return target


def format_directory(home: Path, properties: Path, java: Path, jars: str, cache: Path) -> str:
    """Make the data directory one that Kafka takes, unless it is; returns the cluster's id.

    Kafka's own tool formats once per set of versions, into the cache; a new directory is
    a copy with ids of its own, since the rest of what the tool writes (the feature levels)
    is the same for all. That saves a start of Java.
    """
    data = home / "kafka"
    meta = data / "meta.properties"
    if meta.exists():
        return _property(meta, "cluster.id")
    jars_hash = hashlib.sha256((jars + str(java)).encode()).hexdigest()[:16]
    template = cache / f"format-{jars_hash}"
    with locked(cache / "format.lock"):
        if not template.exists():
            _format(template, properties, java, jars)
    fresh = home / "kafka.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(template, fresh)
    cluster_id = _new_id()
    (fresh / "meta.properties").write_text(
        f"version=1\nnode.id={_property(template / 'meta.properties', 'node.id')}\n"
        f"cluster.id={cluster_id}\ndirectory.id={_new_id()}\n",
        encoding="utf-8",
    )
    if data.exists():
        data.rmdir()  # never anything but an empty directory: it has no meta.properties
    fresh.rename(data)
    return cluster_id


def _format(template: Path, properties: Path, java: Path, jars: str) -> None:
    with tempfile.TemporaryDirectory(dir=template.parent) as scratch:
        data = Path(scratch) / "kafka"
        own = Path(scratch) / "format.properties"
        lines = properties.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("log.dirs=")]
        own.write_text("\n".join([*kept, f"log.dirs={data}", ""]), encoding="utf-8")
        answer = subprocess.run(
            [
                str(java),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                f"-Dlog4j2.configurationFile={kafka_file('log4j2.properties')}",
                f"-Dchengyun.broker.log={Path(scratch) / 'format.log'}",
                "-cp",
                jars,
                "kafka.tools.StorageTool",
                "format",
                "--cluster-id",
                _new_id(),
                "--config",
                str(own),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            said = (answer.stdout + answer.stderr)[-800:]
            raise ConfigurationError(
                f"Kafka could not format a data directory: {said}", code="broker"
            )
        data.rename(template)


def _new_id() -> str:
    """An id as Kafka makes them: 16 bytes in URL-safe base64, never beginning with '-'."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _property(file: Path, name: str) -> str:
    for line in file.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() == name:
            return value.strip()
    raise ConfigurationError(f"{file} does not say {name}.", code="broker")


def write_atomically(target: Path, text: str) -> None:
    """Replace a file in one step, so that a reader sees the old text or the new."""
    fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(target)


def last_lines(home: Path, count: int = 6) -> str:
    """The end of what the broker said, for an error message."""
    lines: list[str] = []
    for name in ("broker.out", "server.log"):
        file = home / name
        if file.exists():
            lines += file.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    return " / ".join(line.strip()[:300] for line in lines if line.strip()) or "(none)"
