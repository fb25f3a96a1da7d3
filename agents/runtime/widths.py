"""How wide the stages really are: partition counts as the cluster has them.

Watermarks wait for every lane upstream, so a stage must count the lanes that exist and
not those that a setting promises.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from aiokafka.client import AIOKafkaClient

from streams.topics import INBOXES, INCIDENTS, Sizing, Width


async def partition_counts(client: Mapping[str, Any], names: Iterable[str]) -> dict[str, int]:
    """Partitions of each topic by physical name; 0 for one that does not exist.

    Raises:
        KafkaError: the cluster cannot be reached.
    """
    connection = AIOKafkaClient(**client)
    await connection.bootstrap()
    try:
        cluster = await connection.fetch_all_metadata()
        return {name: len(cluster.partitions_for_topic(name) or ()) for name in names}
    finally:
        await connection.close()


async def sizing_of(client: Mapping[str, Any], prefix: str, planned: Sizing) -> Sizing:
    """The plan, corrected by what the cluster has.

    Raises:
        KafkaError: the cluster cannot be reached.
    """
    topics = {width: INBOXES.get(width, INCIDENTS) for width in get_args(Width)}
    counts = await partition_counts(client, [prefix + t.name for t in topics.values()])
    found = {width: counts[prefix + topic.name] for width, topic in topics.items()}
    return dataclasses.replace(planned, **{width: n for width, n in found.items() if n})
