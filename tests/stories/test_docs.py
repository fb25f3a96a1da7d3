"""The pages of docs/ say what the code says."""

from __future__ import annotations

from pathlib import Path

from agents.cli.docs import pages

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pages_are_those_that_the_code_makes() -> None:
    made = pages()
    stale = [
        name
        for name, text in made.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make docs`"
    there = {file.relative_to(DOCS).as_posix() for file in (DOCS / "stories").glob("*.md")}
    assert there <= set(made)
