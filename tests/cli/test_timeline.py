"""A story's lines are words: every detail of every transition of the five days is told in them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from agents import policy_files
from agents.casebook import Story
from agents.cli.desk import console
from agents.cli.story import render
from agents.cli.wording import Lang, Wording
from agents.simulate.api import DEFAULT_SEED, ORIGIN
from agents.simulate.city import SimulatedCity
from agents.stories import STORIES, Scripted
from agents.stories.memory import InMemory
from agents.stories.play import play


@pytest.mark.parametrize("scripted", STORIES, ids=[each.name for each in STORIES])
async def test_no_raw_detail_stands_in_a_story(
    scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = policy_files.load(None)
    theatre = InMemory(policy)
    city = SimulatedCity(policy, DEFAULT_SEED)
    await play(scripted.story(city, DEFAULT_SEED, ORIGIN), theatre)
    heard = theatre.heard
    languages: tuple[Lang, ...] = ("zh", "en")
    for lang in languages:
        words = Wording(lang, ZoneInfo("Asia/Shanghai")).naming(policy)
        for incident in heard.incidents.values():
            story = Story(incident=incident, audit=heard.entries[incident.incident_id])
            console(plain=True).print(render(story, words, None), soft_wrap=False)
        told = capsys.readouterr().out
        assert len(told.splitlines()) > 20
        for raw in ("=", "None", "+00:00", "_at", "{"):
            assert [line for line in told.splitlines() if raw in line] == []
