"""What the shipped policy decides, held against the figures it was taken from."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agents.policy_files import SHIPPED, load
from schemas.terms import SEVERITIES
from streams.policy import Policy


def test_the_city_has_the_size_of_chengdu(policy: Policy) -> None:
    areas = policy.areas
    assert len(areas.districts) == 20
    assert len(areas.streets) == 261
    towns = [code for code in areas.streets if 100 <= int(code[-3:]) <= 199]
    assert (len(areas.streets) - len(towns), len(towns)) == (161, 100)
    assert len({areas.name(code) for code in areas.streets}) == 261


def test_every_street_is_found_from_the_middle_of_its_cells(policy: Policy) -> None:
    areas = policy.areas
    for street in areas.streets:
        centre = areas.centre(street)
        assert centre is not None
        assert areas.locate(*centre) == street


def test_areas_know_their_tier_parent_and_children(policy: Policy) -> None:
    areas = policy.areas
    for district in areas.children(areas.city):
        assert areas.tier_of(district) == "district"
        assert areas.parent(district) == areas.city
        for street in areas.children(district):
            assert areas.tier_of(street) == "street"
            assert areas.parent(street) == district
    assert areas.tier_of("510108001") is None
    assert areas.parent(areas.city) is None
    assert areas.name("nowhere") == "nowhere"


@pytest.mark.parametrize("point", [(0.0, 0.0), (90.0, 180.0), (-90.0, -180.0), (29.6, 125.5)])
def test_a_point_outside_of_the_city_is_nowhere(policy: Policy, point: tuple[float, float]) -> None:
    assert policy.areas.locate(*point) is None


def test_the_committed_areas_are_what_the_script_invents() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "deploy.invent_city"], check=True, capture_output=True
    ).stdout
    assert made == (SHIPPED / "areas.yaml").read_bytes()


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("100102", "2 urgent_hour"),  # cover missing: 2 urgent hours
        ("100104", "4 work_hour"),  # cover damaged: 4 work hours
        ("200102", "4 work_hour"),  # garbage
        ("200104", "2 work_hour"),  # cleaning
        ("200111", "4 work_hour"),  # road water
        ("200103", "4 work_day"),  # rubble
        ("200101", "20 work_day"),  # illegal building
        ("200403", "2 urgent_hour"),  # danger to life or property
        ("900401", "24 urgent_hour"),  # heating
        ("900101", "7 natural_day"),  # hotline, ordinary
        ("990101", "15 natural_day"),  # hotline, complex
        ("100118", "None"),  # left to the pace
    ],
)
def test_limits_are_those_of_the_sources(policy: Policy, code: str, limit: str) -> None:
    rule = policy.category(None, code)
    assert rule is not None
    assert str(rule.limit) == limit


@pytest.mark.parametrize(
    ("severity", "urgency", "owner", "acknowledge", "unacknowledged", "unresolved"),
    [
        ("I", "normal", "city", "2 minute", "None", "2 urgent_hour"),
        ("II", "urgent", "city", "2 minute", "None", "2 urgent_hour"),
        ("III", "urgent", "district", "5 minute", "5 minute", "2 urgent_hour"),
        ("IV", "urgent", "street", "10 minute", "20 minute", "2 urgent_hour"),
        ("IV", "utility", "street", "30 minute", "60 minute", "24 urgent_hour"),
        ("V", "normal", "street", "2 work_hour", "4 work_hour", "7 natural_day"),
    ],
)
def test_paces_are_the_table_of_tiers_and_severities(
    policy: Policy,
    severity: str,
    urgency: str,
    owner: str,
    acknowledge: str,
    unacknowledged: str,
    unresolved: str,
) -> None:
    pace = policy.pace(severity, urgency)  # type: ignore[arg-type]
    assert pace.owner == owner
    assert str(pace.acknowledge) == acknowledge
    assert str(pace.unacknowledged) == unacknowledged
    assert str(pace.unresolved) == unresolved


def test_supervision_turns_blue_yellow_red_and_red_again(policy: Policy) -> None:
    assert policy.supervision == (
        (70, "blue", False),
        (90, "yellow", False),
        (100, "red", True),
        (150, "red2", True),
    )
    assert policy.supervision[2].lifts


def test_a_foreign_code_is_read_in_its_own_catalogue(policy: Policy) -> None:
    water = policy.category("inspection-app", "0406")
    assert water is not None
    assert water.code == "200111"
    assert policy.category(None, "0406") is None
    assert policy.category("inspection-app", "200111") is None
    assert policy.category("nobody", "200111") is None
    assert policy.category(policy.catalogue, "200111") is water


def test_every_kind_has_a_unit_with_a_name_and_a_severity(policy: Policy) -> None:
    for code in policy.codes:
        rule = policy.category(None, code)
        assert rule is not None
        assert policy.knows_unit(rule.unit)
        assert policy.unit_name(rule.unit) != rule.unit
        assert policy.unit_name(rule.unit, "en") != rule.unit
        assert rule.severity in SEVERITIES
        assert rule.category.version == policy.catalogue_version


def test_triggers_have_the_thresholds_of_the_sources(policy: Policy) -> None:
    steps = {
        (limit.id, limit.device_class): [step.at for step in limit.steps]
        for limit in policy.triggers.limits
    }
    assert steps["W1", "manhole_tilt"] == [15]
    assert steps["W2", "gas_pipe_probe"] == [25, 50]
    assert steps["W2", "utility_tunnel_gas"] == [20, 35]
    assert steps["W3", "road_water"] == [3, 10, 25]
    assert [(rise.by, rise.within_s) for rise in policy.triggers.rises] == [(10, 600)]
    weather = policy.triggers.weather
    assert weather is not None
    rain = {colour: (m.millimetres, m.hours) for colour, m in weather.rain.items()}
    assert rain == {"blue": (50, 12), "yellow": (50, 6), "orange": (50, 3), "red": (100, 3)}
    for trigger in ("W1", "W2", "W3", "W4", "W5", "W6", "W7", "W12"):
        assert policy.suggested_action(trigger)
        assert policy.suggested_action(trigger, "en") != policy.suggested_action(trigger)
        assert policy.trigger_version(trigger) == "1"
    assert policy.suggested_action("W99") is None
    assert policy.trigger_version("E2") == policy.version


def test_a_stranger_is_heard_but_believed_in_nothing(policy: Policy) -> None:
    stranger = policy.source("/some/app")
    assert not stranger.known
    assert not stranger.trusts_limit
    assert not stranger.trusts_severity
    assert not stranger.speaks_about("/hotline/12345/1")
    assert policy.source("/grid/990101001").trusts_severity
    assert policy.source("/departments/drainage").speaks_about("/hotline/12345/1")


def test_the_version_names_the_policy_and_its_files(policy: Policy, tmp_path: Path) -> None:
    assert policy.version.startswith("yunchuan@")
    for path in SHIPPED.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert load(tmp_path).version == policy.version
    limits = tmp_path / "limits.yaml"
    limits.write_text(limits.read_text() + "# a word more\n")
    assert load(tmp_path).version != policy.version


def test_every_source_that_a_comment_names_is_listed() -> None:
    listed = set(re.findall(r"^\| (\[\d+r?\])", (SHIPPED / "SOURCES.md").read_text(), re.MULTILINE))
    for path in SHIPPED.glob("*.yaml"):
        if path.name != "areas.yaml":
            comments = "\n".join(re.findall(r"#.*", path.read_text()))
            assert set(re.findall(r"\[\d+r?\]", comments)) <= listed, path.name
