"""``chengyun replay`` and ``chengyun simulate`` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.cli import replay, simulate
from agents.policy_files import load
from agents.settings import Settings
from schemas.errors import ConfigurationError
from tests.replay.conftest import case, write_cases

runner = CliRunner()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_cases(
        tmp_path / "boston311_x.csv",
        [case(n, f"2015-03-0{n}T10:00:00-05:00", "2015-03-09T10:00:00-05:00") for n in (1, 2, 3)],
    )


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings as variables, as a shell has them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHENGYUN_BROKER", str(settings.broker))
    monkeypatch.setenv("CHENGYUN_PREFIX", settings.prefix)


def test_the_policy_of_a_recording_is_written_for_the_workers(
    recording: Path, tmp_path: Path
) -> None:
    answer = runner.invoke(
        replay.app, ["boston311", str(recording), "--policy-only", "--workdir", str(tmp_path)]
    )
    assert answer.exit_code == 0, answer.output
    assert load(Path(answer.stdout.strip())).name == "boston311"


@pytest.mark.usefixtures("environment")
def test_a_recording_is_fed_and_its_account_says_that_nothing_has_come_of_it_yet(
    recording: Path,
) -> None:
    fed = runner.invoke(replay.app, ["boston311", str(recording), "--json"])
    assert fed.exit_code == 0, fed.output
    assert json.loads(fed.stdout) | {"seconds": 0, "resumed_from": 0} == {
        "events": 6,
        "resumed_from": 0,
        "seconds": 0,
        "complete": True,
        "begins": "2015-03-01 15:00:00+00:00",
        "last_tick": "2015-03-09 15:00:00.001000+00:00",
    }
    account = runner.invoke(replay.app, ["boston311", str(recording), "--account", "--json"])
    assert account.exit_code == 1  # no stage runs: every row is unaccounted
    assert json.loads(account.stdout)["rows"]["unaccounted"] == 3


@pytest.mark.usefixtures("environment")
def test_a_part_is_chosen_by_the_citys_own_days(recording: Path) -> None:
    answer = runner.invoke(
        replay.app,
        ["boston311", str(recording), "--from", "2015-03-02", "--to", "2015-03-03", "--json"],
    )
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["events"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["berlin", "x.csv"], "No recording is called 'berlin'"),
        (["boston311", "nowhere"], "No recording boston311"),
        (["pge-outages", "nowhere"], "No outage log"),
        (["sensors", "nowhere"], "No measured series"),
    ],
)
def test_a_mistake_is_one_clear_sentence(arguments: list[str], message: str) -> None:
    answer = runner.invoke(replay.app, arguments)
    assert isinstance(answer.exception, ConfigurationError)
    assert message in str(answer.exception)
    assert "Operator action" in str(answer.exception)


@pytest.mark.parametrize(("text", "speed"), [("max", None), ("60", 60.0), ("2.5x", 2.5)])
def test_a_speed_is_a_number_or_max(text: str, speed: float | None) -> None:
    assert replay.pace(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", ""])
def test_another_speed_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="wanted a number above 0, or max"):
        replay.pace(text)


@pytest.mark.usefixtures("environment")
def test_an_hour_of_the_made_up_city_can_be_fed_at_once_in_event_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHENGYUN_TIME", "event")
    answer = runner.invoke(simulate.app, ["--hours", "1", "--speed", "max", "--json"])
    assert answer.exit_code == 0, answer.output
    fed = json.loads(answer.stdout)
    assert fed["complete"]
    assert fed["events"] > 1_000
