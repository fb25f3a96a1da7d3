"""The audit chain of an incident: every transition, who, why, and the hash of the one before.

The chain travels with the case when it changes hands, so one incident has one chain
whatever tiers wrote it. An edit, a gap or a reordering breaks it (`verify`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

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


FaultKind = Literal[
    "edited", "gap", "no_beginning", "reordered", "doubled", "broken_link", "unnamed_policy"
]

KEPT_FAULTS = 20
WAITED_FOR = 100
"""A chain remembers at most that many faults, and looks out for that many missing entries."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the chain of an incident, at entry ``n``."""

    kind: FaultKind
    n: int
    text: str


class Chain:
    """The chain of one incident as an auditor follows it, entry by entry, in constant memory.

    Attributes:
        n, hash: the highest entry seen, and its hash as it says itself.
        to: the state that entry led to; version: the incident's version then.
        begins: the first entry's number: above 1 where the topic no longer holds the others.
        policies: the policy versions that decided, in the order met.
    """

    __slots__ = ("begins", "faults", "hash", "missing", "n", "policies", "to", "version")

    def __init__(self) -> None:
        self.n = 0
        self.hash = FIRST_HASH
        self.to = ""
        self.version = 0
        self.begins = 0
        self.policies: tuple[str, ...] = ()
        self.missing: frozenset[int] = frozenset()
        self.faults: tuple[Fault, ...] = ()

    def follow(self, raw: bytes) -> None:
        """Take the next entry as it was written (the ``data`` of the message, JSON)."""
        entry = orjson.loads(raw)
        digest = str(entry.pop("hash", ""))
        n = int(entry.get("n") or 0)
        actual = hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest()
        if digest != actual:
            told = f"entry {n} was changed: its hash is {digest}, its content says {actual}"
            self._blame("edited", n, told)
        policy = str(entry.get("policy_version") or "")
        if not policy:
            self._blame("unnamed_policy", n, f"entry {n} names no policy version")
        elif policy not in self.policies:
            self.policies = (*self.policies, policy)
        if n <= self.n:
            self._late(n)
            return
        if self.n == 0:
            self.begins = n
        if n == self.n + 1:
            if entry.get("previous_hash") != self.hash:
                told = f"entry {n} does not continue the hash of the one before"
                self._blame("broken_link", n, told)
        elif self.n or n > 1:
            lost = range(self.n + 1, min(n, self.n + 1 + WAITED_FOR))
            self.missing = self.missing | frozenset(lost)
            told = f"entry {n} follows entry {self.n}, wanted {self.n + 1}"
            self._blame("gap" if self.n else "no_beginning", n, told)
        self.n, self.hash = n, digest
        self.to = str(entry.get("to") or "")
        self.version = int(entry.get("version") or 0)

    def _late(self, n: int) -> None:
        """An entry at or below the highest: out of its place, or there twice."""
        if n not in self.missing:
            self._blame("doubled", n, f"entry {n} is there again after entry {self.n}")
            return
        self.missing = self.missing - {n}
        # What looked like a gap was a swap: the entry is there, only not in its place.
        filled = not any(other <= self.n for other in self.missing)
        kept = (
            fault for fault in self.faults if not (filled and fault.kind in ("gap", "no_beginning"))
        )
        self.faults = tuple(kept)
        self._blame("reordered", n, f"entry {n} stands behind entry {self.n}")

    def _blame(self, kind: FaultKind, n: int, text: str) -> None:
        if len(self.faults) < KEPT_FAULTS:
            self.faults = (*self.faults, Fault(kind, n, text))


def verify(entries: Iterable[bytes]) -> list[str]:
    """Check the chain of one incident.

    Args:
        entries: the ``data`` of its audit entries as JSON, oldest first.

    Returns:
        What is wrong, one sentence each; empty when the chain holds.
    """
    chain = Chain()
    for raw in entries:
        chain.follow(raw)
    return [fault.text for fault in chain.faults]
