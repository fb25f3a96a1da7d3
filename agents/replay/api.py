"""Replaying a recorded city: prepare it, feed it, account for every row of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from agents.broker import bootstrap_servers
from agents.replay.accounting import Account
from agents.replay.catalogue import open_source
from agents.replay.feed import Feed, microseconds
from agents.replay.pour import Fed, FedSoFar, Progress, pour
from agents.replay.source import Slice, Source, digest_of
from agents.settings import Settings

__all__ = ["Account", "Fed", "FedSoFar", "Prepared", "account", "feed", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recording that is ready: read, sorted, its policy written.

    Attributes:
        policy_dir: what the workers must decide by; None for the shipped policy.
        time_mode: "event" where deadlines fire at the times of the recording.
        rows: rows of the recording; `events` come of them.
        begins, ends: first event, and when the clock of the replay stops; in `zone`.
        digest: of recording and policy: a feed only goes on with what it began.
        workdir: where policy and account files are written.
    """

    dataset: str
    policy_dir: Path | None
    time_mode: Literal["event", "wall"]
    rows: int
    events: int
    begins: datetime
    ends: datetime
    zone: str
    digest: str
    workdir: Path
    source: Source = field(repr=False)


def prepare(dataset: str, path: Path, workdir: Path, part: Slice | None = None) -> Prepared:
    """Read a recording and write the policy that it needs.

    Args:
        dataset: a name of `agents.replay.catalogue.DATASETS`.
        path: the recording's file, or the directory that holds it.
        workdir: where the policy directory is made (``<workdir>/<dataset>-policy``).
        part: which part of it; None for all.

    Raises:
        ConfigurationError: nothing readable there.
    """
    source = open_source(dataset, path, part or Slice())
    policy_dir = source.write_policy(workdir / f"{dataset}-policy")
    return Prepared(
        dataset=dataset,
        policy_dir=policy_dir,
        time_mode=source.time_mode,
        rows=source.rows,
        events=source.events,
        begins=source.begins,
        ends=source.stops,
        zone=source.zone,
        digest=digest_of(_files(policy_dir), dataset, source.fingerprint()),
        workdir=workdir,
        source=source,
    )


async def feed(
    prepared: Prepared,
    settings: Settings,
    *,
    speed: float | None,
    progress: Progress,
    stop: asyncio.Event,
) -> Fed:
    """Write a prepared recording into the entry topics, going on where a feed stopped.

    Args:
        speed: seconds of the recording per real second; None for full speed.
        stop: set it to end after the running transaction; the next feed goes on.

    Raises:
        ConfigurationError: no broker or topics, or the prefix holds another feed.
    """
    writer = Feed(
        settings,
        bootstrap_servers(settings),
        prepared.dataset,
        prepared.digest,
        origin=microseconds(prepared.begins),
    )
    await writer.open()
    try:
        return await pour(
            writer,
            prepared.source.entries(),
            of=prepared.events,
            stops=microseconds(prepared.ends),
            speed=speed,
            progress=progress,
            stop=stop,
        )
    finally:
        await writer.close()


async def account(prepared: Prepared, settings: Settings) -> Account:
    """Say what became of every row, from what the stages have committed.

    Raises:
        ConfigurationError: no broker, or the prefix has no topics.
    """
    return await prepared.source.account(settings, bootstrap_servers(settings), prepared.workdir)


def _files(policy_dir: Path | None) -> tuple[Path, ...]:
    return () if policy_dir is None else tuple(sorted(policy_dir.glob("*.yaml")))
