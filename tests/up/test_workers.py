"""A replay's street has two workers, and the board shows them as one stage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.settings import load_settings
from agents.up.figures import Figures, of_stages
from agents.up.plan import STAGES, Plan, stage_of
from streams.topics import Sizing

EARLY, LATE = datetime(2015, 1, 1, tzinfo=UTC), datetime(2015, 2, 1, tzinfo=UTC)


def plan(home: Path, time: str, sizing: Sizing | None = None) -> Plan:
    settings = load_settings(data_dir=home, prefix="p.", broker="127.0.0.1:1", time=time)
    return Plan(settings, "127.0.0.1:1", False, sizing or Sizing(), "nothing")


def test_only_a_replay_on_several_cores_and_lanes_has_a_second_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert plan(tmp_path, "event").workers == (*STAGES, "street-2")
    assert plan(tmp_path, "wall").workers == STAGES
    assert plan(tmp_path, "event", Sizing(street=1)).workers == STAGES
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert plan(tmp_path, "event").workers == STAGES


def test_two_workers_of_a_stage_have_names_files_and_memberships_of_their_own(
    tmp_path: Path,
) -> None:
    run = plan(tmp_path, "event")
    one, two = (run.environment(worker, {}) for worker in ("street", "street-2"))
    different = {name for name in one if one[name] != two[name]}
    assert different == {"CHENGYUN_INSTANCE_ID", "CHENGYUN_METRICS_FILE"}
    assert run.log_of("street") != run.log_of("street-2")
    assert stage_of("street-2") == "street"


def test_their_figures_are_one_stages(tmp_path: Path) -> None:
    one = Figures("ready", True, records_in=10.0, open=3, watermarks={0: EARLY, 1: LATE})
    two = Figures("restoring", False, 5, records_in=1.0, open=4, watermarks={0: LATE, 2: LATE})
    street = of_stages({"city": one, "street": one, "street-2": two})["street"]
    assert street is not None
    assert (street.condition, street.ready, street.restore_remaining) == ("restoring", False, 5)
    assert (street.records_in, street.open) == (11.0, 7)
    assert street.watermarks == {0: LATE, 1: LATE, 2: LATE}, "a lane that moved: the later word"
    assert street.complete_until == LATE


def test_a_stage_of_which_one_worker_does_not_answer_has_no_figures() -> None:
    assert of_stages({"street": Figures(), "street-2": None}) == {"street": None}
    assert of_stages({"street": None, "street-2": Figures()}) == {"street": None}
