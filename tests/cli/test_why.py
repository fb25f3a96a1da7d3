"""Why, at once: the index of alerts, the remembered policy, the strip and the picture."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest

from agents import alert_index, policy_cache, policy_files
from agents.alert_index import AlertIndex
from agents.alert_keeper import read_on
from agents.cli.alert_plot import as_svg, draw, drawing
from agents.cli.reasons import strip
from agents.cli.wording import Wording
from schemas.alert import Alert
from schemas.errors import ConfigurationError
from streams.partitioner import partition_of
from streams.program import Record
from streams.topics import ALERTS, Topic

if TYPE_CHECKING:
    from agents.ledger import Ledger

STREET = ALERTS["street"].name
BEGIN = datetime(2026, 3, 2, 1, tzinfo=UTC)
ZH = Wording("zh", ZoneInfo("Asia/Shanghai"))
EN = Wording("en", ZoneInfo("Asia/Shanghai"))
ZONE = ZoneInfo("Asia/Shanghai")


def _alert(revision: int = 1, **fields: Any) -> Alert:
    at = BEGIN + timedelta(hours=revision)
    return Alert.model_validate(
        {
            "alert_id": "a1",
            "revision": revision,
            "key": "W10/1/water",
            "trigger": {"id": "W10", "version": "1"},
            "scale": "warning",
            "tier": "street",
            "area": "1",
            "colour": "yellow",
            "state": "opened",
            "title": "more",
            "opened_at": BEGIN,
            "changed_at": at,
            "policy_version": "1",
            **fields,
        }
    )


def test_what_was_read_before_is_not_added_twice(tmp_path: Path) -> None:
    with AlertIndex(tmp_path / "up" / "alerts.sqlite") as index:
        index.add([((STREET, 0), 5, "a1", b"one"), ((STREET, 0), 7, "a1", b"two")])
        index.add([((STREET, 0), 7, "a1", b"two"), ((STREET, 0), 9, "b", b"other")])
        index.add([((STREET, 1), 3, "c", b"there")], {(STREET, 0): 12})
        assert index.revisions("a1") == [b"one", b"two"]
        assert index.read_to() == {(STREET, 0): 12, (STREET, 1): 4}
        index.add([((STREET, 0), 11, "a1", b"read by another meanwhile")])
        assert index.revisions("a1") == [b"one", b"two"]


def test_it_is_whole_only_where_the_alert_lies_and_only_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [(topic.name, lane) for topic in ALERTS.values() for lane in range(4)]
    home = partition_of(b"a1", 4)
    mine = [(topic.name, home) for topic in ALERTS.values()]
    with AlertIndex(tmp_path / "alerts.sqlite") as index:
        assert not index.is_whole("a1", None)
        index.add((), dict.fromkeys(places, 0))
        index.whole([place for place in places if place not in mine], time.time())
        assert not index.is_whole("a1", None)
        index.whole(mine, time.time())
        assert index.is_whole("a1", None)
        later = time.time() + alert_index.FRESH_S + 1
        monkeypatch.setattr(time, "time", lambda: later)
        assert not index.is_whole("a1", None), "a living city may have said more"
        assert index.is_whole("a1", later - 3_600), "an ended one has not"


def test_it_stays_small_and_says_that_something_was_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_index, "MOST", 100)
    monkeypatch.setattr(alert_index, "TRIM_EVERY", 10)
    with AlertIndex(tmp_path / "alerts.sqlite") as index:
        for n in range(300):
            index.add([((STREET, 0), n, f"a{n}", b"x")])
        kept = [n for n in range(300) if index.revisions(f"a{n}")]
        assert 100 <= len(kept) <= 110
        assert kept[-1] == 299
        assert index.trimmed
        index.clear()
        assert (index.trimmed, index.read_to()) == (False, {})


def test_the_policy_is_remembered_until_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "policy"
    files.mkdir()
    for file in policy_files.SHIPPED.glob("*.yaml"):
        (files / file.name).write_bytes(file.read_bytes())
    read = policy_cache.load(files, tmp_path)
    monkeypatch.setattr(policy_files, "load", lambda path: pytest.fail("it was read again"))
    assert policy_cache.load(files, tmp_path) == read
    monkeypatch.undo()
    rules = files / "triggers.yaml"
    changed = rules.read_text(encoding="utf-8").replace("quiet_bins: 2", "quiet_bins: 3", 1)
    rules.write_text(changed, encoding="utf-8")
    again = policy_cache.load(files, tmp_path)
    assert again.triggers.surge is not None
    assert again.triggers.surge.quiet_bins == 3
    assert again.version != read.version


def test_a_broken_copy_of_the_policy_is_read_anew(tmp_path: Path) -> None:
    read = policy_cache.load(None, tmp_path)
    (copy,) = (tmp_path / "cache").glob("policy-*.json")
    copy.write_bytes(b"{}")
    assert policy_cache.load(None, tmp_path) == read


def test_the_strip_shows_the_value_beside_what_was_expected() -> None:
    one = _alert(observed=10.0, expected=4.0, interval=(2.0, 6.0))
    assert strip(one, 11) == "0 ──▒▒┃▒▒───● 10"
    assert strip(_alert(observed=10.0, threshold=5.0), 11) == "0 ─────╎────● 10"
    assert strip(_alert(observed=10.0), 11) is None


def test_the_picture_is_drawn_alike_as_svg_and_png(tmp_path: Path) -> None:
    rows = [
        _alert(n, observed=6.0 + n, expected=3.0, interval=(0.0, 7.0), threshold=9.0, unit="件")
        for n in (1, 2, 3)
    ]
    said = as_svg(drawing(rows[-1], rows, ZH))
    assert said.count("<circle") == 4, "one each, and one in the legend"
    assert "90 %: 0 .. 7" in said
    assert "W10 数量激增" in said
    assert "阈值 9 件" in said
    english = as_svg(drawing(rows[-1], rows, EN))
    assert "W10 surge" in english
    assert "threshold 9<" in english, "a unit in Chinese is not shown to who reads no Chinese"
    draw(rows[-1], rows, ZH, tmp_path / "a.svg")
    draw(rows[0], rows[:1], ZH, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(ConfigurationError, match="measured"):
        drawing(_alert(), [_alert()], ZH)
    with pytest.raises(ConfigurationError, match="png or"):
        draw(rows[0], rows, ZH, tmp_path / "a.gif")


def test_a_threshold_holds_until_it_is_another(tmp_path: Path) -> None:
    rows = [_alert(n, observed=4.0, threshold=limit) for n, limit in ((1, 3.0), (2, 3.0), (3, 9.0))]
    shapes = drawing(rows[-1], rows, EN)
    (level,) = [each for each in shapes if each.what == "dashed" and len(each.points) > 2]
    ways = zip(level.points, level.points[1:], strict=False)
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in ways), "it never slopes"


def test_what_a_cause_explains_is_found_by_it(tmp_path: Path) -> None:
    with AlertIndex(tmp_path / "alerts.sqlite") as index:
        index.add(
            [
                ((STREET, 0), 1, "a", b'{"inhibited_by":"rain","n":1}'),
                ((STREET, 0), 2, "b", b'{"inhibited_by":"rain 2"}'),
                ((STREET, 0), 3, "a", b'{"n":2}'),
                ((STREET, 0), 4, "c", b'{"inhibited_by":"rain"}'),
            ]
        )
        assert index.explained_by("rain") == [b'{"n":2}', b'{"inhibited_by":"rain"}']


class _Topics:
    """Alert topics of two partitions each, as a ledger reads them; offsets with gaps."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, int], list[tuple[int, str, bytes]]] = {
            (topic.name, lane): [] for topic in ALERTS.values() for lane in range(2)
        }
        self.scanned: list[int] = []

    def say(self, alert_id: str, value: bytes) -> None:
        lane = self.said[STREET, partition_of(alert_id.encode(), 2)]
        lane.append((2 * len(lane), alert_id, value))

    def home(self, topic: Topic, key: str) -> int:
        return partition_of(key.encode(), 2)

    async def ends(self, topics: Any) -> dict[tuple[str, int], int]:
        return {place: 2 * len(rows) for place, rows in self.said.items()}

    async def scan(
        self, topics: Any, *, key: str | None, since: Any, until: Any, progress: Any
    ) -> AsyncGenerator[list[Record], None]:
        for place, rows in self.said.items():
            if key is not None and place[1] != self.home(ALERTS["street"], key):
                continue
            wanted = [row for row in rows if since[place] <= row[0] < until[place]]
            self.scanned += [row[0] for row in wanted]
            yield [Record(*place, at, 0, name.encode(), value, ()) for at, name, value in wanted]


async def test_reading_on_takes_what_is_new_and_begins_anew_with_new_topics(tmp_path: Path) -> None:
    topics = _Topics()
    ledger = cast("Ledger", topics)
    for n in range(10):
        topics.say(f"a{n}", b"%d" % n)
    with AlertIndex(tmp_path / "alerts.sqlite") as index:
        await read_on(index, ledger, alert_id="a1")
        assert index.revisions("a1") == [b"1"]
        assert index.is_whole("a1", None)
        other = next(f"a{n}" for n in range(10) if topics.home(ALERTS["street"], f"a{n}") !=
                     topics.home(ALERTS["street"], "a1"))  # fmt: skip
        assert not index.is_whole(other, None), "its partition was not read"
        before = len(topics.scanned)
        await read_on(index, ledger, alert_id="a1")
        assert len(topics.scanned) == before, "nothing is read twice"
        await read_on(index, ledger, most=2)
        assert not index.is_whole(other, None), "only a little at a time"
        for _ in range(20):
            await read_on(index, ledger, most=2)
        assert index.is_whole(other, None)
        assert [index.revisions(f"a{n}") for n in range(10)] == [[b"%d" % n] for n in range(10)]
        fresh = _Topics()
        fresh.say("a1", b"another city")
        await read_on(index, cast("Ledger", fresh))
        assert index.revisions("a1") == [b"another city"]
        assert index.revisions("a2") == []
