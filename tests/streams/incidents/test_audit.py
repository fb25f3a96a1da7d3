"""The audit chain: an edit, a gap and a reordering show; a true chain holds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from streams.incidents import audit


@pytest.fixture
def chain(play: Any) -> list[bytes]:
    """The audit of a case that changed hands and was closed."""
    report_id = play.report("gas")
    play.report("gas")
    play.update(report_id, "information", note="more of it")
    incident_id = play.incident().incident_id
    play.command(incident_id, "accept", area="A1", role="unit")
    play.command(incident_id, "resolve", area="A", role="unit")
    play.command(incident_id, "close", area="A")
    entries: list[bytes] = play.raw[incident_id]
    assert len(entries) == 8
    return entries


def test_a_true_chain_holds_across_tiers(chain: list[bytes]) -> None:
    assert audit.verify(chain) == []


def test_an_edit_shows(chain: list[bytes]) -> None:
    entry = orjson.loads(chain[2])
    entry["actor"]["id"] = "somebody else"
    faults = audit.verify([*chain[:2], orjson.dumps(entry), *chain[3:]])
    assert len(faults) == 1
    assert "was changed" in faults[0]


def test_an_edit_with_a_new_hash_breaks_what_follows(chain: list[bytes]) -> None:
    entry = orjson.loads(chain[2])
    entry["reason"] = "invented"
    del entry["hash"]
    forged, _ = audit.chained(entry)
    assert audit.verify([*chain[:2], forged, *chain[3:]]) != []


def test_a_gap_and_a_reordering_show(chain: list[bytes]) -> None:
    assert audit.verify([*chain[:3], *chain[4:]]) != []
    assert audit.verify([chain[1], chain[0], *chain[2:]]) != []


def test_the_entry_reads_as_the_contract_says(play: Any, chain: list[bytes]) -> None:
    entries = next(iter([play.audit(i) for i in play.incidents()]))
    assert [(entry.from_, entry.to, entry.action) for entry in entries][:2] == [
        (None, "dispatched", "open"),
        ("dispatched", "dispatched", "escalate"),
    ]
    assert entries[1].rule == "E1"
    assert entries[1].detail == {"from_area": "A1", "to_area": "A"}
    assert all(entry.policy_version == "example@1" for entry in entries)
    assert len(chain) == len(entries)
