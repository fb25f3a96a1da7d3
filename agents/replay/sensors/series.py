"""Where measured series come from: files of four known shapes, each as readings of devices."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from agents.replay.source import text_of
from schemas.errors import ConfigurationError


class Measured(NamedTuple):
    """One value of one series: ISO time with offset, the device, what, and the text of the value.

    An empty value means that the device had none.
    """

    time: str
    device_id: str
    device_class: str
    observed_property: str
    unit: str
    street: str
    district: str
    value: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of file: how it is recognised, and how its rows are read."""

    name: str
    pattern: str
    read: Callable[[Path], Iterator[Measured]]


AIR = (
    ("pm25", "ug/m3"),
    ("pm10", "ug/m3"),
    ("so2", "ug/m3"),
    ("no2", "ug/m3"),
    ("co", "ug/m3"),
    ("o3", "ug/m3"),
)
WATER = (
    ("tp_c", "Cel"),
    ("cl_mg_l", "mg/l"),
    ("ph", "pH"),
    ("redox_mv", "mV"),
    ("leit_us_cm", "uS/cm"),
    ("trueb_ntu", "NTU"),
    ("cl2_mg_l", "mg/l"),
    ("fm_m3_h", "m3/h"),
    ("fm2_m3_h", "m3/h"),
)


def _beijing(file: Path) -> Iterator[Measured]:
    with text_of(file) as lines:
        for row in csv.DictReader(lines):
            station = row["station"].lower()
            time = _with_offset(row["time"], "+08:00")
            for name, unit in AIR:
                device = f"air-{station}-{name}"
                yield Measured(
                    time, device, "air", name, unit, f"air-{station}", "air-beijing", row[name]
                )


def _chengdu(file: Path) -> Iterator[Measured]:
    with text_of(file) as lines:
        for row in csv.DictReader(lines):
            time = _with_offset(row["time"], "+08:00")
            street, value = "air-us-post", row["pm25_us_post"]
            yield Measured(
                time, f"{street}-pm25", "air", "pm25", "ug/m3", street, "air-chengdu", value
            )


def _water(file: Path) -> Iterator[Measured]:
    with text_of(file) as lines:
        for row in csv.DictReader(lines):
            time = _with_offset(row["time"], "+00:00")
            for name, unit in WATER:
                yield Measured(
                    time, "water-gauges", "water", name, unit, "water-line", "water", row[name]
                )


def _benchmark(file: Path) -> Iterator[Measured]:
    device, street = f"nab-{file.stem}", f"nab-{file.parent.name}"
    with text_of(file) as lines:
        # A few of the benchmark's clocks step back; a series is replayed in order.
        rows = sorted(csv.DictReader(lines), key=lambda row: row["timestamp"])
    for row in rows:
        time = _with_offset(row["timestamp"].replace(" ", "T"), "+00:00")
        yield Measured(time, device, "benchmark", "value", "1", street, "nab", row["value"])


SHAPES = (
    Shape("Beijing air", "beijing_air_*.csv.gz", _beijing),
    Shape("Chengdu air", "chengdu_pm25_*.csv.gz", _chengdu),
    Shape("drinking water", "water_quality_*.csv.gz", _water),
    Shape("NAB", "*.csv", _benchmark),
)


def files_at(path: Path) -> list[tuple[Shape, Path]]:
    """The series that a person means by a path: a file, one folder, or a folder of folders.

    Raises:
        ConfigurationError: nothing there has a known shape.
    """
    if path.is_file():
        found = [(shape, path) for shape in SHAPES if path.match(shape.pattern)][:1]
    else:
        found = [
            (shape, file)
            for shape in SHAPES[:-1]
            for file in sorted({*path.glob(shape.pattern), *path.glob(f"*/{shape.pattern}")})
        ]
        for home in (path, path / "data", path / "nab" / "data"):
            found += [(SHAPES[-1], file) for file in sorted(home.glob("*/*.csv")) if _is_nab(file)]
    if not found:
        known = ", ".join(shape.name for shape in SHAPES)
        raise ConfigurationError(
            f"No measured series at {path}. Operator action: give a file or folder of: {known}."
        )
    return found


def _is_nab(file: Path) -> bool:
    with file.open(encoding="utf-8") as lines:
        return lines.readline().strip() == "timestamp,value"


def _with_offset(time: str, offset: str) -> str:
    """ISO time with the offset that the recording's description gives, where it has none."""
    if time.endswith("Z") or "+" in time[10:]:
        return time
    return datetime.fromisoformat(time).isoformat() + offset
