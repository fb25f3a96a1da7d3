"""The backtest's straight path decides exactly what the workers' own path decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from agents.backtest import run as whole_path
from agents.backtest import trial as straight_path
from agents.backtest.facts import Facts, Fate, fate_of
from agents.backtest.run import run
from agents.backtest.trial import BacktestError, run_trials
from agents.policy_files import load
from agents.replay.boston311.source import Boston311
from agents.replay.feed import Entry, microseconds
from agents.replay.outages.source import Outages
from agents.replay.source import Slice
from agents.simulate.api import ORIGIN, Simulation
from schemas.incident import IncidentEvent
from streams.policy import Policy
from streams.topics import ALERTS, AUDIT, INCIDENTS, PROBLEMS, SUMMARIES, Topic
from tests.replay.conftest import DATA, case, write_cases


class Heard:
    """What the whole path publishes, in the terms of a backtest's facts."""

    def __init__(self) -> None:
        self.fates: dict[str, Fate] = {}
        self.messages: Counter[str] = Counter()
        self.alerts: Counter[tuple[str, str, str]] = Counter()
        self.problems: set[str] = set()

    def listen(self, topic: Topic, key: str, value: bytes) -> None:
        self.messages[topic.name] += 1
        if topic is INCIDENTS:
            self.fates[key] = fate_of(IncidentEvent.model_validate_json(value).data)
        elif topic is PROBLEMS:
            self.problems.add(key)
        elif topic in ALERTS.values():
            alert = orjson.loads(value)["data"]
            called = not alert.get("grouped_by") and not alert.get("silenced_by")
            if alert["state"] in ("opened", "raised") and called:
                self.alerts[alert["tier"], alert["trigger"]["id"], alert["colour"]] += 1


def assert_same(
    policy: Policy, entries: Sequence[Entry], stops: int, patch: pytest.MonkeyPatch, at_once: int
) -> Facts:
    """Both paths, told so many events at once, come to the same."""
    patch.setattr(whole_path, "BATCH", at_once)
    patch.setattr(straight_path, "BATCH", at_once)
    heard = Heard()
    run(policy, entries, stops, listener=heard.listen)
    (trial,) = run_trials([policy], entries, stops)
    facts = trial.facts
    assert facts.fates == heard.fates
    assert facts.alerts == heard.alerts
    assert facts.problems == heard.problems
    assert facts.moves == heard.messages[AUDIT.name]
    assert facts.summaries == heard.messages[SUMMARIES.name]
    assert facts.inputs.total() == len(entries)
    return facts


def a_winter(tmp_path: Path) -> Boston311:
    """Cases that merge, run late, are lifted, close, and one that cannot be read."""
    cases = []
    for n in range(250):
        day, hour = divmod(n, 8)
        opened = f"2015-{1 + day // 20:02}-{1 + day % 20:02}T{8 + hour:02}:{n % 60:02}:00-05:00"
        closed = f"2015-{2 + day // 20:02}-{1 + day % 20:02}T{8 + hour:02}:{n % 60:02}:00-05:00"
        target = f"2015-{1 + day // 20:02}-{3 + (day + n) % 25:02}T12:00:00-05:00"
        cases.append(
            case(
                n,
                opened,
                "" if n % 9 == 0 else closed,
                sla_target_at="" if n % 4 == 0 else target,
                precinct="" if n % 31 == 0 else f"05{n % 6:02}",
                neighborhood=("Back Bay", "South End", "Fenway")[n % 6 // 2],
                type=("Street Light Outages", "Downed Wire", "Tree Emergencies")[n % 3],
                lat=f"{42.30 + n // 3 / 2_000:.4f}",
                resolution="Duplicate of Existing Case" if n % 5 == 0 else "Case Resolved",
            )
        )
    return Boston311(write_cases(tmp_path / "boston311_x.csv", cases), Slice())


@pytest.mark.parametrize("at_once", [60, 2_000])
def test_a_winter_of_cases_comes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    source = a_winter(tmp_path)
    policy = load(source.write_policy(tmp_path / "policy"))
    stops = microseconds(source.stops)
    facts = assert_same(policy, list(source.entries()), stops, monkeypatch, at_once)
    lifted = {lift.rule for fate in facts.fates.values() for lift in fate.lifts}
    assert lifted == {"E2"}
    assert {fate.tier for fate in facts.fates.values()} == {"street", "district", "city"}
    assert facts.timers["street"] > facts.inputs["intake"]


def test_a_wet_day_of_the_made_up_city_comes_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = load()
    entries = list(Simulation(policy, seed=7, begins=ORIGIN).entries(hours=2))
    facts = assert_same(policy, entries, entries[-1].at, monkeypatch, 500)
    assert facts.inputs["sensing"] > 0
    assert facts.inputs["city"] > 0, "the weather bureau speaks"


def test_two_trials_of_one_history_do_not_touch_each_other() -> None:
    policy = load()
    entries = list(Simulation(policy, seed=3, begins=ORIGIN).entries(hours=1))
    (alone,) = run_trials([policy], entries, entries[-1].at)
    one, other = run_trials([policy, policy], entries, entries[-1].at)
    assert one.facts.fates == other.facts.fates == alone.facts.fates
    assert one.facts.calls == other.facts.calls == alone.facts.calls


def test_a_message_that_nobody_can_read_is_counted_and_harms_nothing() -> None:
    policy = load()
    entries = list(Simulation(policy, seed=7, begins=ORIGIN).entries(hours=0.2))
    broken = entries[5]._replace(value=b"{")
    (whole,) = run_trials([policy], entries, entries[-1].at)
    (trial,) = run_trials([policy], [*entries[:5], broken, *entries[5:]], entries[-1].at)
    assert trial.facts.refused.total() == 1
    assert trial.facts.fates == whole.facts.fates


def test_a_step_that_raises_ends_the_backtest_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def defect(*_: Any, **__: Any) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr("streams.incidents.opening.open_case", defect)
    entries = list(Simulation(load(), seed=7, begins=ORIGIN).entries(hours=0.2))
    with pytest.raises(BacktestError, match=r"a defect.*--full"):
        run_trials([load()], entries, entries[-1].at)


@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings here: set CHENGYUN_TEST_DATA")
def test_real_recordings_come_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boston = Boston311(DATA / "boston311_2015" / "sample_2000.csv", Slice(limit=700))
    outages = Outages(DATA / "pge_outages" / "events_2020-09_2020-12.csv.gz", Slice(limit=1_500))
    for source in (boston, outages):
        policy = load(source.write_policy(tmp_path / source.name))
        stops = microseconds(source.stops)
        assert_same(policy, list(source.entries()), stops, monkeypatch, 400)
