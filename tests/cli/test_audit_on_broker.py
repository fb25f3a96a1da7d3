"""`chengyun audit verify` on a real broker: each kind of tampering with an audit is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from agents.cli.audit import app as audit
from schemas.terms import Actor
from streams import topics
from streams.incidents.audit import FIRST_HASH, actor_fields, chained

NOON = datetime(2026, 9, 21, 4, 0, tzinfo=UTC)
STEPS = ("dispatched", "accepted", "in_progress", "resolved", "closed")


def chain(incident_id: str) -> list[dict[str, Any]]:
    """A true chain of five entries, one for each state on the way."""
    entries: list[dict[str, Any]] = []
    previous, before = FIRST_HASH, None
    for n, state in enumerate(STEPS, start=1):
        entry = {
            "incident_id": incident_id,
            "n": n,
            "to": state,
            "action": "open" if n == 1 else "accept",
            "actor": actor_fields(Actor(id="wang", role="operator")),
            "at": NOON + timedelta(minutes=n),
            "version": n,
            "policy_version": "p@1",
            "previous_hash": previous,
            **({"from": before} if before else {}),
        }
        raw, previous = chained(entry)
        entries.append(orjson.loads(raw))
        before = state
    return entries


def rehashed(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with a hash that fits what it says now."""
    raw, _ = chained({name: value for name, value in entry.items() if name != "hash"})
    return dict(orjson.loads(raw))


def edited(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*entries[:2], {**entries[2], "reason": "invented"}, *entries[3:]]


def forged(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*entries[:2], rehashed({**entries[2], "reason": "invented"}), *entries[3:]]


def left_out(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*entries[:2], *entries[3:]]


def beheaded(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return entries[1:]


def cut_short(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return entries[:-1]


def swapped(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*entries[:2], entries[3], entries[2], entries[4]]


def doubled(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*entries[:3], *entries[2:]]


def nameless(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*entries[:4], rehashed({**entries[4], "policy_version": ""})]


TAMPERED: dict[str, tuple[Callable[[list[dict[str, Any]]], list[dict[str, Any]]], str, int]] = {
    "edited": (edited, "edited", 3),
    "forged": (forged, "broken_link", 4),
    "left-out": (left_out, "gap", 4),
    "beheaded": (beheaded, "no_beginning", 2),
    "cut-short": (cut_short, "end", 4),
    "swapped": (swapped, "reordered", 3),
    "doubled": (doubled, "doubled", 3),
    "nameless": (nameless, "unnamed_policy", 5),
}


def audit_event(entry: dict[str, Any]) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": f"{entry['incident_id']}/{entry['n']}",
        "source": "/street/1",
        "time": entry["at"],
        "type": "cn.chengyun.audit-entry.v1",
        "data": entry,
    }
    return orjson.dumps(envelope)


def incident_event(incident_id: str, state: str = "closed", version: int = 5) -> bytes:
    """As much of an incident as the audit is held against."""
    standing = {"state": state, "version": version, "policy_version": "p@1"}
    return orjson.dumps({"id": "i", "data": {"incident_id": incident_id, **standing}})


@pytest.fixture
def written(publish: Any) -> Any:
    async def write(incident_id: str, entries: list[dict[str, Any]], key: str = "") -> None:
        for entry in entries:
            await publish(topics.AUDIT, key or incident_id, audit_event(entry))
        await publish(topics.INCIDENTS, incident_id, incident_event(incident_id))

    return write


async def test_a_true_audit_is_sound_and_every_kind_of_tampering_is_named(
    written: Any, publish: Any, call: Any
) -> None:
    for name in ("true-1", "true-2"):
        await written(name, chain(name))
    sound = await call(audit, "verify")
    assert sound.exit_code == 0, sound.output
    assert "审计完整:2 件,10 条" in sound.stdout
    assert "策略 p@1:10 条" in sound.stdout

    for name, (tamper, _, _) in TAMPERED.items():
        await written(name, tamper(chain(name)))
    await written("misfiled", [])
    await publish(topics.AUDIT, "true-1x", audit_event(chain("misfiled")[0]))
    await publish(topics.INCIDENTS, "unaudited", incident_event("unaudited", "dispatched", 1))
    await publish(topics.AUDIT, "true-2", b"{broken")

    unsound = await call(audit, "verify", "--json")
    assert unsound.exit_code == 1
    told = json.loads(unsound.stdout)
    assert not told["sound"]
    found = {(f["incident_id"], f["kind"], f["n"]) for f in told["findings"]}
    for name, (_, kind, n) in TAMPERED.items():
        assert [each for each in found if each[0] == name] == [(name, kind, n)]
    assert ("misfiled", "misfiled", 1) in found
    assert ("unaudited", "end", 0) in found
    assert ("true-2", "unreadable", 0) in found
    assert not [each for each in found if each[0] == "true-1"]

    words = await call(audit, "verify")
    assert "✗ 次序颠倒  swapped" in words.stdout
    assert "审计有问题" in words.stdout


async def test_the_chain_of_one_incident_is_shown_entry_by_entry(written: Any, call: Any) -> None:
    await written("good", chain("good"))
    await written("bad", edited(chain("bad")))
    good = await call(audit, "verify", "--incident", "good")
    assert (good.exit_code, good.stdout.count("✓")) == (0, 5)
    bad = await call(audit, "verify", "--incident", "bad", "--lang", "en")
    assert (bad.exit_code, bad.stdout.count("✓")) == (1, 4)
    assert "entry 3 was changed" in bad.stdout
    missing = await call(audit, "verify", "--incident", "nobody")
    assert missing.exit_code == 1
