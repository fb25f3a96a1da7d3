"""Run a recorded city through the five stages in memory and count what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson

import streams.city
import streams.district
import streams.intake
import streams.sensing
import streams.street
from agents.backtest.city import City
from agents.replay.feed import Entry, moment_of
from agents.replay.pour import LAST_INSTANT
from streams.policy.policy import Policy
from streams.program import Program
from streams.topics import ALERTS, DEAD_LETTERS, INCIDENTS, Topic

BATCH = 2_000
DEFECT_LIMIT = 20
"""Records and timers of one stage that may be set aside because a step of ours raised: each is
found by computing its chunk again, so more would take hours and mean nothing."""
_ALERT_TOPICS = {topic.name: tier for tier, topic in ALERTS.items()}


def programs(policy: Policy) -> dict[str, Program]:
    """All five stages under one policy, by name."""
    return {
        "intake": streams.intake.program(policy),
        "sensing": streams.sensing.program(policy),
        "street": streams.street.program(policy),
        "district": streams.district.program(policy),
        "city": streams.city.program(policy),
    }


@dataclass(slots=True)
class Outcome:
    """What history would have come to: messages by topic, and the last state of each incident.

    ``incidents`` maps an incident id to its tier, state, whether it is overdue and the
    rules that lifted it.
    """

    events: int = 0
    seconds: float = 0.0
    messages: Counter[str] = field(default_factory=Counter)
    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    incidents: dict[str, tuple[str, str, bool, tuple[str, ...]]] = field(default_factory=dict)

    def listen(self, topic: Topic, key: str, value: bytes) -> None:
        """Take one published message into account."""
        self.messages[topic.name] += 1
        if topic is INCIDENTS:
            data = orjson.loads(value)["data"]
            rules = tuple(step["rule"] for step in data.get("escalations", ()))
            self.incidents[key] = (data["tier"], data["state"], data["overdue"], rules)
        elif topic.name in _ALERT_TOPICS:
            data = orjson.loads(value)["data"]
            if data["state"] == "opened":
                self.alerts[_ALERT_TOPICS[topic.name], data["trigger"]["id"], data["colour"]] += 1
        elif topic is DEAD_LETTERS:
            self.dead_letters[orjson.loads(value)["data"]["reason"]["code"]] += 1

    @property
    def escalations(self) -> Counter[str]:
        """How often each rule lifted an incident."""
        return Counter(rule for _, _, _, rules in self.incidents.values() for rule in rules)


def run(
    policy: Policy,
    entries: Iterable[Entry],
    stops: int,
    progress: Callable[[int], None] = lambda events: None,
    listener: Callable[[Topic, str, bytes], None] | None = None,
    batch: int | None = None,
) -> Outcome:
    """Replay events at full speed under a policy.

    Args:
        entries: in the order of their time.
        stops: when the clock stops, microseconds: deadlines up to then have spoken.
        progress: called with the number of events after each batch.
        listener: sees everything that is published, beside the outcome.
        batch: events between two looks at what follows from them; None: as many as is quick.

    Raises:
        DefectLimitError: steps of ours have raised too often, or what they left behind could
            not be written down; it names the stage, the record and the error.
    """
    outcome = Outcome()

    def listen(topic: Topic, key: str, value: bytes) -> None:
        outcome.listen(topic, key, value)
        if listener is not None:
            listener(topic, key, value)

    town = City(programs(policy), mode="event", listener=listen, defect_limit=DEFECT_LIMIT)
    began = time.perf_counter()
    waiting = 0
    for entry in entries:
        if waiting >= (batch or BATCH):
            town.tick(moment_of(entry.at))
            town.run()
            waiting = 0
            progress(outcome.events)
        town.publish(entry.topic, entry.key.decode(), entry.value)
        outcome.events += 1
        waiting += 1
    town.tick(moment_of(stops + LAST_INSTANT), final=True)
    town.run()
    outcome.seconds = time.perf_counter() - began
    progress(outcome.events)
    return outcome
