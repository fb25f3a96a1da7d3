"""The one question that tells a living broker from a taken port: who are you?

A Metadata request over a plain socket, without a client library: it takes a
millisecond, needs no event loop and works while a broker is still starting.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

_METADATA, _VERSION, _CORRELATION = 3, 2, 1
_LARGEST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class Identity:
    """What a broker says of its cluster: its id, and the nodes that take work."""

    cluster_id: str
    nodes: tuple[int, ...]


def identify(host: str, port: int, timeout_s: float = 2.0) -> Identity | None:
    """Ask the broker at an address for its cluster; None when no Kafka answers there.

    A broker that still starts answers with no nodes.
    """
    client = b"chengyun-probe"
    body = struct.pack(">hhih", _METADATA, _VERSION, _CORRELATION, len(client)) + client
    body += struct.pack(">i", 0)  # no topics
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(struct.pack(">i", len(body)) + body)
            (size,) = struct.unpack(">i", _read(connection, 4))
            if not 4 < size <= _LARGEST_ANSWER:
                return None
            return _decode(_read(connection, size))
    except (OSError, struct.error, UnicodeDecodeError):
        return None


def _read(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionError("closed in the middle of an answer")
        parts += part
    return bytes(parts)


def _decode(answer: bytes) -> Identity | None:
    correlation, brokers = struct.unpack_from(">ii", answer, 0)
    if correlation != _CORRELATION or brokers < 0:
        return None
    at = 8
    nodes: list[int] = []
    for _ in range(brokers):
        (node,) = struct.unpack_from(">i", answer, at)
        nodes.append(node)
        _, at = _text(answer, at + 4)  # host
        _, at = _text(answer, at + 4)  # port, rack
    cluster, _ = _text(answer, at)
    return Identity(cluster, tuple(nodes)) if cluster else None


def _text(answer: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from(">h", answer, at)
    start = at + 2
    end = start + max(size, 0)
    return answer[start:end].decode(), end
