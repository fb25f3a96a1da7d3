"""The outage log becomes reports and updates, with its lateness as it was."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from agents.policy_files import load
from agents.replay.outages import mapping
from agents.replay.outages.policy import cell_of
from agents.replay.outages.rows import COLUMNS, Row, read
from agents.replay.outages.source import Outages
from agents.replay.source import Slice
from schemas.codec import read_intake
from schemas.errors import ConfigurationError
from schemas.report import ServiceRequestEvent, ServiceRequestUpdateEvent


def observation(seq: int, event: str, minute: int, **given: str) -> dict[str, str]:
    row = {
        "seq": str(seq),
        "observed_at": f"2019-06-11T04:{minute:02}:00Z",
        "event": event,
        "outage_id": "403350",
        "started_at": "2019-06-11T03:00:00Z",
        "updated_at": "2019-06-11T03:50:00Z",
        "region": "San Jose",
        "lat": "37.30",
        "lon": "-121.90",
        "crew_status": "assigned",
        "cause": "equipment",
        "customers": "12",
        "hazards": "0",
        "etor": "2019-06-11T09:00:00Z",
        "changed": "",
    }
    if event == "cleared":
        row |= dict.fromkeys(("started_at", "updated_at", "region", "cause", "customers"), "")
    return row | given


def log_of(tmp_path: Path, *observations: dict[str, str]) -> Path:
    path = tmp_path / "events_2019.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(observations)
    return path


def rows_of(tmp_path: Path, *observations: dict[str, str]) -> list[Row]:
    return list(read((log_of(tmp_path, *observations),), Slice()))


def test_an_outage_lives_through_report_update_clearing_and_reopening(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        observation(1, "reported", 10),
        observation(2, "updated", 20, changed="customers|crew_status", customers="40"),
        observation(3, "cleared", 30),
        observation(4, "reopened", 40),
    )
    entries = list(mapping.entries(rows))
    assert {entry.key for entry in entries} == {b"pge-outages/403350"}
    opening, *updates = [read_intake(entry.value) for entry in entries]
    assert isinstance(opening, ServiceRequestEvent)
    assert opening.data.area_code == "san-jose"
    assert opening.data.service_code == "equipment"
    assert all(isinstance(update, ServiceRequestUpdateEvent) for update in updates)
    assert [update.data.kind for update in updates] == ["information", "resolved", "not_fixed"]
    assert updates[0].data.note == "customers 40; crew_status assigned"


def test_an_event_happens_when_it_is_observed_and_keeps_when_it_was_true(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, observation(1, "updated", 20, changed="cause"))
    (entry,) = mapping.entries([row])
    update = read_intake(entry.value)
    assert update.time.minute == 20
    assert (update.time - update.data.updated_datetime).total_seconds() == 30 * 60


def test_a_planned_outage_is_reported_when_it_is_announced(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, observation(1, "reported", 10, started_at="2019-06-12T09:00:00Z"))
    (entry,) = mapping.entries([row])
    opening = read_intake(entry.value)
    assert opening.data.requested_datetime == opening.time
    assert "started_at 2019-06-12T09:00:00Z" in opening.data.description


@pytest.mark.parametrize(
    ("customers", "severity"), [("", "V"), ("499", "V"), ("500", "IV"), ("5000", "III")]
)
def test_severity_follows_the_customers_without_power(customers: str, severity: str) -> None:
    assert mapping.severity_of(customers) == severity


def test_districts_are_cells_of_one_degree() -> None:
    assert cell_of("37.30", "-121.90") == "n37w122"
    assert cell_of("", "") == "unplaced"


def test_the_policy_of_a_log_can_be_loaded(tmp_path: Path) -> None:
    path = log_of(
        tmp_path,
        observation(1, "reported", 10),
        observation(2, "reported", 11, outage_id="2", lat="38.1", region="San Jose"),
        observation(3, "reported", 12, outage_id="3", region="Lodi", lat="38.1"),
        observation(4, "reported", 12, outage_id="4"),
    )
    source = Outages(path, Slice())
    policy = load(source.write_policy(tmp_path / "policy"))
    assert policy.areas.parent("san-jose") == "n37w122"
    assert policy.areas.parent("lodi") == "n38w122"
    assert policy.category("pge-outages", "psps") is not None
    assert source.rows == 4


def test_an_unknown_event_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="an unknown event 'gone'"):
        rows_of(tmp_path, observation(1, "gone", 10))


def test_the_real_sample_can_be_read(real_data: Path, tmp_path: Path) -> None:
    source = Outages(real_data / "pge_outages" / "sample_2000.csv", Slice())
    assert source.rows == 2_000
    times = [entry.at for entry in source.entries()]
    assert times == sorted(times)
    load(source.write_policy(tmp_path / "policy"))
