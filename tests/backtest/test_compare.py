"""One policy against another over the same history."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agents.backtest.compare import compare, figures
from agents.backtest.facts import Facts, Fate, Lift
from agents.backtest.history import named, policy_of
from agents.cli.backtest import app
from agents.policy_files import load
from schemas.errors import ConfigurationError
from tests.backtest.test_trial import a_winter

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
RUNNER = CliRunner()


def fate(**changed: Any) -> Fate:
    ordinary = Fate(
        tier="street",
        area="990101001",
        unit="sanitation",
        category="200102",
        severity="V",
        state="closed",
        overdue=False,
        reports=1,
        opened_at=NOON,
        due_at=NOON + timedelta(hours=4),
        ended_at=NOON + timedelta(hours=1),
        lifts=(),
    )
    return ordinary._replace(**changed)


LIFT = Lift("E2", NOON, "990101")


@pytest.mark.parametrize(
    ("new", "old", "kinds"),
    [
        (fate(), fate(), []),
        (fate(ended_at=NOON + timedelta(hours=1, microseconds=1)), fate(), []),
        (fate(), None, ["only_new"]),
        (None, fate(), ["only_old"]),
        (fate(overdue=True), fate(), ["newly_overdue"]),
        (fate(), fate(overdue=True), ["no_longer_overdue"]),
        (fate(lifts=(LIFT,), area="990101"), fate(), ["newly_lifted", "other_owner"]),
        (fate(), fate(lifts=(LIFT,)), ["no_longer_lifted"]),
        (fate(lifts=(LIFT._replace(rule="E1"),)), fate(lifts=(LIFT,)), ["lifted_otherwise"]),
        (fate(due_at=None, unit=None), fate(), ["other_limit", "other_unit"]),
        (fate(ended_at=NOON), fate(), ["sooner"]),
        (fate(ended_at=None, state="dispatched"), fate(), ["later", "other_state"]),
        (fate(severity="IV", reports=2), fate(), ["other_severity", "other_reports"]),
    ],
)
def test_each_difference_has_its_name(new: Fate | None, old: Fate | None, kinds: list[str]) -> None:
    some, others = Facts(), Facts()
    for facts, given in ((some, new), (others, old)):
        if given is not None:
            facts.fates["990101001-260302-00000001"] = given
    found = compare(some, others, examples=1)
    assert sorted(found.counts) == sorted(kinds)
    assert found.same == (not kinds)
    assert all(found.examples[kind] == ["990101001-260302-00000001"] for kind in kinds)


def test_load_is_counted_per_desk_and_day_of_the_city() -> None:
    policy, facts = load(), Facts()
    for hour in range(0, 48, 4):
        opened = NOON + timedelta(hours=hour)
        facts.fates[f"990101001-2603-{hour:08}"] = fate(opened_at=opened, ended_at=opened)
    facts.calls["street", "990101001", "2026-03-02"] = 5
    street = figures(policy, facts, days=2).load["street"]
    desks = sum(tier == "street" for tier in policy.areas.tiers.values())
    assert (street.incidents, street.incidents_worst) == (12, 6)
    assert street.incidents_a_day == 12 / (2 * desks)
    assert (street.calls, street.calls_worst) == (5, 5)


def test_a_policy_file_may_have_only_what_differs(tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("limits:\n  '200102': 1 work_hour\ndesk:\n  closes_after: 2 natural_day\n")
    shipped, changed = load(), policy_of(new, None, tmp_path)
    rule = changed.category(None, "200102")
    assert rule is not None
    assert str(rule.limit) == "1 work_hour"
    assert str(changed.desk.closes_after) == "2 natural_day"
    assert changed.version != shipped.version
    assert changed.limits == {**shipped.limits, "200102": changed.limits["200102"]}
    same = changed.model_copy(
        update={name: getattr(shipped, name) for name in ("version", "limits", "desk")}
    )
    assert same == shipped


def test_what_a_person_means_by_data() -> None:
    assert named("simulated") == ("simulated", None)
    assert named("/x/boston311_2015") == ("boston311", Path("/x/boston311_2015"))
    assert named("/pge_outages/events_2019.csv.gz")[0] == "pge-outages"
    assert named("sensors=/x/y.csv") == ("sensors", Path("/x/y.csv"))
    with pytest.raises(ConfigurationError, match="NAME=PATH"):
        named("/x/y.csv")


def test_two_policies_are_set_side_by_side(tmp_path: Path) -> None:
    recording = a_winter(tmp_path).file
    new = tmp_path / "new.yaml"
    new.write_text("supervision:\n- [70, blue, false]\n- [100, red, false]\n")
    told = RUNNER.invoke(app, ["--data", f"boston311={recording}", "--policy", str(new), "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["new"]["escalations"] == {}
    assert found["old"]["escalations"]["E2"] > 0
    assert found["old"]["owned_by"]["city"] > found["new"]["owned_by"]["city"] == 0
    lifted = found["differences"]["no_longer_lifted"]
    assert 0 < lifted == found["old"]["incidents"] - found["same"]
    assert len(found["examples"]["no_longer_lifted"]) == 3
    assert found["new"]["inputs"] == found["old"]["inputs"]

    table = RUNNER.invoke(app, ["boston311", str(recording), "--policy", str(new)])
    assert "逐案差异" in table.output
    assert "不再提级" in table.output
