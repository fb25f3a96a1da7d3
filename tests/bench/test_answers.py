"""The command lines that the bench times do what they should; how long they take is not asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.bench.answers import lines_for, made_up_city, measure, newest_of
from schemas.errors import ConfigurationError


def test_every_command_line_of_the_bench_ends_as_it_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PREFIX", "BROKER", "DATA_DIR", "LANG", "CONFIG"):
        monkeypatch.delenv(f"CHENGYUN_{name}", raising=False)
    place = tmp_path / "data"
    alert_id = made_up_city(place)
    assert newest_of(place) == alert_id
    found = measure(lines_for(alert_id, ("--data-dir", str(place)), tmp_path), runs=1)
    assert [line["words"] for line in found if line["failed"]] == []
    assert all(line["ms"]["runs"] == 1 for line in found)
    assert (tmp_path / "why.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (tmp_path / "why.png").read_bytes()[:4] == b"\x89PNG"


def test_a_directory_without_a_city_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="got no alerts"):
        newest_of(tmp_path)
