"""Workers of one city's stages, each a process of its own that tests start and kill."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from agents.settings import Settings
from agents.up.supervisor import worker_command


class Workers:
    """The stages that run, by name; whichever are left end with the block.

    Args:
        told: further settings of theirs, by name without the prefix of the environment.
    """

    def __init__(self, settings: Settings, broker: str, home: Path, **told: str) -> None:
        self.settings = settings
        self.client = {"bootstrap_servers": broker}
        self.home = home
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._told = {
            "BROKER": broker,
            "PREFIX": settings.prefix,
            "DATA_DIR": str(home),
            "INSTANCE_ID": "town",
            "METRICS_PORT": "0",
            **told,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stage in self._running:
            self.kill(stage)

    def start(self, stage: str) -> None:
        """Start a worker of that stage."""
        environment = {**os.environ, **{f"CHENGYUN_{key}": to for key, to in self._told.items()}}
        with (self.home / f"{stage}.log").open("ab") as log:
            self._running[stage] = subprocess.Popen(
                worker_command(stage), stdout=log, stderr=log, env=environment
            )

    def kill(self, stage: str) -> None:
        """kill -9."""
        self._running[stage].kill()
        self._running[stage].wait()
