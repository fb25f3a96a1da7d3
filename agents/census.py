"""How many matters are open at each tier, counted from what the lanes have committed.

Only what was committed is looked at, so the count is as true as the topics are, and it is
the same after a restart. It runs beside every commit of a tier, so it finds its few fields
in the bytes without decoding them, and decodes only what does not look as expected.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

from schemas.terms import TERMINAL
from streams.effects import Change
from streams.program import Output, written
from streams.state import DUE_BYTES
from streams.topics import CITY_INBOX, DISTRICT_INBOX, STREET_INBOX

_HEAD = re.compile(
    rb'"data":\{"incident_id":"([^"\\]+)","version":\d+,"state":"(\w+)","tier":"(\w+)"'
)
_SEVERITY = re.compile(rb'"severity":"(\w+)","urgency":')
_INCIDENT = b"incident/"
_GIVEN_AWAY = b'"given_to":"'
_HANDOFF = b'"cn.chengyun.handoff.v1"'
_GIVEN = re.compile(rb'"data":\{"direction":"(\w+)","rule":"([^"\\]+)"')
_GIVEN_ID = re.compile(rb'"incident":\{"incident_id":"([^"\\]+)"')
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
    """Read where an incident stands from the bytes of an ``IncidentEvent`` or of the state."""
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
    if output.topic.name not in _TIER_INBOXES:
        return None
    message = written(output.message)
    if message.find(_HANDOFF, 0, 1_000) < 0:
        return None
    given = _GIVEN.search(message, 0, 1_500)
    whose = _GIVEN_ID.search(message, given.end()) if given is not None else None
    if given is not None and whose is not None:
        return Lift(whose[1].decode(), given[2].decode(), given[1].decode())
    data = orjson.loads(message)["data"]
    return Lift(data["incident"]["incident_id"], data["rule"], data["direction"])


def owned(stored: bytes) -> Standing | None:
    """Where an incident of a tier's state stands; None for the shadow of one given away.

    A tier stores an incident as it publishes it; a shadow names the area that has it now.
    """
    return None if stored.rfind(_GIVEN_AWAY) >= 0 else standing(stored)


class Census:
    """The open incidents that one tier's worker owns, by lane.

    ``open`` counts them by severity and by being overdue; it moves with each commit. What
    is counted is the state, not the messages: who receives an incident says nothing about
    it until something happens to it.
    """

    def __init__(self, tier: str) -> None:
        self.tier = tier
        self.open: Counter[Matter] = Counter()
        self._lanes: dict[int, dict[bytes, Matter]] = {}

    def restored(self, partition: int, state: Mapping[bytes, bytes]) -> None:
        """A lane starts anew from its state; what was counted for it is forgotten."""
        self.lost(partition)
        self._lanes[partition] = {}
        self.committed(partition, state.items())

    def lost(self, partition: int) -> None:
        """The lane is another worker's now."""
        self.open.subtract(self._lanes.pop(partition, {}).values())

    def committed(self, partition: int, changes: Iterable[Change]) -> None:
        """Count what a lane has changed in its state, by stored key and value."""
        lane = self._lanes.setdefault(partition, {})
        for key, value in changes:
            if not key.startswith(_INCIDENT, 1):  # the first letter is the namespace's rank
                continue
            before = lane.get(key)
            now = owned(value[DUE_BYTES:]) if value is not None else None
            matter = None
            if now is not None and now.state not in TERMINAL:
                matter = Matter(now.severity, now.overdue)
            if matter == before:
                continue
            if before is not None:
                self.open[before] -= 1
                del lane[key]
            if matter is not None:
                lane[key] = matter
                self.open[matter] += 1
