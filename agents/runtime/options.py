"""How a stage runs: where its cluster is, what it is called there, and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from agents.settings import Settings, client_options
from schemas.terms import TIERS
from streams.effects import ChunkLimits

Guarantee = Literal["exactly_once", "at_least_once"]


# History is replayed for its end, not for the next alert: long chunks write each entry once
# that is changed a hundred times. The entry stages take smaller bites: the tiers wait for the
# slowest of their lanes, so what one lane is ahead of the others lies in a tier's memory.
REPLAY_STEP_S = 0.5
REPLAY_LINGER_S = 0.05
REPLAY_RECORDS = 50_000
REPLAY_ENTRY_RECORDS = 3_000
# While one lane waits for its commit the others compute, on a busy machine for seconds each.
REPLAY_TRANSACTION_S = 120.0
REPLAY_OUTPUT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class StageOptions:
    """Everything about a stage that is not its program.

    Attributes:
        stage: its name; group, transactional ids and state topic are made of it.
        client: connection arguments of every Kafka client (servers, TLS, SASL).
        prefix: stands before every topic, group and transactional id.
        instance_id: static membership: a name this worker keeps across restarts, so
            that it gets its partitions back at once. None: a dynamic member.
        limits: where a chunk ends.
        linger_s: at low load, how long a lane waits for more records after a commit.
        session_timeout_s: silence after which the group gives our partitions away.
        transaction_timeout_s: age at which the broker aborts an open transaction.
        defect_limit: raising steps and unreadable messages of ours before the stage stops.
        stuck_s: without progress for so long, the process ends with a message.
        lane_attempts: how often a lane may fail without a commit between.
        backlog_records, backlog_bytes: read ahead per lane; above it, fetching pauses.
        guarantee: at_least_once skips the transactions; for comparisons only.
    """

    stage: str
    client: Mapping[str, Any]
    prefix: str = ""
    instance_id: str | None = None
    limits: ChunkLimits = field(default_factory=ChunkLimits)
    linger_s: float = 0.010
    session_timeout_s: float = 6.0
    transaction_timeout_s: float = 10.0
    defect_limit: int = 100
    stuck_s: float = 40.0
    lane_attempts: int = 20
    backlog_records: int = 40_000
    backlog_bytes: int = 32 << 20
    guarantee: Guarantee = "exactly_once"

    @classmethod
    def of(cls, settings: Settings, stage: str, bootstrap: str | None = None) -> StageOptions:
        """The options that the settings describe.

        Raises:
            ConfigurationError: no cluster is known.
        """
        instance = settings.instance_id
        replay = settings.time == "event"
        return cls(
            stage=stage,
            client=client_options(settings, bootstrap),
            prefix=settings.prefix,
            instance_id=f"{settings.prefix}{stage}-{instance}" if instance else None,
            limits=_replay_limits(settings, stage) if replay else _limits(settings),
            linger_s=max(settings.linger_ms / 1_000, REPLAY_LINGER_S if replay else 0.0),
            session_timeout_s=settings.session_timeout_ms / 1_000,
            transaction_timeout_s=max(
                settings.transaction_timeout_ms / 1_000, REPLAY_TRANSACTION_S if replay else 0.0
            ),
            defect_limit=settings.dead_letter_limit,
        )

    @property
    def group(self) -> str:
        """The consumer group on the cluster."""
        return f"{self.prefix}{self.stage}"

    @property
    def heartbeat_s(self) -> float:
        """Seconds between two signs of life to the group."""
        return max(0.25, self.session_timeout_s / 4)

    def transactional_id(self, partition: int) -> str:
        """Who writes for a lane; a second writer of the same id fences the first."""
        return f"{self.group}-{partition}"

    @property
    def state_topic(self) -> str:
        """The physical name of the changelog."""
        return f"{self.prefix}chengyun.{self.stage}.state.v1"


def _limits(settings: Settings) -> ChunkLimits:
    return ChunkLimits(
        records=settings.chunk_records,
        seconds=settings.chunk_step_ms / 1_000,
        output_bytes=settings.chunk_output_bytes,
    )


def _replay_limits(settings: Settings, stage: str) -> ChunkLimits:
    given = _limits(settings)
    records = max(given.records, REPLAY_RECORDS) if stage in TIERS else REPLAY_ENTRY_RECORDS
    return replace(
        given,
        records=records,
        seconds=max(given.seconds, REPLAY_STEP_S),
        output_bytes=max(given.output_bytes, REPLAY_OUTPUT_BYTES),
    )
