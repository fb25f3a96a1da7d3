"""Boston's cases become reports and closings; its precincts become streets."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.policy_files import load
from agents.replay.boston311 import mapping
from agents.replay.boston311.areas import areas_of
from agents.replay.boston311.rows import Row, read
from agents.replay.boston311.source import Boston311
from agents.replay.source import Slice
from schemas.codec import read_intake
from schemas.errors import ConfigurationError
from schemas.report import ServiceRequestEvent, ServiceRequestUpdateEvent
from tests.replay.conftest import case, write_cases

DAY = "2015-03-01"


def rows_of(tmp_path: Path, *cases: dict[str, str]) -> list[Row]:
    return read(write_cases(tmp_path / "boston311_x.csv", list(cases)), Slice())


def messages(rows: list[Row]) -> list[ServiceRequestEvent | ServiceRequestUpdateEvent]:
    return [read_intake(entry.value) for entry in mapping.entries(rows, mapping.timeline(rows))]


def test_a_closed_case_is_a_report_and_a_closing_under_one_key(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        case(
            1,
            f"{DAY}T10:00:00-05:00",
            f"{DAY}T12:00:00-05:00",
            sla_target_at=f"{DAY}T18:00:00-05:00",
            channel="Citizens Connect App",
        ),
    )
    entries = list(mapping.entries(rows, mapping.timeline(rows)))
    opening, closing = messages(rows)
    assert {entry.key for entry in entries} == {b"boston311/100000000001"}
    assert isinstance(opening, ServiceRequestEvent)
    assert opening.data.service_code == "street-light-outages"
    assert opening.data.area_code == "0501"
    assert opening.data.channel == "app"
    assert opening.data.expected_datetime is not None
    assert opening.data.expected_datetime.isoformat() == f"{DAY}T18:00:00-05:00"
    assert isinstance(closing, ServiceRequestUpdateEvent)
    assert (closing.data.kind, closing.data.unit) == ("closed", "PWDx")
    assert closing.data.reason is None
    assert closing.time > opening.time


def test_at_equal_times_openings_come_first(tmp_path: Path) -> None:
    noon = f"{DAY}T12:00:00-05:00"
    rows = rows_of(tmp_path, case(1, f"{DAY}T10:00:00-05:00", noon), case(2, noon, noon))
    assert [(m.id, m.time.hour) for m in messages(rows)] == [
        ("100000000001/opened", 10),
        ("100000000002/opened", 12),
        ("100000000001/closed", 12),
        ("100000000002/closed", 12),
    ]


def test_a_closing_before_its_opening_is_held_until_then_and_says_so(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, case(1, f"{DAY}T10:00:30-05:00", f"{DAY}T10:00:00-05:00"))
    opening, closing = messages(rows)
    assert closing.time == opening.time
    assert isinstance(closing, ServiceRequestUpdateEvent)
    assert closing.data.reason == mapping.CLOSED_BEFORE_OPENED
    assert closing.data.updated_datetime < opening.time


@pytest.mark.parametrize(
    ("precinct", "neighborhood", "area"),
    [
        ("0501", "Back Bay", "0501"),
        ("0501", "", None),
        ("", "Back Bay", "back-bay"),
        ("", "Boston", "boston-neighborhood"),
        ("", "", None),
    ],
)
def test_a_case_names_precinct_else_neighbourhood_else_nothing(
    tmp_path: Path, precinct: str, neighborhood: str, area: str | None
) -> None:
    opened = f"{DAY}T10:00:00-05:00"
    rows = rows_of(tmp_path, case(1, opened, precinct=precinct, neighborhood=neighborhood))
    (opening,) = messages(rows)
    assert isinstance(opening, ServiceRequestEvent)
    assert opening.data.area_code == area


def test_a_precinct_belongs_to_the_neighbourhood_that_most_cases_name(tmp_path: Path) -> None:
    opened = f"{DAY}T10:00:00-05:00"
    named = ["South End", "Back Bay", "Back Bay", ""]
    rows = rows_of(tmp_path, *(case(n, opened, neighborhood=w) for n, w in enumerate(named)))
    areas = areas_of(rows)
    assert areas.precincts == {"0501": "back-bay"}
    assert (areas.spanning, areas.differing) == (1, 1)


def test_the_policy_of_a_recording_can_be_loaded(tmp_path: Path) -> None:
    opened = f"{DAY}T10:00:00-05:00"
    file = write_cases(
        tmp_path / "boston311_x.csv",
        [
            *(
                case(n, opened, f"{DAY}T11:00:00-05:00", resolution="Duplicate of Existing Case")
                for n in range(6)
            ),
            case(7, opened, precinct="", neighborhood="", type="Sticker Request"),
            case(8, opened, type="Tree Emergencies", department="PARK", reason="Trees"),
        ],
    )
    source = Boston311(file, Slice())
    policy = load(source.write_policy(tmp_path / "policy"))
    assert policy.zone == "America/New_York"
    assert policy.areas.fallback == "unknown"
    assert policy.areas.parent("0501") == "back-bay"
    assert policy.areas.parent("back-bay") == "boston"
    assert policy.desk.synthetic_acceptance
    assert policy.is_void(42.3594, -71.0587)
    assert not policy.is_void(42.3487, -71.0672)
    light = policy.category("boston311", "street-light-outages")
    tree = policy.category("boston311", "tree-emergencies")
    assert light is not None
    assert tree is not None
    assert light.merge_radius_m > 0
    assert (tree.merge_radius_m, tree.unit) == (0, "park")


def test_a_part_of_a_recording_is_cut_by_opening(tmp_path: Path) -> None:
    file = write_cases(
        tmp_path / "boston311_x.csv", [case(n, f"2015-03-0{n}T10:00:00-05:00") for n in range(1, 6)]
    )
    rows = read(file, Slice(limit=2))
    assert [row.case_id[-1] for row in rows] == ["1", "2"]


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "boston311_x.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(ConfigurationError, match="lacks the columns case_id"):
        read(file, Slice())


def test_the_real_year_has_the_shape_that_its_description_gives(real_data: Path) -> None:
    source = Boston311(real_data / "boston311_2015", Slice())
    assert (source.rows, source.areas.spanning, len(source.areas.precincts)) == (121_145, 148, 254)
    assert sum(row.closed_before_opened for row in source.cases) == 197
    assert source.stops.isoformat() == "2016-01-12T22:22:40-05:00"
