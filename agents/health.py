"""Whether a worker lives and is ready, told truthfully over HTTP on loopback.

``/livez``    the event loop gave a sign within `LIVE_S`; only that, so that a restore or a
              rebalance never gets a worker killed
``/readyz``   the group has settled and every partition of this worker is restored and flowing
``/metrics``  the figures of `agents.metrics`

The server answers from threads of its own, so it answers also when the loop hangs, which
is just when somebody asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from schemas.errors import ConfigurationError

LIVE_S = 15.0
FLOWING = "flowing"


class Condition:
    """What is known of a worker's loop and lanes; written by the loop, read by the server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._beat = clock()
        self._settled = False
        self._lanes: dict[int, str] = {}
        self._remaining: dict[int, int] = {}

    def beat(self) -> None:
        """The loop turns."""
        self._beat = self._clock()

    def assigned(self, partitions: Collection[int]) -> None:
        """The group has settled: these partitions, and no others, are this worker's."""
        with self._lock:
            self._settled = True
            self._lanes = {p: self._lanes.get(p, "assigned") for p in partitions}
            self._remaining = {p: n for p, n in self._remaining.items() if p in self._lanes}

    def unsettled(self) -> None:
        """A rebalance has begun, or the group was lost: nothing is this worker's for now."""
        with self._lock:
            self._settled = False
            self._lanes.clear()
            self._remaining.clear()

    def lane(self, partition: int, state: str) -> None:
        """Where a lane stands: ``flowing``, or on its way there in its own words."""
        with self._lock:
            self._lanes[partition] = state
            if state == FLOWING:
                self._remaining.pop(partition, None)

    def gone(self, partition: int) -> None:
        """The lane is closed: it is another worker's, or the worker ends."""
        with self._lock:
            self._lanes.pop(partition, None)
            self._remaining.pop(partition, None)

    def remaining(self, partition: int, records: int) -> None:
        """How many records a restoring lane still has to read."""
        with self._lock:
            self._remaining[partition] = records

    def live(self) -> tuple[bool, dict[str, Any]]:
        """Whether the loop gave a sign lately, and how long ago."""
        age = self._clock() - self._beat
        return age <= LIVE_S, {"live": age <= LIVE_S, "heartbeat_age_s": round(age, 3)}

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether everything assigned flows; if not, what is waited for."""
        with self._lock:
            waiting = {str(p): state for p, state in self._lanes.items() if state != FLOWING}
            ready = self._settled and not waiting and self.live()[0]
            state = "ready" if ready else "restoring" if waiting else "joining"
            if not self.live()[0]:
                state = "stuck"
            return ready, {
                "ready": ready,
                "state": state,
                "flowing": sorted(p for p, s in self._lanes.items() if s == FLOWING),
                "waiting": waiting,
                "restore_remaining": sum(self._remaining.values()),
            }


class HealthServer:
    """Answers ``/livez``, ``/readyz`` and ``/metrics``; nothing else, and nothing that changes.

    Args:
        port: 0 takes a free one; `address` tells which.
        address_file: gets ``host:port`` once the server listens, for whoever started us.
    """

    def __init__(
        self,
        condition: Condition,
        registry: CollectorRegistry,
        host: str = "127.0.0.1",
        port: int = 0,
        address_file: Path | None = None,
    ) -> None:
        handler = type("Handler", (_Handler,), {"condition": condition, "registry": registry})
        try:
            self._server = ThreadingHTTPServer((host, port), handler)
        except OSError as error:
            raise ConfigurationError(
                f"The address {host}:{port} for /metrics cannot be used: {error}. Operator "
                "action: set CHENGYUN_METRICS_PORT to a free port, or to 0 for any."
            ) from error
        self._server.daemon_threads = True
        self._file = address_file
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="health", daemon=True
        )

    @property
    def address(self) -> str:
        """``host:port`` that it listens on."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def start(self) -> str:
        """Listen; the address is answered, and written to the file if one was named."""
        self._thread.start()
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(".new")
            fresh.write_text(self.address + "\n")
            fresh.replace(self._file)
        return self.address

    def stop(self) -> None:
        """Stop listening and take the address back."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=1.0)
        if self._file is not None:
            self._file.unlink(missing_ok=True)


class _Handler(BaseHTTPRequestHandler):
    """One request; slow readers are let go after five seconds."""

    condition: Condition
    registry: CollectorRegistry
    timeout = 5
    server_version = "chengyun"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one of the three questions."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(self.registry))
        elif path in ("/livez", "/readyz"):
            good, told = self.condition.live() if path == "/livez" else self.condition.ready()
            self._answer(200 if good else 503, "application/json", orjson.dumps(told) + b"\n")
        else:
            self._answer(404, "text/plain; charset=utf-8", b"/metrics /livez /readyz\n")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base names it so)
        """Probes come every few seconds; they are not worth a line each."""
