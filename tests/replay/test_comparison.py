"""The city's own columns beside ours."""

from __future__ import annotations

from pathlib import Path

from agents.replay.comparison import ALL, Pair, Side, part, side_by_side
from agents.replay.outages.comparing import Log
from agents.replay.outages.rows import Row
from tests.replay.conftest import case
from tests.replay.test_account import EARLY, LATE, OPENED, TARGET, replayed, source_of

PROMISE = "2020-10-01T08:00:00Z"


def test_each_side_has_its_own_figures_and_the_largest_group_stands_first() -> None:
    pairs = [
        Pair("parks", Side(2.0, True), Side(2.0, False)),
        Pair("works", Side(1.0, False), Side(3.0, False)),
        Pair("works", Side(None, None, True), None),
    ]
    figures = side_by_side(pairs)
    assert list(figures) == [ALL, "works", "parks"]
    assert figures[ALL]["theirs"]["late"] == 1
    assert figures[ALL]["ours"]["late_share"] == 0.0
    assert figures["works"]["theirs"] == {
        "cases": 2, "with_a_limit": 1, "late": 0, "late_share": 0.0, "ended": 1,
        "median_hours": 1.0, "duplicates": 1, "duplicate_share": 0.5,
    }  # fmt: skip
    assert figures["works"]["ours"]["median_hours"] == 3.0
    lines = dict(part("by department", figures).lines)
    assert lines["works"].split() == ["2", "0.0%", "0.0%", "1.0", "3.0", "50.0%", "0.0%"]


def test_boston_is_told_by_department(tmp_path: Path) -> None:
    limit = {"sla_target_at": TARGET}
    source = source_of(
        tmp_path,
        case(1, OPENED, EARLY, sla_status="ONTIME", **limit),
        case(2, OPENED, LATE, sla_status="OVERDUE", department="PARK", lat="42.36", **limit),
        case(3, OPENED, "", department="PARK", lat="42.37"),
    )
    account = replayed(source, tmp_path)
    departments = account.figures["departments"]
    for side in ("theirs", "ours"):
        assert departments["PARK"][side]["late_share"] == 1.0
        assert departments["PARK"][side]["ended"] == 1
        assert departments["PWDx"][side]["late"] == 0
    assert departments[ALL]["theirs"] == departments[ALL]["ours"]
    assert "By department" in account.text()


def observed(at: int, event: str, **given: str) -> Row:
    text = f"2020-10-01T0{at}:00:00Z"
    fields = dict.fromkeys(Row._fields[:-1], "")
    fields |= {"observed_at": text, "event": event, "outage_id": "7", "cause": "weather"}
    return Row(**{**fields, **given}, at=1_601_510_400_000_000 + at * 3_600_000_000)


def test_an_outage_ends_with_its_last_clearing_and_its_last_cause() -> None:
    log = Log()
    log.note(observed(1, "reported", etor=PROMISE, cause="unknown"))
    log.note(observed(2, "cleared", cause=""))
    log.note(observed(3, "reopened"))
    log.note(observed(9, "cleared", cause=""))
    ours = {"reported_at": "2020-10-01T01:00:00Z", "ended_at": "2020-10-01T07:00:00Z"}
    (pair,) = log.pairs({"pge-outages/7": {**ours, "overdue": False}})
    assert pair == Pair("weather", Side(8.0, True), Side(6.0, False))
    (alone,) = log.pairs({})
    assert alone.ours is None
