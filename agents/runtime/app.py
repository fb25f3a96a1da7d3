"""The Faust app of a stage: Faust as it is, without what a stage does not use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import faust
from faust.tables import TableManager

from agents.runtime import transport
from agents.runtime.options import StageOptions

if TYPE_CHECKING:
    from agents.runtime.stage import Stage


class NoTables(TableManager):
    """Faust's table service without tables: it need not wait a second for some to come."""

    async def on_start(self) -> None:
        """Say at once that everything is there."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


class FaustApp(faust.App):
    """Faust's app, without the directories it would make in the working directory."""

    stage: Stage

    def _create_directories(self) -> None:
        """Our state lives in Kafka."""


def faust_app(stage: Stage, options: StageOptions) -> FaustApp:
    """An app that gets its chunks from our transport and keeps nothing of its own.

    Its web server is off; metrics and probes are ours. It never creates topics.
    """
    app = FaustApp(
        options.group,
        origin="agents",
        autodiscover=False,
        # Faust wants an address; our clients use all of them, with TLS and SASL.
        broker=f"{transport.SCHEME}://{options.client['bootstrap_servers'].split(',')[0]}",
        store="memory://",
        TableManager=NoTables,
        datadir=Path(".chengyun") / "faust",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        broker_commit_interval=2.0,
        broker_session_timeout=options.session_timeout_s,
        broker_heartbeat_interval=options.heartbeat_s,
        broker_request_timeout=max(60.0, options.session_timeout_s),
        consumer_group_instance_id=options.instance_id or "",
        worker_redirect_stdouts=False,
    )
    app.stage = stage
    return app
