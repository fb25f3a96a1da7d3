"""The account says of every case where it is, and why a verdict differs from the city's."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.backtest.run import run
from agents.policy_files import load
from agents.replay import accounting
from agents.replay.accounting import Account, Found
from agents.replay.boston311.account import settle
from agents.replay.boston311.source import Boston311
from agents.replay.feed import microseconds
from agents.replay.source import Slice
from streams.program import Record
from streams.topics import AUDIT, REPLIES, SUMMARIES, Topic
from tests.replay.conftest import case, write_cases

OPENED, TARGET = "2015-03-01T10:00:00-05:00", "2015-03-02T10:00:00-05:00"
EARLY, LATE = "2015-03-01T12:00:00-05:00", "2015-03-03T10:00:00-05:00"


def source_of(tmp_path: Path, *cases: dict[str, str]) -> Boston311:
    return Boston311(write_cases(tmp_path / "boston311_x.csv", list(cases)), Slice())


def replayed(source: Boston311, tmp_path: Path) -> Account:
    """Run a recording through the five stages in memory and settle its account."""
    found = Found()
    last: dict[tuple[str, bytes], bytes] = {}

    def listen(topic: Topic, key: str, value: bytes) -> None:
        if topic not in (AUDIT, REPLIES, SUMMARIES):
            record = Record(topic.name, 0, 0, 0, key.encode(), value)
            accounting._read_output(found, record, last)

    policy = load(source.write_policy(tmp_path / "policy"))
    run(policy, source.entries(), microseconds(source.stops), listener=listen)
    accounting._settle_last_words(found, last)
    return settle(source.cases, source.areas, source.stops, found, tmp_path)


def incident(*cases: dict[str, Any]) -> dict[str, Any]:
    return {
        "incident_id": "0501-1",
        "tier": "street",
        "area": "0501",
        "state": "closed",
        "reports": list(cases),
    }


def test_every_case_is_in_an_incident_and_verdicts_are_the_citys(tmp_path: Path) -> None:
    limit = {"sla_target_at": TARGET}
    source = source_of(
        tmp_path,
        case(1, OPENED, EARLY, sla_status="ONTIME", **limit),
        case(2, OPENED, LATE, sla_status="OVERDUE", lat="42.36", **limit),
        case(3, OPENED, "", sla_status="OVERDUE", lat="42.37", **limit),
        case(4, OPENED, EARLY, precinct="", neighborhood="", lat="42.3594", lon="-71.0587"),
        case(5, OPENED, "2015-03-01T09:59:30-05:00", lat="42.38"),
        case(6, OPENED, LATE, sla_status="ONTIME", sla_target_at="2015-03-09T10:00:00-05:00"),
    )
    account = replayed(source, tmp_path)
    assert account.complete
    assert account.figures["rows"]["in_incident"] == 6
    assert account.figures["verdicts"]["agree"] == account.figures["verdicts"]["compared"] == 4
    assert account.figures["rows"]["closed_before_opened"] == 1
    assert "6 of 6 (100.000%)" in account.text()


def test_two_cases_of_a_merging_kind_at_one_place_are_one_incident(tmp_path: Path) -> None:
    duplicates = [
        case(
            n,
            f"2015-03-01T10:{n:02}:00-05:00",
            LATE,
            resolution="Duplicate of Existing Case" if n else "Case Resolved",
        )
        for n in range(6)
    ]
    account = replayed(source_of(tmp_path, *duplicates), tmp_path)
    assert account.figures["incidents"]["total"] == 1
    assert account.figures["merging"]["precision"] == 1.0
    assert account.figures["merging"]["recall"] == 1.0


def test_a_case_that_is_nowhere_makes_the_account_incomplete(tmp_path: Path) -> None:
    source = source_of(tmp_path, case(1, OPENED, EARLY, sla_target_at=TARGET, sla_status="ONTIME"))
    account = settle(source.cases, source.areas, source.stops, Found(), tmp_path)
    assert not account.complete
    assert account.figures["rows"]["unaccounted"] == 1
    assert Path(account.files["unaccounted"]).read_text() == "boston311/100000000001\n"


def test_a_dead_letter_accounts_for_its_case(tmp_path: Path) -> None:
    source = source_of(tmp_path, case(1, OPENED, EARLY))
    found = Found(dead={"boston311/100000000001": ("unknown_area", "area '9' is not known")})
    account = settle(source.cases, source.areas, source.stops, found, tmp_path)
    assert account.complete
    assert account.figures["rows"]["dead_letter"] == 1


@pytest.mark.parametrize(
    ("given", "stand", "explanation"),
    [
        ({"closed": EARLY, "city": "OVERDUE"}, {}, "closed before its target, flagged overdue"),
        ({"closed": LATE, "city": "ONTIME"}, {}, "closed after its target, flagged on time"),
        ({"closed": "", "city": "ONTIME"}, {}, "the city had not flagged it yet"),
        ({"closed": EARLY, "city": "OVERDUE"}, {"due_at": LATE}, "another limit was applied"),
        ({"closed": EARLY, "city": "OVERDUE"}, {"ended_at": TARGET}, "another end was applied"),
    ],
)
def test_each_disagreement_is_listed_with_its_explanation(
    tmp_path: Path, given: dict[str, str], stand: dict[str, str], explanation: str
) -> None:
    closed = given["closed"]
    source = source_of(
        tmp_path,
        case(1, OPENED, closed, sla_target_at=TARGET, sla_status=given["city"]),
        case(2, OPENED, "2015-03-20T10:00:00-05:00"),
    )
    ours = {"report_id": "boston311/100000000001", "due_at": TARGET, "overdue": closed == LATE}
    if closed:
        ours["ended_at"] = closed
    else:
        ours["overdue"] = True
    other = {"report_id": "boston311/100000000002"}
    found = Found(incidents=[incident({**ours, **stand}), incident(other)])
    account = settle(source.cases, source.areas, source.stops, found, tmp_path)
    assert account.figures["verdicts"]["disagreements"] == {explanation: 1}
    with Path(account.files["disagreements"]).open(encoding="utf-8") as listed:
        (row,) = csv.DictReader(listed)
    assert (row["case_id"], row["explanation"]) == ("100000000001", explanation)


def test_an_open_case_is_judged_at_the_moment_the_clock_stops(tmp_path: Path) -> None:
    source = source_of(
        tmp_path,
        case(1, OPENED, "", sla_target_at=TARGET, sla_status="ONTIME"),
        case(2, OPENED, EARLY),
    )
    assert source.stops - source.begins == timedelta(hours=2)
    account = replayed(source, tmp_path)
    assert account.figures["verdicts"]["agree"] == 1


def test_the_real_sample_agrees_with_the_city(real_data: Path, tmp_path: Path) -> None:
    source = Boston311(real_data / "boston311_2015" / "sample_2000.csv", Slice())
    account = replayed(source, tmp_path)
    verdicts = account.figures["verdicts"]
    assert account.complete
    assert verdicts["agree"] >= 0.995 * verdicts["compared"]
