"""Who of a stage's workers gets which lanes: evenly, and as far as possible what they had.

A lane that stays where it is keeps its state in memory; one that moves is restored from
its changelog. Kafka's own assignors either move lanes when a worker comes or goes
(range, round robin) or do not keep the inputs of one lane together (sticky).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)

VERSION = 0


def share_out(claims: Mapping[str, Collection[int]], lanes: Collection[int]) -> dict[str, set[int]]:
    """Give every lane to one worker; nobody gets two more than another.

    Args:
        claims: for each worker, the lanes that it has in memory. Two may claim the same
            one, when a frozen worker comes back.
    """
    members = sorted(claims)
    fewest, extra = divmod(len(lanes), len(members))
    free = set(lanes)
    shares: dict[str, set[int]] = {member: set() for member in members}
    # Those with most to keep choose first, and the spare places go to them.
    for member in sorted(members, key=lambda m: (-len(free & set(claims[m])), m)):
        kept = sorted(free & set(claims[member]))
        room = fewest + (1 if extra > 0 else 0)
        shares[member] = set(kept[:room])
        extra -= len(shares[member]) > fewest
        free -= shares[member]
    for lane in sorted(free):
        neediest = min(members, key=lambda m: (len(shares[m]), m))
        shares[neediest].add(lane)
    return shares


class LaneAssignor(AbstractPartitionAssignor):
    """The group protocol "lanes": each worker tells what it has, the leader shares out.

    Args:
        lanes: the numbers of the lanes that this worker has in memory now.
    """

    name = "lanes"

    def __init__(self, lanes: Callable[[], Collection[int]]) -> None:
        self._lanes = lanes

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What this worker reads and has."""
        claim = json.dumps(sorted(self._lanes())).encode()
        return ConsumerProtocolMemberMetadata(VERSION, list(topics), claim)

    def assign(
        self, cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Share out the lanes; a lane is the same partition number of every input."""
        topics = sorted({t for metadata in members.values() for t in metadata.subscription})
        widths = {topic: set(cluster.partitions_for_topic(topic) or ()) for topic in topics}
        lanes: set[int] = set().union(*widths.values())
        claims = {member: _claim(metadata.user_data) for member, metadata in members.items()}
        shares = share_out(claims, lanes)
        return {
            member: ConsumerProtocolMemberAssignment(
                VERSION, [(t, sorted(share & widths[t])) for t in topics], b""
            )
            for member, share in shares.items()
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing to remember: the stage knows its lanes."""


def _claim(user_data: bytes) -> set[int]:
    """The lanes a worker says it has; none when it says nothing we understand."""
    try:
        return {int(lane) for lane in json.loads(user_data or b"[]")}
    except (ValueError, TypeError):
        return set()
