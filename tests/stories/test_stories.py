"""The five scripted days: every check of each holds, in process and on a real broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents import policy_files
from agents.simulate.api import DEFAULT_SEED, ORIGIN
from agents.simulate.city import SimulatedCity
from agents.stories import STORIES, Scripted
from agents.stories.expected import Unsaid
from agents.stories.memory import InMemory
from agents.stories.play import play
from streams.policy import Policy


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped city."""
    return policy_files.load(None)


@pytest.mark.parametrize("scripted", STORIES, ids=[each.name for each in STORIES])
async def test_everything_stands_as_the_script_says(scripted: Scripted, policy: Policy) -> None:
    city = SimulatedCity(policy, DEFAULT_SEED)
    story = scripted.story(city, DEFAULT_SEED, ORIGIN)
    played = await play(story, InMemory(policy))
    assert [(each.minutes, each.told, each.fault) for each in played.faults] == []
    assert len(played.checked) >= 25


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_day_is_the_same_wherever_it_is_laid_out(seed: int, policy: Policy) -> None:
    for scripted in STORIES:
        story = scripted.story(SimulatedCity(policy, seed), seed, ORIGIN)
        played = await play(story, InMemory(policy))
        assert [(each.minutes, each.told, each.fault) for each in played.faults] == []


async def test_what_does_not_hold_is_told_with_what_was_got(policy: Policy) -> None:
    scripted = STORIES[0]
    story = scripted.story(SimulatedCity(policy, DEFAULT_SEED), DEFAULT_SEED, ORIGIN)
    case = story.case_of_report("/hotline/12345/nobody", "990101001", 0)
    story.stands(10, case, state="dispatched")
    story.unlit(84, "district", "deadline", story.expected[0][1].case)  # type: ignore[attr-defined]
    story.expects(84, Unsaid("污水井盖"))
    played = await play(story, InMemory(policy))
    assert [each.minutes for each in played.faults] == [10, 84, 84]
    assert "there is no incident" in str(played.faults[0].fault)
    assert "deadline blue is lit" in str(played.faults[1].fault)
    assert "it stands in chengyun." in str(played.faults[2].fault)


def test_a_day_plays_on_a_real_broker_and_its_audit_is_whole(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    name = f"{prefix[:11]}."
    environment = {
        **os.environ,
        "CHENGYUN_BROKER": broker,
        "CHENGYUN_REPLICATION": "1",
        "CHENGYUN_PARTITIONS": "2",
        "CHENGYUN_DATA_DIR": str(tmp_path),
    }

    def chengyun(*arguments: str) -> subprocess.CompletedProcess[str]:
        start = "from agents.cli.main import main; main()"
        return subprocess.run(
            [sys.executable, "-c", start, *arguments, "--prefix", name, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    played = chengyun("story", "run", "C")
    assert played.returncode == 0, played.stdout + played.stderr
    told = json.loads(played.stdout)
    assert told["faults"] == []
    assert told["checked"] >= 25
    audited = chengyun("audit", "verify")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert json.loads(audited.stdout)["incidents"] >= 1
