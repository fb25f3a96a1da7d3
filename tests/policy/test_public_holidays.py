"""The calendar follows China's public holidays as announced; the city's own files win."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from agents import policy_files, public_holidays
from agents.cli.policy import app
from schemas.errors import PolicyError
from streams.policy import Policy
from streams.policy.calendar import PublicHolidays
from tests.streams.incidents.play import RULES, Play, policy

# The notices of the General Office of the State Council for 2025 and 2026, by hand: first and
# last day off of each holiday, and the weekend days worked instead.
OFF = [
    ("2025-01-01", 1), ("2025-01-28", 8), ("2025-04-04", 3), ("2025-05-01", 5), ("2025-05-31", 3),
    ("2025-10-01", 8), ("2026-01-01", 3), ("2026-02-15", 9), ("2026-04-04", 3), ("2026-05-01", 5),
    ("2026-06-19", 3), ("2026-09-25", 3), ("2026-10-01", 7),
]  # fmt: skip
WORKED = [
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04",
    "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
]  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Policy:
    return policy_files.load()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for path in policy_files.SHIPPED.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def replace(home: Path, old: str, new: str) -> None:
    text = (home / "city.yaml").read_text(encoding="utf-8")
    assert old in text
    (home / "city.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_day_of_two_years_is_as_the_notices_say(shipped: Policy) -> None:
    off = {
        date.fromisoformat(first) + timedelta(days=number)
        for first, days in OFF
        for number in range(days)
    }
    worked = {date.fromisoformat(day) for day in WORKED}
    day = date(2025, 1, 1)
    while day.year < 2027:
        office = day in worked or (day not in off and day.isoweekday() < 6)
        assert shipped.calendar.is_working(day) == office, day
        day += timedelta(days=1)


def test_what_nobody_has_announced_is_provisional(shipped: Policy) -> None:
    calendar = shipped.calendar
    assert calendar.announced_until is not None
    assert not calendar.is_provisional(2026)
    assert calendar.is_provisional(calendar.announced_until + 1)
    # The law alone says the new year is a holiday, announced or not.
    assert not calendar.is_working(date(2029, 1, 1))


def test_a_country_that_shifts_no_days_has_nothing_to_announce() -> None:
    days = public_holidays.look_up(
        PublicHolidays(country="US", subdivision="MA", first=2015, last=2015)
    )
    assert date(2015, 4, 20) in days.off  # Patriots' Day
    assert (days.on, days.announced_until) == (frozenset(), None)


def test_the_citys_own_days_win_over_the_table(home: Path) -> None:
    replace(home, "  holidays: []", "  holidays: [2026-10-10, 2026-11-11]")
    replace(home, "  workdays: []", "  workdays: [2026-10-05]")
    calendar = policy_files.load(home).calendar
    assert not calendar.is_working(date(2026, 10, 10))
    assert not calendar.is_working(date(2026, 11, 11))
    assert calendar.is_working(date(2026, 10, 5))


def test_a_year_is_announced_when_the_file_says_so(home: Path) -> None:
    replace(home, "  holidays: []", "  announced_until: 2027\n  holidays: []")
    assert not policy_files.load(home).calendar.is_provisional(2027)


def test_a_country_that_nobody_knows_is_refused_with_its_line(home: Path) -> None:
    replace(home, "country: CN", "country: XX")
    with pytest.raises(PolicyError, match=r"city\.yaml:\d+ /calendar/public_holidays/country.*XX"):
        policy_files.load(home)


def test_a_revised_table_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = policy_files.load().version
    found = public_holidays.look_up(PublicHolidays(country="CN", first=2024, last=2030))
    revised = found._replace(off=found.off | {date(2027, 2, 11)})
    monkeypatch.setattr(policy_files, "look_up", lambda wanted: revised)
    assert policy_files.load().version != before


def test_policy_check_says_until_when_holidays_are_announced(shipped: Policy) -> None:
    until = shipped.calendar.announced_until
    said = CliRunner().invoke(app, ["check"])
    assert f"announced until {until}" in said.output
    told = orjson.loads(CliRunner().invoke(app, ["check", "--json"]).output)
    assert told["announced_until"] == until


def test_a_limit_that_runs_into_an_unannounced_year_says_so() -> None:
    calendar = {**RULES["calendar"], "announced_until": 2025}
    play = Play(policy(calendar=calendar, desk={"synthetic_acceptance": True}))
    play.report("garbage")  # office hours
    assert play.incident().provisional
    play.at(180)
    (alert,) = play.alerts("street").values()
    assert "provisional" in alert.title
    play.report("cover", area="A2")  # true hours do not ask for holidays
    other = next(i for i in play.incidents().values() if i.area == "A2")
    assert other.provisional is None


def test_a_limit_within_announced_years_is_final() -> None:
    play = Play(policy(calendar={**RULES["calendar"], "announced_until": 2026}))
    play.report("garbage")
    assert play.incident().provisional is None
