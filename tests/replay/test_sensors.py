"""Measured series become readings of devices, all files side by side in time."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from agents.policy_files import load
from agents.replay.sensors.source import Sensors
from agents.replay.source import Slice
from schemas.codec import read_sensing
from schemas.errors import ConfigurationError

WATER = "time,tp_c,cl_mg_l,ph,redox_mv,leit_us_cm,trueb_ntu,cl2_mg_l,fm_m3_h,fm2_m3_h,event\n"


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """One small file of each shape, in folders beside one another."""
    home = tmp_path / "recordings"
    nab = home / "nab" / "data" / "realTraffic"
    nab.mkdir(parents=True)
    (nab / "speed.csv").write_text(
        "timestamp,value\n2015-07-10 14:38:00,730\n2015-07-10 14:24:00,564\n"
    )
    (home / "water").mkdir()
    (home / "water" / "water_quality_x.csv.gz").write_bytes(
        _packed(WATER + "2016-02-15T11:54:00,4.4,0.14,8.38,755,232,0.009,0.11,1428,1020,0\n")
    )
    (home / "air").mkdir()
    (home / "air" / "chengdu_pm25_x.csv.gz").write_bytes(
        _packed("time,pm25_us_post\n2013-01-01T00:00:00+08:00,260\n2013-01-01T01:00:00+08:00,\n")
    )
    return home


def _packed(text: str) -> bytes:
    return gzip.compress(text.encode())


def test_files_of_all_shapes_are_read_side_by_side(recordings: Path, tmp_path: Path) -> None:
    source = Sensors(recordings, Slice())
    readings = [read_sensing(entry.value) for entry in source.entries()]
    assert source.rows == len(readings) == 2 + 9 + 2
    assert [reading.time for reading in readings] == sorted(r.time for r in readings)
    assert {reading.data.device_class for reading in readings} == {"air", "benchmark", "water"}
    policy = load(source.write_policy(tmp_path / "policy"))
    assert policy.areas.parent("water-line") == "water"
    assert policy.devices["water"].properties["ph"].unit == "pH"


def test_a_gap_is_a_reading_without_a_result(recordings: Path) -> None:
    source = Sensors(recordings / "air", Slice())
    results = [read_sensing(entry.value).data.result for entry in source.entries()]
    assert results == [260.0, None]
    assert source.empty == 1


def test_a_time_without_an_offset_is_utc(recordings: Path) -> None:
    source = Sensors(recordings / "nab", Slice())
    assert source.begins.isoformat() == "2015-07-10T14:24:00+00:00"


def test_a_folder_without_series_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No measured series"):
        Sensors(tmp_path, Slice())


@pytest.mark.parametrize(
    ("folder", "rows"), [("air_chengdu_pm25", 43_824), ("water_quality_gecco2017", 693_414)]
)
def test_real_series_have_the_rows_that_their_description_gives(
    real_data: Path, folder: str, rows: int
) -> None:
    assert Sensors(real_data / folder, Slice()).rows == rows
