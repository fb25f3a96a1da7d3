"""A story's lines are words: every detail of every transition of the five days is told in them."""

from __future__ import annotations

import io
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console

from agents import policy_files
from agents.casebook import Story
from agents.cli.desk import console
from agents.cli.story import as_rows, render
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


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [80, 100, 160])
async def test_a_list_fits_the_terminal_and_cuts_no_id(lang: Lang, width: int) -> None:
    policy = policy_files.load(None)
    theatre = InMemory(policy)
    city = SimulatedCity(policy, DEFAULT_SEED)
    await play(STORIES[1].story(city, DEFAULT_SEED, ORIGIN), theatre)
    incidents = list(theatre.heard.incidents.values())
    out = Console(width=width, file=io.StringIO(), force_terminal=False)
    words = Wording(lang, ZoneInfo("Asia/Shanghai")).naming(policy)
    out.print(as_rows(incidents, words, ORIGIN, width))
    assert isinstance(out.file, io.StringIO)
    heading, *lines = out.file.getvalue().splitlines()
    assert len(lines) == len(incidents)
    assert all(cell_len(line.rstrip()) <= width for line in lines)
    for incident, line in zip(incidents, lines, strict=True):
        assert line.startswith(incident.incident_id)
        assert words.word(incident.state) in line
    assert (words.say("col_unit") in heading) == (width == 160)
