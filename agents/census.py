"""How many matters are open at each tier, counted from what the lanes have committed.

Only committed outputs are looked at, so the count is as true as the topics are. It runs
beside every commit of a tier, so it finds its few fields in the bytes without decoding
the message, and decodes only what does not look as expected.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import orjson

from schemas.terms import TERMINAL
from streams.program import Output, Program
from streams.state import DUE_BYTES
from streams.topics import CITY_INBOX, DISTRICT_INBOX, INCIDENTS, STREET_INBOX

_HEAD = re.compile(
    rb'"data":\{"incident_id":"([^"\\]+)","version":\d+,"state":"(\w+)","tier":"(\w+)"'
)
_SEVERITY = re.compile(rb'"severity":"(\w+)","urgency":')
_HANDOFF = b'"cn.chengyun.handoff.v1"'
_TIER_INBOXES = frozenset({STREET_INBOX.name, DISTRICT_INBOX.name, CITY_INBOX.name})


class Matter(NamedTuple):
    """What is counted of one open incident."""

    severity: str
    overdue: bool


class Standing(NamedTuple):
    """Where an incident stands, as its owner last wrote it."""

    incident_id: str
    state: str
    tier: str
    severity: str
    overdue: bool


class Lift(NamedTuple):
    """An incident given to another tier: which, by which rule, up or down."""

    incident_id: str
    rule: str
    direction: str


def standing(message: bytes) -> Standing:
    """Read where an incident stands from the bytes of an ``IncidentEvent``."""
    head = _HEAD.search(message)
    if head is not None:
        severity = _SEVERITY.search(message, head.end())
        # The reports of an incident have a verdict each; its own comes after they end.
        opened = message.find(b'"opened_at":', head.end())
        if severity is not None and opened > 0:
            return Standing(
                head[1].decode(),
                head[2].decode(),
                head[3].decode(),
                severity[1].decode(),
                message.find(b'"overdue":true', opened) > 0,
            )
    data = orjson.loads(message)["data"]
    return Standing(
        data["incident_id"], data["state"], data["tier"], data["severity"], bool(data["overdue"])
    )


def lift(output: Output) -> Lift | None:
    """The hand-off that a message is, or None for every other message."""
    message = _bytes(output)
    if output.topic.name not in _TIER_INBOXES or message.find(_HANDOFF, 0, 1_000) < 0:
        return None
    data = orjson.loads(message)["data"]
    return Lift(data["incident"]["incident_id"], data["rule"], data["direction"])


class Census:
    """The open incidents that one tier's worker owns, by lane.

    ``open`` counts them by severity and by being overdue; it moves with each commit.
    """

    def __init__(self, tier: str) -> None:
        self.tier = tier
        self.open: Counter[Matter] = Counter()
        self._lanes: dict[int, dict[str, Matter]] = {}

    def restored(self, partition: int, standings: Iterable[Standing]) -> None:
        """A lane starts anew from its restored state; what was counted for it is forgotten."""
        self.lost(partition)
        lane = self._lanes[partition] = {}
        for standing_now in standings:
            self._note(lane, standing_now)

    def lost(self, partition: int) -> None:
        """The lane is another worker's now."""
        self.open.subtract(self._lanes.pop(partition, {}).values())

    def committed(self, partition: int, outputs: Iterable[Output]) -> list[Lift]:
        """Count what a lane has committed; answers the hand-offs among it."""
        lane = self._lanes.setdefault(partition, {})
        lifts: list[Lift] = []
        last: dict[str, bytes] = {}
        for output in outputs:
            if output.topic is INCIDENTS:
                last[output.key] = _bytes(output)
            elif (given := lift(output)) is not None:
                lifts.append(given)
        for message in last.values():
            self._note(lane, standing(message))
        for given in lifts:
            self._drop(lane, given.incident_id)
        return lifts

    def _note(self, lane: dict[str, Matter], now: Standing) -> None:
        self._drop(lane, now.incident_id)
        if now.tier == self.tier and now.state not in TERMINAL:
            matter = lane[now.incident_id] = Matter(now.severity, now.overdue)
            self.open[matter] += 1

    def _drop(self, lane: dict[str, Matter], incident_id: str) -> None:
        matter = lane.pop(incident_id, None)
        if matter is not None:
            self.open[matter] -= 1


def owned_in(state: Mapping[bytes, bytes], program: Program) -> Iterator[Standing]:
    """Where the incidents of a restored lane stand, as far as its tier owns them."""
    for namespace in program.namespaces:
        if namespace.name != "incident":
            continue
        for key, value in state.items():
            if key.startswith(namespace.prefix):
                yield standing(value[DUE_BYTES:])


def _bytes(output: Output) -> bytes:
    message = output.message
    if isinstance(message, bytes):
        return message
    return message.__pydantic_serializer__.to_json(message, exclude_none=True, by_alias=True)
