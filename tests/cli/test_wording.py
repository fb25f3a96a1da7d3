"""Operators read the city's words, the same in both languages."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from agents.cli import wording
from agents.cli.desk import parse_since
from agents.cli.texts import TEXTS
from agents.cli.wording import SHAPES, STYLES, Wording, sparkline
from agents.cli.words import WORDS
from schemas.command import Action
from schemas.errors import ConfigurationError
from schemas.outcome import ReplyOutcome
from schemas.terms import AlertState, Colour, Severity, Tier, Urgency, WorkState

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZH = Wording("zh", SHANGHAI)
EN = Wording("en", SHANGHAI)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_both_languages_fill_the_same_blanks(name: str) -> None:
    def blanks(text: str) -> set[str]:
        return {blank for _, blank, _, _ in string.Formatter().parse(text) if blank is not None}

    zh, en = TEXTS[name]
    assert blanks(zh) == blanks(en)
    assert zh.strip()
    assert en.strip()


def test_no_sentence_stands_in_the_catalogue_unused() -> None:
    here = Path(wording.__file__).parent
    files = [*here.rglob("*.py"), *(here.parent / "up").glob("*.py")]
    sources = "".join(file.read_text() for file in files if not file.name.startswith("texts"))
    made = (
        "reason_",
        "health_",
        "why_",
        "burden_",
        "board_",
        "ground_",
        "pairs_",
        "part_",
        "alert_",
    )  # made of a code at run time
    names = [name for name in TEXTS if not name.startswith(made)]
    assert [n for n in names if f'"{n}"' not in sources and f"'{n}'" not in sources] == []


@pytest.mark.parametrize(
    "terms", [Action, AlertState, Colour, ReplyOutcome, Severity, Tier, Urgency, WorkState]
)
def test_every_fixed_term_has_a_word(terms: object) -> None:
    for term in get_args(terms):
        assert term in WORDS, term


def test_every_colour_has_a_shape_of_its_own() -> None:
    colours = get_args(Colour)
    assert len({SHAPES[colour] for colour in colours}) == len(colours)
    assert set(SHAPES) == set(STYLES)
    assert [ZH.colour(colour) for colour in colours] == ["●蓝", "▲黄", "◆橙", "■红"]


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "0秒", "0 s"),
        (59, "59秒", "59 s"),
        (80 * 60, "1小时20分", "1 h 20 min"),
        (3_600, "1小时", "1 h"),
        (76 * 3_600, "3天4小时", "3 d 4 h"),
        (86_400 + 59, "1天", "1 d"),
    ],
)
def test_a_span_is_told_in_two_units(seconds: float, zh: str, en: str) -> None:
    assert ZH.span(seconds) == zh
    assert EN.span(timedelta(seconds=seconds)) == en


def test_times_are_told_in_the_zone_of_the_city() -> None:
    moment = datetime(2026, 9, 21, 6, 5, tzinfo=UTC)
    assert ZH.time(moment) == "9月21日 14:05"
    assert EN.time(moment) == "21 Sep 14:05"
    assert ZH.time_with_year(moment) == "2026年9月21日 14:05"
    assert ZH.time(None) == "–"
    assert ZH.due(moment, moment + timedelta(minutes=80)) == "超时 1小时20分"
    assert EN.due(moment, moment - timedelta(hours=2)) == "left 2 h"


def test_accepting_a_report_is_another_word_than_a_unit_accepting_the_work() -> None:
    assert ZH.word("accepted") == "已签收"
    assert ZH.outcome("accepted") == "已受理"
    assert ZH.outcome("applied") == "已执行"


def test_a_sparkline_shows_the_last_values_against_the_largest() -> None:
    assert sparkline([0, 1, 2, 4, 8], 4) == "▁▂▄█"
    assert sparkline([0, 0], 10) == "▁▁"
    assert sparkline([], 10) == ""


def test_a_length_of_time_is_read_as_people_type_it() -> None:
    assert parse_since("60s") == timedelta(minutes=1)
    assert parse_since("1.5h") == timedelta(minutes=90)
    assert parse_since("45") == timedelta(seconds=45)
    for wrong in ("", "soon", "-5s", "0", "nan", "inf"):
        with pytest.raises(ConfigurationError, match="wanted"):
            parse_since(wrong)
