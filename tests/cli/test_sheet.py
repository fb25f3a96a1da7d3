"""A page for a terminal: nothing is lost, nothing is wider than the terminal."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agents.cli.sheet import TOGETHER, Page, cells, lines, wrapped

TEXTS = st.text(alphabet="ab12 ,.;:。,(积水路面▒●é", max_size=120)


@given(text=TEXTS, width=st.integers(12, 60), later=st.integers(0, 6))
def test_no_piece_is_too_wide_and_no_letter_is_lost(text: str, width: int, later: int) -> None:
    pieces = wrapped(text, width, later)
    assert cells(pieces[0]) <= width or (len(pieces) == 1 and not text.strip())
    assert all(cells(piece) <= width - later for piece in pieces[1:])
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_words_stay_whole_and_wide_signs_may_be_parted() -> None:
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("道路积水在街道", 8) == ["道路积水", "在街道"]
    assert wrapped("积水路面,积水", 8) == ["积水路", "面,积水"], "no line begins with a comma"
    assert wrapped("990101009990101009", 8) == ["99010100", "99901010", "09"]
    assert wrapped(f"the 18{TOGETHER}cm", 7) == ["the", f"18{TOGETHER}cm"]
    assert wrapped("as long as it is", 0) == ["as long as it is"]


def test_a_page_has_its_names_at_the_left_and_its_facts_below_each_other() -> None:
    page: Page = [
        [("■红", "bold red"), (" 发布", "")],
        ("规则", "W3"),
        ("不触发情形", "3 cm 以下不会触发"),
        ("课", "one\ntwo"),
    ]
    assert list(lines(page, 36, coloured=False)) == [
        "■红 发布",
        "规则        W3",
        "不触发情形  3 cm 以下不会触发",
        "课          one",
        "            two",
    ]
    assert max(cells(line) for line in lines(page, 36, coloured=False)) <= 36


def test_colours_are_marks_around_the_same_text() -> None:
    page: Page = [[("■红", "bold red"), (" 发布 ", ""), ("积水 " * 12, "dim")], ("规则", "W3")]
    for width in (0, 30):
        plain = list(lines(page, width, coloured=False))
        painted = list(lines(page, width, coloured=True))
        assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in painted] == plain
        assert painted[0].startswith("\x1b[1;31m■红\x1b[0m 发布")
        assert all(line.count("\x1b[") % 2 == 0 for line in painted)
