"""A script as people read it: minute by minute, what happens and how it must then stand."""

from __future__ import annotations

from typing import NamedTuple

from agents.stories import Scripted
from agents.stories.expected import minute
from agents.stories.script import Story


class Moment(NamedTuple):
    """One minute of a script: (who, what) that happens, and what must hold then."""

    minutes: float
    happens: tuple[tuple[str, str], ...]
    holds: tuple[str, ...]


def moments(story: Story, lang: str) -> list[Moment]:
    """The script by its minutes, in one language."""
    n = 0 if lang == "zh" else 1
    times = {line.minutes for line in story.lines} | {when for when, _ in story.expected}
    return [
        Moment(
            minutes,
            tuple((each.who[n], each.what[n]) for each in story.lines if each.minutes == minutes),
            tuple(each.told() for when, each in story.expected if when == minutes),
        )
        for minutes in sorted(times)
    ]


_HEAD = """# {letter}. {title} ({zh})

<!-- Written by `chengyun docs`; the script is `agents/stories/{name}.py`. -->

{about}

`chengyun story run {letter}` plays it on a real broker and checks every line of the last
column; `--memory` does the same without one. Minutes are counted from the first sign.

| minute | who | what | then |
| --- | --- | --- | --- |
"""


def markdown(scripted: Scripted, story: Story) -> str:
    """The page of a script for the docs."""
    about = (scripted.write.__doc__ or "").strip().splitlines()[0]
    page = _HEAD.format(
        letter=scripted.letter,
        title=scripted.title[1],
        zh=scripted.title[0],
        name=scripted.name,
        about=about,
    )
    rows = []
    for moment in moments(story, "en"):
        happens = moment.happens or (("", ""),)
        for nth, (who, what) in enumerate(happens):
            last = nth == len(happens) - 1
            then = "<br>".join(_cell(each) for each in moment.holds) if last else ""
            when = minute(moment.minutes) if nth == 0 else ""
            rows.append(f"| {when} | {_cell(who)} | {_cell(what)} | {then} |")
    return page + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
