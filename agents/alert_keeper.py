"""Keeps a city's index of alerts up with their topics, and the reasons of each alert ready."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from agents.alert_index import AlertIndex, index_path
from agents.cli.names import Names
from agents.cli.reasons import Reasons
from agents.cli.said import alert_of, fields_of, whole
from agents.settings import Settings
from streams.policy import Policy

if TYPE_CHECKING:
    from agents.ledger import Ledger

A_SECOND = 500
"""Records that `up` reads a second: about a hundredth of a processor."""
LOOK_S = 0.3
"""Between two looks at the topics; what is told of a living city is about so old."""
AT_A_TIME = 40
"""Alerts whose reasons are given between two looks, about 0.2 ms each."""
LAST_S = 4.0
"""How long the end of a city may wait for its index."""

Progress = Callable[[int, int], None]


def _silent(read: int, of: int) -> None:
    """Report nothing."""


async def read_on(
    index: AlertIndex,
    ledger: Ledger,
    *,
    alert_id: str | None = None,
    most: int | None = None,
    progress: Progress = _silent,
) -> None:
    """Read on from where the index has come to.

    Args:
        alert_id: only the partitions of this alert.
        most: about so many records of each partition and no more.
    """
    from agents.alert_book import alert_topics

    topics = alert_topics()
    looked_at = time.time()
    ends = await ledger.ends(topics)
    since = index.read_to()
    if any(since[place] > ends.get(place, 0) for place in since):
        index.clear()
        since = {}
    if len(since) < len(ends):
        since = dict.fromkeys(ends, 0) | since
        index.add((), since)  # every partition has its line from now on
    if alert_id is not None:
        homes = {(topic.name, ledger.home(topic, alert_id)) for topic in topics}
        ends = {place: end for place, end in ends.items() if place in homes}
    until = {
        place: end if most is None else min(end, since[place] + most) for place, end in ends.items()
    }
    if any(since[place] < end for place, end in until.items()):
        batches = ledger.scan(topics, key=alert_id, since=since, until=until, progress=progress)
        async for batch in batches:
            index.add(
                (
                    (record.topic, record.partition),
                    record.offset,
                    record.key.decode(errors="replace"),
                    record.value,
                )
                for record in batch
                if record.value is not None and record.key is not None
            )
    index.add((), until)
    index.whole((place for place, end in until.items() if end == ends[place]), looked_at)


def prepare(index: AlertIndex, policy: Policy) -> None:
    """Note what every explanation under this policy shares: names, and what explains what."""
    index.under(policy.version)
    names = Names.of(policy)
    flood = policy.triggers.flood
    shared = {
        "policy": policy.version,
        "areas": names.areas,
        "units": names.units,
        "causing": sorted(policy.triggers.causing),
        "flood": None if flood is None else flood.id,
    }
    index.note("shared", json.dumps(shared, ensure_ascii=False))


def explain_some(
    index: AlertIndex, policy: Policy, most: int = AT_A_TIME, *, warnings: bool = False
) -> int:
    """Give the reasons of so many alerts that have none as they stand; answers of how many.

    Args:
        warnings: reminders of late work are left out; theirs are all alike.
    """
    todo = index.unexplained(most, warnings=warnings)
    index.explain((alert_id, n, _reasons(index, alert_id, policy)) for alert_id, n in todo)
    return len(todo)


def _reasons(index: AlertIndex, alert_id: str, policy: Policy) -> dict[str, object] | None:
    try:
        said = [fields_of(value) for value in index.revisions(alert_id)]
    except ValueError:
        return None  # no alert that could be read: a command says so when it is asked
    if not said:
        return None
    alert = alert_of(whole(said))
    return {
        "zh": Reasons.of(alert, policy, "zh").kept(),
        "en": Reasons.of(alert, policy, "en").kept(),
    }


async def keep(settings: Settings, bootstrap: str, policy: Policy) -> None:
    """Follow a city's alerts, a little at a time, until cancelled.

    What goes wrong here costs a command its speed and nothing else, so it is tried again.
    """
    from aiokafka.errors import KafkaError

    from agents.alert_book import alert_topics
    from agents.ledger import open_ledger
    from schemas.errors import ConfigurationError

    while True:
        try:
            with AlertIndex(index_path(settings)) as index:
                prepare(index, policy)
                async with open_ledger(settings, bootstrap, alert_topics()) as ledger:
                    lanes = sum(ledger.width(topic) for topic in alert_topics())
                    while True:
                        await read_on(index, ledger, most=max(1, int(A_SECOND * LOOK_S) // lanes))
                        explain_some(index, policy)
                        await asyncio.sleep(LOOK_S)
        except (KafkaError, ConfigurationError, OSError, sqlite3.Error):
            await asyncio.sleep(5.0)


async def finish(settings: Settings, bootstrap: str, policy: Policy) -> None:
    """Read a city's last alerts once its workers are gone, so that it can be asked afterwards.

    Takes a few seconds at most; what is left then is read when somebody asks for it.
    """
    from aiokafka.errors import KafkaError

    from agents.alert_book import alert_topics
    from agents.ledger import open_ledger
    from schemas.errors import ConfigurationError

    until = time.monotonic() + LAST_S
    try:
        with AlertIndex(index_path(settings)) as index:
            prepare(index, policy)
            async with asyncio.timeout(LAST_S):
                async with open_ledger(settings, bootstrap, alert_topics()) as ledger:
                    await read_on(index, ledger)
            while time.monotonic() < until and explain_some(index, policy, warnings=True):
                pass
    except (KafkaError, ConfigurationError, OSError, TimeoutError, sqlite3.Error):
        return  # the topics have it all
