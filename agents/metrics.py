"""Every figure that a worker shows to Prometheus, named once.

The registry is our own, so that nothing a library registers slips in. Labels come from
small fixed sets (stages, partitions, tiers, severities, colours, rules of the policy,
reason codes); what could grow without end is folded into ``other``.

Counters of a worker begin at zero with its process; gauges that describe the city (open
incidents) are counted anew from the restored state, so they are true after a restart.
"""

from __future__ import annotations

import re
import time
from collections import Counter as Counts
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from agents.census import Census, Matter, lift
from agents.health import Condition
from agents.runtime.observe import CommittedChunk, LaneStatus, Observer
from agents.score_gauges import ScoreGauges
from schemas.terms import SEVERITIES, TIERS
from streams.program import Output, Program
from streams.topics import ALERTS, AUDIT, INCIDENTS, REPLIES, SCOREBOARD

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0)
STEPS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
RECORDS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)
MOST_LABELS = 60

_ALERT_TOPICS = {topic.name: tier for tier, topic in ALERTS.items()}
_PLAIN_TOPICS = frozenset(topic.name for topic in (AUDIT, INCIDENTS, REPLIES))
_TOPIC_NAME = attrgetter("topic.name")
_ALERT = re.compile(rb'"colour":"(\w+)","state":"(\w+)"')
_REASON = re.compile(rb'"reason":\{"code":"(\w+)"')
_ANSWERED = re.compile(rb'"answered_at":"([^"]+)"')
_CHANGED = re.compile(rb'"changed_at":"([^"]+)"')
_ANSWER = re.compile(rb'"answer":"(\w+)"')
_TRIGGER = re.compile(rb'"trigger":\{"id":"([^"]+)"')
_EVENT_TIME = re.compile(rb'"time":"([^"]+)"')


class Bounded:
    """Label values of a set that is small by design, and is kept small by force."""

    def __init__(self, most: int = MOST_LABELS) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """The value itself, or ``other`` once too many have been seen."""
        if value not in self._known:
            if len(self._known) >= self._most:
                return "other"
            self._known.add(value)
        return value


class Metrics(Observer):
    """The figures of one worker of one stage, and the condition that its probes tell.

    Methods are called from the event loop; the registry is read by the health server.
    """

    def __init__(
        self,
        stage: str,
        *,
        speed: float = 1.0,
        event_time: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.stage = stage
        self.condition = Condition()
        self.registry = CollectorRegistry()
        self._clock = clock
        self._speed = speed
        self._event_time = event_time
        self._rules = Bounded()
        self._triggers = Bounded()
        self._reasons = Bounded()
        self._census = Census(stage) if stage in TIERS else None
        self._restoring: dict[int, tuple[float, int]] = {}
        self._known: set[int] = set()
        ProcessCollector(registry=self.registry, namespace="chengyun")

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"chengyun_{name}", about, labels, registry=self.registry)

        def gauge(name: str, about: str, *labels: str) -> Gauge:
            return Gauge(f"chengyun_{name}", about, labels, registry=self.registry)

        def histogram(
            name: str, about: str, *labels: str, buckets: Sequence[float] = SECONDS
        ) -> Histogram:
            return Histogram(
                f"chengyun_{name}", about, labels, registry=self.registry, buckets=buckets
            )

        self.records_in = counter(
            "records_in_total", "Records taken from the inbox and committed.", "stage"
        )
        self.records_out = counter(
            "records_out_total", "Messages committed, by topic.", "stage", "topic"
        )
        self.records_dead = counter(
            "records_dead_total", "Records set aside as dead letters.", "stage", "reason"
        )
        self.record_delay = histogram(
            "record_delay_seconds",
            "Age of a chunk's oldest record when it was committed.",
            "stage",
            "partition",
        )
        self.chunk_records = histogram(
            "chunk_records", "Records in one transaction.", "stage", buckets=RECORDS
        )
        self.step_seconds = histogram(
            "step_seconds", "Time deciding one chunk.", "stage", buckets=STEPS
        )
        self.transaction_seconds = histogram(
            "transaction_seconds", "Time committing one chunk.", "stage", buckets=STEPS
        )
        self.records_buffered = gauge(
            "records_buffered", "Records read and not yet taken.", "stage", "partition"
        )
        self.committed_offset = gauge(
            "committed_offset",
            "Where the lane begins to read after a restart.",
            "stage",
            "topic",
            "partition",
        )
        self.restore_remaining = gauge(
            "restore_remaining_records", "Changelog records still to read.", "stage", "partition"
        )
        self.restore_rate = gauge(
            "restore_records_per_second", "Rate of the restore.", "stage", "partition"
        )
        self.rebalances = counter("rebalances_total", "Assignments of partitions.", "stage")
        self.lanes_fenced = counter(
            "lanes_fenced_total", "Lanes that were fenced, or failed a commit.", "stage"
        )
        self.partition_owned = gauge(
            "partition_owned", "1 while this worker owns the partition.", "stage", "partition"
        )
        self.watermark_timestamp = gauge(
            "watermark_timestamp_seconds",
            "Event time that the lane has completed.",
            "stage",
            "partition",
        )
        self.deadline_lateness = histogram(
            "deadline_lateness_seconds", "How long after its time a deadline fired.", "stage"
        )
        self.open_incidents = gauge(
            "open_incidents", "Open incidents the tier owns.", "tier", "severity"
        )
        self.overdue_incidents = gauge(
            "overdue_incidents", "Open incidents past their limit.", "tier"
        )
        self.escalations = counter(
            "escalations_total", "Incidents handed to another tier.", "tier", "rule", "direction"
        )
        self.alerts = counter(
            "alerts_total", "Alert messages by colour and state.", "tier", "colour", "state"
        )
        self.answers = counter(
            "alert_answers_total",
            "Operators' answers to warnings; they move the threshold of the trigger's kind.",
            "tier",
            "trigger",
            "answer",
        )
        self.event_to_alert = histogram(
            "event_to_alert_seconds",
            "Real seconds from the event to its alert's commit; not in event time.",
            "tier",
        )
        self.scores = ScoreGauges(self.registry, Bounded())
        self.heartbeat = gauge("heartbeat_timestamp_seconds", "Last sign of the loop.", "stage")
        self._zero()

    def _zero(self) -> None:
        """Show what has not happened yet as 0, so that a rate sees the first time too."""
        self.records_in.labels(self.stage)
        self.rebalances.labels(self.stage)
        self.lanes_fenced.labels(self.stage)
        if self._census is not None:
            self._show_census()

    # --- the loop and its lanes

    def alive(self) -> None:
        """The event loop turns."""
        self.condition.beat()
        self.heartbeat.labels(self.stage).set(self._clock())

    def assigned(self, stage: str, partitions: Collection[int]) -> None:
        """The group has settled and these partitions are ours."""
        self.rebalances.labels(stage).inc()
        for number in self._known - set(partitions):
            self._forget(number)
        for number in partitions:
            self.partition_owned.labels(stage, str(number)).set(1)
        self._known = set(partitions)
        self.condition.assigned(partitions)

    def revoked(self, stage: str, partitions: Collection[int]) -> None:
        """A rebalance has begun: nothing flows until the next assignment.

        What was counted stays: a lane that comes back at once keeps its memory too.
        """
        for number in partitions:
            self.partition_owned.labels(stage, str(number)).set(0)
        self.condition.unsettled()

    def _forget(self, number: int) -> None:
        self.restore_remaining.labels(self.stage, str(number)).set(0)
        self.records_buffered.labels(self.stage, str(number)).set(0)
        if self._census is not None:
            self._census.lost(number)
            self._show_census()

    def restoring(self, stage: str, partition: int, restored: int, remaining: int) -> None:
        """How far a lane has read its changelog, in records."""
        now = time.monotonic()
        begun, first = self._restoring.setdefault(partition, (now, restored))
        if now > begun:
            rate = (restored - first) / (now - begun)
            self.restore_rate.labels(stage, str(partition)).set(rate)
        self.restore_remaining.labels(stage, str(partition)).set(remaining)
        self.condition.remaining(partition, remaining)

    def restored(
        self, stage: str, partition: int, state: Mapping[bytes, bytes], program: Program
    ) -> None:
        """A lane has its state again; the incidents in it are counted."""
        self._restoring.pop(partition, None)
        self.restore_remaining.labels(stage, str(partition)).set(0)
        if self._census is not None:
            self._census.restored(partition, state)
            self._show_census()

    def status(self, stage: str, partition: int, status: LaneStatus) -> None:
        """What a lane is doing; it is ready when it flows."""
        if status == "stopped":
            self.condition.gone(partition)
        else:
            self.condition.lane(partition, status)

    def fenced(self, stage: str, partition: int) -> None:
        """Another owner has taken the lane, or a commit failed: it opens again."""
        self.lanes_fenced.labels(stage).inc()

    def buffered(self, stage: str, partition: int, records: int) -> None:
        """What lies in front of a lane: more than nothing, and nothing taken, is stuck."""
        self.records_buffered.labels(stage, str(partition)).set(records)

    def idle(self, stage: str, partition: int) -> None:
        """The lane has caught up; a scrape sees it by its delay."""

    # --- what was committed

    def committed(self, stage: str, partition: int, chunk: CommittedChunk) -> None:
        """Count one committed transaction."""
        effects = chunk.effects
        if effects.consumed:
            self.records_in.labels(stage).inc(effects.consumed)
            self.chunk_records.labels(stage).observe(effects.consumed)
        if chunk.oldest_ms is not None:
            delay = max(0.0, self._clock() - chunk.oldest_ms / 1_000)
            self.record_delay.labels(stage, str(partition)).observe(delay)
        self.step_seconds.labels(stage).observe(chunk.step_s)
        self.transaction_seconds.labels(stage).observe(chunk.transaction_s)
        if effects.fired:
            late = max(0.0, effects.lateness_s / self._speed)
            self.deadline_lateness.labels(stage).observe(late)
        for letter in effects.dead:
            self.records_dead.labels(stage, self._reasons(_reason(letter))).inc()
        for topic, offset in chunk.next.items():
            self.committed_offset.labels(stage, topic, str(partition)).set(offset)
        self._count_outputs(effects.outputs, chunk.now)
        if self._census is not None and effects.dirty:
            self._census.committed(partition, effects.dirty)
            self._show_census()

    def _count_outputs(self, outputs: Sequence[Output], now: datetime) -> None:
        by_topic = Counts(map(_TOPIC_NAME, outputs))
        for name, count in by_topic.items():
            self.records_out.labels(self.stage, name).inc(count)
        if self._census is None or by_topic.keys() <= _PLAIN_TOPICS:
            return
        alerts: Counts[tuple[str, str, str]] = Counts()
        lifts: Counts[tuple[str, str]] = Counts()
        for output in outputs:
            name = output.topic.name
            if name in _PLAIN_TOPICS:
                continue
            if output.topic is SCOREBOARD:
                self.scores.show(output)
            elif name in _ALERT_TOPICS:
                self._alert(_ALERT_TOPICS[name], output, now, alerts)
            elif (given := lift(output)) is not None:
                lifts[given.rule, given.direction] += 1
        for labels, count in alerts.items():
            self.alerts.labels(*labels).inc(count)
        for (rule, direction), count in lifts.items():
            self.escalations.labels(self.stage, self._rules(rule), direction).inc(count)

    def watermark(self, stage: str, partition: int, moment: datetime) -> None:
        """The lane has applied everything before this event time."""
        self.watermark_timestamp.labels(stage, str(partition)).set(moment.timestamp())

    def _alert(
        self, tier: str, output: Output, now: datetime, alerts: Counts[tuple[str, str, str]]
    ) -> None:
        message = output.message if isinstance(output.message, bytes) else b""
        found = _ALERT.search(message)
        if found is None:
            return
        colour, state = found[1].decode(), found[2].decode()
        alerts[tier, colour, state] += 1
        answered = _ANSWERED.search(message)
        if answered is not None:
            self._answer(tier, message, answered[1])
        if self._event_time or state not in ("opened", "raised"):
            return
        stamped = _EVENT_TIME.search(message)
        if stamped is not None:
            age = (now - datetime.fromisoformat(stamped[1].decode())).total_seconds()
            self.event_to_alert.labels(tier).observe(max(0.0, age / self._speed))

    def _answer(self, tier: str, message: bytes, at: bytes) -> None:
        """The desk has answered just now; later revisions carry the answer with its own time."""
        changed, said, trigger = (
            pattern.search(message) for pattern in (_CHANGED, _ANSWER, _TRIGGER)
        )
        if changed and said and trigger and changed[1] == at:
            self.answers.labels(tier, self._triggers(trigger[1].decode()), said[1].decode()).inc()

    def _show_census(self) -> None:
        assert self._census is not None
        tier, counted = self._census.tier, self._census.open
        for severity in SEVERITIES:
            number = counted[Matter(severity, False)] + counted[Matter(severity, True)]
            self.open_incidents.labels(tier, severity).set(number)
        overdue = sum(n for matter, n in counted.items() if matter.overdue)
        self.overdue_incidents.labels(tier).set(overdue)


def _reason(letter: Output) -> str:
    """The code of a dead letter's reason, found without reading the bytes it carries."""
    found = _REASON.search(letter.message) if isinstance(letter.message, bytes) else None
    return found[1].decode() if found is not None else "unknown"


def moment_of(seconds: float) -> datetime:
    """The moment that a ``…_timestamp_seconds`` figure stands for."""
    return datetime.fromtimestamp(seconds, UTC)
