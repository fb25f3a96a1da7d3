"""A wrong policy is refused with every fault: file, line, path, got, wanted, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from agents.cli.policy import app
from agents.policy_files import SHIPPED, load
from schemas.errors import PolicyError

Change = Callable[[str, str, str], None]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for path in SHIPPED.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.fixture
def change(home: Path) -> Change:
    def replace(file: str, old: str, new: str) -> None:
        text = (home / file).read_text()
        assert old in text
        (home / file).write_text(text.replace(old, new, 1))

    return replace


def faults(home: Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load(home)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "limits.yaml",
            '"100104": 4 work_hour',
            '"100104": 4 workhour',
            r"limits\.yaml:\d+ /limits/100104: got '4 workhour', wanted .*work_hour",
        ),
        (
            "orders.yaml",
            'consequences: ["900600"]',
            'consequences: ["900699"]',
            r"orders\.yaml:\d+ /causes/0/consequences/0: got the code '900699', wanted a code",
        ),
        (
            "orders.yaml",
            'consequences: ["900600"]',
            'consequences: ["200402"]',
            r"/causes/0/consequences: got '200402' as its own cause, wanted another kind",
        ),
        (
            "limits.yaml",
            "city_from: II",
            "city_form: II",
            (
                r"limits\.yaml:\d+ /escalation/city_form: got the key 'city_form', wanted one of .*"
                r"Operator action: write 'city_from'"
            ),
        ),
        (
            "limits.yaml",
            "percent: 90",
            "percent: 60",
            r"limits\.yaml:\d+ /supervision: .* each greater than the one before",
        ),
        (
            "limits.yaml",
            "severity: [III]",
            "severity: [IV]",
            r"/paces: .*missing: III/normal, III/utility, III/urgent; twice: IV/normal",
        ),
        (
            "routing.yaml",
            "unit: gas, assisting",
            "unit: gasworks, assisting",
            r"routing\.yaml:\d+ /routing/100133/unit: got the unit 'gasworks', wanted a code",
        ),
        (
            "routing.yaml",
            '"2002": {unit',
            '"2001": {unit',
            r"routing\.yaml:\d+: got the key '2001' again, wanted each key once",
        ),
        (
            "routing.yaml",
            '"9013": {unit',
            '"9014": {unit',
            r"/routing/9014: got the key '9014', wanted a category code, a group code",
        ),
        (
            "categories.yaml",
            '{code: "100102"',
            '{code: "100101"',
            r"/categories: .*the code '100101' stands for two kinds",
        ),
        (
            "categories.yaml",
            '"0406": "200111"',
            '"0406": "200112"',
            r"/categories/mappings/0/codes/0406: got the code '200112'",
        ),
        (
            "triggers.yaml",
            "device_class: manhole_tilt",
            "device_class: manhole",
            r"/triggers/limits/0/device_class: got the class 'manhole'",
        ),
        (
            "triggers.yaml",
            "{at: 50, colour: orange",
            "{at: 20, colour: orange",
            r"/triggers/limits/1: .* each further out than the one before",
        ),
        (
            "triggers.yaml",
            "{at: 50, colour: orange",
            "{at: 500, colour: orange",
            r"/triggers/limits/1/steps/1/at: got 500, wanted a value the device can show",
        ),
        ("triggers.yaml", 'category: "990301"', 'category: "1"', r"/triggers/silence/category"),
        ("city.yaml", "zone: Asia/Shanghai", "zone: Asia/Chengdu", r"/calendar/zone: .*IANA"),
        ("city.yaml", '"12:00"', "12:00", r"/calendar/office_hours: .*in quotes"),
        ("city.yaml", "name: yunchuan", "name: Yun Chuan", r"/name: got 'Yun Chuan'"),
        ("city.yaml", "language: zh", "language: [zh", r"city\.yaml:\d+: got .*readable YAML"),
        ("city.yaml", "desk:", "dесk:", r"the section 'dесk'.*Operator action"),
        ("areas.yaml", '"990101001"', '"990101002"', r"/areas: .*'990101002' stands for 2 areas"),
        ("areas.yaml", 'fallback: "990101"', 'fallback: "9901"', r"/areas: .*code of a district"),
        ("areas.yaml", 'fallback: "990101"', "fallback: 990101", r"/areas/fallback: got 990101"),
    ],
)
def test_a_fault_is_explained_where_it_stands(
    home: Path, change: Change, file: str, old: str, new: str, said: str
) -> None:
    change(file, old, new)
    found = faults(home)
    assert any(re.search(said, fault) for fault in found), found
    assert all("Operator action: " in fault for fault in found)


def test_all_faults_are_told_at_once(home: Path, change: Change) -> None:
    change("limits.yaml", '"100104": 4 work_hour', '"100104": 4 workhour')
    change("limits.yaml", "percent: 90", "percent: 60")
    change("city.yaml", "ahead_s: 300", "ahead_s: soon")
    change("routing.yaml", '"2002": {unit', '"2001": {unit')
    change("categories.yaml", "severity: III}", "severity: three}")
    assert len(faults(home)) == 5


def test_the_line_of_a_fault_is_the_line_in_the_file(home: Path, change: Change) -> None:
    change("limits.yaml", '"100104": 4 work_hour', '"100104": 4 workhour')
    (fault,) = faults(home)
    line = int(fault.split(":")[1].split(" ")[0])
    assert "4 workhour" in (home / "limits.yaml").read_text().splitlines()[line - 1]


def test_a_file_that_cannot_be_read_is_not_taken_for_missing_sections(
    home: Path, change: Change
) -> None:
    change("limits.yaml", "limits:", "limits: [")
    assert len(faults(home)) == 1


def test_a_missing_section_is_named(home: Path) -> None:
    (home / "routing.yaml").unlink()
    assert [fault.split(":")[0] for fault in faults(home)] == ["/units", "/routing", "/merging"]


def test_a_section_in_two_files_is_refused(home: Path) -> None:
    (home / "zz.yaml").write_text("limits: {}\n")
    (fault,) = faults(home)
    assert "zz.yaml:1 /limits: got the section 'limits' again" in fault
    assert "join it with the one in limits.yaml" in fault


@pytest.mark.parametrize("content", ["- a list\n", "just words\n", "\tx: 1\n", "a: &b [*b, *c]\n"])
def test_a_file_that_holds_no_sections_is_refused(home: Path, content: str) -> None:
    (home / "zz.yaml").write_text(content)
    assert any(fault.startswith("zz.yaml:1") for fault in faults(home))


def test_bytes_that_are_no_text_are_refused(home: Path) -> None:
    (home / "zz.yaml").write_bytes(b"\xff\xfe\x00name")
    assert any(fault.startswith("zz.yaml") for fault in faults(home))


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    assert "no files" in faults(tmp_path)[0]
    assert "no files" in faults(tmp_path / "absent")[0]


def test_one_json_file_may_hold_the_whole_policy(home: Path, tmp_path: Path) -> None:
    import yaml

    whole: dict[str, object] = {}
    for path in home.glob("*.yaml"):
        whole |= yaml.safe_load(path.read_text())
    file = tmp_path / "one.json"
    file.write_bytes(orjson.dumps(whole))
    assert len(load(file).areas.streets) == 261


def test_check_says_that_the_shipped_policy_is_sound() -> None:
    result = CliRunner().invoke(app, ["check", str(SHIPPED)])
    assert result.exit_code == 0
    assert "is sound: yunchuan@" in result.output


def test_check_tells_scripts_about_faults(home: Path, change: Change) -> None:
    change("limits.yaml", '"100104": 4 work_hour', '"100104": 4 workhour')
    result = CliRunner().invoke(app, ["check", str(home), "--json"])
    assert result.exit_code == 1
    told = orjson.loads(result.output)
    assert told["ok"] is False
    assert told["faults"][0]["got"] == "'4 workhour'"
    assert told["faults"][0]["action"]
    assert CliRunner().invoke(app, ["check", str(home)]).exit_code == 1


def test_show_tells_what_is_decided_about_a_kind() -> None:
    result = CliRunner().invoke(app, ["show", "--code", "100102", "--lang", "en"])
    assert result.exit_code == 0
    assert "2 urgent_hour" in result.output
    assert "drainage Drainage" in result.output
    assert CliRunner().invoke(app, ["show", "--code", "1"]).exit_code == 1
    told = orjson.loads(CliRunner().invoke(app, ["show", "--json"]).output)
    assert told["streets"] == 261
    assert len(told["categories"]) == told["kinds"]
