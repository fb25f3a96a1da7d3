"""Three tiers as a machine: ordered, cut off, repeated or waited for, it keeps its word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from schemas.command import Command, CommandEvent, Subject
from schemas.terms import Actor
from streams import topics
from streams.incidents import lifecycle
from streams.topics import Topic
from tests.streams.incidents.play import BEGIN, RULES, Play, policy
from tests.streams.incidents.test_invariants import (
    AREAS,
    STREETS,
    arguments_for,
    check,
    play_step,
)

RULE_NAMES = {
    *(f"E{number}" for number in range(1, 12)), "W7", "W9", "W11", "delegation", "officer",
}  # fmt: skip
TIMES: dict[str, Any] = {
    "paces": [
        {**row, "accept": "15 minute", "moves_on": "45 minute"}
        if "unacknowledged" in row
        else {**row, "moves_on": "45 minute"}
        for row in RULES["paces"]
    ],
    "escalation": {**RULES["escalation"], "calm": "20 minute", "delegation_answer": "30 minute"},
}
COMMANDS = st.sampled_from((*lifecycle.COMMANDS, "withdraw"))


class Tiers(RuleBasedStateMachine):
    """Street, district and city, any of which may be cut off for a while."""

    @initialize()
    def begin(self) -> None:
        self.play = Play(policy(**TIMES))
        self.reports: list[tuple[str, str]] = []
        self.sent: list[tuple[Topic, str, Any]] = []
        self.orders: dict[str, int] = {}

    @rule(
        kind=st.sampled_from(("cover", "garbage", "gas", "orphan")),
        area=st.sampled_from((*STREETS, None)),
        extra=st.sampled_from(((), ("minors",), ("A1", "A2"), ("A1", "B1"))),
    )
    def report(self, kind: str, area: str | None, extra: tuple[str, ...]) -> None:
        before = len(self.sent)
        self._watching(lambda: play_step(self.play, ("report", kind, area, 0, extra), self.reports))
        assert len(self.sent) == before + 1

    @precondition(lambda self: self.reports)
    @rule(pick=st.integers(0, 30), kind=st.sampled_from(("accepted", "resolved", "not_fixed")))
    def update(self, pick: int, kind: str) -> None:
        play_step(self.play, ("update", pick, kind), self.reports)

    @rule(
        phase=st.sampled_from(("opened", "raised", "cleared")),
        area=st.sampled_from(STREETS),
        severity=st.sampled_from(("V", "III", "II")),
    )
    def finding(self, phase: str, area: str, severity: str) -> None:
        play_step(self.play, ("finding", phase, area, severity), self.reports)

    @precondition(lambda self: self.play.incidents())
    @rule(
        which=st.integers(0, 30),
        action=COMMANDS,
        area=st.sampled_from(AREAS),
        role=st.sampled_from(("operator", "unit", "supervisor")),
        pick=st.integers(0, 9),
    )
    def order(self, which: int, action: Any, area: str, role: Any, pick: int) -> None:
        ids = list(self.play.incidents())
        identity = ids[which % len(ids)]
        tier = self.play.policy.areas.tier_of(area)
        assert tier is not None
        command_id = f"order-{next(self.play.numbers)}"
        data = Command(
            command_id=command_id,
            subject=Subject(kind="incident", id=identity),
            action=action,
            actor=Actor(id="x", role=role, tier=tier, area=area),
            reason="because",
            arguments=arguments_for(self.play, identity, action, pick),
        )
        event = CommandEvent(id=command_id, source="/desk", time=self.play.now, data=data)
        self.orders[command_id] = 1
        self._publish(topics.INBOXES[tier], area, event)

    @rule(minutes=st.sampled_from((1, 10, 45, 120, 600)))
    def wait(self, minutes: int) -> None:
        self.play.at((self.play.now - BEGIN) / timedelta(minutes=1) + minutes)

    @rule(stage=st.sampled_from(("street", "district", "city")))
    def cut_off(self, stage: str) -> None:
        self.play.city.stopped |= {stage}

    @precondition(lambda self: self.play.city.stopped)
    @rule()
    def reconnect(self) -> None:
        self.play.city.stopped = frozenset()
        self.play.city.run(self.play.now)
        check(self.play, self.reports)

    @precondition(lambda self: self.sent and not self.play.city.stopped)
    @rule(pick=st.integers(0, 200))
    def repeat(self, pick: int) -> None:
        """What was delivered already comes again: nobody hears anything but the same reply."""
        topic, key, event = self.sent[pick % len(self.sent)]
        if event.id in self.orders:
            self.orders[event.id] += 1
        before = len(self.play.said)
        self.play.city.publish(topic, key, event)
        self.play.city.run(self.play.now)
        assert [name for name, _, _ in self.play.said[before:] if name != "replies"] == []

    def teardown(self) -> None:
        """All are back: one owner, whole chains, and an answer to everything."""
        if not hasattr(self, "play"):
            return
        self.play.city.stopped = frozenset()
        self.play.city.run(self.play.now)
        check(self.play, self.reports)
        assert self.play.dead() == []
        for command_id, times in self.orders.items():
            replies = self.play.replies(command_id)
            assert len(replies) == times, (command_id, replies)
            assert all(reply == replies[0] for reply in replies)
        for incident_id, incident in self.play.incidents().items():
            moments = [entry.at for entry in self.play.audit(incident_id)]
            assert moments == sorted(moments)
            assert {lift.rule for lift in incident.escalations} <= RULE_NAMES
            assert incident.handed_at is None

    def _publish(self, topic: Topic, key: str, event: Any) -> None:
        self.sent.append((topic, key, event))
        self.play.city.publish(topic, key, event)
        self.play.city.run(self.play.now)

    def _watching(self, act: Any) -> None:
        """Do it, and remember what was sent."""
        publish = self.play.city.publish

        def remember(topic: Topic, key: str, event: Any) -> None:
            self.sent.append((topic, key, event))
            publish(topic, key, event)

        self.play.city.publish = remember  # type: ignore[method-assign, assignment]
        try:
            act()
        finally:
            self.play.city.publish = publish  # type: ignore[method-assign]


TestTiers = Tiers.TestCase
TestTiers.settings = settings(
    max_examples=25, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow]
)
