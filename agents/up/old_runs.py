"""Clearing away cities that were made up and left long ago, so that a machine does not fill up.

Each `up` without a prefix founds a new city. The newest few are kept, so that one can look
back or go on with one; older ones are deleted from the embedded broker, topics and logs. A
city that a person has named, that still runs, or that lies on a named cluster is never
touched.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from agents import topic_admin
from agents.settings import Settings
from agents.up.city import CityRecord, read_city

_OURS = re.compile(r"up-\d{4}-\d{6}\.")


def outlived(data_dir: Path, keep: int) -> list[CityRecord]:
    """The cities that `up` has named itself, have ended and are older than the newest `keep`."""
    home = data_dir / "up"
    records = [read_city(place) for place in home.iterdir()] if home.is_dir() else []
    ended = [
        record
        for record in records
        if record is not None
        and record.embedded
        and _OURS.fullmatch(record.prefix)
        and not record.runs()
    ]
    return sorted(ended, key=lambda record: record.started_at, reverse=True)[keep:]


async def clear_away(settings: Settings, bootstrap: str, cities: list[CityRecord]) -> int:
    """Delete the topics and files of these cities; answers how many topics there were."""
    deleted = 0
    async with topic_admin.admin_client(settings, bootstrap) as admin:
        names = set(await admin.list_topics())
        for city in cities:
            theirs = sorted(name for name in names if name.startswith(f"{city.prefix}chengyun."))
            if theirs:
                await admin.delete_topics(theirs)
                deleted += len(theirs)
            place = settings.data_dir / "up" / city.prefix.rstrip(".")
            shutil.rmtree(place, ignore_errors=True)
    return deleted
