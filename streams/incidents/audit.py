"""The audit chain of an incident: every transition, who, why, and the hash of the one before.

The chain travels with the case when it changes hands, so one incident has one chain
whatever tiers wrote it. An edit, a gap or a reordering breaks it (`verify`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

from schemas.terms import Actor

FIRST_HASH = "0" * 64


def chained(entry: dict[str, Any]) -> tuple[bytes, str]:
    """Close an entry with its hash.

    Args:
        entry: the fields of an `AuditEntry` in JSON terms, without ``hash``; times may be
            datetimes. Absent options are left out, not null.

    Returns:
        The entry's JSON with its hash, and the hash (SHA-256, hex, of the key-sorted JSON).
    """
    plain = orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(plain).hexdigest()
    return b'%b,"hash":"%b"}' % (plain[:-1], digest.encode()), digest


def actor_fields(actor: Actor) -> dict[str, Any]:
    """An actor in JSON terms, as it stands in an entry."""
    return {name: value for name, value in actor.__dict__.items() if value is not None}


def verify(entries: Iterable[bytes]) -> list[str]:
    """Check the chain of one incident.

    Args:
        entries: the ``data`` of its audit entries as JSON, oldest first.

    Returns:
        What is wrong, one sentence each; empty when the chain holds.
    """
    faults: list[str] = []
    previous, number = FIRST_HASH, 0
    for raw in entries:
        entry = orjson.loads(raw)
        digest = entry.pop("hash", None)
        n = entry.get("n")
        if n != number + 1:
            faults.append(f"entry {n} follows entry {number}, wanted {number + 1}")
        if entry.get("previous_hash") != previous:
            faults.append(f"entry {n} does not continue the hash of the one before")
        actual = hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest()
        if digest != actual:
            faults.append(f"entry {n} was changed: its hash is {digest}, its content says {actual}")
        previous, number = str(digest), int(n or 0)
    return faults
